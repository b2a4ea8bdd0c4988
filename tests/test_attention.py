"""The three steps of attention: values, shapes, types, masks, extremes and errors."""

import tracemalloc

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu.attention import (
    AttentionSteps,
    additive_scores,
    attention,
    bilinear_scores,
    causal_mask,
    dot_product_scores,
    linear_scores,
    mask_scores,
    multi_head_attention,
    softmax,
    weighted_sum,
)

INF = float("inf")
NAN = float("nan")

# Sizes that all differ, so that a transposition shows.
N_QUERY, N_KEY, D, D_VALUE = 2, 3, 5, 4


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# ---------------------------------------------------------------------------------------------
# Three tokens, worked out on paper
# ---------------------------------------------------------------------------------------------

# d = 4, so the scale is 1/2, and a query of 2 reads one component of the keys.
PAPER_QUERY = [[2, 0, 0, 0], [0, 2, 0, 0]]
PAPER_KEY = [[0, np.log(3), 0, 0], [np.log(2), 0, 0, 0], [np.log(5), 0, 0, 0]]
PAPER_VALUE = [[8, 0], [0, 8], [8, 8]]
# exp: 1, 2, 5 with the sum 8; and 3, 1, 1 with the sum 5.
PAPER_SCORES = [[0, np.log(2), np.log(5)], [np.log(3), 0, 0]]
PAPER_WEIGHTS = [[1 / 8, 2 / 8, 5 / 8], [3 / 5, 1 / 5, 1 / 5]]
# (8·1 + 8·5)/8 = 6 and (8·2 + 8·5)/8 = 7; (8·3 + 8·1)/5 = 6.4 and (8·1 + 8·1)/5 = 3.2.
PAPER_OUTPUT = [[6, 7], [6.4, 3.2]]


def test_three_tokens_on_paper_step_by_step():
    scores = dot_product_scores(PAPER_QUERY, PAPER_KEY, scale=0.5)
    weights = softmax(scores)
    output = weighted_sum(weights, PAPER_VALUE)

    assert_allclose(scores, PAPER_SCORES, rtol=1e-15)
    assert_allclose(weights, PAPER_WEIGHTS, rtol=1e-15)
    assert_allclose(output, PAPER_OUTPUT, rtol=1e-15)


def test_attention_is_the_three_steps_in_a_row():
    steps = attention(PAPER_QUERY, PAPER_KEY, PAPER_VALUE)

    assert isinstance(steps, AttentionSteps)
    assert steps._fields == ("scores", "weights", "output")
    assert_allclose(steps.scores, PAPER_SCORES, rtol=1e-15)
    assert_allclose(steps.weights, PAPER_WEIGHTS, rtol=1e-15)
    assert_allclose(steps.output, PAPER_OUTPUT, rtol=1e-15)


def test_a_temperature_divides_the_scores():
    """At T = 1/2 the exponentials are squared: 1, 4, 25 with the sum 30."""
    steps = attention(PAPER_QUERY[:1], PAPER_KEY, PAPER_VALUE, temperature=0.5)

    assert_allclose(softmax(PAPER_SCORES[0], temperature=0.5), [1 / 30, 4 / 30, 25 / 30])
    assert_allclose(steps.weights, [[1 / 30, 4 / 30, 25 / 30]])
    assert_allclose(steps.scores, PAPER_SCORES[:1])  # the scores are those before it


def test_the_mask_takes_a_token_out_before_the_weights_are_shared():
    """Without the last key, 1 and 2 remain with the sum 3; the scores are those before the mask."""
    steps = attention(PAPER_QUERY[:1], PAPER_KEY, PAPER_VALUE, mask=[[True, True, False]])

    assert_allclose(steps.scores, PAPER_SCORES[:1])
    assert_allclose(steps.weights, [[1 / 3, 2 / 3, 0]])
    assert_allclose(steps.output, [[8 / 3, 16 / 3]])


def test_softmax_of_the_course_example():
    assert_allclose(softmax([3, 1, 0]), [0.844, 0.114, 0.042], atol=5e-4)
    assert_allclose(softmax(softmax([3, 1, 0])), [0.518, 0.250, 0.232], atol=5e-4)


@pytest.mark.parametrize("scale", [1, 1 / np.sqrt(5), 3.0, 0.0, -2.0])
def test_dot_product_scores_are_scaled(scale):
    query, key = numbers(N_QUERY, D, seed=1), numbers(N_KEY, D, seed=2)

    scores = dot_product_scores(query, key, scale=scale)

    by_hand = [[scale * sum(q * k for q, k in zip(row, other)) for other in key] for row in query]
    assert_allclose(scores, by_hand, rtol=1e-13, atol=1e-15)


def test_the_scale_of_attention_is_one_over_the_root_of_d_unless_given():
    query, key = numbers(N_QUERY, D, seed=1), numbers(N_KEY, D, seed=2)
    value = numbers(N_KEY, D_VALUE, seed=3)

    assert_allclose(attention(query, key, value).scores, query @ key.T / np.sqrt(D))
    assert_allclose(attention(query, key, value, scale=0.25).scores, query @ key.T * 0.25)


def test_linear_scores_against_a_loop():
    inputs, weight = numbers(N_KEY, D, seed=1), numbers(D, seed=2)

    by_hand = [sum(w * x for w, x in zip(weight, row)) + 0.75 for row in inputs]
    assert_allclose(linear_scores(inputs, weight, 0.75), by_hand, rtol=1e-13)
    assert_allclose(linear_scores(inputs, weight), np.array(by_hand) - 0.75, rtol=1e-13)


def test_bilinear_scores_against_a_loop():
    query, key, weight = numbers(N_QUERY, D), numbers(N_KEY, 6, seed=1), numbers(D, 6, seed=2)

    by_hand = np.zeros((N_QUERY, N_KEY))
    for i in range(N_QUERY):
        for j in range(N_KEY):
            for a in range(D):
                for b in range(6):
                    by_hand[i, j] += query[i, a] * weight[a, b] * key[j, b]
    assert_allclose(bilinear_scores(query, key, weight), by_hand, rtol=1e-12)


def test_additive_scores_against_a_loop():
    query, key = numbers(N_QUERY, D), numbers(N_KEY, 6, seed=1)
    query_weight, key_weight = numbers(D, 7, seed=2), numbers(6, 7, seed=3)
    score_weight = numbers(7, seed=4)

    by_hand = np.zeros((N_QUERY, N_KEY))
    for i in range(N_QUERY):
        for j in range(N_KEY):
            for h in range(7):
                before = sum(query[i, a] * query_weight[a, h] for a in range(D))
                before += sum(key[j, b] * key_weight[b, h] for b in range(6))
                by_hand[i, j] += score_weight[h] * np.tanh(before)
    scores = additive_scores(query, key, query_weight, key_weight, score_weight)
    assert_allclose(scores, by_hand, rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("temperature", [0.1, 1.0, 7.0])
def test_softmax_agrees_with_scipy(axis, temperature):
    scores = 20 * numbers(2, 3, 4)

    expected = scipy.special.softmax(scores / temperature, axis=axis)
    assert_allclose(
        softmax(scores, axis=axis, temperature=temperature), expected, rtol=1e-12, atol=1e-300
    )


# ---------------------------------------------------------------------------------------------
# Several heads
# ---------------------------------------------------------------------------------------------

HEADS, D_HEAD, D_HEAD_VALUE, D_OUTPUT = 2, 3, 4, 6


def heads_arguments(*batch):
    return {
        "query": numbers(*batch, N_QUERY, D, seed=1),
        "key": numbers(*batch, N_KEY, 7, seed=2),
        "value": numbers(*batch, N_KEY, 8, seed=3),
        "num_heads": HEADS,
        "query_weight": numbers(D, HEADS * D_HEAD, seed=4),
        "key_weight": numbers(7, HEADS * D_HEAD, seed=5),
        "value_weight": numbers(8, HEADS * D_HEAD_VALUE, seed=6),
        "output_weight": numbers(HEADS * D_HEAD_VALUE, D_OUTPUT, seed=7),
    }


def head_by_head(*, query, key, value, num_heads, masks=None, **projections):
    """Compute one head after the other; `masks` holds one mask a head."""
    weights, outputs = [], []
    for head in range(num_heads):
        narrow = slice(head * D_HEAD, (head + 1) * D_HEAD)
        wide = slice(head * D_HEAD_VALUE, (head + 1) * D_HEAD_VALUE)
        queries = query @ projections["query_weight"][:, narrow]
        keys = key @ projections["key_weight"][:, narrow]
        exponentials = np.exp(queries @ keys.T / np.sqrt(D_HEAD))
        if masks is not None:
            exponentials = np.where(masks[head], exponentials, 0)
        weights.append(exponentials / exponentials.sum(axis=-1, keepdims=True))
        outputs.append(weights[-1] @ (value @ projections["value_weight"][:, wide]))
    return np.array(weights), np.concatenate(outputs, axis=-1) @ projections["output_weight"]


def test_multi_head_attention_against_one_head_after_the_other():
    arguments = heads_arguments()
    weights, output = head_by_head(**arguments)

    steps = multi_head_attention(**arguments)

    assert steps.scores.shape == steps.weights.shape == (HEADS, N_QUERY, N_KEY)
    assert_allclose(steps.weights, weights, rtol=1e-12)
    assert_allclose(steps.output, output, rtol=1e-12)
    assert_allclose(softmax(steps.scores), steps.weights, rtol=1e-12)


def test_multi_head_attention_takes_batch_entries_one_by_one():
    arguments = heads_arguments(4)

    steps = multi_head_attention(**arguments)

    assert steps.weights.shape == (4, HEADS, N_QUERY, N_KEY)
    assert steps.output.shape == (4, N_QUERY, D_OUTPUT)
    for entry in range(4):
        one = {name: arguments[name][entry] for name in ("query", "key", "value")}
        weights, output = head_by_head(**(arguments | one))
        assert_allclose(steps.weights[entry], weights, rtol=1e-12)
        assert_allclose(steps.output[entry], output, rtol=1e-12)


def test_multi_head_attention_uses_one_mask_for_all_heads_or_one_for_each():
    arguments = heads_arguments()
    shared = np.array([[True, False, True], [True, True, False]])
    each = np.array([shared, ~shared])

    for mask, masks in ((shared, [shared, shared]), (each, each)):
        steps = multi_head_attention(**arguments, mask=mask)
        weights, output = head_by_head(**arguments, masks=masks)
        assert_allclose(steps.weights, weights, rtol=1e-12)
        assert_allclose(steps.output, output, rtol=1e-12)


def test_multi_head_attention_takes_a_mask_for_each_batch_entry():
    arguments = heads_arguments(4)
    mask = np.random.default_rng(8).random((4, N_QUERY, N_KEY)) < 0.5
    mask[..., 0] = True

    steps = multi_head_attention(**arguments, mask=mask)
    same = multi_head_attention(**arguments, mask=mask[:, None])

    for entry in range(4):
        one = {name: arguments[name][entry] for name in ("query", "key", "value")}
        weights, _ = head_by_head(**(arguments | one), masks=[mask[entry]] * HEADS)
        assert_allclose(steps.weights[entry], weights, rtol=1e-12)
    assert_array_equal(steps.output, same.output)


def test_multi_head_attention_takes_a_mask_for_each_head_when_only_the_values_have_a_batch():
    """The mask has as many axes as the scores, which come from queries and keys alone."""
    arguments = heads_arguments() | {"value": numbers(4, N_KEY, 8, seed=9)}
    mask = np.ones((HEADS, N_QUERY, N_KEY), dtype=bool)
    mask[0, :, 0] = False

    steps = multi_head_attention(**arguments, mask=mask)

    assert steps.weights.shape == (HEADS, N_QUERY, N_KEY)
    assert steps.output.shape == (4, N_QUERY, D_OUTPUT)
    assert_array_equal(steps.weights == 0, ~mask)


def test_multi_head_attention_is_causal_on_demand():
    arguments = heads_arguments()

    steps = multi_head_attention(**arguments, is_causal=True)

    weights, _ = head_by_head(**arguments, masks=[np.tri(N_QUERY, N_KEY, dtype=bool)] * HEADS)
    assert_allclose(steps.weights, weights, rtol=1e-12)


# ---------------------------------------------------------------------------------------------
# Shapes and leading axes
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query_axes", "key_axes", "value_axes", "joint"),
    [
        ((), (), (), ()),
        ((6,), (6,), (6,), (6,)),
        ((6, 7), (6, 7), (6, 7), (6, 7)),
        ((6, 1), (7,), (), (6, 7)),
        ((), (6,), (6,), (6,)),
        ((1, 7), (6, 1), (6, 7), (6, 7)),
    ],
)
def test_leading_axes_broadcast(query_axes, key_axes, value_axes, joint):
    query = numbers(*query_axes, N_QUERY, D, seed=1)
    key = numbers(*key_axes, N_KEY, D, seed=2)
    value = numbers(*value_axes, N_KEY, D_VALUE, seed=3)

    steps = attention(query, key, value)

    assert steps.scores.shape == steps.weights.shape == (*joint, N_QUERY, N_KEY)
    assert steps.output.shape == (*joint, N_QUERY, D_VALUE)
    spread = (
        np.broadcast_to(query, (*joint, N_QUERY, D)),
        np.broadcast_to(key, (*joint, N_KEY, D)),
        np.broadcast_to(value, (*joint, N_KEY, D_VALUE)),
    )
    for place in np.ndindex(*joint):
        alone = attention(*(array[place] for array in spread))
        assert_allclose(steps.weights[place], alone.weights, rtol=1e-12)
        assert_allclose(steps.output[place], alone.output, rtol=1e-12, atol=1e-15)


def test_every_kind_of_score_has_a_row_for_each_query_and_a_column_for_each_key():
    query, key = numbers(6, 1, N_QUERY, D), numbers(7, N_KEY, D)
    shape = (6, 7, N_QUERY, N_KEY)

    assert dot_product_scores(query, key).shape == shape
    assert bilinear_scores(query, key, numbers(D, D)).shape == shape
    additive = additive_scores(query, key, numbers(D, 8), numbers(D, 8), numbers(8))
    assert additive.shape == shape
    assert linear_scores(key, numbers(D)).shape == (7, N_KEY)


def test_a_single_row_of_weights_may_stand_alone():
    assert weighted_sum([0.5, 0.5, 0], numbers(N_KEY, D_VALUE)).shape == (D_VALUE,)
    assert weighted_sum([0.5, 0.5, 0], numbers(6, N_KEY, D_VALUE)).shape == (6, D_VALUE)


def test_a_mask_may_be_one_row_one_column_or_one_value():
    scores = numbers(6, N_QUERY, N_KEY)
    for mask in (True, [True] * N_KEY, [[True]] * N_QUERY, np.ones((6, 1, 1), dtype=bool)):
        assert_array_equal(mask_scores(scores, mask), scores)
    assert_array_equal(mask_scores([1.0, 2.0], [True, False]), [1.0, -INF])


# ---------------------------------------------------------------------------------------------
# Types, and inputs that stay as they were
# ---------------------------------------------------------------------------------------------

EXAMPLES = {
    additive_scores: {
        "query": numbers(N_QUERY, D),
        "key": numbers(N_KEY, 6),
        "query_weight": numbers(D, 7),
        "key_weight": numbers(6, 7),
        "score_weight": numbers(7),
    },
    attention: {
        "query": numbers(N_QUERY, D),
        "key": numbers(N_KEY, D),
        "value": numbers(N_KEY, D_VALUE),
    },
    bilinear_scores: {
        "query": numbers(N_QUERY, D),
        "key": numbers(N_KEY, 6),
        "weight": numbers(D, 6),
    },
    dot_product_scores: {"query": numbers(N_QUERY, D), "key": numbers(N_KEY, D)},
    linear_scores: {"inputs": numbers(N_KEY, D), "weight": numbers(D)},
    mask_scores: {
        "scores": numbers(N_QUERY, N_KEY),
        "mask": np.ones((N_QUERY, N_KEY), dtype=bool),
    },
    multi_head_attention: heads_arguments(),
    softmax: {"scores": numbers(N_QUERY, N_KEY)},
    weighted_sum: {
        "weights": numbers(N_QUERY, N_KEY),
        "values": numbers(N_KEY, D_VALUE),
    },
    causal_mask: {"n_query": N_QUERY, "n_key": N_KEY},
}

ON_ARRAYS = [function for function in EXAMPLES if function is not causal_mask]


def is_floating(given):
    return isinstance(given, np.ndarray) and given.dtype.kind == "f"


def converted(function, change):
    """Return the example arguments with `change` applied to every array of numbers."""
    return {
        name: change(given) if is_floating(given) else given
        for name, given in EXAMPLES[function].items()
    }


def results(function, arguments):
    result = function(**arguments)
    return tuple(result) if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("function", ON_ARRAYS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_types_are_kept(function, dtype):
    arguments = converted(function, lambda array: array.astype(dtype))

    exact = results(function, converted(function, lambda array: array.astype(np.float64)))
    for got, expected in zip(results(function, arguments), exact):
        assert got.dtype == dtype
        assert_allclose(got, expected, rtol=20 * np.finfo(dtype).eps, atol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("function", ON_ARRAYS)
@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8])
def test_integers_and_lists_become_float64(function, dtype):
    whole = converted(function, lambda array: np.abs(np.rint(array)).astype(dtype))
    lists = {
        name: given.tolist() if isinstance(given, np.ndarray) else given
        for name, given in whole.items()
    }

    for from_array, from_list in zip(results(function, whole), results(function, lists)):
        assert from_array.dtype == from_list.dtype == np.float64
        assert_array_equal(from_array, from_list)


def test_mixed_types_give_the_widest():
    query = numbers(N_QUERY, D).astype(np.float16)
    key, value = numbers(N_KEY, D).astype(np.float32), numbers(N_KEY, D_VALUE).astype(np.float16)

    assert {array.dtype for array in attention(query, key, value)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("function", ON_ARRAYS)
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_inputs_are_never_changed(function, dtype):
    def read_only(array):
        array = array.astype(dtype)
        array.flags.writeable = False
        return array

    arguments = converted(function, read_only)
    before = {name: np.copy(given) for name, given in arguments.items()}

    for result in results(function, arguments):
        assert not any(np.shares_memory(result, given) for given in arguments.values())
        result[...] = 0  # and what comes back is the caller's to change

    writable = converted(function, lambda array: array.astype(dtype))
    function(**writable)
    for name, given in before.items():
        assert_array_equal(arguments[name], given)
        assert_array_equal(writable[name], given)


@pytest.mark.parametrize("function", ON_ARRAYS)
def test_the_layout_in_memory_does_not_matter(function):
    def every_other(array):
        wide = np.full([2 * size for size in array.shape], NAN)
        spread = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        spread[...] = array
        return spread

    plain = results(function, EXAMPLES[function])
    for change in (every_other, np.asfortranarray, lambda array: array[::-1].copy()[::-1]):
        for got, expected in zip(results(function, converted(function, change)), plain):
            assert_allclose(got, expected, rtol=1e-13, atol=1e-15)


def test_softmax_sums_along_the_axis_that_was_asked_for():
    scores = numbers(2, 3, 4)
    for axis in (0, 1, 2, -1):
        assert_allclose(softmax(scores, axis=axis).sum(axis=axis), 1.0)
    assert_allclose(softmax(scores).sum(axis=-1), 1.0)


# ---------------------------------------------------------------------------------------------
# Masks
# ---------------------------------------------------------------------------------------------


def test_true_means_may_attend():
    assert_array_equal(mask_scores([5, 6, 7], [True, False, True]), [5, -INF, 7])
    steps = attention(PAPER_QUERY[:1], PAPER_KEY, PAPER_VALUE, mask=[[False, True, False]])
    assert_array_equal(steps.weights, [[0, 1, 0]])
    assert_array_equal(steps.output, [PAPER_VALUE[1]])


@pytest.mark.parametrize(
    ("n_query", "n_key", "expected"),
    [
        (1, 1, [[1]]),
        (2, 4, [[1, 0, 0, 0], [1, 1, 0, 0]]),
        (4, 2, [[1, 0], [1, 1], [1, 1], [1, 1]]),
        (3, 3, [[1, 0, 0], [1, 1, 0], [1, 1, 1]]),
    ],
)
def test_the_causal_mask_is_aligned_at_the_top_left(n_query, n_key, expected):
    mask = causal_mask(n_query, n_key)

    assert mask.dtype == np.bool_
    assert_array_equal(mask, np.array(expected, dtype=bool))
    assert_array_equal(causal_mask(np.int64(n_query), np.uint8(n_key)), mask)


def test_is_causal_and_a_mask_must_both_allow():
    query, key = numbers(4, D, seed=1), numbers(4, D, seed=2)
    mask = np.array([True, False, True, True])

    steps = attention(query, key, numbers(4, D_VALUE), mask=mask, is_causal=True)

    assert_array_equal(steps.weights > 0, mask & np.tri(4, dtype=bool))
    assert_allclose(steps.weights.sum(axis=-1), 1.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_row_with_nothing_to_attend_to_has_zero_weights_and_a_zero_output(dtype):
    query, key, value = (
        numbers(*shape).astype(dtype) for shape in ((N_QUERY, D), (N_KEY, D), (N_KEY, D_VALUE))
    )
    mask = np.array([[False] * N_KEY, [True] * N_KEY])

    steps = attention(query, key, value, mask=mask)

    assert_array_equal(steps.weights[0], np.zeros(N_KEY))
    assert_array_equal(steps.output[0], np.zeros(D_VALUE))
    assert steps.weights[1].sum(dtype=float) == pytest.approx(1, abs=4 * float(np.finfo(dtype).eps))
    for temperature in (1e-3, 1.0, 1e3):
        assert_array_equal(softmax([-INF, -INF], temperature=temperature), [0, 0])


# ---------------------------------------------------------------------------------------------
# Extremes
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [1e-300, 1e-3, 1.0, 2.0, 1e3])
def test_the_largest_numbers_do_not_overflow(temperature):
    assert_array_equal(softmax([1e308, -1e308], temperature=temperature), [1, 0])
    assert_array_equal(softmax([1e308, 1e308], temperature=temperature), [0.5, 0.5])
    assert_array_equal(softmax([-1e308, -1e308, -INF], temperature=temperature), [0.5, 0.5, 0])


def test_a_temperature_as_large_as_the_scores_brings_them_back_to_earth():
    expected = scipy.special.softmax([1.0, -1.0, 0.0])
    assert_allclose(softmax([1e308, -1e308, 0.0], temperature=1e308), expected, rtol=1e-14)


def test_the_smallest_numbers_are_told_apart_by_a_temperature_as_small():
    tiny = 5e-324
    expected = scipy.special.softmax([2.0, 1.0, 0.0])
    assert_allclose(softmax([2 * tiny, tiny, 0.0], temperature=tiny), expected, rtol=1e-14)
    assert_array_equal(softmax([tiny, -tiny]), [0.5, 0.5])


@pytest.mark.parametrize("temperature", [1e-45, 1e-60, 1e-320])
def test_single_precision_takes_temperatures_below_its_own_range(temperature):
    scores = np.array([1.0, 1.0, 0.5], dtype=np.float32)
    weights = softmax(scores, temperature=temperature)
    assert weights.dtype == np.float32
    assert_array_equal(weights, [0.5, 0.5, 0])


def test_single_precision_takes_temperatures_above_its_own_range():
    weights = softmax(np.array([3e38, -3e38], dtype=np.float32), temperature=1e300)
    assert weights.dtype == np.float32
    assert_array_equal(weights, [0.5, 0.5])


def test_minus_infinity_is_a_weight_of_exactly_zero():
    assert_array_equal(softmax([0.0, -INF, 0.0]), [0.5, 0, 0.5])
    assert_array_equal(mask_scores([-INF, 1.0], [True, True]), [-INF, 1.0])


@pytest.mark.parametrize("n", [2, 7, 100, 3000])
def test_rows_in_half_precision_sum_to_one(n):
    scores = numbers(20, n, seed=n).astype(np.float16)

    weights = softmax(scores)

    assert weights.dtype == np.float16
    error = np.abs(weights.sum(axis=-1, dtype=np.float64) - 1)
    # Each weight is rounded once: half a unit in the last place, or in the last subnormal place.
    assert error.max() <= 2**-11 + n * 2**-25
    exact = softmax(scores.astype(np.float64))
    unit = np.spacing(exact.astype(np.float16)).astype(np.float64)
    assert (np.abs(weights - exact) <= 0.501 * unit).all()


def test_sums_in_half_precision_are_made_in_a_wider_type():
    ones = np.ones((1, 5000), dtype=np.float16)
    assert dot_product_scores(ones, ones)[0, 0] == 5000
    assert weighted_sum(ones / 5, np.ones((5000, 1), np.float16))[0, 0] == pytest.approx(1000, 1e-3)


def test_no_step_warns_about_extreme_numbers(recwarn):
    softmax([1e308, -1e308, 5e-324, -INF], temperature=0.1)
    softmax(np.array([6e4, -6e4], dtype=np.float16), temperature=1e-3)
    attention([[1e150]], [[1e150], [-1e150]], [[1e308], [-1e308]])
    additive_scores([[1e308]], [[1e308]], [[1.0]], [[1.0]], [1.0])
    dot_product_scores([[1e-300]], [[1e-300]])

    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(
    ("options", "allowance"),
    [
        ({}, 2.3),
        ({"mask": True}, 2.3),
        ({"is_causal": True}, 2.3),
        ({"mask": True, "is_causal": True}, 2.4),
        ({"temperature": 0.5, "scale": 2.0}, 2.3),
    ],
    ids=str,
)
def test_attention_keeps_at_most_two_square_arrays_alive(options, allowance):
    """Scores and weights are 2 n²; what is boolean adds an eighth for each array."""
    n = 1500
    query, key, value = (numbers(n, 8, seed=seed) for seed in (1, 2, 3))
    if "mask" in options:
        options = options | {"mask": np.ones((n, n), dtype=bool)}
    attention(query[:2], key[:2], value[:2])  # whatever is loaded once is loaded now

    tracemalloc.start()
    try:
        steps = attention(query, key, value, **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert steps.weights.shape == (n, n)
    assert peak / (n * n * 8) <= allowance


# ---------------------------------------------------------------------------------------------
# Errors: the argument's name, what was given, what is wanted
# ---------------------------------------------------------------------------------------------


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


class NotAnArray:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today")


NO_NUMBERS = {
    "string": "abc",
    "strings": ["a", "b"],
    "digits": [["1", "2"]],
    "none": None,
    "none inside": [[1.0, None]],
    "booleans": [[True, False]],
    "complex": [[1j, 2.0]],
    "objects": np.array([[1, "a"]], dtype=object),
    "dictionary": {"a": 1},
    "set": {1.0, 2.0},
    "generator": (x for x in [1.0]),
    "dates": np.array([["2020-01-01"]], dtype="datetime64[D]"),
    "unprintable": Unprintable(),
    "no array": NotAnArray(),
}
NO_FIT = {
    "ragged": [[1.0, 2.0], [3.0]],
    "empty": [],
    "empty axis": np.zeros((3, 0)),
    "no rows": np.zeros((0, 3)),
    "single number": 3.0,
    "nan": [[NAN, 1.0], [1.0, 1.0]],
    "+inf": [[1.0, INF], [1.0, 1.0]],
}
NO_SIZE = {
    "real": (2.0, TypeError),
    "string": ("2", TypeError),
    "none": (None, TypeError),
    "boolean": (True, TypeError),
    "list": ([2], TypeError),
    "array": (np.array([2, 3]), TypeError),
    "complex": (2j, TypeError),
    "nan": (NAN, TypeError),
    "zero": (0, ValueError),
    "negative": (-1, ValueError),
}
NO_NUMBER = {
    "string": ("1", TypeError),
    "boolean": (True, TypeError),
    "numpy boolean": (np.True_, TypeError),
    "list": ([1.0], TypeError),
    "array": (np.array([1.0, 2.0]), TypeError),
    "complex": (1j, TypeError),
    "nan": (NAN, ValueError),
    "+inf": (INF, ValueError),
    "-inf": (-INF, ValueError),
    "huge": (10**400, ValueError),
}
NO_MASK = {
    "integers": ([[1, 0, 1]], TypeError),
    "integer array": (np.ones((N_QUERY, N_KEY), dtype=int), TypeError),
    "reals": ([[1.0, 0.0, 1.0]], TypeError),
    "string": ("yes", TypeError),
    "strings": ([["yes", "no", "yes"]], TypeError),
    "objects": (np.array([[True, None, False]]), TypeError),
    "ragged": ([[True, False, True], [True]], ValueError),
    "transposed": (np.ones((N_KEY, N_QUERY), dtype=bool), ValueError),
    "one key too many": (np.ones((N_QUERY, N_KEY + 1), dtype=bool), ValueError),
    "too many axes": (np.ones((6, 7, N_QUERY, N_KEY), dtype=bool), ValueError),
    "empty": (np.ones((N_QUERY, 0), dtype=bool), ValueError),
}


def bad_arguments():
    """List (function, argument, what is given, error) for whatever no function accepts."""
    for function, example in EXAMPLES.items():
        for name, given in example.items():
            if is_floating(given):
                for case, wrong in NO_NUMBERS.items():
                    yield pytest.param(
                        function, name, wrong, TypeError, id=f"{function.__name__}-{name}-{case}"
                    )
                for case, wrong in NO_FIT.items():
                    yield pytest.param(
                        function, name, wrong, ValueError, id=f"{function.__name__}-{name}-{case}"
                    )
    others = [
        *((causal_mask, name, NO_SIZE) for name in ("n_query", "n_key")),
        (multi_head_attention, "num_heads", NO_SIZE),
        (linear_scores, "bias", NO_NUMBER | {"none": (None, TypeError)}),
        (dot_product_scores, "scale", NO_NUMBER | {"none": (None, TypeError)}),
        (attention, "scale", NO_NUMBER),
        *(
            (
                function,
                "temperature",
                NO_NUMBER
                | {
                    "none": (None, TypeError),
                    "zero": (0, ValueError),
                    "negative": (-1.0, ValueError),
                },
            )
            for function in (softmax, attention)
        ),
        (
            softmax,
            "axis",
            {
                "too large": (2, ValueError),
                "too small": (-3, ValueError),
                "real": (1.0, TypeError),
                "none": (None, TypeError),
                "boolean": (True, TypeError),
                "two": ((0, 1), TypeError),
            },
        ),
        *(
            (
                function,
                "is_causal",
                {"integer": (1, TypeError), "none": (None, TypeError), "string": ("no", TypeError)},
            )
            for function in (attention, multi_head_attention)
        ),
        (mask_scores, "mask", NO_MASK | {"none": (None, TypeError)}),
        (attention, "mask", NO_MASK),
        (multi_head_attention, "mask", NO_MASK),
    ]
    for function, name, cases in others:
        for case, (wrong, error) in cases.items():
            yield pytest.param(
                function, name, wrong, error, id=f"{function.__name__}-{name}-{case}"
            )


@pytest.mark.parametrize(("function", "name", "wrong", "error"), list(bad_arguments()))
def test_a_bad_argument_is_named_with_what_it_got_and_what_it_wants(function, name, wrong, error):
    arguments = EXAMPLES[function]
    results(function, arguments)  # the example itself is accepted

    with pytest.raises((TypeError, ValueError)) as caught:
        function(**(arguments | {name: wrong}))

    message = str(caught.value)
    assert type(caught.value) is error, message
    assert message.startswith(f"{name}:"), message
    assert "want" in message, message
    assert "got" in message, message
    assert len(message) < 250, message


MISFITS = [
    (linear_scores, {"weight": numbers(D + 1)}, "weight:", ["(5,)", "(6,)"]),
    (linear_scores, {"weight": numbers(D, 1)}, "weight:", ["(5,)", "(5, 1)"]),
    (dot_product_scores, {"key": numbers(N_KEY, 6)}, "query and key:", ["(2, 5)", "(3, 6)"]),
    (
        dot_product_scores,
        {"query": numbers(6, N_QUERY, D), "key": numbers(7, N_KEY, D)},
        "query and key:",
        ["(6, 2, 5)", "(7, 3, 5)"],
    ),
    (dot_product_scores, {"query": numbers(D)}, "query:", ["(5,)", "query[None, :]"]),
    (bilinear_scores, {"weight": numbers(6, D)}, "weight:", ["(5, 6)", "(6, 5)"]),
    (bilinear_scores, {"weight": numbers(1, D, 6)}, "weight:", ["(5, 6)", "(1, 5, 6)"]),
    (additive_scores, {"query_weight": numbers(4, 7)}, "query_weight:", ["(5, 7)", "(4, 7)"]),
    (additive_scores, {"key_weight": numbers(6, 8)}, "key_weight:", ["(6, 7)", "(6, 8)"]),
    (additive_scores, {"score_weight": numbers(8)}, "score_weight:", ["(7,)", "(8,)"]),
    (weighted_sum, {"values": numbers(4, D_VALUE)}, "weights and values:", ["(2, 3)", "(4, 4)"]),
    (weighted_sum, {"weights": numbers(N_KEY + 1)}, "weights and values:", ["(4,)", "(3, 4)"]),
    (
        weighted_sum,
        {"weights": numbers(6, N_QUERY, N_KEY), "values": numbers(7, N_KEY, D_VALUE)},
        "weights and values:",
        ["(6, 2, 3)", "(7, 3, 4)"],
    ),
    (attention, {"key": numbers(N_KEY, 6)}, "query and key:", ["(2, 5)", "(3, 6)"]),
    (attention, {"value": numbers(4, D_VALUE)}, "key and value:", ["(3, 5)", "(4, 4)"]),
    (
        attention,
        {"key": numbers(6, N_KEY, D), "value": numbers(7, N_KEY, D_VALUE)},
        "query and key and value:",
        ["(6, 3, 5)", "(7, 3, 4)"],
    ),
    (multi_head_attention, {"num_heads": 4}, "query_weight:", ["num_heads = 4", "(5, 6)"]),
    (
        multi_head_attention,
        {"query_weight": numbers(6, 6)},
        "query_weight:",
        ["(5, m)", "(6, 6)"],
    ),
    (
        multi_head_attention,
        {"value_weight": numbers(8, 7)},
        "value_weight:",
        ["num_heads = 2", "(8, 7)"],
    ),
    (
        multi_head_attention,
        {"key_weight": numbers(7, 8)},
        "query_weight and key_weight:",
        ["(5, 6)", "(7, 8)"],
    ),
    (
        multi_head_attention,
        {"output_weight": numbers(7, D_OUTPUT)},
        "output_weight:",
        ["(8, d_output)", "(7, 6)"],
    ),
    (
        multi_head_attention,
        {"output_weight": numbers(1, 8, D_OUTPUT)},
        "output_weight:",
        ["(8, d_output)", "(1, 8, 6)"],
    ),
    (multi_head_attention, {"value": numbers(4, 8)}, "key and value:", ["(3, 7)", "(4, 8)"]),
    (
        multi_head_attention,
        {"query": numbers(6, N_QUERY, D), "key": numbers(9, N_KEY, 7)},
        "query and key",
        ["(6, 2, 5)", "(9, 3, 7)"],
    ),
]


@pytest.mark.parametrize(
    ("function", "changes", "start", "parts"),
    MISFITS,
    ids=[f"{function.__name__}-{'-'.join(changes)}" for function, changes, *_ in MISFITS],
)
def test_shapes_that_do_not_fit_are_both_shown(function, changes, start, parts):
    with pytest.raises(ValueError, match="want") as caught:
        function(**(EXAMPLES[function] | changes))

    message = str(caught.value)
    assert message.startswith(start)
    assert "got" in message
    for part in parts:
        assert part in message


def test_a_mask_that_does_not_fit_is_shown_as_it_was_given():
    with pytest.raises(ValueError, match=r"^mask: .*got \(7, 2, 3\)"):
        multi_head_attention(**heads_arguments(4), mask=np.ones((7, N_QUERY, N_KEY), dtype=bool))


@pytest.mark.parametrize(
    ("call", "start"),
    [
        (lambda: dot_product_scores([[1e200]], [[1e200]]), "query and key:"),
        (lambda: dot_product_scores([[1e308]], [[1.0]], scale=10), "query and key:"),
        (lambda: dot_product_scores([[1e308, -1e308]], [[10.0, 10.0]]), "query and key:"),
        (lambda: dot_product_scores(*[np.full((1, 2), 300, np.float16)] * 2), "query and key:"),
        (lambda: bilinear_scores([[1e200]], [[1.0]], [[1e200]]), "query and weight:"),
        (lambda: linear_scores([[1e308]], [1.0], bias=1e308), "inputs and weight:"),
        (lambda: weighted_sum([1.0, 1.0], [[1e308], [1e308]]), "weights and values:"),
        (lambda: additive_scores([[1e200]], [[1.0]], [[1e200]], [[1.0]], [1.0]), "query and"),
    ],
    ids=range(8),
)
def test_an_overflow_is_an_error_that_names_the_factors_and_no_warning(call, start, recwarn):
    with pytest.raises(ValueError, match="overflow") as caught:
        call()

    assert str(caught.value).startswith(start)
    assert [str(warning.message) for warning in recwarn] == []


def test_the_place_of_a_bad_number_is_named():
    with pytest.raises(ValueError, match=r"^scores: .* got nan at index 1$"):
        softmax([0.0, NAN])
    with pytest.raises(ValueError, match=r"^scores: .* got inf at index \(1, 0\)$"):
        softmax([[0.0, -INF], [INF, 0.0]])
    with pytest.raises(ValueError, match=r"^query: .* got -inf at index \(0, 1\)$"):
        attention([[0.0, -INF]], [[0.0, 0.0]], [[1.0]])
