"""What an hour of use leaves behind, in the page and in the kernel, in a real JupyterLab.

    uv run python -m tests.benchmarks.long_use [PART …] [--kinds KIND …] [--share PERCENT]

Three things are done over and over, and memory is measured on the way:

- drags: real presses, then moves of the pointer over what was pressed, on each of the widgets, and
  on one whose step is a student's function, which runs in the kernel at every move;
- creations: a widget is made, shown in a box that stands on the page, taken out of it and closed;
- reopenings: a notebook with widgets is closed and opened again while its kernel runs on.

JupyterLab, ipywidgets and anywidget keep something of every widget and of every notebook, too. So
an anywidget that does nothing, and a slider of ipywidgets, are created as often, and the notebook
is reopened without its widgets: the difference is ours.

Memory of the page is that of its JavaScript after the garbage was collected. Whatever holds on to a
page's element, such as a handle in the hands of a test, keeps it alive; nothing here does.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from browser.jupyterlab import (
    JupyterLab,
    end_kernel,
    kernel_value,
    open_notebook,
    run_all,
    run_cell,
    running_lab,
    save,
)

from attention_edu.notebooks import WIDGET_VIEW

from .drag import launcher
from .tables import Table

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

MOVES = 20_000
CREATIONS = 200
REOPENINGS = 50
WARM_UP = 0.1  # of all that is done, before the first measurement counts
MOVES_A_FRAME = 4

SETUP = """
import gc
import threading

import anywidget
import comm
import ipywidgets
import numpy as np
import psutil
from ipywidgets.widgets.widget import _instances
from matplotlib import _pylab_helpers
from matplotlib.figure import Figure

from attention_edu import AttentionMap, KernelExplorer, Live, Reply, ScoreExplorer, VectorExplorer
from attention_edu import check, softmax


class Empty(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.dataset.widget = 'Empty'; } }"


def facts():
    gc.collect()
    return dict(
        rss=psutil.Process().memory_info().rss / 1e6,
        objects=len(gc.get_objects()),
        comms=len(comm.get_comm_manager().comms),
        widgets=len(_instances),
        figures=len(_pylab_helpers.Gcf.figs)
        + sum(isinstance(one, Figure) for one in gc.get_objects()),
        threads=threading.active_count(),
    )


def spell(text):
    return Reply(text.upper(), {"weights": np.ones((1, len(text))), "keys": list(text)})


def share_out(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


words = "the cat sat on the mat".split()
values = np.eye(6, 2)
angles = np.arange(6)
plane = np.stack([np.cos(angles), np.sin(angles)], axis=1).round(2)
make = dict(
    score=lambda: ScoreExplorer(words, values=values, score_range=(-4, 4)),
    student=lambda: ScoreExplorer(words, softmax=share_out, score_range=(-4, 4)),
    vector=lambda: VectorExplorer(plane, query=(-1, 0.5), tokens=words, limits=(-4, 4)),
    map=lambda: AttentionMap(None, words, scores=np.zeros((6, 6)), editable=True),
    kernel=lambda: KernelExplorer(np.linspace(0, 6, 30), np.sin(np.arange(30)), bandwidth=0.5),
    live=lambda: Live(spell, "cat", label="A word"),
    empty=Empty,
    slider=ipywidgets.FloatSlider,
)
"""
BOX = "box = ipywidgets.VBox()\nbox"
TITLES = {
    "score": "ScoreExplorer",
    "student": "ScoreExplorer, a student's softmax",
    "vector": "VectorExplorer",
    "map": "AttentionMap",
    "kernel": "KernelExplorer",
    "live": "Live",
    "empty": "for comparison: an anywidget that does nothing",
    "slider": "for comparison: a slider of ipywidgets",
}
DRAGGED = ("score", "student", "vector", "map", "kernel")
CREATED = ("score", "student", "vector", "map", "kernel", "live", "empty", "slider")
# What is shown of each where it is created, and what is pressed where it is dragged.
SHOWN = {"slider": ".widget-slider"}
GRIPS = {
    "score": "[role=slider]",
    "student": "[role=slider]",
    "vector": "[role=slider][aria-label^=Query]",
    "map": "[role=gridcell][data-row='0'][data-column='0']",
    "kernel": "[role=slider][aria-label^=Query]",
}

# Move the pointer that is pressed, some times a frame, around the place where it was pressed, over
# the element that has caught it.
MOVE = """async ([x, y, moves, together]) => {
    const target = window.caught?.isConnected ? window.caught : document.elementFromPoint(x, y);
    for (let move = 1; move <= moves; move++) {
        const place = {clientX: x + 90 * Math.sin(move / 7), clientY: y + 30 * Math.cos(move / 11)};
        const about = {pointerId: window.pointer, bubbles: true, cancelable: true, composed: true};
        const options = {...about, ...place, buttons: 1, isPrimary: true, pointerType: 'mouse'};
        target.dispatchEvent(new PointerEvent('pointermove', options));
        if (move % together === 0) await new Promise(requestAnimationFrame);
    }
}"""
EXECUTE = """code => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
    .requestExecute({code}).done.then(reply => reply.content.evalue ?? '')"""


@dataclass(frozen=True)
class Facts:
    """What page and kernel hold at one moment: megabytes, and counts."""

    heap: float
    nodes: int
    listeners: int
    rss: float
    objects: int
    comms: int
    widgets: int
    figures: int
    threads: int


@dataclass(frozen=True)
class Bench:
    """A notebook that is open in a page, and what measures the page."""

    lab: JupyterLab
    page: Page
    measures: CDPSession
    path: str

    def facts(self) -> Facts:
        """Collect the garbage of page and kernel, and measure what is left."""
        kernel = ast.literal_eval(kernel_value(self.lab, self.path, "facts()"))
        for _ in range(3):
            self.measures.send("HeapProfiler.collectGarbage")
        told = self.measures.send("Performance.getMetrics")["metrics"]
        page = {entry["name"]: entry["value"] for entry in told}
        return Facts(
            heap=page["JSHeapUsedSize"] / 1e6,
            nodes=int(page["Nodes"]),
            listeners=int(page["JSEventListeners"]),
            **kernel,
        )

    def execute(self, code: str) -> None:
        """Let the kernel run some code, outside of every cell."""
        error = self.page.evaluate(EXECUTE, code)
        if error:
            raise RuntimeError(f"{code}: {error}")


@contextmanager
def bench(
    lab: JupyterLab, page: Page, path: str, *cells: str, anew: bool = True
) -> Iterator[Bench]:
    """Write a notebook of some cells, open it and run it; end its kernel afterwards."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source.strip(), id=f"cell-{place}")
            for place, source in enumerate((SETUP, *cells))
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    if anew:
        nbformat.write(notebook, lab.root / path)
    open_notebook(page, lab, path)
    if anew:
        run_all(page)
    else:
        run_cell(page, "cell-0")
    measures = page.context.new_cdp_session(page)
    measures.send("Performance.enable")
    try:
        yield Bench(lab, page, measures, path)
    finally:
        measures.detach()
        end_kernel(lab, path)


# --------------------------------------------------------------------------- what is done


def show(bench: Bench, kind: str) -> None:
    """Make a widget and show it in the box."""
    bench.execute(f"made = make[{kind!r}](); box.children = [made]")
    shown = SHOWN.get(kind, "[data-widget]")
    bench.page.locator(f".jp-OutputArea-output {shown}").first.wait_for(state="attached")


def remove(bench: Bench) -> None:
    """Take the widget out of the box and close it."""
    bench.execute("box.children = []; made.close(); del made")
    for shown in ("[data-widget]", *SHOWN.values()):
        bench.page.locator(f".jp-OutputArea-output {shown}").first.wait_for(state="detached")


def create(bench: Bench, kind: str, times: int) -> None:
    """Create and remove a widget."""
    for _ in range(times):
        show(bench, kind)
        remove(bench)


def drag(bench: Bench, kind: str, moves: int) -> None:
    """Take hold of what the widget in the box lets one drag, move it, and let go."""
    page = bench.page
    page.evaluate(
        """() => {
            window.caught = null;
            document.addEventListener('gotpointercapture', e => { window.caught = e.target; },
                {capture: true, once: true});
            document.addEventListener('pointerdown', e => { window.pointer = e.pointerId; },
                {capture: true, once: true});
        }"""
    )
    grip = page.locator(f"[data-widget] {GRIPS[kind]}").first
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(MOVE, [x, y, moves, MOVES_A_FRAME])
    page.mouse.up()
    page.evaluate("() => { window.caught = null; }")
    bench.execute("")  # what was moved has arrived
    page.wait_for_timeout(500)  # what is told after a drag has been told


# --------------------------------------------------------------------------- tables

COLUMNS = (
    *("what", "times", "page MB", "then", "change %", "kB a time", "nodes", "listeners"),
    *("kernel MB", "then", "change %", "comms", "figures", "threads"),
)


def row(what: str, times: int, first: Facts, last: Facts) -> tuple[str | int | float, ...]:
    """Set two measurements side by side; counts are what was added in between."""
    return (
        what,
        times,
        first.heap,
        last.heap,
        100 * (last.heap / first.heap - 1),
        1000 * (last.heap - first.heap) / times,
        last.nodes - first.nodes,
        last.listeners - first.listeners,
        first.rss,
        last.rss,
        100 * (last.rss / first.rss - 1),
        last.comms - first.comms,
        last.figures - first.figures,
        last.threads - first.threads,
    )


def _between(bench: Bench, times: int, do: Callable[[int], None]) -> tuple[int, Facts, Facts]:
    """Warm up, measure, do the rest, and measure again."""
    warm = max(1, round(WARM_UP * times))
    do(warm)
    first = bench.facts()
    do(times - warm)
    return times - warm, first, bench.facts()


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        yield context.new_page()
    finally:
        context.close()


def drags(lab: JupyterLab, browser: Browser, moves: int, kinds: Sequence[str]) -> Table:
    """Drag each widget for its part of the moves."""
    rows = []
    each = max(10, moves // len(DRAGGED))
    for kind in (kind for kind in DRAGGED if kind in kinds):
        with _page(browser) as page, bench(lab, page, "drags.ipynb", BOX) as b:
            show(b, kind)
            what = _between(b, each, lambda n, b=b, kind=kind: drag(b, kind, n))  # type: ignore[misc]
            rows.append(row(TITLES[kind], *what))
    return Table(f"{moves} moves", COLUMNS, rows)


def creations(lab: JupyterLab, browser: Browser, times: int, kinds: Sequence[str]) -> Table:
    """Create and remove every widget."""
    rows = []
    for kind in (kind for kind in CREATED if kind in kinds):
        with _page(browser) as page, bench(lab, page, "creations.ipynb", BOX) as b:
            what = _between(b, times, lambda n, b=b, kind=kind: create(b, kind, n))  # type: ignore[misc]
            rows.append(row(TITLES[kind], *what))
    return Table(f"{times} creations and removals of each widget", COLUMNS, rows)


REOPEN = """async ([path, shown]) => {
    const {commands, shell} = window.jupyterapp;
    shell.currentWidget.dispose();
    const panel = await commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await panel.sessionContext.ready;
    panel.content.scrollToItem(panel.content.widgets.length - 1, 'end');
    const there = () => panel.node.querySelectorAll('.jp-OutputArea-output ' + shown).length;
    while (there() < 4) await new Promise(resolve => setTimeout(resolve, 20));
}"""
FOUR = tuple(f"four = make[{kind!r}]()\nfour" for kind in ("score", "vector", "map", "kernel"))


def reopenings(lab: JupyterLab, browser: Browser, times: int, _kinds: Sequence[str]) -> Table:
    """Close and reopen a notebook with four widgets, and one as long that shows their pictures."""
    rows = []
    with _page(browser) as page, bench(lab, page, "reopened.ipynb", *FOUR) as b:
        save(page)
        rows.append(row("four widgets", *_between(b, times, _reopening(b, "[data-widget]"))))
    _without_widgets(lab.root / "reopened.ipynb")
    lab.sign("reopened.ipynb")
    with _page(browser) as page, bench(lab, page, "reopened.ipynb", anew=False) as b:
        what = "for comparison: the same file, its four pictures"
        rows.append(row(what, *_between(b, times, _reopening(b, "img"))))
    return Table(f"{times} reopenings of a notebook", COLUMNS, rows)


def _reopening(b: Bench, shown: str) -> Callable[[int], None]:
    b.page.set_viewport_size({"width": 1280, "height": 2400})

    def again(times: int) -> None:
        for _ in range(times):
            b.page.evaluate(REOPEN, [b.path, shown])

    return again


def _without_widgets(path: Path) -> None:
    """Let the outputs of a notebook show pictures; the file stays as long as it was."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook.metadata["ballast"] = notebook.metadata.pop("widgets", {})
    nbformat.write(notebook, path)


PARTS = {
    "drags": (drags, MOVES),
    "creations": (creations, CREATIONS),
    "reopenings": (reopenings, REOPENINGS),
}


def run(
    launch: Callable[[list[str]], Browser],
    rounds: int | None = None,
    *,
    share: float = 100,
    parts: Sequence[str] = tuple(PARTS),
    kinds: Sequence[str] = CREATED,
) -> list[Table]:
    """Measure, and return a table for each part. `rounds` is there for the command line alone."""
    del rounds  # one is enough: what leaks, leaks every time
    browser = launch([])
    tables = []
    try:
        with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
            for name in parts:
                part, times = PARTS[name]
                tables.append(part(lab, browser, max(10, round(times * share / 100)), kinds))
    finally:
        browser.close()
    about = (
        "From the first measurement, after a tenth, to the last; the counts are what was added.",
        f"Chromium {browser.version}, Python {platform.python_version()}, {os.cpu_count()} "
        "processors.",
    )
    return [Table(t.title, t.columns, t.rows, about) for t in tables]


def main(arguments: list[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.long_use",
        description="Measure what an hour of use leaves behind.",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all unless named"
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=CREATED, default=CREATED, help="of widgets; all unless named"
    )
    parser.add_argument("--share", type=float, default=100, help="of the times, in percent")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"no part is called {unknown[0]!r}; there are {', '.join(PARTS)}")
    with launcher() as launch:
        parts = options.parts or tuple(PARTS)
        for table in run(launch, share=options.share, parts=parts, kinds=options.kinds):
            print(table, end="\n\n", flush=True)


if __name__ == "__main__":
    main()
