"""Exercises on the formula: scaling, scores, softmax and its derivative, positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from attention_edu.attention import additive_scores, dot_product_scores, softmax
from attention_edu.example import KEYS, QUERY
from attention_edu.exercises.checker import Array, Case, Exercise, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    Goal,
    NumberExercise,
    SentenceExercise,
    TargetExercise,
    WrongAnswer,
)

# ---------------------------------------------------------------------------------------------
# How far dot products scatter
# ---------------------------------------------------------------------------------------------

_COMPONENTS = 64

SCORE_VARIANCE = NumberExercise(
    id="score_variance",
    notebook="05",
    title="predict the variance of q · k for vectors of 64 independent components, each with mean "
    "0 and variance 1",
    reference=lambda: float(_COMPONENTS),
    noun="the variance of q · k",
    why="Each of the 64 products has mean 0 and variance 1, and the variances of independent "
    "numbers add up; so q · k scatters by √64 = 8 around 0.",
    rtol=0.05,  # a measured variance will do
    wrong=(
        WrongAnswer(
            "variance-of-one-product",
            "That is the variance of one product qᵢkᵢ: the dot product adds up 64 of them.",
            "add up the variances of all the products.",
            (1,),
        ),
        WrongAnswer(
            "standard-deviation",
            "That is √64, the standard deviation of q · k: the variance is its square.",
            "square it. The standard deviation is what the formula divides by.",
            (8,),
        ),
        WrongAnswer(
            "variance-squared",
            "That is 64²: it would be the variance of 64 times the same product. Independent "
            "products partly cancel, so their variances add up instead.",
            "ask what each product adds to the variance, and add that 64 times.",
            (64**2,),
        ),
        WrongAnswer(
            "variances-added-in-a-product",
            "That is 2 · 64: it adds the variances of qᵢ and kᵢ. That is right for the sum of the "
            "two; for the product of independent numbers with mean 0, variances multiply.",
            "work out the variance of one product qᵢkᵢ: 1 times 1.",
            (2 * 64,),
        ),
        WrongAnswer(
            "mean-instead-of-variance",
            "That is the mean of q · k: products above and below 0 cancel on average. The "
            "variance says how far they scatter around it.",
            "ask how far from 0 the single dot products lie.",
            (0,),
        ),
        WrongAnswer(
            "scale-instead-of-variance",
            "That is a factor which shrinks the scores, such as 1/√64 or 1/64: it answers the "
            "variance that is asked for here.",
            "predict the variance before anything is divided.",
            (1 / 8, 1 / 64),
        ),
    ),
    hints=(
        "q · k = q₁k₁ + q₂k₂ + … is a sum of 64 products. What are the mean and the variance of "
        "one of them?",
        "Both have mean 0, so the variance of a product is the product of the variances, 1 · 1. "
        "And the variance of a sum of independent numbers is the sum of their variances.",
    ),
    solutions=(
        "answer = 64 * (1 * 1)  # as many products as components, and each has variance 1",
        "rng = np.random.default_rng(0)\n"
        "query, key = rng.normal(size=(2, 100_000, 64))\n"
        "answer = (query * key).sum(axis=1).var()",
    ),
    next_step="divide such scores by √64 = 8, and ask what their variance becomes.",
)


# ---------------------------------------------------------------------------------------------
# Additive scores
# ---------------------------------------------------------------------------------------------

# What students compute who have a misconception: wrong on purpose.


def _hidden(q: Array, k: Array, wq: Array, wk: Array) -> Array:
    """Compute what goes into tanh, of shape (n_query, n_key, hidden)."""
    return np.asarray((q @ wq)[:, None, :] + k @ wk)


def _no_tanh(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return _hidden(q, k, wq, wk) @ v


def _tanh_last(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.tanh(_no_tanh(q, k, wq, wk, v))


def _tanh_again(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.tanh(additive_scores(q, k, wq, wk, v))


def _tanh_of_each(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    from_query, from_key = np.tanh(q @ wq), np.tanh(k @ wk)
    return np.asarray((from_query[:, None, :] + from_key) @ v)


def _product(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(np.tanh((q @ wq)[:, None, :] * (k @ wk)) @ v)


def _product_without_tanh(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(((q @ wq)[:, None, :] * (k @ wk)) @ v)


def _difference(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(np.tanh((q @ wq)[:, None, :] - k @ wk) @ v)


def _weights_swapped(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return additive_scores(q, k, wk, wq, v)


def _transposed(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return additive_scores(q, k, wq, wk, v).T


def _swapped(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return additive_scores(k, q, wq, wk, v)


def _hidden_layer(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.tanh(_hidden(q, k, wq, wk))


def _hidden_sum(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(_hidden_layer(q, k, wq, wk, v).sum(axis=-1))


def _hidden_mean(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(_hidden_layer(q, k, wq, wk, v).mean(axis=-1))


def _not_added_up(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return _hidden_layer(q, k, wq, wk, v) * v


def _additive_weights(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return softmax(additive_scores(q, k, wq, wk, v))


def _relu(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(np.maximum(_hidden(q, k, wq, wk), 0) @ v)


def _sigmoid(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-_hidden(q, k, wq, wk))) @ v)


def _scaled(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(additive_scores(q, k, wq, wk, v) / np.sqrt(len(v)))


def _scaled_by_key(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(additive_scores(q, k, wq, wk, v) / np.sqrt(k.shape[-1]))


def _dot_product(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return dot_product_scores(q @ wq, k @ wk)


def _plain_dot_product(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return dot_product_scores(q, k)


def _matching_pairs(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(np.tanh(q @ wq + k @ wk) @ v)


def _without_projections(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(np.tanh(q[:, None, :] + k) @ v)


def _keys_alone(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.asarray(np.tanh(k @ wk) @ v)


def _keys_alone_repeated(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return np.tile(_keys_alone(q, k, wq, wk, v), (len(q), 1))


def _weights_turned_over(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    return additive_scores(q, k, wq.T, wk.T, v)


def _tanh_written_out(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    hidden = _hidden(q, k, wq, wk)
    up, down = np.exp(hidden), np.exp(-hidden)
    return np.asarray((up - down) / (up + down) @ v)


def _tanh_as_one_fraction(q: Array, k: Array, wq: Array, wk: Array, v: Array) -> Array:
    powers = np.exp(2 * _hidden(q, k, wq, wk))
    return np.asarray((powers - 1) / (powers + 1) @ v)


def _random(seed: int, query: tuple[int, int], key: tuple[int, int], hidden: int) -> Case:
    rng = np.random.default_rng(seed)
    shapes = query, key, (query[1], hidden), (key[1], hidden), (hidden,)
    asking = "1 query" if query[0] == 1 else f"{query[0]} queries"
    return Case(
        tuple(rng.normal(0, 0.9, shape).round(1) for shape in shapes),
        f"{asking}, {key[0]} keys, {hidden} hidden numbers",
    )


ADDITIVE_SCORES = FunctionExercise(
    id="additive_scores",
    notebook="05",
    title="score every key for every query additively: tanh(q W + k U) · w, with query_weight for "
    "W, key_weight for U and score_weight for w",
    parameters=("query", "key", "query_weight", "key_weight", "score_weight"),
    reference=additive_scores,
    noun="scores",
    shape_rule="a row for each query and a column for each key",
    covers="one query and several, more keys than queries and fewer, queries as long as keys or "
    "not, whole numbers, and numbers so large that tanh is ±1",
    cases=(
        Case(
            (
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[0.5], [-1.0]]),
                np.array([[1.0, 0.5], [0.0, 1.0]]),
                np.array([[1.0, -1.0]]),
                np.array([2.0, 1.0]),
            ),
            "two queries, two keys",
        ),
        _random(75, (1, 3), (3, 2), 3),
        _random(71, (2, 3), (3, 2), 4),
        _random(72, (3, 3), (2, 3), 2),
        _random(73, (3, 3), (3, 3), 3),
        _random(74, (2, 2), (2, 4), 5),
        Case(
            (
                np.array([[1, 0, -1], [0, 1, 0]]),
                np.array([[1, 1], [0, -1], [0, 0]]),
                np.array([[1, 0], [0, 1], [1, 1]]),
                np.array([[0, 1], [1, 0]]),
                np.array([1, -2]),
            ),
            "whole numbers",
        ),
        Case(
            (
                np.array([[30.0, -20.0], [1.0, 0.0]]),
                np.array([[25.0], [-40.0], [1.0]]),
                np.array([[20.0, 1.0], [5.0, 30.0]]),
                np.array([[30.0, -10.0]]),
                np.array([1.5, 1.0]),
            ),
            "numbers so large that tanh is ±1",
            trap="tanh-overflow",
        ),
    ),
    misconceptions=(
        Misconception(
            "no-tanh",
            "Your scores leave tanh out: then the query adds the same number to all its scores, "
            "softmax takes it away again, and the weights no longer depend on the query.",
            "apply np.tanh to the sum of the two projections, before score_weight.",
            (_no_tanh,),
        ),
        Misconception(
            "tanh-after-score-weight",
            "Your scores apply tanh after score_weight: it then squeezes the scores themselves "
            "into -1 to 1, instead of the hidden layer.",
            "let tanh come first, and the product with score_weight last.",
            (_tanh_last, _tanh_again),
        ),
        Misconception(
            "tanh-of-each-part",
            "Your scores apply tanh to query and key separately and add up afterwards: then the "
            "query adds the same number to all its scores, and softmax takes it away again.",
            "add the two projections first, and apply tanh to the sum.",
            (_tanh_of_each,),
        ),
        Misconception(
            "product-instead-of-sum",
            "Your scores multiply the two projections: additive scores are called so because "
            "query and key meet in a sum.",
            "write + between the projected query and the projected key.",
            (_product, _product_without_tanh),
        ),
        Misconception(
            "difference-instead-of-sum",
            "Your scores subtract the projected key from the projected query: in additive scores "
            "the two are added.",
            "write + in place of -.",
            (_difference,),
        ),
        Misconception(
            "projections-swapped",
            "Your scores project the query with key_weight and the key with query_weight: the "
            "shapes only fit by chance, when both have the same length.",
            "write query @ query_weight and key @ key_weight.",
            (_weights_swapped,),
        ),
        Misconception(
            "query-and-key-swapped",
            "Your scores come from query and key swapped: each row must belong to a query, and be "
            "made with query_weight.",
            "project query with query_weight, and let it make the rows.",
            (_swapped,),
        ),
        Misconception(
            "transposed",
            "Your scores are transposed: a row belongs to a query and a column to a key, so that "
            "each row can be shared out among the keys.",
            "put the new axis after the queries: (query @ query_weight)[:, None, :].",
            (_transposed,),
        ),
        Misconception(
            "no-score-weight",
            "Your scores add up or average the hidden layer without score_weight: then all hidden "
            "numbers count alike.",
            "multiply the hidden layer with score_weight: hidden @ score_weight.",
            (_hidden_sum, _hidden_mean),
        ),
        Misconception(
            "hidden-layer-returned",
            "Your scores are the hidden layer, several numbers for each pair: a score is one "
            "number for each query and key.",
            "end with hidden @ score_weight, which adds up along the last axis.",
            (_hidden_layer, _not_added_up),
        ),
        Misconception(
            "softmax-applied",
            "Your scores are weights already, with softmax applied: that is step 2, and asked for "
            "is step 1.",
            "return the scores as they are.",
            (_additive_weights,),
        ),
        Misconception(
            "another-bend",
            "Your scores use ReLU or the sigmoid in place of tanh: the additive score is defined "
            "with tanh, which keeps the sign and stays between -1 and 1.",
            "use np.tanh.",
            (_relu, _sigmoid),
        ),
        Misconception(
            "scaled-like-dot-products",
            "Your scores are divided by the root of a length: that belongs to dot products, which "
            "grow with d. Here tanh keeps every hidden number between -1 and 1.",
            "leave the division out.",
            (_scaled, _scaled_by_key),
        ),
        Misconception(
            "dot-product",
            "Your scores are dot products: additive scores send the sum of both projections "
            "through tanh.",
            "add the projections, apply np.tanh, and multiply with score_weight.",
            (_dot_product, _plain_dot_product),
        ),
        Misconception(
            "only-matching-pairs",
            "Your scores compare query 1 with key 1, query 2 with key 2 and so on: every query "
            "must meet every key.",
            "give the queries an axis of their own: (query @ query_weight)[:, None, :] + "
            "key @ key_weight.",
            (_matching_pairs,),
        ),
        Misconception(
            "no-projections",
            "Your scores add query and key as they are: query_weight and key_weight first take "
            "them to the same hidden space.",
            "write query @ query_weight and key @ key_weight.",
            (_without_projections,),
        ),
        Misconception(
            "query-ignored",
            "Your scores come from the keys alone: whatever is asked, each key gets the same "
            "score.",
            "add the projected query to each projected key before tanh.",
            (_keys_alone, _keys_alone_repeated),
        ),
        Misconception(
            "weights-turned-over",
            "Your scores multiply with the weights turned over (.T): here vectors are rows, and "
            "weights have the shape (components, hidden).",
            "write query @ query_weight without .T.",
            (_weights_turned_over,),
        ),
        Misconception(
            "tanh-overflow",
            "Your scores are right for small numbers, but tanh written with exp overflows for "
            "large ones: inf / inf is NaN.",
            "use np.tanh, which is 1 or -1 there.",
            (_tanh_written_out, _tanh_as_one_fraction),
        ),
    ),
    hints=(
        "Project queries and keys, add them, bend the sum with tanh, and weigh the hidden numbers. "
        "Which shape must the sum have, so that every query meets every key?",
        "(n_query, 1, hidden) + (n_key, hidden) has the shape (n_query, n_key, hidden). "
        "projected[:, None, :] puts an axis of length 1 in the middle. Two loops will do as well.",
        "np.tanh goes over the sum; hidden @ score_weight adds up along the last axis, and leaves "
        "(n_query, n_key).",
    ),
    solutions=(
        "def my_additive_scores(query, key, query_weight, key_weight, score_weight):\n"
        "    from_query = query @ query_weight  # (n_query, hidden)\n"
        "    from_key = key @ key_weight  # (n_key, hidden)\n"
        "    hidden = np.tanh(from_query[:, None, :] + from_key)  # (n_query, n_key, hidden)\n"
        "    return hidden @ score_weight  # (n_query, n_key)",
        "def my_additive_scores(query, key, query_weight, key_weight, score_weight):\n"
        "    scores = np.zeros((len(query), len(key)))\n"
        "    for i, q in enumerate(query):\n"
        "        for j, k in enumerate(key):\n"
        "            hidden = np.tanh(q @ query_weight + k @ key_weight)\n"
        "            scores[i, j] = hidden @ score_weight\n"
        "    return scores",
    ),
    next_step="count the weights that must be learned here, and compare: a dot product needs none.",
)


# ---------------------------------------------------------------------------------------------
# The derivative of softmax
# ---------------------------------------------------------------------------------------------


def _jacobian(scores: Array) -> Array:
    weights = softmax(scores)
    return np.diag(weights) - np.outer(weights, weights)


def _stable(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _diagonal_alone(scores: Array) -> Array:
    weights = softmax(scores)
    return np.diag(weights * (1 - weights))


def _one_each(scores: Array) -> Array:
    weights = softmax(scores)
    return np.asarray(weights * (1 - weights))


def _same_in_each_row(scores: Array) -> Array:
    return np.tile(_one_each(scores), (len(scores), 1))


def _same_in_each_column(scores: Array) -> Array:
    return _same_in_each_row(scores).T


def _rows_everywhere(scores: Array) -> Array:
    weights = softmax(scores)
    return np.outer(weights, 1 - weights)


def _columns_everywhere(scores: Array) -> Array:
    return _rows_everywhere(scores).T


def _plus_off_the_diagonal(scores: Array) -> Array:
    return np.abs(_jacobian(scores))


def _plus_everywhere(scores: Array) -> Array:
    weights = softmax(scores)
    return np.diag(weights) + np.outer(weights, weights)


def _negated(scores: Array) -> Array:
    return -_jacobian(scores)


def _outer_alone(scores: Array) -> Array:
    weights = softmax(scores)
    return np.outer(weights, weights)


def _minus_outer_alone(scores: Array) -> Array:
    return -_outer_alone(scores)


def _sum_held_fixed(scores: Array) -> Array:
    return np.diag(softmax(scores))


def _of_exp(scores: Array) -> Array:
    return np.diag(np.exp(scores))


def _of_exp_vector(scores: Array) -> Array:
    return np.asarray(np.exp(scores))


def _from_scores(scores: Array) -> Array:
    return np.asarray(np.diag(scores) - np.outer(scores, scores))


def _from_scores_diagonal(scores: Array) -> Array:
    return np.diag(scores * (1 - scores))


def _weights(scores: Array) -> Array:
    return softmax(scores)


def _of_log_softmax(scores: Array) -> Array:
    return np.eye(len(scores)) - softmax(scores)


def _of_log_softmax_transposed(scores: Array) -> Array:
    return _of_log_softmax(scores).T


def _squares_in_columns(scores: Array) -> Array:
    weights = softmax(scores)
    return np.diag(weights) - weights * weights


def _squares_in_rows(scores: Array) -> Array:
    return _squares_in_columns(scores).T


def _sum_of_squares(scores: Array) -> Array:
    weights = softmax(scores)
    return np.diag(weights) - weights @ weights


def _identity(scores: Array) -> Array:
    return np.eye(len(scores)) - _outer_alone(scores)


def _of_sigmoid(scores: Array) -> Array:
    shares = 1 / (1 + np.exp(-scores))
    return np.diag(shares * (1 - shares))


def _first_row(scores: Array) -> Array:
    return np.asarray(_jacobian(scores)[0])


def _naive(scores: Array) -> Array:
    powers = np.exp(scores)
    weights = powers / powers.sum()
    return np.diag(weights) - np.outer(weights, weights)


def _differenced(step: float, *, both_sides: bool) -> Callable[[Array], Array]:
    def differences(scores: Array) -> Array:
        steps = step * np.eye(len(scores))
        up = np.array([_stable(scores + row) for row in steps])
        down = np.array([_stable(scores - row if both_sides else scores) for row in steps])
        return np.asarray((up - down).T / (2 * step if both_sides else step))

    return differences


def _jacobian_remark(derivatives: Array) -> str:
    """Say which property of the derivatives is missing."""
    if derivatives.ndim != 2:
        return ""
    sums = derivatives.sum(axis=1)
    if not np.allclose(sums, 0, atol=1e-5):
        return (
            f"The first row that does so sums to {sums[np.abs(sums) > 1e-5][0]:.3g}; each row sums "
            "to 0, since adding the same to all scores changes no weight."
        )
    sums = derivatives.sum(axis=0)
    if not np.allclose(sums, 0, atol=1e-5):
        return "Each column sums to 0 as well, since the weights always sum to 1."
    return ""


SOFTMAX_JACOBIAN = FunctionExercise(
    id="softmax_jacobian",
    notebook="05",
    title="compute the Jacobian of softmax: in row i and column j, how fast weight i grows with "
    "score j",
    parameters=("scores",),
    reference=_jacobian,
    noun="derivatives",
    shape_rule="a row for each weight and a column for each score",
    covers="two scores and several, equal ones, a single one, whole numbers, and large scores",
    remark=_jacobian_remark,
    cases=(
        Case((np.array([1.0, 0.0]),)),
        Case((np.array([2.0, 0.0, -1.0]),)),
        Case((np.array([0.5, 0.5, 0.5, 0.5]),), "equal scores"),
        Case((np.array([-0.3, 1.2, 0.4, -2.0, 0.9]),)),
        Case((np.array([1, 0, 2]),), "whole numbers"),
        Case((np.array([3.0]),), "a single score: its weight is always 1"),
        Case((np.array([1000.0, 1001.0, 999.0]),), "large scores", trap="no-max-subtraction"),
    ),
    misconceptions=(
        Misconception(
            "diagonal-alone",
            "Your derivatives are those on the diagonal alone, α(1 − α), how each weight answers "
            "to its own score: a score moves all the other weights, too, since they share out one "
            "whole.",
            "put -αᵢαⱼ in row i and column j off the diagonal.",
            (_diagonal_alone, _one_each),
        ),
        Misconception(
            "same-formula-everywhere",
            "Your derivatives use α(1 − α) everywhere, off the diagonal as well: there a weight "
            "shrinks when another one's score grows, so the entry is negative. It also comes of "
            "a - np.outer(a, a), where a lies in every row instead of on the diagonal.",
            "use αᵢ(1 − αᵢ) on the diagonal alone, and -αᵢαⱼ elsewhere; np.diag(a) makes a "
            "diagonal of a.",
            (_same_in_each_row, _same_in_each_column, _rows_everywhere, _columns_everywhere),
        ),
        Misconception(
            "plus-off-the-diagonal",
            "Your derivatives have the wrong sign off the diagonal: raising one score lowers all "
            "the other weights.",
            "subtract the outer product instead of adding it.",
            (_plus_off_the_diagonal, _plus_everywhere),
        ),
        Misconception(
            "sign-reversed",
            "Your derivatives all have the wrong sign: a weight grows with its own score, so the "
            "diagonal is positive.",
            "turn the difference round.",
            (_negated,),
        ),
        Misconception(
            "outer-product-alone",
            "Your derivatives are the outer product of the weights alone: on the diagonal the "
            "weight itself is missing, which comes from the numerator of softmax.",
            "add np.diag(weights) to minus the outer product.",
            (_outer_alone, _minus_outer_alone),
        ),
        Misconception(
            "sum-held-fixed",
            "Your derivatives are the weights on the diagonal: they hold the sum below the "
            "fraction line fixed, although every score is part of it.",
            "use the quotient rule, or subtract np.outer(weights, weights).",
            (_sum_held_fixed,),
        ),
        Misconception(
            "derivative-of-exp",
            "Your derivatives are those of exp alone: softmax also divides by the sum, and that "
            "depends on every score.",
            "differentiate the whole fraction, exp(sᵢ) / Σ exp(sⱼ).",
            (_of_exp, _of_exp_vector),
        ),
        Misconception(
            "scores-taken-for-weights",
            "Your derivatives use the scores where the formula has the weights: the α in "
            "αᵢ(1 − αᵢ) is what softmax gives.",
            "compute weights = softmax(scores) first, and use them.",
            (_from_scores, _from_scores_diagonal),
        ),
        Misconception(
            "weights-returned",
            "Your derivatives are the weights themselves: asked for is how they change.",
            "make the table of the derivatives from these weights.",
            (_weights,),
        ),
        Misconception(
            "derivative-of-log-softmax",
            "Your derivatives are those of the logarithm of the weights, δᵢⱼ − αⱼ: the weight "
            "itself is missing as a factor.",
            "multiply row i by weight i.",
            (_of_log_softmax, _of_log_softmax_transposed),
        ),
        Misconception(
            "no-outer-product",
            "Your derivatives subtract squares of weights in place of the products αᵢαⱼ: "
            "a * a gives n squares, and a @ a their sum.",
            "np.outer(a, a) gives all the products, as a[:, None] * a does.",
            (_squares_in_columns, _squares_in_rows, _sum_of_squares),
        ),
        Misconception(
            "identity-instead-of-diagonal",
            "Your derivatives have 1 − αᵢ² on the diagonal: there the weights belong, where now "
            "the identity matrix stands.",
            "write np.diag(weights) in place of np.eye(n).",
            (_identity,),
        ),
        Misconception(
            "derivative-of-sigmoid",
            "Your derivatives are those of the sigmoid of each score: in softmax, all scores "
            "share out one whole.",
            "compute the weights with softmax.",
            (_of_sigmoid,),
        ),
        Misconception(
            "first-row-alone",
            "Your derivatives are those of the first weight alone: every weight answers to every "
            "score.",
            "make a row for each weight.",
            (_first_row,),
        ),
        Misconception(
            "coarse-difference",
            "Your derivatives are differences over a step that is too large: softmax bends within "
            "the step, and the slope comes out wrong.",
            "take a smaller step such as 1e-6, or the formula.",
            tuple(
                _differenced(step, both_sides=both_sides)
                for step in (1.0, 0.5, 0.1, 0.05, 0.01, 0.001)
                for both_sides in (False, True)
                if step > (0.02 if both_sides else 0.0005)
            ),
        ),
        Misconception(
            "no-max-subtraction",
            "Your derivatives are right for small scores, but exp of a large score overflows to "
            "inf, and inf / inf is NaN.",
            "subtract the largest score in softmax; that changes no weight.",
            (_naive,),
        ),
    ),
    hints=(
        "Raise one score a little. What happens to its own weight, and what to each of the others? "
        "The first goes on the diagonal, the rest beside it.",
        "On the diagonal stands αᵢ(1 − αᵢ) = αᵢ − αᵢαᵢ, and elsewhere −αᵢαⱼ. So −αᵢαⱼ stands "
        "everywhere, and the diagonal gets αᵢ in addition.",
        "np.outer(a, a) makes the table of all products, and np.diag(a) puts a on a diagonal.",
    ),
    solutions=(
        "def my_jacobian(scores):\n"
        "    powers = np.exp(scores - scores.max())\n"
        "    weights = powers / powers.sum()\n"
        "    return np.diag(weights) - np.outer(weights, weights)",
        "def my_jacobian(scores):\n"
        "    powers = np.exp(scores - scores.max())\n"
        "    a = powers / powers.sum()\n"
        "    n = len(a)\n"
        "    return [[a[i] * ((i == j) - a[j]) for j in range(n)] for i in range(n)]",
        "def my_jacobian(scores):\n"
        "    def weights(s):\n"
        "        return np.exp(s - s.max()) / np.exp(s - s.max()).sum()\n"
        "    steps = 1e-5 * np.eye(len(scores))\n"
        "    columns = [(weights(scores + e) - weights(scores - e)) / 2e-5 for e in steps]\n"
        "    return np.array(columns).T",
    ),
    next_step="multiply the scores by 10, and see what is left of these derivatives.",
)


# ---------------------------------------------------------------------------------------------
# Softmax twice
# ---------------------------------------------------------------------------------------------

_WORDS = 6
_EXAMPLES = (np.array([3.0, 1.0, 0.0]), np.array([5.0, 1.0, 0.0]))  # of notebooks 03 and 05


def _ceiling() -> float:
    """Give one word everything, then apply softmax a second time."""
    return float(softmax(np.eye(_WORDS)[0])[0])


TWICE_CEILING = NumberExercise(
    id="twice_ceiling",
    notebook="05",
    title="find the number that the largest of six weights never passes when softmax is applied "
    "twice",
    reference=_ceiling,
    noun="the ceiling e / (e + 5)",
    why="The first softmax gives at best 1 and five times 0; the second one makes e / (e + 5) of "
    "that, however large the scores were.",
    wrong=(
        WrongAnswer(
            "softmax-once",
            "That is the ceiling of softmax applied once: the second one then sees 1, 0, 0, 0, 0, "
            "0, and gives the zeros their share as well, since e⁰ is 1.",
            "apply softmax to 1, 0, 0, 0, 0, 0 by hand.",
            (1,),
        ),
        WrongAnswer(
            "equal-weights",
            "That is 1/6, which each word gets if all are equal: the largest weight is never less, "
            "but it can be more.",
            "find the six numbers, at least 0 and with the sum 1, that are furthest from equal.",
            (1 / 6,),
        ),
        WrongAnswer(
            "counted-itself",
            "That is e / (e + 6): the six words are one that has everything, and only five others.",
            "add up e⁰ = 1 for each of the five others.",
            (np.e / (np.e + 6),),
        ),
        WrongAnswer(
            "others-forgotten",
            "That is e / 6: the sum below is not 6, for one of the six powers is e.",
            "add up all six powers: e¹ + 5 · e⁰.",
            (np.e / 6,),
        ),
        WrongAnswer(
            "one-example",
            "That is what the six scores of “who did it?” give: other scores bring the largest "
            "weight higher.",
            "replace the score of cat by 10, then by 100, and watch the number settle.",
            (softmax(softmax(KEYS @ QUERY)).max(),),
        ),
        WrongAnswer(
            "example-of-three-words",
            "That is what one example gives: three words with the scores 3, 1, 0 or 5, 1, 0. Asked "
            "for is what no scores of six words pass.",
            "take six words, and give one of them the score 100.",
            tuple(softmax(softmax(scores)).max() for scores in _EXAMPLES),
        ),
        WrongAnswer(
            "one-softmax",
            "That is the largest weight of an example after one softmax: the second one then takes "
            "these weights for scores, and flattens them.",
            "apply softmax to the weights once more, for six words.",
            tuple(softmax(scores).max() for scores in _EXAMPLES),
        ),
        WrongAnswer(
            "three-words",
            "That is the ceiling for three words, e / (e + 2), as in the cell above: here there "
            "are six.",
            "add up e⁰ = 1 for each of the five others.",
            (np.e / (np.e + 2),),
        ),
        WrongAnswer(
            "five-words",
            "That is the ceiling for five words, e / (e + 4): beside the largest of six there are "
            "five others, not four.",
            "add up e⁰ = 1 for each of the five others.",
            (np.e / (np.e + 4),),
        ),
        WrongAnswer(
            "smallest-weight",
            "That is 1 / (e + 5), what each of the five others keeps at least.",
            "divide e, the power of the largest, by the same sum.",
            (1 / (np.e + 5),),
        ),
        WrongAnswer(
            "two-words",
            "That is the ceiling for two words, e / (e + 1): here there are six.",
            "add up e⁰ = 1 for each of the five others.",
            (np.e / (np.e + 1),),
        ),
        WrongAnswer(
            "powers-swapped",
            "That is e / (1 + 5e): it gives the five others the power e, but their first weight "
            "is 0, and e⁰ = 1.",
            "let e stand for the largest alone.",
            (np.e / (1 + 5 * np.e),),
        ),
    ),
    hints=(
        "The second softmax sees the weights of the first one. How unequal can six weights be?",
        "At best, one is 1 and five are 0. The powers are then e¹ = 2.718 and five times e⁰ = 1.",
    ),
    solutions=(
        "answer = np.e / (np.e + 5)",
        "scores = np.array([100.0, 0, 0, 0, 0, 0])\n"
        "once = np.exp(scores - 100) / np.exp(scores - 100).sum()\n"
        "answer = (np.exp(once) / np.exp(once).sum()).max()",
    ),
    next_step="work out the same for n words, and see where the ceiling goes when n grows.",
)


# ---------------------------------------------------------------------------------------------
# A query for a place
# ---------------------------------------------------------------------------------------------

_KEYS = ((1.0, 0.0), (-0.5, -0.5), (0.0, 1.0))
_VALUES = ((3.0, -1.0), (-3.0, -2.0), (-1.0, 3.0))
_STAR = (0.7, 0.9)
_START = (-2.0, 0.0)
_NAMES = ("cat", "sat", "mat")
_LIMITS = (-4.0, 4.0)
_CLOSE = 0.2


def _make_star() -> Any:
    from attention_edu.widgets.vector_explorer import VectorExplorer

    return VectorExplorer(
        _KEYS,
        query=_START,
        values=_VALUES,
        tokens=_NAMES,
        score="scaled",
        target=_STAR,
        limits=_LIMITS,
        controls=["reset"],
    )


def _query_of_the_star() -> Array:
    """Find the one query whose output is the star: three keys on no line leave no other."""
    weights = np.linalg.solve(np.vstack([np.transpose(_VALUES), np.ones(3)]), [*_STAR, 1.0])
    scores, keys = np.sqrt(2) * np.log(weights), np.array(_KEYS)
    return np.asarray(np.linalg.solve(keys[1:] - keys[0], scores[1:] - scores[0]))


def _reached(explorer: Any) -> bool:
    distance = explorer.distance_to_target
    return distance is not None and bool(distance <= explorer.tolerance)


def _is_close(explorer: Any) -> bool:
    """Tell whether what is left is a matter of small steps, whatever causes it."""
    distance = explorer.distance_to_target
    return distance is not None and bool(distance < _CLOSE)


def _is_the_task(explorer: Any) -> bool:
    return (
        tuple(explorer.tokens) == _NAMES
        and tuple(explorer.target or ()) == _STAR
        and tuple(explorer.limits) == _LIMITS
    )


def _turn(explorer: Any) -> float:
    """Tell by which angle in degrees the query has to turn, counter-clockwise above 0."""
    (x, y), (a, b) = explorer.query, _query_of_the_star()
    return float(np.degrees(np.arctan2(x * b - y * a, x * a + y * b)))


def _length(explorer: Any) -> float:
    """Tell how long the query is, as a multiple of the length that it needs."""
    return float(np.hypot(*explorer.query) / np.hypot(*_query_of_the_star()))


def _points_right(explorer: Any) -> bool:
    return _is_close(explorer) or _length(explorer) < 0.05 or abs(_turn(explorer)) <= 10


def _moved(what: str, name: str, was: tuple[tuple[float, float], ...]) -> Callable[[Any], str]:
    def text(explorer: Any) -> str:
        off = ~np.isclose(getattr(explorer, name), was).all(axis=1)
        words = " and ".join(f"“{token}”" for token, is_off in zip(_NAMES, off) if is_off)
        if off.sum() == 1:
            return f"The {what} of {words} is no longer where it was: only the query may move."
        return f"The {what}s of {words} are no longer where they were: only the query may move."

    return text


def _turned_text(explorer: Any) -> str:
    way = "counter-clockwise" if _turn(explorer) > 0 else "clockwise"
    return (
        f"The query points in a direction that the star cannot be reached from, however long it "
        f"is; the output is {explorer.distance_to_target:.2f} away. It has to turn {way}."
    )


def _show_another(explorer: Any) -> None:
    explorer.set_trait("target", [0.0, 0.0])
    explorer.query = [1.0, 0.0]


def _set(name: str, value: Any) -> Callable[[Any], None]:
    def miss(explorer: Any) -> None:
        setattr(explorer, name, value)

    return miss


STAR_TARGET = TargetExercise(
    id="star_target",
    notebook="05",
    title="bring the output onto the star by moving the query alone; keys and values stay",
    widget="VectorExplorer",
    make=_make_star,
    start={
        "query": _START,
        "keys": _KEYS,
        "values": _VALUES,
        "score": "scaled",
        "temperature": 1.0,
        "mask": (True, True, True),
    },
    goals=(
        Goal(
            "another-picture",
            _is_the_task,
            lambda _: (
                "This is another picture than the one of this task: its words, its star or "
                "its limits differ."
            ),
            "pass the picture with the words cat, sat and mat and the star in it.",
            _show_another,
        ),
        Goal(
            "key-moved",
            lambda explorer: bool(np.allclose(explorer.keys, _KEYS)),
            _moved("key", "keys", _KEYS),
            "press reset, and drag the dashed arrow.",
            _set("keys", [[2.0, 0.0], [-0.5, -0.5], [0.0, 1.0]]),
        ),
        Goal(
            "value-moved",
            lambda explorer: bool(np.allclose(explorer.values, _VALUES)),
            _moved("value", "values", _VALUES),
            "press reset, and drag the dashed arrow.",
            _set("values", [[3.0, -1.0], [-3.0, -2.0], [0.7, 0.9]]),
        ),
        Goal(
            "setting-changed",
            lambda explorer: bool(
                explorer.score == "scaled" and explorer.temperature == 1 and explorer.mask.all()
            ),
            lambda _: (
                "The score, the temperature or the mask is no longer what it was: the star "
                "can be reached by the query alone."
            ),
            "press reset, and drag the dashed arrow.",
            _set("temperature", 0.5),
        ),
        Goal(
            "query-turned-away",
            _points_right,
            _turned_text,
            "turn the query, and watch which weights grow: a key gains when the query turns "
            "towards it.",
            _set("query", [2.0, 0.0]),
        ),
        Goal(
            "query-too-short",
            lambda explorer: _is_close(explorer) or _length(explorer) >= 0.85,
            lambda explorer: (
                "The query is too short: its scores differ too little, so the output "
                "stays near the middle of the three values, "
                f"{explorer.distance_to_target:.2f} away from the star."
            ),
            "pull the query out in the same direction, and watch the smallest weight vanish.",
            _set("query", [0.7, 0.8]),
        ),
        Goal(
            "query-too-long",
            lambda explorer: _is_close(explorer) or _length(explorer) <= 1.25,
            lambda explorer: (
                "The query is too long: it makes the weights extreme, and the output "
                f"runs to the edge of the triangle, {explorer.distance_to_target:.2f} away from "
                "the star."
            ),
            "shorten the query a little.",
            _set("query", [2.6, 3.0]),
        ),
        Goal(
            "beside-the-star",
            _reached,
            lambda explorer: (
                "Close: the output is "
                f"{explorer.distance_to_target:.2f} away from the star, and "
                f"{explorer.tolerance:g} is near enough."
            ),
            "click the query, and move it in small steps with the arrow keys.",
            _set("query", [1.6, 1.3]),
        ),
    ),
    why="Turning the query shares out between the words it points to; lengthening it takes weight "
    "from the one behind it. Each place inside the triangle has one query of its own.",
    hints=(
        "The star lies between the values of cat and mat, and far from that of sat. To which side "
        "of the three keys should the query point?",
        "Point it between the keys of cat and mat. Then change its length: short, the output is in "
        "the middle of the values; long, on the edge of the triangle.",
        "Turn it by small steps: the key that the query comes closer to gains weight, and its "
        "value pulls the output.",
    ),
    solutions=(
        "explorer.query = [1.44, 1.55]",
        "direction = np.array([0.68, 0.73])  # between cat and mat, a little nearer to mat\n"
        "explorer.query = 2.1 * direction  # lengthened until sat has almost nothing",
    ),
    next_step="try to get the output out of the triangle; explain why no query can.",
)


# ---------------------------------------------------------------------------------------------
# Positions
# ---------------------------------------------------------------------------------------------

POSITION_CHOICE = ChoiceExercise(
    id="position_choice",
    notebook="05",
    title="predict what the outputs of self-attention do when two words trade places, and nothing "
    "marks the places",
    options=("swap along", "stay", "all change", "later ones change"),
    right="swap along",
    why="The scores compare words, not places: each word meets the same words as before and gets "
    "the same output, in the row to which it moved.",
    wrong=(
        WrongAnswer(
            "outputs-stay",
            "The rows do not stay as they are: a row belongs to the word in it, so the rows of the "
            "two words move with them.",
            "follow one of the two words: which row holds its query, and so its output?",
            ("stay",),
        ),
        WrongAnswer(
            "all-outputs-change",
            "No output gets other numbers: each query still meets the same keys and mixes the same "
            "values, and the order in which a sum is added up does not matter.",
            "write down the scores of one word before and after: which numbers are in them?",
            ("all change",),
        ),
        WrongAnswer(
            "reads-in-order",
            "Self-attention does not read from left to right, as a recurrent network does: every "
            "word looks at all words at once, whatever comes before it.",
            "write down the scores of the last word before and after: which numbers are in them?",
            ("later ones change",),
        ),
    ),
    hints=(
        "Where does the number of a place occur in the formula softmax(QKᵀ/√d)V?",
        "Follow a third word: its query is the same, and it meets the same keys in another order. "
        "What does the order do to a weighted sum?",
    ),
    solutions=('answer = "swap along"', 'answer = "Swap along."'),
    next_step="swap two rows of the inputs in a cell, and compare the outputs.",
)


# ---------------------------------------------------------------------------------------------
# What weights explain
# ---------------------------------------------------------------------------------------------

EXPLAIN_WEIGHTS = SentenceExercise(
    id="explain_weights",
    notebook="05",
    title="explain why a large weight is not yet an explanation",
    points=(
        "a weight says how much of a value goes into the output, not why",
        "other weights can give the same output",
        "its value counts as well: a large weight on a value near 0 adds nothing",
    ),
    hints=(
        "You have seen two rows of weights with the same output. What can the output then tell "
        "about the weights?",
        "Ask also what the weight is multiplied with: does a large weight always add much?",
    ),
    solutions=(
        "A weight says how much of a value goes into the output, but not why: quite different "
        "weights can give the same output, and a large weight on a value near 0 adds nothing.",
        "Whoever sees a large weight knows what was mixed in, not what caused the answer: "
        "another mixture can come out the same, and how much a word adds depends on its "
        "value, too.",
    ),
    next_step="change the word with the largest weight, and see whether the answer changes: that "
    "tests an explanation.",
)

EXERCISES: tuple[Exercise, ...] = (
    SCORE_VARIANCE,
    ADDITIVE_SCORES,
    SOFTMAX_JACOBIAN,
    TWICE_CEILING,
    STAR_TARGET,
    POSITION_CHOICE,
    EXPLAIN_WEIGHTS,
)
