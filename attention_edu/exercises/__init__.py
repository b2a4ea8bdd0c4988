"""Exercises that say what is wrong: `check` an answer, ask for a `hint`, see the `solution`.

Each topic of the bank is a module with a tuple ``EXERCISES``; it is loaded when it is needed.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from attention_edu.exercises.feedback import Feedback, Hint, Solution

if TYPE_CHECKING:
    from attention_edu.exercises.checker import Exercise

__all__ = ["Feedback", "check", "hint", "solution"]

_TOPICS = ("warm_up", "scores", "weights", "masks", "weighted_sum", "three_steps")


def check(exercise: str, answer: Any) -> Feedback:
    """Check an answer, and say what is wrong with it.

    Parameters
    ----------
    exercise : str
        The exercise's id: ``"shares"``, ``"dot_product_scores"``, ``"softmax"``,
        ``"masked_softmax"``, ``"causal_mask"``, ``"weighted_sum"`` or ``"attention"``.
    answer : callable
        Your function, by its name, without brackets after it. It is tried on many inputs and
        stopped after about a second; nothing that it raises gets out.

    Returns
    -------
    Feedback
        Its `status` is "correct", "incorrect" or "not attempted"; `misconception` is the id of
        the error that was recognised, or None; `message` is the text. A notebook shows it as
        a box.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Notes
    -----
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
    return _find(exercise).judge(answer)


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
        raise ValueError(f"number: wants a whole number from 1 to {len(hints)}; got {which}")
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
    found = _find(exercise)
    return Solution(found.title, found.solutions)


@cache
def _bank() -> dict[str, Exercise]:
    topics = [import_module(f"{__name__}.{topic}") for topic in _TOPICS]
    return {exercise.id: exercise for topic in topics for exercise in topic.EXERCISES}


def _find(exercise: Any) -> Exercise:
    from attention_edu.attention import shown

    bank = _bank()
    if isinstance(exercise, str) and exercise in bank:
        return bank[exercise]
    from difflib import get_close_matches

    near = get_close_matches(str(exercise).lower(), bank, n=1) if isinstance(exercise, str) else []
    ids = ", ".join(repr(name) for name in bank)
    guess = f" — did you mean {near[0]!r}?" if near else ""
    if callable(exercise):
        own = getattr(exercise, "__name__", "")
        first = own if own in bank else "softmax"
        guess = f" — the exercise's name comes first, in quotes: check({first!r}, my_function)"
    raise ValueError(f"exercise: wants one of {ids}; got {shown(exercise)}{guess}")
