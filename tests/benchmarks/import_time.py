"""What importing the package costs, beside what it cannot do without.

Every measurement is a fresh Python of its own. Inside it, `time.perf_counter` is read before and
after the statement, so the start of the interpreter does not count; what an earlier statement has
already imported costs nothing, which is how a later one's *added* time is measured. The statements
take turns, round after round, so that a busy spell of the machine meets all of them. One round
goes before that warms the disk's cache and writes the compiled files, and is not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .tables import Table, median

REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 15
MOST_ADDED_SHARE = 0.30  # of `import numpy`, by `import attention_edu`
MOST_ADDED_SECONDS = 0.150  # over `import ipywidgets`, by `from attention_edu import ScoreExplorer`

NUMPY = "import numpy"
PACKAGE = "import attention_edu"
FUNCTION = "from attention_edu import softmax"
IPYWIDGETS = "import ipywidgets"
ANYWIDGET = "import anywidget"
EXPLORER = "from attention_edu import ScoreExplorer"

# Each child runs its statements in this order and tells the seconds of each.
CHILDREN = {
    "numpy, then the package": (NUMPY, PACKAGE, FUNCTION),
    "the package alone": (PACKAGE,),
    "ipywidgets alone": (IPYWIDGETS,),
    "the explorer alone": (EXPLORER,),
    "the explorer, part by part": (IPYWIDGETS, NUMPY, ANYWIDGET, EXPLORER),
}

_CHILD = """
import json, sys, time
seconds = []
for statement in sys.argv[1:]:
    code = compile(statement, "<statement>", "exec")
    start = time.perf_counter()
    exec(code)
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds))
"""


def seconds_of(statements: tuple[str, ...]) -> list[float]:
    """Run statements in a fresh Python, and return the seconds that each of them took."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *statements],
        cwd=REPOSITORY,
        env=quiet,
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(seconds) for seconds in json.loads(done.stdout)]


def run(rounds: int | None = None) -> list[Table]:
    """Measure, and return the tables."""
    rounds = rounds or ROUNDS
    measured: dict[str, list[list[float]]] = {name: [] for name in CHILDREN}
    for turn in range(rounds + 1):
        for name, statements in CHILDREN.items():
            seconds = seconds_of(statements)
            if turn:
                measured[name].append(seconds)

    def column(name: str, statement: str) -> list[float]:
        place = CHILDREN[name].index(statement)
        return [seconds[place] for seconds in measured[name]]

    after_numpy = "numpy, then the package"
    numpy = column(after_numpy, NUMPY)
    ipywidgets = column("ipywidgets alone", IPYWIDGETS)
    explorer = column("the explorer alone", EXPLORER)
    added = [mine - theirs for mine, theirs in zip(explorer, ipywidgets)]
    parts = "the explorer, part by part"
    lines = {
        f"`{NUMPY}`": numpy,
        f"`{PACKAGE}`, alone": column("the package alone", PACKAGE),
        f"`{PACKAGE}`, after NumPy": column(after_numpy, PACKAGE),
        f"`{FUNCTION}`, after both": column(after_numpy, FUNCTION),
        f"`{IPYWIDGETS}`": ipywidgets,
        f"`{EXPLORER}`, alone": explorer,
        f"of it, `{NUMPY}`": column(parts, NUMPY),
        f"of it, `{ANYWIDGET}`": column(parts, ANYWIDGET),
        "of it, the package's own": column(parts, EXPLORER),
    }
    share = median(mine / theirs for mine, theirs in zip(column(after_numpy, PACKAGE), numpy))
    more = median(added)
    return [
        Table(
            f"Import time, {rounds} rounds, milliseconds",
            ("statement", "median", "best"),
            [
                (name, 1000 * median(seconds), 1000 * min(seconds))
                for name, seconds in lines.items()
            ],
            (
                f"`{PACKAGE}` adds {share:.1%} to `{NUMPY}`; at most {MOST_ADDED_SHARE:.0%} is "
                f"wanted: {_verdict(share <= MOST_ADDED_SHARE)}.",
                f"`{EXPLORER}` takes {1000 * more:.0f} ms more than `{IPYWIDGETS}` "
                f"(best against best: {1000 * (min(explorer) - min(ipywidgets)):.0f} ms); at most "
                f"{1000 * MOST_ADDED_SECONDS:.0f} ms are wanted: "
                f"{_verdict(more <= MOST_ADDED_SECONDS)}.",
                "Each number is `time.perf_counter` around the statement, in a fresh Python.",
            ),
        )
    ]


def _verdict(met: bool) -> str:
    return "met" if met else "not met"
