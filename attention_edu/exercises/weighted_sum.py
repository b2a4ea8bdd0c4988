"""Exercises on step 3: mix the values in the proportions of the weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from attention_edu.attention import dot_product_scores, softmax, weighted_sum
from attention_edu.example import KEYS, QUERY, TOKENS, VALUE_NAMES, VALUES
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    Goal,
    NumberExercise,
    SentenceExercise,
    TargetExercise,
    WrongAnswer,
)


def _random(seed: int, n_query: int, n_key: int, d: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    weights = (rng.dirichlet(np.ones(n_key), n_query) * 0.9 + 0.1 / n_key).round(2)
    weights[:, -1] += 1 - weights.sum(axis=-1)
    values = rng.normal(0, 4, (n_key, d)).round(1)
    return (weights if n_query > 1 else weights[0]).round(2), values


# What students compute who have a misconception: wrong on purpose.


def _for_each_query(weights: Array, row: Array) -> Array:
    return np.broadcast_to(row, (*weights.shape[:-1], row.shape[-1]))


def _mean(weights: Array, values: Array) -> Array:
    return _for_each_query(weights, values.mean(axis=0))


def _mean_once(weights: Array, values: Array) -> Array:
    return np.asarray(values.mean(axis=0))


def _sum(weights: Array, values: Array) -> Array:
    return _for_each_query(weights, values.sum(axis=0))


def _sum_once(weights: Array, values: Array) -> Array:
    return np.asarray(values.sum(axis=0))


def _values(weights: Array, values: Array) -> Array:
    return values


def _product_without_sum(weights: Array, values: Array) -> Array:
    return weights[..., None] * values


def _elementwise(weights: Array, values: Array) -> Array:
    return weights * values


def _weights_transposed(weights: Array, values: Array) -> Array:
    return weights.T @ values


def _output_transposed(weights: Array, values: Array) -> Array:
    return weighted_sum(weights, values).T


def _values_transposed(weights: Array, values: Array) -> Array:
    return weights @ values.T


def _components_weighted(weights: Array, values: Array) -> Array:
    return np.asarray((weights[..., None, :] * values).sum(axis=-2))


def _components_summed(weights: Array, values: Array) -> Array:
    return np.asarray(_product_without_sum(weights, values).sum(axis=-1))


def _hard(weights: Array, values: Array) -> Array:
    return np.asarray(values[weights.argmax(axis=-1)])


def _hard_and_weighted(weights: Array, values: Array) -> Array:
    return np.asarray(_hard(weights, values) * weights.max(axis=-1, keepdims=True))


def _divided_by_n(weights: Array, values: Array) -> Array:
    return weighted_sum(weights, values) / len(values)


def _softmax_again(weights: Array, values: Array) -> Array:
    return weighted_sum(softmax(weights), values)


def _whole_numbers(weights: Array, values: Array) -> Array:
    output = weighted_sum(weights, values)
    return output.astype(values.dtype) if values.dtype.kind == "i" else output


def _first_query(weights: Array, values: Array) -> Array:
    return weighted_sum(weights if weights.ndim == 1 else weights[0], values)


def _first_product(weights: Array, values: Array) -> Array:
    return np.asarray(weights[..., :1] * values[0])


def _renormalised(weights: Array, values: Array) -> Array:
    return np.asarray((weights / weights.sum(axis=-1, keepdims=True)) @ values)


def _renormalised_over_everything(weights: Array, values: Array) -> Array:
    return np.asarray((weights / weights.sum()) @ values)


def _loop_for_one_query(weights: Array, values: Array) -> Any:
    return sum(weight * value for weight, value in zip(weights, values))


def _numbered_loop_for_one_query(weights: Array, values: Array) -> Any:
    return sum(weights[j] * values[j] for j in range(len(values)))


def _column_for_one_query(weights: Array, values: Array) -> Array:
    return np.asarray((weights[:, None] * values).sum(axis=0))


def _column_without_sum(weights: Array, values: Array) -> Array:
    return weights[:, None] * values


def _column_added_up(weights: Array, values: Array) -> Any:
    return (weights[:, None] * values).sum()


def _everything_added_up(weights: Array, values: Array) -> Any:
    return weighted_sum(weights, values).sum()


def _outer(weights: Array, values: Array) -> Array:
    return np.outer(weights, values)


def _values_first(weights: Array, values: Array) -> Array:
    return values @ weights


def _transposed_values_first(weights: Array, values: Array) -> Array:
    return values.T @ weights


def _elementwise_added_up(weights: Array, values: Array) -> Array:
    return np.asarray((weights * values).sum(axis=0))


def _sum_of_both(weights: Array, values: Array) -> Array:
    return np.asarray(weights.sum() * values.sum(axis=0))


def _hard_once(weights: Array, values: Array) -> Array:
    return np.asarray(values[np.argmax(weights)])


def _added(weights: Array, values: Array) -> Array:
    return weights + values


def _added_up(weights: Array, values: Array) -> Array:
    return np.asarray((weights[..., None] + values).sum(axis=-2))


WEIGHTED_SUM = FunctionExercise(
    id="weighted_sum",
    notebook="04",
    title="mix the values in the proportions of the weights",
    parameters=("weights", "values"),
    reference=weighted_sum,
    noun="outputs",
    shape_rule="a row for each row of weights, and as many components as a value has",
    covers="a single row of weights and several, more queries than values and fewer, negative "
    "and whole numbers, and a row of weights that are all 0",
    cases=(
        Case((np.array([0.75, 0.25]), np.array([[4.0, 0.0], [2.0, 8.0]])), "one query"),
        Case(_random(21, 1, 3, 2), "one query"),
        Case(_random(22, 2, 4, 3), "fewer queries than values"),
        Case(_random(23, 5, 2, 3), "more queries than values"),
        Case(_random(24, 3, 3, 3), "as many queries as values as components"),
        Case(_random(25, 2, 3, 3), "as many values as components"),
        Case(_random(26, 3, 3, 2), "as many queries as values"),
        Case(
            (np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]), np.array([[1, 0], [4, -2], [7, 5]])),
            "values that are whole numbers",
        ),
        Case(
            (np.array([[0.5, 0.5], [0.0, 0.0]]), np.array([[4.0, 0.0, 1.0], [2.0, 8.0, 3.0]])),
            "the second query may attend to nothing: its weights are 0, and so is its output",
            trap="weights-renormalised",
        ),
    ),
    misconceptions=(
        Misconception(
            "plain-mean",
            "Your outputs equal the plain mean of the values: every value counts alike, and the "
            "weights have no say.",
            "multiply each value by its own weight, and add up.",
            (_mean, _mean_once),
        ),
        Misconception(
            "plain-sum",
            "Your outputs equal the plain sum of the values: the weights have no say.",
            "multiply each value by its own weight before you add up.",
            (_sum, _sum_once, _sum_of_both),
        ),
        Misconception(
            "added-instead-of-multiplied",
            "Your outputs add weights and values: a weight says how much of a value comes in, and "
            "is a factor.",
            "write * in place of +, and add up over the values.",
            (_added, _added_up),
        ),
        Misconception(
            "values-returned",
            "Your outputs are the values themselves: nothing is weighted and nothing is summed.",
            "multiply each value by its own weight, and add up over the values.",
            (_values,),
        ),
        Misconception(
            "only-the-first",
            "Your outputs are those of the first query or the first value only: a loop that "
            "returns inside its body, or an index [0], leaves the others out.",
            "move return behind the loop, to the left of the word for, and collect everything.",
            (_first_query, _first_product),
        ),
        Misconception(
            "product-without-sum",
            "Your outputs are the weighted values, not yet summed: attention gives one mixed "
            "vector for each query, not one for each value.",
            "sum over the axis of the values, or use @, which multiplies and sums.",
            (_product_without_sum, _elementwise, _column_without_sum, _outer),
        ),
        Misconception(
            "written-for-one-query",
            "Your outputs come from a loop or a sum for one query, in which weights[j] is a "
            "number: with several queries, weights[j] is a whole row, that of query j.",
            "go through the rows of weights in an outer loop, or let weights @ values do both.",
            (_loop_for_one_query, _numbered_loop_for_one_query, _column_for_one_query),
        ),
        Misconception(
            "everything-added-up",
            "Your outputs are a single number: a sum without an axis adds up the components of the "
            "values as well, which mean different things.",
            "sum over the axis of the values alone, axis=-2 of the products.",
            (_column_added_up, _everything_added_up),
        ),
        Misconception(
            "values-weighted-along-the-wrong-axis",
            "Your outputs weight along the wrong axis of the values: a weight belongs to a whole "
            "row of values, one token, not to a component.",
            "let the last axis of weights meet the first axis of values: weights @ values.",
            (
                _values_transposed,
                _components_weighted,
                _values_first,
                _transposed_values_first,
                _elementwise_added_up,
            ),
        ),
        Misconception(
            "summed-over-components",
            "Your outputs sum each weighted value over its components: the sum must run over the "
            "values, so that the output is a vector like them.",
            "sum over the axis that counts the values, not over the last one.",
            (_components_summed,),
        ),
        Misconception(
            "weights-transposed",
            "Your outputs use the weights transposed: column j of the weights belongs to value j, "
            "and row i to query i.",
            "leave the weights as they are: weights @ values.",
            (_weights_transposed,),
        ),
        Misconception(
            "transposed",
            "Your outputs are transposed: row i must be the output for query i.",
            "return the table with a row for each query.",
            (_output_transposed,),
        ),
        Misconception(
            "hard-attention",
            "Your outputs take only the value with the largest weight (hard attention): the other "
            "values lose the share that their weights give them.",
            "let every value count, each with its own weight.",
            (_hard, _hard_and_weighted, _hard_once),
        ),
        Misconception(
            "divided-by-n",
            "Your outputs are divided by the number of values: the weights sum to 1 already, so "
            "the weighted sum is a mean as it is.",
            "leave out the division, or write sum in place of mean.",
            (_divided_by_n,),
        ),
        Misconception(
            "softmax-again",
            "Your outputs apply softmax to the weights once more: weights that sum to 1 are ready "
            "to be used, and a second softmax makes them almost equal.",
            "use the weights as they come in.",
            (_softmax_again,),
        ),
        Misconception(
            "weights-renormalised",
            "Your outputs divide the weights by their sum: they come in ready to be used, and "
            "where nothing may be attended to, all weights are 0, and 0 / 0 is NaN.",
            "use the weights as they come in.",
            (_renormalised, _renormalised_over_everything),
        ),
        Misconception(
            "whole-numbers",
            "Your outputs are cut to whole numbers when the values are whole numbers: an array "
            "made by np.zeros_like(values) can hold nothing else.",
            "make the array with np.zeros(shape), which holds decimal fractions.",
            (_whole_numbers,),
        ),
    ),
    hints=(
        "The output is a mean of the values in which each value counts as much as its weight "
        "says. With the weights 0.75 and 0.25, where between two values does it lie?",
        "For one query it is weights[0] * values[0] + weights[1] * values[1] + …, "
        "where values[j] is a whole row.",
        "The product of matrices does this for all queries at once, and for a single row as "
        "well: weights @ values",
    ),
    solutions=(
        "def my_weighted_sum(weights, values):\n    return weights @ values",
        "def my_weighted_sum(weights, values):\n"
        "    output = np.zeros((*weights.shape[:-1], values.shape[1]))\n"
        "    for j in range(len(values)):\n"
        "        output += weights[..., j, None] * values[j]\n"
        "    return output",
        "def my_weighted_sum(weights, values):\n"
        "    return (weights[..., None] * values).sum(axis=-2)",
    ),
    next_step="put scores, weights and weighted sum together: that is attention.",
)


# ---------------------------------------------------------------------------------------------
# Other kinds
# ---------------------------------------------------------------------------------------------

_SCORES = dot_product_scores(QUERY[None, :], KEYS)[0]  # who did it?
_WEIGHTS = softmax(_SCORES)
_LIVING, _PLACE = VALUES[:, 0], VALUES[:, 1]
_THE, _CAT, _SAT, _MAT = 0, 1, 2, 5  # places in the sentence
_NEAR = 0.1
_SHOWN_AS_NEAR = _NEAR + 0.005  # the distance is told with two decimals

PREDICT_OUTPUT = NumberExercise(
    id="predict_output",
    notebook="04",
    title="work out the first component of the output, living, on paper",
    reference=lambda: weighted_sum(_WEIGHTS, VALUES)[0],
    noun="living",
    why="Most of it comes from cat, a little from sat and mat, and very little from “the”, twice.",
    wrong=(
        WrongAnswer(
            "other-component",
            "Your number is the second component, place.",
            "take the first number of each value.",
            (_WEIGHTS @ _PLACE,),
        ),
        WrongAnswer(
            "small-weights-left-out",
            "Your number leaves out words with small weights: each takes its share of the sum, and "
            "“the” comes twice.",
            "add what “the” gives, twice, and what mat gives.",
            (
                _WEIGHTS @ _LIVING - _WEIGHTS[_THE] * _LIVING[_THE],
                _WEIGHTS @ _LIVING - 2 * _WEIGHTS[_THE] * _LIVING[_THE],
                _WEIGHTS[_CAT] * _LIVING[_CAT] + _WEIGHTS[_SAT] * _LIVING[_SAT],
            ),
        ),
        WrongAnswer(
            "only-the-cat",
            "Your number is what cat gives, alone: the others have weights too, if smaller ones.",
            "multiply each of the other weights by its value's first number, and add.",
            (_WEIGHTS[_CAT] * _LIVING[_CAT],),
        ),
        WrongAnswer(
            "hard-attention",
            "Your number is the value of the word with the largest weight, as if its weight were "
            "1.",
            "multiply it by its weight, and add what the other words give.",
            (_LIVING[_CAT],),
        ),
        WrongAnswer(
            "plain-mean",
            "Your number is the plain mean of the six values: every word counts alike in it.",
            "multiply each value by its own weight; the division by 6 falls away.",
            (_LIVING.mean(),),
        ),
        WrongAnswer(
            "plain-sum",
            "Your number is the plain sum of the six values: the weights have no say.",
            "multiply each value by its own weight before you add up.",
            (_LIVING.sum(),),
        ),
        WrongAnswer(
            "divided-by-n",
            "Your number is the weighted sum divided by 6: the weights add up to 1 already, so "
            "that nothing is left to divide.",
            "leave the division out.",
            (_WEIGHTS @ _LIVING / len(TOKENS),),
        ),
        WrongAnswer(
            "scores-taken-for-weights",
            "Your number uses the scores in the place of the weights.",
            "take the weights, which are positive and add up to 1.",
            (_SCORES @ _LIVING,),
        ),
    ),
    hints=(
        "Six products make the sum: a weight times the first number of the value beside it. One of "
        "the six is 0; which?",
        "cat gives 0.612 · 1.0, and sat gives 0.225 · 0.4. Go on with “the”, twice, and with mat.",
    ),
    solutions=(
        "answer = 2 * 0.030 * 0.3 + 0.612 * 1.0 + 0.225 * 0.4 + 0.083 * 0.2",
        "answer = np.dot([0.030, 0.612, 0.225, 0.018, 0.030, 0.083], [0.3, 1, 0.4, 0, 0.3, 0.2])",
    ),
    next_step="do the same for place, and then compare both with the next cell.",
)

AVERAGE_BUG = replace(
    WEIGHTED_SUM,
    id="average_bug",
    title="mend a function that runs, but does not compute the weighted sum",
    hints=(
        "Weights add up to 1. Take the weights 0.75 and 0.25, and the value 4 twice: which output "
        "do you expect, and which one comes out?",
        "The output is too small by a factor, the number of values. Which part of the line divides "
        "by it?",
    ),
    solutions=(
        "def mended(weights, values):\n    return (weights[..., None] * values).sum(axis=-2)",
        "def mended(weights, values):\n    return weights @ values",
    ),
    next_step="say why a weighted sum with these weights is a mean already.",
)


def _make_target_mat() -> Any:
    from attention_edu.widgets.score_explorer import ScoreExplorer

    return ScoreExplorer(
        TOKENS,
        _SCORES,
        VALUES,
        value_names=VALUE_NAMES,
        controls=["temperature", "mask", "reset"],
    )


def _distance(explorer: Any) -> float:
    return float(np.linalg.norm(explorer.output - VALUES[_MAT]))


def _take_other_words(explorer: Any) -> None:
    explorer.set_trait("tokens", ["a", "b", "c", "d", "e", "f"])
    explorer.temperature = 0.1


def _exchange_values(explorer: Any) -> None:
    explorer.values = np.tile(VALUES[_MAT], (len(TOKENS), 1))


def _stop_half_way(explorer: Any) -> None:
    explorer.scores = [-1.0, 2.0, 1.0, -1.5, -1.0, 3.0]


TARGET_MAT = TargetExercise(
    id="target_mat",
    notebook="04",
    title="bring the output to mat, within 0.1",
    widget="ScoreExplorer",
    make=_make_target_mat,
    start={
        "scores": _SCORES,
        "temperature": 1.0,
        "mask": np.full(len(TOKENS), True),
        "values": VALUES,
    },
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
            "values-exchanged",
            lambda explorer: bool(np.array_equal(explorer.values, VALUES)),
            lambda explorer: (
                "The values are not those of the sentence any more, in which mat has (0.2, 1): "
                "the task is to mix what is there."
            ),
            "run the picture's cell again, and move scores, temperature or ticks alone.",
            _exchange_values,
        ),
        Goal(
            "output-too-far",
            lambda explorer: _distance(explorer) < _SHOWN_AS_NEAR,
            lambda explorer: (
                f"The output ({explorer.output[0]:.2f}, {explorer.output[1]:.2f}) is "
                f"{_distance(explorer):.2f} away from mat, and at most {_NEAR:g} is wanted."
            ),
            "give mat a larger share, and look which word's arrow still pulls the output away.",
            _stop_half_way,
        ),
    ),
    why="Where one weight is nearly 1, the output is nearly that value: the mix has become a "
    "choice.",
    hints=(
        "The output is a mix. What is left of the mix if mat has nearly all of the weight?",
        "Raise the score of mat as far as it goes, lower that of its strongest rival, or untick "
        "the others.",
    ),
    solutions=(
        "explorer.scores = [-4, -4, -4, -4, -4, 4]",
        "explorer.mask = [False, False, False, False, False, True]",
        "explorer.scores = [-1, 0, 1, -1.5, -1, 2]\nexplorer.temperature = 0.25",
    ),
    next_step="try to get the output to (1, 1), and say what is in the way.",
)

EXPLAIN_HULL = SentenceExercise(
    id="explain_hull",
    notebook="04",
    title="say whether the output can be any vector, if only the weights are right, and why",
    points=(
        "weights are never negative",
        "they add up to 1, so that the output is a kind of average",
        "the output therefore stays in the convex hull of the values",
    ),
    hints=(
        "What did the random scores of part 3 never manage?",
        "Name the two properties that all weights have, and what follows from them for a mix.",
    ),
    solutions=(
        "No: weights are never negative and add up to 1, so the output stays inside the "
        "convex hull of the values; to reach other vectors, the values must change.",
        "No, since a mean whose shares are positive and make one whole lies between what is "
        "mixed, it never leaves the rubber band around the values.",
    ),
    next_step="put a sentence of your own into the picture, with values of your own.",
)

EXERCISES = (PREDICT_OUTPUT, WEIGHTED_SUM, TARGET_MAT, AVERAGE_BUG, EXPLAIN_HULL)
