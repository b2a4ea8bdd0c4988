"""What attention costs: multiplications, bytes, and how exact attention gets by with few of them.

The first part counts: `operations`, `memory_bytes` and `cache_bytes` say what a text of a given
length takes, and `MODELS` holds the published sizes of a few language models to count with.

The second part is `chunked_attention`: the same output as `attention`, without ever holding the
whole score matrix. Notebook 11 builds it up from its idea, which is called online softmax.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from attention_edu.attention import (
    BoolArray,
    FloatArray,
    as_boolean,
    as_inputs,
    as_integer,
    as_mask,
    as_scale,
    dot_product_scores,
    shown,
)

__all__ = [
    "CHUNK_SIZE",
    "MODELS",
    "Configuration",
    "cache_bytes",
    "chunked_attention",
    "memory_bytes",
    "operations",
]

#: How many queries meet how many keys at a time. A block of 512 × 512 scores in single precision
#: is 1 MB: it stays in a processor's cache, and is large enough that Python's own time, some
#: microseconds a step, does not count.
CHUNK_SIZE = 512


# ---------------------------------------------------------------------------------------------
# Counting
# ---------------------------------------------------------------------------------------------


def operations(n_query: int, n_key: int, d: int, heads: int = 1) -> int:
    """Count the multiplications of attention: those of its two matrix products.

    Parameters
    ----------
    n_query : int
        Number of queries.
    n_key : int
        Number of keys, and so of values.
    d : int
        Components of a key, and of a value.
    heads : int, default 1
        Number of heads, each with queries, keys and values of d components.

    Returns
    -------
    int
        Multiplications; about as many additions come with them.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If an argument is below 1.

    Notes
    -----
    Equation: 2 · n_query · n_key · d · heads: each pair of a query and a key takes d for its
    score, and d for its share in the weighted sum. Vaswani et al. (2017), arXiv:1706.03762,
    Table 1: O(n² · d).

    Examples
    --------
    >>> operations(4, 10, 6)
    480
    """
    pairs = as_integer("n_query", n_query, least=1) * as_integer("n_key", n_key, least=1)
    return 2 * pairs * as_integer("d", d, least=1) * as_integer("heads", heads, least=1)


def memory_bytes(
    n_query: int,
    n_key: int,
    d: int,
    heads: int = 1,
    *,
    dtype: DTypeLike = "float32",
    chunk_size: int | None = None,
    threads: int = 1,
) -> int:
    """Count the bytes that attention needs beside its inputs and its output.

    Parameters
    ----------
    n_query : int
        Number of queries.
    n_key : int
        Number of keys, and so of values.
    d : int
        Components of a key, and of a value.
    heads : int, default 1
        Number of heads.
    dtype : dtype or str, default "float32"
        The type of the numbers.
    chunk_size : int, optional
        Count for `chunked_attention` with chunks of this size; without it, for `attention`.
    threads : int, default 1
        How many blocks of scores `chunked_attention` has in work at a time.

    Returns
    -------
    int
        Bytes. For `attention` they grow with n_query · n_key, for chunks they stop growing.

    Raises
    ------
    TypeError
        If an argument is not an integer, or `dtype` is no type of numbers.
    ValueError
        If an argument is below 1.

    Notes
    -----
    Equation: 2 · n_query · n_key numbers a head for scores and weights. In chunks of c it is c²
    scores, 2 · c · (d + 1) for a chunk of queries and one of keys, 2 · c · d for sums and what is
    added to them: one block after another, whatever the number of heads.

    Examples
    --------
    >>> memory_bytes(65_536, 65_536, 64)
    34359738368
    >>> memory_bytes(65_536, 65_536, 64, chunk_size=512)
    1576960
    """
    queries = as_integer("n_query", n_query, least=1)
    keys = as_integer("n_key", n_key, least=1)
    d = as_integer("d", d, least=1)
    heads = as_integer("heads", heads, least=1)
    threads = as_integer("threads", threads, least=1)
    size = _item_bytes(dtype)
    if chunk_size is None:
        return 2 * queries * keys * heads * size
    chunk = as_integer("chunk_size", chunk_size, least=1)
    rows, columns = min(chunk, queries), min(chunk, keys)
    numbers = rows * columns + (rows + columns) * (d + 1) + 2 * rows * d
    return threads * numbers * max(size, 4)  # half precision is computed in single precision


def cache_bytes(  # noqa: PLR0917 - six sizes, none of them an option
    layers: int,
    heads: int,
    key_value_heads: int,
    d: int,
    n: int,
    dtype: DTypeLike = "float16",
) -> int:
    """Count the bytes of a language model's key–value cache for one text.

    Parameters
    ----------
    layers : int
        Number of layers.
    heads : int
        Number of heads, each with queries of its own.
    key_value_heads : int
        How many of them have keys and values of their own: `heads` in multi-head attention, 1 in
        multi-query attention, a number between in grouped-query attention.
    d : int
        Components of a key, and of a value, in one head.
    n : int
        Tokens in the cache.
    dtype : dtype or str, default "float16"
        The type of the numbers; "bfloat16" is known too.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    TypeError
        If an argument is not an integer, or `dtype` is no type of numbers.
    ValueError
        If an argument is below 1, or `key_value_heads` does not divide `heads`.

    Notes
    -----
    Equation: 2 · layers · key_value_heads · d · n numbers, keys and values. The number of heads
    with queries does not come in: queries are used once. Shazeer (2019), arXiv:1911.02150, and
    Ainslie et al. (2023), arXiv:2305.13245.

    Examples
    --------
    >>> cache_bytes(32, 32, 32, 128, 2048)
    1073741824
    >>> cache_bytes(32, 32, 8, 128, 2048)
    268435456
    """
    heads = as_integer("heads", heads, least=1)
    shared = as_integer("key_value_heads", key_value_heads, least=1)
    if heads % shared:
        raise ValueError(f"key_value_heads: wants a divisor of heads = {heads}; got {shared}")
    numbers = 2 * as_integer("layers", layers, least=1) * shared
    numbers *= as_integer("d", d, least=1) * as_integer("n", n, least=1)
    return numbers * _item_bytes(dtype)


def _item_bytes(given: Any) -> int:
    """Return how many bytes a number of this type takes."""
    if isinstance(given, str) and given == "bfloat16":  # NumPy has no such type
        return 2
    try:
        dtype = None if given is None else np.dtype(given)  # np.dtype(None) would be float64
    except TypeError:
        dtype = None
    if dtype is None or dtype.kind not in "iuf":
        raise TypeError(f'dtype: wants a type of numbers, such as "float32"; got {shown(given)}')
    return int(dtype.itemsize)


@dataclass(frozen=True)
class Configuration:
    """The published sizes of a language model, as far as its cache depends on them.

    Attributes
    ----------
    name : str
        The model.
    layers, heads, key_value_heads, d : int
        As in `cache_bytes`; d is the size of a head.
    source : str
        Where the numbers are printed.
    """

    name: str
    layers: int
    heads: int
    key_value_heads: int
    d: int
    source: str

    def cache_bytes(self, n: int, dtype: DTypeLike = "float16") -> int:
        """Count the bytes of the cache for a text of n tokens.

        Examples
        --------
        >>> MODELS[0].name, MODELS[0].cache_bytes(1000)
        ('GPT-3 175B', 4718592000)
        """
        return cache_bytes(self.layers, self.heads, self.key_value_heads, self.d, n, dtype)


#: Multi-head attention, then grouped-query attention, then multi-query attention.
MODELS = (
    Configuration("GPT-3 175B", 96, 96, 96, 128, "Brown et al. (2020), arXiv:2005.14165"),
    Configuration("LLaMA 7B", 32, 32, 32, 128, "Touvron et al. (2023), arXiv:2302.13971"),
    Configuration("Mistral 7B", 32, 32, 8, 128, "Jiang et al. (2023), arXiv:2310.06825"),
    Configuration("Llama 3 405B", 126, 128, 8, 128, "Grattafiori et al. (2024), arXiv:2407.21783"),
    Configuration("PaLM 540B", 118, 48, 1, 256, "Chowdhery et al. (2022), arXiv:2204.02311"),
)


# ---------------------------------------------------------------------------------------------
# Exact attention in chunks
# ---------------------------------------------------------------------------------------------


def chunked_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    *,
    chunk_size: int = CHUNK_SIZE,
    mask: ArrayLike | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> FloatArray:
    """Exact attention that never holds more than a block of the score matrix.

    Parameters
    ----------
    query : array_like, shape (..., n_query, d)
        One row a query.
    key : array_like, shape (..., n_key, d)
        One row a key.
    value : array_like, shape (..., n_key, d_value)
        One row a value, in the order of the keys.
    chunk_size : int, default 512
        How many queries meet how many keys at a time; more than there are is fine.
    mask : array_like of bool, optional, shape that broadcasts to (..., n_query, n_key)
        True = may attend.
    is_causal : bool, default False
        Also apply `causal_mask`. Blocks above the diagonal are skipped: half of the work.
    scale : float, optional
        Factor of the scores; 1 / sqrt(d) unless given.

    Returns
    -------
    ndarray, shape (..., n_query, d_value)
        The output of `attention`, to rounding. Rows with nothing to attend to are zeros.

    Raises
    ------
    TypeError
        If an argument does not consist of numbers, `mask` is not boolean, or `chunk_size` is not
        an integer.
    ValueError
        If shapes do not fit, an axis is empty, a number is not finite, or `chunk_size` is below 1.

    Notes
    -----
    Equation: softmax(Q Kᵀ / √d_k) V, by online softmax: Milakov & Gimelshein (2018),
    arXiv:1805.02867; Rabe & Staats (2021), arXiv:2112.05682; Dao et al. (2022), arXiv:2205.14135.
    Beside inputs and output it needs the memory that `memory_bytes` counts.

    Chunks of queries are shared out among as many threads as NumPy's matrix product may use. For
    this, its own threads have to rest meanwhile, which takes the package threadpoolctl (it comes
    with scikit-learn). Without it one chunk is computed after the other.

    Examples
    --------
    >>> output = chunked_attention(
    ...     [[2.0, 0.0]], [[2.0, 0.0], [0.0, 2.0]], [[1.0], [0.0]], scale=0.5, chunk_size=1)
    >>> output.round(3)
    array([[0.881]])
    """
    size = as_integer("chunk_size", chunk_size, least=1)
    query, key, value = as_inputs(query, key, value)
    factor = as_scale(scale, query)
    causal = as_boolean("is_causal", is_causal)
    pairs = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    leading = np.broadcast_shapes(pairs, value.shape[:-2])
    n_query, n_key = query.shape[-2], key.shape[-2]
    allowed = None
    if mask is not None:
        allowed = as_mask("mask", mask, (*pairs, n_query, n_key))
        allowed = np.broadcast_to(allowed, (*leading, n_query, n_key))

    zoom = 16.0 if _close_to_overflow(query, key, factor, size) else 1.0
    value, undo = _values_that_can_be_summed(value, n_key)
    output = np.empty((*leading, n_query, value.shape[-1]), value.dtype)
    # Every head has the same shape now, however it came about; no number is copied for it.
    query, key, value = (
        np.broadcast_to(array, (*leading, *array.shape[-2:])) for array in (query, key, value)
    )
    # The last queries come first: they have the most keys to meet if the mask is causal, and who
    # begins with the longest tasks ends with short ones, so that all threads end together.
    starts = range(0, n_query, size)[::-1]
    tasks = [(head, first) for first in starts for head in np.ndindex(*leading)]
    to_do = iter(tasks)  # all threads take from it

    def work() -> None:
        sizes = min(size, n_query), min(size, n_key), query.shape[-1], value.shape[-1]
        block = _Block(*sizes, dtype=value.dtype, causal=causal)
        try:
            for head, first in to_do:
                chunk = slice(first, first + size)
                block.take_queries(query[head][chunk], factor / zoom)
                block.meet(
                    key[head],
                    value[head],
                    allowed=None if allowed is None else allowed[head][chunk],
                    first=first if causal else None,
                    zoom=zoom,
                )
                block.write(output[head][chunk])
        finally:
            tasks.clear()  # after an error or an interrupt, nobody begins another one

    with _threads(len(tasks)) as count, ThreadPoolExecutor(max(count - 1, 1)) as pool:
        others = [pool.submit(work) for _ in range(count - 1)]
        work()
        for other in others:
            other.result()

    if undo != 1.0:
        with np.errstate(over="ignore"):
            output *= undo
        if not np.isfinite(output).all():
            raise ValueError(
                f"weights and values: want numbers whose products fit into {output.dtype}; "
                "got an overflow"
            )
    return output


#: By how much a score may exceed the reference of its row before the reference is raised.
_HEADROOM = 10.0


class _Block:
    """The memory of one thread, in which a chunk of queries meets one chunk of keys at a time.

    Each query keeps three things of the keys that it has met: a *reference*, the sum of the powers
    e^(score - reference), and the sum of powers times values. Notebook 11 takes the running
    maximum as the reference. Any number near it gives the same weights, so here it is raised only
    when a score is more than `_HEADROOM` above it: that is rare after the first chunk, and the
    largest score of a whole block is found much faster than that of each row.
    """

    def __init__(
        self, rows: int, columns: int, d: int, d_value: int, *, dtype: np.dtype[Any], causal: bool
    ) -> None:
        wide = np.result_type(dtype, np.float32)  # half precision is computed in single
        # One more component each: a query holds minus its reference there, and a key holds 1. So
        # the product of both is score - reference, at no cost of its own.
        self.queries = np.empty((rows, d + 1), wide)
        self.keys = np.ones((columns, d + 1), wide)
        self.powers = np.empty(rows * columns, wide)
        self.total = np.empty((rows, 1), wide)
        self.result = np.empty((rows, d_value), wide)
        self.more = np.empty_like(self.result)
        self.ones = np.ones((columns, 1), wide)
        self.past = np.tri(rows if causal else 0, dtype=np.bool_)  # for blocks on the diagonal
        self.rows, self.columns = rows, columns
        self.all_met = False  # whether each query has met a key that it may attend to

    def take_queries(self, query: FloatArray, factor: float) -> None:
        """Begin anew with these queries, which have met no keys yet."""
        self.rows = len(query)
        queries = self.queries[: self.rows]
        np.multiply(query, factor, out=queries[:, :-1], dtype=queries.dtype)
        queries[:, -1] = self.total[:] = self.result[:] = 0
        self.all_met = False

    def meet(
        self,
        key: FloatArray,
        value: FloatArray,
        *,
        allowed: BoolArray | None,
        first: int | None,
        zoom: float,
    ) -> None:
        """Let the queries meet all keys; `first` is the number of the first one if causal."""
        end = len(key) if first is None else min(first + self.rows, len(key))
        start, top, step = 0, 0, self.columns
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            while start < end:  # the keys above the diagonal are never met
                masks = []
                if first is not None and start >= first:
                    # On the diagonal: steps are smaller, and the top rows are done.
                    top, step = start - first, max(self.columns // 2, 1)
                    masks.append(self.past[top : self.rows, top : top + min(step, end - start)])
                stop = min(start + step, end)
                if allowed is not None:
                    masks.append(allowed[top:, start:stop])
                self._meet_chunk(top, key[start:stop], value[start:stop], masks, zoom)
                start = stop

    def _meet_chunk(
        self,
        top: int,
        key: FloatArray,
        value: FloatArray,
        masks: list[BoolArray],
        zoom: float,
    ) -> None:
        rows, count = self.rows - top, len(key)
        part = slice(top, self.rows)
        queries, total, result = self.queries[part], self.total[part], self.result[part]
        keys, ones, more = self.keys[:count], self.ones[:count], self.more[part]
        powers = self.powers[: rows * count].reshape(rows, count)

        keys[:, :-1] = key
        np.matmul(queries, keys.T, out=powers)  # scores - references
        if not self.all_met or powers.max() * zoom > _HEADROOM:
            for seen in masks:
                powers[~seen] = -np.inf
            masks = []
            peak = powers.max(axis=1, keepdims=True)
            met = total > 0
            rise = np.where(met, np.maximum(peak, 0), peak)
            rise[peak == -np.inf] = 0
            powers -= rise
            queries[:, -1:] -= rise
            shrink = np.exp(-zoom * np.maximum(rise, 0))
            total *= shrink
            result *= shrink
            self.all_met = bool((met | (peak > -np.inf)).all())

        if zoom != 1.0:
            powers *= zoom
        np.exp(powers, out=powers)
        for seen in masks:
            powers *= seen  # nothing overflowed; much faster than writing -inf
        total += powers @ ones  # a product sums faster than `sum` does
        result += np.matmul(powers, value, out=more)

    def write(self, output: FloatArray) -> None:
        """Write the weighted means of the values; zeros where nothing might be attended to."""
        total = self.total[: self.rows]
        total[total == 0] = 1
        np.divide(self.result[: self.rows], total, out=output, casting="same_kind")


def _close_to_overflow(query: FloatArray, key: FloatArray, factor: float, size: int) -> bool:
    """Say whether scores come near the largest number of their type; refuse them if beyond."""
    largest = _largest(query) * abs(factor) * max(1.0, _largest(key) * query.shape[-1])
    if largest < float(np.finfo(query.dtype).max) / 16:
        return False
    # Rare: look at every score, a block at a time. `dot_product_scores` says what is wrong.
    for i in range(0, query.shape[-2], size):
        for j in range(0, key.shape[-2], size):
            dot_product_scores(query[..., i : i + size, :], key[..., j : j + size, :], scale=factor)
    return True


def _largest(array: FloatArray) -> float:
    return max(float(array.max()), -float(array.min()))


def _values_that_can_be_summed(value: FloatArray, n_key: int) -> tuple[FloatArray, float]:
    """Make values so small that the sum of all powers times values cannot overflow.

    Returns the values, as they were if possible, and the power of 2 that makes up for it.
    """
    wide = np.result_type(value.dtype, np.float32)
    most = float(np.finfo(wide).max) / (2 * n_key * np.exp(_HEADROOM))
    largest = _largest(value)
    if largest <= most:
        return value, 1.0
    undo = float(2.0 ** np.ceil(np.log2(largest / most)))
    return value / value.dtype.type(undo), undo


# ---------------------------------------------------------------------------------------------
# Threads
# ---------------------------------------------------------------------------------------------

# NumPy computes exp, max and the like in one thread, matrix products in several. Two chunks of
# queries side by side, each in a thread of its own, keep two processors busy with both. But then
# the products' own threads must rest, or they wait for one another.

_ASKING = threading.Lock()


@cache
def _blas() -> Any:
    """Give control of the threads of NumPy's matrix product; None if that is not to be had."""
    try:
        control: Any = import_module("threadpoolctl")
    except ImportError:
        return None
    return control.ThreadpoolController().select(user_api="blas")


@contextmanager
def _threads(tasks: int) -> Iterator[int]:
    """Say how many threads may work on these tasks; meanwhile, products have one thread each."""
    blas: Any = _blas() if tasks > 1 else None
    count, limit = 1, None
    if blas is not None:
        with _ASKING:  # whoever finds the limit already set works in one thread and leaves it
            libraries = [library.num_threads for library in blas.lib_controllers]
            count = min([tasks, *libraries]) if libraries else 1
            limit = blas.limit(limits=1) if count > 1 else None
    try:
        yield count
    finally:
        if limit is not None:
            with _ASKING:
                limit.restore_original_limits()
