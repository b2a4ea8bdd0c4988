"""The course in students' hands: in any order, twice, in two tabs, killed, reopened, no disk left.

Everything happens in a real JupyterLab; what is looked at is what a student sees then.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import nbformat
import pytest

from attention_edu.notebooks import WIDGET_STATE
from attention_edu.record import FILE
from browser.jupyterlab import (
    end_kernel,
    kernel_value,
    open_notebook,
    reload_if_not_restored,
    run_all,
    run_cell,
    save,
)

pytestmark = pytest.mark.browser

KERNEL = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
FOLDER = "my course 注意力"
SOURCE = """id => [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .find(cell => cell.id === id).sharedModel.getSource()"""


def told(outputs):
    """What an error says, without its colours."""
    trace = [line for output in outputs for line in output.get("traceback", [])]
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(trace))


def errors(outputs):
    return [output for output in outputs if output["output_type"] == "error"]


def score_of_cat(page):
    slider = page.get_by_role("slider", name="Score of cat", exact=True).first
    slider.wait_for(state="attached", timeout=30_000)
    slider.scroll_into_view_if_needed()
    return slider


def number(slider):
    return float(slider.get_attribute("aria-valuenow"))


def type_into(page, cell, text):
    """Replace a cell's code by way of the keyboard."""
    page.evaluate(
        """id => {
            const {content} = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = content.widgets.findIndex(cell => cell.model.id === id);
            content.mode = 'edit';
        }""",
        cell,
    )
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def own_notebook(lab, path, *sources):
    """Write a notebook of code cells called cell-0, cell-1 and so on."""
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{place}")
        for place, source in enumerate(sources)
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (lab.root / path).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), lab.root / path)
    return path


# --------------------------------------------------------------------------- order


def test_a_cell_in_the_middle_says_what_to_run_first(page, jupyter_lab):
    """In a notebook that was just opened, and after its kernel was restarted in the middle."""
    path = "in_the_middle.ipynb"
    shutil.copy(jupyter_lab.root / "notebooks" / "03_weights.ipynb", jupyter_lab.root / path)
    open_notebook(page, jupyter_lab, path)

    first = told(run_cell(page, "03-guess-explorer"))
    assert "NameError: name 'ScoreExplorer' is not defined" in first
    assert "What to run first: the cell that begins with “import numpy as np”" in first
    assert "site-packages" not in first
    assert page.locator(".jp-OutputArea-output", has_text="What to run first").is_visible()

    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-above')")
    assert errors(run_cell(page, "03-guess-explorer")) == []
    page.evaluate(f"() => {KERNEL}.restart()")
    page.wait_for_function(f"() => {KERNEL}?.status === 'idle'", timeout=60_000)
    assert "name 'np' is not defined\nWhat to run first" in told(run_cell(page, "03-mask-code"))
    slip = own_notebook(jupyter_lab, "slip.ipynb", "import attention_edu", "explorrer.scores")
    open_notebook(page, jupyter_lab, slip)
    assert told(run_cell(page, "cell-1")).endswith("name 'explorrer' is not defined")


@pytest.mark.parametrize("name", ["00_start_here", "03_weights"])
def test_any_cell_may_run_twice(page, jupyter_lab, name):
    path = f"notebooks/{name}.ipynb"
    open_notebook(page, jupyter_lab, path)
    cells = nbformat.read(jupyter_lab.root / path, as_version=4).cells
    for cell in cells:
        if cell.cell_type == "code":
            kinds = [[out["output_type"] for out in run_cell(page, cell.id)] for _ in "ab"]
            assert "error" not in kinds[0] + kinds[1], cell.id
            assert kinds[0] == kinds[1], cell.id
    assert page.record.page_errors == []


# --------------------------------------------------------------------------- the kernel dies


def test_a_kernel_that_is_killed_while_it_trains_comes_back(page, jupyter_lab):
    path = own_notebook(
        jupyter_lab,
        "killed.ipynb",
        "import os\n\nimport numpy as np\n\nfrom attention_edu import ScoreExplorer\n"
        "from attention_edu.tasks import keras\nfrom attention_edu.tasks.training import train",
        "explorer = ScoreExplorer(['the', 'cat'])\nexplorer",
        "x = np.random.default_rng(0).normal(size=(512, 4))\n"
        "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\n"
        "model.compile('adam', 'mse')",
        "epochs = 100_000",
        "train(model, x, x.sum(axis=1), epochs=epochs, batch_size=512)",
    )
    open_notebook(page, jupyter_lab, path)
    for cell in ("cell-0", "cell-1", "cell-2", "cell-3"):
        assert errors(run_cell(page, cell)) == []
    kernel = int(kernel_value(jupyter_lab, path, "os.getpid()"))
    page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 4;
            window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    page.locator("progress").wait_for(timeout=60_000)

    os.kill(kernel, signal.SIGKILL)

    dialog = page.locator(".jp-Dialog")
    dialog.wait_for(timeout=60_000)
    assert "appears to have died. It will restart automatically" in dialog.inner_text()
    dialog.get_by_role("button", name="Ok").click()
    page.wait_for_function(f"() => {KERNEL}?.status === 'idle'", timeout=60_000)
    score_of_cat(page).press("End")  # the picture answers without its kernel …
    assert number(score_of_cat(page)) == 4
    assert "What to run first: the cell that begins with “import os”" in told(
        run_cell(page, "cell-4")
    )
    type_into(page, "cell-3", "epochs = 2")
    run_all(page)  # … and everything runs again
    assert page.locator("[data-training=done]").first.inner_text().startswith("Trained for 2")
    assert page.record.page_errors == []


# --------------------------------------------------------------------------- reopened


@pytest.fixture(scope="module")
def students_folder(jupyter_lab):
    """A copy of two notebooks of the course, in a folder as students name them."""
    (jupyter_lab.root / FOLDER).mkdir()
    for name in ("00_start_here.ipynb", "02_scores.ipynb"):
        shutil.copy(jupyter_lab.root / "notebooks" / name, jupyter_lab.root / FOLDER / name)
    return FOLDER


def shown_and_saved(path):
    """Count the widgets whose state is saved in a notebook, and those that its outputs show."""
    notebook = nbformat.read(path, as_version=4)
    states = notebook.metadata["widgets"][WIDGET_STATE]["state"].values()
    saved = sum("_esm" in entry["state"] for entry in states)
    view = "application/vnd.jupyter.widget-view+json"
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return sum(view in out.get("data", {}) for out in shown), saved


def test_a_notebook_that_is_reopened_is_as_it_was_left(
    chromium, page, jupyter_lab, students_folder
):
    """What was typed, what was dragged and what was solved: after a reload, and the next day."""
    path = f"{students_folder}/00_start_here.ipynb"
    open_notebook(page, jupyter_lab, path)
    run_all(page)
    type_into(page, "00-starter-code", "def my_shares(x):\nreturn x / x.sum()\n\n")
    page.keyboard.press("Home")  # JupyterLab has indented it
    page.keyboard.type('check("shares", my_shares)')
    run_all(page)
    typed = page.evaluate(SOURCE, "00-starter-code")
    assert "return x / x.sum()" in typed
    score_of_cat(page).press("End")
    page.wait_for_timeout(300)
    save(page)
    lines = (jupyter_lab.root / students_folder / FILE).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["solved"] for line in lines] == ["shares"]

    page.reload()
    page.wait_for_function(f"() => {KERNEL}?.status === 'idle'", timeout=60_000)
    assert page.evaluate(SOURCE, "00-starter-code") == typed
    assert number(score_of_cat(page)) == 4
    score_of_cat(page).press("Home")  # page and kernel are connected again
    page.wait_for_timeout(300)
    assert kernel_value(jupyter_lab, path, "explorer.scores[1]") == "np.float64(-4.0)"
    save(page)
    # Every cell ran twice, which made two widgets of each kind.
    shown, saved = shown_and_saved(jupyter_lab.root / path)
    assert saved == shown == 2

    end_kernel(jupyter_lab, path)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    try:
        tomorrow = context.new_page()
        open_notebook(tomorrow, jupyter_lab, path)
        reload_if_not_restored(tomorrow)
        assert tomorrow.evaluate(SOURCE, "00-starter-code") == typed
        assert number(score_of_cat(tomorrow)) == -4
        score_of_cat(tomorrow).press("End")
        assert number(score_of_cat(tomorrow)) == 4
        assert errors(run_cell(tomorrow, "00-import")) == []
        assert "✓ shares" in run_cell(tomorrow, "00-progress")[0]["data"]["text/plain"]
    finally:
        context.close()
        end_kernel(jupyter_lab, path)


def test_two_tabs_share_one_kernel_and_ask_before_one_overwrites_the_other(
    page, jupyter_lab, students_folder
):
    path = f"{students_folder}/02_scores.ipynb"
    open_notebook(page, jupyter_lab, path)
    run_all(page)
    save(page)
    other = page.context.new_page()
    wrong = []
    other.on("pageerror", lambda error: wrong.append(str(error)))
    open_notebook(other, jupyter_lab, path)
    assert len({s["kernel"]["id"] for s in sessions_of(jupyter_lab, path)}) == 1
    for tab, key, score in ((page, "End", 4), (other, "Home", -4)):
        score_of_cat(tab).press(key)
        tab.wait_for_timeout(300)
        assert kernel_value(jupyter_lab, path, "float(mine.scores[1])") == str(float(score))

    type_into(page, "02-own-explorer", "# from the first tab")
    save(page)
    type_into(other, "02-own-explorer", "# from the second tab")
    save(other)
    dialog = other.locator(".jp-Dialog")
    assert "has changed on disk" in dialog.inner_text()
    dialog.get_by_role("button", name="Cancel").click()
    assert "# from the first tab" in (jupyter_lab.root / path).read_text(encoding="utf-8")
    assert other.evaluate(SOURCE, "02-own-explorer") == "# from the second tab"
    assert page.record.page_errors + wrong == []


def sessions_of(lab, path):
    return [session for session in lab.request("/api/sessions") if session["path"] == path]


# --------------------------------------------------------------------------- the disk


@contextmanager
def small_disk(folder):
    """A disk of its own at `folder`; skips the test where none can be made."""
    folder.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can put a small disk into a folder")
    options = ["-t", "tmpfs", "-o", "size=128k", "tmpfs"]
    made = subprocess.run(["mount", *options, folder], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("no disk can be put into a folder here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk):
    """Fill a disk up to its last byte, and return the file that does it."""
    rest = disk / "rest"
    with suppress(OSError), rest.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return rest


def test_a_full_disk_and_a_read_only_folder_are_told_where_the_student_looks(page, jupyter_lab):
    with small_disk(jupyter_lab.root / "small_disk") as disk:
        path = own_notebook(
            jupyter_lab,
            "small_disk/00_start_here.ipynb",
            "from attention_edu import check, progress\n\n\n"
            "def my_shares(numbers):\n    return numbers / numbers.sum()",
            'check("shares", my_shares)',
            "progress()",
        )
        open_notebook(page, jupyter_lab, path)
        assert errors(run_cell(page, "cell-0")) == []
        rest = fill(disk)

        def answer():
            return run_cell(page, "cell-1")[0]["data"]["text/plain"]

        assert answer().startswith("✓ Correct")
        assert answer().endswith(f"could not be kept in {FILE}: no space left on device.")
        rest.unlink()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert answer().endswith(f"could not be kept in {FILE}: read-only file system.")
        assert "0 of" in run_cell(page, "cell-2")[0]["data"]["text/plain"]
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert "could not be kept" not in answer()
        assert "✓ shares" in run_cell(page, "cell-2")[0]["data"]["text/plain"]
        end_kernel(jupyter_lab, path)
