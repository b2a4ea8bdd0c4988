"""What must hold for every score, key, mask and temperature, tried on many of them."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu.attention import attention, mask_scores, multi_head_attention, softmax

# The same examples on every machine, however slow it is.
TRIED = settings(derandomize=True, deadline=None, max_examples=50)

FINITE = st.floats(-50, 50, width=32)
TEMPERATURES = st.floats(0.05, 20)
LENGTHS = st.integers(1, 6)


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
@given(inputs(), st.randoms(use_true_random=False))
def test_the_order_of_the_keys_does_not_matter(drawn, random):
    query, key, value = drawn
    order = list(range(len(key)))
    random.shuffle(order)

    steps, shuffled = attention(query, key, value), attention(query, key[order], value[order])

    assert_allclose(shuffled.scores, steps.scores[:, order], rtol=1e-12, atol=1e-12)
    assert_allclose(shuffled.weights, steps.weights[:, order], rtol=1e-10, atol=1e-300)
    assert_allclose(shuffled.output, steps.output, rtol=1e-10, atol=1e-10)


@TRIED
@given(inputs(), st.randoms(use_true_random=False))
def test_queries_in_another_order_give_rows_in_that_order(drawn, random):
    query, key, value = drawn
    order = list(range(len(query)))
    random.shuffle(order)

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
