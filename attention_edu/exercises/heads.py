"""Exercises on self-attention and several heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from attention_edu.attention import (
    AttentionSteps,
    attention,
    causal_mask,
    dot_product_scores,
    multi_head_attention,
    softmax,
)
from attention_edu.exercises.checker import (
    Array,
    Case,
    Exercise,
    FunctionExercise,
    Misconception,
    UnusableError,
)

_STEPS = "Your function returned three arrays; the last one, as the output, was judged."


def _axes(part: Any) -> int:
    if isinstance(part, list | tuple):
        return 1 + _axes(part[0]) if part else 1
    return np.ndim(part)


def _pick_output(returned: Any) -> tuple[Any, str]:
    """Take the output out of scores, weights and output."""
    if not isinstance(returned, list | tuple) or not 2 <= len(returned) <= 3:
        return returned, ""
    if isinstance(returned, tuple) and hasattr(returned, "output"):
        return returned.output, _STEPS
    if any(_axes(part) != 2 for part in returned):
        return returned, ""  # rows of an output
    if len(returned) == 3:
        return returned[2], _STEPS
    raise UnusableError(
        "returned 2 arrays; wanted is the output alone, or scores, weights and output in this order"
    )


# ---------------------------------------------------------------------------------------------
# Self-attention
# ---------------------------------------------------------------------------------------------


def _self_steps(
    inputs: Array, query_weight: Array, key_weight: Array, value_weight: Array, **options: Any
) -> AttentionSteps:
    return attention(inputs @ query_weight, inputs @ key_weight, inputs @ value_weight, **options)


def _self_attention(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv).output


# What students compute who have a misconception: wrong on purpose.


def _self_scores(inputs: Array, wq: Array, wk: Array, scale: float | None = None) -> Array:
    scale = 1 / float(np.sqrt(wk.shape[1])) if scale is None else scale
    return dot_product_scores(inputs @ wq, inputs @ wk, scale=scale)


def _no_scale(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=1.0).output


def _by_width(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=1 / np.sqrt(inputs.shape[1])).output


def _by_value_width(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=1 / np.sqrt(wv.shape[1])).output


def _by_tokens(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=1 / np.sqrt(len(inputs))).output


def _by_d(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=1 / wk.shape[1]).output


def _times_root_d(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=np.sqrt(wk.shape[1])).output


def _by_a_constant(divisor: float) -> Callable[[Array, Array, Array, Array], Array]:
    """Divide by the root of an example's d, whatever the argument's is."""

    def by_constant(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
        return _self_steps(inputs, wq, wk, wv, scale=1 / divisor).output

    return by_constant


def _scaled_late(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_no_scale(inputs, wq, wk, wv) / np.sqrt(wk.shape[1]))


def _no_query_weight(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs, inputs @ wk, inputs @ wv).output


def _no_query_weight_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs, inputs @ wk, inputs @ wv, scale=1.0).output


def _no_key_weight(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs @ wq, inputs, inputs @ wv).output


def _no_key_weight_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs @ wq, inputs, inputs @ wv, scale=1.0).output


def _no_value_weight(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs @ wq, inputs @ wk, inputs).output


def _no_value_weight_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs @ wq, inputs @ wk, inputs, scale=1.0).output


def _no_weights(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs, inputs, inputs).output


def _only_value_weight(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return attention(inputs, inputs, inputs @ wv).output


def _query_and_key_swapped(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wk, wq, wv)


def _query_weight_for_both(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wq, wq, wv)


def _key_weight_for_both(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wk, wk, wv)


def _keys_mixed(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wq, wk, wk)


def _values_compared(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wq, wv, wv)


def _value_and_key_swapped(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wq, wv, wk)


def _weights_turned(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wq.T, wk.T, wv.T)


def _first_axis(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(softmax(_self_scores(inputs, wq, wk), axis=0) @ (inputs @ wv))


def _first_axis_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(softmax(_self_scores(inputs, wq, wk, 1.0), axis=0) @ (inputs @ wv))


def _everything(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    scores = _self_scores(inputs, wq, wk)
    return np.asarray(softmax(scores.ravel()).reshape(scores.shape) @ (inputs @ wv))


def _weights_transposed(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_self_steps(inputs, wq, wk, wv).weights.T @ (inputs @ wv))


def _output_transposed(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_attention(inputs, wq, wk, wv).T


def _self_weights(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv).weights


def _self_weights_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, scale=1.0).weights


def _scores_alone(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_scores(inputs, wq, wk)


def _scores_alone_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_scores(inputs, wq, wk, 1.0)


def _no_softmax(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_self_scores(inputs, wq, wk) @ (inputs @ wv))


def _no_softmax_unscaled(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_self_scores(inputs, wq, wk, 1.0) @ (inputs @ wv))


def _exp_alone(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(np.exp(_self_scores(inputs, wq, wk)) @ (inputs @ wv))


def _powers_alone(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    scores = _self_scores(inputs, wq, wk)
    return np.asarray(np.exp(scores - scores.max(axis=-1, keepdims=True)) @ (inputs @ wv))


def _softmax_twice(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(softmax(_self_steps(inputs, wq, wk, wv).weights) @ (inputs @ wv))


def _causal(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, is_causal=True).output


def _not_itself(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return _self_steps(inputs, wq, wk, wv, mask=~np.eye(len(inputs), dtype=bool)).output


def _mean_of_values(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.tile((inputs @ wv).mean(axis=0), (len(inputs), 1))


def _mean_of_outputs(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_self_attention(inputs, wq, wk, wv).mean(axis=0))


def _first_output(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_self_attention(inputs, wq, wk, wv)[0])


def _last_output(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray(_self_attention(inputs, wq, wk, wv)[-1])


def _hard(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    return np.asarray((inputs @ wv)[_self_scores(inputs, wq, wk).argmax(axis=-1)])


def _naive(inputs: Array, wq: Array, wk: Array, wv: Array) -> Array:
    powers = np.exp(_self_scores(inputs, wq, wk))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True) @ (inputs @ wv))


def _self_case(seed: int, n: int, width: int, d_key: int, d_value: int) -> Case:
    rng = np.random.default_rng(seed)
    shapes = (width, d_key), (width, d_key), (width, d_value)
    inputs = rng.normal(0, 1.2, (n, width)).round(1)
    weights = tuple(rng.normal(0, 0.9, shape).round(1) for shape in shapes)
    tokens = "1 token" if n == 1 else f"{n} tokens"
    sizes = f"inputs of width {width}, keys of width {d_key}, values of width {d_value}"
    return Case((inputs, *weights), f"{tokens}; {sizes}")


_NO_MAXIMUM = Misconception(
    "no-max-subtraction",
    "Your outputs are right for small scores, but exp of a large score overflows to inf, and "
    "inf / inf is NaN.",
    "subtract the row's largest score in softmax; that changes no weight.",
    (_naive,),
)

SELF_ATTENTION = FunctionExercise(
    id="self_attention",
    notebook="05",
    title="compute self-attention: queries, keys and values are all projected from the same "
    "inputs, and attention is scaled by the root of a key's length",
    parameters=("inputs", "query_weight", "key_weight", "value_weight"),
    reference=_self_attention,
    noun="outputs",
    shape_rule="a row for each token, and as many components as value_weight has columns",
    covers="one token and several, keys shorter and longer than the inputs, values of another "
    "length, whole numbers, and large scores",
    pick=_pick_output,
    cases=(
        Case(
            (
                np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 2.0]]),
                np.array([[4.0], [1.0], [0.0]]),
            ),
            "2 tokens; inputs of width 3, keys of width 2, values of width 1",
        ),
        _self_case(81, 3, 4, 2, 3),
        _self_case(82, 4, 2, 3, 5),
        _self_case(83, 3, 3, 3, 3),
        _self_case(84, 5, 4, 4, 2),
        _self_case(85, 4, 4, 3, 4),
        _self_case(86, 1, 3, 2, 2),
        Case(
            (
                np.array([[1, 0], [0, 2], [-1, 1]]),
                np.array([[1, 2, 0], [0, 1, 1]]),
                np.array([[0, 1, 1], [2, 0, 1]]),
                np.array([[3, 0], [1, -2]]),
            ),
            "whole numbers",
        ),
        Case(
            (
                np.array([[40.0, 1.0], [30.0, -2.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.5], [0.0, 2.0]]),
                np.array([[0.1], [2.0]]),
            ),
            "large scores",
            trap="no-max-subtraction",
        ),
    ),
    misconceptions=(
        Misconception(
            "no-scale",
            "Your outputs come from scores that are not divided by the root of d, the length of a "
            "key: the longer the keys, the more extreme the weights.",
            "divide the scores by np.sqrt(d) with d = key_weight.shape[1].",
            (_no_scale,),
        ),
        Misconception(
            "scaled-by-the-inputs-width",
            "Your outputs come from scores divided by the root of the inputs' width: the dot "
            "product adds up the components of the projected queries and keys, so their number "
            "counts.",
            "take d from the projected key, key.shape[-1], or from key_weight.shape[1].",
            (_by_width,),
        ),
        Misconception(
            "scaled-by-another-length",
            "Your outputs come from scores divided by the root of another length, the number of "
            "tokens or of a value's components: d is the number of components of a key.",
            "take d from the projected key, key.shape[-1].",
            (_by_tokens, _by_value_width),
        ),
        Misconception(
            "scaled-by-d",
            "Your outputs come from scores divided by d instead of √d: dot products of random "
            "vectors grow like √d, so dividing by d makes the weights almost equal.",
            "divide by np.sqrt(d).",
            (_by_d,),
        ),
        Misconception(
            "scaled-the-wrong-way",
            "Your outputs come from scores multiplied by √d: that makes large scores larger still.",
            "divide by np.sqrt(d) instead.",
            (_times_root_d,),
        ),
        Misconception(
            "scale-of-the-example",
            "Your outputs come from scores divided by the scale of the example, a fixed number "
            "such as np.sqrt(4) or 2, instead of √d of the argument: keys of other lengths need "
            "another scale.",
            "take d from the argument: np.sqrt(key_weight.shape[1]).",
            tuple(_by_a_constant(float(np.sqrt(d))) for d in (4, 2, 3, 6, 8, 16, 64)),
        ),
        Misconception(
            "scaled-after-softmax",
            "Your outputs are divided by √d after softmax: the weights then no longer sum to 1.",
            "divide the scores, before softmax, and nothing after it.",
            (_scaled_late,),
        ),
        Misconception(
            "query-not-projected",
            "Your outputs come from queries without their weight: the inputs themselves ask, and "
            "query_weight is never used.",
            "write query = inputs @ query_weight.",
            (_no_query_weight, _no_query_weight_unscaled),
        ),
        Misconception(
            "key-not-projected",
            "Your outputs come from keys without their weight: the inputs themselves are found, "
            "and key_weight is never used.",
            "write key = inputs @ key_weight.",
            (_no_key_weight, _no_key_weight_unscaled),
        ),
        Misconception(
            "value-not-projected",
            "Your outputs mix the inputs themselves: a token contributes its value, and "
            "value_weight makes that of the input.",
            "write value = inputs @ value_weight, and mix these.",
            (_no_value_weight, _no_value_weight_unscaled),
        ),
        Misconception(
            "nothing-projected",
            "Your outputs compare the inputs with themselves, without query_weight and key_weight: "
            "then nothing can be learned, and a token mostly finds tokens like itself.",
            "project the inputs three times, and use these projections in attention.",
            (_no_weights, _only_value_weight),
        ),
        Misconception(
            "query-and-key-swapped",
            "Your outputs come from query and key swapped: the row of a token must hold what it "
            "asks, and the columns what the others offer.",
            "project the queries with query_weight, and let them make the rows: query @ key.T.",
            (_query_and_key_swapped,),
        ),
        Misconception(
            "one-weight-for-both",
            "Your outputs project queries and keys with the same weight: then all scores are "
            "symmetric, and a token cannot ask for something other than it offers.",
            "use query_weight for the queries and key_weight for the keys.",
            (_query_weight_for_both, _key_weight_for_both),
        ),
        Misconception(
            "key-used-as-value",
            "Your outputs mix the keys instead of the values: a key says how well its token fits, "
            "and its value is what it contributes.",
            "multiply the weights with inputs @ value_weight.",
            (_keys_mixed,),
        ),
        Misconception(
            "value-used-as-key",
            "Your outputs compare the queries with the values instead of the keys: how well a "
            "token fits is up to its key.",
            "use inputs @ key_weight in the scores.",
            (_values_compared, _value_and_key_swapped),
        ),
        Misconception(
            "weights-turned-over",
            "Your outputs multiply with the weights turned over (.T): here vectors are rows, and a "
            "weight has the shape (components before, components after).",
            "write inputs @ query_weight without .T.",
            (_weights_turned,),
        ),
        Misconception(
            "wrong-axis",
            "Your outputs come from softmax over the queries, the wrong axis: each row of scores "
            "belongs to one query, and shares out that query's attention.",
            "apply softmax along the last axis, axis=-1.",
            (_first_axis, _first_axis_unscaled),
        ),
        Misconception(
            "normalised-over-everything",
            "Your outputs come from weights that sum to 1 over the whole array: each row must sum "
            "to 1 by itself, since each query has its own unit of attention.",
            "give softmax, or the sum in it, the axis -1.",
            (_everything,),
        ),
        Misconception(
            "weights-transposed",
            "Your outputs use the weights turned over: row i of the weights belongs to query i and "
            "makes row i of the outputs.",
            "write weights @ value without .T.",
            (_weights_transposed,),
        ),
        Misconception(
            "transposed",
            "Your outputs are transposed: a row belongs to a token.",
            "return weights @ value without .T.",
            (_output_transposed,),
        ),
        Misconception(
            "weights-returned",
            "Your outputs are the weights: the last step is missing, in which they mix the values; "
            "of three arrays, the last one counts as the output.",
            "return weights @ value, or scores, weights and output in this order.",
            (_self_weights, _self_weights_unscaled),
        ),
        Misconception(
            "scores-returned",
            "Your outputs are the scores: softmax and the weighted sum are missing; of three "
            "arrays, the last one counts as the output.",
            "return weights @ value, or scores, weights and output in this order.",
            (_scores_alone, _scores_alone_unscaled),
        ),
        Misconception(
            "no-softmax",
            "Your outputs mix the values with the scores themselves, without softmax: scores can "
            "be negative and do not sum to 1.",
            "apply softmax to the scores along the last axis.",
            (_no_softmax, _no_softmax_unscaled),
        ),
        Misconception(
            "exp-without-dividing",
            "Your outputs mix the values with exp of the scores, not divided by their sum: these "
            "weights do not sum to 1.",
            "divide by the sum along the last axis.",
            (_exp_alone, _powers_alone),
        ),
        Misconception(
            "softmax-twice",
            "Your outputs come from softmax applied twice: the second one takes the weights for "
            "scores, and makes them almost equal.",
            "apply softmax once.",
            (_softmax_twice,),
        ),
        Misconception(
            "masked-unasked",
            "Your outputs leave tokens out, the later ones or the token itself: self-attention "
            "lets every token attend to all, itself included, unless a mask says otherwise.",
            "leave the mask away.",
            (_causal, _not_itself),
        ),
        Misconception(
            "plain-mean",
            "Your outputs equal the plain mean of the values: queries and keys have no say.",
            "multiply each value by its own weight, and add up: weights @ value.",
            (_mean_of_values,),
        ),
        Misconception(
            "one-output-for-all",
            "Your outputs are one vector for all tokens: self-attention gives every token an "
            "output of its own.",
            "let each token ask: a row of weights and a row of the output for each.",
            (_mean_of_outputs, _first_output, _last_output),
        ),
        Misconception(
            "hard-attention",
            "Your outputs take only the value whose key has the largest score (hard attention): "
            "softmax leaves every value a share.",
            "mix all values, each with its own weight.",
            (_hard,),
        ),
        _NO_MAXIMUM,
    ),
    hints=(
        "Self-attention is attention in which one array plays three parts. What makes queries, "
        "keys and values of the same inputs?",
        "query = inputs @ query_weight, and so on. After that, everything is as in notebook 04; "
        "look at what d is now.",
        "d is the number of columns of key_weight. The weights have the shape (n, n), a row for "
        "each token that asks.",
    ),
    solutions=(
        "def my_self_attention(inputs, query_weight, key_weight, value_weight):\n"
        "    query = inputs @ query_weight\n"
        "    key = inputs @ key_weight\n"
        "    value = inputs @ value_weight\n"
        "    scores = query @ key.T / np.sqrt(key.shape[-1])\n"
        "    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "    return powers / powers.sum(axis=-1, keepdims=True) @ value",
        "def my_self_attention(inputs, query_weight, key_weight, value_weight):\n"
        "    output = []\n"
        "    for token in inputs:\n"
        "        query = token @ query_weight\n"
        "        scores = [query @ (other @ key_weight) for other in inputs]\n"
        "        scores = np.array(scores) / len(query) ** 0.5\n"
        "        powers = np.exp(scores - scores.max())\n"
        "        weights = powers / powers.sum()\n"
        "        output.append(sum(w * (x @ value_weight) for w, x in zip(weights, inputs)))\n"
        "    return output",
    ),
    next_step="swap two rows of the inputs, and see what the outputs do.",
)


# ---------------------------------------------------------------------------------------------
# Several heads
# ---------------------------------------------------------------------------------------------


def _multi_head(*given: Any) -> Array:
    return _package(given).output


def _package(given: Any, **options: Any) -> AttentionSteps:
    query, key, value, num_heads, *weights = given
    names = ("query_weight", "key_weight", "value_weight", "output_weight")
    return multi_head_attention(
        query, key, value, num_heads=num_heads, **dict(zip(names, weights)), **options
    )


def _projected(given: Any) -> tuple[Array, Array, Array]:
    query, key, value, _, wq, wk, wv, _ = given
    return query @ wq, key @ wk, value @ wv


def _split(projected: Array, heads: int) -> Array:
    """Give each head its columns: (n, heads · d) becomes (heads, n, d)."""
    return projected.reshape(len(projected), heads, -1).swapaxes(0, 1)


def _joined(outputs: Array) -> Array:
    """Put the outputs of the heads side by side: (heads, n, d) becomes (n, heads · d)."""
    return np.asarray(np.concatenate(list(outputs), axis=-1))


def _each_head(given: Any, **options: Any) -> AttentionSteps:
    """Attend in each head, as it is right; the output has the shape (heads, n_query, d)."""
    query, key, value = (_split(projected, given[3]) for projected in _projected(given))
    return attention(query, key, value, **options)


def _with_scale(scale: float, given: Any) -> Array:
    return np.asarray(_joined(_each_head(given, scale=scale).output) @ given[7])


def _pick_output_of_heads(returned: Any) -> tuple[Any, str]:
    """Take the output out of scores, weights and output, but leave a list of the heads alone."""
    if not isinstance(returned, list | tuple):
        return returned, ""
    if hasattr(returned, "output"):
        return _pick_output(returned)
    if [_axes(part) for part in returned[:4]] == [3, 3, 2]:
        return returned[2], _STEPS
    return returned, ""


# What students compute who have a misconception: wrong on purpose.


def _one_big_head(*given: Any) -> Array:
    return np.asarray(attention(*_projected(given)).output @ given[7])


def _one_big_head_scaled_as_small(*given: Any) -> Array:
    query, key, value = _projected(given)
    scale = np.sqrt(given[3] / query.shape[1])
    return np.asarray(attention(query, key, value, scale=scale).output @ given[7])


def _one_big_head_unscaled(*given: Any) -> Array:
    return np.asarray(attention(*_projected(given), scale=1.0).output @ given[7])


def _tokens_split(*given: Any) -> Array:
    query, key, value = (np.array(np.split(p, given[3], axis=0)) for p in _projected(given))
    return np.asarray(np.concatenate(list(attention(query, key, value).output)) @ given[7])


def _by_all_columns(*given: Any) -> Array:
    return _with_scale(1 / float(np.sqrt(given[4].shape[1])), given)


def _by_query_width(*given: Any) -> Array:
    return _with_scale(1 / float(np.sqrt(given[0].shape[1])), given)


def _by_key_width(*given: Any) -> Array:
    return _with_scale(1 / float(np.sqrt(given[1].shape[1])), given)


def _by_output_width(*given: Any) -> Array:
    return _with_scale(1 / float(np.sqrt(given[7].shape[1])), given)


def _unscaled(*given: Any) -> Array:
    return _with_scale(1.0, given)


def _by_head_size(*given: Any) -> Array:
    return _with_scale(given[3] / given[4].shape[1], given)


def _by_root_of_heads(*given: Any) -> Array:
    return _with_scale(1 / float(np.sqrt(given[3])), given)


def _heads_by_a_constant(divisor: float) -> Callable[..., Array]:
    """Divide by the root of an example's d, whatever a head's is."""
    return lambda *given: _with_scale(1 / divisor, given)


def _always_two_heads(*given: Any) -> Array:
    query, key, value, _, *weights = given
    return _multi_head(query, key, value, 2, *weights)


def _always_two_heads_of_four(*given: Any) -> Array:
    query, key, value, _, *weights = given
    return _with_scale(0.5, (query, key, value, 2, *weights))


def _added_up(*given: Any) -> Array:
    return np.asarray(_each_head(given).output.sum(axis=0))


def _added_up_and_projected(*given: Any) -> Array:
    outputs = _each_head(given).output
    return np.asarray(outputs.sum(axis=0) @ given[7][: outputs.shape[-1]])


def _averaged(*given: Any) -> Array:
    return np.asarray(_each_head(given).output.mean(axis=0))


def _averaged_and_projected(*given: Any) -> Array:
    outputs = _each_head(given).output
    return np.asarray(outputs.mean(axis=0) @ given[7][: outputs.shape[-1]])


def _no_output_weight(*given: Any) -> Array:
    return _joined(_each_head(given).output)


def _whole_values_averaged(*given: Any) -> Array:
    return np.asarray(_each_head(given).weights.mean(axis=0) @ _projected(given)[2] @ given[7])


def _whole_values_added_up(*given: Any) -> Array:
    return np.asarray(_each_head(given).weights.sum(axis=0) @ _projected(given)[2] @ given[7])


def _reshaped(given: Any) -> Array:
    """Read the rows on and on, heads first, as reshape(heads, n, d) does."""
    parts = (p.reshape(given[3], len(p), -1) for p in _projected(given))
    return attention(*parts).output


def _reshaped_and_joined(*given: Any) -> Array:
    return np.asarray(_joined(_reshaped(given)) @ given[7])


def _reshaped_back(*given: Any) -> Array:
    return np.asarray(_reshaped(given).reshape(len(given[0]), -1) @ given[7])


def _reshaped_at_the_end(*given: Any) -> Array:
    return np.asarray(_each_head(given).output.reshape(len(given[0]), -1) @ given[7])


def _every_other_column(given: Any) -> Array:
    """Give head h the columns h, h + heads, h + 2·heads and so on."""
    query, key, value = (
        p.reshape(len(p), -1, given[3]).transpose(2, 0, 1) for p in _projected(given)
    )
    return attention(query, key, value).output


def _interleaved(*given: Any) -> Array:
    outputs = _every_other_column(given).transpose(1, 2, 0)
    return np.asarray(outputs.reshape(len(given[0]), -1) @ given[7])


def _interleaved_then_joined(*given: Any) -> Array:
    return np.asarray(_joined(_every_other_column(given)) @ given[7])


def _joined_interleaved(*given: Any) -> Array:
    outputs = _each_head(given).output.transpose(1, 2, 0)
    return np.asarray(outputs.reshape(len(given[0]), -1) @ given[7])


def _heads_reversed(*given: Any) -> Array:
    return np.asarray(_joined(_each_head(given).output[::-1]) @ given[7])


def _inputs_swapped(*given: Any) -> Array:
    query, key, *rest = given
    return _multi_head(key, query, *rest)


def _projections_swapped(*given: Any) -> Array:
    query, key, value, heads, wq, wk, wv, wo = given
    return _multi_head(query, key, value, heads, wk, wq, wv, wo)


def _roles_swapped(*given: Any) -> Array:
    query, key, value = (_split(projected, given[3]) for projected in _projected(given))
    return np.asarray(_joined(attention(key, query, value).output) @ given[7])


def _key_as_value(*given: Any) -> Array:
    query, key, _, *rest = given
    return _multi_head(query, key, key, *rest)


def _projected_key_as_value(*given: Any) -> Array:
    query, key, _ = (_split(projected, given[3]) for projected in _projected(given))
    return np.asarray(_joined(attention(query, key, key).output) @ given[7])


def _value_as_key(*given: Any) -> Array:
    query, _, value, *rest = given
    return _multi_head(query, value, value, *rest)


def _over(axis: int, given: Any) -> Array:
    weights = softmax(_each_head(given).scores, axis=axis)
    return np.asarray(_joined(weights @ _split(_projected(given)[2], given[3])) @ given[7])


def _over_queries(*given: Any) -> Array:
    return _over(-2, given)


def _over_heads(*given: Any) -> Array:
    return _over(0, given)


def _without_softmax(*given: Any) -> Array:
    scores = _each_head(given).scores
    return np.asarray(_joined(scores @ _split(_projected(given)[2], given[3])) @ given[7])


def _exp_of_each(*given: Any) -> Array:
    powers = np.exp(_each_head(given).scores)
    return np.asarray(_joined(powers @ _split(_projected(given)[2], given[3])) @ given[7])


def _weights_twice(*given: Any) -> Array:
    weights = softmax(_each_head(given).weights)
    return np.asarray(_joined(weights @ _split(_projected(given)[2], given[3])) @ given[7])


def _heads_side_by_side(*given: Any) -> Array:
    return np.asarray(_each_head(given).output)


def _heads_weights(*given: Any) -> Array:
    return np.asarray(_each_head(given).weights)


def _part_of_head(h: int, given: Any) -> Array:
    """Project the output of one head with its own rows of the output weight."""
    outputs = _each_head(given).output
    rows = np.split(given[7], given[3])
    return np.asarray(outputs[h] @ rows[h])


def _first_head(*given: Any) -> Array:
    return _part_of_head(0, given)


def _last_head(*given: Any) -> Array:
    return _part_of_head(-1, given)


def _first_head_alone(*given: Any) -> Array:
    return np.asarray(_each_head(given).output[0])


def _last_head_alone(*given: Any) -> Array:
    return np.asarray(_each_head(given).output[-1])


def _first_head_for_all(*given: Any) -> Array:
    outputs = _each_head(given).output
    return np.asarray(_joined(np.array([outputs[0]] * len(outputs))) @ given[7])


def _turned(*given: Any) -> Array:
    *rest, wq, wk, wv, wo = given
    return _multi_head(*rest, wq.T, wk.T, wv.T, wo)


def _all_turned(*given: Any) -> Array:
    *rest, wq, wk, wv, wo = given
    return _multi_head(*rest, wq.T, wk.T, wv.T, wo.T)


def _output_turned(*given: Any) -> Array:
    return np.asarray(_joined(_each_head(given).output) @ given[7].T)


def _not_projected(*given: Any) -> Array:
    parts = (_split(array, given[3]) for array in given[:3])
    return np.asarray(_joined(attention(*parts).output) @ given[7])


def _neither_projected(*given: Any) -> Array:
    parts = (_split(array, given[3]) for array in given[:3])
    return _joined(attention(*parts).output)


def _heads_and_size_swapped(*given: Any) -> Array:
    parts = [_split(p, p.shape[1] // given[3]) for p in _projected(given)]
    return np.asarray(_joined(attention(*parts).output) @ given[7])


def _turned_output(*given: Any) -> Array:
    return _multi_head(*given).T


def _causal_heads(*given: Any) -> Array:
    return _package(given, is_causal=True).output


def _causal_from_the_right(*given: Any) -> Array:
    mask = causal_mask(len(given[0]), len(given[1]))[::-1, ::-1]
    return _package(given, mask=mask).output


def _each_overflows(*given: Any) -> Array:
    powers = np.exp(_each_head(given).scores)
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return np.asarray(_joined(weights @ _split(_projected(given)[2], given[3])) @ given[7])


def _shifted_by_all(*given: Any) -> Array:
    scores = _each_head(given).scores
    powers = np.exp(scores - scores.max())
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return np.asarray(_joined(weights @ _split(_projected(given)[2], given[3])) @ given[7])


def _heads_case(
    seed: int, heads: int, shapes: tuple[tuple[int, int], ...], sizes: tuple[int, int, int]
) -> Case:
    """Make random arrays of the shapes of query, key and value.

    `sizes` are the numbers of columns of a head's keys, of a head's values and of the output.
    """
    rng = np.random.default_rng(seed)
    size, size_value, size_output = sizes
    inputs = [rng.normal(0, 1.2, shape).round(1) for shape in shapes]
    columns = heads * size, heads * size, heads * size_value
    shapes_of_weights = [(shape[1], column) for shape, column in zip(shapes, columns)]
    weights = [
        rng.normal(0, 0.9, shape).round(1)
        for shape in (*shapes_of_weights, (columns[2], size_output))
    ]
    few = "one head" if heads == 1 else f"{heads} heads"
    each = "1 column" if size == 1 else f"{size} columns"
    return Case(
        (*inputs, heads, *weights),
        f"{few} with {each}" if heads == 1 else f"{few} with {each} each",
    )


MULTI_HEAD_ATTENTION = FunctionExercise(
    id="multi_head_attention",
    notebook="05",
    title="compute multi-head attention: project, let each head attend in its own columns with the "
    "scale 1/√d of a head, put the outputs side by side, and project them with output_weight",
    parameters=(
        "query",
        "key",
        "value",
        "num_heads",
        "query_weight",
        "key_weight",
        "value_weight",
        "output_weight",
    ),
    reference=_multi_head,
    noun="outputs",
    shape_rule="a row for each query, and as many components as output_weight has columns",
    covers="one head, two, three and four, more queries than keys and fewer, values of another "
    "width, whole numbers, and large scores",
    pick=_pick_output_of_heads,
    cases=(
        Case(
            (
                np.array([[1.0, 2.0]]),
                np.array([[2.0, 0.0], [0.0, 1.0]]),
                np.array([[4.0, 1.0], [0.0, 3.0]]),
                2,
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0]]),
            ),
            "2 heads with 1 column each; every weight is the identity",
        ),
        _heads_case(91, 2, ((2, 2), (3, 4), (3, 2)), (2, 1, 3)),
        _heads_case(92, 3, ((4, 5), (2, 2), (2, 3)), (1, 2, 4)),
        _heads_case(93, 2, ((4, 4), (4, 4), (4, 4)), (2, 2, 4)),
        _heads_case(94, 2, ((4, 6), (6, 6), (6, 6)), (3, 3, 6)),
        _heads_case(95, 4, ((4, 8), (4, 8), (4, 8)), (2, 2, 8)),
        _heads_case(96, 1, ((3, 2), (2, 3), (2, 2)), (3, 2, 2)),
        Case(
            (
                np.array([[1, 0, 1, -1], [0, 2, 0, 1]]),
                np.array([[1, 1, 0, 0], [0, -1, 1, 1]]),
                np.array([[2, 0, 1, 0], [0, 3, 0, -1]]),
                2,
                np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]]),
                np.array([[0, 1, 0, 1], [1, 0, 0, 1], [0, 0, 1, 1], [1, 0, 1, 0]]),
                np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0]]),
                np.array([[1, 0], [2, 1], [0, 1], [0, -1]]),
            ),
            "whole numbers",
        ),
        Case(
            (
                np.array([[40.0, 2.0], [1.0, 30.0]]),
                np.array([[40.0, 0.0], [0.0, -30.0], [1.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]),
                2,
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.5], [0.0, 1.0]]),
                np.array([[1.0], [2.0]]),
            ),
            "large scores",
            trap="no-max-subtraction",
        ),
    ),
    misconceptions=(
        Misconception(
            "one-big-head",
            "Your outputs come from one big head: all columns share one row of weights, so that "
            "num_heads changes nothing that is looked at.",
            "give head h the columns h·d to (h+1)·d of the three projections, and let each head "
            "attend by itself.",
            (_one_big_head, _one_big_head_scaled_as_small, _one_big_head_unscaled),
        ),
        Misconception(
            "tokens-split-among-heads",
            "Your outputs split the tokens among the heads: every head sees all tokens, but only "
            "its own columns of each.",
            "split along the last axis: np.split(array, num_heads, axis=-1).",
            (_tokens_split,),
        ),
        Misconception(
            "scaled-by-the-whole-width",
            "Your outputs come from scores divided by the root of the whole width: a head's dot "
            "product adds up its own columns alone, so d is their number.",
            "divide by np.sqrt(d) with d = query_weight.shape[1] // num_heads.",
            (_by_all_columns, _by_query_width, _by_key_width, _by_output_width),
        ),
        Misconception(
            "no-scale",
            "Your outputs come from scores that are not divided by √d, d the number of columns of "
            "a head.",
            "divide the scores of each head by np.sqrt(d).",
            (_unscaled,),
        ),
        Misconception(
            "scaled-by-d",
            "Your outputs come from scores divided by d instead of √d.",
            "divide by np.sqrt(d).",
            (_by_head_size,),
        ),
        Misconception(
            "scaled-by-the-number-of-heads",
            "Your outputs come from scores divided by the root of the number of heads: a head's "
            "dot product grows with its own columns, whatever other heads there are.",
            "divide by np.sqrt(d) with d = query_weight.shape[1] // num_heads.",
            (_by_root_of_heads,),
        ),
        Misconception(
            "scale-of-the-example",
            "Your outputs come from scores divided by the scale of the example, a fixed number "
            "such as np.sqrt(4) or 2, instead of √d of the argument: heads of other sizes need "
            "another scale.",
            "divide by np.sqrt(d) with d = query_weight.shape[1] // num_heads.",
            tuple(_heads_by_a_constant(float(np.sqrt(d))) for d in (4, 2, 3, 6, 8, 16, 64)),
        ),
        Misconception(
            "two-heads-as-in-the-example",
            "Your outputs always come from two heads, as in the example: how many there are is up "
            "to num_heads, and the scale is up to the columns of a head.",
            "write num_heads where you wrote 2, and let d be query_weight.shape[1] // num_heads.",
            (_always_two_heads, _always_two_heads_of_four),
        ),
        Misconception(
            "heads-added-up",
            "Your outputs add up the outputs of the heads: they belong side by side, so that "
            "output_weight can treat each column on its own.",
            "join them with np.concatenate(outputs, axis=-1), then multiply with output_weight.",
            (_added_up, _added_up_and_projected),
        ),
        Misconception(
            "heads-averaged",
            "Your outputs average the outputs of the heads: what one head found is then blurred by "
            "the others.",
            "join them with np.concatenate(outputs, axis=-1), then multiply with output_weight.",
            (_averaged, _averaged_and_projected),
        ),
        Misconception(
            "no-output-weight",
            "Your outputs are the heads' outputs side by side: the last projection is missing, "
            "which mixes what the heads found.",
            "multiply the joined outputs with output_weight.",
            (_no_output_weight,),
        ),
        Misconception(
            "value-not-split",
            "Your outputs mix whole values in every head: that is the same as averaging or adding "
            "the heads' weights, and then one set of weights is left.",
            "split the projected values by columns, too: each head mixes its own part.",
            (_whole_values_averaged, _whole_values_added_up),
        ),
        Misconception(
            "reshaped-without-transposing",
            "Your outputs come from reshape(num_heads, n, d) alone: it reads the rows on and on, "
            "so that a head gets pieces of different tokens mixed up.",
            "write reshape(n, num_heads, d), then transpose(1, 0, 2).",
            (_reshaped_and_joined, _reshaped_back),
        ),
        Misconception(
            "joined-without-transposing",
            "Your outputs are joined by reshape alone: the heads come first in that array, so the "
            "rows of the result mix tokens.",
            "transpose (heads, n, d) to (n, heads, d) before reshape(n, -1), or use "
            "np.concatenate along the last axis.",
            (_reshaped_at_the_end,),
        ),
        Misconception(
            "interleaved-columns",
            "Your outputs deal the columns out in turn, like cards: head h takes neighbouring "
            "columns, h·d to (h+1)·d, and their outputs are joined in the same order.",
            "write reshape(n, num_heads, d), with the heads before d, and join them head by head.",
            (_interleaved, _interleaved_then_joined, _joined_interleaved),
        ),
        Misconception(
            "heads-in-reverse",
            "Your outputs join the heads in reverse order: each head meets the rows of "
            "output_weight that belong to another one.",
            "join them from head 0 to the last.",
            (_heads_reversed,),
        ),
        Misconception(
            "query-and-key-swapped",
            "Your outputs come from query and key swapped, or from their projections: the queries "
            "ask, and make the rows.",
            "use query @ query_weight and key @ key_weight, and let the queries come first.",
            (_inputs_swapped, _projections_swapped, _roles_swapped),
        ),
        Misconception(
            "key-used-as-value",
            "Your outputs mix what was made of key: the values are made of value.",
            "project value with value_weight, and mix that.",
            (_key_as_value, _projected_key_as_value),
        ),
        Misconception(
            "value-used-as-key",
            "Your outputs compare the queries with what was made of value: the keys are made of "
            "key.",
            "project key with key_weight, and compare with that.",
            (_value_as_key,),
        ),
        Misconception(
            "wrong-axis",
            "Your outputs come from softmax over the queries, the wrong axis: each row of scores "
            "shares out one query's attention among the keys.",
            "apply softmax along the last axis, axis=-1.",
            (_over_queries,),
        ),
        Misconception(
            "softmax-over-heads",
            "Your outputs come from softmax over the heads: then heads compete with each other. "
            "Each head shares out a whole of its own among the keys.",
            "apply softmax along the last axis, axis=-1.",
            (_over_heads,),
        ),
        Misconception(
            "no-softmax",
            "Your outputs mix the values with the scores themselves, without softmax.",
            "apply softmax to the scores of each head along the last axis.",
            (_without_softmax,),
        ),
        Misconception(
            "exp-without-dividing",
            "Your outputs mix the values with exp of the scores, not divided by their sum: these "
            "weights do not sum to 1.",
            "divide by the sum along the last axis.",
            (_exp_of_each,),
        ),
        Misconception(
            "softmax-twice",
            "Your outputs come from softmax applied twice: the second one takes the weights for "
            "scores, and makes them almost equal.",
            "apply softmax once in each head.",
            (_weights_twice,),
        ),
        Misconception(
            "heads-not-joined",
            "Your outputs are those of the heads, one table for each: they are not yet joined and "
            "projected.",
            "put them side by side, then multiply with output_weight.",
            (_heads_side_by_side,),
        ),
        Misconception(
            "weights-returned",
            "Your outputs are the weights of the heads: they have yet to mix the values.",
            "multiply each head's weights with its values, join, and project.",
            (_heads_weights,),
        ),
        Misconception(
            "one-head-alone",
            "Your outputs are those of one head alone: the others are lost, as happens when a loop "
            "returns at once or writes over its result.",
            "collect the outputs of all heads in a list, and join them after the loop.",
            (
                _first_head,
                _last_head,
                _first_head_alone,
                _last_head_alone,
                _first_head_for_all,
            ),
        ),
        Misconception(
            "weights-turned-over",
            "Your outputs multiply with weights turned over (.T): here vectors are rows, and a "
            "weight has the shape (components before, components after).",
            "leave .T out of the projections.",
            (_turned, _all_turned, _output_turned),
        ),
        Misconception(
            "nothing-projected",
            "Your outputs split the inputs themselves, without query_weight, key_weight and "
            "value_weight: a head then sees a few fixed components of each token, instead of those "
            "that it learned to look at.",
            "multiply with the weights first, then split.",
            (_not_projected, _neither_projected),
        ),
        Misconception(
            "heads-and-size-swapped",
            "Your outputs come from heads and columns mixed up: you made heads of num_heads "
            "columns each, where num_heads is how many heads there are.",
            "write reshape(n, num_heads, d) with d = width // num_heads.",
            (_heads_and_size_swapped,),
        ),
        Misconception(
            "transposed",
            "Your outputs are transposed: a row belongs to a query.",
            "return the outputs without .T.",
            (_turned_output,),
        ),
        Misconception(
            "masked-unasked",
            "Your outputs leave keys out with a causal mask: no mask is asked for here.",
            "let every query attend to all keys.",
            (_causal_heads, _causal_from_the_right),
        ),
        Misconception(
            _NO_MAXIMUM.id,
            _NO_MAXIMUM.text,
            _NO_MAXIMUM.next_step,
            (_each_overflows,),
        ),
        Misconception(
            "maximum-of-everything",
            "Your outputs fail where the largest score of all heads and queries is subtracted: in "
            "a row far below it every exp becomes 0, and 0 / 0 is NaN.",
            "subtract each row's own maximum: scores.max(axis=-1, keepdims=True).",
            (_shifted_by_all,),
        ),
    ),
    hints=(
        "Project first: query @ query_weight, and so on. Then each head has its own columns of the "
        "three projections. What does it do with them?",
        "Head h attends as in notebook 04, with the columns h·d to (h+1)·d, where d is the number "
        "of columns divided by num_heads. np.split(array, num_heads, axis=-1) cuts them apart.",
        "np.concatenate(outputs, axis=-1) puts the outputs side by side, in the order of the "
        "heads; one product with a matrix is then left.",
    ),
    solutions=(
        "def my_multi_head_attention(\n"
        "    query, key, value, num_heads, query_weight, key_weight, value_weight, output_weight\n"
        "):\n"
        "    def heads(array, weight):\n"
        "        return np.split(array @ weight, num_heads, axis=-1)\n"
        "    queries, keys = heads(query, query_weight), heads(key, key_weight)\n"
        "    outputs = []\n"
        "    for q, k, v in zip(queries, keys, heads(value, value_weight)):\n"
        "        scores = q @ k.T / np.sqrt(k.shape[-1])\n"
        "        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "        outputs.append(powers / powers.sum(axis=-1, keepdims=True) @ v)\n"
        "    return np.concatenate(outputs, axis=-1) @ output_weight",
        "def my_multi_head_attention(\n"
        "    query, key, value, num_heads, query_weight, key_weight, value_weight, output_weight\n"
        "):\n"
        "    def heads(array, weight):  # (n, heads · d) becomes (heads, n, d)\n"
        "        return (array @ weight).reshape(len(array), num_heads, -1).transpose(1, 0, 2)\n"
        "    q, k = heads(query, query_weight), heads(key, key_weight)\n"
        "    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])\n"
        "    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "    weights = powers / powers.sum(axis=-1, keepdims=True)\n"
        "    outputs = weights @ heads(value, value_weight)\n"
        "    joined = outputs.transpose(1, 0, 2).reshape(len(query), -1)\n"
        "    return joined @ output_weight",
    ),
    next_step="compare with attention_edu.multi_head_attention, and look at the weights of each "
    "head.",
)

EXERCISES: tuple[Exercise, ...] = (SELF_ATTENTION, MULTI_HEAD_ATTENTION)
