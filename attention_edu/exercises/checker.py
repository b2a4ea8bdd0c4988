"""Run a student's answer on many inputs, and say what is wrong with it.

An `Exercise` judges an answer; each kind of exercise is a subclass. `FunctionExercise` is the kind
in which the student writes a function. It compares a wrong one with the exercise's misconceptions,
which are functions that are wrong on purpose, by what they compute.
"""

from __future__ import annotations

import dis
import inspect
import itertools
import re
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import shown
from attention_edu.exercises.feedback import Feedback
from attention_edu.student import (
    Collected,
    call,
    code_of,
    collect_within,
    name_of,
    without_machine,
)

Array = NDArray[Any]
WrongFunction = Callable[..., Any]

TIME_LIMIT = 1.0  # seconds for all inputs of an exercise together
GRACE = 0.3  # seconds more to end, once the time is up
_MOST_NUMBERS = 100_000  # an answer with more is not looked into; those expected have a few dozen
_MOST_SHOWN = 40
_OVERFLOWS = {"OverflowError", "ZeroDivisionError", "FloatingPointError"}
_STARTER_OPCODES = {
    *("CACHE", "COPY_FREE_VARS", "EXTENDED_ARG", "MAKE_CELL", "NOP", "NOT_TAKEN", "POP_TOP"),
    *("RESUME", "RETURN_VALUE", "STORE_FAST"),
}


# What NumPy and Python say, and what to do about it; the first that fits is told.
_ADVICE = (
    (
        r"NameError: name '(exp|sqrt|sum|max|log|where|inf|dot|array|zeros|ones|tril|matmul)'",
        r"NumPy's names want np. in front of them: np.\1.",
    ),
    (
        r"NameError: name '([^']{1,40})' is not defined",
        r"look how \1 is spelt where it is first written, and whether that line comes before this "
        r"one; a function knows its parameters, and what its own lines and the cells above have "
        r"made.",
    ),
    (
        r"UnboundLocalError",
        "give the name a value before the loop or the if, such as 0 or an empty list.",
    ),
    (
        r"module 'numpy' has no attribute",
        "NumPy has no function of this name; compute the step with those that it has: np.exp, "
        "np.sum, np.max, np.where, np.sqrt.",
    ),
    (
        r"unexpected keyword argument '(dim|keepdim)'",
        "NumPy calls it axis and keepdims: sum(axis=-1, keepdims=True).",
    ),
    (
        r"and 'builtin_function_or_method'|'builtin_function_or_method' and|"
        r"'(builtin_function_or_method|method)' object|and 'method'|'method' and|"
        r"_NoValueType|'function' and|and 'function'",
        "a function is called with brackets after its name, even where there is nothing to put "
        "in: array.sum().",
    ),
    (
        r"'numpy\.ndarray' object is not callable",
        "brackets after an array call it like a function: array.T stands without them, an element "
        "is array[0], and a product wants *.",
    ),
    (
        r"'[a-z0-9_.]*(float|int)[0-9]*' object is not callable",
        "brackets after a number call it like a function; a product wants *.",
    ),
    (
        r"'ellipsis'",
        "a … is still there, in this function or in one that it calls: put your own code in its "
        "place.",
    ),
    (
        r"'?NoneType'?",
        "something is None here: it comes from a function whose return is missing, or from a "
        "method that changes a list in place, such as append or sort.",
    ),
    (
        r"AttentionSteps",
        "attention returns three things: take .output, .weights or .scores of what it gives.",
    ),
    (
        r"ufunc 'bitwise_xor' not supported",
        "a power is written **, as in x ** 2; ^ does something else.",
    ),
    (
        r"only (length-1|0-dimensional|size-1) arrays can be converted|"
        r"TypeError: only .{0,40}converted to Python scalars|must be real number, not",
        "this works on single numbers alone; NumPy's functions, such as np.exp and np.sqrt, take "
        "whole arrays.",
    ),
    (
        r"Cannot cast ufunc",
        "an array of whole numbers cannot hold decimal fractions: write the result to a new name "
        "instead of using /=, -= or *=.",
    ),
    (
        r"Cannot interpret '.{1,30}' as a data type|data type .{1,30} not understood",
        "a shape has brackets of its own: np.zeros((rows, columns)).",
    ),
    (
        r"axis \d+ is out of bounds|tuple index out of range",
        "this input is a single row, which has one axis; axis=-1 and shape[-1] mean the last one, "
        "however many there are.",
    ),
    (
        r"index \d+ is out of bounds|list index out of range",
        "count with the length of what you index: range(len(array)) begins at 0 and ends before "
        "the length.",
    ),
    (
        r"too many indices for array",
        "this input has fewer axes than your indices: print its shape.",
    ),
    (
        r"only integers, slices|indices must be integers",
        "an index is a whole number: loop over range(len(array)), or use the elements themselves "
        "without an index.",
    ),
    (
        r"object is not iterable",
        "a for loop over numbers wants range(n).",
    ),
    (
        r"does not have enough dimensions|matmul: Input operand \d does not",
        "@ multiplies arrays with each other; a number and an array want *.",
    ),
    (
        r"matmul: Input operand 1 has a mismatch|shapes .* not aligned",
        "the lengths that @ multiplies have to be equal: (n, d) @ (d, m). Turn the second array "
        "over with .T, or change the order.",
    ),
    (
        r"truth value of an array|ufunc 'bitwise_(and|or)' not supported",
        "for arrays, “and” is written & and “not” is written ~, with brackets around each "
        "condition: (a >= 0) & (a < b). Chains such as 0 <= a < b, and a plain if, fail too; for "
        "a maximum use array.max(axis=-1).",
    ),
    (
        r"setting an array element with a sequence|inhomogeneous shape",
        "there is a whole row where one number was wanted, or rows of different lengths: print "
        "the shape of each part.",
    ),
    (
        r"could not be broadcast together|cannot be broadcast|could not broadcast",
        "print the shapes of both. A maximum or a sum along the last axis keeps its place beside "
        "the rows with keepdims=True.",
    ),
    (
        r"cannot reshape array",
        "the numbers in reshape are those of the example; take them from the arguments, such as "
        "len(array), array.shape[-1] and num_heads.",
    ),
    (
        r"cannot convert float infinity to integer",
        "whole numbers cannot be -inf: np.where(mask, scores, -np.inf) makes an array of floats.",
    ),
    (
        r"'(list|tuple|range)' object has no attribute|"
        r"for [-+*/]: '(list|tuple)' and|and '(list|tuple)'$|can't multiply sequence|"
        r"can only concatenate (list|tuple)",
        "this is Python's list, not an array: np.array(...) makes one of it.",
    ),
    (
        r"Shape of weights must be consistent|not sum to|Weights sum to zero",
        "np.average takes one weight for each value, which is one query, and divides by their sum; "
        "multiply and add up yourself.",
    ),
    (
        r"either both or neither of x and y",
        "np.where wants three things: a condition, what stands where it is True, and what stands "
        "where it is False.",
    ),
    (
        r"returned an array of <U",
        "True, False and numbers stand without quotation marks.",
    ),
    (
        r"returned a generator",
        "collect what the loop gives: np.array([… for …]), or a list and append.",
    ),
    (
        r"returned \d+ arrays",
        "return the output alone.",
    ),
    (
        r"missing \d+ required positional argument|takes \d+ positional argument",
        "compare what stands in the brackets of the call with what stands behind def.",
    ),
)


def _advice(trouble: str) -> str:
    """Say what to do about an exception that students often meet; empty if nothing is known."""
    for pattern, advice in _ADVICE:
        found = re.search(pattern, trouble)
        if found:
            return found.expand(advice) if "\\1" in advice else advice
    return ""


# The right result, but not all of it or not in its shape: an id, what came out instead, why that
# is wrong, and what to do about it. An exercise's own misconceptions come before these.
_PARTS: tuple[tuple[str, tuple[Callable[[Array], Any], ...], str, str], ...] = (
    (
        "only-the-first",
        (lambda right: right[0], lambda right: right[:1], lambda right: right[..., 0]),
        "are the first part of what is expected, and no more: a return inside a loop ends it in "
        "its first round, and an index [0] leaves the others out.",
        "move return behind the loop, to the left of the word for, and collect what each round "
        "gives.",
    ),
    (
        "only-the-last",
        (lambda right: right[-1], lambda right: right[-1:]),
        "are the last part of what is expected, and no more: each round of a loop overwrites what "
        "the one before has made, or an index takes the last one alone.",
        "make an empty list before the loop, and append to it what each round gives.",
    ),
    (
        "transposed",
        (lambda right: right.T,),
        "are transposed: the right numbers, with rows and columns changed round.",
        "let the queries make the rows.",
    ),
    (
        "flattened",
        (lambda right: right.ravel(),),
        "are right, but all in one row: nobody can tell any more which of them belong together.",
        "make a list for each row, and append it to the result.",
    ),
    (
        "rows-added-up",
        (lambda right: right.sum(axis=0) if right.ndim > 1 else np.nan,),
        "are added up over the rows: a sum over the first axis mixes what belongs to different "
        "queries.",
        "sum over the last axis, axis=-1, or over the one that you mean.",
    ),
    (
        "one-axis-too-many",
        (lambda right: right[None], lambda right: right[..., None]),
        "are right, but have one pair of brackets too many.",
        "take them out with [0] or [..., 0], or leave out the brackets or None that put them "
        "there.",
    ),
)


# ---------------------------------------------------------------------------------------------
# What an exercise consists of
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Case:
    """One input on which an answer is tried.

    Attributes
    ----------
    arguments : tuple of ndarray or int
        What the function is called with; it gets copies.
    note : str
        What is special about this input, in a few words; it is shown beside it.
    trap : str
        Set for inputs that a correct formula can fail on for numerical reasons: the id of the
        misconception that an answer with NaN or an overflow points to.
    only_here : bool
        The trap is named for whatever goes wrong on this input, but only if nothing else does.
    """

    arguments: tuple[Array | int, ...]
    note: str = ""
    trap: str = ""
    only_here: bool = False


@dataclass(frozen=True, eq=False)
class Misconception:
    """A way to be wrong that has a name.

    Attributes
    ----------
    id : str
        Stable, in kebab-case.
    text : str
        Its name in words, a colon, and why it is wrong.
    next_step : str
        One thing to do about it.
    functions : tuple of callable
        What a student computes who has it; several where it can be written with different results.
    """

    id: str
    text: str
    next_step: str
    functions: tuple[WrongFunction, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Exercise:
    """What every kind of exercise has.

    Attributes
    ----------
    id : str
        The name by which `check`, `hint` and `solution` know it.
    title : str
        What is to be done, in a few words.
    hints : tuple of str
        At most three, from general to concrete.
    solutions : tuple of str
        Code of differently written correct answers, the plainest first.
    next_step : str
        What to do after a correct answer.
    notebook : str
        The number of the notebook that poses it, such as ``"03"``.
    """

    id: str
    notebook: str
    title: str
    hints: tuple[str, ...]
    solutions: tuple[str, ...]
    next_step: str

    def judge(self, answer: Any) -> Feedback:
        """Give the verdict on an answer; it never raises an exception."""
        raise NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """What a student's function gave for one input: numbers, or words that say why not."""

    numbers: Array | None = None
    rtol: float = 0.0
    atol: float = 0.0
    trouble: str = ""
    kind: str = ""
    changed: str = ""
    changed_to: str = ""
    printed: str = ""
    boolean: bool = False
    judged: str = ""


@dataclass(frozen=True)
class _Greeting:
    """What is known about an answer before it is tried.

    Attributes
    ----------
    name : str
        What to call it.
    verdict : Feedback or None
        What is said of it if it need not be tried.
    gaps : tuple of str
        Functions of the student's that it calls, and that have no code yet.
    unread : tuple of str
        Its parameters, by its own names for them, that it never looks at.
    returns : bool
        Whether a line of it returns anything.
    """

    name: str
    verdict: Feedback | None = None
    gaps: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    returns: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class FunctionExercise(Exercise):
    """The student writes a function.

    Attributes
    ----------
    parameters : tuple of str
        Names of the parameters, in their order.
    reference : callable
        The right function.
    cases : tuple of Case
        From the simplest to the nastiest.
    misconceptions : tuple of Misconception
        Where two explain an answer equally well, the earlier one is named.
    noun : str
        What the function returns, in the plural, such as “weights”.
    shape_rule : str
        Why the result has the shape that it has.
    covers : str
        What the cases cover, to be told with a correct answer.
    remark : callable
        Takes a wrong answer of the right shape and says what is striking about it, or "".
    exact_zeros : str
        Where 0 must be met exactly, in words such as “where the mask is False”; "" if nowhere.
    booleans : bool
        Whether the result has to consist of True and False.
    pick : callable
        Takes what the student's function returned, and gives the part that is judged, with a
        sentence that says so, or "" where that is all of it.
    """

    parameters: tuple[str, ...]
    reference: Callable[..., Any]
    cases: tuple[Case, ...]
    misconceptions: tuple[Misconception, ...]
    noun: str
    shape_rule: str
    covers: str
    remark: Callable[[Array], str] = lambda _: ""
    exact_zeros: str = ""
    booleans: bool = False
    pick: Callable[[Any], tuple[Any, str]] = lambda returned: (returned, "")

    @cached_property
    def expected(self) -> tuple[Array, ...]:
        """What the reference gives for each case."""
        return tuple(
            np.asarray(self.reference(*_copies(case)), dtype=np.float64) for case in self.cases
        )

    @cached_property
    def wrong(self) -> tuple[tuple[Misconception, tuple[Array | None, ...]], ...]:
        """What each misconception gives for each case, None where it raises an exception."""
        return tuple(
            (misconception, tuple(_wrong_result(function, case) for case in self.cases))
            for misconception in self.misconceptions
            for function in misconception.functions
        )

    def judge(self, answer: Any) -> Feedback:
        """Try a function on all cases, and diagnose it if it is wrong."""
        expected = self.expected  # computed before the clock runs
        collected = collect_within(TIME_LIMIT, self._try(answer), grace=GRACE)
        greeting, *tried = collected.items or [_Greeting("your function")]
        assert isinstance(greeting, _Greeting)
        if greeting.verdict is not None:
            return greeting.verdict
        name = greeting.name
        outcomes = [outcome for outcome in tried if isinstance(outcome, Outcome)]
        if outcomes and greeting.gaps and outcomes[0].numbers is None:
            return self._helper_not_attempted(name, greeting.gaps[0])
        if outcomes and outcomes[0].kind in ("NotImplementedError", "ellipsis"):
            return self._not_attempted(name)

        wrong = [i for i, outcome in enumerate(outcomes) if not self._right(outcome, expected[i])]
        if wrong:
            return self._diagnose(greeting, outcomes, wrong)
        if collected.late is not None:
            return self._too_slow(name, outcomes, collected)
        if collected.error:
            return self._incorrect(
                None,
                f"{name} could not be tried: looking at it {collected.error}.",
                "pass an ordinary function, made with def.",
            )
        for i, outcome in enumerate(outcomes):
            if outcome.changed:
                return self._incorrect(
                    "changes-its-input",
                    f"Your {self.noun} are right, but {name} changes {outcome.changed} while it "
                    "computes them: whoever uses that array afterwards finds other numbers in it.",
                    f"work on a copy, such as {outcome.changed}.copy(), or write the result to a "
                    "new name instead of using -=, /= or an assignment to elements.",
                    self._numbers(i, outcome),
                )
            if self.booleans and not outcome.boolean:
                return self._incorrect(
                    "numbers-instead-of-booleans",
                    f"Your {self.noun} are numbers instead of booleans: 1 and 0 stand in the right "
                    "places, but scores[mask] and ~mask do what is meant with True and False "
                    "alone.",
                    "return True and False: compare with <=, pass dtype=bool to the function that "
                    "makes the array, or end with .astype(bool).",
                    self._numbers(i, outcome),
                )
        return Feedback(
            "correct",
            None,
            joined(
                f"{_start(name)} is right on all {len(self.cases)} inputs: {self.covers}.",
                _besides(outcomes[0]),
                f"Next: {self.next_step}",
            ),
        )

    # ---- running ----

    def _try(self, answer: Any) -> Iterator[_Greeting | Outcome]:
        """Look at an answer, then call it on one case after another (in the student's thread)."""
        greeting = self._greet(answer)
        yield greeting
        if greeting.verdict is None:
            for case in self.cases:
                outcome = _outcome(answer, greeting.name, self.parameters, case, self.pick)
                yield outcome
                if outcome.kind in ("huge", "MemoryError"):  # once is enough
                    return

    def _greet(self, answer: Any) -> _Greeting:
        if answer is None or answer is Ellipsis or answer is NotImplemented:
            return _Greeting("your function", self._not_attempted("your function"))
        if not callable(answer):
            return _Greeting(
                "your answer",
                self._incorrect(
                    "not-a-function",
                    f"check wants a function here; it got {clean(shown(answer))}. That may be "
                    "what your function returned, rather than the function.",
                    f"pass the function by its name, without brackets and arguments after it: "
                    f'check("{self.id}", my_function).',
                ),
            )
        name = clean(name_of(answer))
        if _is_starter(answer):
            return _Greeting(name, self._not_attempted(name))
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # some that are built in do not tell
            return _Greeting(name)
        known = _Greeting(
            name,
            gaps=_gaps(answer),
            unread=_unread(answer, len(self.parameters)),
            returns=_returns(answer),
        )
        try:
            signature.bind(*self.parameters)
        except TypeError:
            count = len(self.parameters)
            arguments = "1 argument" if count == 1 else f"{count} arguments"
            return _Greeting(
                name,
                self._incorrect(
                    None,
                    f"{_start(name)} is called with {arguments}, in this order: "
                    f"{', '.join(self.parameters)}. It takes {_parameters_of(signature)}.",
                    f"begin it with def my_function({', '.join(self.parameters)}):",
                ),
            )
        return known

    # ---- diagnosing ----

    def _right(self, outcome: Outcome, expected: Array) -> bool:
        if outcome.numbers is None or not _close(outcome, expected):
            return False
        return not self.exact_zeros or not outcome.numbers[expected == 0].any()

    def _diagnose(
        self, greeting: _Greeting, outcomes: Sequence[Outcome], wrong: Sequence[int]
    ) -> Feedback:
        name, first = greeting.name, outcomes[wrong[0]]
        got = self._numbers(wrong[0], first)
        if first.kind == "NoneType":
            return self._incorrect(
                "no-return",
                *self._nothing_returned(greeting, outcomes),
                self._numbers(wrong[0]),
                _besides(first),
            )
        found = self._misconception(outcomes, wrong)
        if found is not None:
            misconception, i = found
            return self._incorrect(
                misconception.id,
                misconception.text,
                misconception.next_step,
                self._numbers(i, outcomes[i]),
                _besides(outcomes[i]),
            )
        if greeting.unread and first.kind in ("", "ValueError", "IndexError"):
            return self._parameter_unused(greeting, got, _besides(first))
        if first.trouble:
            return self._incorrect(
                None,
                _start(first.trouble) + ("" if " — line " in first.trouble else "."),
                _advice(first.trouble)
                or f"call {name} on this input in a cell of its own, and look at each line's "
                "result.",
                self._numbers(wrong[0]),
                _besides(first),
            )
        assert first.numbers is not None
        expected = self.expected[wrong[0]]
        part = self._part(outcomes, wrong)
        if part is not None:
            return self._incorrect(*part, got, _besides(first))
        if first.numbers.shape != expected.shape:
            return self._incorrect(
                None,
                f"Your {self.noun} have the shape {first.numbers.shape}; expected is the shape "
                f"{expected.shape}, {self.shape_rule}.",
                "print the shape after each step, and find the step from which on it differs.",
                got,
                _besides(first),
            )
        digits = _rounded_to(outcomes, self.expected)
        if digits is not None:
            return self._incorrect(
                "rounded",
                f"Your {self.noun} are rounded to {digits} decimals: whatever is computed with "
                "them afterwards inherits the error.",
                "return the numbers as they are, and round only what you print.",
                got,
                _besides(first),
            )
        if _close(first, expected):
            left = first.numbers[(expected == 0) & (first.numbers != 0)]
            text = (
                f"Your {self.noun} are not exactly 0 {self.exact_zeros}: "
                f"{short(np.asarray(left.flat[0]))} is left there."
            )
        elif not np.isfinite(first.numbers).all():
            text = f"Your {self.noun} contain {short(_first_not_finite(first.numbers))}."
        else:
            text = f"Your {self.noun} differ from what is expected."
            text += " " + self.remark(first.numbers) if self.remark(first.numbers) else ""
        return self._incorrect(
            None,
            text,
            "compute this input by hand, step by step, and find the first step at which "
            f'{name} differs. hint("{self.id}") may help.',
            got,
            _besides(first),
        )

    def _nothing_returned(
        self, greeting: _Greeting, outcomes: Sequence[Outcome]
    ) -> tuple[str, str]:
        """Say why None came back, and what to do about it."""
        name = _start(greeting.name)
        if not greeting.returns:
            return (
                f"{name} returns nothing (None): what it computes is lost when it ends. "
                "Probably a return is missing.",
                f"end it with a line that returns the {self.noun}, such as return {self.noun}.",
            )
        if any(outcome.numbers is not None for outcome in outcomes):
            return (
                f"{name} returns nothing (None) for some inputs: it ends there without coming to "
                "a return.",
                "look which way this input takes through the function; end every way with a "
                "return.",
            )
        return (
            f"{name} has a return, but None comes back: either it is never reached, or what "
            "stands behind it is None itself. A function without return gives None, and so does a "
            "method that changes a list in place, such as append or sort.",
            "print what you return, just before the return; then look for a missing return in "
            "the functions of yours that it comes from.",
        )

    def _parameter_unused(self, greeting: _Greeting, *details: str) -> Feedback:
        names = " and ".join(greeting.unread)
        many = len(greeting.unread) > 1
        return self._incorrect(
            "parameter-unused",
            f"{_start(greeting.name)} never uses its parameter{'s' if many else ''} {names}: "
            "whatever it is called with has no say in the result. It may use a variable of the "
            "notebook, of another name, in the place of it.",
            f"use {names} wherever the function means what it is called with.",
            *details,
        )

    def _part(
        self, outcomes: Sequence[Outcome], wrong: Sequence[int]
    ) -> tuple[str, str, str] | None:
        """Recognise the right result in a wrong shape, or one part of it alone."""
        pairs = [(outcomes[i], self.expected[i]) for i in wrong if outcomes[i].numbers is not None]
        if len(pairs) < 2 or any(_close(outcome, right) for outcome, right in pairs):
            return None
        for known, parts, text, next_step in _PARTS:
            for part in parts:
                if all(
                    right.ndim and _close(outcome, np.asarray(part(right)))
                    for outcome, right in pairs
                ):
                    return known, f"Your {self.noun} {text}", next_step
        return None

    def _is_numerical(self, results: Sequence[Array | None]) -> bool:
        """Tell whether a misconception is right wherever numbers are of ordinary size."""
        return not any(
            self._fails(result, i) for i, result in enumerate(results) if not self.cases[i].trap
        )

    def _fails(self, result: Array | None, i: int) -> bool:
        """Tell whether a misconception is wrong on a case, by the same rule as an answer."""
        return not self._right(Outcome(result, rtol=1e-9), self.expected[i])

    def _misconception(
        self, outcomes: Sequence[Outcome], wrong: Sequence[int]
    ) -> tuple[Misconception, int] | None:
        """Find the misconception that computes the same, and the first case that shows it."""
        everything = list(range(len(outcomes)))
        plain = [i for i in everything if not self.cases[i].trap]
        found = self._match(outcomes, wrong, everything)
        if found is None and wrong[0] in plain:
            # A misconception may come along with an overflow: then the plain inputs tell.
            found = self._match(outcomes, [i for i in wrong if i in plain], plain)
        elif found is None:
            case = self.cases[wrong[0]]
            if case.only_here and len(wrong) > 1:  # what else is wrong tells more
                return self._misconception(outcomes, wrong[1:])
            # One of the numerical traps; others may follow behind it.
            found = self._match(outcomes, wrong[:1], everything[: wrong[0] + 1])
            if found is None and (_overflows(outcomes[wrong[0]]) or case.only_here):
                known = [m for m in self.misconceptions if m.id == case.trap]
                return (known[0], wrong[0]) if known else None
        return found

    def _match(
        self, outcomes: Sequence[Outcome], wrong: Sequence[int], among: Sequence[int]
    ) -> tuple[Misconception, int] | None:
        best: tuple[int, Misconception, int] | None = None
        for misconception, results in self.wrong:
            agreements = {i: _agrees(outcomes[i], results[i]) for i in among}
            if False in agreements.values():
                continue
            numerical = self._is_numerical(results)
            if numerical and None in agreements.values():
                continue  # something else is wrong as well, which comes first
            # An overflow is a sign of those alone that are wrong in nothing else.
            explained = [
                i
                for i in wrong
                if agreements[i]
                and self._fails(results[i], i)
                and (
                    outcomes[i].numbers is not None or _overflows(outcomes[i])
                    if numerical or not self.cases[i].trap
                    else _is_finite(outcomes[i])
                )
            ]
            unexplained = list(agreements.values()).count(None)
            if explained and (best is None or unexplained < best[0]):
                best = (unexplained, misconception, explained[0])
        return None if best is None else best[1:]

    # ---- messages ----

    def _not_attempted(self, name: str) -> Feedback:
        what = (
            f"replace the … in {name} by your own code, and run the cell again"
            if name != "your function"
            else f'write a function, and pass it by its name: check("{self.id}", my_function)'
        )
        return Feedback(
            "not attempted",
            None,
            f"There is no code to check yet. The task: {self.title}.\n\n"
            f'Next: {what}. hint("{self.id}") helps you to begin.',
        )

    def _helper_not_attempted(self, name: str, gap: str) -> Feedback:
        return Feedback(
            "not attempted",
            None,
            f"{_start(name)} calls {gap}, which has no code yet, so that there is nothing to check."
            f"\n\nNext: replace the … in {gap} by your own code, run its cell, and then this one "
            "again.",
        )

    def _incorrect(
        self, misconception: str | None, text: str, next_step: str, *details: str
    ) -> Feedback:
        return Feedback("incorrect", misconception, joined(text, *details, f"Next: {next_step}"))

    def _too_slow(
        self, name: str, outcomes: Sequence[Outcome], collected: Collected[Any]
    ) -> Feedback:
        details = ""
        if collected.late is not None and collected.late > TIME_LIMIT / 2:
            details = self._numbers(min(len(outcomes), len(self.cases) - 1))
        return self._incorrect(
            None,
            f"{_start(name)} did not finish: it was stopped after {TIME_LIMIT:g} s. These inputs "
            "are so small that it should take a few thousandths of a second.",
            "look for a loop that never ends, a function that waits, or one that calls itself.",
            details,
        )

    def _numbers(self, i: int, outcome: Outcome | None = None) -> str:
        """Show an input, what came out, and what was expected."""
        case, expected = self.cases[i], self.expected[i]
        rows = [
            (name, short(np.asarray(given))) for name, given in zip(self.parameters, case.arguments)
        ]
        if self.booleans:
            expected = expected.astype(bool)
        if outcome is None:
            rows.append(("expected", short(expected)))
        elif outcome.changed and self._right(outcome, expected):
            rows.append((f"{outcome.changed} afterwards", outcome.changed_to))
        elif outcome.numbers is None:
            rows.append(("your answer", f"none: {outcome.trouble}"))
            rows.append(("expected", short(expected)))
        else:
            got = outcome.numbers.astype(bool) if outcome.boolean else outcome.numbers
            rows += zip(("your answer", "expected"), _told_apart(got, expected))
        width = max(len(name) for name, _ in rows)
        note = f" ({case.note})" if case.note else ""
        return f"The smallest input that shows it{note}:\n\n" + "\n".join(
            f"  {name:{width}}  {text}" for name, text in rows
        )


# ---------------------------------------------------------------------------------------------
# Running an answer (this happens in the student's thread)
# ---------------------------------------------------------------------------------------------


def _copies(case: Case) -> tuple[Array | int, ...]:
    return tuple(
        given.copy() if isinstance(given, np.ndarray) else given for given in case.arguments
    )


def _outcome(
    answer: Any,
    name: str,
    parameters: Sequence[str],
    case: Case,
    pick: Callable[[Any], tuple[Any, str]],
) -> Outcome:
    """Call a student's function on a case, and make plain numbers of what it returns."""
    given = _copies(case)
    with np.errstate(all="ignore"):
        got = call(answer, *given)
    printed = clean(without_machine(got.printed))
    if got.error:
        return Outcome(trouble=clean(got.error), kind=got.kind, printed=printed)
    changed = [
        (parameter, short(now))
        for parameter, now, was in zip(parameters, given, case.arguments)
        if isinstance(now, np.ndarray) and isinstance(was, np.ndarray) and not _same(now, was)
    ] or [("", "")]
    try:
        value, judged = pick(got.value)
        numbers, rtol, atol, boolean = _plain(value)
    except UnusableError as error:
        return Outcome(trouble=f"{name} {error}", kind=error.kind, printed=printed)
    except BaseException as error:
        told = f"{name} returned something that cannot be turned into an array"
        return Outcome(trouble=f"{told} ({type(error).__name__})", kind="type", printed=printed)
    which, to = changed[0]
    return Outcome(
        numbers,
        rtol,
        atol,
        changed=which,
        changed_to=to,
        printed=printed,
        boolean=boolean,
        judged=judged,
    )


def plain_numbers(value: Any) -> Array:
    """Make a float64 array of whatever holds numbers.

    Raises
    ------
    UnusableError
        If it holds none.
    """
    try:
        return _plain(value)[0]
    except UnusableError:
        raise
    except Exception as error:
        raise UnusableError(
            f"returned something that cannot be turned into numbers ({type(error).__name__})"
        ) from None


class UnusableError(Exception):
    """What came back consists of no numbers; `kind` says what it is."""

    def __init__(self, text: str, kind: str = "type") -> None:
        super().__init__(text)
        self.kind = kind


def _plain(value: Any) -> tuple[Array, float, float, bool]:
    """Make a float64 array of whatever holds numbers; say how exact it is, and if boolean."""
    if value is None:
        raise UnusableError("returned nothing (None)", "NoneType")
    if value is Ellipsis or value is NotImplemented:
        raise UnusableError("returned … instead of numbers", "ellipsis")
    if isinstance(value, types.GeneratorType | types.CoroutineType):
        raise UnusableError(_not_yet_run(value))
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(np.float64), np.nan)
    if not isinstance(value, np.ndarray):
        if isinstance(value, str | bytes | dict | set | frozenset) or not (
            isinstance(value, list | tuple | range | float | int | np.generic)
            or hasattr(value, "__array__")
            or hasattr(value, "__array_interface__")
            or isinstance(value, memoryview)
        ):
            kind = clean(type(value).__name__)
            raise UnusableError(f"returned an object of type {kind} instead of an array")
        if not _is_small(value):
            raise UnusableError(f"returned more than {_MOST_NUMBERS} numbers", "huge")
        try:
            value = np.asarray(value)
        except ValueError:
            raise UnusableError("returned rows of unequal length") from None
    if value.size > _MOST_NUMBERS:
        raise UnusableError(
            f"returned an array of shape {value.shape}: far too many numbers", "huge"
        )
    if value.dtype.kind == "O":
        value = value.astype(np.float64)
    if value.dtype.kind not in "biuf":
        raise UnusableError(f"returned an array of {value.dtype} instead of numbers")
    rtol, atol = {2: (1e-2, 2e-3), 4: (1e-3, 1e-5)}.get(
        value.dtype.itemsize if value.dtype.kind == "f" else 8, (1e-4, 1e-6)
    )
    boolean = value.dtype.kind == "b"
    return np.array(value, dtype=np.float64, subok=False), rtol, atol, boolean


def _not_yet_run(
    value: types.GeneratorType[Any, Any, Any] | types.CoroutineType[Any, Any, Any],
) -> str:
    """Say what came back instead of numbers, and how it came about."""
    value.close()
    how = "return in place of yield"
    if isinstance(value, types.CoroutineType):
        how = "def alone"
    elif value.gi_code.co_name == "<genexpr>":
        how = "square brackets around the loop, [… for …], in place of round ones"
    return f"returned a {type(value).__name__} instead of an array; use {how}"


def _is_small(value: Any) -> bool:
    """Count the elements of nested lists, but no further than necessary."""
    room, waiting = _MOST_NUMBERS, [value]
    while waiting and room > 0:
        item = waiting.pop()
        if isinstance(item, list | tuple | range):
            room -= len(item)
            if room > 0:
                waiting.extend(item)
        elif isinstance(item, np.ndarray):
            room -= item.size
    return room > 0


def _is_starter(function: Any) -> bool:
    """Tell whether a function's body is nothing but a docstring, ``...``, pass or return."""
    code = code_of(function)
    if code is None or code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
        return False
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_CONST", "RETURN_CONST"):
            if instruction.argval is not None and instruction.argval is not Ellipsis:
                return False
        elif instruction.opname not in _STARTER_OPCODES:
            return False
    return True


def _gaps(function: Any) -> tuple[str, ...]:
    """List the functions that a function calls by their names, and that have no code yet."""
    code, known = code_of(function), getattr(function, "__globals__", None)
    if code is None or not isinstance(known, dict):
        return ()
    named = [(name, known.get(name)) for name in code.co_names]
    return tuple(
        clean(name)
        for name, value in named
        if isinstance(value, types.FunctionType) and _is_starter(value)
    )


def _unread(function: Any, count: int) -> tuple[str, ...]:
    """List the parameters at which a function's code never looks."""
    code = code_of(function)
    if code is None or code.co_argcount != count:
        return ()
    read = set(code.co_cellvars)
    for instruction in dis.get_instructions(code):
        if "LOAD" in instruction.opname:
            named = instruction.argval
            read.update(named if isinstance(named, tuple) else [named])
    return tuple(clean(name) for name in code.co_varnames[:count] if name not in read)


def _returns(function: Any) -> bool:
    """Tell whether a function's code has a return with something behind it."""
    code = code_of(function)
    if code is None:
        return True
    for before, step in itertools.pairwise(dis.get_instructions(code)):
        given = step if step.opname == "RETURN_CONST" else before
        nothing = "CONST" in given.opname and given.argval is None
        if step.opname in ("RETURN_VALUE", "RETURN_CONST") and not nothing:
            return True
    return False


def _parameters_of(signature: inspect.Signature) -> str:
    """List parameters without defaults and annotations, which can be anything."""
    stars: dict[object, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    names = [
        stars.get(p.kind, "")
        + p.name
        + (" (by name only)" if p.kind is inspect.Parameter.KEYWORD_ONLY else "")
        for p in signature.parameters.values()
    ]
    if not names:
        return "none"
    return clean(", ".join(names[:10]) + (", …" if len(names) > 10 else ""))


# ---------------------------------------------------------------------------------------------
# Comparing
# ---------------------------------------------------------------------------------------------


def _wrong_result(function: WrongFunction, case: Case) -> Array | None:
    with np.errstate(all="ignore"):
        try:
            return np.array(function(*_copies(case)), dtype=np.float64)
        except (ValueError, IndexError, ArithmeticError):
            return None


def _same(left: Any, right: Array) -> bool:
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


def _close(outcome: Outcome, other: Array) -> bool:
    numbers = outcome.numbers
    if numbers is None or numbers.shape != other.shape:
        return False
    with np.errstate(all="ignore"):
        return bool(
            np.allclose(numbers, other, rtol=outcome.rtol, atol=outcome.atol, equal_nan=True)
        )


def _is_finite(outcome: Outcome) -> bool:
    return outcome.numbers is not None and bool(np.isfinite(outcome.numbers).all())


def _overflows(outcome: Outcome) -> bool:
    """Tell whether an overflow or what comes of one is in a result, or has ended the call."""
    if outcome.numbers is None:
        return outcome.kind in _OVERFLOWS
    return not np.isfinite(outcome.numbers).all()


def _agrees(outcome: Outcome, result: Array | None) -> bool | None:
    """Compare an outcome with a misconception's result; None where there is nothing to compare."""
    if outcome.numbers is not None:
        return result is not None and _close(outcome, result)
    if result is None:
        return True
    if outcome.kind in _OVERFLOWS:  # Python's own numbers raise where NumPy's become inf or NaN
        return not np.isfinite(result).all()
    return None


def _rounded_to(outcomes: Sequence[Outcome], expected: Sequence[Array]) -> int | None:
    """Find out whether right numbers were rounded, and to how many decimals."""
    for digits in range(5):
        if all(
            outcome.numbers is not None
            and outcome.numbers.shape == right.shape
            and np.allclose(outcome.numbers, np.round(right, digits), rtol=1e-6, atol=1e-9)
            for outcome, right in zip(outcomes, expected)
        ):
            return digits
    return None


# ---------------------------------------------------------------------------------------------
# Wording
# ---------------------------------------------------------------------------------------------


def joined(*paragraphs: str) -> str:
    """Put paragraphs below each other, without the empty ones."""
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _start(sentence: str) -> str:
    """Begin a sentence with a capital, unless it begins with the name of a function."""
    return "Y" + sentence[1:] if sentence.startswith("your ") else sentence


def clean(text: str) -> str:
    """Keep what can be printed and saved; addresses and folders differ between machines."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in without_machine(text))


def _besides(outcome: Outcome) -> str:
    """Say which part of the result was judged, and show what was printed."""
    return joined(outcome.judged, _prints(outcome))


def _prints(outcome: Outcome) -> str:
    """Show what was printed, cut off."""
    lines = [line.rstrip() for line in outcome.printed.splitlines() if line.strip()]
    if not lines:
        return ""
    cut = len(lines) > 8 or any(len(line) > 80 for line in lines[:8])
    kept = [f"  {line[:80]}" for line in lines[:8]] + (["  …"] if cut else [])
    return "It printed:\n\n" + "\n".join(kept)


def short(array: Array, digits: int = 3) -> str:
    """Write an array in one line, with few digits."""
    if array.size > _MOST_SHOWN:
        return f"an array of shape {array.shape}"

    def number(x: Any) -> str:
        if array.dtype.kind == "b":
            return str(bool(x))
        if not np.isfinite(x):
            return str(float(x))
        if x == 0:
            return "0"
        if 0.5 * 10.0**-digits <= abs(x) < 1e6:
            text = f"{x:.{digits}f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"

    def written(part: Any) -> str:
        return "[" + ", ".join(written(p) for p in part) + "]" if part.ndim else number(part[()])

    return written(array)


def _told_apart(got: Array, expected: Array) -> tuple[str, str]:
    """Write two arrays with as many digits as it takes to see that they differ."""
    for digits in (3, 5, 8, 12):
        texts = short(got, digits), short(expected, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _first_not_finite(numbers: Array) -> Array:
    return np.asarray(numbers[~np.isfinite(numbers)].flat[0])
