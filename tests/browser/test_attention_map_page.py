"""The attention map on a plain page, with nothing of Jupyter: its contract and what it does."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import AttentionMap, causal_mask
from attention_edu.attention import softmax, weighted_sum
from browser.plain_page import Site, View, empty_site, one_page, violations

pytestmark = pytest.mark.browser

INF = float("inf")
TOKENS = ["the", "cat", "sat"]
WEIGHTS = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.05, 0.05, 0.9]]
SCORES = [[0.0, 1.0, -2.0], [3.0, 0.5, 0.5], [0.0, 0.0, 0.0]]
VALUES = [[1.0, 0.0], [0.0, 1.0], [3.0, -3.0]]
IMAGE = np.linspace(0, 1, 16 * 16).reshape(16, 16)


class MapView(View):
    """A map in Python, and one view of it on the page."""

    @property
    def map(self):
        return self.explorer

    def cell(self, row, column):
        return self.root.locator(f"[role=gridcell][data-row='{row}'][data-column='{column}']")

    def weights(self):
        return self.root.locator("[role=gridcell][data-weight]").evaluate_all(
            "all => all.map(e => Number(e.dataset.weight))"
        )

    def output(self):
        return self.root.locator("[data-output]").evaluate_all(
            "all => all.map(e => Number(e.dataset.output))"
        )

    def readout(self):
        """Return row, column and weight of the one cell that a large map shows."""
        found = self.root.locator("[data-weight]")
        assert found.count() == 1
        return found.evaluate(
            "e => [e.dataset.row, e.dataset.column, e.dataset.weight].map(Number)"
        )

    def title(self):
        return self.text(".ae-map-right .ae-title >> nth=0")

    def agrees_with_python(self):
        """Compare the page's numbers with those of Python, to 1e-12."""
        of_head = self.map._of_head(self.map.weights)
        assert_allclose(self.weights(), of_head.ravel(), rtol=1e-12, atol=1e-12)
        if self.map.output is not None:
            assert_allclose(self.output(), self.map.output, rtol=1e-12, atol=1e-12)


class MapSite(Site):
    """A plain page on which maps are shown."""

    view = MapView

    def make(self, **options):
        given = {} if "scores" in options else {"weights": WEIGHTS}
        return AttentionMap(**{**given, "queries": TOKENS, **options})


@pytest.fixture(scope="module")
def shared_page(chromium):
    with one_page(chromium) as page:
        yield page


@pytest.fixture
def site(shared_page):
    with empty_site(shared_page, MapSite) as made:
        yield made


def large(**options):
    random = np.random.default_rng(5)
    return AttentionMap(softmax(random.normal(size=(512, 512)) * 2), **options)


# ---------------------------------------------------------------------------------------------
# The contract of the page
# ---------------------------------------------------------------------------------------------


def test_a_small_map_is_a_grid_with_a_named_cell_for_each_weight(site):
    view = site.show(title="Where “it” looks")

    assert view.root.get_attribute("aria-label") == "Where “it” looks"
    assert view.root.get_by_role("grid").count() == 1
    assert view.root.get_by_role("row").count() == 4
    assert view.root.get_by_role("rowheader").all_inner_texts() == TOKENS
    assert view.root.get_by_role("columnheader").all_inner_texts() == TOKENS
    view.agrees_with_python()
    assert view.cell(1, 2).get_attribute("aria-label") == "cat to sat: 30.0 %"
    assert view.cell(1, 2).inner_text() == "30.0"


STATES = {
    "scores": {"scores": SCORES, "values": VALUES},
    "masked": {"scores": SCORES, "values": VALUES, "mask": causal_mask(3, 3)},
    "all masked": {"scores": SCORES, "values": VALUES, "mask": False},
    "minus infinity": {"scores": [[-INF] * 3, [0, -INF, 1], [2, 2, 2]], "values": VALUES},
    "huge": {"scores": [[1e308, -1e308, 9e307]] * 3, "values": VALUES},
    "tiny": {"scores": [[5e-324, 0, -5e-324]] * 3, "values": VALUES},
    "head": {"scores": [SCORES, WEIGHTS], "head": 1, "row": 2, "values": VALUES},
    "mask of a head": {"scores": [SCORES] * 2, "head": 1, "mask": [[[True]], [[False]]]},
    "no shares": {"weights": [[0, 0, 0], [5, 0, 1e100], [0.1, 0, 0]], "values": VALUES},
    "single precision": {"weights": np.float32(WEIGHTS)},
    "many components": {"values": np.linspace(-3, 3, 192).reshape(3, 64)},
    "one cell": {"weights": [[1]], "queries": ["only"], "values": [[2]]},
    "rank": {"colouring": "rank"},
}


@pytest.mark.parametrize("options", STATES.values(), ids=STATES)
def test_weights_and_output_on_the_page_are_those_of_python(site, options):
    site.show(**options).agrees_with_python()


def test_random_scores_give_the_weights_of_python(site):
    random = np.random.default_rng(3)
    for _ in range(8):
        n, m = random.integers(1, 33, size=2)
        scores = random.normal(scale=10.0 ** random.integers(-3, 4), size=(2, n, m))
        scores[random.random(scores.shape) < 0.1] = -INF
        shown = AttentionMap(
            scores=scores,
            mask=random.random((n, m)) < 0.8,
            values=random.normal(size=(m, 4)),
            head=1,
            row=int(n) - 1,
        )
        site.show(shown).agrees_with_python()


def test_the_chosen_row_is_told_in_words(site):
    view = site.show(row=1)

    assert view.title() == "Where “cat” looks"
    words = view.text(".ae-map-right")
    assert "row sum 1.00, entropy 1.3 of 1.6 bits" in words
    assert "largest: cat 60.0 %" in words
    told = view.root.locator(".ae-map-figure").get_attribute("aria-label")
    assert told == "Weights of the query cat: cat 60.0 %, sat 30.0 %, the 10.0 %"


def test_a_row_that_is_no_share_has_no_entropy(site):
    view = site.show(weights=[[0, 0, 0], [0.5, 0.1, 0], [1, 0, 0]])

    assert "row sum 0.00" in view.text(".ae-map-right")
    assert "entropy" not in view.text(".ae-map-right")
    assert "every weight of this row is 0" in view.text(".ae-map-right")


def test_lines_and_shades_are_as_strong_as_the_weights(site):
    view = site.show(weights=[[0.8, 0.2, 0.0], [0, 0, 1], [0, 1, 0]])

    lines = view.root.locator(".ae-map-lines line").evaluate_all(
        "all => all.map(e => Number(e.getAttribute('stroke-width')))"
    )
    shades = view.root.locator(".ae-map-to .ae-map-item").evaluate_all(
        "all => all.map(e => parseFloat((getComputedStyle(e).backgroundColor"
        ".match(/[/,] ?([\\d.]+)\\)$/) ?? [0, 0])[1]))"
    )
    assert lines == [8.6, 2.6, 0]
    assert_allclose(shades, [0.6, 0.15, 0], atol=0.01)


def test_masked_cells_are_hatched_and_not_coloured(site):
    view = site.show(scores=SCORES, mask=causal_mask(3, 3))

    looks = [
        view.cell(*place).evaluate(
            "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).backgroundImage]"
        )
        for place in ((0, 1), (1, 0))
    ]
    assert looks[0][0] == "rgba(0, 0, 0, 0)"
    assert "repeating-linear-gradient" in looks[0][1]
    assert looks[1][0] != "rgba(0, 0, 0, 0)"
    assert looks[1][1] == "none"
    assert view.cell(0, 1).get_attribute("aria-label") == "the to cat: 0.0 %, masked"


def colours(view):
    return view.root.locator("[role=gridcell][data-row]").evaluate_all(
        "all => all.map(e => getComputedStyle(e).backgroundColor)"
    )


def test_linear_colours_are_those_of_cividis(site):
    from matplotlib import colormaps

    shown = AttentionMap([np.linspace(0, 1, 32)])
    seen = [[int(x) for x in rgb[4:-1].split(",")] for rgb in colours(site.show(shown))]

    expected = 255 * colormaps["cividis"](np.linspace(0, 1, 32))[:, :3]
    assert_allclose(seen, expected, atol=4)


def test_rank_colours_depend_on_the_order_alone(site):
    view = site.show(weights=[[0.98, 0.02, 0.0], [0.4, 0.35, 0.25], [1, 2, 3]], colouring="rank")

    seen = colours(view)
    assert seen[:3] == seen[3:6] == seen[6:][::-1]
    assert len(set(seen)) == 3
    view.root.get_by_role("checkbox").click()
    view.sync()
    assert view.map.colouring == "linear"
    assert colours(view) != seen


# ---------------------------------------------------------------------------------------------
# Pointer, keys, touch
# ---------------------------------------------------------------------------------------------


def test_pointing_shows_a_row_and_leaving_goes_back_to_the_chosen_one(site):
    view = site.show()

    view.cell(2, 1).hover()
    assert view.title() == "Where “sat” looks"
    assert view.text(".ae-map-readout") == "sat to cat: 5.0 %"
    site.page.mouse.move(5, 5)
    assert view.title() == "Where “the” looks"
    view.cell(1, 1).click()
    site.page.mouse.move(5, 5)

    assert view.title() == "Where “cat” looks"
    view.sync()
    assert view.map.row == 1


def test_a_name_stands_for_its_row_or_column(site):
    view = site.show(row=2)

    view.root.get_by_role("rowheader").nth(1).hover()
    assert "cat" in view.title()
    assert view.map.row == 2
    view.root.get_by_role("columnheader").nth(2).hover()
    assert view.root.locator(".ae-map-pointed").get_attribute("data-column") == "2"
    view.root.get_by_role("rowheader").nth(1).click()
    view.sync()
    assert view.map.row == 1
    assert site.page.evaluate("() => document.activeElement.dataset.row") == "1"
    view.root.get_by_role("columnheader").nth(0).click()
    assert view.cell(1, 0).evaluate("e => e === document.activeElement")


def test_pointing_is_answered_in_the_same_instant(site):
    view = site.show()

    seen = view.root.evaluate(
        """root => {
            const cell = root.querySelector("[data-row='1'][data-column='0']");
            cell.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
            return root.querySelector(".ae-map-readout").textContent;
        }"""
    )
    assert seen == "cat to the: 10.0 %"


def test_queries_of_the_list_can_be_chosen_too(site):
    view = site.show()

    view.root.locator(".ae-map-from .ae-map-item").nth(2).click()

    view.sync()
    assert view.map.row == 2


def test_one_cell_is_in_the_order_of_tabs_and_arrows_move_between_them(site):
    view = site.show()
    assert view.root.locator("[role=gridcell][tabindex='0']").count() == 1

    view.cell(0, 0).focus()
    keys = ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "Home", "End", "ArrowLeft"]
    keys += ["PageDown", "PageUp", "Control+End", "Control+Home", "ArrowUp", "ArrowLeft"]
    places = []
    for key in keys:
        site.page.keyboard.press(key)
        places.append(
            site.page.evaluate(
                "() => [document.activeElement.dataset.row, document.activeElement.dataset.column]"
            )
        )
    expected = ["10", "11", "12", "12", "10", "12", "11", "21", "01", "22", "00", "00", "00"]
    assert ["".join(place) for place in places] == expected
    assert view.root.locator("[role=gridcell][tabindex='0']").count() == 1
    site.page.keyboard.press("ArrowDown")
    view.sync()
    assert view.map.row == 1
    assert view.title() == "Where “cat” looks"


@pytest.mark.parametrize("options", [{}, {"scores": SCORES, "editable": True}])
def test_jupyterlab_leaves_the_keys_of_all_that_can_be_focused_alone(site, options):
    view = site.show(weights=None if options else [WEIGHTS] * 2, **options)

    bare = view.root.locator(
        "[tabindex]:not([data-lm-suppress-shortcuts]):not(pre),"
        "button:not([data-lm-suppress-shortcuts]), select:not([data-lm-suppress-shortcuts]),"
        "input:not([data-lm-suppress-shortcuts])"
    )
    assert bare.count() == 0


def test_heads_are_chosen_from_a_list(site):
    view = site.show(weights=[WEIGHTS, WEIGHTS[::-1]], head_names=["first", "<b>"])

    view.root.get_by_label("head").select_option(label="<b>")

    view.sync()
    assert view.map.head == 1
    view.agrees_with_python()
    view.map.head = 0
    view.receive_from_python("head")
    view.agrees_with_python()
    assert view.root.get_by_label("head").input_value() == "0"


def test_python_moves_the_picture(site):
    view = site.show(values=VALUES)

    view.map.weights = WEIGHTS[::-1]
    view.map.row = 2
    view.map.mask = [False, True, True]
    view.receive_from_python("weights", "row", "mask")

    view.agrees_with_python()
    assert view.title() == "Where “sat” looks"
    assert "masked" in view.cell(1, 0).get_attribute("aria-label")


def test_a_tap_chooses_a_row(chromium):
    context = chromium.new_context(has_touch=True, viewport={"width": 360, "height": 800})
    page = context.new_page()
    site = MapSite(page)
    site.start()
    view = site.show()

    view.cell(2, 0).tap()

    view.sync()
    assert view.map.row == 2
    assert view.title() == "Where “sat” looks"
    context.close()


# ---------------------------------------------------------------------------------------------
# Editing
# ---------------------------------------------------------------------------------------------


@pytest.fixture
def edited(site):
    return site.show(scores=SCORES, values=VALUES, editable=True, mask=[[True, True, False]])


def test_the_slider_of_the_focused_cell_moves_its_score_and_the_row_follows(edited):
    edited.cell(1, 0).focus()
    slider = edited.root.get_by_role("slider", name="Score of cat for the")
    others = edited.weights()
    assert slider.get_attribute("aria-valuenow") == "3"

    slider.press("ArrowDown")
    slider.press("PageDown")

    edited.sync()
    assert edited.map.scores[1, 0] == pytest.approx(1.9)
    edited.agrees_with_python()
    assert_array_equal(np.delete(edited.weights(), [3, 4, 5]), np.delete(others, [3, 4, 5]))
    assert_allclose(edited.output(), weighted_sum(edited.map.weights[1], VALUES), atol=1e-12)


def test_plus_and_minus_move_the_score_of_the_focused_cell(edited):
    edited.cell(2, 1).press("+")
    edited.cell(2, 1).press("+")
    edited.cell(2, 0).press("-")

    edited.sync()
    assert_allclose(edited.map.scores[2], [-0.1, 0.2, 0], atol=1e-9)
    edited.agrees_with_python()


def test_a_cell_is_dragged_up_and_down(site, edited):
    box = edited.cell(0, 1).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    site.page.mouse.move(x, y)
    site.page.mouse.down()
    site.page.mouse.move(x, y - 80, steps=5)
    seen = edited.weights()
    site.page.mouse.up()

    edited.sync()
    assert edited.map.scores[0, 1] == pytest.approx(2.0)
    assert edited.map.row == 0
    assert_allclose(seen, edited.map.weights.ravel(), atol=1e-12)
    site.page.mouse.move(x, y + 60)
    assert edited.weights() == seen, "the drag has ended"


def test_reset_goes_back_to_the_beginning(edited):
    edited.cell(0, 0).press("+")
    edited.root.get_by_role("button", name="Reset").click()

    edited.sync()
    assert_array_equal(edited.map.scores, SCORES)
    edited.agrees_with_python()


def test_a_map_that_is_not_editable_has_no_slider_and_keeps_its_scores(site):
    view = site.show(scores=SCORES)
    view.cell(0, 0).press("+")

    assert view.root.get_by_role("slider").count() == 0
    assert view.sync() == []


def test_what_is_saved_is_the_score_and_the_row_alone(edited):
    edited.cell(1, 1).press("+")

    assert {name for changes in edited.sync() for name in changes} == {"scores", "row"}


def test_two_copies_of_one_map_stay_in_step_and_other_maps_alone(site):
    one = site.show(scores=SCORES, editable=True)
    twin, other = one.again(), site.show(scores=SCORES, editable=True)
    before = other.weights()

    one.cell(1, 1).press("+")

    assert twin.weights() == one.weights()
    assert other.weights() == before
    site.page.evaluate("n => cleanups[n]()", one.number)
    twin.cell(1, 1).press("+")
    assert twin.weights() != one.weights(), "a view that was put away does nothing any more"


# ---------------------------------------------------------------------------------------------
# Large maps
# ---------------------------------------------------------------------------------------------


def test_a_large_map_shows_the_cell_that_is_pointed_at(site):
    view = site.show(large())
    box = view.root.locator(".ae-map-scroller").bounding_box()

    site.page.mouse.move(box["x"] + 100.5, box["y"] + 200.5)

    row, column, weight = view.readout()
    assert (row, column) == (200, 100)
    assert weight == pytest.approx(view.map.weights[200, 100], abs=1e-15)
    assert view.title() == "Where “query 201” looks"
    site.page.mouse.click(box["x"] + 100.5, box["y"] + 200.5)
    view.sync()
    assert view.map.row == 200


def test_a_large_map_of_one_row_is_high_enough_to_point_at(site):
    view = site.show(AttentionMap(np.full((1, 144), 1 / 144)))

    map_ = view.root.locator(".ae-map-window").bounding_box()
    assert map_["height"] >= 28
    site.page.mouse.move(map_["x"] + map_["width"] * 100.5 / 144, map_["y"] + map_["height"] - 3)
    assert view.readout()[:2] == [0, 100]


def test_a_large_map_is_moved_by_keys_and_scrolls_along(site):
    view = site.show(large())
    canvas = view.root.get_by_role("application")
    canvas.press("Control+Home")
    for key in ("ArrowRight", "ArrowDown", "PageDown", "+", "+", "End"):
        canvas.press(key)

    row, column, _ = view.readout()
    assert (row, column) == (11, 511)
    assert canvas.evaluate("e => e.scrollLeft") > 500
    canvas.press("Control+End")
    assert view.readout()[:2] == [511, 511]
    assert canvas.evaluate("e => e.scrollTop") > 500
    view.sync()
    assert view.map.row == 511


READ = """(drawn, [x, y, width, height]) => {
    const copy = new OffscreenCanvas(drawn.width, drawn.height);
    const pen = copy.getContext("2d", {willReadFrequently: true});
    pen.drawImage(drawn, 0, 0);
    return [...pen.getImageData(x, y, width, height).data];
}"""


def pixel(view, x, y):
    return view.root.locator("canvas").first.evaluate(READ, [x, y, 1, 1])


def test_a_large_map_draws_its_weights_where_they_are_and_zooms(site):
    weights = np.zeros((512, 512), np.float32)
    weights[40, 300] = 1
    weights[2, 3] = 1
    view = site.show(AttentionMap(weights, row=40))
    yellow, blue = [254, 232, 56, 255], [0, 34, 78, 255]

    assert pixel(view, 300, 40) == yellow
    assert pixel(view, 300, 41) == blue
    scroller = view.root.locator(".ae-map-scroller")
    for _ in range(3):
        view.root.get_by_role("button", name="Zoom in").click()
    scroller.evaluate("e => { e.scrollLeft = 0; e.scrollTop = 0 }")
    site.page.wait_for_timeout(100)
    assert [pixel(view, 4 * 3 + at, 4 * 2 + at) for at in (0, 3)] == [yellow] * 2
    assert pixel(view, 4 * 3 - 1, 4 * 2) == blue
    scroller.evaluate("e => { e.scrollLeft = 1000; e.scrollTop = 100 }")
    site.page.wait_for_timeout(100)
    assert pixel(view, 4 * 300 - 1000, 4 * 40 - 100) == yellow
    view.root.get_by_role("button", name="Zoom out").click()
    assert scroller.evaluate("e => e.scrollWidth") == 3 * 512


def test_masked_cells_of_a_large_map_are_not_coloured(site):
    mask = np.ones((512, 512), bool)
    mask[:, 256:] = False
    view = site.show(large(mask=mask))

    seen = [pixel(view, x, 17) for x in range(270, 300)]

    assert min(seen, key=lambda p: p[3])[3] == 0
    assert all(p[0] == p[1] == p[2] or p[3] < 255 for p in seen), "grey lines on the page's ground"
    assert pixel(view, 100, 17)[3] == 255


def test_the_largest_keys_are_shaded_and_told_where_there_are_many(site):
    view = site.show(large(row=7))
    top = np.argsort(-view.map.weights[7])[:2]

    assert view.root.locator(".ae-map-token.ae-map-top").inner_text() == f"key {top[0] + 1}"
    assert f"largest: key {top[0] + 1} " in view.text(".ae-map-right")
    assert f", key {top[1] + 1} " in view.text(".ae-map-right")


def test_all_keys_are_shaded_soon_after_a_move(site):
    weights = np.zeros((2, 512))
    weights[0, 0] = weights[1, 511] = 1
    view = site.show(AttentionMap(weights))

    view.root.get_by_role("application").press("ArrowDown")
    site.page.wait_for_timeout(300)

    shaded = view.root.locator(".ae-map-token").evaluate_all(
        "all => all.map((e, j) => e.style.backgroundColor ? j : -1).filter((j) => j >= 0)"
    )
    assert shaded == [511]


def test_names_stand_beside_a_large_map_once_there_is_room(site):
    shown = AttentionMap(np.zeros((40, 40)), [f"word {i}" for i in range(40)])
    view = site.show(shown)
    for _ in range(6):
        view.root.get_by_role("button", name="Zoom in").click()
    view.root.locator(".ae-map-scroller").evaluate("e => { e.scrollLeft = 0; e.scrollTop = 0 }")

    ink = view.root.locator("canvas").first.evaluate(READ, [0, 72, 80, 24])[3::4]
    assert max(ink) > 100
    box = view.root.locator(".ae-map-scroller").bounding_box()
    site.page.mouse.move(box["x"] + 84 + 30, box["y"] + 72 + 50)
    assert view.readout()[:2] == [2, 1]


# ---------------------------------------------------------------------------------------------
# Images
# ---------------------------------------------------------------------------------------------


def test_patches_are_covered_by_their_weight_and_can_be_pointed_at(site):
    weights = np.zeros((1, 16))
    weights[0, 5], weights[0, 2] = 0.75, 0.25
    view = site.show(
        AttentionMap(weights, ["digit"], image=np.zeros((16, 16)), patches=(4, 4)),
    )
    canvas = view.root.locator(".ae-map-image")

    inks = [pixel(view, 160 * x + 25, 160 * y + 25)[0] for x, y in ((1, 1), (2, 0), (3, 3))]
    assert inks[0] > inks[1] > inks[2] == 0
    assert canvas.get_attribute("aria-label").endswith(": patch 2, 2 75.0 %, patch 1, 3 25.0 %")
    box = canvas.bounding_box()
    site.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.1 * box["height"])
    assert view.text(".ae-map-readout") == "digit to patch 1, 3: 25.0 %"


def test_where_patches_look_at_patches_pointing_at_one_shows_where_it_looks(site):
    weights = softmax(np.random.default_rng(0).normal(size=(4, 4)))
    view = site.show(AttentionMap(weights, image=IMAGE, patches=(2, 2)))
    box = view.root.locator(".ae-map-image").bounding_box()

    site.page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"])

    view.sync()
    assert view.map.row == 3
    assert view.title() == "Where “patch 2, 2” looks"


# ---------------------------------------------------------------------------------------------
# Any label, any width, any theme
# ---------------------------------------------------------------------------------------------

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '" onfocus="alert(1)" autofocus="',
    "שלום עולם\u202e",
    "注意力机制",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "x" * 1000,
    "",
    " ",
    "the",
    "the",
    "{query}",
    "$&",
    "__proto__",
    "two\nlines",
]


def hostile(**options):
    n = len(HOSTILE)
    return AttentionMap(
        np.full((2, n, n), 1 / n), HOSTILE, head_names=HOSTILE[:2], title=HOSTILE[0], **options
    )


def test_labels_are_text_and_every_cell_has_a_name_of_its_own(site):
    view = site.show(hostile())
    view.root.get_by_role("gridcell").nth(20).hover()

    assert view.root.locator("img, script, b").count() == 0
    names = view.root.locator("[role=gridcell][data-row]").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label'))"
    )
    assert len({" ".join(name.split()) for name in names}) == len(HOSTILE) ** 2


def test_hostile_labels_of_many_keys_are_text_too(site):
    keys = HOSTILE * 3
    view = site.show(AttentionMap(np.full((2, len(keys)), 0.1), keys=keys))

    assert view.root.locator("img, script, b").count() == 0
    assert view.root.locator(".ae-map-token").count() == len(keys)


def many(width):
    return [
        hostile(),
        AttentionMap(scores=SCORES, values=VALUES, editable=True, mask=causal_mask(3, 3)),
        AttentionMap(
            np.full((1, 16), 0.1), image=IMAGE, patches=(4, 4), mask=[True] + [False] * 15
        ),
        AttentionMap(np.full((40, 60), 0.1), mask=np.arange(60) % 3 > 0),
        AttentionMap(softmax(np.arange(9.0).reshape(3, 3)), TOKENS, row=2, colouring="rank"),
    ]


@pytest.mark.parametrize("width", [340, 768, 1280])
def test_nothing_makes_the_page_wider_than_the_window(site, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    for shown in many(width):
        site.show(shown)

    assert site.page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 340])
def test_axe_finds_no_fault_in_either_theme(site, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    for shown in many(width):
        site.show(shown)

    assert violations(site) == []


def test_ink_on_every_colour_has_a_contrast_of_four_and_a_half(site):
    looks = site.show(AttentionMap([np.linspace(0, 1, 32)])).root.locator(".ae-map-cell")
    looks = looks.evaluate_all(
        "all => all.map(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        ".map(rgb => rgb.match(/\\d+/g).slice(0, 3).map(Number)))"
    )
    parts = np.array(looks) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    light = np.sort(linear @ [0.2126, 0.7152, 0.0722], axis=1)

    assert ((light[:, 1] + 0.05) / (light[:, 0] + 0.05)).min() >= 4.5


def test_cells_are_large_enough_for_a_finger(site):
    view = site.show(AttentionMap(np.full((20, 20), 0.05)))
    sizes = view.root.locator(".ae-map-cell, button").evaluate_all(
        "all => all.map(e => Math.min(e.offsetWidth, e.offsetHeight))"
    )
    assert min(sizes) >= 24


def test_nothing_moves_by_itself(site):
    """So nothing need be left out for those who want no motion."""
    view = site.show(scores=SCORES, editable=True)
    longest = view.root.evaluate(
        """root => Math.max(...[root, ...root.querySelectorAll("*")].map((e) => {
            const style = getComputedStyle(e);
            return Math.max(...[style.transitionDuration, style.animationDuration].map(parseFloat));
        }))"""
    )
    assert longest == 0


# ---------------------------------------------------------------------------------------------
# Another matrix in the same place
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["weights", "_version", "key_names"])
def test_another_matrix_takes_the_place_whatever_arrives_first(site, first):
    view = site.show()
    view.map.show(
        softmax(np.random.default_rng(0).normal(size=(2, 2, 5))),
        queries=["did", "it"],
        keys=["a", "b", "c", "d", "<b>e</b>"],
        head_names=["one", "two"],
    )
    names = [n for n in view.map.keys if n not in ("_esm", "_css", "_model_module")]
    names.sort(key=lambda name: name != first)
    view.receive_from_python(*names)

    view.agrees_with_python()
    assert view.root.locator("[data-weight]").count() == 10
    assert view.root.get_by_label("head").count() == 1
    assert "<b>e</b>" in view.root.inner_text()
    view.map.show([[0.5, 0.5]])
    view.receive_from_python(*names)
    view.agrees_with_python()
    assert view.root.locator("[data-weight]").count() == 2
    assert view.root.get_by_label("head").count() == 0


def test_a_map_that_was_shown_anew_still_answers_and_ends_cleanly(site):
    view = site.show()
    view.map.show([[0.2, 0.8], [0.5, 0.5]], queries=["x", "y"])
    view.receive_from_python(*[n for n in view.map.keys if not n.startswith("_e")])
    heard = site.page.evaluate("n => models[n].heard.length", view.model)
    view.cell(1, 0).click()
    view.sync()
    assert view.map.row == 1
    for _ in range(3):
        view.map.show([[0.2, 0.8], [0.5, 0.5]], queries=["x", "y"])
        view.receive_from_python(*[n for n in view.map.keys if not n.startswith("_e")])
    assert site.page.evaluate("n => models[n].heard.length", view.model) == heard
