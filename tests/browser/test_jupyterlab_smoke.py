"""The tools of the browser tests work: JupyterLab starts, opens, runs and answers."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from browser.jupyterlab import kernel_value, open_notebook, run_all

pytestmark = pytest.mark.browser


def write_notebook(path, *sources, outputs=()):
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{n}", outputs=list(outputs) if n == 0 else [])
        for n, source in enumerate(sources)
    ]
    notebook = nbformat.v4.new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


def test_a_notebook_opens_and_runs_and_its_kernel_answers(page, jupyter_lab, tmp_path):
    write_notebook(jupyter_lab.root / "smoke.ipynb", "answer = 6 * 7", "print(answer)")

    panel = open_notebook(page, jupyter_lab, "smoke.ipynb")
    run_all(page)

    assert panel.locator(".jp-OutputArea-output").get_by_text("42").is_visible()
    assert kernel_value(jupyter_lab, "smoke.ipynb", "answer") == "42"
    assert kernel_value(jupyter_lab, "smoke.ipynb", "'it' + \"'s\"") == repr("it's")
    assert page.locator(".jp-Dialog").count() == 0, "a dialog is in the way"
    assert page.locator(".Toastify__toast").count() == 0, "a toast is in the way"
    folder = Path(os.environ.get("ATTENTION_EDU_SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / "smoke.png")


def test_the_page_asks_this_machine_alone(page, jupyter_lab):
    write_notebook(jupyter_lab.root / "local.ipynb", "1")

    open_notebook(page, jupyter_lab, "local.ipynb")

    asked = [url for url in page.record.requests if url.startswith(("http", "ws"))]
    assert asked
    assert [url for url in asked if not url.startswith(jupyter_lab.url)] == []


def test_a_failing_cell_fails_the_run_with_its_error(page, jupyter_lab):
    write_notebook(jupyter_lab.root / "broken.ipynb", "1 / 0", "print('never')")
    open_notebook(page, jupyter_lab, "broken.ipynb")

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_all(page)


def test_a_saved_count_does_not_pass_for_a_run(page, jupyter_lab):
    path = jupyter_lab.root / "counted.ipynb"
    write_notebook(path, "import time; time.sleep(1); done = True")
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["cells"][0]["execution_count"] = 7
    path.write_text(json.dumps(saved), encoding="utf-8")
    open_notebook(page, jupyter_lab, "counted.ipynb")

    run_all(page)

    assert kernel_value(jupyter_lab, "counted.ipynb", "done") == "True"


def test_signing_makes_the_server_trust_a_notebook(page, jupyter_lab):
    output = nbformat.v4.new_output(
        "display_data", data={"text/html": "<b>kept</b>", "text/plain": "kept"}
    )
    for name in ("trusted.ipynb", "untrusted.ipynb"):
        write_notebook(jupyter_lab.root / name, f"print('{name}')", outputs=[output])
    jupyter_lab.sign("trusted.ipynb")

    for name, trusted in (("trusted.ipynb", True), ("untrusted.ipynb", False)):
        open_notebook(page, jupyter_lab, name)
        seen = page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(0).trusted"
        )
        assert seen is trusted, name


def test_the_kernel_is_that_of_the_tests(page, jupyter_lab):
    import sys

    write_notebook(jupyter_lab.root / "kernel.ipynb", "import os, sys")

    open_notebook(page, jupyter_lab, "kernel.ipynb")
    run_all(page)

    assert kernel_value(jupyter_lab, "kernel.ipynb", "sys.prefix") == repr(sys.prefix)
    home = kernel_value(jupyter_lab, "kernel.ipynb", "os.environ['HOME']")
    assert home == repr(jupyter_lab.environment["HOME"])
