"""Run the benchmarks that are named, or all of them; print, write and draw their tables."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from .tables import Table, draw

# Each benchmark is imported when it runs: none of them wants what only another one needs.


def _numerics(options: argparse.Namespace) -> list[Table]:
    from . import numerics

    return numerics.run(options.rounds)


def _import_time(options: argparse.Namespace) -> list[Table]:
    from . import import_time

    return import_time.run(options.rounds)


def _drag(options: argparse.Namespace) -> list[Table]:
    from . import drag

    with drag.launcher() as launch:
        return drag.run(launch, options.rounds)


def _course(options: argparse.Namespace) -> list[Table]:
    from . import course

    return course.run(options.rounds, names=options.notebook)


def _models(options: argparse.Namespace) -> list[Table]:
    from . import models

    return models.run(options.rounds)


BENCHMARKS: dict[str, Callable[[argparse.Namespace], list[Table]]] = {
    "numerics": _numerics,
    "import_time": _import_time,
    "drag": _drag,
    "course": _course,
    "models": _models,
}


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
        "--rounds", type=_count, help="how often to measure; each benchmark has its own number"
    )
    parser.add_argument(
        "--notebook",
        action="append",
        default=[],
        metavar="NAME",
        help="course: check this notebook alone; may be given several times",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="write the tables to this file as well, and draw them into a PNG beside it",
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    picture = options.output.with_suffix(".png") if options.output else None
    if options.output and picture == options.output:
        parser.error(f"--output: wants a file for text, such as results.md; got {options.output}")
    tables: list[Table] = []
    for name in options.names or BENCHMARKS:
        for table in BENCHMARKS[name](options):
            tables.append(table)
            print(table, end="\n\n", flush=True)
        if options.output:  # after each of them: a run takes long, and may be stopped
            text = "\n\n".join(str(table) for table in tables) + "\n"
            options.output.write_text(text, encoding="utf-8")
            draw(tables, picture)


if __name__ == "__main__":
    main()
