"""The committed notebooks are as the course promises: run, clean, stable, and in its rhythm."""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from attention_edu.notebooks import normalise
from attention_edu.widgets.score_explorer import ScoreExplorer

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
MOST_LINES = 12
MOST_WORDS = 120


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words(source):
    """Count the words that a reader sees: no formulas, no marks of Markdown."""
    source = re.sub(r"\$\$.*?\$\$|<!--.*?-->|<[^>]+>", " ", source, flags=re.DOTALL)
    return len(re.findall(r"\w[\w’'-]*", source))


pytestmark = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def test_every_code_cell_has_run_in_order_without_an_error(path):
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))
    kinds = [out.output_type for cell in code_cells(read(path)) for out in cell.outputs]
    assert "error" not in kinds


def test_the_file_is_what_refreshing_writes(path):
    """Stable cell and model ids, no machine's paths or addresses: normalising changes nothing."""
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    changed = normalise(notebook, path.stem)
    assert nbformat.writes(changed or notebook).rstrip("\n") == text.rstrip("\n")


def test_cell_ids_say_where_the_cell_belongs(path):
    number = path.stem[:2]
    ids = [cell.id for cell in read(path).cells]
    assert all(re.fullmatch(rf"{number}-[a-z0-9-]+", cell_id) for cell_id in ids)
    assert len(set(ids)) == len(ids)


def test_the_saved_widgets_run_the_present_code(path):
    """The state that is saved with a notebook holds the widget's JavaScript: no old one."""
    states = read(path).metadata["widgets"][STATE]["state"].values()
    scripts = [state["state"]["_esm"] for state in states if "_esm" in state["state"]]
    styles = [state["state"]["_css"] for state in states if "_css" in state["state"]]
    assert scripts
    assert set(scripts) == {ScoreExplorer._esm}
    assert set(styles) == {ScoreExplorer._css}


def test_every_widget_output_has_a_picture_and_words_and_a_saved_state(path):
    notebook = read(path)
    states = notebook.metadata["widgets"][STATE]["state"]
    shown = [
        output.data
        for cell in code_cells(notebook)
        for output in cell.outputs
        if WIDGET in output.get("data", {})
    ]
    assert shown
    for data in shown:
        assert data[WIDGET]["model_id"] in states
        assert len(data["image/png"]) > 1000
        assert data["text/plain"].startswith("Score explorer with")


def test_every_image_has_a_text_alternative(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata["image/png"]["alt"]
                assert len(alt) > 20, cell.id


def test_every_picture_is_followed_by_a_caption_or_its_check(path):
    cells = read(path).cells
    for cell, after in pairwise(cells):
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        if pictures:
            assert after.id.endswith(("-caption", "-check")), f"{cell.id} is followed by {after.id}"


def test_cells_are_short(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= MOST_LINES, cell.id
        else:
            assert words(cell.source) <= MOST_WORDS, f"{cell.id}: {words(cell.source)} words"


def test_only_what_cannot_repeat_is_left_unchecked(path):
    unchecked = [
        cell.id
        for cell in code_cells(read(path))
        if "nbval-ignore-output" in cell.metadata.get("tags", [])
    ]
    assert unchecked == (["00-doctor-run"] if path.stem == "00_start_here" else [])


def test_imports_stand_in_one_cell_and_nothing_is_installed_or_fetched(path):
    notebook = read(path)
    importing = [
        cell.id
        for cell in code_cells(notebook)
        if any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(ast.parse(cell.source)))
    ]
    assert importing == [f"{path.stem[:2]}-import"]
    source = "\n".join(cell.source for cell in code_cells(notebook))
    assert not re.search(r"\bpip\b|\bglobal\b|https?:|urllib|requests|^[%!]", source, re.MULTILINE)


def test_the_rhythm_of_the_course(path):
    """Question, aims, minutes, predictions, slides, notes for teachers, what we saw."""
    notebook = read(path)
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    assert re.match(r"# .+\?\n", first)
    assert "you will be able to" in first
    assert len(re.findall(r"^- \*\*", first, re.MULTILINE)) in (3, 4)
    total = int(re.search(r"\*Time:\* (\d+) minutes", first)[1])
    assert last.startswith("## In this notebook we saw")
    assert "Next question" in last
    text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert sum("**Predict" in source for source in text) >= 2
    parts = [int(m) for s in text for m in re.findall(r"^## .*\((\d+) minutes\)", s, re.MULTILINE)]
    assert sum(parts) == total
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in notebook.cells]
    assert set(kinds) <= {"slide", "subslide", "fragment", "-", "skip", "notes"}
    assert "notes" in kinds


def test_exercises_come_with_a_starter_that_runs_a_hint_and_a_solution(path):
    source = {cell.id: cell.source for cell in code_cells(read(path))}
    starters = [cell for cell in source if cell.endswith("-turn-code")]
    for cell in starters:
        exercise = re.search(r'check\("(\w+)"', source[cell])[1]
        assert "return ..." in source[cell]
        assert f'hint("{exercise}")' in source[cell.replace("-code", "-hint")]
        assert f'solution("{exercise}")' in source[cell.replace("-code", "-solution")]
    assert bool(starters) == (path.stem != "00_start_here")


def test_links_to_other_notebooks_lead_somewhere(path):
    text = json.dumps([cell.source for cell in read(path).cells])
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (FOLDER / target).is_file(), target


def test_references_carry_an_identifier(path):
    """Wherever a year stands in brackets after names, an arXiv id or DOI follows."""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for found in re.finditer(r"\((19|20)\d\d\)", cell.source):
                after = cell.source[found.end() : found.end() + 40]
                assert re.search(r"arXiv:\d{4}\.\d{4,5}|10\.\d{4,}/", after), cell.id


def test_answers_to_predictions_stay_folded_until_the_cell_runs(path):
    """A student commits to an answer before one is seen: none stands open below the question."""
    cells = read(path).cells
    for cell, after in pairwise(cells):
        if cell.cell_type == "markdown" and "**Predict" in cell.source:
            printed = any(o.output_type == "stream" for o in after.get("outputs", []))
            folded = after.metadata.get("jupyter", {}).get("outputs_hidden", False)
            assert folded or not printed, f"{after.id} gives away the answer to {cell.id}"
