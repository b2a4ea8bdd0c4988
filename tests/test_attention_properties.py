"""What must hold for every score, key, mask and temperature, tried on many of them."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu.attention import (
    additive_scores,
    attention,
    bilinear_scores,
    dot_product_scores,
    linear_scores,
    mask_scores,
    multi_head_attention,
    softmax,
    weighted_sum,
)
from attention_edu.cost import chunked_attention

# The same examples on every machine, however slow it is.
TRIED = settings(derandomize=True, deadline=None, max_examples=50)

FINITE = st.floats(-50, 50, width=32)
TEMPERATURES = st.floats(0.05, 20)
LENGTHS = st.integers(1, 6)
FLOATS = st.sampled_from([np.float16, np.float32, np.float64])
ORDERS = st.randoms(use_true_random=False)


@st.composite
def score_rows(draw, elements=FINITE, least=1):
    shape = (draw(LENGTHS), draw(st.integers(least, 7)))
    return draw(npst.arrays(np.float64, shape, elements=elements))


@st.composite
def inputs(draw, batch=()):
    """Draw a query, a key and a value whose sizes are independent of each other."""
    n_query, n_key, d, d_value = (draw(LENGTHS) for _ in range(4))
    elements = st.floats(-8, 8, width=32)
    return tuple(
        draw(npst.arrays(np.float64, (*batch, *shape), elements=elements))
        for shape in ((n_query, d), (n_key, d), (n_key, d_value))
    )


@st.composite
def inputs_and_mask(draw):
    query, key, value = draw(inputs())
    mask = draw(npst.arrays(np.bool_, (len(query), len(key))))
    return query, key, value, mask


@st.composite
def several_heads(draw, batch=()):
    """Draw the arguments of `multi_head_attention`, with one to three heads."""
    query, key, value = draw(inputs(batch=batch))
    heads, d_head, d_head_value, d_output = (draw(st.integers(1, 3)) for _ in range(4))
    shapes = {
        "query_weight": (query.shape[-1], heads * d_head),
        "key_weight": (key.shape[-1], heads * d_head),
        "value_weight": (value.shape[-1], heads * d_head_value),
        "output_weight": (heads * d_head_value, d_output),
    }
    elements = st.floats(-2, 2, width=32)
    projections = {
        name: draw(npst.arrays(np.float64, shape, elements=elements))
        for name, shape in shapes.items()
    }
    return {"query": query, "key": key, "value": value, "num_heads": heads, **projections}


def in_another_order(random, count):
    order = list(range(count))
    random.shuffle(order)
    return order


@TRIED
@given(
    score_rows(st.floats(allow_nan=False).filter(lambda score: score != np.inf)),
    st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, -2]),
)
def test_weights_sum_to_one_or_where_all_is_forbidden_to_zero(scores, temperature, axis):
    weights = softmax(scores, axis=axis, temperature=temperature)

    forbidden = np.isneginf(scores).all(axis=axis)
    assert_allclose(weights.sum(axis=axis), np.where(forbidden, 0, 1), rtol=1e-14)
    assert (weights >= 0).all()
    assert (weights <= 1).all()


@TRIED
@given(score_rows(st.integers(-1000, 1000).map(float)), st.integers(-(10**6), 10**6))
def test_a_constant_added_to_all_scores_changes_no_weight(scores, constant):
    """With whole numbers the sums are exact, so the weights are equal to the last bit."""
    assert_array_equal(softmax(scores + constant), softmax(scores))


@TRIED
@given(score_rows(), TEMPERATURES)
def test_the_order_of_the_scores_is_the_order_of_the_weights(scores, temperature):
    weights = softmax(scores, temperature=temperature)

    higher = scores[:, :, None] >= scores[:, None, :]
    assert (weights[:, :, None] >= weights[:, None, :])[higher].all()
    clearly = scores[:, :, None] > scores[:, None, :] + temperature
    assert (weights[:, :, None] > weights[:, None, :])[
        clearly & (weights[:, :, None] > 1e-300)
    ].all()


@TRIED
@given(score_rows(least=2))
def test_towards_zero_temperature_the_largest_score_takes_all(scores):
    ordered = np.sort(scores, axis=-1)
    assume((ordered[:, -1] - ordered[:, -2] > 1e-3).all())

    weights = softmax(scores, temperature=1e-6)

    assert_array_equal(weights, np.eye(scores.shape[1])[scores.argmax(axis=-1)])


@TRIED
@given(score_rows())
def test_towards_infinite_temperature_all_weights_are_equal(scores):
    assert_allclose(softmax(scores, temperature=1e9), 1 / scores.shape[1], rtol=1e-6)


@TRIED
@given(score_rows(), TEMPERATURES)
def test_a_temperature_divides_the_scores(scores, temperature):
    expected = softmax(scores / temperature)
    assert_allclose(softmax(scores, temperature=temperature), expected, rtol=1e-9, atol=1e-300)


@TRIED
@given(inputs_and_mask(), st.booleans())
def test_what_is_masked_has_a_weight_of_exactly_zero(drawn, is_causal):
    query, key, value, mask = drawn
    allowed = mask & np.tri(*mask.shape, dtype=bool) if is_causal else mask

    steps = attention(query, key, value, mask=mask, is_causal=is_causal)

    assert (steps.weights[~allowed] == 0).all()
    assert_allclose(steps.weights.sum(axis=-1), allowed.any(axis=-1), rtol=1e-14)
    assert (steps.output[~allowed.any(axis=-1)] == 0).all()


@TRIED
@given(inputs_and_mask())
def test_what_is_masked_may_as_well_not_exist(drawn):
    query, key, value, mask = drawn
    mask = mask[0] | (np.arange(len(key)) == 0)

    steps = attention(query, key, value, mask=mask)
    without = attention(query, key[mask], value[mask])

    assert_allclose(steps.weights[:, mask], without.weights, rtol=1e-12, atol=1e-300)
    assert_allclose(steps.output, without.output, rtol=1e-12, atol=1e-12)


@TRIED
@given(score_rows())
def test_a_mask_that_allows_all_changes_nothing(scores):
    assert_array_equal(mask_scores(scores, True), scores)
    assert_array_equal(mask_scores(scores, np.ones(scores.shape, dtype=bool)), scores)


@TRIED
@given(inputs(), ORDERS)
def test_the_order_of_the_keys_does_not_matter(drawn, random):
    query, key, value = drawn
    order = in_another_order(random, len(key))

    steps, shuffled = attention(query, key, value), attention(query, key[order], value[order])

    assert_allclose(shuffled.scores, steps.scores[:, order], rtol=1e-12, atol=1e-12)
    assert_allclose(shuffled.weights, steps.weights[:, order], rtol=1e-10, atol=1e-300)
    assert_allclose(shuffled.output, steps.output, rtol=1e-10, atol=1e-10)


@TRIED
@given(inputs(), ORDERS)
def test_queries_in_another_order_give_rows_in_that_order(drawn, random):
    query, key, value = drawn
    order = in_another_order(random, len(query))

    steps, shuffled = attention(query, key, value), attention(query[order], key, value)

    for got, expected in zip(shuffled, steps):
        assert_allclose(got, expected[order], rtol=1e-10, atol=1e-12)


@TRIED
@given(inputs(), st.integers(1, 5), FINITE)
def test_the_future_never_changes_the_past(drawn, position, noise):
    query, key, value = drawn
    later = np.arange(len(key))[:, None] >= position

    steps = attention(query, key, value, is_causal=True)
    changed = attention(
        query, np.where(later, noise, key), np.where(later, -noise, value), is_causal=True
    )

    assert_array_equal(changed.weights[:position], steps.weights[:position])
    assert_array_equal(changed.output[:position], steps.output[:position])


@TRIED
@given(inputs_and_mask(), st.floats(0.01, 100))
def test_the_output_stays_among_the_values(drawn, temperature):
    query, key, value, mask = drawn
    mask[:, 0] = True

    output = attention(query, key, value, mask=mask, temperature=temperature).output

    for row, allowed in zip(output, mask):
        assert (row >= value[allowed].min(axis=0) - 1e-12).all()
        assert (row <= value[allowed].max(axis=0) + 1e-12).all()


@TRIED
@given(inputs())
def test_equal_keys_give_the_mean_of_the_values(drawn):
    query, key, value = drawn
    key[:] = key[0]

    output = attention(query, key, value).output

    assert_allclose(output, np.tile(value.mean(axis=0), (len(query), 1)), rtol=1e-12, atol=1e-12)


@TRIED
@given(inputs(batch=(2, 3)))
def test_batch_entries_know_nothing_of_each_other(drawn):
    query, key, value = drawn
    steps = attention(query, key, value)
    query[0, 0], key[0, 0], value[0, 0] = 1, 2, 3

    changed = attention(query, key, value)

    elsewhere = np.ones((2, 3), dtype=bool)
    elsewhere[0, 0] = False
    for got, expected in zip(changed, steps):
        assert_allclose(got[elsewhere], expected[elsewhere], rtol=1e-12, atol=1e-14)


@TRIED
@given(inputs())
def test_one_head_that_projects_nothing_is_plain_attention(drawn):
    query, key, value = drawn
    same, same_value = np.eye(query.shape[-1]), np.eye(value.shape[-1])

    one_head = multi_head_attention(
        query,
        key,
        value,
        num_heads=1,
        query_weight=same,
        key_weight=same,
        value_weight=same_value,
        output_weight=same_value,
    )

    plain = attention(query, key, value)
    assert_allclose(one_head.weights[0], plain.weights, rtol=1e-12, atol=1e-300)
    assert_allclose(one_head.output, plain.output, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------------------------------------
# Limits, shifts and extremes
# ---------------------------------------------------------------------------------------------


@TRIED
@given(score_rows(st.integers(-3, 3).map(float)), st.floats(1e-300, 1e-3))
def test_towards_zero_temperature_those_that_share_the_first_place_share_the_weight(scores, cold):
    first = scores == scores.max(axis=-1, keepdims=True)

    expected = first / first.sum(axis=-1, keepdims=True)
    assert_array_equal(softmax(scores, temperature=cold), expected)


@TRIED
@given(inputs_and_mask(), st.floats(1e9, 1e300))
def test_towards_infinite_temperature_whatever_is_allowed_gets_the_same(drawn, hot):
    query, key, value, mask = drawn

    weights = attention(query, key, value, mask=mask, temperature=hot).weights

    allowed = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    assert_allclose(weights, mask / allowed, rtol=1e-6)


@TRIED
@given(inputs(), TEMPERATURES, st.floats(0.1, 3))
def test_a_temperature_is_a_scale_turned_upside_down(drawn, temperature, scale):
    query, key, value = drawn

    warm = attention(query, key, value, scale=scale, temperature=temperature)
    scaled = attention(query, key, value, scale=scale / temperature)

    assert_allclose(warm.weights, scaled.weights, rtol=1e-9, atol=1e-300)
    assert_allclose(warm.scores, temperature * scaled.scores, rtol=1e-12, atol=1e-12)


@TRIED
@given(inputs_and_mask(), st.floats(-8, 8), st.floats(-100, 100))
def test_keys_shifted_alike_change_no_weight_and_values_shifted_alike_shift_the_output(
    drawn, key_shift, value_shift
):
    """A shift of every key by c adds q · c to each score of a row: a constant."""
    query, key, value, mask = drawn
    mask[:, 0] = True

    plain = attention(query, key, value, mask=mask)
    shifted = attention(query, key + key_shift, value + value_shift, mask=mask)

    assert_allclose(shifted.weights, plain.weights, rtol=1e-9, atol=1e-300)
    assert_allclose(shifted.output, plain.output + value_shift, rtol=1e-9, atol=1e-9)


@TRIED
@given(st.data())
def test_the_weights_of_extreme_and_denormal_scores_are_finite_and_ordered(data):
    """From the smallest number above 0 to the largest: nothing overflows, nothing is NaN."""
    most, least = np.finfo(np.float64).max, 5e-324
    extremes = st.sampled_from([most, -most, 1e300, least, -least, 3e-310, 0.0, 1.0, -np.inf])
    scores = data.draw(npst.arrays(np.float64, (3, 5), elements=extremes))
    temperature = data.draw(st.sampled_from([least, 3e-310, 1e-300, 1.0, 1e300, most]))

    weights = softmax(scores, temperature=temperature)

    assert np.isfinite(weights).all()
    higher = scores[:, :, None] >= scores[:, None, :]
    assert (weights[:, :, None] >= weights[:, None, :])[higher].all()
    same = scores[:, :, None] == scores[:, None, :]
    assert (weights[:, :, None] == weights[:, None, :])[same].all()
    assert (weights[np.isneginf(scores)] == 0).all()


@TRIED
@given(st.data())
def test_attention_to_numbers_of_extreme_size_stays_among_the_values(data):
    tiny = st.sampled_from([0.0, 5e-324, -3e-310, 1e-160])
    huge = st.sampled_from([1e150, -1e150, 1.0, 5e-324])
    query, key = (data.draw(npst.arrays(np.float64, (3, 2), elements=huge | tiny)) for _ in "qk")
    value = data.draw(npst.arrays(np.float64, (3, 2), elements=huge | tiny | st.just(1e307)))

    steps = attention(query, key, value)

    assert_allclose(steps.weights.sum(axis=-1), 1, rtol=1e-14)
    room = 1e-12 * np.abs(value).max() + 3 * 5e-324  # a part of a denormal may round to 0
    assert (steps.output >= value.min(axis=0) - room).all()
    assert (steps.output <= value.max(axis=0) + room).all()


# ---------------------------------------------------------------------------------------------
# Floating types
# ---------------------------------------------------------------------------------------------


@TRIED
@given(st.data(), FLOATS, st.sampled_from([1e-320, 1e-3, 1.0, 3.0, 1e300]))
def test_every_floating_type_keeps_its_rows_at_one_and_its_zeros_at_zero(data, dtype, temperature):
    limits = np.finfo(dtype)
    elements = st.floats(float(limits.min), float(limits.max), width=8 * limits.dtype.itemsize)
    scores = data.draw(npst.arrays(dtype, (3, 6), elements=elements))
    mask = data.draw(npst.arrays(np.bool_, (3, 6)))

    masked = mask_scores(scores, mask)
    weights = softmax(masked, temperature=temperature)

    assert masked.dtype == weights.dtype == dtype
    assert_array_equal(masked[mask], scores[mask])
    assert (weights[~mask] == 0).all()
    assert_allclose(
        weights.sum(axis=-1, dtype=np.float64), mask.any(axis=-1), atol=8 * float(limits.eps)
    )


@TRIED
@given(inputs_and_mask(), FLOATS, st.booleans())
def test_every_floating_type_gives_what_double_precision_gives(drawn, dtype, is_causal):
    *arrays, mask = drawn
    arrays = [array.astype(dtype) for array in arrays]

    steps = attention(*arrays, mask=mask, is_causal=is_causal)
    exact = attention(*(a.astype(np.float64) for a in arrays), mask=mask, is_causal=is_causal)

    eps = float(np.finfo(dtype).eps)
    size = max(1.0, float(np.abs(exact.scores).max()))  # a score is rounded by its size
    for got, expected, room in zip(steps, exact, (size, size, 8 * size)):
        assert got.dtype == dtype
        assert_allclose(got, expected, rtol=0, atol=8 * eps * room)
    allowed = mask & np.tri(*mask.shape, dtype=bool) if is_causal else mask
    assert (steps.weights[~allowed] == 0).all()
    assert (steps.output[~allowed.any(axis=-1)] == 0).all()


# ---------------------------------------------------------------------------------------------
# The hull
# ---------------------------------------------------------------------------------------------


@TRIED
@given(inputs_and_mask(), TEMPERATURES, st.data())
def test_in_no_direction_does_an_output_go_further_than_the_values(drawn, temperature, data):
    """The convex hull is what lies, in every direction, no further than the furthest value."""
    query, key, value, mask = drawn
    mask[:, 0] = True
    direction = data.draw(npst.arrays(np.float64, value.shape[1], elements=st.floats(-1, 1)))

    output = attention(query, key, value, mask=mask, temperature=temperature).output

    reach = np.where(mask, value @ direction, -np.inf).max(axis=-1)
    assert (output @ direction <= reach + 1e-12).all()


@TRIED
@given(score_rows(), st.data())
def test_the_sum_of_two_sets_of_values_is_the_sum_of_their_outputs(scores, data):
    weights = softmax(scores)
    shape = (scores.shape[1], 2)
    one, other = (data.draw(npst.arrays(np.float64, shape, elements=FINITE)) for _ in range(2))

    together = weighted_sum(weights, one - 2 * other)

    apart = weighted_sum(weights, one) - 2 * weighted_sum(weights, other)
    assert_allclose(together, apart, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------------------------------------
# Order, batches and heads
# ---------------------------------------------------------------------------------------------


@TRIED
@given(inputs_and_mask(), ORDERS)
def test_a_mask_goes_along_with_its_keys(drawn, random):
    query, key, value, mask = drawn
    order = in_another_order(random, len(key))

    steps = attention(query, key, value, mask=mask)
    shuffled = attention(query, key[order], value[order], mask=mask[:, order])

    assert_allclose(shuffled.weights, steps.weights[:, order], rtol=1e-10, atol=1e-300)
    assert_allclose(shuffled.output, steps.output, rtol=1e-10, atol=1e-10)


@TRIED
@given(several_heads(), ORDERS)
def test_tokens_in_another_order_get_their_outputs_in_that_order(drawn, random):
    """Self-attention has no idea of a place: that is why positions have to be added."""
    tokens = drawn["key"]
    arguments = drawn | {
        "query": tokens,
        "value": tokens,
        "query_weight": drawn["key_weight"],
        "value_weight": np.resize(drawn["value_weight"], (tokens.shape[-1], drawn["num_heads"])),
        "output_weight": drawn["output_weight"][: drawn["num_heads"]],
    }
    order = in_another_order(random, len(tokens))

    steps = multi_head_attention(**arguments)
    moved = dict.fromkeys(("query", "key", "value"), tokens[order])
    shuffled = multi_head_attention(**arguments | moved)

    expected = steps.weights[:, order][..., order]
    assert_allclose(shuffled.weights, expected, rtol=1e-10, atol=1e-300)
    assert_allclose(shuffled.output, steps.output[order], rtol=1e-9, atol=1e-9)


@TRIED
@given(several_heads(), st.integers(1, 5), FINITE)
def test_no_head_sees_the_future(drawn, position, noise):
    later = np.arange(len(drawn["key"]))[:, None] >= position
    changed = {name: np.where(later, noise, drawn[name]) for name in ("key", "value")}

    steps = multi_head_attention(**drawn, is_causal=True)
    after = multi_head_attention(**drawn | changed, is_causal=True)

    future = ~np.tri(len(drawn["query"]), len(drawn["key"]), dtype=bool)
    assert (steps.weights[:, future] == 0).all()
    assert_allclose(after.output[:position], steps.output[:position], rtol=1e-12, atol=1e-12)
    assert_allclose(after.weights[:, :position], steps.weights[:, :position], rtol=1e-12)


@TRIED
@given(several_heads(), st.data())
def test_heads_know_nothing_of_each_other(drawn, data):
    heads = drawn["num_heads"]
    changed = data.draw(st.integers(0, heads - 1))
    query_weight = drawn["query_weight"].copy()
    d_head = query_weight.shape[1] // heads
    query_weight[:, changed * d_head : (changed + 1) * d_head] += 1.5
    mute = drawn["output_weight"].copy()  # what the changed head says is not heard
    d_head_value = len(mute) // heads
    mute[changed * d_head_value : (changed + 1) * d_head_value] = 0

    steps = multi_head_attention(**drawn | {"output_weight": mute})
    after = multi_head_attention(**drawn | {"output_weight": mute, "query_weight": query_weight})

    others = np.arange(heads) != changed
    assert_allclose(after.scores[others], steps.scores[others], rtol=1e-12, atol=1e-12)
    assert_allclose(after.weights[others], steps.weights[others], rtol=1e-12, atol=1e-300)
    assert_allclose(after.output, steps.output, rtol=1e-12, atol=1e-12)


@TRIED
@given(several_heads(batch=(3,)), st.integers(0, 2))
def test_entries_of_a_batch_with_heads_know_nothing_of_each_other(drawn, entry):
    one = {name: drawn[name][entry] for name in ("query", "key", "value")}

    together, alone = multi_head_attention(**drawn), multi_head_attention(**drawn | one)

    for got, expected in zip(together, alone):
        assert_allclose(got[entry], expected, rtol=1e-11, atol=1e-12)


@TRIED
@given(inputs(), st.data())
def test_other_scores_are_dot_products_of_what_they_make_of_their_arguments(drawn, data):
    query, key, _ = drawn
    d = query.shape[-1]
    weight = data.draw(npst.arrays(np.float64, (d, d), elements=st.floats(-2, 2, width=32)))

    dot = dot_product_scores(query, key)
    assert_allclose(bilinear_scores(query, key, np.eye(d)), dot, rtol=1e-12, atol=1e-12)
    expected = dot_product_scores(query @ weight, key)
    assert_allclose(bilinear_scores(query, key, weight), expected, rtol=1e-12, atol=1e-11)
    first = linear_scores(key, weight[0], bias=0.5)
    expected = dot_product_scores(weight[:1], key)[0] + 0.5
    assert_allclose(first, expected, rtol=1e-12, atol=1e-12)
    # tanh(q + k) of ±1 components is bounded, and its sign is that of the larger of the two.
    additive = additive_scores(query, key, weight, weight, np.ones(d))
    assert (np.abs(additive) <= d + 1e-12).all()
    swapped = additive_scores(key, query, weight, weight, np.ones(d))
    assert_allclose(additive, swapped.T, rtol=1e-12, atol=1e-12)


@TRIED
@given(inputs_and_mask(), st.booleans(), st.integers(1, 7), st.none() | st.floats(0.1, 30), FLOATS)
def test_in_chunks_of_any_size_attention_is_the_same(drawn, is_causal, chunk_size, scale, dtype):
    *arrays, mask = drawn
    arrays = [array.astype(dtype) for array in arrays]
    options = {"mask": mask, "is_causal": is_causal, "scale": scale}

    whole = attention(*arrays, **options)
    output = chunked_attention(*arrays, chunk_size=chunk_size, **options)

    assert output.dtype == dtype
    # Scores are rounded by their size, and exp turns that into a part of each weight. Those of half
    # precision are rounded again where they are kept as a whole.
    size = float(np.abs(whole.scores).max())
    eps = max(float(np.finfo(dtype).eps), 1e-13)
    off = 64 * max(1.0, size) if dtype == np.float16 else 64 + size
    assert_allclose(output, whole.output, rtol=0, atol=off * eps)
    assert (output[whole.weights.sum(axis=-1) == 0] == 0).all()


# ---------------------------------------------------------------------------------------------
# What arrays look like in memory
# ---------------------------------------------------------------------------------------------


def strided(array):
    """Every other place of an array whose other places are NaN."""
    wide = np.full([2 * size for size in array.shape], np.nan)
    wide[tuple(slice(None, None, 2) for _ in array.shape)] = array
    return wide[tuple(slice(None, None, 2) for _ in array.shape)]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS = st.sampled_from(
    [
        np.copy,
        np.asfortranarray,
        read_only,
        strided,
        lambda array: read_only(strided(array)),
        lambda array: array[::-1].copy()[::-1],
        lambda array: np.flip(np.flip(array).copy()),
        lambda array: array.astype(">f8"),
        lambda array: np.frombuffer(b"." + array.tobytes(), offset=1).reshape(array.shape),
    ]
)


@TRIED
@given(several_heads(), st.data())
def test_no_layout_changes_a_result_and_no_call_changes_its_arguments(drawn, data):
    arrays = {name: given for name, given in drawn.items() if name != "num_heads"}
    odd = {name: data.draw(LAYOUTS)(array) for name, array in arrays.items()}
    before = {name: array.tobytes() for name, array in odd.items()}
    tokens = ("query", "key", "value")
    square = np.ones((drawn["query"].shape[-1], drawn["key"].shape[-1]))

    for function, names, options in (
        (multi_head_attention, arrays, {"num_heads": drawn["num_heads"]}),
        (attention, tokens, {"is_causal": True, "temperature": 2.0}),
        (dot_product_scores, tokens[:2], {}),
        (bilinear_scores, tokens[:2], {"weight": square}),
    ):
        expected = function(**{name: arrays[name] for name in names}, **options)
        got = function(**{name: odd[name] for name in names}, **options)
        both = zip(got, expected) if isinstance(got, tuple) else [(got, expected)]
        for ours, theirs in both:
            assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
            ours[...] = np.nan  # what comes back is the caller's own
    by_column = softmax(odd["key"], axis=0, temperature=0.5)
    assert_allclose(by_column, softmax(arrays["key"], axis=0, temperature=0.5), rtol=1e-14)
    mixed = weighted_sum(odd["key"].T, odd["value"])
    assert_allclose(mixed, weighted_sum(arrays["key"].T, arrays["value"]), rtol=1e-12, atol=1e-12)
    by_column[...] = mixed[...] = np.nan

    assert {name: array.tobytes() for name, array in odd.items()} == before
