"""Notebooks are re-executed and written in one normal form, byte for byte."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from attention_edu import notebooks
from attention_edu.notebooks import (
    FIRST_NOTEBOOK,
    WIDGET_STATE,
    WIDGET_VIEW,
    NotebookError,
    course_folder,
    course_notebooks,
    find_notebooks,
    normalise,
    refresh,
    sign,
    untrusted,
)

WIDGETS = """
import anywidget, ipywidgets, sys, traitlets

class Counter(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    count = traitlets.Int(0).tag(sync=True)
    def __repr__(self):
        return "Counter"

forgotten = Counter(count=99)
slider, counter = ipywidgets.IntSlider(), Counter(count=3)
link = ipywidgets.jslink((slider, "value"), (counter, "count"))
ipywidgets.VBox([counter, slider])
"""
PRINTS = """
import sys
print("one", flush=True)
print("two", flush=True)
print("three", file=sys.stderr, flush=True)
"a", "b"
"""


@pytest.fixture(autouse=True)
def own_jupyter(tmp_path, monkeypatch):
    """Signatures and settings of these tests stay in their own folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("DATA", "CONFIG", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(home / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))


def write(path: Path, *cells) -> Path:
    """Write a notebook without any identifiers, as a hand would."""
    notebook = v4.new_notebook(cells=[cell(c) if isinstance(c, str) else c for c in cells])
    for one in notebook.cells:
        one.pop("id", None)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def cell(source, **metadata):
    return v4.new_code_cell(source, metadata=metadata)


def output(text):
    return v4.new_output("execute_result", {"text/plain": text}, execution_count=9)


def showing(model_id):
    return v4.new_output("display_data", {WIDGET_VIEW: {"model_id": model_id}})


def model(model_name="Shown", **state):
    return {"model_name": model_name, "model_module": "m", "state": state}


def with_state(cells, models):
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata["widgets"] = {WIDGET_STATE: {"state": models}}
    return notebook


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    """One notebook with everything in it, refreshed twice."""
    folder = tmp_path_factory.mktemp("refreshed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(folder / "data"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        path = write(folder / "02_scores.ipynb", v4.new_markdown_cell("# Scores"), WIDGETS, PRINTS)
        path.chmod(0o640)
        results = refresh([path])
        first = path.read_bytes()
        results += refresh([path], check=True)
        results += refresh([path])
        return path, first, results, untrusted([path])


@pytest.mark.slow
class TestRefresh:
    def test_twice_gives_the_same_bytes(self, refreshed):
        path, first, results, _ = refreshed
        assert path.read_bytes() == first
        assert [result.changed for result in results] == [True, False, False]
        assert first.endswith(b"}\n")
        assert not first.endswith(b"\n\n")

    def test_saves_the_state_of_widgets_and_of_links_between_them(self, refreshed):
        notebook = nbformat.read(refreshed[0], as_version=4)
        nbformat.validate(notebook)
        state = notebook.metadata.widgets[WIDGET_STATE].state
        names = sorted(entry.model_name for entry in state.values())
        assert [name for name in names if name.endswith(("AnyModel", "BoxModel", "LinkModel"))] == [
            "AnyModel",  # the forgotten one is not shown, and not kept
            "LinkModel",
            "VBoxModel",
        ]
        shown = notebook.cells[1].outputs[0].data[WIDGET_VIEW].model_id
        counter = state[shown].state.children[0].removeprefix("IPY_MODEL_")
        assert state[counter].state.count == 3
        assert state[counter].state["_esm"].startswith("export default")

    def test_merges_what_is_printed_in_a_row(self, refreshed):
        printed = nbformat.read(refreshed[0], as_version=4).cells[2].outputs
        assert [(one.output_type, one.get("text")) for one in printed] == [
            ("stream", "one\ntwo\n"),
            ("stream", "three\n"),
            ("execute_result", None),
        ]

    def test_signs_what_it_wrote(self, refreshed):
        assert refreshed[3] == []

    @pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
    def test_keeps_the_mode_of_the_file_and_leaves_nothing_beside_it(self, refreshed):
        path = refreshed[0]
        assert path.stat().st_mode & 0o777 == 0o640
        assert [one.name for one in path.parent.glob("*02_scores*")] == [path.name]

    def test_two_copies_without_identifiers_give_the_same_bytes(self, tmp_path):
        paths = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            paths.append(write(tmp_path / name / "02_scores.ipynb", "1 + 1"))
        refresh(paths)
        assert paths[0].read_bytes() == paths[1].read_bytes()

    def test_check_writes_nothing_and_says_where(self, tmp_path):
        path = write(tmp_path / "a.ipynb", "1 + 1", "2 + 2")
        refresh([path])
        changed = path.read_text().replace("2 + 2", "2 + 3")
        path.write_text(changed)
        [result] = refresh([path], check=True)
        assert result == (path, True, "cell 2, outputs")
        assert path.read_text() == changed

    def test_a_failing_cell_is_named_and_the_file_stays(self, tmp_path):
        path = write(tmp_path / "a.ipynb", "1 + 1", "1 / 0")
        before = path.read_bytes()
        with pytest.raises(NotebookError, match=r"a\.ipynb, cell 2: .*ZeroDivisionError"):
            refresh([path])
        assert path.read_bytes() == before
        assert [one.name for one in tmp_path.glob("*a.ipynb*")] == ["a.ipynb"]

    def test_a_cell_runs_in_the_folder_of_its_notebook(self, tmp_path):
        (tmp_path / "beside.txt").write_text("found")
        path = write(tmp_path / "a.ipynb", "print(open('beside.txt').read())")
        refresh([path])
        assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "found\n"


class TestNormalise:
    def test_counts_cells_from_one_and_forgets_times(self):
        timed = v4.new_code_cell("1", execution_count=7, outputs=[output("1")])
        timed.metadata["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}
        nb = v4.new_notebook(cells=[cell(""), timed, v4.new_markdown_cell("x"), cell("2")])
        normalise(nb, "n")
        assert [c.get("execution_count") for c in nb.cells] == [None, 1, None, 2]
        assert nb.cells[1].outputs[0].execution_count == 1
        assert "execution" not in nb.cells[1].metadata

    def test_names_one_kernel_and_no_version(self):
        nb = v4.new_notebook()
        nb.metadata["kernelspec"] = {"name": "mine", "display_name": "Mine"}
        nb.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
        normalise(nb, "n")
        assert nb.metadata.kernelspec["name"] == "python3"
        assert nb.metadata.kernelspec["display_name"] == "Python 3"
        assert nb.metadata.language_info == {"name": "python"}

    def test_keeps_good_cell_ids_and_makes_the_others(self):
        nb = v4.new_notebook(cells=[cell(str(number)) for number in range(4)])
        for one, given in zip(nb.cells, ("mine", "mine", "not valid!", "02-scores-002")):
            one["id"] = given
        ids = [one.id for one in normalise(nb, "02 scores").cells]
        assert ids == ["mine", "02-scores-002x", "02-scores-003", "02-scores-002"]

    @pytest.mark.parametrize(
        "text",
        [
            "<Counter object at 0x7f1234abcd>",
            "<function f at 0x55d0c0ffee>",
            "/home/somebody/course/file.py",
            "/Users/somebody/course",
            r"C:\Users\somebody",
            "/tmp/ipykernel_123/456.py:1: UserWarning",
            f"File {Path(notebooks.__file__)}:1",
        ],
    )
    def test_refuses_what_differs_between_machines(self, text):
        for one in (output(text), v4.new_output("stream", text=text)):
            nb = v4.new_notebook(cells=[cell("0"), cell("1")])
            nb.cells[1].outputs = [one]
            with pytest.raises(NotebookError, match=r"02_scores\.ipynb, cell 2"):
                normalise(nb, "02_scores")

    @pytest.mark.parametrize("text", ["0x7f", "weights at 0x1", "a/home/b", "np.int64(3) /2"])
    def test_lets_other_text_be(self, text):
        nb = v4.new_notebook(cells=[cell("1")])
        nb.cells[0].outputs = [output(text)]
        assert normalise(nb, "n").cells[0].outputs[0].data["text/plain"] == text

    def test_refuses_an_address_in_the_state_of_a_widget(self):
        nb = with_state([cell("1")], {"a" * 32: model(text="<f at 0x7f1234abcd>")})
        nb.cells[0].outputs = [showing("a" * 32)]
        with pytest.raises(NotebookError, match="widget Shown, 'text'"):
            normalise(nb, "n")

    def test_an_error_needs_its_tag(self):
        error = v4.new_output("error", ename="ValueError", evalue="no", traceback=["no"])
        nb = v4.new_notebook(cells=[cell("1")])
        nb.cells[0].outputs = [error]
        with pytest.raises(NotebookError, match="cell 1: holds ValueError: no"):
            normalise(nb, "n")
        nb.cells[0].metadata["tags"] = ["raises-exception"]
        normalise(nb, "n")

    def test_refuses_a_widget_that_is_no_longer_there(self):
        nb = with_state([cell("1")], {})
        nb.cells[0].outputs = [showing("f" * 32)]
        with pytest.raises(NotebookError, match="cell 1: shows a widget whose state was not saved"):
            normalise(nb, "n")

    def test_names_models_after_their_order_everywhere(self):
        def named(first, second, hidden):
            models = {
                second: model(layout="IPY_MODEL_" + first, deep=[{"x": "anywidget:" + first}]),
                hidden: model(),
                first: model(),
            }
            cells = [cell("1"), cell("2")]
            cells[0]["id"], cells[1]["id"] = "one", "two"
            cells[0].outputs, cells[1].outputs = [showing(second)], [showing(first)]
            return normalise(with_state(cells, models), "n")

        one, other = named("a" * 32, "b" * 32, "c" * 32), named("9" * 32, "1" * 32, "5" * 32)
        assert nbformat.writes(one) == nbformat.writes(other)
        state = one.metadata.widgets[WIDGET_STATE]["state"]
        assert len(state) == 2
        shown, referred = (c.outputs[0].data[WIDGET_VIEW].model_id for c in one.cells)
        assert state[shown]["state"]["layout"] == "IPY_MODEL_" + referred
        assert state[shown]["state"]["deep"] == [{"x": "anywidget:" + referred}]
        assert len(shown) == 32

    def test_twice_changes_nothing(self):
        ids = [character * 32 for character in "abcd"]
        links = [
            model("LinkModel", source=["IPY_MODEL_" + ids[0], trait], target=["x", trait])
            for trait in ("zoom", "angle")
        ]
        nb = with_state([cell("1")], dict(zip(ids, [model(), model("Hidden"), *links])))
        nb.cells[0].outputs = [showing(ids[0])]
        once = nbformat.writes(normalise(nb, "n"))
        assert once.count("LinkModel") == 2
        assert "Hidden" not in once
        again = nbformat.reads(once, as_version=4)
        assert nbformat.writes(normalise(again, "n")) == once


class TestCourse:
    def test_lists_the_numbered_notebooks_in_order(self, tmp_path):
        for name in ("10_b.ipynb", "02_a.ipynb", "notes.ipynb", "03_c.txt"):
            (tmp_path / name).touch()
        assert [path.name for path in course_notebooks(tmp_path)] == ["02_a.ipynb", "10_b.ipynb"]
        with pytest.raises(NotADirectoryError, match="folder"):
            course_notebooks(tmp_path / "nowhere")

    def test_is_found_in_the_current_folder_or_in_notebooks_there(self, tmp_path, monkeypatch):
        monkeypatch.setattr(notebooks, "__file__", str(tmp_path / "away" / "p" / "notebooks.py"))
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FileNotFoundError, match=FIRST_NOTEBOOK):
            course_folder()
        (tmp_path / FIRST_NOTEBOOK).touch()
        assert course_folder() == tmp_path
        (tmp_path / "notebooks").mkdir()
        (tmp_path / "notebooks" / FIRST_NOTEBOOK).touch()
        assert course_folder() == tmp_path / "notebooks"

    def test_names_are_found_with_and_without_their_ending(self, tmp_path):
        path = write(tmp_path / "02_scores.ipynb")
        for name in ("02_scores", "02_scores.ipynb", str(path)):
            assert find_notebooks([name], tmp_path) == [path]
        with pytest.raises(FileNotFoundError, match=r"02_scores.*got '03'"):
            find_notebooks(["03"], tmp_path)

    def test_signing_is_kept_and_leaves_the_file_alone(self, tmp_path):
        path = tmp_path / "02_scores.ipynb"
        nbformat.write(v4.new_notebook(cells=[cell("1")]), path)
        before = path.read_bytes()
        assert untrusted([path]) == [path]
        assert sign([path]) == 1
        assert untrusted([path]) == []
        assert path.read_bytes() == before

    def test_a_file_that_is_no_notebook_is_named(self, tmp_path):
        (tmp_path / "02_scores.ipynb").write_text("not JSON")
        with pytest.raises(NotebookError, match=r"02_scores\.ipynb: wants a Jupyter notebook"):
            sign([tmp_path / "02_scores.ipynb"])
