"""The exported pages are alive without a kernel, and fetch nothing."""

import base64
import json
import os
import re
import subprocess
import sys
import warnings

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import v4

from attention_edu import __main__ as command
from attention_edu.export import export, formula
from attention_edu.notebooks import WIDGET_STATE, WIDGET_VIEW

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
COUNTER = r"""
import anywidget, ipywidgets, traitlets

class Counter(anywidget.AnyWidget):
    _esm = '''
    // </script> must not end the page's own script
    window.modulesLoaded = (window.modulesLoaded ?? 0) + 1;
    export default () => ({
      initialize({ model }) {
        model.set("started", model.get("started") + 1);
        model.on("change:count change:started", () => {});
      },
      render({ model, el, signal, experimental }) {
        const button = document.createElement("button");
        button.className = "counter";
        const tell = () => { button.textContent = `${model.get("name")}: ${model.get("count")}`; };
        button.addEventListener("click", () => {
          model.set("count", model.get("count") + 1);
          model.save_changes();
          model.send({ told: true });
        });
        model.on("change:count", tell);
        const off = document.createElement("button");
        off.className = "deaf";
        off.textContent = "stop";
        off.addEventListener("click", () => model.off("change:count", tell));
        el.dataset.bytes = model.get("binary").getUint8(1);
        el.dataset.started = model.get("started");
        el.dataset.signal = signal instanceof AbortSignal;
        experimental.invoke("x").catch((error) => { el.dataset.invoke = error.message; });
        tell();
        el.append(button, off);
      },
    });
    '''
    _css = ".counter { color: rgb(1, 2, 3); background: white; }"
    name = traitlets.Unicode("clicks").tag(sync=True)
    count = traitlets.Int(5).tag(sync=True)
    started = traitlets.Int(0).tag(sync=True)
    binary = traitlets.Bytes(b"\x07\x08").tag(sync=True)

    def __repr__(self):
        return f"A counter at {self.count}"

class Broken(anywidget.AnyWidget):
    _esm = "export default { render() { throw new Error('no luck'); } }"
    def __repr__(self):
        return "A broken widget"

counter = Counter()
counter
"""


def notebook(path, *cells, **metadata):
    nb = v4.new_notebook(cells=list(cells))
    nb.metadata.update(metadata)
    nbformat.write(nb, path)
    return path


def showing(data, **metadata):
    return v4.new_code_cell("x", outputs=[v4.new_output("display_data", data, metadata=metadata)])


def page_of(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture
def exported(tmp_path):
    """Export one notebook of these cells, and parse the page."""

    def make(*cells, **metadata):
        path = notebook(tmp_path / "02_scores.ipynb", *cells, **metadata)
        return page_of(export(tmp_path / "out", [path])[0])

    return make


class TestPage:
    def test_has_a_language_a_title_and_a_main_part(self, exported):
        page = exported(v4.new_markdown_cell("Before\n\n# Scores `in` $x$ *detail*\n\ntext"))
        assert page.html["lang"] == "en"
        assert page.title.get_text() == "Scores in x detail"
        assert page.main is not None

    def test_a_notebook_without_a_heading_has_the_title_of_its_metadata_or_its_name(self, exported):
        assert exported(title="Scores, told").title.get_text() == "Scores, told"
        assert exported(v4.new_markdown_cell("no heading")).title.get_text() == "02_scores"

    def test_an_equation_of_its_own_is_mathml_and_a_block(self, exported):
        page = exported(v4.new_markdown_cell(r"\begin{equation}a + b\end{equation}"))
        assert page.math["display"] == "block"
        assert page.math.get_text().replace(" ", "") == "a+b"

    def test_films_and_sounds_beside_the_notebook_leave_their_names(self, exported):
        page = exported(
            v4.new_markdown_cell(
                "<video src='film.mp4' title='a film'><img src='still.png' alt='a still'></video>"
                "\n\n<audio controls><source src='sound.mp3'></audio>"
            )
        )
        assert page.find(["video", "img", "source"]) is None
        for name in ("a film", "a still", "not in this page"):
            assert page.find("span", string=name)

    def test_names_nothing_that_would_be_fetched(self, exported):
        page = exported(
            v4.new_markdown_cell(
                "![a cat](https://example.org/cat.png) $x$\n\n"
                "<img src='//example.org/dog.png' alt='a dog'>\n\n"
                "<script src='https://example.org/x.js'></script>\n\n"
                "<iframe src='https://example.org/'></iframe>\n\n"
                "<link rel='stylesheet' href='https://example.org/x.css'>"
            ),
            showing({"application/javascript": "fetch('x')", "text/plain": "instead"}),
            widgets={WIDGET_STATE: {"state": {}}},
        )
        for element in page.find_all(True):
            for attribute in ("src", "srcset", "data", "poster"):
                assert str(element.get(attribute, "data:")).startswith("data:")
        assert page.find("link") is None
        assert not re.search(r"https?://[^\"'\s]*(cdn|unpkg|mathjax)", str(page), flags=re.I)
        assert not page.find_all("script")
        assert page.find("a", string="a cat")["href"] == "https://example.org/cat.png"
        assert page.find("a", string="a dog")
        assert "instead" in page.get_text()

    def test_forbids_the_browser_every_request(self, exported):
        policy = exported().find("meta", attrs={"http-equiv": "Content-Security-Policy"})
        assert "default-src 'none'" in policy["content"]
        assert "http" not in policy["content"]

    def test_pictures_beside_the_notebook_are_inside_the_page(self, exported, tmp_path):
        (tmp_path / "cat.png").write_bytes(base64.b64decode(PIXEL))
        page = exported(v4.new_markdown_cell("![a cat](cat.png)"))
        assert page.find("img", alt="a cat")["src"] == f"data:image/png;base64,{PIXEL}"

    def test_pictures_of_outputs_carry_their_description(self, exported):
        data = {"image/png": PIXEL, "text/plain": "<Figure size 640x480>"}
        page = exported(
            showing(data, **{"image/png": {"alt": 'Weights of "cat" & dog', "width": 7}}),
            showing(data),
        )
        first, second = page.main.find_all("img")
        assert (first["alt"], first["width"]) == ('Weights of "cat" & dog', "7")
        assert second["alt"] == "Figure"

    def test_links_between_notebooks_lead_to_pages(self, tmp_path):
        text = (
            "[next](03_weights.ipynb#Softmax) [same](./02_scores.ipynb) [other](09_x.ipynb) "
            "[far](https://example.org/03_weights.ipynb)"
        )
        paths = [
            notebook(tmp_path / "02_scores.ipynb", v4.new_markdown_cell(f"# One\n\n{text}")),
            notebook(tmp_path / "03_weights.ipynb", v4.new_markdown_cell("# Two & <more>")),
        ]
        one, two, index = map(page_of, export(tmp_path / "out", paths))
        links = {a.get_text(): a["href"] for a in one.main.find_all("a")}
        assert links["next"] == "03_weights.html#Softmax"
        assert links["same"] == "02_scores.html"
        assert links["other"] == "09_x.ipynb"
        assert links["far"] == "https://example.org/03_weights.ipynb"
        assert one.nav.find("a", rel="next")["href"] == "03_weights.html"
        assert two.nav.find("a", rel="prev")["href"] == "02_scores.html"
        assert [(a["href"], a.get_text()) for a in index.find_all("a")] == [
            ("02_scores.html", "One"),
            ("03_weights.html", "Two & <more>"),
        ]
        assert (index.html["lang"], bool(index.title)) == ("en", True)

    def test_an_answer_of_several_paragraphs_stays_in_its_fold(self, exported):
        page = exported(
            v4.new_markdown_cell(
                "<details><summary>Answer</summary>First.\n\nSecond, $x^2$.\n\n- third\n\n"
                "</details>\n\nAfter."
            )
        )
        (answer,) = (d for d in page.main.find_all("details") if "First" in d.get_text())
        assert "Second" in answer.get_text()
        assert "third" in answer.get_text()
        assert answer.math is not None
        assert "After" not in answer.get_text()

    def test_formulas_are_mathml(self, exported):
        page = exported(
            v4.new_markdown_cell("A $x_i$ and\n\n$$\\sum_i w_i = 1$$\n\nfor \\$5"),
            showing({"text/latex": "$\\displaystyle y^2$", "text/plain": "y"}),
        )
        found = page.find_all("math")
        assert [math["display"] for math in found] == ["inline", "block", "block"]
        assert "$x" not in page.main.get_text()
        assert "$5" in page.main.get_text()

    def test_a_formula_that_cannot_be_shown_warns_and_shows_its_source(self, exported):
        with pytest.warns(UserWarning, match=r"nosuchcommand"):
            page = exported(v4.new_markdown_cell(r"$\nosuchcommand{x}$"))
        assert page.find("code", string=r"\nosuchcommand{x}")

    def test_it_needs_something_to_export_and_a_folder(self, tmp_path):
        with pytest.raises(ValueError, match="notebooks: want at least one"):
            export(tmp_path / "out", [])
        (tmp_path / "file").touch()
        path = notebook(tmp_path / "02_scores.ipynb")
        with pytest.raises(NotADirectoryError, match="folder"):
            export(tmp_path / "file", [path])
        with pytest.raises(ValueError, match="02_scores"):
            export(tmp_path / "out", [path, path])

    def test_the_command_writes_and_names_the_pages(self, tmp_path, capsys):
        path = notebook(tmp_path / "02_scores.ipynb", v4.new_markdown_cell(r"$\nosuchcommand$"))
        assert command.main(["export", str(tmp_path / "out"), "--notebooks", str(path)]) == 0
        told = capsys.readouterr()
        assert "index.html" in told.out
        assert "nosuchcommand" in told.err


class TestFormula:
    @pytest.mark.parametrize(
        "tex",
        [
            r"\mathrm{softmax}(s)_i = \frac{e^{s_i / T}}{\sum_j e^{s_j / T}}",
            r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
            r"\begin{equation} a < b \end{equation}",
            r"\operatorname{softmax}\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V",
            r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
            r"w \in \mathbb{R}^{n \times d}, \quad \text{with } \lVert w \rVert = 1",
        ],
    )
    def test_what_the_course_writes_can_be_shown(self, tex):
        assert formula(tex).startswith("<math ")

    def test_a_name_in_upright_letters_is_one_word(self):
        assert "<mi>softmax</mi>" in formula(r"\mathrm{softmax}(x)")

    @pytest.mark.parametrize("tex", [r"\frac{", r"\nosuchcommand", "a & b"])
    def test_what_cannot_be_shown_is_refused(self, tex):
        with pytest.raises(ValueError, match="tex: wants"):
            formula(tex)


class TestWidgets:
    def test_without_a_module_the_picture_or_the_text_stands_in(self, exported):
        state = {
            "a" * 32: {"model_name": "IntSliderModel", "model_module": "c", "state": {}},
            "b" * 32: {
                "model_name": "VBoxModel",
                "model_module": "c",
                "state": {"children": ["IPY_MODEL_" + "a" * 32]},
            },
        }
        page = exported(
            *(
                showing({WIDGET_VIEW: {"model_id": model}, "text/plain": f"slider {model[0]}"})
                for model in state
            ),
            widgets={WIDGET_STATE: {"state": state}},
        )
        assert page.find(attrs={"data-model-id": True}) is None
        assert page.find(id="widget-state") is None
        assert "slider a" in page.get_text()
        assert "slider b" in page.get_text()
        assert page.get_text().count("answers in JupyterLab") == 2

    def test_state_cannot_end_its_script_and_modules_are_there_once(self, exported):
        esm = "export default {}; // </script><!-- <b>"
        state = {
            letter * 32: {
                "model_name": "AnyModel",
                "model_module": "anywidget",
                "state": {"_esm": esm, "text": "</script>"},
            }
            for letter in "ab"
        }
        page = exported(
            *(showing({WIDGET_VIEW: {"model_id": model}}) for model in state),
            widgets={WIDGET_STATE: {"state": state}},
        )
        text = page.find(id="widget-state").string
        assert "<" not in text
        saved = json.loads(text)
        assert saved["modules"] == [esm]
        assert [model["state"]["text"] for model in saved["models"].values()] == ["</script>"] * 2
        assert page.find("b") is None

    def test_boxes_of_living_widgets_are_alive_and_hold_each_only_once(self, exported):
        def box(kind, *children):
            return {
                "model_name": kind,
                "model_module": "@jupyter-widgets/controls",
                "state": {"children": [f"IPY_MODEL_{child}" for child in children]},
            }

        def living(css):
            module = {"_esm": "export default {};", "_css": css, "count": 1}
            return {"model_name": "AnyModel", "model_module": "anywidget", "state": module}

        state = {
            "one": living(".a {}"),
            "two": living(""),
            "row": box("HBoxModel", "one", "two"),
            "column": box("VBoxModel", "row", "one"),
            "slider": {"model_name": "IntSliderModel", "model_module": "c", "state": {}},
            "mixed": box("VBoxModel", "one", "slider"),
            "empty": box("VBoxModel"),
        }
        page = exported(
            *(
                showing({WIDGET_VIEW: {"model_id": model}, "text/plain": f"the {model} box"})
                for model in ("column", "row", "mixed", "empty", "unheard of")
            ),
            widgets={WIDGET_STATE: {"state": state}},
        )
        alive = [tag["data-model-id"] for tag in page.find_all(attrs={"data-model-id": True})]
        assert alive == ["column", "row"]
        saved = json.loads(page.find(id="widget-state").string)
        assert saved["modules"] == ["export default {};"]
        assert saved["styles"] == [".a {}"]
        assert saved["models"]["column"] == {"children": ["row", "one"], "horizontal": False}
        assert saved["models"]["row"] == {"children": ["one", "two"], "horizontal": True}
        assert saved["models"]["one"]["state"] == {"count": 1}
        assert saved["models"]["one"]["style"] == 0
        assert "style" not in saved["models"]["two"]
        for dead in ("mixed", "empty", "unheard of"):
            assert dead not in saved["models"]
            assert f"the {dead} box" in page.get_text()

    def test_our_script_makes_no_html_from_text(self, exported):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exported()
        host = command.Path(command.__file__).with_name("export_host.js").read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write"):
            assert word not in host


@pytest.fixture(scope="module")
def counters(tmp_path_factory):
    """Execute a notebook with widgets in a process of its own, and export it."""
    folder = tmp_path_factory.mktemp("live")
    picture = f"""
    class Pictured(Broken):
        def _repr_mimebundle_(self, **kwargs):
            data = super()._repr_mimebundle_(**kwargs)
            data = data[0] if isinstance(data, tuple) else data
            return data | {{"image/png": {PIXEL!r}, "text/plain": "A picture instead"}}
    Pictured()
    """
    cells = [
        v4.new_markdown_cell("# Live\n\n$x_i$ ![remote](https://example.org/a.png)"),
        v4.new_code_cell(COUNTER),
        v4.new_code_cell("counter"),
        v4.new_code_cell("ipywidgets.HBox([Counter(name='inside', count=1)])"),
        v4.new_code_cell("ipywidgets.IntSlider(value=3)"),
        v4.new_code_cell(picture.replace("\n    ", "\n").strip()),
    ]
    path = notebook(folder / "02_scores.ipynb", *cells)
    environment = {
        **os.environ,
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    for arguments in (["refresh", str(path)], ["export", str(folder), "--notebooks", str(path)]):
        subprocess.run(
            [sys.executable, "-m", "attention_edu", *arguments], env=environment, check=True
        )
    return folder / "02_scores.html"


@pytest.fixture
def opened(counters, chromium):
    """The page in a browser, with everything that it asked for and complained about."""
    context = chromium.new_context()
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on(
        "console",
        lambda message: page.complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(counters.as_uri())
    page.wait_for_selector("html[data-widgets=ready]")
    yield page
    context.close()


@pytest.mark.browser
@pytest.mark.slow
class TestAlive:
    def test_a_click_counts_and_two_views_of_one_model_stay_in_step(self, opened):
        first, second, inside = opened.locator("button.counter").all()
        assert first.text_content() == second.text_content() == "clicks: 5"
        first.click()
        second.click()
        assert first.text_content() == second.text_content() == "clicks: 7"
        assert inside.text_content() == "inside: 1"
        inside.click()
        assert inside.text_content() == "inside: 2"
        opened.locator("button.deaf").first.click()
        second.click()
        assert first.text_content() == "clicks: 7"
        assert second.text_content() == "clicks: 8"

    def test_nothing_is_asked_of_a_network(self, opened):
        opened.locator("button.counter").first.click()
        schemes = {url.split(":", 1)[0] for url in opened.asked}
        assert schemes <= {"file", "blob", "data"}
        assert len([url for url in opened.asked if url.startswith("file:")]) == 1

    def test_the_only_complaint_is_that_of_the_broken_widget(self, opened):
        assert len(opened.complaints) == 1
        assert "no luck" in opened.complaints[0]

    def test_a_module_is_loaded_once_and_a_model_initialised_once(self, opened):
        assert opened.evaluate("window.modulesLoaded") == 1
        live = opened.locator("[data-bytes]")
        assert live.evaluate_all("all => all.map(one => one.dataset.started)") == ["1"] * 3
        assert live.evaluate_all("all => all.map(one => one.dataset.bytes)") == ["8"] * 3
        assert live.first.get_attribute("data-signal") == "true"
        assert "no kernel" in live.first.get_attribute("data-invoke")
        colour = opened.locator("button.counter").first.evaluate("b => getComputedStyle(b).color")
        assert colour == "rgb(1, 2, 3)"

    def test_a_widget_that_fails_shows_its_picture_and_says_so(self, opened):
        failed = opened.locator("[data-state=failed]")
        assert failed.locator("img").get_attribute("alt") == "A picture instead"
        assert failed.locator("img").is_visible()
        assert "no luck" in failed.text_content()
        assert opened.locator("[data-state=live]").count() == 3
        for picture in opened.locator("[data-state=live] .widget-picture").all():
            assert not picture.is_visible()

    def test_without_scripts_the_pictures_and_texts_are_there(self, counters, chromium):
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(counters.as_uri())
        assert page.get_by_text("A counter at 5").first.is_visible()
        assert page.get_by_alt_text("A picture instead").is_visible()
        context.close()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_pages_have_no_barriers(self, counters, chromium, scheme):
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        context = chromium.new_context(color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        for name in ("02_scores.html", "index.html"):
            page.goto(counters.with_name(name).as_uri())
            if name != "index.html":
                page.wait_for_selector("html[data-widgets=ready]")
            found = axe.run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        context.close()

    def test_the_page_follows_a_dark_scheme(self, counters, chromium):
        context = chromium.new_context(color_scheme="dark")
        page = context.new_page()
        page.goto(counters.as_uri())
        page.wait_for_selector("body[data-jp-theme-light=false]")
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", colour)[:3])) < 64
        context.close()
