"""A widget on a plain page, with nothing of Jupyter, beside the same widget in Python.

A model as small as possible stands in for Jupyter's: `get`, `set`, `save_changes`, `on`, `off`.
What it saves is handed to the widget in Python, so that both sides can be compared. Arrays that
travel as bytes go as base64 through JSON.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Widgets</title></head>
<body style="margin: 0"><main><h1>Widgets</h1><div id="widgets"></div></main></body></html>"""

HARNESS = """() => {
const thaw = (value) => {
    if (value?.base64 !== undefined) {
        return new DataView(Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer);
    }
    if (value && typeof value === "object" && !Array.isArray(value)) {
        for (const name of Object.keys(value)) value[name] = thaw(value[name]);
    }
    return value;
};
const freeze = (name, value) => {
    if (!(value instanceof DataView)) return value;
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return {base64: btoa(String.fromCharCode(...bytes))};
};
class Model {
    constructor(state) { this.state = state; this.heard = []; this.unsaved = {}; this.saved = []; }
    get(name) { return this.state[name]; }
    set(name, value) {
        const old = JSON.stringify(this.state[name], freeze);
        this.state[name] = value;
        this.unsaved[name] = value;
        if (JSON.stringify(value, freeze) !== old) this.tell(name);
    }
    receive(changes) {
        for (const [name, value] of Object.entries(changes)) this.state[name] = value;
        for (const name of Object.keys(changes)) this.tell(name);
    }
    tell(name) {
        for (const [event, hear] of [...this.heard]) if (event === `change:${name}`) hear();
    }
    on(event, hear) { this.heard.push([event, hear]); }
    off(event, hear) { this.heard = this.heard.filter(([e, h]) => e !== event || h !== hear); }
    save_changes() { this.saved.push(this.unsaved); this.unsaved = {}; }
    // What the kernel has not been given yet, as JSON, which is how it travels.
    unsent() { return JSON.stringify(this.saved.splice(0), freeze); }
}
window.alert = () => { window.executed = true; };
window.models = [];
window.cleanups = [];
window.thaw = thaw;
window.kinds = {};
window.started = async (kind, script, style) => {
    const sheet = document.createElement("style");
    sheet.textContent = style;
    document.head.append(sheet);
    const address = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
    window.kinds[kind] = (await import(address)).default;
};
window.addModel = (kind, state) => {
    const model = new Model(thaw(JSON.parse(state)));
    model.kind = kind;
    return window.models.push(model) - 1;
};
window.addView = async (number) => {
    const el = document.createElement("div");
    el.id = `view-${window.cleanups.length}`;
    el.style.margin = "8px";
    document.querySelector("#widgets").append(el);
    const model = window.models[number];
    return window.cleanups.push(await window.kinds[model.kind].render({model, el})) - 1;
};
}"""


MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = {
    "markup": [MARKUP, "<script>alert(1)</script>", '" onfocus="alert(1)" autofocus="'],
    "other scripts": ["שלום עולם\u202e", "注意力机制", "👩‍👩‍👧‍👦🏳️‍🌈", "مرحبا"],
    "long": ["x" * 1000, "word " * 200, "注" * 1000],
    "empty": ["", " ", "\u00a0", "empty token"],
    "duplicates": ["the", "the", "The", "the"],
    "braces": ["{token}", "{number}", "$&", "$1", "%s", "constructor", "__proto__", "toString"],
    "breaks": ["two\nlines", "a\ttab", "\x07"],
}
LABELS = [label for labels in HOSTILE.values() for label in labels]


def as_json(state):
    """Write a state as JSON, its bytes as base64."""

    def bytes_too(part):
        return {"base64": base64.b64encode(part).decode()}

    return json.dumps(state, default=bytes_too, allow_nan=False)


def with_bytes(part):
    """Turn what came as base64 back into bytes."""
    if isinstance(part, dict) and part.keys() == {"base64"}:
        return memoryview(base64.b64decode(part["base64"]))
    if isinstance(part, dict):
        return {name: with_bytes(value) for name, value in part.items()}
    return part


class View:
    """An explorer in Python, and one view of it on the page."""

    def __init__(self, page, explorer, model, number):
        self.page, self.explorer, self.model, self.number = page, explorer, model, number
        self.root = page.locator(f"#view-{number} [data-widget={type(explorer).__name__}]")

    def again(self):
        """Show the same model a second time."""
        number = self.page.evaluate("model => addView(model)", self.model)
        return type(self)(self.page, self.explorer, self.model, number)

    def slider(self, name):
        return self.root.locator(f"[role=slider][aria-label={json.dumps(name)}]")

    def position(self, name):
        return float(self.slider(name).get_attribute("aria-valuenow"))

    def numbers(self, attribute):
        """Return what elements carry in full precision, in the order of the page."""
        return self.root.evaluate(
            "(root, name) => [...root.querySelectorAll(`[${name}]`)]"
            ".map(element => Number(element.getAttribute(name)))",
            attribute,
        )

    def unsent(self):
        """Return what the page saved; it may put that off for a moment, after the picture."""
        self.page.wait_for_function(
            "n => !Object.keys(models[n].unsaved).length", arg=self.model, timeout=2000
        )
        saved = json.loads(self.page.evaluate("n => models[n].unsent()", self.model))
        return [changes for changes in saved if changes]

    def sync(self):
        """Hand to Python what the page saved."""
        sent = self.unsent()
        for changes in sent:
            self.explorer.set_state({name: with_bytes(part) for name, part in changes.items()})
        return sent

    def receive(self, **changes):
        call = "([n, changes]) => models[n].receive(thaw(JSON.parse(changes)))"
        self.page.evaluate(call, [self.model, as_json(changes)])

    def receive_from_python(self, *names):
        self.receive(**self.explorer.get_state(names))

    def text(self, selector):
        return self.root.locator(selector).inner_text()

    @property
    def large_type(self):
        """Return the button that makes the type of all widgets large."""
        return self.root.get_by_role("button", name="Large type", exact=True)

    def agrees_with_python(self):
        """Compare the page's numbers with those of Python, to 1e-12."""
        assert_allclose(self.numbers("data-weight"), self.explorer.weights, rtol=0, atol=1e-12)


class Site:
    """A plain page on which explorers are shown."""

    view = View

    def __init__(self, page):
        self.page = page
        self._started = set()

    def start(self, address="about:blank"):
        self.page.goto(address)
        self.page.set_content(PAGE)
        self.page.evaluate(HARNESS)
        self._started = set()

    def make(self, **options):
        """Make the explorer that is shown where a test does not bring its own."""
        raise NotImplementedError

    def show(self, explorer=None, **options):
        explorer = explorer or self.make(**options)
        state = explorer.get_state()
        del state["_esm"]  # what starts the widget's code in Jupyter; here it is started at once
        script, style = str(state.pop("_code")), str(state.pop("_css"))
        kind = type(explorer).__name__
        if kind not in self._started:
            call = "([kind, script, style]) => started(kind, script, style)"
            self.page.evaluate(call, [kind, script, style])
            self._started.add(kind)
        call = "([kind, state]) => addModel(kind, state)"
        model = self.page.evaluate(call, [kind, as_json(state)])
        number = self.page.evaluate("model => addView(model)", model)
        return self.view(self.page, explorer, model, number)

    def theme(self, name):
        """Put JupyterLab's own variables on the page, as its themes do."""
        from jupyterlab.commands import get_app_dir

        for old in self.page.query_selector_all("head > style.theme"):
            old.evaluate("style => style.remove()")
        folder = Path(get_app_dir()) / "themes" / "@jupyterlab" / f"theme-{name}-extension"
        style = (folder / "index.css").read_text(encoding="utf-8")
        style += "body { background: var(--jp-layout-color0); color: var(--jp-ui-font-color0) }"
        tag = self.page.add_style_tag(content=style)
        tag.evaluate("style => style.classList.add('theme')")
        light = str(name == "light").lower()
        self.page.evaluate(
            "light => document.body.setAttribute('data-jp-theme-light', light)", light
        )


def listen(page):
    """Collect everything that goes wrong on a page, and every request that leaves it."""
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("blob:", "about:")) else wrong.append(request.url)
        ),
    )
    return wrong


@contextmanager
def one_page(chromium):
    """A page for all tests of a file."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.wrong = listen(page)
    yield page
    context.close()


@contextmanager
def empty_site(page, kind, *, width=1280):
    """An empty page; whatever goes wrong on it, or is asked of the network, fails the test."""
    page.set_viewport_size({"width": width, "height": 900})
    page.mouse.move(0, 0)
    page.wrong.clear()
    made = kind(page)
    made.start()
    yield made
    assert page.evaluate("() => window.executed ?? false") is False
    assert page.wrong == []


def violations(site):
    """Return what axe-core finds fault with, in both of JupyterLab's themes."""
    from axe_playwright_python.base import AXE_SCRIPT

    site.page.evaluate(f"() => {{ {AXE_SCRIPT} }}")
    found = []
    for theme in ("light", "dark"):
        site.theme(theme)
        answer = site.page.evaluate("() => axe.run('#widgets', {resultTypes: ['violations']})")
        found += [
            f"{theme}, {rule['id']}: {node['html'][:160]}: {node.get('failureSummary', '')[:300]}"
            for rule in answer["violations"]
            for node in rule["nodes"]
        ]
    return found


def page_text(view):
    """Return everything that is in the view: text and attributes, shown or not."""
    return view.root.evaluate("root => new XMLSerializer().serializeToString(root)")


def luminance(page, selector, name):
    colour = page.locator(selector).first.evaluate(
        "(e, name) => getComputedStyle(e)[name].match(/[\\d.]+/g).map(Number)", name
    )
    return np.array(colour[:3]) @ [0.2126, 0.7152, 0.0722] / 255
