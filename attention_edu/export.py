"""Write the notebooks as HTML pages whose widgets are alive without a kernel and a network.

Importing this module imports nbconvert, so do it where it is needed only. The widgets are
rebuilt in the page by ``export_host.js``; formulas become MathML, which browsers draw themselves.
"""

from __future__ import annotations

import html
import json
import os
import re
import warnings
from base64 import b64encode
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import jinja2
import latex2mathml.converter
import nbformat
from bs4 import BeautifulSoup, Tag
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from .notebooks import WIDGET_STATE, WIDGET_VIEW, course_folder, course_notebooks, find_notebooks

__all__ = ["export", "formula"]

_HERE = Path(__file__).parent
# What a page may do: run the scripts that are named, and fetch nothing.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; media-src data:; base-uri 'none'; form-action 'none'"
)
_STYLE = """
:root { color-scheme: light dark; --jp-cell-prompt-not-active-opacity: 1; }
.jp-InputPrompt, .jp-OutputPrompt { color: var(--jp-content-font-color1); }
.jp-RenderedHTMLCommon a:link, .jp-RenderedHTMLCommon a:visited { text-decoration: underline; }
.course-nav { display: flex; flex-wrap: wrap; gap: 0.5em 2em; padding: 0.5em 1em;
  font-family: var(--jp-ui-font-family); }
.course-nav a { color: var(--jp-content-link-color); }
.course-widget { flex: 1 1 auto; min-width: 0; overflow-x: auto; }
.widget-picture[hidden] { display: none; }
.widget-picture img { max-width: 100%; height: auto; background: white; }
.widget-picture { color: var(--jp-content-font-color1); font-size: var(--jp-content-font-size1);
  font-family: var(--jp-content-font-family); }
.widget-picture pre { white-space: pre-wrap; }
.widget-row { display: flex; flex-wrap: wrap; gap: 1em; }
.widget-column > * + * { margin-top: 1em; }
math[display="block"] { margin: 1em 0; overflow-x: auto; overflow-y: hidden; }
mtable[columnspacing^="0em"] > mtr > mtd { padding-left: 0; padding-right: 0; }
mtd[columnalign="left"] { text-align: left; }
mtd[columnalign="right"] { text-align: right; }
.jp-Notebook .highlight .ow { color: #8a13d1; }
.jp-Notebook .highlight .c1 { color: #306a6a; }
.jp-RenderedText pre .ansi-red-fg { color: #a3241d; }
@media (prefers-color-scheme: dark) {
  .jp-Notebook .highlight .ow { color: #d0a0ff; }
  .jp-Notebook .highlight .c1 { color: #80b8b8; }
  .jp-RenderedText pre .ansi-red-fg { color: #ffaba3; }
}
"""
_INDEX_STYLE = """
:root { color-scheme: light dark; }
body { background: #ffffff; color: #212121; font: 1.1rem/1.6 system-ui, sans-serif;
  max-width: 40em; margin: 2em auto; padding: 0 1em; }
a { color: #00529b; }
@media (prefers-color-scheme: dark) {
  body { background: #111111; color: #eeeeee; }
  a { color: #82b1ff; }
}
"""
_BOXES = ("BoxModel", "HBoxModel", "VBoxModel")
_SOURCES = ("src", "srcset", "poster", "data", "background")


@dataclass(frozen=True)
class _Page:
    """A notebook on its way to a page."""

    path: Path
    notebook: Any
    title: str

    @property
    def file(self) -> str:
        return f"{self.path.stem}.html"

    @property
    def link(self) -> str:
        return quote(self.file)


def export(
    folder: str | os.PathLike[str],
    notebooks: Sequence[str | os.PathLike[str]] | None = None,
) -> list[Path]:
    """Write one HTML page a notebook, and an index, that need no kernel and no network.

    Parameters
    ----------
    folder : path
        Where to write; made if it is not there. Pages of the same names are replaced.
    notebooks : sequence of paths or names, optional
        Which notebooks; all of the course if not given. They are exported as they were saved,
        with their outputs and widgets: nothing is executed.

    Returns
    -------
    list of Path
        The pages in the notebooks' order, then ``index.html``.

    Raises
    ------
    FileNotFoundError
        If the course or one of the notebooks is not found.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If there is nothing to export, or two notebooks would have the same page.

    Warns
    -----
    UserWarning
        If a formula cannot be written as MathML; the page then shows its TeX source.

    Notes
    -----
    Alive are anywidgets, and boxes (``HBox``, ``VBox``) of nothing else. Other controls need a
    kernel; their picture or text stands in for them. Callbacks in Python do not run.

    Examples
    --------
    >>> [path.name for path in export("export", ["02_scores"])]  # doctest: +SKIP
    ['02_scores.html', 'index.html']
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"folder: wants a folder to write to; got the file {folder.name}")
    if notebooks is None:
        paths = course_notebooks(course_folder())
    else:
        paths = find_notebooks([os.fspath(name) for name in notebooks]) if notebooks else []
    if not paths:
        raise ValueError("notebooks: want at least one notebook; got none")
    names = [path.stem for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "index" in names:
        raise ValueError(
            "notebooks: want different names, none of them 'index'; got "
            + ", ".join(twice or ["index"])
        )
    pages = [_page(path) for path in paths]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, page in enumerate(pages):
        before = pages[number - 1] if number > 0 else None
        after = pages[number + 1] if number + 1 < len(pages) else None
        written.append(folder / page.file)
        written[-1].write_text(_html(page, before, after, names), encoding="utf-8")
    written.append(folder / "index.html")
    written[-1].write_text(_index(pages), encoding="utf-8")
    return written


def formula(tex: str, *, block: bool = False) -> str:
    r"""Write a formula as MathML.

    Parameters
    ----------
    tex : str
        The formula in TeX, without dollar signs.
    block : bool, default False
        Whether it stands on a line of its own.

    Returns
    -------
    str
        The MathML.

    Raises
    ------
    ValueError
        If it holds something that cannot be converted.

    Examples
    --------
    >>> formula(r"x^2").count("<msup>")
    1
    """
    # These environments are laid out alike; the converter knows one of them.
    tex = re.sub(r"\\(begin|end)\{(?:aligned|gathered|alignedat|align\*?)\}", r"\\\1{split}", tex)
    tex = re.sub(r"\\(?:begin|end)\{(?:equation|displaymath|math)\*?\}", "", tex)
    display = "block" if block else "inline"
    try:
        mathml: str = latex2mathml.converter.convert(tex.strip(), display=display)
        shown = "".join(ElementTree.fromstring(mathml).itertext())
    except Exception as error:  # the converter raises whatever it stumbles over
        raise ValueError(f"tex: wants a formula that MathML can show; got {tex!r}") from error
    if "\\" in shown or "&" in shown:
        raise ValueError(f"tex: wants commands that the converter knows; got {tex!r}")
    # A word in upright letters is one name, not a product: it is read aloud as one.
    letters = re.compile(r'(?:<mi mathvariant="normal">\w</mi>){2,}')
    return letters.sub(
        lambda found: f"<mi>{re.sub('<[^>]*>', '', found.group())}</mi>",
        mathml,
    )


# ---------------------------------------------------------------------------------------------
# Markdown
# ---------------------------------------------------------------------------------------------


def _formula_or_source(tex: str, block: bool) -> str:
    try:
        return formula(tex, block=block)
    except ValueError as error:
        warnings.warn(f"A formula is shown as its source: {error}", stacklevel=2)
        return f"<code>{html.escape(tex)}</code>"


def _formulas_in(text: str) -> str:
    """Convert what IPython displays as LaTeX: dollar signs or environments around a formula."""
    text = text.strip()
    for mark, block in (("$$", True), ("$", False)):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            inner = text[len(mark) : -len(mark)].strip().removeprefix(r"\displaystyle")
            return _formula_or_source(inner, block or r"\displaystyle" in text)
    return _formula_or_source(text, True)


class _Renderer(IPythonRenderer):
    """nbconvert's Markdown, with formulas as MathML and nothing from elsewhere."""

    def block_html(self, html: str) -> str:
        # nbconvert parses each piece of HTML alone, which would close a fold at its first empty
        # line and leave the answer open below it. Only images want its treatment.
        return str(super().block_html(html)) if "<img" in html else html

    def block_math(self, body: str) -> str:
        return _formula_or_source(body, True)

    def inline_math(self, body: str) -> str:
        return _formula_or_source(body, False)

    def latex_environment(self, name: str, body: str) -> str:
        return _formula_or_source(rf"\begin{{{name}}}{body}\end{{{name}}}", True)


@jinja2.pass_context
def _markdown(context: Any, source: str) -> str:
    renderer = _Renderer(
        escape=False,
        attachments=context.get("cell", {}).get("attachments", {}),
        embed_images=True,
        path=context.get("resources", {}).get("metadata", {}).get("path", ""),
    )
    return str(MarkdownWithMath(renderer=renderer).render(source))


# ---------------------------------------------------------------------------------------------
# Pages
# ---------------------------------------------------------------------------------------------


def _page(path: Path) -> _Page:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return _Page(path, notebook, _title(notebook) or path.stem)


def _title(notebook: Any) -> str:
    """Give the notebook's own title, or its first heading, as plain text."""
    if notebook.metadata.get("title"):
        return str(notebook.metadata.title)
    for cell in notebook.cells:
        heading = re.search(r"^# +(.+?)\s*#*$", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and heading:
            soup = BeautifulSoup(MarkdownWithMath(_Renderer()).render(heading[1]), "html.parser")
            return " ".join(soup.get_text().split())
    return ""


def _html(page: _Page, before: _Page | None, after: _Page | None, names: list[str]) -> str:
    state = page.notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    shown = [
        output.data[WIDGET_VIEW]["model_id"]
        for cell in page.notebook.cells
        for output in cell.get("outputs", [])
        if WIDGET_VIEW in output.get("data", {})
    ]
    alive = [model for model in dict.fromkeys(shown) if _is_live(model, state)]
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        config=Config({"NbConvertBase": {"display_data_priority": _priority()}}),
        extra_template_basedirs=[str(_HERE / "templates")],
        template_name="course",
        embed_images=True,
        filters={
            "markdown2html": _markdown,
            "formulas": _formulas_in,
            "description": _description,
            "is_live": lambda model: model in alive,
        },
    )
    notebook = deepcopy(page.notebook)
    notebook.metadata["title"] = page.title
    loader: Any = exporter.environment.loader
    theme = loader.get_source(exporter.environment, "static/theme-dark.css")[0]
    resources = {
        "metadata": {"name": page.path.stem, "path": str(page.path.parent)},
        "course": {
            "policy": _policy(),
            "style": _STYLE,
            "dark_theme": theme,
            "state": _state(alive, state) if alive else "",
            "host": _host(),
            "previous": (before.link, before.title) if before else None,
            "next": (after.link, after.title) if after else None,
        },
    }
    text, _ = exporter.from_notebook_node(notebook, resources)
    return _self_contained(text, names)


def _host() -> str:
    """Give the script that brings saved widgets to life, as it stands in the page."""
    return f"\n{(_HERE / 'export_host.js').read_text(encoding='utf-8')}\n"


def _policy(*, alive: bool = True) -> str:
    """Let the page run our script and the widgets' modules, and none that came with a notebook."""
    if not alive:
        return _POLICY.format(scripts="'none'")
    known = b64encode(sha256(_host().encode("utf-8")).digest()).decode("ascii")
    return _POLICY.format(scripts=f"'sha256-{known}' blob:")


def _priority() -> list[str]:
    """Order the kinds of output: none that is a program of its own."""
    return [
        WIDGET_VIEW,
        "text/html",
        "text/markdown",
        "image/svg+xml",
        "text/latex",
        "image/png",
        "image/jpeg",
        "text/plain",
    ]


def _description(output: Any) -> str:
    """Give the text that stands for an output's picture."""
    described = output.get("metadata", {}).get("image/png", {}).get("alt")
    text = str(described or output.data.get("text/plain", "")).strip()
    return "Figure" if not text or text.startswith("<") else text


def _is_live(model: str, state: dict[str, Any]) -> bool:
    """Whether a widget can be alive in a page: an anywidget, or a box of nothing else."""
    entry = state.get(model)
    if entry is None:
        return False
    if entry["model_module"] == "anywidget":
        return bool(entry["state"].get("_esm"))
    children = _children(entry)
    return bool(children) and all(_is_live(child, state) for child in children)


def _children(entry: dict[str, Any]) -> list[str]:
    if entry["model_name"] not in _BOXES:
        return []
    return [child.removeprefix("IPY_MODEL_") for child in entry["state"].get("children", [])]


def _state(models: list[str], state: dict[str, Any]) -> str:
    """Write what the page's script needs, each module and style once, safe inside <script>."""
    modules: dict[str, int] = {}
    styles: dict[str, int] = {}
    entries: dict[str, Any] = {}

    def add(model: str) -> None:
        if model in entries:
            return
        entry = state[model]
        children = _children(entry)
        if children:
            entries[model] = {
                "children": children,
                "horizontal": entry["model_name"] == "HBoxModel",
            }
            for child in children:
                add(child)
            return
        traits = dict(entry["state"])
        esm = traits.pop("_esm")
        # Our widgets bring their code beside a module that starts it: the page starts it itself.
        written = {"module": modules.setdefault(traits.pop("_code", esm), len(modules))}
        style = traits.pop("_css", None)
        if style:
            written["style"] = styles.setdefault(style, len(styles))
        entries[model] = written | {"state": traits, "buffers": entry.get("buffers", [])}

    for model in models:
        add(model)
    text = json.dumps(
        {"modules": [*modules], "styles": [*styles], "models": entries},
        ensure_ascii=False,
        sort_keys=True,
    )
    return text.replace("<", "\\u003c")


def _self_contained(text: str, names: list[str]) -> str:
    """Point links between notebooks at the pages, and take out what would be fetched."""
    soup = BeautifulSoup(text, "html.parser")
    for link in soup.find_all("a", href=True):
        parts = urlsplit(str(link["href"]))
        name, extension = os.path.splitext(unquote(parts.path).removeprefix("./"))
        if extension == ".ipynb" and name in names and not (parts.scheme or parts.netloc):
            fragment = f"#{parts.fragment}" if parts.fragment else ""
            link["href"] = quote(f"{name}.html") + fragment
    for element in soup.find_all(True):
        if element.decomposed:
            continue
        if element.name == "link":
            element.decompose()
            continue
        for attribute in _SOURCES:
            address = element.get(attribute)
            if address is not None and not str(address).startswith(("data:", "blob:", "#")):
                _take_out(soup, element, str(address))
                break
    return str(soup)


def _take_out(soup: BeautifulSoup, element: Tag, address: str) -> None:
    """Put a link in the place of a picture or film that is not in the page."""
    if element.name == "script" or not element.parent:
        element.decompose()
        return
    remote = bool(urlsplit(address).scheme or address.startswith("//"))
    name = str(element.get("alt") or element.get("title") or "not in this page")
    substitute = soup.new_tag("a" if remote else "span")
    if remote:
        substitute["href"] = address
    substitute.string = name
    element.replace_with(substitute)


def _index(pages: list[_Page]) -> str:
    """Write the page that lists the others."""
    items = "\n".join(
        f'<li><a href="{html.escape(page.link)}">{html.escape(page.title)}</a></li>'
        for page in pages
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_policy(alive=False)}">
<title>Attention: all notebooks</title>
<style>{_INDEX_STYLE}</style>
</head>
<body>
<main>
<h1>Attention: all notebooks</h1>
<p>These pages need no network. Their widgets answer; cells that run Python need JupyterLab.</p>
<ul>
{items}
</ul>
</main>
</body>
</html>
"""
