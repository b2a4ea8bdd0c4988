"""Long use leaves nothing behind: the full measurement is `python -m tests.benchmarks.long_use`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.long_use import BOX, CREATED, DRAGGED, bench, create, drag, remove, show

from attention_edu import AttentionMap, KernelExplorer, ScoreExplorer, VectorExplorer
from attention_edu.widgets.base import Explorer
from attention_edu.widgets.live import LiveInput
from browser.jupyterlab import kernel_value

if TYPE_CHECKING:
    from benchmarks.long_use import Bench

pytestmark = pytest.mark.browser

OURS = [kind for kind in CREATED if kind not in ("empty", "slider")]
TIMES = 5
MOVES = 60  # of each widget
TEXTS = "() => globalThis[Symbol.for('attention_edu.shared')].size"
# What JupyterLab and anywidget keep of any widget, and what comes and goes on their page.
KEPT_OF_EACH = 6
NOISE = 200


@pytest.fixture(scope="module")
def workbench(chromium, jupyter_lab):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    with bench(jupyter_lab, context.new_page(), "long_use.ipynb", BOX) as made:
        yield made
    context.close()


def test_widgets_that_were_closed_leave_nothing_behind(workbench: Bench):
    """No comm, widget, figure or thread in the kernel; no element and no listener in the page."""
    drawn = "one = make[kind](); one._repr_mimebundle_(); one.close()"
    workbench.execute(f"for kind in {OURS}: {drawn}\ndel one")
    for kind in OURS:
        create(workbench, kind, 1)
    before, texts = workbench.facts(), workbench.page.evaluate(TEXTS)
    assert before.figures == 0
    for kind in OURS:
        create(workbench, kind, TIMES)
    after = workbench.facts()
    for what in ("comms", "widgets", "figures", "threads"):
        assert getattr(after, what) == getattr(before, what), what
    most = KEPT_OF_EACH * TIMES * len(OURS) + NOISE
    assert after.nodes - before.nodes < most
    assert after.listeners - before.listeners < most
    assert workbench.page.evaluate(TEXTS) == texts, "a code is loaded once"


PLACES = {
    "score": "made.scores[0]",
    "student": "made.scores[0]",
    "vector": "made.query[0]",
    "map": "made.scores[0, 0]",
    "kernel": "made.query",
}


def test_drags_leave_nothing_behind(workbench: Bench):
    """Also where each move calls a student's function, in a thread of its own."""

    def value(expression):
        return kernel_value(workbench.lab, workbench.path, expression)

    for kind in DRAGGED:
        show(workbench, kind)
        place = value(f"float({PLACES[kind]})")
        drag(workbench, kind, 10)
        before = workbench.facts()
        drag(workbench, kind, MOVES)
        after = workbench.facts()
        assert value(f"float({PLACES[kind]})") != place, f"{kind} has not been dragged"
        for what in ("comms", "widgets", "figures", "threads"):
            assert getattr(after, what) == getattr(before, what), (kind, what)
        assert after.nodes - before.nodes < NOISE, kind
        assert after.listeners - before.listeners < NOISE, kind
        assert abs(after.objects - before.objects) < 50 * MOVES, kind
        assert "OutStream" in value("type(__import__('sys').stdout)"), kind
        remove(workbench)


# What Jupyter does with a widget's module, as often as a widget is made: load it, initialise the
# model, draw it, and end the view.
JUPYTER = """async ([loader, codes]) => {
    const told = [];
    window.loads = 0;
    window.stops = 0;
    for (const code of codes) {
        const address = URL.createObjectURL(new Blob([loader], {type: 'text/javascript'}));
        const widget = (await import(address)).default;
        const state = {_code: code, _css: ''};
        const set = [];
        const model = {get: name => state[name], set: (name, value) => set.push([name, value])};
        const el = document.createElement('div');
        await widget.initialize({model});
        const stop = await widget.render({model, el});
        const shown = el.textContent;
        stop();
        told.push({shown, left: el.childNodes.length, kept: set.every(([n, v]) => state[n] === v)});
    }
    return {told, loads: window.loads, stops: window.stops};
}"""
CODE = """window.loads += 1;
export default { render({ el }) { el.append('NAME'); return () => { window.stops += 1; }; } };"""


def test_the_code_of_a_widget_is_loaded_once_a_page_and_its_view_ends_empty(page):
    page.goto("about:blank")
    codes = [CODE.replace("NAME", name) for name in ("one", "other", "one", "one")]
    seen = page.evaluate(JUPYTER, [Explorer._esm, codes])
    assert [view["shown"] for view in seen["told"]] == ["one", "other", "one", "one"]
    assert all(view["left"] == 0 and view["kept"] for view in seen["told"])
    assert (seen["loads"], seen["stops"]) == (2, 4)
    assert page.record.page_errors == []


def test_every_widget_is_started_by_the_same_short_module():
    """The page keeps a module for each widget that was ever made: it had better be short."""
    assert len(Explorer._esm) < 3_000
    kinds = (AttentionMap, KernelExplorer, LiveInput, ScoreExplorer, VectorExplorer)
    assert all(kind._esm is Explorer._esm for kind in kinds)
