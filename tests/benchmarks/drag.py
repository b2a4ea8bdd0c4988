"""From a move to the picture that answers, in a real JupyterLab.

Each subject is a notebook, alone on a page of its own: the four widgets, whose page answers itself;
the score explorer with a student's softmax, which runs in the kernel at every move; the score
explorer with as many tokens as it takes; and the same three pictures (scores, weights, output) made
the common ways: `ipywidgets.interact` with matplotlib, and a slider with ipympl, plotly or bqplot.
Those that are not installed are left out, and named below the table. Two things are measured by
`stopwatch.js` inside the page:

- single steps: a real key press on the focused slider (over a map: a move of the mouse to another
  cell), and the time until the end of the first frame that shows another picture; between two steps
  there is a pause of random length, so that they fall anywhere between two frames;
- a drag of two seconds: a real mouse, 60 moves a second, each of which changes the picture; the
  frames that show another picture than the frame before, and the tail: the time from the last move
  to the end of the frame after which nothing changes any more.

The mouse goes through a DevTools connection of its own, which does not wait for an answer before
the next move: a page that is slow still gets 60 moves a second.

What counts as the picture is the first token's weight, or the cell that is shown, or for the others
what draws the weights: an image once it is decoded, a canvas, a path, a rectangle.
"""

from __future__ import annotations

import json
import os
import platform
import random
import socket
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from browser.jupyterlab import JupyterLab, open_notebook, run_all, running_lab

from .tables import Table, median, percentile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS = 3
STEPS = 60
MOVES = 120
MOVES_A_SECOND = 60
PAUSE = (0.03, 0.08)  # seconds between two steps
STEPS_ONE_WAY = 30  # 3.0 of the 4.0 that the score may go to either side
MOST_MILLISECONDS = {
    "built-in": 16.0,
    "student": 30.0,
    "many": 16.0,
    "vectors": 16.0,
    "kernel": 16.0,
    "map": 16.0,
}
LEAST_FRAMES = {"built-in": 115, "vectors": 115, "kernel": 115}

# What shows the weights where no widget of ours does; the stopwatch is given it.
DRAWN = {
    "image": ".jp-OutputArea-output img",
    "canvas": ".jupyter-matplotlib canvas",
    "path": ".js-plotly-plot .subplot.x2y2 .point path",
    "rectangle": ".weights-of-the-benchmark .bargroup rect",
}
_STOPWATCH = Path(__file__).with_name("stopwatch.js")

_DATA = """
import numpy as np

words = "the cat sat on the mat and slept".split()
tokens = [f"{{words[i % 8]}}{{i // 8 or ''}}" for i in range({n})]
scores = np.array([0.0] + [np.sin(3 * i) * 2 for i in range(1, {n})]).round(1)
values = np.abs(np.cos(np.arange(3 * {n}))).round(2).reshape({n}, 3)
"""
_BUILT_IN = """
from attention_edu import ScoreExplorer

ScoreExplorer(tokens, scores, values, score_range=(-4, 4))
"""
_STUDENT = """
from attention_edu import ScoreExplorer

def my_softmax(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()

ScoreExplorer(tokens, scores, values, score_range=(-4, 4), softmax=my_softmax)
"""
_INTERACT = """
%matplotlib inline
import ipywidgets
import matplotlib.pyplot as plt

def show(score=0.0):
    now = np.array([score, *scores[1:]])
    powers = np.exp(now - now.max())
    weights = powers / powers.sum()
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3))
    left.barh(tokens_in_order, now)
    left.set(xlim=(-4, 4), title="scores")
    middle.barh(tokens_in_order, weights)
    middle.set(xlim=(0, 1), title="weights")
    right.bar(["a", "b", "c"], weights @ values)
    right.set(ylim=(0, 1), title="output")
    plt.show()

tokens_in_order = [f"{i}: {token}" for i, token in enumerate(tokens)]
slider = ipywidgets.FloatSlider(value=0, min=-4, max=4, step=0.1, continuous_update=True)
ipywidgets.interact(show, score=slider);
"""


_PLAIN_SLIDER = """
import ipywidgets

def softmax(now):
    powers = np.exp(now - now.max())
    return powers / powers.sum()

tokens_in_order = [f"{{i}}: {{token}}" for i, token in enumerate(tokens)]
slider = ipywidgets.FloatSlider(value=0, min=-4, max=4, step=0.1, continuous_update=True)
weights = softmax(scores)
"""
_IPYMPL = """
%matplotlib widget
import matplotlib.pyplot as plt

with plt.ioff():
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3))
score_bars = left.barh(tokens_in_order, scores)
weight_bars = middle.barh(tokens_in_order, weights)
output_bars = right.bar(["a", "b", "c"], weights @ values)
left.set(xlim=(-4, 4), title="scores")
middle.set(xlim=(0, 1), title="weights")
right.set(ylim=(0, 1), title="output")

def show(change):
    now = np.array([change["new"], *scores[1:]])
    weights = softmax(now)
    score_bars[0].set_width(now[0])
    for bar, weight in zip(weight_bars, weights):
        bar.set_width(weight)
    for bar, number in zip(output_bars, weights @ values):
        bar.set_height(number)
    figure.canvas.draw_idle()

slider.observe(show, names=["value"])
ipywidgets.VBox([slider, figure.canvas])
"""
_PLOTLY = """
import plotly.graph_objects as go
from plotly.subplots import make_subplots

figure = go.FigureWidget(make_subplots(1, 3, subplot_titles=["scores", "weights", "output"]))
figure.add_bar(x=scores, y=tokens_in_order, orientation="h", row=1, col=1)
figure.add_bar(x=weights, y=tokens_in_order, orientation="h", row=1, col=2)
figure.add_bar(x=["a", "b", "c"], y=weights @ values, row=1, col=3)
figure.update_layout(width=900, height=300, showlegend=False)
figure.update_xaxes(range=[-4, 4], row=1, col=1)
figure.update_xaxes(range=[0, 1], row=1, col=2)
figure.update_yaxes(range=[0, 1], row=1, col=3)

def show(change):
    now = np.array([change["new"], *scores[1:]])
    weights = softmax(now)
    with figure.batch_update():
        figure.data[0].x = now
        figure.data[1].x = weights
        figure.data[2].y = weights @ values

slider.observe(show, names=["value"])
ipywidgets.VBox([slider, figure])
"""
_BQPLOT = """
import bqplot

def panel(x, y, title, orientation, low, high):
    x_scale, y_scale = bqplot.OrdinalScale(), bqplot.LinearScale(min=low, max=high)
    bars = bqplot.Bars(x=x, y=y, scales={"x": x_scale, "y": y_scale}, orientation=orientation)
    upright = orientation == "vertical"
    axes = [
        bqplot.Axis(scale=x_scale, orientation="horizontal" if upright else "vertical"),
        bqplot.Axis(scale=y_scale, orientation="vertical" if upright else "horizontal"),
    ]
    layout = {"width": "300px", "height": "300px"}
    return bars, bqplot.Figure(marks=[bars], axes=axes, title=title, layout=layout)

score_bars, left = panel(tokens_in_order, scores, "scores", "horizontal", -4, 4)
weight_bars, middle = panel(tokens_in_order, weights, "weights", "horizontal", 0, 1)
output_bars, right = panel(["a", "b", "c"], weights @ values, "output", "vertical", 0, 1)
middle.add_class("weights-of-the-benchmark")

def show(change):
    now = np.array([change["new"], *scores[1:]])
    weights = softmax(now)
    score_bars.y = now
    weight_bars.y = weights
    output_bars.y = weights @ values

slider.observe(show, names=["value"])
ipywidgets.VBox([slider, ipywidgets.HBox([left, middle, right])])
"""
_VECTORS = """
import numpy as np

from attention_edu import VectorExplorer

angles = np.arange(8)
keys = np.stack([np.cos(angles), np.sin(angles)], axis=1).round(2)
words = "the cat sat on the mat and slept".split()
VectorExplorer(keys, query=(-1, 0.5), tokens=words, limits=(-4, 4))
"""
_KERNEL = """
import numpy as np

from attention_edu import KernelExplorer

x = np.linspace(0, 6, 60).round(2)
KernelExplorer(x, (np.sin(x) + np.cos(7 * x) / 4).round(3), bandwidth=0.5)
"""
_MAP = """
import numpy as np

from attention_edu import AttentionMap, softmax

rows, columns = np.indices((512, 512))
AttentionMap(softmax(3 * np.cos(rows / 9) * np.sin(columns / 7)))
"""


@dataclass(frozen=True)
class Subject:
    """One thing to measure: what its notebook runs, what is dragged, what counts as its picture."""

    name: str
    title: str
    cells: Sequence[str]
    slider: str = "[data-widget=ScoreExplorer] [role=slider]"
    track: str = "[data-widget=ScoreExplorer] [role=slider]"
    picture: str = "weights"
    gesture: str = (
        "slide"  # "slide" along the track, take what is dragged by its "grip", or "hover"
    )
    wants: str = ""  # a package that it needs besides


def _common_way(name: str, cell: str, picture: str) -> Subject:
    return Subject(
        name,
        f"a slider and {name}",
        (_DATA.format(n=8), _PLAIN_SLIDER.format(), cell),
        slider=".noUi-handle",
        track=".noUi-base",
        picture=picture,
        wants=name,
    )


SUBJECTS = (
    Subject("built-in", "ScoreExplorer", (_DATA.format(n=8), _BUILT_IN)),
    Subject("student", "ScoreExplorer, a student's softmax", (_DATA.format(n=8), _STUDENT)),
    Subject(
        "interact",
        "interact and matplotlib",
        (_DATA.format(n=8), _INTERACT),
        slider=".noUi-handle",
        track=".noUi-base",
        picture="image",
    ),
    Subject("many", "ScoreExplorer, 512 tokens", (_DATA.format(n=512), _BUILT_IN)),
    Subject(
        "vectors",
        "VectorExplorer",
        (_VECTORS,),
        slider="[data-widget=VectorExplorer] [role=slider][aria-label^=Query]",
        track="[data-widget=VectorExplorer] svg",
        gesture="grip",
    ),
    Subject(
        "kernel",
        "KernelExplorer",
        (_KERNEL,),
        slider="[data-widget=KernelExplorer] [role=slider][aria-label^=Query]",
        track="[data-widget=KernelExplorer] svg",
        gesture="grip",
    ),
    Subject(
        "map",
        "AttentionMap, 512 x 512, hover",
        (_MAP,),
        slider="[data-widget=AttentionMap] canvas",
        track="[data-widget=AttentionMap] canvas",
        picture="cell",
        gesture="hover",
    ),
    _common_way("ipympl", _IPYMPL, "canvas"),
    _common_way("plotly", _PLOTLY, "path"),
    _common_way("bqplot", _BQPLOT, "rectangle"),
)


def subjects() -> tuple[Subject, ...]:
    """Return what can be measured here: everything whose package is installed."""
    return tuple(s for s in SUBJECTS if not s.wants or find_spec(s.wants))


@dataclass
class Times:
    """What the rounds of one subject gave: milliseconds, and frames."""

    steps: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """Where it happens: a JupyterLab, a browser, and the port of its DevTools."""

    lab: JupyterLab
    browser: Browser
    port: int


# --------------------------------------------------------------------------- the mouse


class Mouse:
    """A mouse that does not wait: a DevTools connection to one page, for input events alone."""

    def __init__(self, port: int, page: Page) -> None:
        from websocket import create_connection  # a dependency of jupyter-server

        # Loopback never goes through a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            targets = json.load(answer)
        address = next(
            target["webSocketDebuggerUrl"]
            for target in targets
            if target["type"] == "page" and target["url"] == page.url
        )
        self._socket = create_connection(
            address, timeout=30, suppress_origin=True, http_no_proxy=["127.0.0.1"]
        )
        self._sent = 0

    def send(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Send one event of the mouse, with its left button down or just released."""
        self._sent += 1
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, **more}
        self._socket.send(
            json.dumps({"id": self._sent, "method": "Input.dispatchMouseEvent", "params": event})
        )

    def settle(self) -> None:
        """Wait until the page has answered everything that was sent."""
        answer: dict[str, Any] = {}
        while answer.get("id") != self._sent:
            answer = json.loads(self._socket.recv())
            if "error" in answer:
                raise RuntimeError(f"the mouse: {answer['error']}")

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def places(moves: int) -> Iterator[float]:
    """Places on the track, from 0 to 1: from the middle to the right, to the left, and back.

    Between two of them lies more than one step of the score, so that every move changes it.
    """
    quarter = MOVES // 4
    for move in range(1, moves + 1):
        wave = move % MOVES / quarter
        yield 0.5 + 0.5 * (wave if wave <= 1 else 2 - wave if wave <= 3 else wave - 4)


# --------------------------------------------------------------------------- measuring


def one_step(page: Page, key: str) -> float:
    """Press a key, and return the milliseconds to the picture."""
    page.evaluate("() => window.stopwatch.begin('step')")
    page.keyboard.press(key)
    return float(page.evaluate("() => window.stopwatch.end()"))


def steps_of(page: Page, subject: Subject, steps: int) -> list[float]:
    """Step to the right and back again."""
    handle = page.locator(subject.slider).first
    pause = random.Random(0)
    milliseconds = []
    one_way = min(STEPS_ONE_WAY, max(steps // 2, 1))
    if subject.gesture == "hover":
        box = box_of(page, subject)
        x, y = box["left"] + 40, box["y"]
        page.mouse.move(x, y)
        page.wait_for_timeout(300)
        for step in range(steps):
            x += -3 if step // one_way % 2 else 3
            page.evaluate("() => window.stopwatch.begin('step')")
            page.mouse.move(x, y)
            milliseconds.append(float(page.evaluate("() => window.stopwatch.end()")))
            time.sleep(pause.uniform(*PAUSE))
        return milliseconds
    # JupyterLab takes the arrow keys for itself unless the focused element says otherwise. The
    # explorer's sliders say so; those of ipywidgets do not, and get it here: what is measured is
    # how long an answer takes, not whether the key arrives.
    handle.evaluate("handle => handle.setAttribute('data-lm-suppress-shortcuts', 'true')")
    handle.focus()
    for step in range(steps):
        key = "ArrowLeft" if step // one_way % 2 else "ArrowRight"
        milliseconds.append(one_step(page, key))
        time.sleep(pause.uniform(*PAUSE))
    return milliseconds


def box_of(page: Page, subject: Subject) -> dict[str, float]:
    """Where the mouse goes: the left end of the way, its length, and the height of its middle."""
    page.locator(subject.slider).first.scroll_into_view_if_needed()
    box: dict[str, float] = page.locator(subject.track).first.evaluate(
        """track => {
            const box = track.getBoundingClientRect();
            const style = getComputedStyle(track);
            const inEm = parseFloat(style.getPropertyValue("--pad")) || 0;
            const pad = inEm * parseFloat(style.fontSize);
            return {left: box.left + pad, width: box.width - 2 * pad, y: box.top + box.height / 2};
        }"""
    )
    if subject.gesture == "grip":  # a short way around what is gripped
        grip = page.locator(subject.slider).first.bounding_box()
        assert grip is not None
        middle = grip["x"] + grip["width"] / 2
        way = min(middle - box["left"], box["left"] + box["width"] - middle, 160)
        return {"left": middle - way, "width": 2 * way, "y": grip["y"] + grip["height"] / 2}
    if subject.gesture == "hover":
        box["width"] = min(box["width"], 400)
    return box


def drag(page: Page, subject: Subject, mouse: Mouse, moves: int) -> dict[str, float]:
    """Drag for `moves` moves; return frames, tail, and the moves that the page saw."""
    box = box_of(page, subject)
    left, width, y = box["left"], box["width"], box["y"]
    pressed = {"button": "none", "buttons": 0} if subject.gesture == "hover" else {}
    mouse.send("mouseMoved", left + width / 2, y, button="none", buttons=0)
    if not pressed:
        mouse.send("mousePressed", left + width / 2, y, clickCount=1)
    mouse.settle()
    time.sleep(0.5)  # what the press may have changed is over
    page.evaluate("() => window.stopwatch.begin('film')")
    start = time.perf_counter()
    x = left + width / 2
    for move, place in enumerate(places(moves)):
        time.sleep(max(0.0, start + move / MOVES_A_SECOND - time.perf_counter()))
        x = left + width * place
        mouse.send("mouseMoved", x, y, **pressed)
    seen: dict[str, float] = page.evaluate("() => window.stopwatch.end()")
    if not pressed:
        mouse.send("mouseReleased", x, y, buttons=0, clickCount=1)
    mouse.settle()
    if seen["moves"] < moves:
        raise RuntimeError(f"{subject.title}: {seen['moves']} of {moves} moves reached the page")
    return seen


def measure(stage: Stage, subject: Subject, steps: int, moves: int) -> Times:
    """Open the subject's notebook, run it, and measure once."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source.strip(), id=f"cell-{i}")
            for i, source in enumerate(subject.cells)
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path = f"{subject.name}.ipynb"
    nbformat.write(notebook, stage.lab.root / path)
    context = stage.browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        open_notebook(page, stage.lab, path)
        run_all(page)
        page.locator(subject.slider).first.wait_for(state="visible")
        if subject.picture in DRAWN:
            page.locator(DRAWN[subject.picture]).first.wait_for(state="visible")
        page.evaluate(
            _STOPWATCH.read_text(encoding="utf-8"), [subject.picture, DRAWN.get(subject.picture)]
        )
        page.wait_for_timeout(1000)  # the page comes to rest
        times = Times(steps=steps_of(page, subject, steps))
        mouse = Mouse(stage.port, page)
        try:
            seen = drag(page, subject, mouse, moves)
        finally:
            mouse.close()
        times.frames.append(seen["frames"])
        times.tails.append(seen["tail"])
    finally:
        context.close()
        for session in stage.lab.request("/api/sessions"):  # one kernel at a time
            stage.lab.request(f"/api/sessions/{session['id']}", "DELETE")
    return times


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure_all(
    launch: Callable[[list[str]], Browser], rounds: int, steps: int, moves: int
) -> tuple[dict[str, Times], str]:
    """Measure every subject, taking turns; return the times by name, and the browser's version."""
    times = {subject.name: Times() for subject in subjects()}
    port = free_port()
    browser = launch([f"--remote-debugging-port={port}"])
    try:
        with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
            stage = Stage(lab, browser, port)
            for _ in range(rounds):
                for subject in subjects():
                    now = measure(stage, subject, steps, moves)
                    so_far = times[subject.name]
                    for name, numbers in vars(now).items():
                        getattr(so_far, name).extend(numbers)
        return times, browser.version
    finally:
        browser.close()


def run(
    launch: Callable[[list[str]], Browser],
    rounds: int | None = None,
    *,
    steps: int = STEPS,
    moves: int = MOVES,
) -> list[Table]:
    """Measure, and return the tables. `launch(arguments)` starts a browser with more arguments."""
    rounds = rounds or ROUNDS
    load = _load()
    times, version = measure_all(launch, rounds, steps, moves)
    rows = []
    for subject in subjects():
        now = times[subject.name]
        rows.append(
            (
                subject.title,
                median(now.steps),
                percentile(now.steps, 95),
                round(median(now.frames)),
                median(now.tails),
            )
        )
    middle = {name: median(now.steps) for name, now in times.items()}
    bars = [
        f"{name}: {middle[name]:.1f} ms at the median, at most {most:.0f} ms are wanted: "
        + ("met." if middle[name] <= most else "not met.")
        for name, most in MOST_MILLISECONDS.items()
    ]
    for name, least in LEAST_FRAMES.items():
        shown = median(times[name].frames) * MOVES / moves
        bars.append(
            f"{name}: {shown:.0f} of {MOVES} frames, at least {least} are wanted: "
            + ("met." if shown >= least else "not met.")
        )
    ratios = ", ".join(
        f"{middle['interact'] / middle[name]:.1f} times that of {title}"
        for name, title in (("built-in", "the explorer"), ("student", "a student's softmax"))
    )
    missing = [subject.wants for subject in SUBJECTS if subject not in subjects()]
    if missing:
        bars.append(f"Not installed, so not measured: {', '.join(missing)}.")
    return [
        Table(
            f"From input to picture, milliseconds, 8 tokens unless said otherwise "
            f"({rounds} rounds of {steps} steps and one drag)",
            ("what", "median", "95 %", f"frames of {moves}", "tail"),
            rows,
            (
                *bars,
                f"The median of interact is {ratios}.",
                "From the event's timeStamp to the first task after the frame that shows the "
                "change; frames and tail are the median of the rounds' drags.",
                f"Chromium {version}, Python {platform.python_version()}, {os.cpu_count()} "
                f"processors, load before and after: {load} and {_load()}.",
            ),
        )
    ]


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


@contextmanager
def launcher() -> Iterator[Callable[[list[str]], Browser]]:
    """Give a function that starts the browser of the tests."""
    from conftest import BROWSER_ARGUMENTS, HOW_TO_INSTALL, chromium_path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = chromium_path() or playwright.chromium.executable_path
        if not Path(path).exists():
            raise SystemExit(HOW_TO_INSTALL)
        yield lambda more: playwright.chromium.launch(
            headless=True, executable_path=path, args=[*BROWSER_ARGUMENTS, *more]
        )
