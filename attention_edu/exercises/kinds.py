"""Kinds of exercises beside the function: a number, a choice, a picture to be moved, a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from attention_edu.attention import shown
from attention_edu.exercises.checker import (
    GRACE,
    TIME_LIMIT,
    Array,
    Exercise,
    UnusableError,
    clean,
    joined,
    plain_numbers,
    short,
)
from attention_edu.exercises.feedback import Feedback
from attention_edu.student import collect_within

_MOST_LETTERS = 4_000
_FEWEST_WORDS = 4


def _is_missing(answer: Any) -> bool:
    return answer is None or answer is Ellipsis or answer is NotImplemented


@dataclass(frozen=True, eq=False)
class WrongAnswer:
    """A wrong number or choice that has a name.

    Attributes
    ----------
    id : str
        Stable, in kebab-case.
    text : str
        What is wrong, and why.
    next_step : str
        One thing to do about it.
    answers : tuple
        Numbers that come of it; for a choice, the option.
    """

    id: str
    text: str
    next_step: str
    answers: tuple[Any, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Guarded(Exercise):
    """An exercise whose answer is an object that is looked at, and never trusted."""

    def judge(self, answer: Any) -> Feedback:
        """Give the verdict on an answer; nothing that the answer does gets out."""
        if _is_missing(answer):
            return self._not_attempted()
        collected = collect_within(TIME_LIMIT, self._looks(answer), grace=GRACE)
        if collected.items:
            return collected.items[0]
        reason = collected.error or "took too long"
        return self._incorrect(
            None, f"Your answer could not be looked at: it {reason}.", f"pass {self._wanted()}."
        )

    def _looks(self, answer: Any) -> Iterator[Feedback]:
        yield self._look(answer)

    def _look(self, answer: Any) -> Feedback:
        raise NotImplementedError

    def _wanted(self) -> str:
        raise NotImplementedError

    def _not_attempted(self) -> Feedback:
        return Feedback(
            "not attempted",
            None,
            f"There is no answer to check yet. The task: {self.title}.\n\n"
            f"Next: put {self._wanted()} in place of the …, and run the cell again. "
            f'hint("{self.id}") helps you to begin.',
        )

    def _incorrect(
        self, misconception: str | None, text: str, next_step: str, *details: str
    ) -> Feedback:
        return Feedback("incorrect", misconception, joined(text, *details, f"Next: {next_step}"))


@dataclass(frozen=True, eq=False, kw_only=True)
class NumberExercise(_Guarded):
    """The student commits to a number, or to several.

    Attributes
    ----------
    reference : callable
        Computes the right number (or an array of them), with the package's functions.
    noun : str
        What is asked for, with its article: “the weight of sat”.
    why : str
        A sentence that says why the right number is right.
    atol : float
        How far from the right number an answer may be, for it was worked out by hand.
    rtol : float
        The same in proportion to the right number.
    wrong : tuple of WrongAnswer
        Numbers that point to a misconception.
    """

    reference: Callable[[], Any]
    noun: str
    why: str
    wrong: tuple[WrongAnswer, ...]
    atol: float = 0.005
    rtol: float = 0.0

    def _wanted(self) -> str:
        n = self.expected.size
        return "a number" if n == 1 else f"a list of {n} numbers"

    def _hundredfold(self, given: str) -> Feedback:
        """Answer a number that is 100 times too large: a share in percent, or a slip."""
        if (np.abs(self.expected) <= 1).all():
            return self._incorrect(
                "percent",
                "Your answer is right in percent; the course writes shares as numbers from 0 to 1.",
                "divide by 100.",
                given,
            )
        return self._incorrect(
            "hundred-times-too-large",
            "Your answer is 100 times too large.",
            "count the zeros again.",
            given,
        )

    @property
    def expected(self) -> Array:
        """The right number, or numbers, of shape () or (n,)."""
        return np.asarray(self.reference(), dtype=np.float64)

    def fits(self, numbers: Array, other: Any) -> bool:
        """Tell whether numbers are as near to others as working by hand brings one."""
        other = np.asarray(other, dtype=np.float64)
        return numbers.size == other.size and bool(
            np.allclose(numbers.ravel(), other.ravel(), rtol=self.rtol + 1e-9, atol=self.atol)
        )

    def _look(self, answer: Any) -> Feedback:
        if isinstance(answer, str):
            return self._incorrect(
                "text-instead-of-a-number",
                f"Your answer is a text; wanted is {self._wanted()}, without quotation marks.",
                "leave the quotation marks out; half is 0.5.",
            )
        if callable(answer):
            return self._incorrect(
                "function-instead-of-a-number",
                f"Your answer is a function; wanted is {self._wanted()}.",
                "call the function, with brackets and arguments after its name.",
            )
        if isinstance(answer, bool | np.bool_):
            return self._incorrect(
                None, f"Your answer is {answer}; wanted is {self._wanted()}.", "pass a number."
            )
        try:
            numbers = plain_numbers(answer)
        except UnusableError as error:
            return self._incorrect(
                None, f"Your answer {_present(str(error))}.", f"pass {self._wanted()}."
            )
        given = f"  your answer  {_written(numbers, 4)}"
        if numbers.size != self.expected.size:
            return self._incorrect(
                None,
                f"Wanted is {self._wanted()}; your answer has {numbers.size}."
                + (" A decimal is written with a point: 0.5." if isinstance(answer, tuple) else ""),
                f"pass {self._wanted()}.",
                given,
            )
        if self.fits(numbers, self.expected):
            return Feedback(
                "correct",
                None,
                joined(f"Right: {self.noun} is {_written(self.expected, 3)}. {self.why}")
                + f"\n\nNext: {self.next_step}",
            )
        for wrong in self.wrong:
            if any(self.fits(numbers, value) for value in wrong.answers):
                return self._incorrect(wrong.id, wrong.text, wrong.next_step, given)
        if self.fits(numbers / 100, self.expected):
            return self._hundredfold(given)
        if not np.isfinite(numbers).all():
            text = f"Your answer contains {short(numbers[~np.isfinite(numbers)])}."
        elif numbers.size == 1:
            small = bool(numbers.ravel()[0] < self.expected.ravel()[0])
            text = f"That is too {'small' if small else 'large'}."
        else:
            off = np.abs(numbers.ravel() - self.expected.ravel())
            close = off <= self.atol + self.rtol * np.abs(self.expected.ravel())
            text = f"{int(close.sum())} of {numbers.size} numbers are right."
        return self._incorrect(
            None, text, f'work it out on paper, step by step. hint("{self.id}") may help.', given
        )


def _written(numbers: Array, digits: int) -> str:
    """Write numbers as `short` does; a single large whole one as the course does: 12,288,000."""
    if numbers.size == 1:
        number = float(numbers.ravel()[0])
        if 1e4 <= abs(number) < 1e15 and number.is_integer():
            return f"{number:,.0f}"
    return short(numbers, digits)


def _present(text: str) -> str:
    return text.replace("returned", "is", 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChoiceExercise(_Guarded):
    """The student commits to one of a few words.

    Attributes
    ----------
    options : tuple of str
        What can be chosen.
    right : str
        The right one.
    why : str
        A sentence that says why.
    wrong : tuple of WrongAnswer
        One for each of the others; its `answers` holds the option.
    """

    options: tuple[str, ...]
    right: str
    why: str
    wrong: tuple[WrongAnswer, ...]

    def _wanted(self) -> str:
        quoted = [f'"{option}"' for option in self.options]
        return f"{', '.join(quoted[:-1])} or {quoted[-1]}"

    def _look(self, answer: Any) -> Feedback:
        if not isinstance(answer, str):
            return self._incorrect(
                None,
                f"Wanted is one of these words, in quotation marks; got {clean(shown(answer))}.",
                f"pass {self._wanted()}.",
            )
        said = " ".join(str(answer)[:_MOST_LETTERS].casefold().split()).strip(".!\"' ")
        if said in ("", "...", "…"):
            return self._not_attempted()
        if said == self.right.casefold():
            return Feedback("correct", None, f"Right. {self.why}\n\nNext: {self.next_step}")
        for wrong in self.wrong:
            if said in [option.casefold() for option in wrong.answers]:
                return self._incorrect(wrong.id, wrong.text, wrong.next_step)
        return self._incorrect(
            None,
            f"{clean(shown(said[:60]))} is not one of the answers.",
            f"choose {self._wanted()}.",
        )


@dataclass(frozen=True, eq=False)
class Goal:
    """One condition on a picture.

    Attributes
    ----------
    id : str
        The name of what is wrong if it is not met.
    met : callable
        Takes the explorer and says whether the condition is met.
    text : callable
        Takes the explorer and says in a sentence, with its present numbers, what is missing.
    next_step : str
        What to do.
    miss : callable
        Moves an explorer as someone would who misses this goal first; for the tests.
    """

    id: str
    met: Callable[[Any], bool]
    text: Callable[[Any], str]
    next_step: str
    miss: Callable[[Any], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class TargetExercise(_Guarded):
    """The student moves a widget until it is where the task wants it.

    Attributes
    ----------
    widget : str
        The class of the widget.
    make : callable
        Makes the widget as the notebook shows it first; widgets are imported when it is called.
    start : mapping
        What the student moves, by the widget's attributes, as it is at first: as long as all are
        like that, nothing was tried.
    goals : tuple of Goal
        Rules first, then what is to be reached; the first that is not met is named.
    why : str
        A sentence for those who got there.

    Notes
    -----
    The code of a solution works on a widget named ``explorer``.
    """

    widget: str
    make: Callable[[], Any]
    start: Mapping[str, Any]
    goals: tuple[Goal, ...]
    why: str

    def _wanted(self) -> str:
        return f"the {self.widget} of the cell above"

    def _look(self, answer: Any) -> Feedback:
        if not any(
            kind.__name__ == self.widget and kind.__module__.startswith("attention_edu.widgets.")
            for kind in type(answer).__mro__
        ):
            return self._incorrect(
                None,
                f"Wanted is {self._wanted()}; got {clean(shown(answer))}.",
                "pass the widget by the name that its cell gave it.",
            )
        if all(_alike(getattr(answer, name), was) for name, was in self.start.items()):
            return Feedback(
                "not attempted",
                None,
                f"Nothing has been moved yet. The task: {self.title}.\n\n"
                f'Next: move the picture, then run this cell again. hint("{self.id}") helps.',
            )
        for goal in self.goals:
            if not goal.met(answer):
                return self._incorrect(goal.id, goal.text(answer), goal.next_step)
        return Feedback("correct", None, f"Reached! {self.why}\n\nNext: {self.next_step}")


def _alike(left: Any, right: Any) -> bool:
    return bool(np.array_equal(np.asarray(left), np.asarray(right)))


@dataclass(frozen=True, eq=False, kw_only=True)
class SentenceExercise(_Guarded):
    """The student explains in a sentence, sees a model answer, and judges the own one by it.

    Attributes
    ----------
    points : tuple of str
        What a complete answer says, each as a clause: “weights share out one whole”.

    Notes
    -----
    Its solutions are model answers: sentences instead of code.
    """

    points: tuple[str, ...]

    def _wanted(self) -> str:
        return "a sentence of your own, in quotation marks,"

    def judge(self, answer: Any, points: Any = None) -> Feedback:
        """Show the model answer; with `points`, take the student's own count."""
        feedback = super().judge(answer)
        if feedback.status != "correct":
            return feedback
        most = len(self.points)
        if points is None or points is Ellipsis:
            return Feedback(
                "not attempted",
                None,
                joined(
                    f"You are the judge here. A model answer: “{self.solutions[0]}”",
                    "Does your sentence say that",
                    "\n".join(f"{i}. {point}?" for i, point in enumerate(self.points, 1)),
                    "Next: count the points that it makes, put your count (a number from 0 to "
                    f"{most}) in place of the dots, and check again:",
                    f'  check("{self.id}", my_sentence, points=...)',
                ),
                heading="Compare",
            )
        whole = isinstance(points, int | np.integer) and not isinstance(points, bool)
        if not whole or not 0 <= points <= most:
            return self._incorrect(
                None,
                f"points wants a whole number from 0 to {most}; got {clean(shown(points))}.",
                "count the points that your sentence makes.",
            )
        if points == most:
            return Feedback(
                "correct",
                None,
                f"By your own count, your sentence makes all {most} points."
                f"\n\nNext: {self.next_step}",
            )
        return replace(
            self._incorrect(
                "points-missing",
                f"By your own count, {points} of these {most} points:",
                "put what is missing into your sentence, and count again.",
                "\n".join(f"{i}. {point}" for i, point in enumerate(self.points, 1)),
            ),
            heading="Not yet",
        )

    def _look(self, answer: Any) -> Feedback:
        if not isinstance(answer, str):
            return self._incorrect(
                None,
                f"Wanted is {self._wanted()} as a text; got {clean(shown(answer))}.",
                "put quotation marks around your sentence.",
            )
        words = str(answer)[:_MOST_LETTERS].split()
        if not words or words in (["..."], ["…"]):
            return self._not_attempted()
        if len(words) < _FEWEST_WORDS:
            return self._incorrect(
                "too-short",
                f"{'One word is' if len(words) == 1 else f'{len(words)} words are'} too few for an "
                "explanation.",
                "write a whole sentence, as you would say it to a classmate.",
            )
        return Feedback("correct", None, "")  # a sentence; `judge` goes on from here
