"""A first exercise, before there is any attention: share out one whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from attention_edu.attention import softmax
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception


def _remark(shares: Array) -> str:
    total = shares.sum()
    return "" if np.isclose(total, 1, atol=1e-4) else f"They sum to {total:.6g}; one whole is 1."


def _shares(numbers: Array) -> Array:
    return np.asarray(numbers / numbers.sum())


# What students compute who have a misconception: wrong on purpose.


def _numbers(numbers: Array) -> Array:
    return numbers


def _sum(numbers: Array) -> Any:
    return numbers.sum()


def _sum_for_each(numbers: Array) -> Array:
    return np.full(numbers.shape, numbers.sum())


def _by_the_largest(numbers: Array) -> Array:
    return np.asarray(numbers / numbers.max())


def _by_the_count(numbers: Array) -> Array:
    return np.asarray(numbers / len(numbers))


def _by_the_mean(numbers: Array) -> Array:
    return np.asarray(numbers / numbers.mean())


def _percent(numbers: Array) -> Array:
    return 100 * _shares(numbers)


def _equal(numbers: Array) -> Array:
    return np.full(numbers.shape, 1 / len(numbers))


def _sum_over_number(numbers: Array) -> Array:
    return np.asarray(numbers.sum() / numbers)


def _reciprocal(numbers: Array) -> Array:
    return np.asarray(1 / numbers)


def _shares_of_reciprocals(numbers: Array) -> Array:
    return _shares(1 / numbers)


def _softmax_already(numbers: Array) -> Array:
    return softmax(numbers)


def _floored(numbers: Array) -> Array:
    return np.asarray(numbers // numbers.sum())


def _whole_numbers(numbers: Array) -> Array:
    return _shares(numbers).astype(numbers.dtype)


SHARES = FunctionExercise(
    id="shares",
    notebook="00",
    title="share out one whole in proportion to positive numbers",
    parameters=("numbers",),
    reference=_shares,
    noun="shares",
    shape_rule="one share for each number",
    covers="few numbers and many, equal ones, large and small ones, whole numbers, and one alone",
    remark=_remark,
    cases=(
        Case((np.array([1.0, 3.0]),)),
        Case((np.array([2.0, 3.0, 7.0]),), "three numbers"),
        Case((np.array([0.2, 0.1, 0.3]),), "numbers below 1"),
        Case((np.array([2.0, 2.0, 2.0, 2.0]),), "equal numbers"),
        Case((np.array([250.0, 4000.0, 1.5, 30.0, 800.0]),), "large and small numbers"),
        Case((np.array([5.0]),), "one number alone gets everything"),
        Case((np.array([1, 2, 4]),), "whole numbers"),
    ),
    misconceptions=(
        Misconception(
            "numbers-returned",
            "Your shares are the numbers, unchanged: shares of one whole sum to 1.",
            "divide each number by the sum of all.",
            (_numbers,),
        ),
        Misconception(
            "sum-returned",
            "Your shares are the sum of the numbers: that is what to divide by, not yet a share.",
            "divide each number by this sum, and return the result of that.",
            (_sum, _sum_for_each),
        ),
        Misconception(
            "divided-by-the-largest",
            "Your shares are the numbers divided by the largest one: the largest then gets a whole "
            "for itself, and together they are more than one whole.",
            "divide by the sum of the numbers instead of the largest.",
            (_by_the_largest,),
        ),
        Misconception(
            "divided-by-the-count",
            "Your shares are the numbers divided by how many there are: their sum is then the mean "
            "of the numbers, and not 1.",
            "divide by the sum of the numbers, numbers.sum(), instead of len(numbers).",
            (_by_the_count,),
        ),
        Misconception(
            "divided-by-the-mean",
            "Your shares are the numbers divided by their mean: they say how many times the mean "
            "each number is, and their sum is how many there are.",
            "divide by the sum of the numbers instead of the mean.",
            (_by_the_mean,),
        ),
        Misconception(
            "percent",
            "Your shares are percentages: they sum to 100, while shares of one whole sum to 1.",
            "leave out the factor 100.",
            (_percent,),
        ),
        Misconception(
            "equal-shares",
            "Your shares are all equal: a larger number should get a larger share.",
            "divide each number itself, instead of 1, by the sum of all.",
            (_equal,),
        ),
        Misconception(
            "reciprocal",
            "Your shares are upside down (the reciprocal): the larger the number, the smaller they "
            "are.",
            "put the number above the line and the sum below it: numbers / numbers.sum().",
            (_sum_over_number, _reciprocal, _shares_of_reciprocals),
        ),
        Misconception(
            "softmax-already",
            "Your shares equal softmax of the numbers: that takes exp first, and the shares are no "
            "longer in proportion to the numbers.",
            "leave out exp; it comes with scores, which may be negative.",
            (_softmax_already,),
        ),
        Misconception(
            "whole-numbers",
            "Your shares are cut to whole numbers: // leaves the decimals out, and so does an "
            "array made by np.zeros_like(numbers) when the numbers are whole.",
            "divide with /, and make an array with np.zeros(numbers.shape).",
            (_floored, _whole_numbers),
        ),
    ),
    hints=(
        "All shares together make one whole. How much do all the numbers make together?",
        "Of [1, 3], which sum to 4, the first gets 1 of 4 parts and the second 3 of 4: "
        "0.25 and 0.75.",
        "numbers.sum() is the sum, and numbers / 4 divides each number by 4.",
    ),
    solutions=(
        "def my_shares(numbers):\n    return numbers / numbers.sum()",
        "def my_shares(numbers):\n    return [number / sum(numbers) for number in numbers]",
    ),
    next_step="remember this step: that is what softmax does after exp.",
)

EXERCISES = (SHARES,)
