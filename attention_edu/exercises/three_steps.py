"""Exercises on the three steps in a row: scores, weights, weighted sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from attention_edu.attention import attention, dot_product_scores, softmax
from attention_edu.exercises.checker import (
    Array,
    Case,
    FunctionExercise,
    Misconception,
    UnusableError,
)


def _random(seed: int, n_query: int, n_key: int, d: int, d_value: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    query, key = rng.normal(0, 1.5, (n_query, d)), rng.normal(0, 1.5, (n_key, d))
    return query.round(1), key.round(1), rng.normal(0, 4, (n_key, d_value)).round(1)


def _output(query: Array, key: Array, value: Array) -> Array:
    return attention(query, key, value).output


def _pick_output(returned: Any) -> tuple[Any, str]:
    """Take the output out of scores, weights and output."""
    if not isinstance(returned, list | tuple) or not 2 <= len(returned) <= 3:
        return returned, ""
    steps = "Your function returned three arrays; the last one, as the output, was judged."
    if isinstance(returned, tuple) and hasattr(returned, "output"):
        return returned.output, steps
    if any(_axes(part) != 2 for part in returned):  # rows of an output
        return returned, ""
    if len(returned) == 3:
        return returned[2], steps
    raise UnusableError(
        "returned 2 arrays; wanted is the output alone, or scores, weights and output in this order"
    )


def _axes(part: Any) -> int:
    if isinstance(part, list | tuple):
        return 1 + _axes(part[0]) if part else 1
    return np.ndim(part)


# What students compute who have a misconception: wrong on purpose.


def _scores(query: Array, key: Array) -> Array:
    return dot_product_scores(query, key, scale=1 / np.sqrt(query.shape[-1]))


def _weights(query: Array, key: Array) -> Array:
    return softmax(_scores(query, key))


def _scaled_by(scale: float, query: Array, key: Array, value: Array) -> Array:
    return attention(query, key, value, scale=scale).output


def _unscaled(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1.0, query, key, value)


def _by_d(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / query.shape[-1], query, key, value)


def _times_root_d(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(float(np.sqrt(query.shape[-1])), query, key, value)


def _by_root_of_keys(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / float(np.sqrt(len(key))), query, key, value)


def _by_root_of_queries(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / float(np.sqrt(len(query))), query, key, value)


def _by_root_of_value(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / float(np.sqrt(value.shape[-1])), query, key, value)


def _by_a_constant(divisor: float) -> Callable[[Array, Array, Array], Array]:
    """Divide by the root of an example's d, whatever the argument's is."""

    def by_constant(query: Array, key: Array, value: Array) -> Array:
        return _scaled_by(1 / divisor, query, key, value)

    return by_constant


def _by_d_squared(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(float(query.shape[-1]) ** -2, query, key, value)


def _by_keys(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / len(key), query, key, value)


def _by_queries(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / len(query), query, key, value)


def _by_d_then_two(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(1 / query.shape[-1] / 2, query, key, value)


def _by_half_of_d(query: Array, key: Array, value: Array) -> Array:
    return _scaled_by(2 / query.shape[-1], query, key, value)


def _key_as_it_is(query: Array, key: Array, value: Array) -> Array:
    return softmax(query @ key / np.sqrt(query.shape[-1])) @ value


def _weights_transposed(query: Array, key: Array, value: Array) -> Array:
    return _weights(query, key).T @ value


def _elementwise(query: Array, key: Array, value: Array) -> Array:
    return _weights(query, key) * value


def _value_first(query: Array, key: Array, value: Array) -> Array:
    return value @ _weights(query, key)


def _softmax_at_the_end(query: Array, key: Array, value: Array) -> Array:
    return softmax(_output(query, key, value))


def _distances(query: Array, key: Array, value: Array) -> Array:
    return softmax(-((query[:, None] - key) ** 2).sum(axis=-1)) @ value


def _scaled_distances(query: Array, key: Array, value: Array) -> Array:
    squares = ((query[:, None] - key) ** 2).sum(axis=-1)
    return softmax(-squares / np.sqrt(query.shape[-1])) @ value


def _divided(query: Array, key: Array, value: Array) -> Array:
    scores = _scores(query, key)
    return np.asarray((scores / scores.sum(axis=-1, keepdims=True)) @ value)


def _without_keepdims(query: Array, key: Array, value: Array) -> Array:
    powers = np.exp(_scores(query, key))
    return np.asarray((powers / powers.sum(axis=-1)) @ value)


def _sigmoid(query: Array, key: Array, value: Array) -> Array:
    return np.asarray((1 / (1 + np.exp(-_scores(query, key)))) @ value)


def _divided_by_n(query: Array, key: Array, value: Array) -> Array:
    return _output(query, key, value) / len(key)


def _unscaled_divided_by_n(query: Array, key: Array, value: Array) -> Array:
    return _unscaled(query, key, value) / len(key)


def _weights_by_root_d(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_unscaled(query, key, value) / np.sqrt(query.shape[-1]))


def _scores_and_weights_by_root_d(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_output(query, key, value) / np.sqrt(query.shape[-1]))


def _without_softmax(query: Array, key: Array, value: Array) -> Array:
    return _scores(query, key) @ value


def _without_softmax_and_scale(query: Array, key: Array, value: Array) -> Array:
    return query @ key.T @ value


def _over_queries(query: Array, key: Array, value: Array) -> Array:
    return softmax(_scores(query, key), axis=0) @ value


def _over_queries_unscaled(query: Array, key: Array, value: Array) -> Array:
    return softmax(query @ key.T, axis=0) @ value


def _over_everything(query: Array, key: Array, value: Array) -> Array:
    scores = _scores(query, key)
    return softmax(scores.ravel()).reshape(scores.shape) @ value


def _twice(query: Array, key: Array, value: Array) -> Array:
    return softmax(_weights(query, key)) @ value


def _exp_alone(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(np.exp(_scores(query, key)) @ value)


def _powers_alone(query: Array, key: Array, value: Array) -> Array:
    scores = _scores(query, key)
    return np.asarray(np.exp(scores - scores.max(axis=-1, keepdims=True)) @ value)


def _swapped(query: Array, key: Array, value: Array) -> Array:
    return _weights(key, query) @ value


def _key_as_value(query: Array, key: Array, value: Array) -> Array:
    return _weights(query, key) @ key


def _value_as_key(query: Array, key: Array, value: Array) -> Array:
    return _weights(query, value) @ value


def _key_and_value_swapped(query: Array, key: Array, value: Array) -> Array:
    return _weights(query, value) @ key


def _weights_returned(query: Array, key: Array, value: Array) -> Array:
    return _weights(query, key)


def _unscaled_weights_returned(query: Array, key: Array, value: Array) -> Array:
    return softmax(query @ key.T)


def _scores_returned(query: Array, key: Array, value: Array) -> Array:
    return _scores(query, key)


def _unscaled_scores_returned(query: Array, key: Array, value: Array) -> Array:
    return dot_product_scores(query, key)


def _naive(query: Array, key: Array, value: Array) -> Array:
    powers = np.exp(_scores(query, key))
    return np.asarray((powers / powers.sum(axis=-1, keepdims=True)) @ value)


def _plain_mean(query: Array, key: Array, value: Array) -> Array:
    return np.repeat(value.mean(axis=0, keepdims=True), len(query), axis=0)


def _plain_mean_once(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(value.mean(axis=0))


def _hard(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(value[_scores(query, key).argmax(axis=-1)])


ATTENTION = FunctionExercise(
    id="attention",
    notebook="04",
    title="compute scaled dot-product attention: scores divided by √d, softmax, weighted sum of "
    "the values",
    parameters=("query", "key", "value"),
    reference=_output,
    noun="outputs",
    shape_rule="a row for each query, and as many components as a value has",
    covers="one query and several, more queries than keys and fewer, values longer and shorter "
    "than keys, whole numbers, and large scores",
    pick=_pick_output,
    cases=(
        Case(
            (
                np.array([[1.0, 2.0, 0.0, 1.0]]),
                np.array([[2.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]]),
                np.array([[4.0, 0.0, 2.0], [0.0, 8.0, 6.0]]),
            ),
            "one query, d = 4",
        ),
        Case(_random(61, 2, 4, 3, 5), "fewer queries than keys, d = 3"),
        Case(_random(62, 5, 3, 4, 2), "more queries than keys, d = 4"),
        Case(_random(63, 3, 3, 4, 2), "as many queries as keys, d = 4"),
        Case(_random(64, 4, 3, 2, 2), "values as long as keys, d = 2"),
        Case(_random(65, 3, 3, 3, 3), "as many queries as keys as components, d = 3"),
        Case(
            (
                np.array([[1, 0, 2], [0, -1, 1]]),
                np.array([[1, 1, 0], [2, 0, -1], [0, 1, 1], [1, 0, 1]]),
                np.array([[3, 0], [1, 4], [-2, 5], [0, 1]]),
            ),
            "whole numbers",
        ),
        Case(
            (
                np.array([[40.0, 30.0], [1.0, -1.0]]),
                np.array([[40.0, 0.0], [39.0, 1.5], [0.0, 2.0]]),
                np.array([[2.0], [6.0], [1.0]]),
            ),
            "large scores",
            trap="no-max-subtraction",
        ),
    ),
    misconceptions=(
        Misconception(
            "no-scale",
            "Your outputs come from scores that are not divided by √d: the longer the vectors, the "
            "larger their dot products, until softmax gives almost everything to one key.",
            "divide query @ key.T by np.sqrt(query.shape[-1]) before softmax.",
            (_unscaled,),
        ),
        Misconception(
            "scaled-by-d",
            "Your outputs come from scores divided by d, or by √d twice: dot products of random "
            "vectors grow like √d, so dividing by d makes the weights almost equal.",
            "divide by np.sqrt(d) once.",
            (_by_d,),
        ),
        Misconception(
            "power-without-brackets",
            "Your outputs come from scores divided by d**1/2 or d**2: Python takes the power "
            "first, so that d**1/2 is d / 2, and not the root of d.",
            "write d**0.5, or np.sqrt(d).",
            (_by_half_of_d, _by_d_then_two, _by_d_squared),
        ),
        Misconception(
            "scaled-the-wrong-way",
            "Your outputs come from scores multiplied by √d: that makes large scores larger still.",
            "divide by np.sqrt(d) instead.",
            (_times_root_d,),
        ),
        Misconception(
            "scaled-by-another-length",
            "Your outputs come from scores divided by another length or its root, the number of "
            "keys, of queries, or of components of a value: d is the number of components that "
            "the dot product adds up.",
            "take d from the last axis of the query, and divide by its root: "
            "np.sqrt(query.shape[-1]).",
            (_by_root_of_keys, _by_root_of_queries, _by_root_of_value, _by_keys, _by_queries),
        ),
        Misconception(
            "scale-of-the-example",
            "Your outputs come from scores divided by the scale of the example, a fixed number "
            "such as np.sqrt(4) or 2, instead of √d of the argument: queries of other lengths "
            "need another scale.",
            "take d from the argument: np.sqrt(query.shape[-1]).",
            tuple(_by_a_constant(float(np.sqrt(d))) for d in (4, 2, 3, 6, 8, 16, 64)),
        ),
        Misconception(
            "scaled-after-softmax",
            "Your outputs are divided by √d after softmax: the weights then no longer sum to 1.",
            "divide the scores, before softmax, and nothing after it.",
            (_weights_by_root_d, _scores_and_weights_by_root_d),
        ),
        Misconception(
            "missing-transpose",
            "Your outputs come from query @ key, with the key matrix not transposed: that fits "
            "only by chance when there are as many keys as components.",
            "transpose the keys, query @ key.T, so that each column belongs to one key.",
            (_key_as_it_is,),
        ),
        Misconception(
            "weights-transposed",
            "Your outputs use the weights transposed: column j of the weights belongs to value j, "
            "and row i to query i.",
            "leave the weights as they are: weights @ value.",
            (_weights_transposed,),
        ),
        Misconception(
            "value-first",
            "Your outputs come from value @ weights: the last axis of the first factor meets the "
            "first axis of the second, and that of weights counts the values.",
            "change the order: weights @ value.",
            (_value_first,),
        ),
        Misconception(
            "product-without-sum",
            "Your outputs are weights times values, element by element: a weight belongs to a "
            "whole row of value, and the weighted rows have to be added up.",
            "write @ in place of *: weights @ value.",
            (_elementwise,),
        ),
        Misconception(
            "softmax-at-the-end",
            "Your outputs went through softmax once more at the end: it belongs between scores "
            "and weights, and values may be any numbers.",
            "return weights @ value as it is.",
            (_softmax_at_the_end,),
        ),
        Misconception(
            "distance",
            "Your outputs come from distances between queries and keys: this exercise asks for "
            "dot products, query @ key.T.",
            "replace the differences by products.",
            (_distances, _scaled_distances),
        ),
        Misconception(
            "divide-without-exp",
            "Your outputs come from scores divided by their sum, without exp: negative scores then "
            "give negative weights.",
            "take exp of the scores first, and divide by the sum of that.",
            (_divided,),
        ),
        Misconception(
            "missing-keepdims",
            "Your outputs come from weights divided by the sum of another row: without "
            "keepdims=True the sums lie along the columns, which fits only by chance when there "
            "are as many queries as keys.",
            "write sum(axis=-1, keepdims=True), so that each sum stays with its own row.",
            (_without_keepdims,),
        ),
        Misconception(
            "sigmoid",
            "Your outputs come from the sigmoid of each score: it looks at each score by itself, "
            "so that the weights do not compete and do not sum to 1.",
            "divide exp of each score by the sum of exp over all scores of the row.",
            (_sigmoid,),
        ),
        Misconception(
            "divided-by-n",
            "Your outputs are divided by the number of keys: the weights sum to 1 already, so the "
            "weighted sum is a mean as it is.",
            "leave out the division.",
            (_divided_by_n, _unscaled_divided_by_n),
        ),
        Misconception(
            "no-softmax",
            "Your outputs mix the values with the scores themselves, without softmax: scores can "
            "be negative and do not sum to 1.",
            "apply softmax to the scores along the last axis, and use the weights that it gives.",
            (_without_softmax, _without_softmax_and_scale),
        ),
        Misconception(
            "exp-without-dividing",
            "Your outputs mix the values with exp of the scores, not divided by their sum: these "
            "weights do not sum to 1.",
            "divide by the sum along the last axis.",
            (_exp_alone, _powers_alone),
        ),
        Misconception(
            "wrong-axis",
            "Your outputs come from softmax over the queries, the wrong axis: each row of scores "
            "belongs to one query, and shares out that query's attention among the keys.",
            "apply softmax along the last axis, axis=-1.",
            (_over_queries, _over_queries_unscaled),
        ),
        Misconception(
            "normalised-over-everything",
            "Your outputs come from weights that sum to 1 over the whole array: each row must sum "
            "to 1 by itself, since each query has its own unit of attention.",
            "give softmax, or the sum in it, the axis -1.",
            (_over_everything,),
        ),
        Misconception(
            "softmax-twice",
            "Your outputs come from softmax applied twice: the second one takes the weights for "
            "scores, and makes them almost equal.",
            "apply softmax once.",
            (_twice,),
        ),
        Misconception(
            "query-and-key-swapped",
            "Your outputs come from query and key swapped: the queries make the rows of the "
            "scores, and each row is shared out among the keys.",
            "let query come first in the product: query @ key.T.",
            (_swapped,),
        ),
        Misconception(
            "key-used-as-value",
            "Your outputs mix the keys instead of the values: a key only says how well its token "
            "fits, and what the token contributes is its value.",
            "multiply the weights with value in the last step.",
            (_key_as_value,),
        ),
        Misconception(
            "value-used-as-key",
            "Your outputs compare the queries with the values instead of the keys: a value is what "
            "a token contributes, and how well it fits is up to its key.",
            "use key in the scores: query @ key.T.",
            (_value_as_key,),
        ),
        Misconception(
            "key-and-value-swapped",
            "Your outputs come from key and value swapped: keys are compared with the queries, "
            "values are mixed.",
            "use key in the scores and value in the last step.",
            (_key_and_value_swapped,),
        ),
        Misconception(
            "weights-returned",
            "Your outputs are the weights: the last step is missing, in which they mix the values; "
            "of three arrays, the last one counts as the output.",
            "return weights @ value, or scores, weights and output in this order.",
            (_weights_returned, _unscaled_weights_returned),
        ),
        Misconception(
            "scores-returned",
            "Your outputs are the scores: softmax and the weighted sum are missing; of three "
            "arrays, the last one counts as the output.",
            "return weights @ value, or scores, weights and output in this order.",
            (_scores_returned, _unscaled_scores_returned),
        ),
        Misconception(
            "plain-mean",
            "Your outputs equal the plain mean of the values: queries and keys have no say.",
            "multiply each value by its own weight, and add up: weights @ value.",
            (_plain_mean, _plain_mean_once),
        ),
        Misconception(
            "hard-attention",
            "Your outputs take only the value whose key has the largest score (hard attention): "
            "softmax leaves every value a share.",
            "mix all values, each with its own weight.",
            (_hard,),
        ),
        Misconception(
            "no-max-subtraction",
            "Your outputs are right for small scores, but exp of a large score overflows to inf, "
            "and inf / inf is NaN.",
            "subtract the row's largest score in softmax; that changes no weight.",
            (_naive,),
        ),
    ),
    hints=(
        "Three steps: scores from query and key, weights from the scores, and the output from the "
        "weights and value. Which shape has each of them?",
        "The scores are query @ key.T, divided by the root of d = query.shape[-1]. Softmax makes "
        "weights of them, row by row.",
        "Then weights = softmax(scores), and the output is weights @ value. Return that; "
        "scores, weights and output in this order will do as well.",
    ),
    solutions=(
        "def my_attention(query, key, value):\n"
        "    scores = query @ key.T / np.sqrt(query.shape[-1])\n"
        "    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "    weights = powers / powers.sum(axis=-1, keepdims=True)\n"
        "    return weights @ value",
        "def my_attention(query, key, value):\n"
        "    output = []\n"
        "    for q in query:\n"
        "        scores = np.array([np.sum(q * k) for k in key]) / np.sqrt(len(q))\n"
        "        powers = np.exp(scores - scores.max())\n"
        "        weights = powers / powers.sum()\n"
        "        output.append(sum(w * v for w, v in zip(weights, value)))\n"
        "    return output",
        "def my_attention(query, key, value):\n"
        "    scores = query @ key.T / np.sqrt(query.shape[-1])\n"
        "    weights = np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))\n"
        "    return scores, weights, weights @ value",
    ),
    next_step="swap two rows of key and the same two of value, and see what happens to the output.",
)

EXERCISES = (ATTENTION,)
