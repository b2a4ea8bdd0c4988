"""A name that nothing has made yet is told with the cell that makes it, and with nothing else."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from attention_edu import missing_names
from attention_edu.missing_names import Cell, cells_of, what_to_run_first

REPOSITORY = Path(__file__).resolve().parents[1]
CELLS = [
    Cell("import", "import numpy as np\nfrom attention_edu import softmax, check as judge"),
    Cell("magic", "%matplotlib inline"),
    Cell("half", "def half("),
    Cell("make", "\nexplorer = {}\nfor row in (1, 2):\n    last = row"),
    Cell("function", "def share_out(scores):\n    inner = scores\n    return inner"),
    Cell("use", "explorer, later"),
    Cell("later", "later: int = 3"),
]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("np", "import numpy as np"),
        ("softmax", "import numpy as np"),
        ("judge", "import numpy as np"),
        ("explorer", "explorer = {}"),
        ("row", "explorer = {}"),
        ("last", "explorer = {}"),
        ("share_out", "def share_out(scores):"),
    ],
)
def test_the_cell_that_makes_a_name_is_told(name, begins):
    told = what_to_run_first(name, CELLS, "use")
    assert told.startswith(f"What to run first: the cell that begins with “{begins}”")
    assert f"makes {name}." in told
    assert "Run All Above Selected Cell" in told


@pytest.mark.parametrize("name", ["explorrer", "inner", "scores", "half", "check", "numpy", ""])
def test_a_slip_of_the_pen_and_a_local_name_are_told_nothing(name):
    assert what_to_run_first(name, CELLS, "use") == ""


def test_a_cell_further_down_is_told_as_such():
    told = what_to_run_first("later", CELLS, "use")
    assert told.startswith("What to run first, further down: the cell that begins with “later: int")
    assert "Above" not in told


def test_a_cell_is_not_told_to_run_itself():
    assert what_to_run_first("later", CELLS, "later") == ""
    assert what_to_run_first("later", CELLS).startswith("What to run first: ")


def test_a_long_line_is_cut_off():
    told = what_to_run_first("x", [Cell("a", "x = " + "1 + " * 100 + "1")])
    assert "…”" in told
    assert len(told) < 250


def test_every_name_of_the_course_is_told():
    """What a cell uses and does not make itself, one above it makes: first of all, its imports."""
    for path in sorted((REPOSITORY / "notebooks").glob("*.ipynb")):
        cells = cells_of(str(path))
        assert cells
        for place, cell in enumerate(cells):
            for name in missing_names._made_by(cell.source):
                assert what_to_run_first(name, cells), (path.stem, name)
            for name in wanted_by(cell.source):
                makers = [c for c in cells[:place] if name in missing_names._made_by(c.source)]
                if makers:
                    told = what_to_run_first(name, cells, cell.id)
                    assert told.startswith("What to run first: "), (path.stem, cell.id, name)


def wanted_by(source):
    import symtable

    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return [s.get_name() for s in symbols if s.is_referenced() and not s.is_assigned()]


# --------------------------------------------------------------------------- in a kernel


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    path = tmp_path / "my notebook 注意力.ipynb"
    cells = [nbformat.v4.new_code_cell(cell.source, id=cell.id) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    monkeypatch.setenv(missing_names.NOTEBOOK, str(path))
    return path


@pytest.fixture
def shell():
    made = InteractiveShell()
    made.history_manager.enabled = False
    made.get_parent = lambda: {"metadata": {"cellId": "use"}}
    missing_names.load_ipython_extension(made)
    yield made
    made.history_manager.end_session()


def run(shell, source):
    with capture_output() as shown:
        result = shell.run_cell(source)
    return result.error_in_exec, shown.stdout


def test_a_notebook_is_read_as_it_was_saved(notebook):
    assert cells_of(str(notebook)) == CELLS


def test_a_name_error_carries_what_to_run_first(shell, notebook):
    error, shown = run(shell, "explorer")
    assert isinstance(error, NameError)
    assert error.__notes__ == [what_to_run_first("explorer", CELLS, "use")]
    assert "name 'explorer' is not defined" in shown


def test_everything_else_is_shown_as_ever(shell, notebook, tmp_path):
    (tmp_path / "library.py").write_text("def broken():\n    return explorer\n", encoding="utf-8")
    shell.user_ns["folder"] = str(tmp_path)
    for source in (
        "explorrer",
        "1 / 0",
        "def local():\n    explorer\n    explorer = 1\n\nlocal()",
        "import sys; sys.path.insert(0, folder); import library; library.broken()",
    ):
        error, shown = run(shell, source)
        assert error is not None
        assert not hasattr(error, "__notes__"), source
        assert type(error).__name__ in shown


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', None])
def test_a_notebook_that_cannot_be_read_is_no_trouble(shell, tmp_path, monkeypatch, content):
    path = tmp_path / "any.ipynb"
    if content is not None:
        path.write_text(content + " attention_edu", encoding="utf-8")
    monkeypatch.setenv(missing_names.NOTEBOOK, str(path))
    assert cells_of(str(path)) == []
    error, shown = run(shell, "explorer")
    assert not hasattr(error, "__notes__")
    assert "NameError" in shown


def test_a_notebook_that_does_not_use_the_package_is_left_alone(notebook):
    text = notebook.read_text(encoding="utf-8").replace("attention_edu", "elsewhere")
    notebook.write_text(text, encoding="utf-8")
    assert cells_of(str(notebook)) == []


def test_a_kernel_that_tells_no_cell_is_answered_too(shell, notebook):
    for parent in ({}, None, {"metadata": {}}):
        shell.get_parent = lambda parent=parent: parent
        error, _ = run(shell, "explorer")
        assert error.__notes__ == [what_to_run_first("explorer", CELLS)]


def test_whoever_is_asked_about_errors_already_stays():
    given = SimpleNamespace(custom_exceptions=(ValueError,), set_custom_exc=None)
    missing_names.load_ipython_extension(given)
    assert given.custom_exceptions == (ValueError,)


def test_installing_the_package_lets_kernels_load_the_extension():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    data = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    places = {
        "attention_edu/kernel_extension.json": "etc/ipython/ipython_kernel_config.json",
        "attention_edu/lab_settings.json": (
            "share/jupyter/lab/settings/overrides.d/attention_edu.json"
        ),
    }
    assert places.items() <= data.items()
    config = json.loads((REPOSITORY / "attention_edu/kernel_extension.json").read_text())
    assert config == {"InteractiveShellApp": {"extensions": [missing_names.__name__]}}
