"""The report on this machine says what is missing, and what to do, in words."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from nbformat import v4, write

import attention_edu
from attention_edu import __main__ as command
from attention_edu import notebooks
from attention_edu.doctor import Report, Row, doctor, install_command

OK = Row("numpy", "2.1", ">=2.0", True)
OLD = Row("jupyterlab", "3.0", ">=4.2", False, 'pip install "jupyterlab>=4.2"')
GONE = Row("<b>", "missing", ">=1", False, "install <it> & go")


@pytest.fixture(autouse=True)
def own_jupyter(tmp_path, monkeypatch):
    """Signatures and settings of these tests stay in their own folder."""
    for name in ("DATA", "CONFIG", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / "jupyter" / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture
def versions(monkeypatch):
    """Pretend that packages have other versions; None is missing."""
    told = {}
    real = importlib.metadata.version

    def version(name):
        if name in told and told[name] is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return told.get(name) or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    return told


def row(report, name):
    return next(row for row in report.rows if row.name == name)


def test_all_is_well_where_the_tests_run():
    report = doctor()
    assert report.ok, str(report)
    assert str(report).endswith("Everything is ready.")
    names = {row.name for row in report.rows}
    assert {"Python", "numpy", "jupyterlab", "latex2mathml", "Widgets in JupyterLab"} <= names
    assert "pytest" not in names


def test_a_missing_package_comes_with_the_command_that_installs_it(versions):
    versions["latex2mathml"] = None
    found = row(doctor(), "latex2mathml")
    assert (found.found, found.status, found.ok) == ("missing", "missing", False)
    assert found.advice == 'python -m pip install --upgrade "latex2mathml>=3.77"'


def test_versions_are_compared_as_numbers(versions):
    versions["ipywidgets"] = "8.1.10"
    assert row(doctor(), "ipywidgets").ok
    versions["ipywidgets"] = "8.1.4"
    assert row(doctor(), "ipywidgets").status == "too old"


def test_it_works_without_packaging(versions, monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.markers", None)
    monkeypatch.setitem(sys.modules, "packaging.specifiers", None)
    names = [row.name for row in doctor().rows]
    assert "jupyterlab" in names
    assert "pytest" not in names
    assert doctor().ok
    versions["numpy"] = "1.26.4"
    assert row(doctor(), "numpy").status == "too old"


def test_a_missing_extension_of_jupyterlab_is_noticed(monkeypatch):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [])
    report = doctor()
    assert not row(report, "Widgets in JupyterLab").ok
    assert "anywidget" in row(report, "anywidget in JupyterLab").advice


def test_a_kernel_of_another_environment_is_noticed(monkeypatch, tmp_path):
    other = str(tmp_path / "bin" / "python")
    monkeypatch.setattr("attention_edu.doctor._kernel_command", lambda: other)
    found = row(doctor(), "Kernel of the notebooks")
    assert (found.ok, found.found) == (False, "another environment")
    assert other not in str(doctor())


def test_a_python_that_is_too_old_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr("platform.python_version", lambda: "3.9.18")
    found = row(doctor(), "Python")
    assert (found.found, found.status, found.ok) == ("3.9.18", "too old", False)
    assert "Install Python 3.11 or newer" in found.advice


def test_a_package_that_was_not_installed_itself_is_told_how(monkeypatch):
    def unknown(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", unknown)
    found = row(doctor(), "attention-edu")
    assert (found.found, found.ok) == ("missing", False)
    assert 'pip install -e ".[course]"' in found.advice


def test_a_machine_without_jupyter_has_neither_kernel_nor_widgets(monkeypatch):
    for name in ("jupyter_core.paths", "jupyter_client.kernelspec"):
        monkeypatch.setitem(sys.modules, name, None)
    report = doctor()
    assert not row(report, "Widgets in JupyterLab").ok
    kernel = row(report, "Kernel of the notebooks")
    assert (kernel.found, kernel.ok) == ("missing", False)
    assert kernel.advice.startswith('python -m pip install "ipykernel>=')


def test_a_jupyter_without_a_kernel_for_python_is_told_how_to_make_one(monkeypatch):
    from jupyter_client import kernelspec

    def none_of(name):
        raise kernelspec.NoSuchKernel(name)

    monkeypatch.setattr(kernelspec, "get_kernel_spec", none_of)
    assert row(doctor(), "Kernel of the notebooks").found == "missing"


@pytest.mark.parametrize("content", ["{", "{}", None])
def test_a_damaged_extension_of_jupyterlab_is_as_good_as_none(monkeypatch, tmp_path, content):
    described = tmp_path / "anywidget" / "package.json"
    described.parent.mkdir()
    if content is not None:
        described.write_text(content, encoding="utf-8")
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    assert row(doctor(), "anywidget in JupyterLab").found == "missing"
    described.write_text('{"version": "9.9"}', encoding="utf-8")
    assert row(doctor(), "anywidget in JupyterLab").found == "9.9"


def test_in_a_notebook_it_is_the_asking_kernel_that_counts(monkeypatch, tmp_path):
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel="this one"))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setattr("attention_edu.doctor._kernel_command", lambda: "of no interest here")
    assert row(doctor(), "Kernel of the notebooks").ok

    real = importlib.metadata.distribution
    own = SimpleNamespace(locate_file=lambda _: tmp_path, requires=real("attention-edu").requires)

    def moved(name):
        return own if name == "attention-edu" else real(name)

    monkeypatch.setattr(importlib.metadata, "distribution", moved)
    found = row(doctor(), "Kernel of the notebooks")
    assert (found.ok, found.found) == (False, "another environment")
    assert "Change Kernel" in found.advice

    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])  # as an environment laid over it
    assert row(doctor(), "Kernel of the notebooks").ok
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not row(doctor(), "Kernel of the notebooks").ok

    def unknown(name):
        if name == "attention-edu":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "distribution", unknown)
    assert not row(doctor(), "Kernel of the notebooks").ok


def test_without_the_course_nothing_is_said_of_its_signatures(monkeypatch):
    def lost():
        raise notebooks.NotebookError("the notebooks of the course were not found")

    monkeypatch.setattr(notebooks, "course_folder", lost)
    report = doctor()
    assert report.ok
    assert "Signatures of the notebooks" not in {row.name for row in report.rows}


def test_unsigned_notebooks_are_a_note_and_no_fault(monkeypatch, tmp_path):
    path = tmp_path / notebooks.FIRST_NOTEBOOK
    shown = v4.new_output("display_data", {"text/html": "<b>x</b>"})
    write(v4.new_notebook(cells=[v4.new_code_cell("x", outputs=[shown])]), path)
    monkeypatch.setattr(notebooks, "course_folder", lambda: tmp_path)
    found = row(doctor(), "Signatures of the notebooks")
    assert (found.found, found.status, found.ok) == ("all missing", "note", True)
    assert "attention-edu sign" in found.advice
    notebooks.sign([path])
    assert row(doctor(), "Signatures of the notebooks").status == "ok"


def test_it_names_no_folder_and_no_address_of_this_machine():
    bundle = doctor()._repr_mimebundle_()
    for text in (*bundle.values(), repr(doctor())):
        assert str(Path.home()) not in text
        assert sys.prefix not in text
        assert "0x" not in text


def test_the_table_is_readable_by_machine_and_without_colours():
    page = BeautifulSoup(Report((OK, OLD, GONE))._repr_mimebundle_()["text/html"], "html.parser")
    assert page.table.caption.get_text()
    assert all(th["scope"] in ("col", "row") for th in page.find_all("th"))
    lines = [
        [td.get_text() for td in tr.find_all(["th", "td"])] for tr in page.tbody.find_all("tr")
    ]
    assert [line[3] for line in lines] == ["ok", "too old", "missing"]
    assert lines[2] == ["<b>", "missing", ">=1", "missing", "install <it> & go"]
    assert page.find("script") is None
    assert page.find("b") is None


def test_the_last_sentence_counts():
    assert Report((OK,)).summary == "Everything is ready."
    assert Report((OK, OLD)).summary == "1 thing needs attention, see above."
    assert Report((GONE, OLD)).summary == "2 things need attention, see above."


@pytest.mark.parametrize("first", ["import attention_edu.doctor", "import attention_edu"])
def test_the_name_can_be_called_whatever_was_imported_first(first):
    code = f"{first}; import attention_edu; print(type(attention_edu.doctor()).__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "Report\n"


def test_the_command_fails_only_if_something_is_missing(versions, capsys):
    assert command.main(["doctor"]) == 0
    versions["nbclient"] = None
    assert command.main(["doctor"]) == 1
    assert 'pip install --upgrade "nbclient' in capsys.readouterr().out


def test_install_command_names_the_least_version():
    assert install_command("jupyterlab") == 'python -m pip install "jupyterlab>=4.2"'
    assert install_command("unheard-of") == 'python -m pip install "unheard-of"'


def test_it_is_a_public_name():
    assert "doctor" in attention_edu.__all__
