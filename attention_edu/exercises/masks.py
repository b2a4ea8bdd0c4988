"""Exercises on masks: who may attend to whom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attention_edu.attention import causal_mask, mask_scores, softmax
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception
from attention_edu.exercises.weights import MASKED_SOFTMAX

# What students compute who have a misconception: wrong on purpose.


def _inverted(n_query: int, n_key: int) -> Array:
    return ~causal_mask(n_query, n_key)


def _future(n_query: int, n_key: int) -> Array:
    return ~_strict(n_query, n_key)


def _strict(n_query: int, n_key: int) -> Array:
    return np.tri(n_query, n_key, k=-1, dtype=bool)


def _pairwise(n_query: int, n_key: int) -> Array:
    return np.asarray(np.arange(n_key) <= np.arange(n_query))


def _pairwise_turned(n_query: int, n_key: int) -> Array:
    return np.asarray(np.arange(n_query) <= np.arange(n_key))


def _one_too_many(n_query: int, n_key: int) -> Array:
    return np.tri(n_query, n_key, k=1, dtype=bool)


def _bottom_right(n_query: int, n_key: int) -> Array:
    return np.tri(n_query, n_key, k=n_key - n_query, dtype=bool)


def _transposed(n_query: int, n_key: int) -> Array:
    return causal_mask(n_query, n_key).T


def _sizes_swapped(n_query: int, n_key: int) -> Array:
    return causal_mask(n_key, n_query)


def _square_of_queries(n_query: int, n_key: int) -> Array:
    return causal_mask(n_query, n_query)


def _square_of_keys(n_query: int, n_key: int) -> Array:
    return causal_mask(n_key, n_key)


def _all_true(n_query: int, n_key: int) -> Array:
    return np.ones((n_query, n_key), dtype=bool)


def _itself_alone(n_query: int, n_key: int) -> Array:
    return np.eye(n_query, n_key, dtype=bool)


def _additive(n_query: int, n_key: int) -> Array:
    return np.where(causal_mask(n_query, n_key), 0.0, -np.inf)


CAUSAL_MASK = FunctionExercise(
    id="causal_mask",
    notebook="05",
    title="make the mask that lets each position attend to itself and to earlier ones alone; True "
    "means “may attend”",
    parameters=("n_query", "n_key"),
    reference=causal_mask,
    noun="entries",
    shape_rule="a row for each query and a column for each key",
    covers="as many queries as keys, more queries than keys, and fewer",
    booleans=True,
    cases=(
        Case((2, 2)),
        Case((3, 3)),
        Case((2, 4), "fewer queries than keys"),
        Case((4, 2), "more queries than keys"),
        Case((1, 3), "one query"),
        Case((3, 1), "one key"),
        Case((1, 1), "one query and one key"),
        Case((5, 5)),
    ),
    misconceptions=(
        Misconception(
            "mask-inverted",
            "Your entries are inverted: here True means “may attend”, and what comes later gets "
            "False.",
            "turn the comparison round, or write ~ in front of the result.",
            (_inverted,),
        ),
        Misconception(
            "future-instead-of-past",
            "Your entries let each position attend to itself and to later positions, the future "
            "instead of the past: earlier means a smaller column number.",
            "compare the other way round: the key's number j ≤ the query's number i; or use np.tri "
            "or np.tril in place of np.triu.",
            (_future,),
        ),
        Misconception(
            "itself-excluded",
            "Your entries are False on the diagonal: each position may attend to itself as well, "
            "and the first one would have nothing to attend to otherwise.",
            "write <= in place of <, or leave out k=-1.",
            (_strict,),
        ),
        Misconception(
            "one-too-many",
            "Your entries let each position attend to the next one too: it comes later, and must "
            "stay hidden.",
            "look for a k=1 or a + 1 too many.",
            (_one_too_many,),
        ),
        Misconception(
            "itself-alone",
            "Your entries are True on the diagonal alone: each position may attend to earlier ones "
            "as well.",
            "write <= in place of ==, or np.tri in place of np.eye.",
            (_itself_alone,),
        ),
        Misconception(
            "all-true",
            "Your entries are all True: nothing is hidden, not even what comes later.",
            "put False where the key's number is larger than the query's.",
            (_all_true,),
        ),
        Misconception(
            "bottom-right-aligned",
            "Your entries are aligned at the bottom right: the last query sees the last key, which "
            "is another convention. Here query 0 sees key 0, so the triangle begins at the top "
            "left.",
            "leave the triangle where np.tri puts it, without a k that depends on the sizes.",
            (_bottom_right,),
        ),
        Misconception(
            "transposed",
            "Your entries make a row for each key: a row belongs to a query, and a column to a "
            "key.",
            "let n_query be the number of rows, and n_key the number of columns; leave out .T.",
            (_transposed, _sizes_swapped),
        ),
        Misconception(
            "compared-pairwise",
            "Your entries compare query 0 with key 0, query 1 with key 1, and so on: that makes "
            "one row, while every query meets every key.",
            "make a column of the queries' numbers, np.arange(n_query)[:, None], and compare it "
            "with the row np.arange(n_key).",
            (_pairwise, _pairwise_turned),
        ),
        Misconception(
            "always-square",
            "Your entries always make a square: there can be more queries than keys, or fewer.",
            "use both numbers, n_query for the rows and n_key for the columns.",
            (_square_of_queries, _square_of_keys),
        ),
        Misconception(
            "added-to-scores",
            "Your entries are numbers to be added to the scores, 0 and -inf: that does the same "
            "later on, but asked for is the mask itself, True or False.",
            "return True where you have 0, and False where you have -inf.",
            (_additive,),
        ),
    ),
    hints=(
        "Query 0 may attend to key 0 alone, query 1 to the keys 0 and 1. Which condition on the "
        "query's number i and the key's number j says so?",
        "The entry in row i and column j is True where j <= i. Two loops will do, or a comparison "
        "of np.arange(n_key) with a column of np.arange(n_query).",
        "np.arange(n_query)[:, None] is such a column; comparing it with a row gives the whole "
        "table. np.tri knows this triangle, too.",
    ),
    solutions=(
        "def my_causal_mask(n_query, n_key):\n"
        "    return np.arange(n_key) <= np.arange(n_query)[:, None]",
        "def my_causal_mask(n_query, n_key):\n    return np.tri(n_query, n_key, dtype=bool)",
        "def my_causal_mask(n_query, n_key):\n"
        "    return [[j <= i for j in range(n_key)] for i in range(n_query)]",
    ),
    next_step="give this mask to your masked softmax, and look at the weights row by row.",
)


# ---------------------------------------------------------------------------------------------
# Find the bug
# ---------------------------------------------------------------------------------------------

# Whoever mends the bug can make every mistake of those who write a masked softmax themselves.
_KNOWN = {misconception.id: misconception for misconception in MASKED_SOFTMAX.misconceptions}


def _masked_softmax(scores: Array, mask: Array) -> Array:
    return softmax(mask_scores(scores, mask))


def _given(scores: Array, mask: Array) -> Array:
    """Compute what the notebook shows, bug included."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return np.asarray(weights * mask)


def _given_inverted(scores: Array, mask: Array) -> Array:
    return _given(scores, ~mask)


def _renormalised(scores: Array, mask: Array) -> Array:
    left = _given(scores, mask)
    return np.asarray(left / left.sum(axis=-1, keepdims=True))


def _renormalised_with_care(scores: Array, mask: Array) -> Array:
    left = _given(scores, mask)
    total = left.sum(axis=-1, keepdims=True)
    return np.asarray(left / np.where(total == 0, 1.0, total))


def _renormalised_plus(little: float) -> Callable[[Array, Array], Array]:
    """Add a little to the sum, so that it is never 0."""

    def renormalised(scores: Array, mask: Array) -> Array:
        left = _given(scores, mask)
        return np.asarray(left / (left.sum(axis=-1, keepdims=True) + little))

    return renormalised


def _given_first_axis(scores: Array, mask: Array) -> Array:
    return softmax(scores, axis=0) * mask


def _large_number_first_axis(scores: Array, mask: Array) -> Array:
    return softmax(np.where(mask, scores, -1e9), axis=0)


def _large_number_first_axis_cleared(scores: Array, mask: Array) -> Array:
    return _large_number_first_axis(scores, mask) * mask


def _uniform_over_all(scores: Array, mask: Array) -> Array:
    left = _renormalised_with_care(scores, mask)
    return np.where(left.any(axis=-1, keepdims=True), left, 1 / scores.shape[-1])


MASKS_BUG = FunctionExercise(
    id="masks_bug",
    notebook="05",
    title="find the bug in this masked softmax and mend it, so that hidden tokens get the weight 0 "
    "and the others share out one whole; a row in which everything is hidden gets zeros",
    parameters=MASKED_SOFTMAX.parameters,
    reference=_masked_softmax,
    noun=MASKED_SOFTMAX.noun,
    shape_rule=MASKED_SOFTMAX.shape_rule,
    covers="one row and several, a causal mask and a padding mask, whole numbers, a hidden score "
    "far above the others, large scores, and rows in which everything is hidden",
    remark=MASKED_SOFTMAX.remark,
    exact_zeros=MASKED_SOFTMAX.exact_zeros,
    cases=(
        Case((np.array([1.0, 2.0, 0.0]), np.array([True, False, True]))),
        Case(
            (np.array([[0.0, 3.0], [1.0, 0.5]]), causal_mask(2, 2)),
            "causal: no one attends to what comes later",
        ),
        Case(
            (
                np.array([[0.5, -1.0, 2.0, 1.0], [1.5, 0.0, -0.5, 3.0], [0.0, 1.0, 0.5, -2.0]]),
                np.array([[True, True, False, False]] * 3),
            ),
            "padding: the last two keys are empty places",
        ),
        Case(
            (np.array([[1.0, 0.0, 2.5], [0.3, 0.2, -1.0], [2.0, -0.7, 1.0]]), causal_mask(3, 3)),
            "causal, three tokens",
        ),
        Case(
            (np.array([[1, 0, 2], [3, 1, 1]]), np.array([[True] * 3, [False, True, True]])),
            "whole numbers",
        ),
        Case(
            (np.array([1000.0, 1002.0, 1001.0]), np.array([True, False, True])),
            "large scores",
            trap="no-max-subtraction",
        ),
        Case(
            (np.array([30.0, 0.0, 1.0]), np.array([False, True, True])),
            "the hidden score is the largest",
            trap="renormalised-after-softmax",
        ),
        Case(
            (np.array([0.0, 1.0, 1000.0]), np.array([True, True, False])),
            "the hidden score is by far the largest",
            trap="renormalised-after-softmax",
        ),
        Case(
            (np.array([[1.0, 0.0], [2.0, 1.0]]), np.array([[False, False], [True, False]])),
            "a row in which everything is hidden: its weights are 0",
            trap="nan-for-a-fully-masked-row",
        ),
        Case(
            (np.array([-2000.0, -2001.0, 0.0]), np.array([True, True, False])),
            "far below 0",
            trap="no-max-subtraction",
        ),
    ),
    misconceptions=(
        Misconception(
            "mask-after-softmax",
            "Your weights still have the bug: the mask comes after softmax. The hidden tokens took "
            "part in the sum, so what is left no longer sums to 1.",
            "hide the scores before softmax: which score has an exp of exactly 0?",
            _KNOWN["mask-after-softmax"].functions,
        ),
        Misconception(
            "renormalised-after-softmax",
            "Your weights hide tokens after exp, and divide what is left by its sum: that fails "
            "where a hidden score is far above the others, since it was the maximum, and exp of "
            "all the others has been rounded to 0 by then.",
            "hide the scores before the maximum is taken: np.where(mask, scores, -np.inf).",
            (
                _renormalised,
                _renormalised_with_care,
                *(_renormalised_plus(10.0**-digits) for digits in (6, 7, 8, 9, 10, 12, 15, 16)),
                _uniform_over_all,
            ),
        ),
        Misconception(
            "mask-inverted",
            _KNOWN["mask-inverted"].text,
            _KNOWN["mask-inverted"].next_step,
            (*_KNOWN["mask-inverted"].functions, _given_inverted),
        ),
        Misconception(
            "wrong-axis",
            _KNOWN["wrong-axis"].text,
            _KNOWN["wrong-axis"].next_step,
            (
                *_KNOWN["wrong-axis"].functions,
                _given_first_axis,
                _large_number_first_axis,
                _large_number_first_axis_cleared,
            ),
        ),
        *(
            misconception
            for misconception in MASKED_SOFTMAX.misconceptions
            if misconception.id
            not in (
                "mask-after-softmax",
                "mask-inverted",
                "wrong-axis",
                "maximum-over-masked-scores",
            )
        ),
    ),
    hints=(
        "Add up the weights of a row. Is it 1? Whose share is missing, and when did they get it?",
        "Softmax shares out one whole among all scores that it sees. What must a hidden score be, "
        "so that its exp is exactly 0?",
        "Begin with np.where(mask, scores, -np.inf). Then look at a row in which everything is "
        "hidden: what are its maximum and its sum?",
    ),
    solutions=(
        "def my_masked_softmax(scores, mask):\n"
        "    scores = np.where(mask, scores, -np.inf)\n"
        "    peak = scores.max(axis=-1, keepdims=True)\n"
        "    powers = np.exp(scores - np.where(np.isinf(peak), 0, peak))\n"
        "    total = powers.sum(axis=-1, keepdims=True)\n"
        "    return powers / np.where(total == 0, 1, total)",
        "def my_masked_softmax(scores, mask):\n"
        "    scores = np.where(mask, scores, -1e9)  # far below every score\n"
        "    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "    weights = powers / powers.sum(axis=-1, keepdims=True)\n"
        "    return np.where(mask, weights, 0)  # where everything is hidden",
    ),
    next_step="hide what comes later with causal_mask, and look at the weights row by row.",
)

EXERCISES = (CAUSAL_MASK, MASKS_BUG)
