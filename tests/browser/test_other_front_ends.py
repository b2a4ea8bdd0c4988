"""The course in Jupyter Notebook 7 and in Voilà: no students' environment needs them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

from attention_edu.attention import softmax
from browser.jupyterlab import (
    JupyterLab,
    _copy_notebooks,
    _free_port,
    _no_interruptions,
    _own_environment,
    kernel_value,
    run_all,
    run_cell,
)

pytestmark = pytest.mark.browser

START = "notebooks/00_start_here.ipynb"
EXAMPLE = [-1.0, 2.0, 1.0, -1.5, -1.0, 0.0]  # the scores of the course: who did it?


def needs(package):
    """Skip where the front end is not installed: it is nothing that the course needs."""
    return pytest.mark.skipif(
        find_spec(package) is None,
        reason=f"{package} is not installed: `pip install {package}`, or the extra `frontends`",
    )


@contextmanager
def running(folder, module, *options):
    """Run a Jupyter application on a free port of this machine, with its files inside `folder`."""
    root = folder / "root"
    root.mkdir()
    _copy_notebooks(root)
    environment = _own_environment(folder)
    _no_interruptions(folder / "config")
    port = _free_port()
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", module, "--no-browser", f"--port={port}", *options],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    site = JupyterLab(f"http://127.0.0.1:{port}", "attention", root, environment)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + 60
        while True:
            try:
                opener.open(f"{site.url}/favicon.ico", timeout=10).close()
                break
            except urllib.error.HTTPError:
                break  # it is there, and says no
            except OSError:
                if server.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{module} did not start:\n{log.read_text()}") from None
                time.sleep(0.1)
        yield site
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def weights(root):
    cells = root.locator("[data-weight]")
    return cells.evaluate_all("all => all.map(e => Number(e.dataset.weight))")


def drag_cat(page, root):
    """Pull the score of cat to the left end with the mouse."""
    cat = root.get_by_role("slider", name="Score of cat", exact=True)
    cat.scroll_into_view_if_needed()
    box = cat.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 1, y, steps=8)
    page.mouse.up()
    return float(cat.get_attribute("aria-valuenow"))


def answers(page):
    """The picture answers on the page, and a student's function in the kernel."""
    built_in, own = page.locator("[data-widget=ScoreExplorer]").all()
    assert weights(built_in) == pytest.approx(softmax(EXAMPLE), abs=1e-12)
    score = drag_cat(page, built_in)
    assert score == -4
    assert weights(built_in) == pytest.approx(softmax([-1, score, *EXAMPLE[2:]]), abs=1e-12)
    own.get_by_role("slider", name="Score of cat", exact=True).press("Home")
    scores = [1, -4, 3, 0.5, 1, 2]  # shared out by plain division
    page.wait_for_function(
        "([own, x]) => Math.abs(own.querySelector('[data-weight]').dataset.weight - x) < 1e-9",
        arg=[own.element_handle(), scores[0] / sum(scores)],
    )
    assert weights(own) == pytest.approx([x / sum(scores) for x in scores], abs=1e-12)


@needs("notebook")
def test_jupyter_notebook_7_runs_the_course(page, tmp_path):
    options = (
        "--allow-root",
        "--expose-app-in-browser",
        "--ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=attention",
        f"--ServerApp.root_dir={tmp_path / 'root'}",
    )
    with running(tmp_path, "notebook", *options) as site:
        page.set_viewport_size({"width": 1280, "height": 9000})
        page.goto(f"{site.url}/notebooks/{START}?token={site.token}")
        page.wait_for_function(
            """() => {
                const panel = window.jupyterapp?.shell?.currentWidget;
                return panel?.context?.isReady
                    && panel.sessionContext?.session?.kernel?.status === 'idle';
            }""",
            timeout=60_000,
        )
        trace = re.sub(r"\x1b\[[\d;]*m", "", str(run_cell(page, "00-competition")[0]["traceback"]))
        assert "What to run first: the cell that begins with “from attention_edu import" in trace
        run_all(page)
        page.locator("[data-widget]").nth(1).wait_for()
        answers(page)
        page.wait_for_timeout(500)
        assert kernel_value(site, START, "float(explorer.scores[1])") == "-4.0"
        asked = [url for url in page.record.requests if url.startswith(("http", "ws"))]
        assert all(url.startswith(site.url) for url in asked)


@needs("voila")
def test_voila_shows_the_course_alive(page, tmp_path):
    options = ("--Voila.ip=127.0.0.1", "--Voila.port_retries=0")
    with running(tmp_path, "voila", str(tmp_path / "root" / START), *options) as site:
        # Voilà's own template wants fonts of icons from elsewhere; the course does without.
        page.route(
            lambda url: not url.startswith(site.url) and url.startswith("http"),
            lambda route: route.abort(),
        )
        page.goto(site.url, timeout=120_000)
        page.locator("[data-widget]").nth(1).wait_for(timeout=60_000)
        answers(page)
        assert page.locator("[data-feedback]").first.is_visible()
