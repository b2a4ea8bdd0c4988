"""Run the benchmarks that are named, or all of them, and print their tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import drag, import_time
from .tables import Table


def _drag(rounds: int | None) -> list[Table]:
    with drag.launcher() as launch:
        return drag.run(launch, rounds)


BENCHMARKS = {"import_time": import_time.run, "drag": _drag}


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"wants at least 1; got {number}")
    return number


def main(arguments: list[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measure how fast the course answers."
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"{' or '.join(BENCHMARKS)}; all unless named"
    )
    parser.add_argument(
        "--rounds",
        type=_count,
        help=f"how often to measure; import_time: {import_time.ROUNDS}, drag: {drag.ROUNDS} "
        "unless given",
    )
    parser.add_argument("--output", type=Path, help="write the tables to this file as well")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    texts = []
    for name in options.names or BENCHMARKS:
        for table in BENCHMARKS[name](options.rounds):
            texts.append(str(table))
            print(texts[-1], end="\n\n", flush=True)
    if options.output:
        options.output.write_text("\n\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
