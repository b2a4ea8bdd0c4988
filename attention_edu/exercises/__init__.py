"""Exercises that say what is wrong: `check` an answer, ask for a `hint`, see the `solution`.

Each topic of the bank is a module with a tuple ``EXERCISES``; it is loaded when it is needed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from attention_edu.exercises.feedback import Feedback, Hint, Solution
from attention_edu.record import note_solved
from attention_edu.tasks import PlainError as _PlainError

if TYPE_CHECKING:
    from attention_edu.exercises.checker import Exercise

__all__ = ["Feedback", "check", "hint", "solution"]

_TOPICS = (
    "warm_up",
    "background",
    "scores",
    "weights",
    "weighted_sum",
    "three_steps",
    "mathematics",
    "masks",
    "heads",
    "keras",
    "translation",
    "summarization",
    "question_answering",
    "image_recognition",
    "outlook",
    "resources",
)


def check(exercise: str, answer: Any, *, points: int | None = None) -> Feedback:
    """Check an answer, and say what is wrong with it.

    Parameters
    ----------
    exercise : str
        The exercise's id, as the notebook gives it, such as ``"softmax"``.
    answer : callable, number, str or widget
        What the exercise asks for. A function goes by its name, without brackets after it; it is
        tried on many inputs and stopped after about a second, and nothing that it raises gets out.
    points : int, optional
        For a sentence, which you judge yourself: how many points of the model answer it makes.

    Returns
    -------
    Feedback
        Its `status` is "correct", "incorrect" or "not attempted"; `misconception` is the id of
        the error that was recognised, or None; `message` is the text. A notebook shows it as
        a box.

    Raises
    ------
    ValueError
        If there is no such exercise, or `points` comes with an exercise that is no sentence.

    Notes
    -----
    What is solved is kept beside the notebooks: see `progress`.

    A call that keeps Python's interpreter to itself, such as ``sum(itertools.count())``, cannot be
    stopped; interrupt the kernel or restart it.

    Examples
    --------
    >>> import numpy as np
    >>> def my_softmax(scores):
    ...     return np.asarray(scores) / np.sum(scores)
    >>> feedback = check("softmax", my_softmax)
    >>> feedback.status, feedback.misconception
    ('incorrect', 'divide-without-exp')
    """
    found = _find(exercise)
    if points is None:
        feedback = found.judge(answer)
    else:
        from attention_edu.exercises.kinds import SentenceExercise

        if not isinstance(found, SentenceExercise):
            raise ValueError(f"points: is for sentences; {exercise!r} is checked without it")
        feedback = found.judge(answer, points)
    if feedback.status != "correct":
        return feedback
    trouble = note_solved(found.id)
    if not trouble:
        return feedback
    return replace(feedback, message=f"{feedback.message}\n\n{trouble}")


def hint(exercise: str, number: int = 1) -> Hint:
    """Show one of an exercise's hints, folded until you open it.

    Parameters
    ----------
    exercise : str
        The exercise's id, as for `check`.
    number : int, default 1
        Which hint; they go from general to concrete.

    Returns
    -------
    Hint
        A notebook shows it as a line that unfolds.

    Raises
    ------
    TypeError
        If `number` is not a whole number.
    ValueError
        If there is no such exercise, or no hint with that number.

    Examples
    --------
    >>> print(hint("softmax"))
    Hint 1 of 3: Weights must be positive and sum to 1 along the last axis. Which step of softmax \
makes the numbers positive, and which one makes them sum to 1?
    """
    from attention_edu.attention import as_integer

    hints = _find(exercise).hints
    which = as_integer("number", number)
    if not 1 <= which <= len(hints):
        raise _PlainError(f"number: wants a whole number from 1 to {len(hints)}; got {which}")
    return Hint(which, len(hints), hints[which - 1])


def solution(exercise: str) -> Solution:
    """Show how an exercise can be solved, folded until you open it.

    Parameters
    ----------
    exercise : str
        The exercise's id, as for `check`.

    Returns
    -------
    Solution
        A notebook shows it as a line that unfolds; its `ways` hold the code.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> print(solution("softmax").ways[0])
    def my_softmax(scores):
        shifted = scores - scores.max(axis=-1, keepdims=True)
        powers = np.exp(shifted)
        return powers / powers.sum(axis=-1, keepdims=True)
    """
    from attention_edu.exercises.kinds import SentenceExercise

    found = _find(exercise)
    return Solution(found.title, found.solutions, not isinstance(found, SentenceExercise))


@cache
def bank() -> dict[str, Exercise]:
    """Give every exercise by its id, in the order of the course."""
    topics = [import_module(f"{__name__}.{topic}") for topic in _TOPICS]
    exercises = [exercise for topic in topics for exercise in topic.EXERCISES]
    exercises.sort(key=lambda exercise: exercise.notebook)
    return {exercise.id: exercise for exercise in exercises}


def _find(exercise: Any) -> Exercise:
    from attention_edu.attention import shown

    known = bank()
    if isinstance(exercise, str) and exercise in known:
        return known[exercise]
    from difflib import get_close_matches

    near = get_close_matches(str(exercise).lower(), known, n=1) if isinstance(exercise, str) else []
    ids = ", ".join(repr(name) for name in known)
    guess = f" — did you mean {near[0]!r}?" if near else ""
    if callable(exercise):
        own = getattr(exercise, "__name__", "")
        first = own if own in known else "softmax"
        guess = f" — the exercise's name comes first, in quotes: check({first!r}, my_function)"
    raise _PlainError(f"exercise: wants one of {ids}; got {shown(exercise)}{guess}")
