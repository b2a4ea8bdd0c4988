"""The gallery: every widget in each of its modes, touched in a real JupyterLab and in an export."""

import json
import shutil

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from attention_edu.export import export
from attention_edu.notebooks import refresh
from browser.jupyterlab import (
    REPOSITORY,
    kernel_value,
    open_notebook,
    reload_if_not_restored,
    run_all,
)

pytestmark = pytest.mark.browser

KINDS = ("ScoreExplorer", "VectorExplorer", "AttentionMap", "KernelExplorer")
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
STATUS = f"{KERNEL}.status"
GALLERY = "gallery.ipynb"
CELLS = [
    cell.id
    for cell in nbformat.read(REPOSITORY / "tests" / GALLERY, as_version=4).cells
    if cell.cell_type == "code" and not cell.id.endswith("setup")
]
# What a widget shows, in numbers that are exact: another picture gives another text. Of a map it is
# the row that is looked at as well.
PICTURE = """root => [...root.querySelectorAll('[data-weight], [data-output], [aria-valuenow]')]
    .map(e => [e.dataset.row, e.dataset.column, e.dataset.weight, e.dataset.output,
               e.getAttribute('aria-valuenow'), e.getAttribute('aria-valuetext')].join())
    .concat([...root.querySelectorAll('.ae-map-right')].map(e => e.innerText)).join(';')"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The gallery after all its cells ran, with the widgets' state."""
    path = tmp_path_factory.mktemp("gallery") / GALLERY
    shutil.copy(REPOSITORY / "tests" / GALLERY, path)
    refresh([path])
    return path


@pytest.fixture(scope="module")
def gallery(executed, jupyter_lab):
    shutil.copy(executed, jupyter_lab.root / GALLERY)
    jupyter_lab.sign(GALLERY)
    return GALLERY


ONE_OF_EACH = ("score-all", "vector-values", "map-editable", "map-image", "kernel-plain")


def widget_of(page, cell):
    """The widget that a cell shows, scrolled into view."""
    page.evaluate(
        """id => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const index = notebook.widgets.findIndex(cell => cell.model.id === id);
            notebook.activeCellIndex = index;
            notebook.mode = 'command';
            return notebook.scrollToItem(index, 'start');
        }""",
        cell,
    )
    found = page.locator(".jp-Cell.jp-mod-active [data-widget]")
    found.wait_for(state="attached", timeout=30_000)
    found.scroll_into_view_if_needed()
    return found


def picture(root):
    return root.evaluate(PICTURE)


def first_control(root):
    """What a student would take hold of first."""
    return root.locator("[role=slider], [role=gridcell], [role=application]").first


def answers_to_a_key(root, keys=("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft")):
    """Whether the picture moves when the first control gets an arrow key."""
    before = picture(root)
    root.locator(
        "[role=slider], [role=gridcell][tabindex='0'], [role=application], canvas[tabindex='0']"
    ).first.focus()
    for key in keys:
        root.page.keyboard.press(key)
        root.page.wait_for_timeout(50)
        if picture(root) != before:
            return True
    return False


def open_gallery(page, lab, path, *, theme="", width=1280, height=900):
    page.set_viewport_size({"width": width, "height": height})
    open_notebook(page, lab, path)
    page.evaluate(
        """() => {
            const {commands, shell} = window.jupyterapp;
            if (!shell.leftCollapsed) return commands.execute('application:toggle-left-area');
        }"""
    )
    if theme:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
        )
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")


def test_a_saved_notebook_is_alive_before_any_cell_has_run(page, jupyter_lab, gallery):
    open_gallery(page, jupyter_lab, gallery)
    reload_if_not_restored(page)
    for cell in CELLS:
        root = widget_of(page, cell)
        assert root.get_attribute("data-widget") in KINDS, cell
        assert answers_to_a_key(root), cell
    with pytest.raises(RuntimeError, match="NameError"):  # the kernel knows nothing of them yet
        kernel_value(jupyter_lab, gallery, "first.scores")
    assert page.record.page_errors == []


def test_every_widget_answers_in_a_fresh_kernel_and_copies_keep_to_themselves(
    page, jupyter_lab, gallery
):
    open_gallery(page, jupyter_lab, gallery)
    run_all(page)
    for one, copy, other in (
        ("score-all", "score-copy", "score-other"),
        ("vector-plain", "vector-copy", "vector-target"),
        ("map-plain", "map-copy", "map-editable"),
        ("kernel-plain", "kernel-copy", "kernel-boxcar"),
    ):
        untouched = picture(widget_of(page, other))
        root = widget_of(page, one)
        assert answers_to_a_key(root), one
        now = picture(root)
        page.wait_for_timeout(300)
        assert picture(widget_of(page, copy)) == now, copy
        assert picture(widget_of(page, other)) == untouched, other
    assert page.record.page_errors == []


def test_what_goes_wrong_in_a_students_function_is_told_in_the_widget(page, jupyter_lab, gallery):
    open_gallery(page, jupyter_lab, gallery)
    run_all(page)
    for cell, told in (
        ("score-broken", "AttributeError"),
        ("score-nan", "nan"),
        ("score-short", "shape (2,)"),
        ("score-text", "'weights'"),
        ("score-no", "returned None"),
    ):
        alert = widget_of(page, cell).locator("[role=alert]")
        assert told in alert.text_content(), cell
        assert "site-packages" not in alert.text_content()
    prints = widget_of(page, "score-prints")
    assert "the largest score is 3.0" in prints.inner_text()


def test_a_slow_function_of_a_students_holds_nothing_up(page, jupyter_lab, gallery):
    """A second a call: the thumb follows at once, and only the newest place is answered."""
    open_gallery(page, jupyter_lab, gallery)
    run_all(page)
    root = widget_of(page, "score-slow")
    slider = root.get_by_role("slider").first
    slider.focus()
    page.evaluate("() => { window.began = performance.now(); }")
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(60)
    moved = page.evaluate("() => performance.now() - window.began")
    assert float(slider.get_attribute("aria-valuenow")) == 2.5
    assert moved < 3000, "the drag did not wait for 25 calls of a second each"
    page.wait_for_function(
        "e => !e.classList.contains('ae-stale')", arg=root.element_handle(), timeout=10_000
    )
    assert page.evaluate("() => performance.now() - window.began") < 8000, "nothing queued up"
    assert json.loads(kernel_value(jupyter_lab, gallery, "slow.scores.tolist()")) == [2.5, 3, 1]


def test_pictures_answer_while_the_kernel_is_busy_and_after_it_was_restarted(
    page, jupyter_lab, gallery
):
    open_gallery(page, jupyter_lab, gallery)
    run_all(page)
    page.evaluate(
        f"""() => {{ {KERNEL}.requestExecute(
            {{code: 'end = time.time() + 12\\nwhile time.time() < end: pass'}}); }}"""
    )
    page.wait_for_function(f"() => {STATUS} === 'busy'")
    shown = ("score-all", "vector-plain", "map-editable", "kernel-plain")
    for cell in shown:
        assert answers_to_a_key(widget_of(page, cell)), cell
    assert page.evaluate(f"() => {STATUS}") == "busy"
    page.evaluate(f"() => {KERNEL}.restart()")
    page.wait_for_function(f"() => {STATUS} === 'idle'", timeout=60_000)
    for cell in shown:
        assert answers_to_a_key(widget_of(page, cell)), cell
    assert page.record.page_errors == []


@pytest.mark.parametrize("theme", ["", "JupyterLab Dark"])
def test_no_output_has_a_barrier(page, jupyter_lab, gallery, theme):
    open_gallery(page, jupyter_lab, gallery, theme=theme)
    reload_if_not_restored(page)
    for cell in ONE_OF_EACH if theme else CELLS:
        widget_of(page, cell)
        found = Axe().run(page, context=".jp-Cell.jp-mod-active .jp-OutputArea-output")
        told = [
            (v["id"], [node["html"][:120] for node in v["nodes"][:2]])
            for v in found.response["violations"]
        ]
        assert told == [], cell


@pytest.mark.parametrize("size", [(640, 450, 2), (420, 800, 1)], ids=["zoomed", "narrow"])
def test_nothing_is_cut_off_on_a_zoomed_or_narrow_page(chromium, jupyter_lab, gallery, size):
    """A page of 1280 pixels at 200 % is one of 640."""
    width, height, scale = size
    context = chromium.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale
    )
    try:
        page = context.new_page()
        open_gallery(page, jupyter_lab, gallery, width=width, height=height)
        reload_if_not_restored(page)  # then the sidebar is gone, too, and everybody knows
        for cell in CELLS:
            root = widget_of(page, cell)
            wide = root.evaluate(
                """root => {
                    const scrolls = e => e !== root && (getComputedStyle(e).overflowX !== 'visible'
                        || scrolls(e.parentElement));
                    const right = root.getBoundingClientRect().right + 1;
                    return [...root.querySelectorAll('*')].filter(e => e.getClientRects().length
                        && !e.closest('.ae-spoken') && !scrolls(e) && !e.closest('svg')
                        && e.getBoundingClientRect().right > right).map(e => e.className);
                }"""
            )
            assert wide == [], cell
            if cell in ONE_OF_EACH:
                assert answers_to_a_key(root), cell
    finally:
        context.close()


def test_a_finger_moves_what_a_mouse_moves(chromium, jupyter_lab, gallery):
    context = chromium.new_context(viewport={"width": 900, "height": 900}, has_touch=True)
    try:
        page = context.new_page()
        open_gallery(page, jupyter_lab, gallery, width=900)
        reload_if_not_restored(page)
        client = context.new_cdp_session(page)
        for cell in ("score-all", "vector-plain", "kernel-plain"):
            root = widget_of(page, cell)
            before = picture(root)
            box = first_control(root).bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 30)
            for kind, shift in (("touchStart", 0), ("touchMove", 12), ("touchMove", 30)):
                client.send(
                    "Input.dispatchTouchEvent",
                    {"type": kind, "touchPoints": [{"x": x + shift, "y": y}]},
                )
            client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            page.wait_for_timeout(100)
            assert picture(root) != before, cell
        root = widget_of(page, "map-plain")
        before = picture(root)
        root.locator("[data-row='3'][data-column='2']").first.tap()
        assert picture(root) != before or "3" in root.inner_text()
    finally:
        context.close()


def test_hostile_labels_do_nothing_and_are_announced(page, jupyter_lab, gallery):
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_gallery(page, jupyter_lab, gallery)
    reload_if_not_restored(page)
    for cell in ("score-hostile", "vector-hostile", "map-hostile", "kernel-one"):
        root = widget_of(page, cell)
        assert root.locator("img, script, b").count() == 0, cell
        names = root.evaluate(
            """root => [...root.querySelectorAll('[aria-label]')]
                .map(e => e.getAttribute('aria-label'))"""
        )
        assert all(name.strip() for name in names), cell
        told = " ".join([*names, root.text_content()])
        assert "<img src=x onerror=alert(1)>" in told, cell
        # A text of 1,000 characters does not make the page wider than its notebook.
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth + 1"), cell
    assert dialogs == []
    assert page.record.page_errors == []


def test_an_export_is_alive_without_a_kernel_and_a_network(page, executed, tmp_path):
    (path, *_) = export(tmp_path / "pages", [executed])
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.locator("[data-widget]").first.wait_for()
    roots = page.locator("[data-widget]")
    assert roots.count() == len(CELLS)
    for number in range(roots.count()):
        root = roots.nth(number)
        root.scroll_into_view_if_needed()
        assert answers_to_a_key(root), CELLS[number]
    assert {url.split(":")[0] for url in page.record.requests} <= {"file", "blob", "data"}
    assert page.record.page_errors == []


def large_type(root):
    return root.get_by_role("button", name="Large type", exact=True)


def is_large(root):
    return root.evaluate("root => parseFloat(getComputedStyle(root).fontSize) > 20")


def test_large_type_holds_for_a_saved_notebook_and_for_the_next_visit(page, jupyter_lab, gallery):
    """Before any cell has run, by keyboard; what is pressed in one widget holds for all."""
    open_gallery(page, jupyter_lab, gallery)
    reload_if_not_restored(page)
    before = {cell: picture(widget_of(page, cell)) for cell in ONE_OF_EACH}
    first = widget_of(page, ONE_OF_EACH[0])
    assert not is_large(first)

    large_type(first).press("Enter")

    def all_are_large():
        for cell in CELLS:
            root = widget_of(page, cell)
            assert is_large(root), cell
            assert root.evaluate("root => root.scrollWidth <= root.clientWidth + 1"), cell
            if cell in before:
                assert picture(root) == before[cell], cell
            large_type(root).press("Space")  # off again …
            assert not is_large(root), cell
            large_type(root).press("Space")

    all_are_large()
    open_gallery(page, jupyter_lab, gallery)
    reload_if_not_restored(page)
    all_are_large()
    assert page.record.page_errors == []


def test_large_type_works_in_an_export(page, executed, tmp_path):
    (path, *_) = export(tmp_path / "pages", [executed])
    page.context.set_offline(True)
    for visit in ("first", "second"):
        page.goto(path.as_uri())
        page.locator("[data-widget]").first.wait_for()
        roots = page.locator("[data-widget]").all()
        if visit == "first":
            large_type(roots[-1]).press("Enter")
        assert all(is_large(root) for root in roots), visit
        wide = "() => document.documentElement.scrollWidth <= window.innerWidth"
        assert page.evaluate(wide), visit
        assert answers_to_a_key(roots[0]), visit
    assert page.record.page_errors == []
