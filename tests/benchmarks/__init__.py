"""Measurements of what the course promises about speed.

    uv run python -m tests.benchmarks [NAME ...] [--rounds N] [--notebook NAME] [--output FILE]

NAME is numerics, import_time, drag, course or models; without one, all of them run. With an output
file, the tables are written to it, and drawn into a PNG of the same name beside it.

pytest collects none of them; `test_benchmarks.py` only sees to it that they still run.
"""

import sys
from pathlib import Path

# The folder from which pytest imports too, so that `browser` and `conftest` have one name.
_TESTS = str(Path(__file__).resolve().parents[1])
if _TESTS not in sys.path:
    sys.path.insert(0, _TESTS)
