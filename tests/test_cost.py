"""What attention costs: counts; and exact attention in chunks: equal, small, safe in threads."""

import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import cost
from attention_edu.attention import attention, causal_mask
from attention_edu.cost import MODELS, cache_bytes, chunked_attention, memory_bytes, operations

INF = float("inf")
NAN = float("nan")
FLOATS = (np.float16, np.float32, np.float64)

# Sizes that all differ, so that a transposition shows.
N_QUERY, N_KEY, D, D_VALUE = 7, 11, 5, 4


def inputs(*leading, n_query=N_QUERY, n_key=N_KEY, d=D, d_value=D_VALUE, dtype=float, seed=0):
    random = np.random.default_rng(seed)
    shapes = (*leading, n_query, d), (*leading, n_key, d), (*leading, n_key, d_value)
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


def assert_as_attention(query, key, value, *, chunk_size=3, **options):
    """Equal to what `attention` gives, up to some units in the last place of the largest value."""
    expected = attention(query, key, value, **options).output
    output = chunked_attention(query, key, value, chunk_size=chunk_size, **options)
    assert output.dtype == expected.dtype
    assert output.shape == expected.shape
    unit = float(np.finfo(expected.dtype).eps) * float(np.abs(value).max())
    with np.errstate(over="ignore"):
        apart = np.abs(output.astype(np.float64) / unit - expected.astype(np.float64) / unit)
    assert apart.max() < 100


# ---------------------------------------------------------------------------------------------
# Chunks: the same output
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("chunk_size", [1, 2, 3, 4, 7, 10, 11, 12, 10**9])
def test_any_chunk_size_gives_the_output_of_attention(chunk_size, is_causal, dtype):
    assert_as_attention(*inputs(dtype=dtype), chunk_size=chunk_size, is_causal=is_causal)


@pytest.mark.parametrize("is_causal", [False, True])
def test_the_default_chunk_size_does_too_with_several_chunks_and_a_rest(is_causal):
    query, key, value = inputs(n_query=1100, n_key=1300, d=8, dtype=np.float32)
    assert_as_attention(query, key, value, chunk_size=cost.CHUNK_SIZE, is_causal=is_causal)


@pytest.mark.parametrize(("n_query", "n_key"), [(1, 1), (1, 9), (9, 1), (5, 9), (9, 5), (20, 6)])
@pytest.mark.parametrize("chunk_size", [1, 2, 5, 6])
def test_a_causal_mask_is_aligned_at_the_top_left(n_query, n_key, chunk_size):
    query, key, value = inputs(n_query=n_query, n_key=n_key)
    assert_as_attention(query, key, value, chunk_size=chunk_size, is_causal=True)
    mask = causal_mask(n_query, n_key)
    assert_as_attention(query, key, value, chunk_size=chunk_size, mask=mask, is_causal=True)


@pytest.mark.parametrize("scale", [None, 1, 0.0, -2.5, 1e-3])
def test_the_scale_is_that_of_attention(scale):
    assert_as_attention(*inputs(), scale=scale)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_shapes_masks_types_and_magnitudes_of_any_kind(data):
    """The largest score may be in any chunk, and far above those before it."""
    n_query, n_key, d, d_value = (data.draw(st.integers(1, 12)) for _ in range(4))
    leading = data.draw(st.sampled_from([(), (2,), (2, 1), (1, 3)]))
    dtype = data.draw(st.sampled_from(FLOATS))
    size = data.draw(st.integers(1, 14))
    seed = data.draw(st.integers(0, 2**16))
    query, key, value = inputs(
        *leading, n_query=n_query, n_key=n_key, d=d, d_value=d_value, dtype=dtype, seed=seed
    )
    key = (key * data.draw(st.sampled_from([0, 0.1, 1, 10]))).astype(dtype)
    mask = None
    if data.draw(st.booleans()):
        share = data.draw(st.sampled_from([0.05, 0.5, 0.95]))
        mask = np.random.default_rng(seed).random((n_query, n_key)) < share
    is_causal = data.draw(st.booleans())
    assert_as_attention(query, key, value, chunk_size=size, mask=mask, is_causal=is_causal)


@pytest.mark.parametrize(
    ("query_axes", "key_axes", "value_axes"),
    [
        ((2, 3), (2, 3), (2, 3)),
        ((2, 3), (3,), (1,)),
        ((3,), (2, 1), ()),
        ((), (), (2, 3)),  # the values alone have heads
        ((2, 1), (1, 3), (2, 3)),
    ],
)
def test_leading_axes_broadcast(query_axes, key_axes, value_axes):
    random = np.random.default_rng(1)
    query = random.normal(size=(*query_axes, N_QUERY, D))
    key = random.normal(size=(*key_axes, N_KEY, D))
    value = random.normal(size=(*value_axes, N_KEY, D_VALUE))
    assert_as_attention(query, key, value)
    assert_as_attention(query, key, value, is_causal=True, chunk_size=4)


@pytest.mark.parametrize(
    "shape", [(), (1,), (N_KEY,), (N_QUERY, 1), (N_QUERY, N_KEY), (3, 1, 1), (2, 1, N_QUERY, N_KEY)]
)
def test_a_mask_broadcasts_to_the_scores(shape):
    query, key, value = inputs(2, 3)
    mask = np.random.default_rng(2).random(shape) < 0.6
    assert_as_attention(query, key, value, mask=mask)
    assert_as_attention(query, key, value, mask=mask, is_causal=True)


def test_a_mask_of_heads_serves_values_with_more_axes():
    query, key, _ = inputs(3)
    value = np.random.default_rng(3).normal(size=(2, 3, N_KEY, D_VALUE))
    mask = np.random.default_rng(4).random((3, N_QUERY, N_KEY)) < 0.5
    assert_as_attention(query, key, value, mask=mask)


@pytest.mark.parametrize("chunk_size", [1, 3, 20])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_row_with_nothing_to_attend_to_is_zeros(dtype, chunk_size):
    query, key, value = inputs(dtype=dtype)
    mask = np.ones((N_QUERY, N_KEY), dtype=bool)
    mask[[0, 4]] = False
    output = chunked_attention(query, key, value, mask=mask, chunk_size=chunk_size)
    assert_array_equal(output[[0, 4]], 0)
    assert (output[[1, 2, 3, 5, 6]] != 0).all()
    assert_as_attention(query, key, value, mask=mask, chunk_size=chunk_size)


def test_a_row_may_begin_late_and_end_early():
    """Its reference comes from the first key that it may attend to, however low that scores."""
    query = np.ones((3, 1))
    key = np.array([[900.0], [800.0], [-900.0], [-901.0], [700.0], [600.0]])
    value = np.arange(12.0).reshape(6, 2)
    mask = np.zeros((3, 6), dtype=bool)
    mask[0, 2:4] = mask[1, 5] = mask[2, 3] = True
    assert_as_attention(query, key, value, mask=mask, chunk_size=1, scale=1.0)
    assert_as_attention(query, key, value, mask=mask, chunk_size=2, scale=1.0)


def test_masked_scores_however_large_leave_no_trace():
    query, key, value = np.ones((1, 1)), np.array([[0.0], [1.0], [700.0], [2.0]]), np.eye(4)
    mask = [True, True, False, True]
    output = chunked_attention(query, key, value, mask=mask, chunk_size=2, scale=1.0)
    assert output[0, 2] == 0
    assert_as_attention(query, key, value, mask=mask, chunk_size=2, scale=1.0)


@pytest.mark.parametrize("chunk_size", [1, 2, 5])
@pytest.mark.parametrize("order", ["rising", "falling"])
def test_scores_may_rise_or_fall_by_hundreds_from_chunk_to_chunk(order, chunk_size):
    key = np.linspace(-3000, 3000, 11)[:, None]
    key = key if order == "rising" else key[::-1].copy()
    query, value = np.array([[1.0], [-1.0], [0.001]]), np.random.default_rng(0).normal(size=(11, 3))
    assert_as_attention(query, key, value, chunk_size=chunk_size, scale=1.0)


@pytest.mark.parametrize("chunk_size", [1, 2, 4])
def test_the_largest_numbers_do_not_overflow(chunk_size):
    x = np.array([[1e150, 0.0], [-1e150, 0.0], [1e140, 1.0], [5e149, 1e-300]])
    assert_as_attention(x, x, x * 1e157, chunk_size=chunk_size)
    root = 1.25e154  # scores of ±1.56e308, close to the largest number
    x = np.array([[root, 0.0], [-root, 0.0], [root / 2, 1.0], [0.0, 0.0]])
    assert_as_attention(x, x, x, chunk_size=chunk_size, scale=1.0)
    assert_as_attention(x, x, x, chunk_size=chunk_size, scale=1.0, is_causal=True)
    x = np.array([[1.8e19, 0], [-1.8e19, 0], [3, 2]], dtype=np.float32)
    assert_as_attention(x, x, x * np.float32(1e19), chunk_size=chunk_size, scale=1.0)


@pytest.mark.parametrize("chunk_size", [1, 2, 3])
@pytest.mark.parametrize(("dtype", "huge"), [(np.float32, 1.8e19), (np.float64, 1.2e154)])
def test_small_scores_count_beside_one_that_nearly_overflows(dtype, huge, chunk_size):
    query = np.array([[huge, 0.0], [0.0, 1.0], [0.0, -1.0]], dtype=dtype)
    small = [[0.0, score] for score in (1.0, 12.0, 12.5, 30.0, 31.0, 130.0, 131.0)]
    key = np.array([[huge, 0.0], *small], dtype=dtype)
    value = np.random.default_rng(0).normal(size=(8, 3)).astype(dtype)
    assert_as_attention(query, key, value, chunk_size=chunk_size, scale=1.0)


@pytest.mark.parametrize("chunk_size", [1, 2, 5])
@pytest.mark.parametrize("dtype", FLOATS)
def test_many_values_as_large_as_can_be_have_a_mean_as_large(dtype, chunk_size):
    value = np.full((5, 2), 0.9 * np.finfo(dtype).max, dtype=dtype)
    query, key = np.ones((3, 2), dtype), np.ones((5, 2), dtype)
    output = chunked_attention(query, key, value, chunk_size=chunk_size)
    assert_allclose(output, np.full((3, 2), value[0, 0]), rtol=4 * float(np.finfo(dtype).eps))


def test_a_later_chunk_of_queries_begins_anew(monkeypatch):
    """All its scores lie far below those of the chunk before, in the same memory."""
    monkeypatch.setattr(cost, "_blas", lambda: None)  # one thread
    query, key = np.array([[-1.0], [-1.1], [1.0], [1.1]]), np.array([[800.0], [810.0], [820.0]])
    assert_as_attention(query, key, np.eye(3), chunk_size=2, scale=1.0)
    assert_as_attention(query[::-1], key, np.eye(3), chunk_size=2, scale=1.0)


def test_no_warning_comes_from_extreme_numbers(recwarn):
    x = np.array([[1e150], [-1e150], [0.0]])
    with np.errstate(all="raise"):
        chunked_attention(x, x, x, chunk_size=1)
        chunked_attention(x, x, x, chunk_size=2, mask=[True, False, False], is_causal=True)
        chunked_attention([[1e-300]], [[1e-300]], [[1e308]])
    assert [str(warning.message) for warning in recwarn] == []


def test_integers_and_lists_become_float64_and_the_widest_type_wins():
    assert chunked_attention([[1, 2]], [[1, 0]], [[3]]).tolist() == [[3.0]]
    query, key, value = inputs(dtype=np.float32)
    assert chunked_attention(query, key.astype(np.float64), value).dtype == np.float64


@pytest.mark.parametrize("dtype", FLOATS)
def test_inputs_are_never_changed(dtype):
    query, key, value = inputs(2, dtype=dtype)
    mask = np.random.default_rng(0).random((N_QUERY, N_KEY)) < 0.5
    before = [array.copy() for array in (query, key, value, mask)]
    for array in (query, key, value, mask):
        array.setflags(write=False)
    chunked_attention(query, key, value, mask=mask, is_causal=True, chunk_size=2)
    for array, copy in zip((query, key, value, mask), before):
        assert_array_equal(array, copy)


def test_the_layout_in_memory_does_not_matter():
    query, key, value = inputs(2)
    expected = chunked_attention(query, key, value, chunk_size=3)
    other = [np.asfortranarray(array) for array in (query, key, value)]
    assert_allclose(chunked_attention(*other, chunk_size=3), expected, rtol=1e-13)
    reversed_twice = [array[:, ::-1].copy()[:, ::-1] for array in (query, key, value)]
    assert_allclose(chunked_attention(*reversed_twice, chunk_size=3), expected, rtol=1e-13)


# ---------------------------------------------------------------------------------------------
# Chunks: less memory, less work, several threads
# ---------------------------------------------------------------------------------------------


def peak_of(call):
    call()  # whatever is loaded once is loaded now
    tracemalloc.start()
    try:
        output = call()
        return tracemalloc.get_traced_memory()[1], output
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("is_causal", [False, True])
def test_chunks_need_no_memory_that_grows_with_the_square(is_causal):
    """Beside the output, twice the text needs twice the memory at most; `attention` four times."""
    peaks = []
    for n in (1024, 2048):
        query, key, value = inputs(n_query=n, n_key=n, d=4, dtype=np.float32)
        peak, output = peak_of(
            lambda q=query, k=key, v=value: chunked_attention(
                q, k, v, chunk_size=64, is_causal=is_causal
            )
        )
        peaks.append(peak - output.nbytes)
    assert peaks[1] < 2 * peaks[0]
    assert peaks[1] < 2048 * 2048 * 4 / 20


@pytest.mark.parametrize("chunk_size", [128, 300])
def test_memory_bytes_counts_what_chunks_take(chunk_size, monkeypatch):
    monkeypatch.setattr(cost, "_blas", lambda: None)  # one thread
    query, key, value = inputs(n_query=1200, n_key=1200, d=32, d_value=32)
    peak, output = peak_of(lambda: chunked_attention(query, key, value, chunk_size=chunk_size))
    counted = memory_bytes(1200, 1200, 32, dtype=float, chunk_size=chunk_size)
    # NumPy has small buffers of its own; before 2.3, one for each operand of a mixed product.
    old = np.lib.NumpyVersion(np.__version__) < "2.3.0"
    most = 3 * 8 * np.getbufsize() if old else 100_000
    assert counted <= peak - output.nbytes < counted + most


def test_memory_bytes_counts_what_attention_takes():
    query, key, value = inputs(n_query=700, n_key=900, d=8, d_value=8)
    peak, steps = peak_of(lambda: attention(query, key, value))
    assert memory_bytes(700, 900, 8, dtype=float) == steps.scores.nbytes + steps.weights.nbytes
    assert (
        memory_bytes(700, 900, 8, dtype=float)
        <= peak
        < 1.2 * memory_bytes(700, 900, 8, dtype=float)
    )


def test_blocks_above_the_diagonal_are_skipped(monkeypatch):
    """Counted, not timed: with 8 chunks, 28 whole blocks and 8 on the diagonal of 64 are left."""
    met = []

    def counting(self, top, key, *others):
        met.append((self.rows - top) * len(key))
        return original(self, top, key, *others)

    original = cost._Block._meet_chunk
    monkeypatch.setattr(cost._Block, "_meet_chunk", counting)
    query, key, value = inputs(n_query=64, n_key=64)
    chunked_attention(query, key, value, chunk_size=8)
    assert sum(met) == 64 * 64
    met.clear()
    chunked_attention(query, key, value, chunk_size=8, is_causal=True)
    assert 64 * 65 / 2 <= sum(met) <= 0.54 * 64 * 64


class FakeLibrary:
    def __init__(self, threads):
        self.num_threads = threads


class FakeLimit:
    def __init__(self, blas, before):
        self.blas, self.before = blas, before

    def restore_original_limits(self):
        self.blas.set_to(self.before)


class FakeBlas:
    """Stands for threadpoolctl's controller: remembers the limits that are set."""

    def __init__(self, threads):
        self.lib_controllers = [FakeLibrary(threads)] if threads else []
        self.history = []

    def set_to(self, threads):
        self.history.append(threads)
        self.lib_controllers[0].num_threads = threads

    def limit(self, limits):
        before = self.lib_controllers[0].num_threads
        self.set_to(limits)
        return FakeLimit(self, before)


@pytest.mark.parametrize(
    ("threads", "history"), [(4, [1, 4]), (2, [1, 2]), (1, []), (0, [])], ids=str
)
def test_several_threads_give_the_same_and_put_the_limit_back(threads, history, monkeypatch):
    blas = FakeBlas(threads)
    monkeypatch.setattr(cost, "_blas", lambda: blas)
    assert_as_attention(*inputs(2, n_query=30), chunk_size=4, is_causal=True)
    assert blas.history == history


def test_after_an_error_in_any_thread_all_stop_and_the_limit_is_put_back(monkeypatch):
    blas = FakeBlas(3)
    monkeypatch.setattr(cost, "_blas", lambda: blas)
    done = []

    def failing(self, output):
        done.append(threading.get_ident())
        if len(done) == 5:
            raise RuntimeError("out of order")

    monkeypatch.setattr(cost._Block, "write", failing)
    query, key, value = inputs(n_query=20_000, n_key=2)
    with pytest.raises(RuntimeError, match="out of order"):
        chunked_attention(query, key, value, chunk_size=1)
    assert blas.history == [1, 3]
    assert len(done) < 1000, "nobody begins another chunk after an error"


def test_calls_side_by_side_leave_the_limit_as_it_was(monkeypatch):
    """Whoever comes second finds the limit set, works in one thread, and sets nothing back."""
    blas = FakeBlas(2)
    monkeypatch.setattr(cost, "_blas", lambda: blas)
    with cost._threads(9) as first, cost._threads(9) as second:
        assert (first, second) == (2, 1)
    assert blas.history == [1, 2]


def test_calls_from_several_threads_do_not_disturb_each_other():
    arrays = [inputs(n_query=40, n_key=50, seed=seed) for seed in range(6)]
    expected = [attention(*three).output for three in arrays]
    outputs = [None] * 6

    def call(i):
        outputs[i] = chunked_attention(*arrays[i], chunk_size=8)

    callers = [threading.Thread(target=call, args=(i,)) for i in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for output, right in zip(outputs, expected):
        assert_allclose(output, right, rtol=1e-12, atol=1e-14)


def test_it_works_where_threadpoolctl_is_missing(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(cost, "import_module", absent)
    monkeypatch.setattr(cost, "_blas", cost._blas.__wrapped__)
    assert cost._blas() is None
    assert_as_attention(*inputs(2, n_query=30), chunk_size=4)


# ---------------------------------------------------------------------------------------------
# Chunks: errors name the argument, what it got and what it wants
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunk_size", "error", "told"),
    [
        (0, ValueError, "chunk_size: wants a whole number of at least 1; got 0"),
        (-512, ValueError, "chunk_size: wants a whole number of at least 1; got -512"),
        (2.0, TypeError, "chunk_size: wants a whole number; got 2.0 (float)"),
        (True, TypeError, "chunk_size: wants a whole number; got True (bool)"),
        ("512", TypeError, "chunk_size: wants a whole number; got '512' (str)"),
        (None, TypeError, "chunk_size: wants a whole number; got None (NoneType)"),
    ],
)
def test_a_bad_chunk_size_is_refused(chunk_size, error, told):
    with pytest.raises(error) as caught:
        chunked_attention(*inputs(), chunk_size=chunk_size)
    assert str(caught.value) == told


Q, K, V = inputs()


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": Q[:0]},
        {"key": K[:0], "value": V[:0]},
        {"query": Q[:, :0], "key": K[:, :0]},
        {"value": V[:, :0]},
        {"query": Q[0]},
        {"key": K[:, :-1]},
        {"value": V[:-1]},
        {"query": "abc"},
        {"query": Q > 0},
        {"query": np.where(Q > 1, NAN, Q)},
        {"key": np.where(K > 1, INF, K)},
        {"value": np.where(V > 1, -INF, V)},
        {"query": np.zeros((2, N_QUERY, D)), "key": np.zeros((3, N_KEY, D))},
        {"mask": np.ones((N_QUERY, N_KEY + 1), dtype=bool)},
        {"mask": np.ones((2, N_QUERY, N_KEY), dtype=bool)},
        {"mask": np.ones((N_QUERY, N_KEY))},
        {"mask": np.ones((0, N_KEY), dtype=bool)},
        {"is_causal": 1},
        {"is_causal": None},
        {"scale": NAN},
        {"scale": "1"},
        {"query": Q * 1e200, "key": K * 1e200},
        dict(zip(("query", "key", "value"), (x.astype(np.float16) for x in (1e4 * Q, 1e3 * K, V)))),
        {"query": Q * 1e300, "scale": 1e300},
    ],
    ids=", ".join,
)
def test_bad_input_is_refused_in_the_words_of_attention(arguments):
    arguments = {"query": Q, "key": K, "value": V} | arguments
    with pytest.raises((TypeError, ValueError)) as expected:
        attention(**arguments)
    with pytest.raises(expected.type) as caught:
        chunked_attention(**arguments, chunk_size=4)
    assert str(caught.value) == str(expected.value)


# ---------------------------------------------------------------------------------------------
# Counting
# ---------------------------------------------------------------------------------------------


def multiplications_by_number(n_query, n_key, d, heads):
    """Count by doing: one for each number that is multiplied."""
    count = 0
    for _ in range(heads):
        for _ in np.ndindex(n_query, n_key):
            count += sum(1 for _ in range(d))  # the score
            count += sum(1 for _ in range(d))  # the weighted sum
    return count


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (4, 10, 6, 1), (3, 2, 5, 4), (7, 7, 3, 2)])
def test_operations_are_those_that_a_loop_counts(sizes):
    assert operations(*sizes) == multiplications_by_number(*sizes)


def test_one_head_unless_said_otherwise():
    assert operations(3, 4, 5) == operations(3, 4, 5, 1)
    assert memory_bytes(3, 4, 5) == memory_bytes(3, 4, 5, 1)


def test_memory_grows_with_the_square_or_in_chunks_not_at_all():
    plain = [memory_bytes(n, n, 64, 8) for n in (4096, 8192)]
    chunks = [memory_bytes(n, n, 64, 8, chunk_size=512) for n in (4096, 8192)]
    assert plain[1] == 4 * plain[0] == 4 * 2 * 8 * 4096 * 4096 * 4
    assert chunks[1] == chunks[0]
    assert memory_bytes(100, 50, 64, chunk_size=512) == memory_bytes(100, 50, 64, chunk_size=100)
    assert memory_bytes(99, 99, 9, chunk_size=9, threads=3) == 3 * memory_bytes(
        99, 99, 9, chunk_size=9
    )


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("float16", 2), ("bfloat16", 2), ("float32", 4), (float, 8), (np.int8, 1), ("float64", 8)],
)
def test_bytes_depend_on_the_type(dtype, size):
    assert cache_bytes(3, 4, 2, 5, 7, dtype) == 2 * 3 * 2 * 5 * 7 * size
    assert memory_bytes(3, 5, 7, 2, dtype=dtype) == 2 * 3 * 5 * 2 * size


def test_half_precision_is_computed_in_single_precision_in_chunks_too():
    in_half = memory_bytes(64, 64, 8, chunk_size=8, dtype="float16")
    assert in_half == memory_bytes(64, 64, 8, chunk_size=8, dtype="float32")


def test_the_cache_is_that_of_keys_and_values_kept_for_every_layer():
    layers, heads, shared, d, n = 3, 8, 2, 5, 11
    keys = [np.zeros((shared, n, d), np.float16) for _ in range(layers)]
    values = [np.zeros((shared, n, d), np.float16) for _ in range(layers)]
    kept = sum(array.nbytes for array in keys + values)
    assert cache_bytes(layers, heads, shared, d, n) == kept
    assert cache_bytes(layers, heads, heads, d, n) == 4 * kept  # multi-head
    assert cache_bytes(layers, heads, 1, d, n) == kept / 2  # multi-query


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: operations(0, 1, 1), ValueError, "n_query: wants a whole number of at least 1"),
        (lambda: operations(1, 1, 0), ValueError, "d: wants a whole number of at least 1; got 0"),
        (lambda: operations(1, 1.5, 1), TypeError, "n_key: wants a whole number; got 1.5"),
        (lambda: operations(1, 1, 1, -1), ValueError, "heads: wants"),
        (lambda: memory_bytes(1, 0, 1), ValueError, "n_key: wants"),
        (lambda: memory_bytes(1, 1, 0), ValueError, "d: wants"),
        (lambda: memory_bytes(1, 1, 1, 0), ValueError, "heads: wants"),
        (lambda: memory_bytes(1, 1, 1, chunk_size=0), ValueError, "chunk_size: wants"),
        (lambda: memory_bytes(1, 1, 1, chunk_size=0.5), TypeError, "chunk_size: wants"),
        (lambda: memory_bytes(1, 1, 1, threads=0), ValueError, "threads: wants"),
        (lambda: memory_bytes(1, 1, 1, dtype="float17"), TypeError, "dtype: wants a type of num"),
        (lambda: memory_bytes(1, 1, 1, dtype=None), TypeError, "dtype: wants a type of numbers"),
        (lambda: memory_bytes(1, 1, 1, dtype=bool), TypeError, "dtype: wants a type of numbers"),
        (lambda: cache_bytes(0, 1, 1, 1, 1), ValueError, "layers: wants"),
        (lambda: cache_bytes(1, 0, 1, 1, 1), ValueError, "heads: wants"),
        (lambda: cache_bytes(1, 1, 0, 1, 1), ValueError, "key_value_heads: wants"),
        (lambda: cache_bytes(1, 1, 1, 0, 1), ValueError, "d: wants"),
        (lambda: cache_bytes(1, 1, 1, 1, 0), ValueError, "n: wants"),
        (lambda: cache_bytes(1, 1, 1, 1, "9"), TypeError, "n: wants a whole number; got '9'"),
        (
            lambda: cache_bytes(1, 32, 5, 1, 1),
            ValueError,
            "key_value_heads: wants a divisor of heads = 32; got 5",
        ),
        (lambda: cache_bytes(1, 4, 8, 1, 1), ValueError, "key_value_heads: wants a divisor"),
        (lambda: cache_bytes(1, 1, 1, 1, 1, "words"), TypeError, "dtype: wants a type of numbers"),
        (lambda: cache_bytes(1, 1, 1, 1, 1, object()), TypeError, "dtype: wants a type of num"),
    ],
)
def test_bad_sizes_are_refused(call, error, told):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(told)


def test_the_published_models_have_heads_in_equal_groups_and_a_source():
    assert len({model.name for model in MODELS}) == len(MODELS) >= 5
    for model in MODELS:
        assert model.heads % model.key_value_heads == 0
        assert "arXiv:" in model.source
        sizes = (model.layers, model.heads, model.key_value_heads, model.d)
        assert model.cache_bytes(1000) == cache_bytes(*sizes, 1000) == 2 * model.cache_bytes(500)
    kinds = {model.key_value_heads == model.heads for model in MODELS}
    assert kinds == {True, False}
    assert any(model.key_value_heads == 1 < model.heads for model in MODELS)


@pytest.mark.parametrize(
    ("name", "width"),
    [("GPT-3 175B", 12_288), ("LLaMA 7B", 4096), ("Mistral 7B", 4096), ("Llama 3 405B", 16_384)],
)
def test_the_heads_of_a_published_model_fill_its_width(name, width):
    """A second number of the same tables that has to agree."""
    (model,) = [model for model in MODELS if model.name == name]
    assert model.heads * model.d == width
