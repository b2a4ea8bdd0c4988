"""Saved files are safe: nothing in them fetches, and nothing that a student types is executed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.filters import markdown2html

from attention_edu.export import export
from attention_edu.notebooks import WIDGET_STATE, WIDGET_VIEW
from browser.jupyterlab import REPOSITORY, open_notebook, run_cell, save

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
PACKAGE = REPOSITORY / "attention_edu"
# What a script needs in order to make elements of text, to run text, or to reach a network.
NOT_IN_SCRIPTS = (
    r"\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bsetHTMLUnsafe\b|\bdocument\.write",
    r"\bcreateContextualFragment\b|\bDOMParser\b|\bsrcdoc\b",
    r"\beval\s*\(|\bnew\s+Function\b|\bset(?:Timeout|Interval)\s*\(\s*[\"'`]",
    r"\bfetch\s*\(|\bXMLHttpRequest\b|\bWebSocket\b|\bEventSource\b|\bsendBeacon\b|\bWorker\s*\(",
    r"\bimport\s*\(\s*[\"'`]|\bfrom\s+[\"'`](?:https?:)?//|\bimportScripts\b",
    r"\bnew\s+Image\b|\.src\s*=|\bdocument\.cookie\b|\blocation\b\s*(?:=|\.)|\bwindow\.open\b",
    r"https?://(?!www\.w3\.org/)",
)
FETCHING = {
    *("src", "srcset", "poster", "background", "data", "action", "formaction", "ping", "manifest"),
    *("cite", "longdesc", "codebase", "classid", "archive", "lowsrc", "dynsrc"),
}
NEVER = {"iframe", "frame", "object", "embed", "applet", "base", "form", "portal", "link"}
REMOTE_STYLE = re.compile(r"@import|url\(\s*[\"']?(?!data:|#)", re.IGNORECASE)


class Markup(HTMLParser):
    """Collects what would be fetched or executed."""

    def __init__(self, *, scripts=False):
        super().__init__()
        self.scripts = scripts
        self.faults = []
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        if tag in NEVER or (tag == "script" and not self.scripts):
            self.faults.append(f"<{tag}>")
        for name, given in attrs:
            told = f"<{tag} {name}={given!r}>"[:200]
            value = (given or "").strip().lower()
            if name.startswith("on") or value.startswith(("javascript:", "vbscript:")):
                self.faults.append(told)
            if name in FETCHING and not value.startswith(("data:image/", "#", "attachment:")):
                self.faults.append(told)
            if name == "style" and REMOTE_STYLE.search(value):
                self.faults.append(told)
            if tag == "meta" and value == "refresh":
                self.faults.append(told)

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "style" and REMOTE_STYLE.search(data):
            self.faults.append(REMOTE_STYLE.search(data)[0])


def faults_of(markup, *, scripts=False):
    parser = Markup(scripts=scripts)
    parser.feed(markup)
    parser.close()
    return parser.faults


def faults_of_script(script):
    return [found[0] for rule in NOT_IN_SCRIPTS for found in re.finditer(rule, script)]


# --------------------------------------------------------------------------- what the files hold


def test_scripts_of_the_package_make_no_markup_run_no_text_and_reach_no_network():
    for path in sorted(PACKAGE.rglob("*.js")):
        assert faults_of_script(path.read_text(encoding="utf-8")) == [], path.name
    for path in sorted(PACKAGE.rglob("*.css")):
        assert not REMOTE_STYLE.search(path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_holds_nothing_that_fetches_or_runs_by_itself(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert faults_of(markdown2html(cell.source)) == [], cell.id
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert not {"application/javascript", "image/svg+xml"} & set(data), cell.id
            assert faults_of("".join(data.get("text/html", ""))) == [], cell.id
    for entry in notebook.metadata["widgets"][WIDGET_STATE]["state"].values():
        scripts = [text for name, text in entry["state"].items() if name in ("_esm", "_code")]
        assert [fault for text in scripts for fault in faults_of_script(text)] == []
        assert not REMOTE_STYLE.search(entry["state"].get("_css", ""))


def test_an_exported_page_runs_the_courses_own_script_and_holds_nothing_that_fetches(tmp_path):
    some = [path for path in NOTEBOOKS if path.stem[:2] in ("00", "04", "11")]
    for path in export(tmp_path, some):
        text = path.read_text(encoding="utf-8")
        assert faults_of(text, scripts=True) == [], path.name
        page = BeautifulSoup(text, "html.parser")
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert "unsafe" not in rules["script-src"], "only scripts that are named may run"
        assert not re.search(r"https?:|\*", policy)
        kinds = [(script.get("type"), script.get("id")) for script in page.find_all("script")]
        own = [("application/json", "widget-state"), ("module", None)]
        assert kinds == ([] if path.stem == "index" else own), path.name
        for script in page.find_all("script"):
            texts = [script.string]
            if script.get("id") == "widget-state":
                texts = json.loads(script.string)["modules"]
            assert [fault for each in texts for fault in faults_of_script(each)] == [], path.name


@pytest.mark.parametrize(
    ("markup", "bad"),
    [
        ("<img src='https://example.org/x.png'>", True),
        ("<p style='background: url(https://example.org/x.png)'>", True),
        ("<style>@import 'x.css'</style>", True),
        ("<b onclick='x()'>", True),
        ("<a href='javascript:x()'>", True),
        ("<script>x()</script>", True),
        ("<a href='https://example.org/'>a link is followed by a click alone</a>", False),
        ("<img src='data:image/png;base64,AA'>", False),
    ],
)
def test_the_scan_of_markup_tells_bad_from_good(markup, bad):
    assert bool(faults_of(markup)) is bad


@pytest.mark.parametrize(
    ("script", "bad"),
    [
        ("box.inner" + "HTML = text", True),
        ("eval" + " (text)", True),
        ("setTimeout('x()', 1)", True),
        ("fetch('/api')", True),
        ("import('https://example.org/x.js')", True),
        ("picture.src = address", True),
        ("box.textContent = text; setTimeout(tell, 1); await import(address)", False),
        ("document.createElementNS('http://www.w3.org/2000/svg', 'g')", False),
    ],
)
def test_the_scan_of_scripts_tells_bad_from_good(script, bad):
    assert bool(faults_of_script(script)) is bad


# --------------------------------------------------------------------------- what a page asks for

# Open a notebook beside the others, with a kernel that knows nothing of it, go to each of some
# cells and unfold it, until its widget is alive. Returns the cells whose widgets were not found.
LOOK = """async ([path, id, cells]) => {
    const {commands} = window.jupyterapp;
    const panel = await commands.execute(
        'docmanager:open', {path, factory: 'Notebook', kernel: {id, name: 'python3'}});
    await panel.sessionContext.ready;
    const lost = [];
    for (const id of cells) {
        const place = panel.content.widgets.findIndex(cell => cell.model.id === id);
        const cell = panel.content.widgets[place];
        const holds = text => cell.node.querySelector('.jp-OutputArea').textContent.includes(text);
        panel.content.activeCellIndex = place;
        await panel.content.scrollToItem(place, 'start');
        cell.outputHidden = false;
        for (let wait = 0; !cell.node.querySelector('[data-widget]'); wait++) {
            if (wait === 400 || (cell.inViewport && holds('model not found'))) {
                lost.push(id);
                break;
            }
            await new Promise(resolve => setTimeout(resolve, 50));
        }
    }
    panel.dispose();
    return lost;
}"""


def cells_with_widgets(path):
    return [
        cell.id
        for cell in nbformat.read(path, as_version=4).cells
        if any(WIDGET_VIEW in output.get("data", {}) for output in cell.get("outputs", []))
    ]


@pytest.mark.browser
def test_no_notebook_asks_anything_of_anyone_but_its_server(page, jupyter_lab):
    """Trusted, with every picture alive, before any cell has run."""
    folder = jupyter_lab.root / "as_committed"
    folder.mkdir()
    copies = [shutil.copy(path, folder / path.name) for path in NOTEBOOKS]
    command = [sys.executable, "-m", "jupyter", "trust", *map(str, copies)]
    subprocess.run(command, env=jupyter_lab.environment, check=True, capture_output=True)
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    kernel = jupyter_lab.request("/api/kernels", "POST")["id"]
    page.goto(f"{jupyter_lab.url}/lab/workspaces/asked?token={jupyter_lab.token}")
    page.wait_for_function("() => window.jupyterapp?.restored")
    page.evaluate("() => window.jupyterapp.restored")
    for path in NOTEBOOKS:
        cells = cells_with_widgets(path)
        assert cells
        # JupyterLab may look for a widget before it has read those that are saved, and gives up
        # then; it finds them when the notebook is opened once more.
        for _ in range(5):
            lost = page.evaluate(LOOK, [f"as_committed/{path.name}", kernel, cells])
            if not lost:
                break
        assert lost == [], path.name
    asked = [url for url in page.record.requests if not url.startswith(("blob:", "data:"))]
    server = jupyter_lab.url.partition("://")[2]
    assert asked
    assert sockets
    assert {url.split("/")[2] for url in asked + sockets} == {server}
    jupyter_lab.request(f"/api/kernels/{kernel}", "DELETE")


# --------------------------------------------------------------------------- hostile strings

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script><b>&amp;\"'"
HOSTILE = (
    """
import numpy as np

from attention_edu import AttentionMap, KernelExplorer, Live, Reply, ScoreExplorer, VectorExplorer
from attention_edu import check, hint
from attention_edu.figures import bars, heat_map

markup = {markup!r}


class Answer:
    def __repr__(self):
        return markup


def hostile(*_):
    raise ValueError(markup)


def prints(numbers):
    print(markup)
    return numbers


hostile.__name__ = prints.__name__ = markup
""",
    'check("shares", Answer())',
    'check("shares", markup)',
    'check("shares", hostile)',
    'check("shares", prints)',
    'check("shares", lambda numbers: markup)',
    'check("bandwidth_choice", markup)',
    'check("fixed_length", Answer())',
    'check("explain_bottleneck", markup)',
    'check("explain_bottleneck", 3 * (markup + " a sentence of my own "), points=1)',
    "ScoreExplorer([markup, 'a'], values=[[0, 1], [1, 0]], value_names=[markup, 'b'], "
    "title=markup, softmax=hostile)",
    "ScoreExplorer([markup, 'a'], title=markup, softmax=prints)",
    "VectorExplorer(np.eye(2), query=(1, 1), tokens=[markup, 'a'], title=markup)",
    "AttentionMap(np.full((1, 2, 2), 0.5), [markup, 'a'], head_names=[markup], title=markup)",
    "KernelExplorer([1, 2, 3], [1, 2, 1], title=markup, kernel=hostile)",
    "live = Live(lambda text: Reply(text, {{'weights': [[1.0]], 'keys': [text], "
    "'queries': [text]}}), markup, label=markup, examples=[markup], title=markup)\nlive",
    "heat_map([markup], [markup], [[1]], description=markup, title=markup)",
    "bars([markup], [1], description=markup, title=markup, axis=markup)",
    "print(markup)",
    "raise ValueError(markup)",
)
# Elements that nothing but the markup above could have made, inside what a cell shows.
MADE = """() => [...document.querySelectorAll('img, script, b')]
    .filter(e => e.closest('.jp-OutputArea-output, nav, .jp-NotebookPanel-toolbar, .lm-TabBar'))
    .filter(e => !e.src?.startsWith('data:')).map(e => e.outerHTML.slice(0, 200))"""


def dialogs_of(page):
    seen = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    return seen


@pytest.mark.browser
def test_nothing_that_a_student_types_is_executed(page, jupyter_lab, tmp_path):
    """In JupyterLab, where it ran and is trusted, and in the page that is exported from it."""
    name = "<img src=x onerror=alert(3)>&.ipynb" if sys.platform != "win32" else "&.ipynb"
    cells = [
        nbformat.v4.new_code_cell(source.strip().format(markup=MARKUP), id=f"cell-{place}")
        for place, source in enumerate(HOSTILE)
    ]
    cells.insert(0, nbformat.v4.new_markdown_cell(f"# {MARKUP}\n\n{MARKUP}", id="title"))
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), jupyter_lab.root / name)
    dialogs = dialogs_of(page)
    page.set_viewport_size({"width": 1280, "height": 9000})
    open_notebook(page, jupyter_lab, name)
    for place in range(len(HOSTILE) - 1):
        outputs = run_cell(page, f"cell-{place}")
        assert not any(out["output_type"] == "error" for out in outputs), (place, outputs)
    run_cell(page, f"cell-{len(HOSTILE) - 1}")
    line = page.get_by_role("textbox", name=MARKUP)
    line.fill(f"{MARKUP} again")
    page.locator(".ae-live-answer", has_text=f"{MARKUP} again").wait_for()
    for told in ("[data-feedback]", "[data-widget]", "[role=alert]", ".jp-RenderedText"):
        assert page.locator(told, has_text=MARKUP).count(), told
    assert page.evaluate(MADE) == []
    save(page)

    written = export(tmp_path / "my pages 注意力", [jupyter_lab.root / name])
    page.goto(written[-1].as_uri())
    page.get_by_role("link").click()  # from the index to the page
    page.locator("[data-widget]").first.wait_for()
    for told in ("[data-feedback]", "[data-widget]", ".jp-RenderedText"):
        assert page.locator(told, has_text=MARKUP).count(), told
    assert page.evaluate(MADE) == []
    assert dialogs == []
    assert page.record.page_errors == []
