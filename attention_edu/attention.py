"""The three steps of attention, in the order in which they are computed.

1. **Scores** say how well each key fits a query: `dot_product_scores` and its relatives.
2. **Weights** share out one unit of attention among the keys: `softmax`, after `mask_scores`.
3. The **output** is the mean of the values under these weights: `weighted_sum`.

`attention` is these three in a row, and `multi_head_attention` is several of those side by side.

Rows are tokens, and any leading axes (batch, head) go along: a query of shape (…, n_query, d) and
a key of shape (…, n_key, d) give scores of shape (…, n_query, n_key). The floating types float16,
float32 and float64 are kept; integers and lists become float64. Arguments are never changed.
A mask is boolean, and True means *may attend*. All quantities are pure numbers, without units.
"""

from __future__ import annotations

import math
import sys
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "AttentionSteps",
    "additive_scores",
    "attention",
    "bilinear_scores",
    "causal_mask",
    "dot_product_scores",
    "linear_scores",
    "mask_scores",
    "multi_head_attention",
    "softmax",
    "weighted_sum",
]

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]


# ---------------------------------------------------------------------------------------------
# Step 1: scores
# ---------------------------------------------------------------------------------------------


def linear_scores(inputs: ArrayLike, weight: ArrayLike, bias: float = 0.0) -> FloatArray:
    """Score each input by itself, without any query.

    Parameters
    ----------
    inputs : array_like, shape (..., n, d)
        One row a token.
    weight : array_like, shape (d,)
        How much each component counts.
    bias : float, default 0.0
        Added to every score. Softmax ignores it, since it shifts all scores alike.

    Returns
    -------
    ndarray, shape (..., n)
        The score of each token.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers.
    ValueError
        If shapes do not fit, an axis is empty, or a number is not finite.

    Notes
    -----
    Equation: W · x + b, the score of the course's source article (section 4). It has no query, so
    the weights depend on each input alone; this is learned pooling. See `dot_product_scores` for
    scores that compare a query with keys.

    Examples
    --------
    >>> linear_scores([[1, 0], [0, 2]], weight=[3, 1], bias=0.5)
    array([3.5, 2.5])
    """
    inputs, weight = _same_type(
        inputs=as_numbers("inputs", inputs, least_axes=2),
        weight=as_numbers("weight", weight, least_axes=1),
    )
    if weight.ndim != 1 or weight.shape[0] != inputs.shape[-1]:
        raise ValueError(
            f"weight: wants shape ({inputs.shape[-1]},), one number for each component of "
            f"inputs {inputs.shape}; got shape {weight.shape}"
        )
    return _finite_product("inputs and weight", inputs, weight, plus=as_number("bias", bias))


def dot_product_scores(query: ArrayLike, key: ArrayLike, *, scale: float = 1.0) -> FloatArray:
    """Score every key for every query by their dot product.

    Parameters
    ----------
    query : array_like, shape (..., n_query, d)
        One row a query.
    key : array_like, shape (..., n_key, d)
        One row a key.
    scale : float, default 1.0
        Each score is multiplied by it. `attention` uses 1 / sqrt(d).

    Returns
    -------
    ndarray, shape (..., n_query, n_key)
        Row i holds the scores of query i.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers.
    ValueError
        If shapes do not fit, an axis is empty, a number is not finite, or a score is too large
        for its floating type.

    Notes
    -----
    Equation: scale · Q Kᵀ. Luong et al. (2015), arXiv:1508.04025, "dot"; with scale = 1/√d_k the
    scores of Vaswani et al. (2017), arXiv:1706.03762, Eq. 1.

    Examples
    --------
    >>> dot_product_scores([[1, 2]], [[3, 0], [0, 4], [1, 1]])
    array([[3., 8., 3.]])
    """
    query, key = _queries_and_keys(query, key)
    _equally_long(query, key)
    # Scaling the queries costs n_query·d multiplications, scaling the scores n_query·n_key.
    with np.errstate(over="ignore"):  # the product below refuses what overflows
        scaled = _wider(query) * as_number("scale", scale)
    return _finite_product("query and key", scaled, np.swapaxes(key, -1, -2), dtype=query.dtype)


def bilinear_scores(query: ArrayLike, key: ArrayLike, weight: ArrayLike) -> FloatArray:
    """Score every key for every query through a matrix between them.

    Parameters
    ----------
    query : array_like, shape (..., n_query, d_query)
        One row a query.
    key : array_like, shape (..., n_key, d_key)
        One row a key; its size may differ from the query's.
    weight : array_like, shape (d_query, d_key)
        How each component of a query meets each component of a key.

    Returns
    -------
    ndarray, shape (..., n_query, n_key)
        Row i holds the scores of query i.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers.
    ValueError
        If shapes do not fit, an axis is empty, a number is not finite, or a score is too large
        for its floating type.

    Notes
    -----
    Equation: Q W Kᵀ. Luong et al. (2015), arXiv:1508.04025, "general".

    Examples
    --------
    >>> bilinear_scores([[1, 2]], [[1, 0, 0], [0, 1, 1]], [[1, 0, 0], [0, 3, 0]])
    array([[1., 6.]])
    """
    query, key = _queries_and_keys(query, key)
    weight = as_numbers("weight", weight, least_axes=2)
    _wants_shape("weight", weight, (query.shape[-1], key.shape[-1]), "(d_query, d_key)")
    query, key, weight = _same_type(query=query, key=key, weight=weight)
    projected = _finite_product("query and weight", query, weight)
    return _finite_product("query, weight and key", projected, np.swapaxes(key, -1, -2))


def additive_scores(
    query: ArrayLike,
    key: ArrayLike,
    query_weight: ArrayLike,
    key_weight: ArrayLike,
    score_weight: ArrayLike,
) -> FloatArray:
    """Score every key for every query with a small network of one hidden layer.

    Parameters
    ----------
    query : array_like, shape (..., n_query, d_query)
        One row a query (the decoder's state in the original).
    key : array_like, shape (..., n_key, d_key)
        One row a key (the encoder's annotations in the original).
    query_weight : array_like, shape (d_query, hidden)
        Takes queries to the hidden layer.
    key_weight : array_like, shape (d_key, hidden)
        Takes keys to the hidden layer.
    score_weight : array_like, shape (hidden,)
        Takes the hidden layer to a score.

    Returns
    -------
    ndarray, shape (..., n_query, n_key)
        Row i holds the scores of query i.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers.
    ValueError
        If shapes do not fit, an axis is empty, a number is not finite, or a score is too large
        for its floating type.

    Notes
    -----
    Equation: vᵀ tanh(W q + U k). Bahdanau, Cho & Bengio (2014), arXiv:1409.0473, section A.1.2.
    The hidden layer takes n_query · n_key · hidden numbers of memory.

    Examples
    --------
    >>> additive_scores([[0.0]], [[0.0], [1.0]], [[1.0]], [[1.0]], [2.0]).round(3)
    array([[0.   , 1.523]])
    """
    query, key = _queries_and_keys(query, key)
    query_weight = as_numbers("query_weight", query_weight, least_axes=2)
    key_weight = as_numbers("key_weight", key_weight, least_axes=2)
    score_weight = as_numbers("score_weight", score_weight, least_axes=1)
    hidden = query_weight.shape[-1]
    _wants_shape("query_weight", query_weight, (query.shape[-1], hidden), "(d_query, hidden)")
    _wants_shape("key_weight", key_weight, (key.shape[-1], hidden), "(d_key, hidden)")
    _wants_shape("score_weight", score_weight, (hidden,), "(hidden,)")
    query, key, query_weight, key_weight, score_weight = _same_type(
        query=query,
        key=key,
        query_weight=query_weight,
        key_weight=key_weight,
        score_weight=score_weight,
    )
    from_query = _finite_product("query and query_weight", query, query_weight)
    from_key = _finite_product("key and key_weight", key, key_weight)
    with np.errstate(over="ignore"):  # tanh of an overflow is ±1, as it should be
        hidden_layer = np.tanh(from_query[..., :, None, :] + from_key[..., None, :, :])
    return _finite_product("score_weight", hidden_layer, score_weight)


# ---------------------------------------------------------------------------------------------
# Step 2: weights
# ---------------------------------------------------------------------------------------------


def softmax(scores: ArrayLike, *, axis: int = -1, temperature: float = 1.0) -> FloatArray:
    """Turn scores into weights: positive numbers that sum to 1.

    Parameters
    ----------
    scores : array_like, shape (..., n)
        Any finite numbers, or -inf for what may not be attended to.
    axis : int, default -1
        The axis along which the weights sum to 1.
    temperature : float, default 1.0
        Scores are divided by it: above 1 flattens the weights, towards 0 sharpens them.

    Returns
    -------
    ndarray, shape of `scores`
        Weights between 0 and 1. Where every score along the axis is -inf, all weights are 0.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers.
    ValueError
        If `scores` has no axis, an empty one, NaN or +inf; if `axis` does not exist; if
        `temperature` is not a finite number above 0.

    Notes
    -----
    Equation: αᵢ = exp(aᵢ / T) / Σⱼ exp(aⱼ / T); Bahdanau et al. (2014), arXiv:1409.0473, Eq. 6,
    with T = 1. The largest score is subtracted first, which changes no weight and keeps exp from
    overflowing.

    Examples
    --------
    >>> softmax([3.0, 1.0, 0.0]).round(3)
    array([0.844, 0.114, 0.042])
    >>> softmax([3.0, 1.0, 0.0], temperature=10).round(3)
    array([0.391, 0.32 , 0.289])
    >>> softmax([1.0, float("-inf")])
    array([1., 0.])
    """
    given = as_numbers("scores", scores, least_axes=1, check_finite=False)
    temperature = _temperature(temperature)
    if not -given.ndim <= as_integer("axis", axis) < given.ndim:
        raise ValueError(
            f"axis: wants a number from {-given.ndim} to {given.ndim - 1} for scores of shape "
            f"{given.shape}; got {axis}"
        )
    return _weights(given, axis, temperature)


def _weights(
    given: FloatArray, axis: int, temperature: float, *, overwrite: bool = False
) -> FloatArray:
    """Turn scores into weights, in one new array at most; in none if they may be overwritten."""
    scores = _wider(given)
    if temperature != 1.0:
        limits = np.finfo(scores.dtype)
        # Out of this range it would be 0 or inf in this type.
        if not float(limits.tiny) <= temperature <= float(limits.max):
            scores = scores.astype(np.float64)
    peak = np.maximum.reduce(scores, axis=axis, keepdims=True)
    nothing = None
    if np.count_nonzero(np.isfinite(peak)) < peak.size:
        nothing = peak == -np.inf
        if not (np.isfinite(peak) | nothing).all():
            raise ValueError("scores: want finite numbers or -inf; got " + _culprit(scores))
        peak[nothing] = 0.0
    weights = scores if overwrite or scores is not given else np.empty_like(scores)
    with np.errstate(over="ignore", under="ignore"):  # an exponent of -inf is a weight of 0
        if temperature > 1.0:  # dividing first keeps ±1e308 apart
            np.divide(scores, temperature, out=weights)
            weights -= peak / temperature
        else:
            np.subtract(scores, peak, out=weights)
            if temperature < 1.0:
                weights /= temperature
        np.exp(weights, out=weights)
        total = np.add.reduce(weights, axis=axis, keepdims=True)
        if nothing is not None:
            total[nothing] = 1.0
        weights /= total
    return weights.astype(given.dtype, copy=False)


def mask_scores(scores: ArrayLike, mask: ArrayLike) -> FloatArray:
    """Set the score of whatever may not be attended to to -inf, before softmax.

    Parameters
    ----------
    scores : array_like, shape (..., n_query, n_key)
        The scores; a single row (n_key,) will do.
    mask : array_like of bool, shape that broadcasts to that of `scores`
        True = may attend.

    Returns
    -------
    ndarray, shape of `scores`
        The scores, with -inf where `mask` is False. The argument is left as it was.

    Raises
    ------
    TypeError
        If `scores` are no numbers or `mask` is not boolean.
    ValueError
        If the mask does not fit the scores, or a score is NaN or +inf.

    Notes
    -----
    Equation: sᵢⱼ → -∞ where masked, so that exp(sᵢⱼ) = 0. Vaswani et al. (2017),
    arXiv:1706.03762, section 3.2.3.

    Examples
    --------
    >>> mask_scores([2.0, 1.0, 0.0], [True, False, True])
    array([  2., -inf,   0.])
    """
    scores = as_numbers("scores", scores, least_axes=1, check_finite=False)
    highest = scores.max()
    if np.isnan(highest) or highest == np.inf:
        raise ValueError("scores: want finite numbers or -inf; got " + _culprit(scores))
    return np.where(as_mask("mask", mask, scores.shape), scores, scores.dtype.type(-np.inf))


def causal_mask(n_query: int, n_key: int) -> BoolArray:
    """Let each position attend to itself and to earlier positions alone.

    Parameters
    ----------
    n_query : int
        Number of queries, at least 1.
    n_key : int
        Number of keys, at least 1.

    Returns
    -------
    ndarray of bool, shape (n_query, n_key)
        True at row i, column j where j ≤ i: aligned at the top left.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If an argument is below 1.

    Notes
    -----
    Equation: mᵢⱼ = (j ≤ i). Vaswani et al. (2017), arXiv:1706.03762, section 3.2.3.

    Examples
    --------
    >>> causal_mask(3, 3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    rows = as_integer("n_query", n_query, least=1)
    columns = as_integer("n_key", n_key, least=1)
    return np.arange(columns)[None, :] <= np.arange(rows)[:, None]


# ---------------------------------------------------------------------------------------------
# Step 3: weighted sum
# ---------------------------------------------------------------------------------------------


def weighted_sum(weights: ArrayLike, values: ArrayLike) -> FloatArray:
    """Mix the values in the proportions of the weights.

    Parameters
    ----------
    weights : array_like, shape (..., n_query, n_key) or (n_key,)
        One row of weights a query; a single row may stand alone.
    values : array_like, shape (..., n_key, d)
        One row a value.

    Returns
    -------
    ndarray, shape (..., n_query, d) or (d,)
        One row a query. If weights are positive and sum to 1, it lies in the convex hull of the
        values.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers.
    ValueError
        If shapes do not fit, an axis is empty, or a number is not finite.

    Notes
    -----
    Equation: c = Σⱼ αⱼ vⱼ. Bahdanau et al. (2014), arXiv:1409.0473, Eq. 5.

    Examples
    --------
    >>> weighted_sum([0.75, 0.25], [[4.0, 0.0], [0.0, 8.0]])
    array([3., 2.])
    """
    weights, values = _same_type(
        weights=as_numbers("weights", weights, least_axes=1),
        values=as_numbers("values", values, least_axes=2),
    )
    if weights.shape[-1] != values.shape[-2]:
        raise ValueError(
            f"weights and values: want one weight for each value; got {weights.shape[-1]} weights "
            f"a row (weights {weights.shape}) for {values.shape[-2]} values (values {values.shape})"
        )
    if weights.ndim > 1:
        _leading_axes_fit(weights=weights, values=values)
    return _finite_product("weights and values", weights, values)


# ---------------------------------------------------------------------------------------------
# The three steps in a row
# ---------------------------------------------------------------------------------------------


class AttentionSteps(NamedTuple):
    """What each of the three steps gave.

    Attributes
    ----------
    scores : ndarray, shape (..., n_query, n_key)
        Scaled, before the mask.
    weights : ndarray, shape (..., n_query, n_key)
        Rows sum to 1, or to 0 where nothing may be attended to.
    output : ndarray, shape (..., n_query, d_value)
        The weighted sums.
    """

    scores: FloatArray
    weights: FloatArray
    output: FloatArray


def attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    temperature: float = 1.0,
) -> AttentionSteps:
    """Scaled dot-product attention: scores, weights, weighted sum.

    Parameters
    ----------
    query : array_like, shape (..., n_query, d)
        One row a query.
    key : array_like, shape (..., n_key, d)
        One row a key.
    value : array_like, shape (..., n_key, d_value)
        One row a value, in the order of the keys.
    mask : array_like of bool, optional, shape that broadcasts to (..., n_query, n_key)
        True = may attend.
    is_causal : bool, default False
        Also apply `causal_mask`.
    scale : float, optional
        Factor of the scores; 1 / sqrt(d) unless given.
    temperature : float, default 1.0
        Passed on to `softmax`.

    Returns
    -------
    AttentionSteps
        The named tuple (scores, weights, output).

    Raises
    ------
    TypeError
        If an argument does not consist of numbers, or `mask` is not boolean.
    ValueError
        If shapes do not fit, an axis is empty, or a number is not finite.

    Notes
    -----
    Equation: softmax(Q Kᵀ / √d_k) V. Vaswani et al. (2017), arXiv:1706.03762, Eq. 1.
    At most two arrays of shape (..., n_query, n_key) are alive at once: scores and weights.

    Examples
    --------
    >>> steps = attention([[2.0, 0.0]], [[2.0, 0.0], [0.0, 2.0]], [[1.0], [0.0]], scale=0.5)
    >>> steps.scores
    array([[2., 0.]])
    >>> steps.weights.round(3)
    array([[0.881, 0.119]])
    >>> steps.output.round(3)
    array([[0.881]])
    """
    query, key, value = as_inputs(query, key, value)
    temperature = _temperature(temperature)

    scores = dot_product_scores(query, key, scale=as_scale(scale, query))
    allowed = _allowed(scores.shape, mask, as_boolean("is_causal", is_causal))
    if allowed is None:
        weights = _weights(scores, -1, temperature)
    else:
        weights = _weights(mask_scores(scores, allowed), -1, temperature, overwrite=True)
    return AttentionSteps(scores, weights, weighted_sum(weights, value))


def multi_head_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    *,
    num_heads: int,
    query_weight: ArrayLike,
    key_weight: ArrayLike,
    value_weight: ArrayLike,
    output_weight: ArrayLike,
    mask: ArrayLike | None = None,
    is_causal: bool = False,
) -> AttentionSteps:
    """Attend with several heads side by side, each in its own projection.

    Parameters
    ----------
    query : array_like, shape (..., n_query, d_query)
        One row a token that asks.
    key : array_like, shape (..., n_key, d_key)
        One row a token that is asked.
    value : array_like, shape (..., n_key, d_value)
        One row a token that answers, in the order of the keys.
    num_heads : int
        Number of heads; it divides the second axis of the three projections.
    query_weight : array_like, shape (d_query, num_heads * d_head)
        Projects queries; head h takes columns h·d_head to (h+1)·d_head.
    key_weight : array_like, shape (d_key, num_heads * d_head)
        Projects keys in the same way.
    value_weight : array_like, shape (d_value, num_heads * d_head_value)
        Projects values in the same way.
    output_weight : array_like, shape (num_heads * d_head_value, d_output)
        Mixes what the heads found.
    mask : array_like of bool, optional
        True = may attend. Broadcasts to (..., n_query, n_key), the same for every head, or has as
        many axes as the scores, (..., num_heads, n_query, n_key).
    is_causal : bool, default False
        Also apply `causal_mask`.

    Returns
    -------
    AttentionSteps
        `scores` and `weights` of shape (..., num_heads, n_query, n_key), `output` of shape
        (..., n_query, d_output).

    Raises
    ------
    TypeError
        If an argument does not consist of numbers, or `mask` is not boolean.
    ValueError
        If shapes do not fit, an axis is empty, or a number is not finite.

    Notes
    -----
    Equation: Concat(head₁, …, head_h) W^O with headᵢ = Attention(Q Wᵢ^Q, K Wᵢ^K, V Wᵢ^V).
    Vaswani et al. (2017), arXiv:1706.03762, section 3.2.2.

    Examples
    --------
    >>> import numpy as np
    >>> tokens = np.eye(4)
    >>> steps = multi_head_attention(
    ...     tokens, tokens, tokens, num_heads=2, query_weight=np.eye(4), key_weight=np.eye(4),
    ...     value_weight=np.eye(4), output_weight=np.eye(4))
    >>> steps.weights.shape, steps.output.shape
    ((2, 4, 4), (4, 4))
    """
    given = {"query": query, "key": key, "value": value}
    heads = as_integer("num_heads", num_heads, least=1)
    inputs = {name: as_numbers(name, array, least_axes=2) for name, array in given.items()}
    _leading_axes_fit(**inputs)
    if inputs["key"].shape[-2] != inputs["value"].shape[-2]:
        raise ValueError(
            "key and value: want the same number of rows, one value for each key; "
            f"got key {inputs['key'].shape} and value {inputs['value'].shape}"
        )
    matrices = {
        name: as_numbers(name, array, least_axes=2)
        for name, array in {
            "query_weight": query_weight,
            "key_weight": key_weight,
            "value_weight": value_weight,
            "output_weight": output_weight,
        }.items()
    }
    for name, array in inputs.items():
        matrix = matrices[name + "_weight"]
        if matrix.ndim != 2 or matrix.shape[0] != array.shape[-1] or matrix.shape[1] % heads:
            raise ValueError(
                f"{name}_weight: wants shape ({array.shape[-1]}, m), with m a multiple of "
                f"num_heads = {heads}, for {name} {array.shape}; got shape {matrix.shape}"
            )
    if matrices["query_weight"].shape != (
        matrices["query_weight"].shape[0],
        matrices["key_weight"].shape[1],
    ):
        raise ValueError(
            "query_weight and key_weight: want the same number of columns; got "
            f"{matrices['query_weight'].shape} and {matrices['key_weight'].shape}"
        )
    columns = matrices["value_weight"].shape[1]
    if matrices["output_weight"].ndim != 2 or matrices["output_weight"].shape[0] != columns:
        raise ValueError(
            f"output_weight: wants shape ({columns}, d_output), one row for each column of "
            f"value_weight; got shape {matrices['output_weight'].shape}"
        )
    arrays = _same_type(**inputs, **matrices)
    queries, keys, values = (
        _split_heads(_finite_product(f"{name} and {name}_weight", array, matrix), heads)
        for name, array, matrix in zip(inputs, arrays[:3], arrays[3:6])
    )
    per_head = None
    if mask is not None:
        per_head = _boolean("mask", mask)
        # The scores come from queries and keys alone: the axes of the values do not count.
        n_query, n_key = queries.shape[-2], keys.shape[-2]
        leading = np.broadcast_shapes(queries.shape[:-3], keys.shape[:-3])
        shared = (*leading, n_query, n_key)
        if 2 < per_head.ndim <= len(shared):  # one mask for all heads
            per_head = as_mask("mask", per_head, shared)[..., None, :, :]
    steps = attention(queries, keys, values, mask=per_head, is_causal=is_causal)
    joined = np.swapaxes(steps.output, -2, -3)
    joined = joined.reshape(*joined.shape[:-2], columns)
    output = _finite_product("output_weight", joined, arrays[6])
    return AttentionSteps(steps.scores, steps.weights, output)


def _split_heads(projected: FloatArray, heads: int) -> FloatArray:
    """Reshape (…, n, heads·d) to (…, heads, n, d)."""
    *leading, n, width = projected.shape
    return np.swapaxes(projected.reshape(*leading, n, heads, width // heads), -2, -3)


def _allowed(shape: tuple[int, ...], mask: ArrayLike | None, is_causal: bool) -> BoolArray | None:
    """Join the mask and the causal mask into one, or None where everything may be attended to."""
    allowed = None if mask is None else as_mask("mask", mask, shape)
    if is_causal:
        causal = causal_mask(shape[-2], shape[-1])
        allowed = causal if allowed is None else allowed & causal
    return allowed


# ---------------------------------------------------------------------------------------------
# Arguments: every error names the argument, what it got and what it wants
# ---------------------------------------------------------------------------------------------


def as_number(name: str, given: Any, *, least: float | None = None) -> float:
    """Return a finite Python float, or say what is wrong with the argument `name`."""
    if type(given) is float and math.isfinite(given) and least is None:
        return given  # the usual case, and softmax of a few scores should not wait for the others
    if isinstance(given, bool | np.bool_) or not isinstance(
        given, (float, int, np.integer, np.floating)
    ):
        raise TypeError(f"{name}: wants a number; got {shown(given)}")
    try:
        number = float(given)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise ValueError(f"{name}: wants a finite number; got {shown(given)}")
    if least is not None and number < least:
        raise ValueError(f"{name}: wants a number of at least {least}; got {shown(given)}")
    return number


def as_integer(name: str, given: Any, *, least: int | None = None) -> int:
    """Return a Python int, or say what is wrong with the argument `name`."""
    if isinstance(given, bool | np.bool_) or not isinstance(given, int | np.integer):
        raise TypeError(f"{name}: wants a whole number; got {shown(given)}")
    if least is not None and given < least:
        raise ValueError(f"{name}: wants a whole number of at least {least}; got {given}")
    return int(given)


def as_boolean(name: str, given: Any) -> bool:
    """Return True or False, or say what is wrong with the argument `name`."""
    if not isinstance(given, bool | np.bool_):
        raise TypeError(f"{name}: wants True or False; got {shown(given)}")
    return bool(given)


def as_numbers(name: str, given: Any, *, least_axes: int, check_finite: bool = True) -> FloatArray:
    """Return a floating-point array, or say what is wrong with the argument `name`."""
    array = _array(name, given)
    if array.dtype.kind == "b":
        raise TypeError(f"{name}: wants numbers; got booleans, shape {array.shape}")
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name}: wants numbers; got {shown(given)}")
    if array.dtype.char not in "efd" or not array.dtype.isnative:  # float16, float32, float64
        array = array.astype(np.float64)
    if array.ndim < least_axes:
        hint = (
            f"; one row alone is written {name}[None, :]" if array.ndim and least_axes > 1 else ""
        )
        raise ValueError(
            f"{name}: wants at least {least_axes} {'axis' if least_axes == 1 else 'axes'}; "
            f"got shape {array.shape}{hint}"
        )
    if 0 in array.shape:
        raise ValueError(f"{name}: wants at least one element in each axis; got {array.shape}")
    if check_finite and not np.isfinite(array).all():
        raise ValueError(f"{name}: wants finite numbers; got {_culprit(array, finite=True)}")
    return array


def as_mask(name: str, given: Any, shape: tuple[int, ...]) -> BoolArray:
    """Return a boolean array that broadcasts to `shape`, or say what is wrong with it."""
    mask = _boolean(name, given)
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name}: wants a shape that broadcasts to that of the scores, {shape}; "
            f"got {mask.shape}"
        )
    return mask


def shown(given: Any) -> str:
    """Describe what was given in a few words, for an error message."""
    if isinstance(given, np.ndarray):
        return f"an array of {given.dtype}, shape {given.shape}"
    try:
        text = repr(given)
    except Exception:  # a broken __repr__ must not hide the error that we are about to report
        text = "no printable form"
    text = text if len(text) <= 60 else text[:57] + "…"
    return f"{text} ({type(given).__name__})"


def as_inputs(
    query: ArrayLike, key: ArrayLike, value: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return queries, keys and values of one floating type that fit, or say what does not."""
    query, key = _queries_and_keys(query, key)
    value = as_numbers("value", value, least_axes=2)
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(
            "key and value: want the same number of rows, one value for each key; "
            f"got key {key.shape} and value {value.shape}"
        )
    _leading_axes_fit(query=query, key=key, value=value)
    _equally_long(query, key)
    query, key, value = _same_type(query=query, key=key, value=value)
    return query, key, value


def as_scale(given: float | None, query: FloatArray) -> float:
    """Return the factor of the scores: the one given, or 1 / sqrt(d)."""
    return as_number("scale", 1.0 / np.sqrt(query.shape[-1]) if given is None else given)


def _array(name: str, given: Any) -> NDArray[Any]:
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{name}: wants rows of equal length; got {shown(given)}") from None
    except Exception as error:
        raise TypeError(f"{name}: wants numbers; got {shown(given)} ({error})") from None
    return array


def _boolean(name: str, given: Any) -> BoolArray:
    mask = _array(name, given)
    if mask.dtype != np.bool_:
        raise TypeError(
            f"{name}: wants True (may attend) or False in each place; got {shown(given)}"
        )
    if 0 in mask.shape:
        raise ValueError(f"{name}: wants at least one element in each axis; got {mask.shape}")
    return mask


def _temperature(given: Any) -> float:
    temperature = as_number("temperature", given)
    if temperature <= 0:
        raise ValueError(f"temperature: wants a number above 0; got {shown(given)}")
    return temperature


def _culprit(array: FloatArray, *, finite: bool = False) -> str:
    """Name the first entry that is not allowed, with its place."""
    wrong = ~np.isfinite(array) if finite else np.isnan(array) | (array == np.inf)
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = place[0] if len(place) == 1 else place
    return f"{float(array[place])} at index {where}"


def _queries_and_keys(query: ArrayLike, key: ArrayLike) -> tuple[FloatArray, FloatArray]:
    query = as_numbers("query", query, least_axes=2)
    key = as_numbers("key", key, least_axes=2)
    _leading_axes_fit(query=query, key=key)
    query, key = _same_type(query=query, key=key)
    return query, key


def _equally_long(query: FloatArray, key: FloatArray) -> None:
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "query and key: want the same number of components in their last axis; "
            f"got query {query.shape} and key {key.shape}"
        )


def _same_type(**arrays: FloatArray) -> tuple[FloatArray, ...]:
    """Bring arrays to the widest of their floating types."""
    dtype = np.result_type(*arrays.values())
    return tuple(array.astype(dtype, copy=False) for array in arrays.values())


def _leading_axes_fit(**arrays: FloatArray) -> None:
    try:
        np.broadcast_shapes(*(array.shape[:-2] for array in arrays.values()))
    except ValueError:
        shapes = " and ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(
            f"{' and '.join(arrays)}: want leading axes (batch, heads) that broadcast; got {shapes}"
        ) from None


def _wants_shape(name: str, array: FloatArray, shape: tuple[int, ...], meaning: str) -> None:
    if array.shape != shape:
        raise ValueError(f"{name}: wants shape {shape} = {meaning}; got {array.shape}")


def _wider(array: FloatArray) -> FloatArray:
    """Half precision is computed in single precision: it is more exact, and faster."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _finite_product(
    names: str,
    left: FloatArray,
    right: FloatArray,
    *,
    plus: float = 0.0,
    dtype: np.dtype[Any] | None = None,
) -> FloatArray:
    """Multiply matrices, in single precision at least, and refuse what overflows."""
    dtype = np.result_type(left, right) if dtype is None else dtype
    with np.errstate(over="ignore", invalid="ignore"):
        product = np.asarray(_wider(left) @ _wider(right))
        if plus:
            product = product + plus
        product = product.astype(dtype, copy=False)
    # NaN runs through max and min, so these two passes find every overflow without a copy.
    if not (np.isfinite(product.max()) and np.isfinite(product.min())):
        raise ValueError(f"{names}: want numbers whose products fit into {dtype}; got an overflow")
    return product


class _Attention(ModuleType):
    """The package's main function and this module share the name ``attention_edu.attention``."""

    def __call__(self, *args: Any, **options: Any) -> AttentionSteps:
        """Call `attention`, so that ``from attention_edu import attention`` gives both."""
        return attention(*args, **options)


sys.modules[__name__].__class__ = _Attention
