"""Large type, for projectors: one button in every widget, heard by all widgets of a page."""

import numpy as np
import pytest

from attention_edu import AttentionMap, KernelExplorer, ScoreExplorer, VectorExplorer, causal_mask
from browser.plain_page import LABELS, PAGE, Site, empty_site, listen, one_page, violations

pytestmark = pytest.mark.browser

TOKENS = ["the", "cat", "sat", "on", "the", "mat"]
PLACES = [[0.2, 0.9], [1.0, 0.2], [0.4, 0.4], [0.0, 0.1], [0.2, 0.9], [0.9, 0.6]]
SCORES = [0.5, 2.0, 1.0, -1.0, 0.3, 1.5]
MANY = [f"token {number}" for number in range(100)]


def square(n):
    return np.random.default_rng(0).normal(size=(n, n))


def shares(n):
    powers = np.exp(2 * square(n))
    return powers / powers.sum(axis=-1, keepdims=True)


ONE_OF_EACH = {
    "score": lambda: ScoreExplorer(TOKENS, SCORES, PLACES, value_names=["animal", "place"]),
    "vector": lambda: VectorExplorer(PLACES, [0.5, 1.0], tokens=TOKENS, target=[0.5, 0.5]),
    "map": lambda: AttentionMap(
        scores=square(6), queries=TOKENS, editable=True, mask=causal_mask(6, 6), values=PLACES
    ),
    "kernel": lambda: KernelExplorer(np.arange(12), np.sin(np.arange(12)), query=4.0),
}
WIDGETS = {
    **ONE_OF_EACH,
    "score alone": lambda: ScoreExplorer(TOKENS, SCORES, steps=["scores"], controls=[]),
    "guess": lambda: ScoreExplorer(TOKENS, SCORES, predict=True),
    "long labels": lambda: ScoreExplorer(LABELS, np.linspace(-9, 9, len(LABELS))),
    "vector with values": lambda: VectorExplorer(PLACES, [0.5, 1.0], values=PLACES[::-1]),
    "vector alone": lambda: VectorExplorer(PLACES, [0.5, 1.0], controls=[]),
    "map of weights": lambda: AttentionMap(shares(6), TOKENS),
    "map of long labels": lambda: AttentionMap(shares(len(LABELS)), LABELS),
    "map of an image": lambda: AttentionMap(
        shares(16)[:3], TOKENS[:3], image=np.linspace(0, 1, 256).reshape(16, 16), patches=(4, 4)
    ),
    "drawn map": lambda: AttentionMap(shares(40), MANY[:40]),
    "kernel alone": lambda: KernelExplorer(np.arange(12), np.sin(np.arange(12)), controls=[]),
}
each = pytest.mark.parametrize("name", ONE_OF_EACH)
every = pytest.mark.parametrize("name", WIDGETS)


@pytest.fixture(scope="module")
def shared_page(chromium):
    with one_page(chromium) as page:
        yield page


@pytest.fixture
def site(shared_page):
    with empty_site(shared_page, Site) as made:
        yield made


@pytest.fixture
def visit(chromium):
    """Open a page of a site that a browser can remember; each visit loads it anew."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    address = "http://course.test/"
    context.route(address, lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    wrong = []

    def open_page(script=""):
        page = context.new_page()
        heard = listen(page)
        page.add_init_script(script)
        made = Site(page)
        made.start(address)
        heard.clear()  # the request for the page itself
        wrong.append(heard)
        return made

    yield open_page
    assert not any(wrong)
    context.close()


def type_size(view):
    return view.root.evaluate("root => parseFloat(getComputedStyle(root).fontSize)")


def is_large(view):
    pressed = view.large_type.get_attribute("aria-pressed")
    assert pressed in ("true", "false")
    assert (type_size(view) > 20) == (pressed == "true")
    return pressed == "true"


def numbers(view):
    """Return all that a picture says in exact numbers."""
    names = ("data-weight", "data-output", "data-score", "aria-valuenow")
    return {name: view.numbers(name) for name in names}


def drag(view, name, points):
    """Drag a slider over points that are parts of its track, 0 to 1."""
    track = view.slider(name)
    track.scroll_into_view_if_needed()
    place = track.evaluate(
        """track => {
            const {left, top, width, height} = track.getBoundingClientRect();
            const {fontSize} = getComputedStyle(track);
            const pad = parseFloat(getComputedStyle(track).getPropertyValue("--pad"));
            return [left, top + height / 2, width, pad * parseFloat(fontSize)];
        }"""
    )
    left, middle, width, pad = place
    xs = [left + pad + point * (width - 2 * pad) for point in points]
    mouse = view.page.mouse
    mouse.move(xs[0], middle)
    mouse.down()
    for x in xs[1:]:
        mouse.move(x, middle)
    mouse.up()


# ---------------------------------------------------------------------------------------------
# The button
# ---------------------------------------------------------------------------------------------


@every
def test_every_widget_ends_its_controls_with_one_named_button(site, name):
    view = site.show(WIDGETS[name]())

    assert view.large_type.count() == 1
    assert view.large_type.evaluate("e => [e.tagName, e.type]") == ["BUTTON", "button"]
    assert view.large_type.get_attribute("aria-pressed") == "false"
    assert view.large_type.get_attribute("data-lm-suppress-shortcuts") == "true"
    assert view.large_type.evaluate("e => e === e.closest('.ae-controls').lastElementChild")
    box = view.large_type.bounding_box()
    assert min(box["width"], box["height"]) >= 24


@each
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_key_on_the_button_enlarges_every_widget_of_the_page_and_no_model_hears_of_it(
    site, name, key
):
    views = {other: site.show(make()) for other, make in ONE_OF_EACH.items()}
    copy = views[name].again()
    before = [numbers(view) for view in views.values()]
    sizes = [type_size(view) for view in views.values()]

    views[name].large_type.press(key)

    for view, size in zip(views.values(), sizes, strict=True):
        assert is_large(view)
        assert type_size(view) == pytest.approx(1.6 * size)
    assert is_large(copy)
    assert views[name].large_type.evaluate("e => e === document.activeElement")
    assert is_large(site.show(ONE_OF_EACH[name]())), "a widget that is shown later"

    copy.large_type.press(key)

    assert not any(is_large(view) for view in views.values())
    assert [type_size(view) for view in views.values()] == sizes
    assert [numbers(view) for view in views.values()] == before
    site.page.wait_for_timeout(150)
    assert [view.unsent() for view in views.values()] == [[]] * len(views)
    for view in views.values():
        assert view.root.locator(".ae-spoken[role=status]").inner_text() == ""


@each
def test_the_button_stays_in_sight_when_widgets_above_it_grow(site, name):
    for make in ONE_OF_EACH.values():
        site.show(make())
    view = site.show(ONE_OF_EACH[name]())
    view.large_type.focus()

    view.large_type.press("Enter")

    box = view.large_type.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 901


@each
def test_reset_leaves_the_type_large(site, name):
    view = site.show(ONE_OF_EACH[name]())
    view.large_type.click()

    view.root.get_by_role("button", name="Reset").click()

    assert is_large(view)


@each
def test_a_widget_that_is_gone_listens_no_more(site, name):
    view, other = site.show(ONE_OF_EACH[name]()), site.show(ONE_OF_EACH[name]())
    site.page.evaluate("n => cleanups[n]()", view.number)

    other.large_type.click()
    view.large_type.click()

    assert is_large(other)
    assert not is_large(view)


# ---------------------------------------------------------------------------------------------
# The browser's memory
# ---------------------------------------------------------------------------------------------


@each
def test_a_second_visit_finds_the_type_as_it_was_left(visit, name):
    first = visit().show(ONE_OF_EACH[name]())
    assert not is_large(first)
    first.large_type.click()

    second = visit().show(ONE_OF_EACH[name]())
    assert is_large(second)
    second.large_type.click()
    assert not is_large(second)

    assert not is_large(visit().show(ONE_OF_EACH[name]()))


@each
def test_a_browser_that_forbids_its_memory_still_has_large_type(site, name):
    """On the empty page, as in a sandboxed frame, to ask for it raises an error."""
    forbidden = "() => { try { return !localStorage } catch { return true } }"
    assert site.page.evaluate(forbidden)
    view = site.show(ONE_OF_EACH[name]())

    view.large_type.click()

    assert is_large(view)
    assert is_large(site.show(ONE_OF_EACH[name]()))


def test_a_memory_that_is_full_does_no_harm(visit):
    site = visit("Storage.prototype.setItem = () => { throw new Error('full'); }")
    view = site.show(ONE_OF_EACH["score"]())

    view.large_type.click()

    assert is_large(view)
    assert not is_large(visit().show(ONE_OF_EACH["score"]()))


# ---------------------------------------------------------------------------------------------
# The picture in large type
# ---------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("width", [760, 1280])
def test_nothing_overflows_in_large_type(site, name, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    view = site.show(WIDGETS[name]())

    view.large_type.click()

    assert site.page.evaluate("() => document.documentElement.scrollWidth") <= width
    cut = view.root.evaluate(
        """root => [...root.querySelectorAll(".ae-frame > span, .ae-button, .ae-map-number")]
            .filter(e => e.offsetWidth && e.scrollWidth > e.clientWidth + 1)
            .map(e => e.textContent)"""
    )
    assert cut == []
    right = view.root.evaluate("root => root.getBoundingClientRect().right")
    for button in view.root.locator(".ae-controls > *").all():
        box = button.bounding_box()
        assert box is None or box["x"] + box["width"] <= right + 0.5


@pytest.mark.parametrize("name", ["score", "vector", "kernel"])
@pytest.mark.parametrize("width", [760, 1120, 1280])
def test_the_table_and_the_plot_need_no_scrolling_sideways(site, name, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    view = site.show(ONE_OF_EACH[name]())

    view.large_type.click()

    wide = view.root.evaluate(
        """root => [...root.querySelectorAll("*")]
            .filter(e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX))
            .filter(e => e.scrollWidth > e.clientWidth).map(e => e.className)"""
    )
    assert wide == []


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("score", ".ae-plane .ae-label"),
        ("score", ".ae-cell .ae-number"),
        ("vector", ".ae-vector-label"),
        ("vector", ".ae-vector-tick"),
        ("kernel", ".ae-kernel-tick"),
        ("map", ".ae-map-number"),
    ],
)
def test_numbers_and_names_in_pictures_grow_as_well(site, name, selector):
    view = site.show(ONE_OF_EACH[name]())
    height = """e => {
        const scale = e.ownerSVGElement?.getScreenCTM().a ?? 1;
        return scale * parseFloat(getComputedStyle(e).fontSize);
    }"""
    before = view.root.locator(selector).first.evaluate(height)

    view.large_type.click()

    assert view.root.locator(selector).first.evaluate(height) >= 1.45 * before


@pytest.mark.parametrize(
    ("name", "slider", "ends", "number"),
    [
        ("score", "Score of cat", lambda e: e.score_range, lambda e: e.scores[1]),
        ("kernel", "Query x", lambda e: e.x_range, lambda e: e.query),
    ],
)
def test_a_drag_after_the_switch_gives_the_right_number(site, name, slider, ends, number):
    view = site.show(ONE_OF_EACH[name]())
    view.large_type.click()

    drag(view, slider, [0.2, 0.5, 0.75])

    view.sync()
    low, high = ends(view.explorer)
    assert number(view.explorer) == pytest.approx(low + 0.75 * (high - low), abs=0.06)
    view.agrees_with_python()


def test_a_drag_after_the_switch_gives_the_right_score_of_a_cell(site):
    view = site.show(ONE_OF_EACH["map"]())
    view.large_type.click()
    view.root.locator("[role=gridcell][data-row='4'][data-column='1']").click()

    drag(view, "Score of the (token 5) for cat", [0.5, 0.6, 0.1])

    view.sync()
    low, high = view.explorer.get_state(["_score_range"])["_score_range"]
    assert view.explorer.scores[4, 1] == pytest.approx(low + 0.1 * (high - low), abs=0.06)
    np.testing.assert_allclose(
        view.numbers("data-weight"), view.explorer.weights.ravel(), rtol=0, atol=1e-12
    )


def test_a_drag_after_the_switch_puts_a_tip_where_the_pointer_is(site):
    view = site.show(ONE_OF_EACH["vector"]())
    view.large_type.click()
    side, margin = 440, 14
    box = view.root.locator("svg").bounding_box()
    low, high = view.explorer.limits

    def spot(point):
        a, b = ((np.array(point) - low) / (high - low)) * (side - 2 * margin) + margin
        return box["x"] + a * box["width"] / side, box["y"] + (side - b) * box["width"] / side

    mouse = site.page.mouse
    mouse.move(*spot(view.explorer.query))
    mouse.down()
    mouse.move(*spot((0, 0)))
    mouse.move(*spot((-0.5, 0.75)))
    mouse.up()

    view.sync()
    np.testing.assert_allclose(view.explorer.query, [-0.5, 0.75], atol=0.011)
    view.agrees_with_python()


@each
def test_a_move_in_large_type_moves_nothing_around_it(site, name):
    view = site.show(ONE_OF_EACH[name]())
    view.large_type.click()
    boxes = """root =>
        [...root.querySelectorAll("tr, td, p, svg:not(svg svg), button, .ae-cell, .ae-frame")].map(
            e => Object.values(e.getBoundingClientRect().toJSON()).join())"""
    first = view.root.get_by_role("slider").first
    first.focus()
    before = view.root.evaluate(boxes)

    for key in ("ArrowRight", "ArrowUp", "PageUp", "ArrowDown", "ArrowDown"):
        first.press(key)

    assert view.root.evaluate(boxes) == before


def test_rows_out_of_sight_are_right_after_the_switch(site):
    view = site.show(ScoreExplorer(MANY, np.linspace(-2, 2, 100)))
    view.large_type.click()

    drag(view, "Score of token 3", [0.5, 0.9])
    site.page.wait_for_timeout(300)

    view.sync()
    view.agrees_with_python()
    written = view.root.locator(".ae-weights .ae-cell .ae-number").all_text_contents()
    assert written == [
        "<0.1 %" if 0 < weight < 0.0005 else f"{100 * weight:.1f} %"
        for weight in view.explorer.weights
    ]


def test_a_drawn_map_is_drawn_larger_and_a_click_finds_its_cell(site):
    site.page.set_viewport_size({"width": 760, "height": 900})
    view = site.show(AttentionMap(shares(40), MANY[:40]))
    for _ in range(2):
        view.root.get_by_role("button", name="Zoom in").click()
    scroller = view.root.locator(".ae-map-large")
    wide = "e => e.firstElementChild.offsetWidth"
    before = scroller.evaluate(wide)

    view.large_type.click()

    assert scroller.evaluate(wide) == pytest.approx(1.6 * before, rel=0.05)
    scroller.focus()
    scroller.press("Control+Home")
    canvas = view.root.locator(".ae-map-canvas").last
    cell = 38  # 1.6 times 24 pixels; beside them the names
    canvas.click(position={"x": 134.4 + 3.5 * cell, "y": 115.2 + 2.5 * cell})
    readout = view.root.locator(".ae-map-readout")
    assert readout.get_attribute("data-row") == "2"
    assert readout.get_attribute("data-column") == "3"
    assert float(readout.get_attribute("data-weight")) == pytest.approx(shares(40)[2, 3])

    view.large_type.click()

    assert scroller.evaluate(wide) == before


@every
def test_axe_finds_nothing_wrong_in_large_type(site, name):
    site.show(WIDGETS[name]()).large_type.click()
    assert violations(site) == []
