"""The committed notebooks are as the course promises: run, clean, stable, and in its rhythm."""

import ast
import importlib
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from attention_edu.exercises import bank
from attention_edu.notebooks import normalise

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
OTHER_HOSTS = ("https://www.deeplearningbook.org/", "https://www.tensorflow.org/")
PATHS = sorted(FOLDER.glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
MOST_LINES = 12
MOST_WORDS = 120
TRAINED = ("-train", "-measured", "-map", "-live")  # differ a little from machine to machine
CHECKED = re.compile(r'check\("(\w+)"')
REFERENCE_HOSTS = ("https://arxiv.org/abs/", "https://doi.org/", "https://keras.io/", *OTHER_HOSTS)
# Formulas, code, links, quotations, and identifiers of references carry numbers of their own.
NO_PROSE = (
    r"\$\$.*?\$\$|\$[^$]*\$|```.*?```|`[^`]*`|\]\([^)]*\)|arXiv:[\d.]+|10\.\d{4,}/\S+|"
    r"[Ss]ections? [\d.]+"
)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def saved_states(path):
    return read(path).metadata["widgets"][STATE]["state"]


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
    states = [entry["state"] for entry in saved_states(path).values()]
    shown = [state for state in states if "_esm" in state]
    assert shown
    for state in shown:
        module, name = state["_anywidget_id"].rsplit(".", 1)
        widget = getattr(importlib.import_module(module), name)
        assert state["_esm"] == widget._esm
        assert state["_code"] == widget._code.default_value
        assert state["_css"] == widget._css


def test_every_widget_output_has_a_picture_and_words_and_a_saved_state(path):
    notebook, states = read(path), saved_states(path)
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
        explorer = re.match(r"(Score|Vector|Kernel) explorer", data["text/plain"])
        assert explorer or "Attention map with" in data["text/plain"]


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


def test_a_caption_is_one_sentence(path):
    for cell in read(path).cells:
        if cell.id.endswith("-caption"):
            caption = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL).strip()
            if caption:
                assert re.fullmatch(r"\*[^*].*\*", caption, re.DOTALL), cell.id
                sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z“])", caption.strip("*"))
                assert len(sentences) == 1, f"{cell.id}: {sentences}"


def test_cells_are_short(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            longer = cell.id.endswith(("-model", "-listing", "-import"))
            assert len(cell.source.splitlines()) <= (30 if longer else MOST_LINES), cell.id
        else:
            assert words(cell.source) <= MOST_WORDS, f"{cell.id}: {words(cell.source)} words"


def test_only_what_cannot_repeat_is_left_unchecked(path):
    unchecked = [
        cell.id
        for cell in code_cells(read(path))
        if "nbval-ignore-output" in cell.metadata.get("tags", [])
    ]
    # What is there on this machine, and what this student has solved.
    allowed = ["00-progress", "00-doctor-run"] if path.stem == "00_start_here" else []
    may_differ = ()
    if "06" <= path.stem[:2] <= "10":
        may_differ = TRAINED
    elif path.stem[:2] == "11":
        may_differ = ("-measured",)  # times and memory; a bar follows each
    assert [i for i in unchecked if not i.endswith(may_differ)] == allowed


def test_what_a_trained_model_reaches_is_held_against_a_bar(path):
    """Numbers that training gives are not compared; whether they are good enough is."""
    cells = code_cells(read(path))
    for cell, after in pairwise(cells):
        if cell.id.endswith("-measured"):
            assert after.id.endswith("-bar"), after.id
        if cell.id.endswith("-bar"):
            assert "nbval-ignore-output" not in cell.metadata.get("tags", [])
            told = "".join(output.get("text", "") for output in cell.outputs)
            assert "True" in told, cell.id
            assert "False" not in told, cell.id


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
    assert "*You need:*" in first
    total = int(re.search(r"\*Time:\* (\d+) minutes", first)[1])
    assert last.startswith("## In this notebook we saw")
    assert "Next question" in last or path == PATHS[-1]
    text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert sum("**Predict" in source for source in text) >= 2
    parts = [int(m) for s in text for m in re.findall(r"^## .*\((\d+) minutes\)", s, re.MULTILINE)]
    assert sum(parts) == total <= 45
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in notebook.cells]
    assert set(kinds) <= {"slide", "subslide", "fragment", "-", "skip", "notes"}
    assert "notes" in kinds


def test_exercises_come_with_a_starter_that_runs_a_hint_and_a_solution(path):
    source = {cell.id: cell.source for cell in code_cells(read(path))}
    starters = [cell for cell in source if cell.endswith("-turn-code")]
    for cell in starters:
        exercise = CHECKED.search(source[cell])[1]
        assert "return ..." in source[cell]
        assert f'hint("{exercise}")' in source[cell.replace("-code", "-hint")]
        assert f'solution("{exercise}")' in source[cell.replace("-code", "-solution")]
    assert bool(starters) == (path.stem[:2] not in ("00", "12"))


def test_every_exercise_of_the_bank_is_posed_in_its_notebook(path):
    posed = {i for cell in code_cells(read(path)) for i in CHECKED.findall(cell.source)}
    number = path.stem[:2]
    own = {exercise.id for exercise in bank().values() if exercise.notebook == number}
    assert posed >= own
    assert all(bank()[name].notebook <= number for name in posed), "posed before it can be solved"


def test_unsolved_exercises_say_that_they_are_not_attempted(path):
    """What is committed gives no answer away: every starter is still a starter."""
    for cell in code_cells(read(path)):
        if re.search(r"= \.\.\.|return \.\.\.", cell.source) and CHECKED.search(cell.source):
            told = "".join(str(output.get("data", "")) for output in cell.outputs)
            assert "Not attempted" in told, cell.id


def test_links_lead_to_a_notebook_or_to_a_reference(path):
    text = json.dumps([cell.source for cell in read(path).cells])
    for target in re.findall(r"\]\(([^)#]+)", text):
        known = (FOLDER / target).is_file() or target.startswith(REFERENCE_HOSTS)
        assert known, target


def test_every_number_in_the_text_is_one_that_a_cell_shows(path):
    """Decimals and percentages in prose stand in the code or in an output of the same notebook."""
    notebook = read(path)
    told = " ".join(cell.source for cell in code_cells(notebook))
    for cell in code_cells(notebook):
        for output in cell.outputs:
            told += (
                " " + output.get("text", "") + " " + output.get("data", {}).get("text/plain", "")
            )
    known = [float(found) for found in re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", told)]
    unknown = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "notes" not in cell.id:
            prose = re.sub(NO_PROSE, " ", cell.source, flags=re.DOTALL)
            for number, sign in re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)( ?%)?(?![\w.]*\d)", prose):
                if not sign and "." not in number:
                    continue
                digits = len(number.partition(".")[2])
                shares = (float(number), float(number) / 100) if sign else (float(number),)
                close = 0.51 * 10.0**-digits
                if number != "100" and not any(
                    abs(x - share) <= close * (share / float(number) if float(number) else 1)
                    for x in known
                    for share in shares
                ):
                    unknown.append(f"{cell.id}: {number}{sign}")
    assert unknown == []


def test_references_carry_an_identifier(path):
    """Wherever a year stands in brackets after names, an arXiv id or DOI follows."""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for found in re.finditer(r"\((19|20)\d\d\)", cell.source):
                after = cell.source[found.end() : found.end() + 40]
                assert re.search(r"arXiv:\d{4}\.\d{4,5}|10\.\d{4,}/", after), cell.id


def test_a_folded_answer_is_not_seen_in_its_first_line(path):
    """JupyterLab shows the first line of an output that is folded."""
    for cell in code_cells(read(path)):
        if cell.metadata.get("jupyter", {}).get("outputs_hidden", False):
            first = cell.outputs[0].get("text", "").partition("\n")[0]
            assert first == "Predicted? Then compare:", cell.id


def test_answers_to_predictions_stay_folded_until_the_cell_runs(path):
    """A student commits to an answer before one is seen: none stands open below the question."""
    cells = read(path).cells
    for cell, after in pairwise(cells):
        if cell.cell_type == "markdown" and "**Predict" in cell.source:
            printed = any(o.output_type == "stream" for o in after.get("outputs", []))
            folded = after.metadata.get("jupyter", {}).get("outputs_hidden", False)
            assert folded or not printed, f"{after.id} gives away the answer to {cell.id}"
