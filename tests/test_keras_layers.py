"""Keras's three attention layers compute what `attention_edu.attention` computes."""

from types import SimpleNamespace

import numpy as np
import pytest

from attention_edu.attention import (
    additive_scores,
    attention,
    causal_mask,
    mask_scores,
    multi_head_attention,
    softmax,
    weighted_sum,
)
from attention_edu.tasks import keras

pytestmark = pytest.mark.long  # Keras trains and predicts

N_QUERY, N_KEY, D, D_VALUE = 4, 6, 5, 3
SHAPES = [(N_QUERY, N_KEY), (N_KEY, N_KEY), (N_KEY, N_QUERY)]


def close(ours, theirs):
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=0, atol=1e-6)


def inputs(n_query=N_QUERY, n_key=N_KEY, seed=0):
    rng = np.random.default_rng(seed)
    sizes = ((n_query, D), (n_key, D), (n_key, D_VALUE))
    return tuple(rng.normal(size=(2, *size)) for size in sizes)


def value_mask(n_key=N_KEY, seed=0):
    """True = may attend; each row has something to attend to, its first key."""
    mask = np.random.default_rng(seed).random((2, n_key)) > 0.4
    mask[:, 0] = True
    return mask


def multi_head(layer, query, key, value, **options):
    """Compute with our function and the layer's numbers; a column of ones takes the biases in."""
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()

    def with_one(array):
        return np.concatenate([array, np.ones((*array.shape[:-1], 1))], axis=-1)

    def joined(weight, bias):
        return np.vstack([weight.reshape(len(weight), -1), bias.ravel()])

    steps = multi_head_attention(
        with_one(query),
        with_one(key),
        with_one(value),
        num_heads=wq.shape[1],
        query_weight=joined(wq, bq),
        key_weight=joined(wk, bk),
        value_weight=joined(wv, bv),
        output_weight=wo.reshape(-1, wo.shape[-1]),
        **options,
    )
    return steps.weights, steps.output + bo


@pytest.fixture(scope="module")
def heads():
    """A MultiHeadAttention with random numbers everywhere, the biases too."""
    layer = keras.layers.MultiHeadAttention(
        2, key_dim=3, value_dim=4, output_shape=7, dtype="float64"
    )
    query, key, value = inputs()
    layer(query, value, key)
    rng = np.random.default_rng(9)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize(("n_query", "n_key"), SHAPES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_attention_is_attention(n_query, n_key, masked, causal, scale):
    query, key, value = inputs(n_query, n_key)
    layer = keras.layers.Attention(use_scale=scale is not None, dtype="float64")
    mask = value_mask(n_key) if masked else None
    layer([query, value, key])
    if scale is not None:
        layer.set_weights([np.array(scale)])
    output, weights = layer(
        [query, value, key],
        mask=[None, mask],
        use_causal_mask=causal,
        return_attention_scores=True,
    )
    ours = attention(
        query,
        key,
        value,
        mask=None if mask is None else mask[:, None, :],
        is_causal=causal,
        scale=1.0 if scale is None else scale,
    )
    close(ours.weights, weights)
    close(ours.output, output)


def test_the_order_is_query_value_key_and_without_a_key_the_values_are_the_keys():
    query, key, value = inputs()
    layer = keras.layers.Attention(dtype="float64")
    close(attention(query, key, key, scale=1).output, layer([query, key]))
    close(attention(query, key, value, scale=1).output, layer([query, value, key]))


def test_use_scale_is_one_trainable_number_that_starts_at_one():
    query, key, value = inputs()
    layer = keras.layers.Attention(use_scale=True, dtype="float64")
    plain = keras.layers.Attention(dtype="float64")
    close(layer([query, value, key]), plain([query, value, key]))
    assert layer.count_params() == 1
    assert float(layer.get_weights()[0]) == 1.0
    assert [weight.trainable for weight in layer.weights] == [True]


def test_the_querys_mask_sets_outputs_to_0_and_leaves_the_weights():
    query, key, value = inputs()
    asks = np.array([[True, False, True, False], [False, True, True, True]])
    layer = keras.layers.Attention(dtype="float64")
    output, weights = layer(
        [query, value, key], mask=[asks, value_mask()], return_attention_scores=True
    )
    ours = attention(query, key, value, mask=value_mask()[:, None, :], scale=1)
    close(ours.weights, weights)
    close(np.where(asks[..., None], ours.output, 0), output)


@pytest.mark.parametrize(("n_query", "n_key"), SHAPES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_additive_attention_is_additive_scores_without_matrices(n_query, n_key, masked, causal):
    query, key, value = inputs(n_query, n_key)
    layer = keras.layers.AdditiveAttention(dtype="float64")
    mask = value_mask(n_key) if masked else None
    layer([query, value, key])
    scale = np.random.default_rng(4).normal(size=D)
    assert [weight.shape for weight in layer.get_weights()] == [(D,)]
    layer.set_weights([scale])
    output, weights = layer(
        [query, value, key],
        mask=[None, mask],
        use_causal_mask=causal,
        return_attention_scores=True,
    )
    scores = additive_scores(query, key, np.eye(D), np.eye(D), scale)
    if mask is not None:
        scores = mask_scores(scores, mask[:, None, :])
    if causal:
        scores = mask_scores(scores, causal_mask(n_query, n_key))
    ours = softmax(scores)
    close(ours, weights)
    close(weighted_sum(ours, value), output)


def test_score_mode_concat_is_one_number_times_the_additive_scores_without_matrices():
    query, key, value = inputs()
    layer = keras.layers.Attention(score_mode="concat", dtype="float64")
    layer([query, value, key])
    layer.set_weights([np.array(0.7)])
    output, weights = layer([query, value, key], return_attention_scores=True)
    ours = softmax(additive_scores(query, key, np.eye(D), np.eye(D), np.full(D, 0.7)))
    close(ours, weights)
    close(weighted_sum(ours, value), output)


def test_dense_layers_before_it_make_bahdanaus_additive_scores():
    query, key, value = inputs()
    for_query = keras.layers.Dense(8, use_bias=False, dtype="float64")
    for_key = keras.layers.Dense(8, use_bias=False, dtype="float64")
    layer = keras.layers.AdditiveAttention(dtype="float64")
    _, weights = layer([for_query(query), value, for_key(key)], return_attention_scores=True)
    parts = (one.get_weights()[0] for one in (for_query, for_key, layer))
    close(softmax(additive_scores(query, key, *parts)), weights)


@pytest.mark.parametrize(("n_query", "n_key"), SHAPES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention_is_multi_head_attention(heads, n_query, n_key, masked, causal):
    query, key, value = inputs(n_query, n_key)
    mask = np.random.default_rng(1).random((2, n_query, n_key)) > 0.4 if masked else None
    if mask is not None:
        mask[..., 0] = True
    output, weights = heads(
        query,
        value,
        key,
        attention_mask=mask,
        use_causal_mask=causal,
        return_attention_scores=True,
    )
    ours = multi_head(heads, query, key, value, mask=mask, is_causal=causal)
    close(ours[0], weights)
    close(ours[1], output)
    close(ours[1], heads(query, value, key, attention_mask=mask, use_causal_mask=causal))


def test_multi_head_attention_divides_by_the_root_of_key_dim():
    query, key, value = inputs()
    layer = keras.layers.MultiHeadAttention(1, key_dim=D, dtype="float64")
    layer(query, value, key)
    weights = layer.get_weights()
    weights[0], weights[2] = np.eye(D)[:, None, :], np.eye(D)[:, None, :]
    layer.set_weights(weights)
    _, seen = layer(query, value, key, return_attention_scores=True)
    close(attention(query, key, value).weights, seen[:, 0])


def test_padding_masks_reach_multi_head_attention(heads):
    query, key, value = inputs()
    _, weights = heads(
        query, value, key, attention_mask=value_mask()[:, None, :], return_attention_scores=True
    )
    close(multi_head(heads, query, key, value, mask=value_mask()[:, None, :])[0], weights)
    hidden = np.broadcast_to(~value_mask()[:, None, None, :], weights.shape)
    assert (keras.ops.convert_to_numpy(weights)[hidden] == 0).all()


def test_masks_of_queries_keys_and_values_must_all_allow(heads):
    """The query's comes with it from a layer; Keras ignores what is passed as `query_mask`."""
    query, key, value = inputs()
    asks = np.array([[True, False, True, True], [True, True, True, False]])
    found, answers = value_mask(seed=3), value_mask(seed=5)
    query[~asks] = 0
    output, weights = heads(
        keras.layers.Masking(dtype="float64")(query),
        value,
        key,
        key_mask=found,
        value_mask=answers,
        use_causal_mask=True,
        return_attention_scores=True,
    )
    mask = asks[:, :, None] & (found & answers)[:, None, :]
    ours = multi_head(heads, query, key, value, mask=mask, is_causal=True)
    close(ours[0], weights)
    close(ours[1], output)


def test_single_precision_is_as_near_as_single_precision_can_be():
    query, key, value = (array.astype(np.float32) for array in inputs())
    ours = attention(query, key, value, scale=1)
    close(ours.output, keras.layers.Attention()([query, value, key]))
    layer = keras.layers.AdditiveAttention()
    output = layer([query, value, key])
    scores = additive_scores(
        query, key, *(np.eye(D, dtype=np.float32),) * 2, layer.get_weights()[0]
    )
    close(weighted_sum(softmax(scores), value), output)
    layer = keras.layers.MultiHeadAttention(2, key_dim=3, value_dim=4)
    output = layer(query, value, key)
    close(multi_head(layer, query, key, value)[1], output)
    assert {ours.output.dtype, softmax(scores).dtype} == {np.dtype(np.float32)}


def test_grouped_query_attention_is_several_heads_that_share_keys_and_values():
    query, key, value = inputs()
    value = np.concatenate([value, key[..., :2]], axis=-1)  # this layer wants them equally wide
    layer = keras.layers.GroupQueryAttention(3, 4, 2, dtype="float64")
    layer(query, value, key)
    rng = np.random.default_rng(9)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    output, weights = layer(query, value, key, use_causal_mask=True, return_attention_scores=True)
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()
    twice = [np.repeat(array, 2, axis=-2) for array in (wk, bk, wv, bv)]  # one set for two heads
    repeated = SimpleNamespace(get_weights=lambda: [wq, bq, *twice, wo, bo])
    ours = multi_head(repeated, query, key, value, is_causal=True)
    close(ours[0], weights)
    close(ours[1], output)


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention", "MultiHeadAttention"])
def test_no_query_sees_a_later_key(name, heads):
    """A development version of Keras forgot the mask when weights were asked for (issue 23038)."""
    query, key, value = inputs()
    options = {"use_causal_mask": True, "return_attention_scores": True}
    if name == "MultiHeadAttention":
        _, weights = heads(query, value, key, **options)
    else:
        layer = getattr(keras.layers, name)(dtype="float64")
        _, weights = layer([query, value, key], **options)
    later = keras.ops.convert_to_numpy(weights)[..., ~causal_mask(N_QUERY, N_KEY)]
    assert (later == 0).all()


def test_a_query_that_may_attend_to_nothing(heads):
    """Ours and MultiHeadAttention give 0; Attention, in single precision, shares out equally."""
    query, key, value = (array.astype(np.float32) for array in inputs())
    nothing = np.zeros((2, N_KEY), dtype=bool)
    _, plain = keras.layers.Attention()(
        [query, value, key], mask=[None, nothing], return_attention_scores=True
    )
    close(np.full((2, N_QUERY, N_KEY), 1 / N_KEY), plain)
    _, weights = heads(
        query, value, key, attention_mask=nothing[:, None, :], return_attention_scores=True
    )
    close(np.zeros((2, 2, N_QUERY, N_KEY)), weights)


def test_two_axes_mix_the_batch():
    """What the source article's listing would do, had it passed a query and a value."""
    attend = keras.layers.Attention()
    batch = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=np.float32)
    other = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]], dtype=np.float32)
    first, second = (attend([rows, rows])[0] for rows in (batch, other))
    assert not np.allclose(first, second)
    close(attention(batch, batch, batch, scale=1).output, attend([batch, batch]))
