"""Exercises on step 2: turn scores into weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from attention_edu.attention import dot_product_scores, mask_scores, softmax
from attention_edu.example import KEYS, QUERY, TOKENS
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    Goal,
    NumberExercise,
    SentenceExercise,
    TargetExercise,
    WrongAnswer,
)


def _random(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(0, 2, shape).round(1)


def _remark(weights: Array) -> str:
    """Say which property of weights is missing."""
    if weights.ndim == 0:
        return ""
    if (weights < 0).any():
        return "Some are negative; weights never are."
    sums = weights.sum(axis=-1)
    if not np.allclose(sums, np.round(sums), atol=1e-4):
        rows = "They sum" if weights.ndim == 1 else "A row sums"
        return f"{rows} to {np.ravel(sums)[0]:.6g}; weights sum to 1 along the last axis."
    return ""


# What students compute who have a misconception: wrong on purpose. They are written as students
# write them, each with the accidents of its own at large scores.


def _powers(scores: Array) -> Array:
    return np.asarray(np.exp(scores - scores.max(axis=-1, keepdims=True)))


def _scores(scores: Array) -> Array:
    return scores


def _divided(scores: Array) -> Array:
    return np.asarray(scores / scores.sum(axis=-1, keepdims=True))


def _divided_by_total(scores: Array) -> Array:
    return np.asarray(scores / scores.sum())


def _absolute_divided(scores: Array) -> Array:
    return _divided(np.abs(scores))


def _clipped_divided(scores: Array) -> Array:
    return _divided(np.maximum(scores, 0.0))


def _absolute(scores: Array) -> Array:
    return _stable(np.abs(scores))


def _stable(scores: Array) -> Array:
    """Softmax that lets +inf through as NaN, where the reference refuses it."""
    powers = _powers(scores)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _sigmoid(scores: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-scores)))


def _normalised_sigmoid(scores: Array) -> Array:
    return _divided(_sigmoid(scores))


def _twice(scores: Array) -> Array:
    return softmax(softmax(scores))


def _negated(scores: Array) -> Array:
    return _stable(-scores)


def _complement(scores: Array) -> Array:
    return 1 - softmax(scores)


def _naive(scores: Array) -> Array:
    powers = np.exp(scores)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _first_axis(scores: Array) -> Array:
    return softmax(scores, axis=0)


def _naive_first_axis(scores: Array) -> Array:
    powers = np.exp(scores)
    return np.asarray(powers / powers.sum(axis=0))


def _whole_array(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _naive_whole_array(scores: Array) -> Array:
    powers = np.exp(scores)
    return np.asarray(powers / powers.sum())


def _without_keepdims(scores: Array) -> Array:
    powers = _powers(scores)
    return np.asarray(powers / powers.sum(axis=-1))


def _naive_without_keepdims(scores: Array) -> Array:
    powers = np.exp(scores)
    return np.asarray(powers / powers.sum(axis=-1))


def _exp(scores: Array) -> Array:
    return np.asarray(np.exp(scores))


def _global_maximum(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _global_maximum_only(scores: Array) -> Array:
    return np.asarray(np.exp(scores - scores.max()))


def _minimum(scores: Array) -> Array:
    powers = np.exp(scores - scores.min(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _finite_minimum(scores: Array) -> Array:
    finite = np.where(np.isneginf(scores), np.inf, scores)
    powers = np.exp(scores - finite.min(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _maximum_added(scores: Array) -> Array:
    powers = np.exp(scores + scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _shifted(scores: Array, by: Array) -> Array:
    powers = np.exp(scores - by)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _first(scores: Array) -> Array:
    return _shifted(scores, scores[..., :1])


def _last(scores: Array) -> Array:
    return _shifted(scores, scores[..., -1:])


def _median(scores: Array) -> Array:
    return _shifted(scores, np.median(scores, axis=-1, keepdims=True))


def _finite_median(scores: Array) -> Array:
    finite = np.where(np.isneginf(scores), np.nan, scores)
    return _shifted(scores, np.nanmedian(finite, axis=-1, keepdims=True))


def _mean(scores: Array) -> Array:
    return _shifted(scores, scores.mean(axis=-1, keepdims=True))


def _finite_mean(scores: Array) -> Array:
    return _shifted(scores, scores.mean(axis=-1, keepdims=True, where=~np.isneginf(scores)))


def _mean_of_everything(scores: Array) -> Array:
    return _shifted(scores, scores.mean())


def _minus_infinity_as_zero(scores: Array) -> Array:
    return softmax(np.where(np.isneginf(scores), 0.0, scores))


def _minus_infinity_as_nan(scores: Array) -> Array:
    return _stable(np.where(np.isneginf(scores), np.nan, scores))


def _log(scores: Array) -> Array:
    return np.asarray(np.log(softmax(scores)))


def _stable_log(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _hard(scores: Array) -> Array:
    return np.asarray((scores == scores.max(axis=-1, keepdims=True)).astype(np.float64))


def _base_two(scores: Array) -> Array:
    return softmax(scores, temperature=1 / np.log(2))


def _scaled(scores: Array) -> Array:
    return softmax(scores, temperature=float(np.sqrt(scores.shape[-1])))


def _transposed(scores: Array) -> Array:
    return softmax(scores).T


def _whole_numbers(scores: Array) -> Array:
    weights = softmax(scores)
    return weights.astype(scores.dtype) if scores.dtype.kind == "i" else weights


def _first_row(scores: Array) -> Array:
    return softmax(scores if scores.ndim == 1 else scores[0])


def _row_maximum_first_axis(scores: Array) -> Array:
    powers = _powers(scores)
    return np.asarray(powers / powers.sum(axis=0))


def _column_maximum(scores: Array) -> Array:
    return _shifted(scores, scores.max(axis=0))


def _maximum_without_keepdims(scores: Array) -> Array:
    return _shifted(scores, scores.max(axis=-1))


def _squares_divided(scores: Array) -> Array:
    return _divided(scores**2)


def _between_smallest_and_largest(scores: Array) -> Array:
    smallest = scores.min(axis=-1, keepdims=True)
    return np.asarray((scores - smallest) / (scores.max(axis=-1, keepdims=True) - smallest))


def _above_smallest_divided(scores: Array) -> Array:
    return _divided(scores - scores.min(axis=-1, keepdims=True))


def _standardised(scores: Array) -> Array:
    spread = scores.std(axis=-1, keepdims=True)
    return np.asarray((scores - scores.mean(axis=-1, keepdims=True)) / spread)


def _by_length(scores: Array) -> Array:
    return np.asarray(scores / np.linalg.norm(scores, axis=-1, keepdims=True))


def _by_largest(scores: Array) -> Array:
    return np.asarray(scores / scores.max(axis=-1, keepdims=True))


def _softplus_divided(scores: Array) -> Array:
    return _divided(np.log(1 + np.exp(scores)))


def _tanh(scores: Array) -> Array:
    return np.tanh(scores)


def _tanh_divided(scores: Array) -> Array:
    return _divided(np.tanh(scores))


def _powers_by_count(scores: Array) -> Array:
    return np.asarray(np.exp(scores) / scores.shape[-1])


def _powers_by_rows(scores: Array) -> Array:
    return np.asarray(np.exp(scores) / len(scores))


def _powers_by_scores(scores: Array) -> Array:
    return np.asarray(np.exp(scores) / scores.sum(axis=-1, keepdims=True))


def _scores_by_powers(scores: Array) -> Array:
    return np.asarray(scores / np.exp(scores).sum(axis=-1, keepdims=True))


def _upside_down(scores: Array) -> Array:
    powers = np.exp(scores)
    return np.asarray(powers.sum(axis=-1, keepdims=True) / powers)


def _base_ten(scores: Array) -> Array:
    return softmax(scores, temperature=1 / np.log(10))


def _rounded_e(base: float) -> Callable[[Array], Array]:
    """Use a power of a rounded e."""

    def powers_of_rounded_e(scores: Array) -> Array:
        return softmax(scores, temperature=1 / np.log(base))

    return powers_of_rounded_e


def _with_temperature(temperature: float) -> Callable[[Array], Array]:
    """Leave a temperature in."""

    def softened(scores: Array) -> Array:
        return softmax(scores, temperature=temperature)

    return softened


def _sum_plus(little: float) -> Callable[[Array], Array]:
    """Add a little to the sum."""

    def divided(scores: Array) -> Array:
        powers = _powers(scores)
        return np.asarray(powers / (powers.sum(axis=-1, keepdims=True) + little))

    return divided


def _sorted(scores: Array) -> Array:
    return np.sort(softmax(scores), axis=-1)


def _place_of_largest(scores: Array) -> Array:
    return np.asarray(scores.argmax(axis=-1))


def _largest_weight(scores: Array) -> Array:
    return np.asarray(softmax(scores).max(axis=-1))


_KEEPDIMS = Misconception(
    "missing-keepdims",
    "Your weights take the sum, or the maximum, of another row: without keepdims=True these lie "
    "along the columns, which raises an error for most shapes and gives wrong weights for square "
    "ones.",
    "write sum(axis=-1, keepdims=True), so that each sum stays with its own row; the same for max.",
    (_without_keepdims, _naive_without_keepdims, _maximum_without_keepdims),
)

SOFTMAX = FunctionExercise(
    id="softmax",
    notebook="03",
    title="turn scores into weights with softmax, along the last axis; a score of -∞ (-np.inf) "
    "gets the weight 0",
    parameters=("scores",),
    reference=softmax,
    noun="weights",
    shape_rule="that of the scores",
    covers="one row and several, negative and whole numbers, a score of -inf, scores so large "
    "that exp alone overflows, and scores far apart",
    remark=_remark,
    cases=(
        Case((np.array([3.0, 1.0, 0.0]),)),
        Case((np.array([0.5, -1.5, 2.0, -0.3]),), "negative numbers among them"),
        Case((_random(31, 2, 3),), "two rows"),
        Case((_random(32, 3, 3),), "as many rows as columns"),
        Case((_random(33, 4, 2),), "four rows"),
        Case((np.array([2, 0, 1, -1]),), "whole numbers"),
        Case(
            (np.array([1.0, -np.inf, 0.0]),),
            "a score of -inf, which gets the weight 0",
            trap="minus-infinity",
            only_here=True,
        ),
        Case((np.array([1000.0, 1001.0, 1002.0]),), "large scores", trap="no-max-subtraction"),
        Case((np.array([-1000.0, -1001.0, -999.0]),), "far below 0", trap="no-max-subtraction"),
        Case((np.array([-1000.0, 0.0, 1.0]),), "far apart", trap="no-max-subtraction"),
        Case(
            (np.array([[1000.0, 1001.0, 1003.0], [0.0, 1.0, 3.0]]),),
            "large scores in one row only",
            trap="no-max-subtraction",
        ),
        # Whoever gets here subtracts something: only the maximum keeps exp from overflowing.
        Case((np.array([1000.0, 0.0]),), "far apart, the largest first", trap="other-shift"),
        Case((np.array([1000.0, 0.0, 0.0]),), "far apart, the largest first", trap="other-shift"),
        Case(
            (np.array([1001.0, -1001.0, 0.0]),),
            "far above 0 and as far below it",
            trap="other-shift",
        ),
    ),
    misconceptions=(
        Misconception(
            "scores-taken-for-weights",
            "Your weights are the scores, unchanged: scores can be any numbers, while weights are "
            "positive and sum to 1.",
            "take exp of the scores, then divide by the sum.",
            (_scores,),
        ),
        Misconception(
            "divide-without-exp",
            "Your weights equal the scores divided by their sum, without exp: a negative score "
            "then gives a negative weight, and scores that sum to 0 give none at all.",
            "take exp of the scores first, and divide by the sum of that.",
            (_divided, _divided_by_total, _clipped_divided),
        ),
        Misconception(
            "absolute-values",
            "Your weights come from the absolute values or the squares of the scores: a score far "
            "below 0 then counts as much as one far above it.",
            "leave out abs or the square: exp makes negative scores positive and keeps their "
            "order.",
            (_absolute, _absolute_divided, _squares_divided),
        ),
        Misconception(
            "rescaled-without-exp",
            "Your weights are the scores brought to another range, by their smallest and largest "
            "one, their mean and spread, or their length: exp is missing, without which scores "
            "that differ by the same amount do not get weights in the same proportion.",
            "take exp of the scores, and divide by the sum of that.",
            (
                _between_smallest_and_largest,
                _above_smallest_divided,
                _standardised,
                _by_length,
                _by_largest,
            ),
        ),
        Misconception(
            "other-function-than-exp",
            "Your weights use another function in the place of exp, such as tanh or the logarithm "
            "of 1 + exp: softmax is made of exp and a division.",
            "take np.exp of the scores, and divide by the sum of that.",
            (_softplus_divided, _tanh, _tanh_divided),
        ),
        Misconception(
            "sigmoid",
            "Your weights equal the sigmoid of each score: it looks at each score by itself, so "
            "that the weights do not compete and do not sum to 1.",
            "divide exp of each score by the sum of exp over all scores of the row.",
            (_sigmoid, _normalised_sigmoid),
        ),
        Misconception(
            "softmax-twice",
            "Your weights equal softmax applied twice: the second one takes the weights, which lie "
            "between 0 and 1, for scores, and makes them almost equal.",
            "apply softmax once; look whether a function that you call applies it already.",
            (_twice,),
        ),
        Misconception(
            "negated-scores",
            "Your weights equal softmax of the negated scores: the largest score gets the "
            "smallest weight.",
            "check the sign: exp(score), and score - maximum in this order.",
            (_negated,),
        ),
        Misconception(
            "one-minus-weights",
            "Your weights equal 1 minus the weights: they no longer sum to 1, and the largest "
            "score gets the smallest weight.",
            "return the weights themselves.",
            (_complement,),
        ),
        Misconception(
            "wrong-axis",
            "Your weights sum to 1 along the columns, the wrong axis: each row belongs to one "
            "query, and shares out that query's attention.",
            "sum along the last axis: sum(axis=-1, keepdims=True). Python's own sum adds up rows.",
            (_first_axis, _naive_first_axis, _row_maximum_first_axis),
        ),
        Misconception(
            "normalised-over-everything",
            "Your weights sum to 1 over the whole array: each row must sum to 1 by itself, since "
            "each query has its own unit of attention.",
            "give sum the axis: sum(axis=-1, keepdims=True).",
            (_whole_array, _naive_whole_array),
        ),
        _KEEPDIMS,
        Misconception(
            "exp-without-dividing",
            "Your weights are exp of the scores, not divided by their sum: they are positive, but "
            "they do not sum to 1.",
            "divide by the sum along the last axis.",
            (_exp, _powers, _global_maximum_only),
        ),
        Misconception(
            "divided-by-n",
            "Your weights are exp of the scores divided by how many there are, or a mean: only the "
            "sum of exp makes them sum to 1.",
            "divide by sum(axis=-1, keepdims=True) of what exp gives.",
            (_powers_by_count, _powers_by_rows),
        ),
        Misconception(
            "exp-on-one-side",
            "Your weights take exp on one side of the division alone, above the line or below it: "
            "what is divided has to be a part of what it is divided by.",
            "keep exp of the scores under a name, such as powers, and use powers above and below "
            "the line.",
            (_powers_by_scores, _scores_by_powers),
        ),
        Misconception(
            "upside-down",
            "Your weights are upside down, the sum divided by exp of the score: they are larger "
            "than 1, and largest for the smallest score.",
            "divide exp of the score by the sum.",
            (_upside_down,),
        ),
        Misconception(
            "maximum-along-the-wrong-axis",
            "Your weights subtract the largest score of each column: that shifts the scores of a "
            "row by different amounts, and changes the weights.",
            "subtract one number from all scores of a row: scores.max(axis=-1, keepdims=True).",
            (_column_maximum,),
        ),
        Misconception(
            "no-max-subtraction",
            "Your weights are right for small scores, but exp of a large score overflows to inf, "
            "or exp of scores far below 0 is 0 for all of them: then inf / inf or 0 / 0 is NaN.",
            "subtract the row's largest score first; that changes no weight.",
            (_naive, _maximum_added),
        ),
        Misconception(
            "maximum-of-everything",
            "Your weights fail where the largest score of the whole array is subtracted: in a row "
            "far below it every exp becomes 0, and 0 / 0 is NaN.",
            "subtract each row's own maximum: scores.max(axis=-1, keepdims=True).",
            (_global_maximum,),
        ),
        Misconception(
            "minimum-subtracted",
            "Your weights equal softmax with the smallest score subtracted: any shift gives the "
            "same weights on paper, but only the largest score keeps exp from overflowing.",
            "subtract the maximum instead of the minimum.",
            (_minimum, _finite_minimum),
        ),
        Misconception(
            "other-shift",
            "Your weights equal softmax with something else subtracted than the row's largest "
            "score, such as its first, its last, its median or its mean: any shift gives the same "
            "weights on paper, but a score far above what is subtracted still overflows.",
            "subtract the row's maximum, wherever in the row it stands: "
            "scores.max(axis=-1, keepdims=True).",
            (_first, _last, _median, _finite_median, _mean, _finite_mean, _mean_of_everything),
        ),
        Misconception(
            "minus-infinity",
            "Your weights are wrong only where a score is -inf: it stands for something that may "
            "not be attended to, and gets the weight 0, since exp(-inf) = 0.",
            "leave -inf as it is: subtract the row's maximum, which is finite, and let np.exp make "
            "0 of it.",
            (_minus_infinity_as_zero, _minus_infinity_as_nan),
        ),
        Misconception(
            "log-softmax",
            "Your weights are logarithms of weights (log-softmax): they are negative or 0, and it "
            "is their exp that sums to 1.",
            "leave out the logarithm.",
            (_log, _stable_log),
        ),
        Misconception(
            "hard-maximum",
            "Your weights give everything to the largest score: softmax leaves every score a "
            "share, the larger the score the larger.",
            "divide exp of each score by the sum of exp, instead of looking for the maximum.",
            (_hard,),
        ),
        Misconception(
            "base-two",
            "Your weights use powers of 2 instead of e: that hides a temperature of 1.44 in them.",
            "use np.exp, which is a power of e = 2.718….",
            (_base_two,),
        ),
        Misconception(
            "base-ten",
            "Your weights use powers of 10 instead of e: that hides a temperature of 0.43 in them.",
            "use np.exp, which is a power of e = 2.718….",
            (_base_ten,),
        ),
        Misconception(
            "rounded-base",
            "Your weights use powers of a rounded e: e has more digits than that, and a power of "
            "it multiplies the error.",
            "use np.exp.",
            tuple(_rounded_e(base) for base in (2.718, 2.72, 2.7)),
        ),
        Misconception(
            "temperature-left-in",
            "Your weights equal softmax of the scores multiplied or divided by a number: that is "
            "another temperature than 1, and this exercise asks for the plain softmax.",
            "use the scores as they come in.",
            tuple(_with_temperature(t) for t in (0.5, 2.0, 0.1, 10.0)),
        ),
        Misconception(
            "something-added-to-the-sum",
            "Your weights are divided by a little more than the sum: they sum to less than 1.",
            "divide by the sum alone; it is never 0, since exp never is, once the maximum is "
            "subtracted.",
            tuple(_sum_plus(10.0**-digits) for digits in (0, 1, 2, 3)),
        ),
        Misconception(
            "sorted",
            "Your weights are sorted: which of them belongs to which score is lost.",
            "leave them in the order of the scores.",
            (_sorted,),
        ),
        Misconception(
            "largest-alone",
            "Your weights are one number a row, the place of the largest score or its weight: "
            "every score gets a weight.",
            "return the weights of all scores, in the shape of the scores.",
            (_place_of_largest, _largest_weight),
        ),
        Misconception(
            "scaled-scores",
            "Your weights equal softmax of the scores divided by √n, n the number of scores: "
            "scaling belongs to the scores, and goes by the number of components of a key.",
            "use the scores as they come in.",
            (_scaled,),
        ),
        Misconception(
            "transposed",
            "Your weights are transposed: row i of the weights belongs to row i of the scores.",
            "return the weights in the shape of the scores.",
            (_transposed,),
        ),
        Misconception(
            "only-the-first",
            "Your weights are those of the first row only: the other queries get none.",
            "compute along axis=-1, which treats all rows alike, or collect the rows of a loop.",
            (_first_row,),
        ),
        Misconception(
            "whole-numbers",
            "Your weights are cut to whole numbers when the scores are whole numbers: an array "
            "made by np.zeros_like(scores) can hold nothing else.",
            "make the array with np.zeros(scores.shape), which holds decimal fractions.",
            (_whole_numbers,),
        ),
    ),
    hints=(
        "Weights must be positive and sum to 1 along the last axis. Which step of softmax makes "
        "the numbers positive, and which one makes them sum to 1?",
        "exp makes every number positive; dividing by the sum of the row makes the row sum to 1. "
        "With axis=-1 and keepdims=True the sum fits its row. A score of -∞ (-np.inf) gets the "
        "weight 0, and exp sees to it: exp(-∞) = 0.",
        "np.exp(1000) is inf. Subtracting the same number from all scores of a row changes no "
        "weight, so subtract the largest one first: scores - scores.max(axis=-1, keepdims=True)",
    ),
    solutions=(
        "def my_softmax(scores):\n"
        "    shifted = scores - scores.max(axis=-1, keepdims=True)\n"
        "    powers = np.exp(shifted)\n"
        "    return powers / powers.sum(axis=-1, keepdims=True)",
        "def my_softmax(scores):\n"
        "    if scores.ndim > 1:\n"
        "        return np.array([my_softmax(row) for row in scores])\n"
        "    powers = [np.exp(score - max(scores)) for score in scores]\n"
        "    return np.array(powers) / sum(powers)",
        "def my_softmax(scores):\n"
        "    log_sum = np.logaddexp.reduce(scores, axis=-1, keepdims=True)\n"
        "    return np.exp(scores - log_sum)",
    ),
    next_step="drag one score in the ScoreExplorer, and watch all the weights answer.",
)


# ---------------------------------------------------------------------------------------------
# With a mask
# ---------------------------------------------------------------------------------------------


def _masked_softmax(scores: Array, mask: Array) -> Array:
    return softmax(mask_scores(scores, mask))


def _only_masked(scores: Array, mask: Array) -> Array:
    return mask_scores(scores, mask)


def _ignored(scores: Array, mask: Array) -> Array:
    return softmax(scores)


def _inverted(scores: Array, mask: Array) -> Array:
    return _masked_softmax(scores, ~mask)


def _inverted_large_number(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, -1e9, scores))


def _inverted_subtracted(scores: Array, mask: Array) -> Array:
    return softmax(scores - 1e9 * mask)


def _inverted_nan(scores: Array, mask: Array) -> Array:
    return _naive_nan(scores, ~mask)


def _inverted_stable_nan(scores: Array, mask: Array) -> Array:
    return _stable_nan(scores, ~mask)


def _after_softmax(scores: Array, mask: Array) -> Array:
    return softmax(scores) * mask


def _multiplied(scores: Array, mask: Array) -> Array:
    return softmax(scores * mask)


def _added(scores: Array, mask: Array) -> Array:
    return softmax(scores + mask)


def _stable_nan(scores: Array, mask: Array) -> Array:
    return _stable(np.where(mask, scores, -np.inf))


def _uniform(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, scores, -1e9))


def _unmasked_again(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask | ~mask.any(axis=-1, keepdims=True), scores, -np.inf))


def _finite_ten(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, scores, -10.0))


def _finite_twenty(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, scores, -20.0))


def _finite_twenty_then_zero(scores: Array, mask: Array) -> Array:
    return _finite_twenty(scores, mask) * mask


def _ten_subtracted(scores: Array, mask: Array) -> Array:
    return softmax(scores - 10.0 * ~mask)


def _twenty_subtracted(scores: Array, mask: Array) -> Array:
    return softmax(scores - 20.0 * ~mask)


def _twenty_subtracted_then_zero(scores: Array, mask: Array) -> Array:
    return _twenty_subtracted(scores, mask) * mask


def _maximum_over_masked_nan(scores: Array, mask: Array) -> Array:
    powers = _powers(scores) * mask
    shares = powers / powers.sum(axis=-1, keepdims=True)
    return np.where(mask.any(axis=-1, keepdims=True), shares, 0.0)


def _maximum_over_masked(scores: Array, mask: Array) -> Array:
    powers = _powers(scores) * mask
    total = powers.sum(axis=-1, keepdims=True)
    return np.asarray(powers / np.where(total == 0, 1.0, total))


def _naive_nan(scores: Array, mask: Array) -> Array:
    return _naive(np.where(mask, scores, -np.inf))


def _naive_zero(scores: Array, mask: Array) -> Array:
    return np.where(mask.any(axis=-1, keepdims=True), _naive_nan(scores, mask), 0.0)


def _masked_first_axis(scores: Array, mask: Array) -> Array:
    return softmax(mask_scores(scores, mask), axis=0)


def _masked_whole_array(scores: Array, mask: Array) -> Array:
    return _whole_array(mask_scores(scores, mask))


def _masked_whole_numbers(scores: Array, mask: Array) -> Array:
    weights = _masked_softmax(scores, mask)
    return weights.astype(scores.dtype) if scores.dtype.kind == "i" else weights


def _masked_without_keepdims(scores: Array, mask: Array) -> Array:
    return _without_keepdims(mask_scores(scores, mask))


def _masked_naive_without_keepdims(scores: Array, mask: Array) -> Array:
    return _naive_without_keepdims(mask_scores(scores, mask))


def _masked_exp(scores: Array, mask: Array) -> Array:
    return _exp(mask_scores(scores, mask))


def _masked_powers(scores: Array, mask: Array) -> Array:
    return _powers(mask_scores(scores, mask))


def _zero_times_infinity(scores: Array, mask: Array) -> Array:
    return _stable(scores + ~mask * -np.inf)


def _zero_times_infinity_inverted(scores: Array, mask: Array) -> Array:
    return _stable(scores + mask * -np.inf)


def _plus_infinity(scores: Array, mask: Array) -> Array:
    return _stable(np.where(mask, scores, np.inf))


def _not_a_number_cleared(scores: Array, mask: Array) -> Array:
    return np.nan_to_num(_plus_infinity(scores, mask))


def _left_out(scores: Array, mask: Array) -> Array:
    return softmax(scores[mask])


def _minus_infinity_late(scores: Array, mask: Array) -> Array:
    return np.where(mask, softmax(scores), -np.inf)


def _smallest_score(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, scores, scores.min()))


def _smallest_score_of_row(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, scores, scores.min(axis=-1, keepdims=True)))


MASKED_SOFTMAX = FunctionExercise(
    id="masked_softmax",
    notebook="03",
    title="turn scores into weights, with weight 0 wherever the mask is False",
    parameters=("scores", "mask"),
    reference=_masked_softmax,
    noun="weights",
    shape_rule="that of the scores",
    covers="one row and several, whole numbers, large scores, masked ones among them, and rows in "
    "which everything is masked",
    remark=_remark,
    exact_zeros="where the mask is False",
    cases=(
        Case((np.array([2.0, 1.0, 0.0]), np.array([True, False, True]))),
        Case(
            (_random(41, 2, 3), np.array([[True, True, False], [False, True, True]])),
            "two rows, each with its own mask",
        ),
        Case((_random(42, 3, 3), np.tri(3, dtype=bool)), "no one attends to what comes later"),
        Case(
            (_random(43, 3, 4), np.array([[True] * 4, [False, True, True, False], [True] * 4])),
            "rows in which nothing is masked",
        ),
        Case(
            (np.array([[2, 0, -1], [1, 1, 3]]), np.array([[True, True, False], [True] * 3])),
            "whole numbers",
        ),
        Case(
            (np.array([50.0, 0.0, 1.0]), np.array([False, True, True])),
            "the masked score is the largest",
        ),
        Case(
            (np.array([1000.0, 1001.0, 999.0]), np.array([True, True, False])),
            "large scores",
            trap="no-max-subtraction",
        ),
        Case(
            (np.array([-2000.0, -2001.0, -2003.0]), np.array([True, True, False])),
            "far below 0",
            trap="no-max-subtraction",
        ),
        Case(
            (np.array([[1.0, 2.0, 0.5], [3.0, 0.0, 1.0]]), np.array([[False] * 3, [True] * 3])),
            "a row in which everything is masked has nothing to attend to: its weights are 0",
            trap="nan-for-a-fully-masked-row",
        ),
        Case(
            (np.array([1.0, 2.0]), np.array([False, False])),
            "a single row, and everything is masked: its weights are 0",
            trap="nan-for-a-fully-masked-row",
        ),
        Case(
            (np.array([1000.0, 0.0, 1.0]), np.array([False, True, True])),
            "the masked score is by far the largest",
            trap="maximum-over-masked-scores",
        ),
    ),
    misconceptions=(
        Misconception(
            "mask-ignored",
            "Your weights equal softmax of the scores with the mask ignored: what may not be "
            "attended to gets its share all the same.",
            "set the scores where mask is False to -inf before softmax.",
            (_ignored,),
        ),
        Misconception(
            "mask-inverted",
            "Your weights use the mask inverted: here True means “may attend”, and False gets "
            "the weight 0.",
            "swap the two sides of np.where, or write ~mask where you have mask.",
            (
                _inverted,
                _inverted_large_number,
                _inverted_subtracted,
                _inverted_nan,
                _inverted_stable_nan,
            ),
        ),
        Misconception(
            "mask-after-softmax",
            "Your weights are masked after softmax: the masked tokens took part in the sum, so "
            "what is left no longer sums to 1.",
            "mask the scores with -inf first, and apply softmax afterwards.",
            (_after_softmax, _minus_infinity_late),
        ),
        Misconception(
            "zero-times-infinity",
            "Your weights are NaN because 0 · ∞ is: multiplying a mask by -np.inf makes NaN where "
            "the mask is 0.",
            "choose instead of multiplying: np.where(mask, scores, -np.inf).",
            (_zero_times_infinity, _zero_times_infinity_inverted),
        ),
        Misconception(
            "infinity-without-minus",
            "Your weights are lost in every row with a masked score: np.inf or np.nan in its place "
            "makes NaN of the whole row, since ∞ - ∞ is NaN.",
            "put minus infinity there: np.where(mask, scores, -np.inf).",
            (_plus_infinity, _not_a_number_cleared),
        ),
        Misconception(
            "masked-left-out",
            "Your weights are those of the scores that may be attended to, without the others: "
            "each score has its place in the result, masked or not.",
            "keep all scores, with -np.inf where the mask is False; the weights there become 0.",
            (_left_out,),
        ),
        Misconception(
            "smallest-score-for-masked",
            "Your weights give masked scores the smallest score instead of -inf: the smallest one "
            "gets a share, too.",
            "put -np.inf in the place of masked scores, since exp(-inf) is exactly 0.",
            (_smallest_score, _smallest_score_of_row),
        ),
        Misconception(
            "mask-multiplied-into-scores",
            "Your weights come from scores that are 0 where they are masked: 0 is a score like "
            "any other, and exp(0) = 1 gets a share.",
            "put -inf in the place of masked scores, since exp(-inf) = 0: "
            "np.where(mask, scores, -np.inf).",
            (_multiplied,),
        ),
        Misconception(
            "mask-added-as-a-number",
            "Your weights come from scores to which the mask was added as a number: True counts "
            "as 1 and False as 0, which only shifts some scores a little.",
            "use np.where(mask, scores, -np.inf) in place of the sum.",
            (_added,),
        ),
        Misconception(
            "no-softmax",
            "Your weights are masked scores: softmax is still missing, so they are not positive "
            "and do not sum to 1.",
            "apply softmax to the masked scores.",
            (_only_masked,),
        ),
        Misconception(
            "exp-without-dividing",
            "Your weights are exp of the masked scores, not divided by their sum: they do not sum "
            "to 1.",
            "divide by the sum along the last axis.",
            (_masked_exp, _masked_powers),
        ),
        Misconception(
            "wrong-axis",
            "Your weights sum to 1 along the columns, the wrong axis: each row belongs to one "
            "query, and shares out that query's attention.",
            "sum along the last axis: sum(axis=-1, keepdims=True).",
            (_masked_first_axis,),
        ),
        Misconception(
            "normalised-over-everything",
            "Your weights sum to 1 over the whole array: each row must sum to 1 by itself, since "
            "each query has its own unit of attention.",
            "give sum the axis: sum(axis=-1, keepdims=True).",
            (_masked_whole_array,),
        ),
        Misconception(
            _KEEPDIMS.id,
            _KEEPDIMS.text,
            _KEEPDIMS.next_step,
            (_masked_without_keepdims, _masked_naive_without_keepdims),
        ),
        Misconception(
            "whole-numbers",
            "Your weights are cut to whole numbers when the scores are whole numbers: an array "
            "made by np.zeros_like(scores) can hold nothing else.",
            "make the array with np.zeros(scores.shape), which holds decimal fractions.",
            (_masked_whole_numbers,),
        ),
        Misconception(
            "no-max-subtraction",
            "Your weights are right for small scores, but exp of a large score overflows to inf, "
            "and inf / inf is NaN.",
            "subtract the row's largest score first; that changes no weight.",
            (_naive_nan, _naive_zero),
        ),
        Misconception(
            "nan-for-a-fully-masked-row",
            "Your weights are NaN in a row in which everything is masked: every exp is 0 there, "
            "and 0 / 0 is NaN, which then spreads through everything computed with it.",
            "put zeros where the mask is False, after softmax too: np.where(mask, weights, 0). "
            "That makes 0 of the NaN in such rows.",
            (_stable_nan,),
        ),
        Misconception(
            "large-negative-number",
            "Your weights are not those of -inf: a large negative number in its place leaves a "
            "masked score a little weight, since exp(-20) is 2e-9 and not 0, and beside scores "
            "that are lower still a lot.",
            "put -np.inf in the place of masked scores, since exp(-inf) is exactly 0: "
            "np.where(mask, scores, -np.inf).",
            (
                _finite_ten,
                _finite_twenty,
                _finite_twenty_then_zero,
                _ten_subtracted,
                _twenty_subtracted,
                _twenty_subtracted_then_zero,
            ),
        ),
        Misconception(
            "maximum-over-masked-scores",
            "Your weights fail where a masked score is by far the largest: the maximum was taken "
            "over masked scores too, so that exp of all the others becomes 0.",
            "put -inf in the place of masked scores first, and take the maximum afterwards.",
            (_maximum_over_masked, _maximum_over_masked_nan),
        ),
        Misconception(
            "uniform-for-a-fully-masked-row",
            "Your weights attend to masked tokens in a row in which everything is masked: a large "
            "negative number in place of -inf vanishes again when the maximum is subtracted.",
            "multiply the weights by mask at the end, or use -inf and give such rows the weights "
            "0.",
            (_uniform, _unmasked_again),
        ),
    ),
    hints=(
        "A masked token must get the weight 0, and the others must still sum to 1. Which score "
        "has an exp of exactly 0?",
        "exp(-inf) is 0. np.where(mask, scores, -np.inf) keeps the scores where mask is True; "
        "softmax comes after that.",
        "In a row that is masked everywhere, the maximum is -inf and the sum is 0. Replace such a "
        "maximum by 0 and such a sum by 1, and the weights of that row become 0.",
    ),
    solutions=(
        "def my_masked_softmax(scores, mask):\n"
        "    masked = np.where(mask, scores, -np.inf)\n"
        "    peak = masked.max(axis=-1, keepdims=True)\n"
        "    powers = np.exp(masked - np.where(np.isinf(peak), 0, peak))\n"
        "    total = powers.sum(axis=-1, keepdims=True)\n"
        "    return powers / np.where(total == 0, 1, total)",
        "def my_masked_softmax(scores, mask):\n"
        "    masked = np.where(mask, scores, -np.inf)\n"
        "    peak = np.maximum(masked.max(axis=-1, keepdims=True), -1e300)  # never -inf\n"
        "    powers = np.exp(masked - peak)\n"
        "    total = powers.sum(axis=-1, keepdims=True)\n"
        "    return np.divide(powers, total, out=np.zeros_like(powers), where=total > 0)",
        "def my_masked_softmax(scores, mask):\n"
        "    if scores.ndim > 1:\n"
        "        return [my_masked_softmax(s, m) for s, m in zip(scores, mask)]\n"
        "    if not np.isfinite(scores[mask]).any():  # nothing to attend to\n"
        "        return [0.0] * len(scores)\n"
        "    peak = max(scores[mask])\n"
        "    powers = [np.exp(s - peak) if m else 0.0 for s, m in zip(scores, mask)]\n"
        "    return [power / sum(powers) for power in powers]",
    ),
    next_step="mask what comes later with causal_mask, and look at the weights row by row.",
)


# ---------------------------------------------------------------------------------------------
# Other kinds
# ---------------------------------------------------------------------------------------------

_SCORES = dot_product_scores(QUERY[None, :], KEYS)[0]  # who did it?
_CAT, _MAT = 1, 5  # their places in the sentence
_WANTED = 0.8
_SHOWN_AS_WANTED = _WANTED - 0.0005  # the picture rounds to 80.0 %

RAISE_ONE = ChoiceExercise(
    id="raise_one",
    notebook="03",
    title="say which weights change when the score of one word alone is raised",
    options=("one", "some", "all"),
    right="all",
    why="The sum below the line grows, and it stands below every weight: cat gains, and each of "
    "the others loses in proportion to what it had.",
    wrong=(
        WrongAnswer(
            "affects-only-its-own-weight",
            "If the weight of cat alone grew, all six together would be more than 100 %: there is "
            "one whole to share out.",
            "look at the sum below the line in the formula of softmax: whose weights is it part "
            "of?",
            ("one",),
        ),
        WrongAnswer(
            "only-some-pay",
            "What cat gains is not taken from some of the words: everybody's exponential is "
            "divided by the same sum, and that sum grows.",
            "write down the weight of “on” before and after, with the sum 12.07 and a larger one.",
            ("some",),
        ),
    ),
    hints=(
        "The six weights share out one whole. Can one of them grow alone?",
        "Raising one score changes one exponential above the line. In how many of the six "
        "fractions does it also stand below the line?",
    ),
    solutions=('answer = "all"', 'answer = "All"'),
    next_step="drag the score of cat in the picture below, and watch the five others.",
)

WEIGHT_RATIO = NumberExercise(
    id="weight_ratio",
    notebook="03",
    title="two scores differ by 2, such as those of cat and mat: say how many times as large the "
    "larger weight is",
    reference=lambda: softmax(_SCORES)[_CAT] / softmax(_SCORES)[_MAT],
    noun="the factor",
    why="Each difference of 1 is a factor of e, and two of them make e · e = e².",
    atol=0.005,
    rtol=0.01,
    wrong=(
        WrongAnswer(
            "difference-taken-for-ratio",
            "Your number is the difference of the scores: softmax makes a ratio out of it, and it "
            "is e to the power of that difference.",
            "compute e to the power of 2.",
            (2.0,),
        ),
        WrongAnswer(
            "doubled-instead-of-squared",
            "Your number is 2 · e: differences add up, but factors multiply.",
            "go up by 1 and multiply by e; go up by 1 again and multiply by e again.",
            (2 * np.e,),
        ),
        WrongAnswer(
            "one-step-only",
            "Your number is e, which belongs to a difference of 1.",
            "go up by 1 once more, and multiply once more.",
            (np.e,),
        ),
        WrongAnswer(
            "base-two",
            "Your number is 2 · 2: softmax takes powers of e = 2.718…, not of 2.",
            "put e in the place of 2.",
            (4.0,),
        ),
        WrongAnswer(
            "upside-down",
            "Your number is the smaller weight divided by the larger one.",
            "divide the other way round: the larger weight stands above the line.",
            (np.exp(-2.0),),
        ),
        WrongAnswer(
            "difference-of-weights",
            "Your number is the difference of the two weights; asked for is how many times as "
            "large the larger one is.",
            "divide one weight by the other.",
            (softmax(_SCORES)[_CAT] - softmax(_SCORES)[_MAT],),
        ),
    ),
    hints=(
        "Both weights have the same sum below the line. What is left of it when you divide one "
        "weight by the other?",
        "One exponential divided by another is left, and e^a / e^b = e^(a − b). NumPy has np.exp "
        "for it.",
    ),
    solutions=(
        "answer = np.exp(2)",
        "answer = np.e * np.e",
    ),
    next_step="say what the factor is for a difference of 0.",
)

PREDICT_SHIFT = ChoiceExercise(
    id="predict_shift",
    notebook="03",
    title="say what the weights do when 100 is added to every score",
    options=("stay", "rise", "more equal"),
    right="stay",
    why="Every exponential is multiplied by e^100, and so is the sum that it is divided by.",
    wrong=(
        WrongAnswer(
            "all-weights-rise",
            "They cannot all rise: together they are one whole, before and after.",
            "ask what the division by the sum does when every exponential has grown alike.",
            ("rise",),
        ),
        WrongAnswer(
            "ratios-of-scores",
            "102 and 101 look more alike than 2 and 1, and plain division would indeed bring the "
            "shares together: but softmax looks at differences, and they are still 1.",
            "compute e^102 / e^101, and compare it with e^2 / e^1.",
            ("more equal",),
        ),
    ),
    hints=(
        "Which factor does e^s get when 100 is added to s?",
        "e^(s + 100) = e^s · e^100. The factor e^100 stands above the line, and in every term of "
        "the sum below it.",
    ),
    solutions=('answer = "stay"', 'answer = "STAY"'),
    next_step="run the next cell, and see what doubling the scores does.",
)


def _make_target_cat() -> Any:
    from attention_edu.widgets.score_explorer import ScoreExplorer

    return ScoreExplorer(TOKENS, _SCORES, controls=["temperature", "mask", "entropy", "reset"])


def _set(**traits: Any) -> Any:
    """Make a function that moves an explorer."""

    def move(explorer: Any) -> None:
        for name, value in traits.items():
            setattr(explorer, name, value)

    return move


def _take_other_words(explorer: Any) -> None:
    explorer.set_trait("tokens", ["a", "b", "c", "d", "e", "f"])
    explorer.temperature = 0.1


TARGET_CAT = TargetExercise(
    id="target_cat",
    notebook="03",
    title="bring the weight of cat to at least 80 %, without touching its score",
    widget="ScoreExplorer",
    make=_make_target_cat,
    start={"scores": _SCORES, "temperature": 1.0, "mask": np.full(len(TOKENS), True)},
    goals=(
        Goal(
            "another-picture",
            lambda explorer: list(explorer.tokens) == TOKENS,
            lambda explorer: (
                f"This picture has {len(explorer.tokens)} words, and begins with "
                f"“{explorer.tokens[0]}”; the task is about the sentence of the course, "
                f"“{' '.join(TOKENS)}”."
            ),
            "run the cell that makes the picture again, and pass it by its name, explorer.",
            _take_other_words,
        ),
        Goal(
            "score-touched",
            lambda explorer: bool(np.isclose(explorer.scores[_CAT], _SCORES[_CAT], atol=1e-6)),
            lambda explorer: (
                f"The score of cat is {explorer.scores[_CAT]:g}; the task is to leave it at "
                f"{_SCORES[_CAT]:g}, and to move something else."
            ),
            "press “Reset”, and ask who has to lose so that cat gains.",
            _set(scores=[-1.0, 4.0, 1.0, -1.5, -1.0, 0.0]),
        ),
        Goal(
            "cat-masked",
            lambda explorer: bool(explorer.mask[_CAT]),
            lambda explorer: (
                "The tick of cat is off: what may not be attended to has a weight of 0."
            ),
            "tick cat again; other words may lose their tick.",
            _set(mask=[True, False, True, True, True, True]),
        ),
        Goal(
            "weight-too-small",
            lambda explorer: bool(explorer.weights[_CAT] >= _SHOWN_AS_WANTED),
            lambda explorer: (
                f"cat has {100 * explorer.weights[_CAT]:.1f} %, and {100 * _WANTED:.0f} % are "
                "wanted; its score is still as it was."
            ),
            "take more away from the others, above all from the one with the second-largest "
            "weight.",
            _set(scores=[-2.0, 2.0, 1.0, -3.0, -2.0, -1.0]),
        ),
    ),
    why="Weights compete: the share of cat grows when the others lose, by their scores, by a lower "
    "temperature, or by a mask.",
    hints=(
        "The weight of cat is its exponential divided by the sum of all. If the part above the "
        "line has to stay, what can change?",
        "There are three ways: scores of other words, the temperature (which way?), and ticks.",
    ),
    solutions=(
        "explorer.temperature = 0.5",
        "explorer.scores = [-4, 2, -1, -4, -4, -1]",
        "explorer.mask = [True, True, False, True, True, False]",
    ),
    next_step="press “Reset”, and get there in one of the two other ways.",
)

EXPLAIN_SHIFT = SentenceExercise(
    id="explain_shift",
    notebook="03",
    title="explain why adding 100 to every score changes no weight, and doubling every score does",
    points=(
        "adding 100 multiplies every exponential by the same factor (or: changes no difference of "
        "scores)",
        "the division by the sum takes this factor away again (or: only differences of scores "
        "decide about the weights)",
        "doubling the scores doubles their differences, and so changes the weights",
    ),
    hints=(
        "What do e^(s + 100) and e^(2s) have to do with e^s?",
        "Only differences of scores matter. What does adding do to a difference, and what does "
        "doubling do?",
    ),
    solutions=(
        "Adding 100 multiplies every exponential by e^100, and so also their sum, and the "
        "division takes it away; doubling makes the differences twice as large, and the "
        "ratios of the weights are squared.",
        "The ratio of two weights is e to the power of the difference of their scores: a "
        "constant drops out of the difference, a factor does not.",
    ),
    next_step="say which change of the scores would make all weights equal.",
)

EXERCISES = (
    RAISE_ONE,
    WEIGHT_RATIO,
    PREDICT_SHIFT,
    SOFTMAX,
    TARGET_CAT,
    MASKED_SOFTMAX,
    EXPLAIN_SHIFT,
)
