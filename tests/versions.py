"""Run the tests with the lowest or with the newest versions that pyproject.toml allows.

    python -m tests.versions lowest
    python -m tests.versions newest

Each makes an environment of its own with uv, outside of this folder and with the Python that runs
this, and tests there what depends on versions: the unit and widget tests and the notebooks 00 to
05, without a browser. "Lowest" are the lowest versions of what pyproject.toml names; what those
want in turn is new. Further arguments go to pytest in the place of that choice:

    python -m tests.versions lowest -x tests/test_keras_layers.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
SAID = ("numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab", "keras", "tensorflow-cpu")
SHOW = """
import sys
from importlib import metadata
found = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
said = [f"{name} {found[name]}" for name in sys.argv[1:] if name in found]
print("Python", sys.version.split()[0], "with", ", ".join(said), flush=True)
"""


def chosen() -> list[str]:
    """Return pytest's arguments for what depends on versions."""
    notebooks = sorted((REPOSITORY / "notebooks").glob("0[0-5]_*.ipynb"))
    return [
        "-m",
        "not slow and not browser",
        # Whether the code is formatted and typed is for the newest tools and types to say.
        "--deselect=tests/test_code_quality.py::test_the_checkers_have_nothing_to_say",
        "tests",
        *(str(path.relative_to(REPOSITORY)) for path in notebooks),
    ]


def inside(resolution: str, *command: str) -> list[str]:
    """Return the command that runs another one in a new environment of the whole project."""
    return [
        *("uv", "run", "--isolated", "--no-project", "--python", sys.executable),
        *("--resolution", resolution, "--with-editable", ".[test]", *command),
    ]


def main(arguments: list[str]) -> int:
    """Make the environment, say what is in it, and run pytest there."""
    if not arguments or arguments[0] not in RESOLUTIONS:
        sys.exit(__doc__)
    if shutil.which("uv") is None:
        sys.exit("uv is not installed: `pip install uv`")
    resolution = RESOLUTIONS[arguments[0]]
    # What would lead back to the environment of this process.
    outside = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for command in (
        ("python", "-c", SHOW, *SAID),
        ("python", "-m", "pytest", *(arguments[1:] or chosen())),
    ):
        done = subprocess.run(
            inside(resolution, *command), cwd=REPOSITORY, env=outside, check=False
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
