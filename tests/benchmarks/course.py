"""How long it takes to check the whole course: every notebook from a fresh kernel, one by one.

It is the check of the tests (nbval), in a process of its own for each notebook, so that a time is
that of the notebook, with the start of pytest and of the kernel. `share` is that of the whole.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from attention_edu.notebooks import find_notebooks

from .tables import Table

REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 1


def check(path: Path) -> tuple[float, str]:
    """Check one notebook; return the seconds and pytest's closing words."""
    start = time.perf_counter()
    options = ["-q", "-o", "addopts=--nbval", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(REPOSITORY), str(path)],
        cwd=REPOSITORY,
        env={**os.environ, "ATTENTION_EDU_PROGRESS": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    counts = re.findall(r"\d+ (?:passed|failed|errors?|skipped)", done.stdout[-400:])
    return seconds, ", ".join(counts) or f"pytest ended with {done.returncode}"


def run(rounds: int | None = None, *, names: Sequence[str] = ()) -> list[Table]:
    """Check the notebooks that are named, or all of them, and return the table."""
    rounds = rounds or ROUNDS
    paths = find_notebooks(names, REPOSITORY / "notebooks")
    best: dict[str, float] = {}
    told: dict[str, str] = {}
    for _ in range(rounds):
        for path in paths:
            seconds, told[path.stem] = check(path)
            best[path.stem] = min(seconds, best.get(path.stem, seconds))
    whole = sum(best.values())
    rows: list[Sequence[str | int | float]] = [
        (name, seconds, f"{seconds / whole:.0%}", told[name]) for name, seconds in best.items()
    ]
    rows.append((f"all {len(best)}", whole, "100%", ""))
    failing = [name for name, words in told.items() if "passed" not in words or "failed" in words]
    remarks = ["Best of the rounds." if rounds > 1 else "One round."]
    remarks += [f"{name} does not pass." for name in failing]
    title = "Checking the course, seconds"
    columns = ("notebook", "seconds", "share", "cells")
    return [Table(title, columns, rows, remarks, kind="bars", drawn=("seconds",))]
