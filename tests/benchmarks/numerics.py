"""How close attention comes to what the machine can do, and how its cost grows with the text.

Everything is measured in child processes that may use two threads. In one of them, subjects take
turns, round after round, so that a busy spell of the machine meets all of them; a ratio is that of
two best times of the same run. Before each measurement there is a pause, in which the threads of
the one before go to sleep: those of OpenBLAS wait for more work at full speed for some 50 ms, and
would take a processor from whoever comes next. The subjects are

- the **limit**: the two matrix products and one `np.exp` over all scores, which no exact method can
  do without, each timed alone with the blocks that suit it best, in two threads as well;
- the **textbook**: attention as one writes it down, three lines of NumPy over whole matrices;
- `attention` of this course, which keeps and checks every step, and `chunked_attention`;
- PyTorch's `scaled_dot_product_attention` where PyTorch is installed.

Peak memory is the largest resident size of a child process of its own, less that of another child
that makes the same inputs and an output, and imports the same modules.

On some machines the environment chooses the kernels of OpenBLAS (OPENBLAS_CORETYPE). There the
times are measured twice: as the environment says, and as OpenBLAS itself chooses.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from .tables import Table, fitted_exponent, median

REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 7
THREADS = 2
SIZES = (4096, 8192)
D = 64
LENGTHS = (512, 1024, 2048, 4096, 8192)
LONG = 65_536
PLAIN = 8192  # what the plain way is measured at; LONG would take it 34 GB
PAUSE = 0.2  # seconds

MOST_OF_THE_LIMIT = 1.5
LEAST_AHEAD_OF_THE_TEXTBOOK = 2.5
MOST_OF_FULL_IF_CAUSAL = 0.6
MOST_MEGABYTES = 64.0

#: Rows and columns of a block; None is the whole matrix.
BLOCKS = (None, (256, 1024), (512, 512), (512, 1024), (1024, 1024))
SHAPES_OF_SCORES = ((6,), (64, 64), (512, 512), (2048, 2048), (4096, 4096))

CHUNKED, CAUSAL = "chunked_attention", "chunked_attention, causal"
TEXTBOOK, ATTENTION = "textbook NumPy", "attention"
TORCH, TORCH_CAUSAL = "PyTorch", "PyTorch, causal"


def inputs(n: int) -> list[Any]:
    """Make query, key and value of n tokens, without a passing copy in another type."""
    random = np.random.default_rng(n)
    return [random.standard_normal((n, D), dtype=np.float32) for _ in range(3)]


def textbook(query: Any, key: Any, value: Any) -> Any:
    """Attention as one writes it down."""
    scores = query @ key.T / math.sqrt(D)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights @ value


# ---------------------------------------------------------------------------------------------
# In the child: times
# ---------------------------------------------------------------------------------------------


def seconds_of(call: Callable[[], object]) -> float:
    """Time one call, after a pause."""
    time.sleep(PAUSE)
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def take_turns(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each call once a round, after a round that is not counted."""
    for call in calls.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            seconds[name].append(seconds_of(call))
    return seconds


def _one_thread_a_product() -> Any:
    """Keep matrix products to one thread each, or None where that cannot be had."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    return lambda: threadpool_limits(limits=1, user_api="blas")


def blockings(
    n: int, step: Callable[[slice, slice, Any], object], wide: int | None
) -> dict[str, Callable[[], object]]:
    """Give every way to go through a matrix of n × n in blocks, with all threads in use.

    `step(rows, columns, out)` computes a block; `wide` is the width of its result, None for that
    of the block. Products have threads of their own; two Python threads can also share out the
    blocks, with one thread a product.
    """
    calls: dict[str, Callable[[], object]] = {}
    limited = _one_thread_a_product()
    for block, shared in product(BLOCKS, (False, True)):
        rows, columns = block or (n, n)
        if rows > n or columns > n or (shared and (limited is None or block is None)):
            continue
        ways = THREADS if shared else 1
        memory = [np.empty((rows, wide or columns), np.float32) for _ in range(ways)]

        def part(
            way: int,
            rows: int = rows,
            columns: int = columns,
            ways: int = ways,
            memory: Any = memory,
        ) -> None:
            for i in range(way * rows, n, ways * rows):
                for j in range(0, n, columns):
                    step(slice(i, i + rows), slice(j, j + columns), memory[way])

        def call(ways: int = ways, part: Any = part) -> None:
            with limited() if ways > 1 else nullcontext(), ThreadPoolExecutor(ways) as pool:
                list(pool.map(part, range(ways)))

        calls[f"{rows} × {columns}{', threads share blocks' if shared else ''}"] = call
    return calls


def limit(n: int, rounds: int) -> dict[str, tuple[float, str]]:
    """Time the two products and exp alone; for each, give the best time and its blocking."""
    query, key, value = inputs(n)
    query /= np.float32(math.sqrt(D))
    scores = query @ key.T
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    steps: dict[str, tuple[Callable[[slice, slice, Any], object], int | None]] = {
        "scores": (lambda i, j, out: np.matmul(query[i], key[j].T, out=out), None),
        "exp": (lambda i, j, out: np.exp(scores[i, j], out=out), None),
        "weighted sum": (lambda i, j, out: np.matmul(powers[i, j], value[j], out=out), D),
    }
    best = {}
    for name, (step, wide) in steps.items():
        seconds = take_turns(blockings(n, step, wide), rounds)
        best[name] = min((min(times), blocking) for blocking, times in seconds.items())
    # Over whole rows exp meets memory in its order; this is the best of all for large matrices.
    rows = [slice(i, i + 64) for i in range(0, n, 64)]
    out = np.empty_like(scores)

    def by_rows() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda i: np.exp(scores[i], out=out[i]), rows))

    times = take_turns({"whole rows": by_rows}, rounds)["whole rows"]
    best["exp"] = min(best["exp"], (min(times), "whole rows, threads share them"))
    return best


def _torch(arrays: Iterable[Any]) -> dict[str, Callable[[], object]]:
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(THREADS)
    function = torch.nn.functional.scaled_dot_product_attention
    tensors = [torch.from_numpy(array)[None, None] for array in arrays]
    return {
        TORCH: lambda: function(*tensors),
        TORCH_CAUSAL: lambda: function(*tensors, is_causal=True),
    }


def attention_times(n: int, rounds: int) -> dict[str, list[float]]:
    """Time every subject for n tokens."""
    from attention_edu import attention, chunked_attention

    arrays = inputs(n)
    return take_turns(
        {
            TEXTBOOK: lambda: textbook(*arrays),
            ATTENTION: lambda: attention(*arrays),
            CHUNKED: lambda: chunked_attention(*arrays),
            CAUSAL: lambda: chunked_attention(*arrays, is_causal=True),
            **_torch(arrays),
        },
        rounds,
    )


def softmax_times(shape: Sequence[int], rounds: int) -> dict[str, list[float]]:
    """Time `softmax` beside SciPy's; of small arrays many at a time."""
    import scipy.special

    from attention_edu import softmax

    scores = np.random.default_rng(0).standard_normal(tuple(shape), dtype=np.float32)
    repeats = max(1, 200_000 // scores.size) if scores.size < 200_000 else 1

    def many(function: Callable[..., object]) -> Callable[[], object]:
        def call() -> None:
            for _ in range(repeats):
                function(scores, axis=-1)

        return call

    seconds = take_turns({"ours": many(softmax), "scipy": many(scipy.special.softmax)}, rounds)
    return {name: [time / repeats for time in times] for name, times in seconds.items()}


def growth(n: int, rounds: int) -> dict[str, float]:
    """Time n tokens, and trace the peak of what is allocated from the inputs to the output."""
    from attention_edu import attention, chunked_attention

    ways: dict[str, Callable[..., object]] = {ATTENTION: attention, CHUNKED: chunked_attention}
    found: dict[str, float] = {}
    for name, way in ways.items():
        tracemalloc.start()
        way(*inputs(n))
        found[f"{name}, bytes"] = float(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    arrays = inputs(n)
    calls = {name: (lambda way=way: way(*arrays)) for name, way in ways.items()}
    for name, times in take_turns(calls, rounds).items():
        found[f"{name}, seconds"] = min(times)
    return found


def peak_of(subject: str, n: int) -> int:
    """Return the largest resident size of this process, in bytes, after attending once."""
    import resource

    from attention_edu import attention, chunked_attention

    small = [array[:8] for array in inputs(16)]
    ways: dict[str, Callable[..., object]] = {
        "inputs and output": lambda query, key, value: np.ones_like(value),
        ATTENTION: attention,
        CHUNKED: chunked_attention,
    }
    attention(*small)
    chunked_attention(*small, chunk_size=2)
    kept = ways[subject](*inputs(n))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    del kept
    return peak if sys.platform == "darwin" else 1024 * peak


def kernel() -> str:
    """Name the processor for which OpenBLAS chose its kernels, if that can be found out."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown"
    found = {str(one.get("architecture", one["internal_api"])) for one in threadpool_info()}
    return ", ".join(sorted(found)) or "unknown"


JOBS: dict[str, Callable[..., Any]] = {
    "attention_times": attention_times,
    "growth": growth,
    "kernel": kernel,
    "limit": limit,
    "peak_of": peak_of,
    "softmax_times": softmax_times,
}


# ---------------------------------------------------------------------------------------------
# In the parent: tables
# ---------------------------------------------------------------------------------------------


def in_child(job: str, *arguments: Any, own_kernels: bool = False) -> Any:
    """Run a job in a fresh Python that may use two threads, and return what it found."""
    environment = dict(os.environ)
    for library in ("OPENBLAS", "OMP", "MKL"):
        environment[f"{library}_NUM_THREADS"] = str(THREADS)
    if own_kernels:
        environment.pop("OPENBLAS_CORETYPE", None)
        environment.pop("OPENBLAS_L2_SIZE", None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.numerics", job, json.dumps(arguments)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _verdict(number: float, wanted: float, *, least: bool = False) -> str:
    met = number >= wanted if least else number <= wanted
    sides = "at least" if least else "at most"
    return f"{number:.2f}, {sides} {wanted:g} is wanted: {'met' if met else 'not met'}"


def times_table(rounds: int, sizes: Sequence[int], *, own_kernels: bool, title: str) -> Table:
    """Compare every subject with the limit and with the textbook."""
    rows: dict[str, list[str | int | float]] = {}
    remarks = []
    for n in sizes:
        parts = in_child("limit", n, rounds, own_kernels=own_kernels)
        times = in_child("attention_times", n, rounds, own_kernels=own_kernels)
        best = {name: min(seconds) for name, seconds in times.items()}
        least = sum(seconds for seconds, _ in parts.values())
        shown = {"limit: products and exp": least, **best}
        for name, seconds in shown.items():
            rows.setdefault(name, [name]).extend(
                (
                    1000 * seconds,
                    f"{seconds / least:.2f}",
                    f"{best[TEXTBOOK] / seconds:.2f}",
                )
            )
        remarks += [
            f"n = {n:,}: chunked_attention takes this many times the limit: "
            f"{_verdict(best[CHUNKED] / least, MOST_OF_THE_LIMIT)}.",
            f"n = {n:,}: the textbook takes this many times chunked_attention: "
            + _verdict(best[TEXTBOOK] / best[CHUNKED], LEAST_AHEAD_OF_THE_TEXTBOOK, least=True)
            + f" (medians: {median(times[TEXTBOOK]) / median(times[CHUNKED]):.2f}).",
            f"n = {n:,}: causal takes this share of full: "
            f"{_verdict(best[CAUSAL] / best[CHUNKED], MOST_OF_FULL_IF_CAUSAL)}.",
            f"n = {n:,}, the limit's parts: "
            + "; ".join(
                f"{name} {1000 * seconds:.1f} ms ({blocking})"
                for name, (seconds, blocking) in parts.items()
            )
            + ".",
        ]
    columns = ["what"]
    for n in sizes:
        columns += [f"ms, n = {n:,}", "of the limit", "textbook ÷ it"]
    found = in_child("kernel", own_kernels=own_kernels)
    remarks.append(f"Best of {rounds} rounds; {THREADS} threads; kernels: {found}; {_machine()}.")
    if TORCH not in rows:
        remarks.append("PyTorch is not installed, so it is not measured.")
    drawn = [f"ms, n = {n:,}" for n in sizes]
    return Table(title, columns, list(rows.values()), remarks, kind="bars", drawn=drawn)


def softmax_table(rounds: int, shapes: Sequence[Sequence[int]]) -> Table:
    """Compare `softmax` with SciPy's."""
    rows: list[Sequence[str | int | float]] = []
    for shape in shapes:
        times = in_child("softmax_times", list(shape), rounds)
        ours, scipys = (1e6 * min(times[name]) for name in ("ours", "scipy"))
        name = " × ".join(f"{size:,}" for size in shape)
        rows.append((name, ours, scipys, f"{scipys / ours:.2f}"))
    return Table(
        "softmax, float32, microseconds",
        ("scores", "softmax", "scipy.special.softmax", "SciPy ÷ it"),
        rows,
        (f"Best of {rounds} rounds.",),
    )


def growth_table(rounds: int, lengths: Sequence[int]) -> Table:
    """Show how time and memory grow, with exponents fitted to the longest three."""
    rows: list[list[str | int | float]] = []
    for n in lengths:
        found = in_child("growth", n, rounds)
        rows.append(
            [
                n,
                *(1000 * found[f"{name}, seconds"] for name in (ATTENTION, CHUNKED)),
                *(found[f"{name}, bytes"] / 1e6 for name in (ATTENTION, CHUNKED)),
            ]
        )
    columns = ["tokens", *(f"{n}, {u}" for u in ("ms", "MB") for n in (ATTENTION, CHUNKED))]
    upper = rows[-3:]
    exponents = [
        fitted_exponent([float(row[0]) for row in upper], [float(row[place]) for row in upper])
        for place in range(1, len(columns))
    ]
    told = "; ".join(f"{name} {power:.2f}" for name, power in zip(columns[1:], exponents))
    return Table(
        "Growth with the text, d = 64, float32",
        columns,
        rows,
        (
            f"Exponents from {upper[0][0]:,} tokens on: {told}.",
            "Memory: the peak that tracemalloc sees, inputs and output included.",
        ),
        kind="lines",
        drawn=columns[1:],
    )


def memory_table(plain: int, long: int) -> Table:
    """Show peak memory beside inputs and output."""
    rows: list[Sequence[str | int | float]] = []
    beside = {}
    for name, n in ((ATTENTION, plain), (CHUNKED, plain), (CHUNKED, long)):
        needed = in_child("peak_of", "inputs and output", n)
        peak = in_child("peak_of", name, n)
        beside[name, n] = (peak - needed) / 1e6
        rows.append((f"{name}, n = {n:,}", peak / 1e6, needed / 1e6, beside[name, n]))
    whole = 4 * long**2 / 1e9
    return Table(
        "Peak memory of a child process, d = 64, float32, MB",
        ("what", "peak", "inputs and output alone", "beside them"),
        rows,
        (
            f"chunked_attention, n = {long:,}, beside inputs and output, MB: "
            f"{_verdict(beside[CHUNKED, long], MOST_MEGABYTES)}. One score matrix of that size "
            f"would take {whole:.1f} GB.",
            "Resident size (ru_maxrss), modules included.",
        ),
    )


def _machine() -> str:
    return (
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} processors"
    )


def run(
    rounds: int | None = None,
    *,
    sizes: Sequence[int] = SIZES,
    lengths: Sequence[int] = LENGTHS,
    shapes: Sequence[Sequence[int]] = SHAPES_OF_SCORES,
    plain: int = PLAIN,
    long: int = LONG,
) -> list[Table]:
    """Measure, and return the tables."""
    rounds = rounds or ROUNDS
    title = f"Attention, d = {D}, float32, {THREADS} threads"
    chosen = os.environ.get("OPENBLAS_CORETYPE")
    tables = []
    if chosen:
        named = f"{title}, OPENBLAS_CORETYPE={chosen}"
        tables.append(times_table(rounds, sizes, own_kernels=False, title=named))
        title += ", kernels as OpenBLAS chooses"
    tables.append(times_table(rounds, sizes, own_kernels=True, title=title))
    tables.append(softmax_table(rounds, shapes))
    tables.append(growth_table(rounds, lengths))
    tables.append(memory_table(plain, long))
    return tables


if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](*json.loads(sys.argv[2]))))
