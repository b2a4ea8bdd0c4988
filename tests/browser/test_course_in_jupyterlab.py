"""The committed notebooks in a real JupyterLab: run, dragged, typed into, read from both sides."""

import json

import nbformat
import numpy as np
import pytest

from attention_edu.attention import softmax, weighted_sum
from attention_edu.example import VALUES
from browser.jupyterlab import (
    REPOSITORY,
    kernel_value,
    open_notebook,
    reload_if_not_restored,
    run_all,
)

pytestmark = pytest.mark.browser

# Of those that train, two are enough here; test_saved_files.py opens them all.
LONG = ("07", "09", "10")
NOTEBOOKS = sorted(
    path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb") if path.name[:2] not in LONG
)
START = "notebooks/00_start_here.ipynb"
STATUS = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
EXAMPLE = [-1.0, 2.0, 1.0, -1.5, -1.0, 0.0]  # the scores of the course: who did it?


def widget(page, number=0):
    """The widget with that number on the page, scrolled into view."""
    found = page.locator("[data-widget='ScoreExplorer']").nth(number)
    found.wait_for(state="attached", timeout=30_000)
    found.scroll_into_view_if_needed()
    return found


def numbers(root, attribute):
    cells = root.locator(f"[{attribute}]")
    return [
        float(x) for x in cells.evaluate_all(f"all => all.map(e => e.getAttribute('{attribute}'))")
    ]


def drag(page, slider, place):
    """Drag with the mouse to a place between 0 and 1 on the slider's track."""
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * place, y, steps=8)
    page.mouse.up()


def copy_of(lab, name, target, **changes):
    """Copy a notebook, with some text in it changed so that its content was never signed."""
    notebook = nbformat.read(lab.root / name, as_version=4)
    for cell_id, source in changes.items():
        cell = next(cell for cell in notebook.cells if cell.id == cell_id.replace("_", "-"))
        cell.source = source
    notebook.cells[0].source += f"\n\n<!-- {target} -->"
    nbformat.write(notebook, lab.root / target)
    return target


def kernel_list(lab, path, expression):
    return json.loads(kernel_value(lab, path, f"{expression}.tolist()"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_and_shows_its_widgets(page, jupyter_lab, name):
    path = f"notebooks/{name}"
    shown = sum(
        "application/vnd.jupyter.widget-view+json" in output.get("data", {})
        for cell in nbformat.read(jupyter_lab.root / path, as_version=4).cells
        for output in cell.get("outputs", [])
    )
    open_notebook(page, jupyter_lab, path)
    page.set_viewport_size({"width": 1280, "height": 9000})  # JupyterLab draws what is in sight
    run_all(page, timeout=300)  # some train a model

    page.wait_for_function(
        "count => document.querySelectorAll('[data-widget]').length >= count", arg=shown
    )
    assert page.record.page_errors == []
    assert page.locator(".jp-OutputArea-output", has_text="Traceback").count() == 0


def test_dragging_a_score_moves_weights_and_output_on_the_page_and_in_the_kernel(page, jupyter_lab):
    open_notebook(page, jupyter_lab, START)
    run_all(page)
    root = widget(page)
    cat = root.get_by_role("slider", name="Score of cat", exact=True)
    assert numbers(root, "data-weight") == pytest.approx(softmax(EXAMPLE), abs=1e-12)

    drag(page, cat, 0.1)

    score = float(cat.get_attribute("aria-valuenow"))
    assert score < -2
    scores = [*EXAMPLE[:1], score, *EXAMPLE[2:]]
    weights = numbers(root, "data-weight")
    assert weights == pytest.approx(softmax(scores), abs=1e-12)
    assert numbers(root, "data-output") == pytest.approx(weighted_sum(weights, VALUES), abs=1e-12)
    page.wait_for_timeout(500)
    assert kernel_list(jupyter_lab, START, "explorer.scores") == scores
    assert kernel_list(jupyter_lab, START, "explorer.weights") == pytest.approx(weights, abs=1e-12)


def test_arrow_keys_reach_the_slider_and_not_jupyterlab(page, jupyter_lab):
    """In command mode JupyterLab takes arrow keys for itself and selects another cell."""
    open_notebook(page, jupyter_lab, START)
    run_all(page)
    root = widget(page)
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    cat = root.get_by_role("slider", name="Score of cat", exact=True)
    cat.click(position={"x": 5, "y": 5})
    cat.press("Home")
    before = page.evaluate(active)
    for key, wanted in (
        ("ArrowRight", -3.9),
        ("ArrowUp", -3.8),
        ("ArrowLeft", -3.9),
        ("PageUp", -2.9),
        ("End", 4),
        ("ArrowDown", 3.9),
        ("PageDown", 2.9),
    ):
        page.keyboard.press(key)
        assert float(cat.get_attribute("aria-valuenow")) == pytest.approx(wanted), key
    assert page.evaluate(active) == before


def test_python_moves_the_picture(page, jupyter_lab):
    path = copy_of(
        jupyter_lab, START, "moved.ipynb", **{"00_write": "explorer.scores = [0, 0, 0, 0, 0, 5]"}
    )
    open_notebook(page, jupyter_lab, path)
    run_all(page)
    root = widget(page)
    page.wait_for_timeout(300)
    assert numbers(root, "data-weight") == pytest.approx(softmax([0, 0, 0, 0, 0, 5]), abs=1e-12)


def test_a_function_typed_by_a_student_answers_in_the_widget_and_is_checked(page, jupyter_lab):
    """From the empty starter to a right answer, through the keyboard alone."""
    path = copy_of(jupyter_lab, "notebooks/03_weights.ipynb", "typed.ipynb")
    open_notebook(page, jupyter_lab, path)
    run_all(page)
    page.evaluate(
        """id => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.id === id);
            notebook.mode = 'edit';
        }""",
        "03-turn-code",
    )
    page.keyboard.press("Control+a")
    page.keyboard.type(
        "def my_softmax(scores):\n"
        "powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "return powers / powers.sum(axis=-1, keepdims=True)\n\n"
    )
    page.keyboard.press("Home")
    page.keyboard.type('check("softmax", my_softmax)')
    run_all(page)

    assert page.locator(".jp-OutputArea-output", has_text="Correct").count() >= 1
    names = page.locator("[data-widget]").filter(has_text="my_softmax (yours)")
    names.first.wait_for(state="attached")
    names.first.scroll_into_view_if_needed()
    assert numbers(names.first, "data-weight") == pytest.approx(softmax(EXAMPLE), abs=1e-12)
    mat = names.first.get_by_role("slider", name="Score of mat", exact=True)
    drag(page, mat, 0.9)
    page.wait_for_timeout(700)
    scores = [*EXAMPLE[:5], float(mat.get_attribute("aria-valuenow"))]
    assert numbers(names.first, "data-weight") == pytest.approx(softmax(scores), abs=1e-12)
    assert names.first.locator("[role=alert]").text_content() == ""


def test_a_students_mistake_is_shown_with_the_students_line(page, jupyter_lab):
    mistake = "def share_out(scores):\n    return scores / 0 + oops\n\n\n"
    source = mistake + "own = ScoreExplorer(TOKENS, [1, 4, 3, 0.5, 1, 2], softmax=share_out)\nown"
    path = copy_of(jupyter_lab, START, "mistake.ipynb", **{"00_own_explorer": source})
    open_notebook(page, jupyter_lab, path)
    run_all(page)
    alert = widget(page, 1).locator("[role=alert]")
    told = alert.text_content()
    assert "share_out raised NameError" in told
    assert "line 2: return scores / 0 + oops" in told
    assert "site-packages" not in told
    assert "attention_edu" not in told


def test_a_trusted_notebook_answers_before_any_cell_has_run(page, jupyter_lab):
    path = copy_of(jupyter_lab, START, "trusted.ipynb")
    jupyter_lab.sign(path)
    open_notebook(page, jupyter_lab, path)
    reload_if_not_restored(page)
    root = widget(page)
    cat = root.get_by_role("slider", name="Score of cat", exact=True)
    cat.focus()
    page.keyboard.press("End")
    assert numbers(root, "data-weight") == pytest.approx(softmax([-1, 4, *EXAMPLE[2:]]), abs=1e-12)
    with pytest.raises(RuntimeError, match="NameError"):  # the kernel knows no explorer yet
        kernel_list(jupyter_lab, path, "explorer.scores")


def test_an_untrusted_notebook_shows_the_picture_as_an_image(page, jupyter_lab):
    path = copy_of(jupyter_lab, START, "untrusted.ipynb")
    panel = open_notebook(page, jupyter_lab, path)
    image = panel.locator(".jp-OutputArea-output img").first
    image.wait_for(state="visible")
    assert image.evaluate("image => image.complete && image.naturalWidth") > 300
    assert page.locator("[data-widget]").count() == 0


def test_the_picture_answers_while_the_kernel_is_busy(page, jupyter_lab):
    path = copy_of(jupyter_lab, START, "busy.ipynb")
    open_notebook(page, jupyter_lab, path)
    run_all(page)
    root = widget(page)
    page.evaluate(
        """() => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.sessionContext.session.kernel.requestExecute(
                {code: 'import time\\nend = time.time() + 5\\nwhile time.time() < end: pass'});
        }"""
    )
    page.wait_for_function(f"() => {STATUS} === 'busy'")
    cat = root.get_by_role("slider", name="Score of cat", exact=True)
    drag(page, cat, 0.95)
    score = float(cat.get_attribute("aria-valuenow"))
    assert score > 3
    scores = [*EXAMPLE[:1], score, *EXAMPLE[2:]]
    assert numbers(root, "data-weight") == pytest.approx(softmax(scores), abs=1e-12)
    assert page.evaluate(f"() => {STATUS}") == "busy"
    page.wait_for_function(f"() => {STATUS} === 'idle'", timeout=20_000)
    page.wait_for_timeout(500)
    assert np.isclose(kernel_list(jupyter_lab, path, "explorer.scores")[1], score)
