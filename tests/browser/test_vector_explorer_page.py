"""The vector explorer on a plain page, with nothing of Jupyter: its contract and what it does."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import VectorExplorer
from browser import plain_page as plain

pytestmark = pytest.mark.browser

TOKENS = ["the", "cat", "sat"]
KEYS = [[1.0, 0.0], [0.5, 1.5], [-1.0, -0.5]]
VALUES = [[1.5, 1.0], [-1.0, 0.5], [0.0, -1.2]]
QUERY = [1.0, 0.5]
SIDE, MARGIN = 440, 14  # of the drawing


class View(plain.View):
    """An explorer in Python, and one view of it on the page."""

    def agrees_with_python(self):
        shown = self.explorer
        largest = max(1.0, float(np.abs(shown.scores).max()))
        assert_allclose(self.numbers("data-score"), shown.scores, rtol=0, atol=1e-12 * largest)
        super().agrees_with_python()
        assert_allclose(self.numbers("data-output"), shown.output, rtol=1e-12, atol=1e-12)

    def spot(self, point):
        """Return where a point of the plane is in the window."""
        box = self.root.locator("svg").bounding_box()
        low, high = self.explorer.limits
        a, b = ((np.array(point) - low) / (high - low)) * (SIDE - 2 * MARGIN) + MARGIN
        scale = box["width"] / SIDE
        return box["x"] + a * scale, box["y"] + (SIDE - b) * scale

    def drag(self, name, *points):
        self.slider(name).scroll_into_view_if_needed()
        box = self.slider(name).bounding_box()
        mouse = self.page.mouse
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse.down()
        for point in points:
            mouse.move(*self.spot(point))
        mouse.up()


class Site(plain.Site):
    """A plain page on which vector explorers are shown."""

    view = View

    def make(self, **options):
        return VectorExplorer(**{"keys": KEYS, "query": QUERY, "tokens": TOKENS, **options})


@pytest.fixture(scope="module")
def shared_page(chromium):
    with plain.one_page(chromium) as page:
        yield page


@pytest.fixture
def site(shared_page):
    with plain.empty_site(shared_page, Site) as made:
        yield made


def names_of(view, role="slider"):
    return view.root.get_by_role(role).evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label') ?? e.textContent)"
    )


# ---------------------------------------------------------------------------------------------
# The contract of the page
# ---------------------------------------------------------------------------------------------


def test_the_root_names_the_widget_and_has_a_name_itself(site):
    plain_one, named = site.show(), site.show(title="Where “it” looks")

    assert plain_one.root.count() == 1
    assert plain_one.root.get_attribute("role") == "group"
    assert plain_one.root.get_attribute("aria-label") == "Vector explorer"
    assert named.root.get_attribute("aria-label") == "Where “it” looks"


def test_query_keys_and_separate_values_are_named_sliders_that_can_be_focused(site):
    shared, separate = site.show(), site.show(values=VALUES)
    keys = ["Query", *(f"Key of {token}" for token in TOKENS)]

    assert names_of(shared) == [*keys, "temperature"]
    assert names_of(separate) == [*keys, *(f"Value of {token}" for token in TOKENS), "temperature"]
    handle = separate.slider("Key of cat")
    assert handle.get_attribute("tabindex") == "0"
    assert handle.get_attribute("aria-valuetext") == "x 0.5, y 1.5, length 1.58, angle 72°"
    assert handle.get_attribute("aria-valuenow") == "0.5"


def random_states(count=24):
    random = np.random.default_rng(42)
    for number in range(count):
        n = int(random.integers(1, 25))
        spread = 10.0 ** random.integers(-3, 2)
        yield {
            "keys": random.normal(scale=spread, size=(n, 2)),
            "query": random.normal(scale=spread, size=2),
            "values": random.normal(size=(n, 2)) if number % 2 else None,
            "tokens": None,
            "score": ("dot", "scaled", "cosine")[number % 3],
            "temperature": float(10.0 ** random.uniform(-1, 3)),
            "mask": random.random(n) < 0.8,
        }


EXTREMES = [
    {"score": score, **state}
    for score in ("dot", "scaled", "cosine")
    for state in (
        {"keys": [[1e6, 0], [0, 1e6], [-1e6, 0]], "query": [1e6, 0]},
        {"keys": [[5e-324, 0], [5e-324, 5e-324], [0, 0]], "query": [5e-324, 5e-324]},
        {"keys": [[1e-310, 3e-310], [1e-200, 2e-200], [1e6, 1e-6]], "query": [1e-310, -2e-310]},
        {"keys": [[0, 0]] * 3, "query": [0, 0]},
        {"keys": [[1, 2], [1, 2], [1, 2]], "temperature": 1e-300},
        {"mask": [False] * 3},
        {"temperature": 1e308},
    )
]


def test_numbers_on_the_page_are_those_of_python(site):
    states = [*random_states(), *EXTREMES]
    for number, options in enumerate(states):
        view = site.show(**options)
        try:
            view.agrees_with_python()
        except AssertionError as error:
            raise AssertionError(f"state {number}: {options}") from error
        site.page.evaluate("n => { cleanups[n](); }", view.number)
    assert "NaN" not in site.page.locator("#widgets").inner_text()


def test_numbers_are_also_written_for_those_who_read(site):
    view = site.show(query=[1, 0], keys=[[2, 0], [0, 1], [-1, 1]])

    cells = view.root.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )

    weights = [f"{100 * weight:.1f} %" for weight in view.explorer.weights]
    assert cells == [
        ["query", "1.00", "", "", ""],
        ["the", "2.00", "0°", "2.00", weights[0]],
        ["cat", "1.00", "90°", "0.00", weights[1]],
        ["sat", "1.41", "135°", "−1.00", weights[2]],
    ]
    written = view.root.locator("[data-output]").all_inner_texts()
    assert written == [f"{x:.2f}".replace("-", "−") for x in view.explorer.output]


def test_the_drawing_is_where_the_numbers_say(site):
    """Arrows end at their keys, and the weighted values lie tip to tail from 0 to the output."""
    view = site.show(values=VALUES)

    drawn = view.root.locator("svg").evaluate(
        """svg => {
            const numbers = (e) => [...e.points].map(({x, y}) => [x, y]);
            const tip = (e) => e.getAttribute("d").match(/[-\\d.]+/g).slice(0, 2).map(Number);
            const at = (e) => [e.cx.baseVal.value, e.cy.baseVal.value];
            return {
                tips: [...svg.querySelectorAll(".ae-vector-head.ae-vector-key")].map(tip),
                handles: [...svg.querySelectorAll(".ae-vector-handle")].map(at),
                path: numbers(svg.querySelector(".ae-vector-path")),
                hull: numbers(svg.querySelector(".ae-vector-hull")),
                output: at(svg.querySelector(".ae-vector-result")),
            };
        }"""
    )
    low, high = view.explorer.limits

    def place(point):
        a, b = ((np.array(point) - low) / (high - low)) * (SIDE - 2 * MARGIN) + MARGIN
        return [a, SIDE - b]

    sums = np.cumsum(view.explorer.weights[:, None] * np.array(VALUES), axis=0)
    assert_allclose(drawn["tips"], [place(key) for key in KEYS], atol=0.11)
    assert_allclose(drawn["handles"], [place(p) for p in [QUERY, *KEYS, *VALUES]], atol=0.11)
    assert_allclose(drawn["path"], [place(p) for p in [(0, 0), *sums]], atol=0.11)
    assert_allclose(drawn["output"], place(view.explorer.output), atol=0.11)
    corners = sorted(place(value) for value in VALUES)
    assert_allclose(sorted(drawn["hull"]), corners, atol=0.11)


# ---------------------------------------------------------------------------------------------
# Dragging
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "trait", "row"),
    [("Query", "query", None), ("Key of cat", "keys", 1), ("Value of sat", "values", 2)],
)
def test_a_drag_moves_the_tip_to_the_pointer_and_all_that_follows(site, name, trait, row):
    view = site.show(values=VALUES)
    before = view.numbers("data-output")

    view.drag(name, (0, 0), (1, 1), (-1.0, 1.25))

    sent = view.sync()
    assert {key for changes in sent for key in changes} == {trait}
    moved = getattr(view.explorer, trait)
    assert_allclose(moved if row is None else moved[row], [-1.0, 1.25], atol=0.011)
    view.agrees_with_python()
    assert view.numbers("data-output") != before


def test_the_page_answers_in_the_same_instant(site):
    view = site.show()
    box = view.slider("Query").bounding_box()
    seen = view.slider("Query").evaluate(
        """(handle, [x, y]) => {
            const root = handle.closest("[data-widget]");
            const read = () =>
                [...root.querySelectorAll("[data-weight]")].map(e => e.dataset.weight);
            const before = read();
            handle.setPointerCapture = () => {};
            const send = (type, x, y) => handle.dispatchEvent(
                new PointerEvent(type, {clientX: x, clientY: y, pointerId: 1, bubbles: true}));
            send("pointerdown", x, y);
            send("pointermove", x - 60, y + 20);
            const after = read();
            send("pointerup", x - 60, y + 20);
            return [before, after];
        }""",
        [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
    )

    assert seen[0] != seen[1]


def test_a_key_that_is_its_own_value_takes_the_output_along(site):
    view = site.show()

    view.drag("Key of the", (1.5, 1.5))

    view.sync()
    assert_allclose(view.explorer.values[0], [1.5, 1.5], atol=0.011)
    view.agrees_with_python()


def test_a_drag_stops_at_the_limits_of_the_plane(site):
    view = site.show(limits=(-2, 2))

    view.drag("Query", (1.9, 1.9), (3, -5))

    view.sync()
    assert_array_equal(view.explorer.query, [2, -2])


def test_of_tips_that_lie_together_the_nearest_is_moved(site):
    view = site.show(keys=[[1, 0], [1.1, 0], [-1, 0]], query=[-1, -1], limits=(-2, 2))
    x, y = view.spot((1.08, 0))
    site.page.mouse.move(x, y)
    site.page.mouse.down()
    site.page.mouse.move(x, y - 60)
    site.page.mouse.up()

    view.sync()
    assert_array_equal(view.explorer.keys[0], [1, 0])
    assert view.explorer.keys[1][1] > 0.3


def test_a_tip_beyond_the_plane_waits_at_its_edge(site):
    view = site.show(query=[50, 0], limits=(-2, 2))
    view.agrees_with_python()

    view.drag("Query", (0, 1))

    view.sync()
    assert_allclose(view.explorer.query, [0, 1], atol=0.05)


def test_a_click_without_a_move_changes_nothing(site):
    view = site.show(query=[1 / 3, 2 / 3])
    view.slider("Query").click(position={"x": 3, "y": 12})
    site.page.wait_for_timeout(150)
    assert view.unsent() == []


def test_a_finger_moves_a_tip_and_scrolls_the_page_elsewhere(chromium):
    context = chromium.new_context(
        viewport={"width": 400, "height": 500}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    wrong = plain.listen(page)
    made = Site(page)
    made.start()
    view = made.show(limits=(-2, 2))
    page.add_style_tag(content="body { padding-bottom: 1500px }")
    client = context.new_cdp_session(page)

    def touch(*points):
        kinds = ["touchStart", *(["touchMove"] * (len(points) - 1))]
        for kind, (x, y) in zip(kinds, points, strict=True):
            client.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
            )
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    touch(*(view.spot(point) for point in [QUERY, (1, 0.8), (0.6, 1.2), (0, 1.5)]))
    page.wait_for_function(
        "() => Math.abs(document.querySelector('[role=slider]').ariaValueNow) < 0.03", timeout=5000
    )
    view.sync()
    assert_allclose(view.explorer.query, [0, 1.5], atol=0.02)
    view.agrees_with_python()
    x, y = view.spot((1.5, -1.5))
    touch(*((x, y - distance) for distance in (0, 20, 60, 100, 140)))
    page.wait_for_function("() => scrollY > 30")
    assert wrong == []
    context.close()


# ---------------------------------------------------------------------------------------------
# Keys of the keyboard
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("ArrowRight", [1.1, 0.5]),
        ("ArrowLeft", [0.9, 0.5]),
        ("ArrowUp", [1, 0.6]),
        ("ArrowDown", [1, 0.4]),
        ("PageUp", [1, 1]),
        ("PageDown", [1, 0]),
        ("Shift+ArrowRight", [1.5, 0.5]),
        ("Shift+ArrowDown", [1, 0]),
        ("Home", [-2, 0.5]),
        ("End", [2, 0.5]),
    ],
)
def test_a_key_moves_an_arrow_along_one_axis(site, key, place):
    view = site.show(limits=(-2, 2))
    view.slider("Query").focus()

    site.page.keyboard.press(key)

    assert view.sync() == [{"query": place}]
    view.agrees_with_python()
    assert view.slider("Query").get_attribute("aria-valuenow") == f"{place[0]:g}"


def test_keys_stop_at_the_edge_and_leave_no_crumbs(site):
    view = site.show(query=[0, 0], limits=(-1, 1))
    view.slider("Query").focus()
    for _ in range(3):
        site.page.keyboard.press("ArrowUp")
    view.sync()
    assert view.explorer.query.tolist() == [0, 0.3], "0.1 + 0.1 + 0.1 is 0.30000000000000004"
    for _ in range(3):
        site.page.keyboard.press("PageUp")
    view.sync()
    assert view.explorer.query.tolist() == [0, 1]


def test_the_steps_that_the_page_states_are_those_that_it_takes(site):
    view = site.show(keys=[[100, 0], [0, 50], [30, 30]], query=[10, 0])
    words = view.root.locator("figure p").inner_text()
    view.slider("Query").focus()
    site.page.keyboard.press("ArrowUp")
    view.sync()
    small = view.explorer.query[1]
    site.page.keyboard.press("PageUp")
    view.sync()

    assert f"arrows move it by {small:g}, with Shift by {view.explorer.query[1] - small:g}" in words
    about = view.slider("Query").get_attribute("aria-describedby")
    assert site.page.locator(f"#{about}").inner_text() == words


def test_keys_that_move_go_no_further_and_others_do(site):
    view = site.show()
    site.page.evaluate(
        """() => {
            window.seen = [];
            document.addEventListener("keydown", (event) => window.seen.push(event.key));
        }"""
    )
    view.slider("Key of cat").focus()
    for key in ("ArrowUp", "PageDown", "Home", "End", "a", "Escape"):
        site.page.keyboard.press(key)
    assert site.page.evaluate("window.seen") == ["a", "Escape"]


def test_everything_that_can_be_used_by_keys_keeps_jupyterlab_from_taking_them(site):
    view = site.show(values=VALUES)
    marks = view.root.locator("[tabindex='0']:not(pre), button, input").evaluate_all(
        "all => all.map(e => e.getAttribute('data-lm-suppress-shortcuts'))"
    )
    assert len(marks) == 7 + 1 + 3 + 3 + 2
    assert set(marks) == {"true"}


def test_focus_can_be_seen(site):
    view = site.show()
    site.page.keyboard.press("Tab")
    look = view.slider("Query").evaluate(
        """e => {
            const { stroke, strokeWidth } = getComputedStyle(e);
            return [e === document.activeElement, stroke, strokeWidth];
        }"""
    )
    assert look[0] is True
    assert look[1] != "none"
    assert float(look[2].rstrip("px")) >= 2


# ---------------------------------------------------------------------------------------------
# Controls
# ---------------------------------------------------------------------------------------------


def test_the_choice_of_the_score_changes_scores_and_what_is_said_of_them(site):
    view = site.show()
    said = []
    for name, score in (("cosine", "cosine"), ("scaled, ÷ √d", "scaled"), ("dot product", "dot")):
        view.root.get_by_role("radio", name=name).check()
        assert view.sync() == [{"score": score}]
        view.agrees_with_python()
        said.append(view.text(".ae-vector-formula"))

    assert len(set(said)) == 3
    assert "lengths do not count" in said[0]
    assert "d = 2" in said[1]
    assert "length and angle both count" in said[2]


def test_masking_takes_a_value_out_of_the_hull(site):
    view = site.show(keys=[[1, 0], [0, 1], [-1, 0], [0, -1]], tokens=None)
    corners = "root => root.querySelector('.ae-vector-hull').points.length"
    assert view.root.evaluate(corners) == 4

    view.root.get_by_role("checkbox", name="May attend to B").uncheck()

    assert view.sync() == [{"mask": [True, False, True, True]}]
    assert view.root.evaluate(corners) == 3
    assert view.numbers("data-weight")[1] == 0
    view.agrees_with_python()


def test_the_temperature_flattens_the_weights(site):
    view = site.show()
    spread = np.ptp(view.numbers("data-weight"))
    view.slider("temperature").press("End")
    view.sync()
    assert view.explorer.temperature == 10
    view.agrees_with_python()
    assert np.ptp(view.numbers("data-weight")) < spread / 3


def test_reset_brings_the_beginning_back(site):
    view = site.show(values=VALUES, score="scaled")
    before = view.numbers("data-weight"), view.numbers("data-output")
    view.slider("Query").press("End")
    view.slider("Key of cat").press("Home")
    view.slider("Value of cat").press("Home")
    view.root.get_by_role("radio", name="cosine").check()

    view.root.get_by_role("button", name="Reset").click()

    assert (view.numbers("data-weight"), view.numbers("data-output")) == before
    view.sync()
    assert_array_equal(view.explorer.keys, KEYS)
    assert_array_equal(view.explorer.values, VALUES)
    assert view.explorer.score == "scaled"
    view.agrees_with_python()


@pytest.mark.parametrize(
    ("controls", "counts"),
    [([], (4, 0, 0, 1)), (["score", "reset"], (4, 3, 0, 2)), (["mask"], (4, 0, 3, 1))],
)
def test_only_the_chosen_controls_are_there(site, controls, counts):
    root = site.show(controls=controls).root
    roles = ("slider", "radio", "checkbox", "button")  # “Large type” is always there
    assert tuple(root.get_by_role(role).count() for role in roles) == counts


def test_the_page_says_how_far_the_target_is_and_when_it_is_reached(site):
    view = site.show(keys=[[1, 0], [-1, 0], [0, 1]], query=[0, 0], target=(1, 0))
    assert "± 0.04" in view.text(".ae-vector-goal")
    assert f"{view.explorer.distance_to_target:.2f} away" in view.text(".ae-vector-goal")
    assert "reached" not in view.text(".ae-vector-goal")
    assert view.root.locator(".ae-vector-star.ae-reached").count() == 0

    view.slider("temperature").press("Home")
    view.drag("Query", (1.5, 0))

    assert "✓ reached" in view.text(".ae-vector-goal")
    assert view.root.locator(".ae-vector-star.ae-reached").count() == 1
    view.sync()
    (distance,) = view.numbers("data-distance")
    assert distance == pytest.approx(view.explorer.distance_to_target, abs=1e-12)
    assert distance <= view.explorer.tolerance
    site.page.wait_for_function("() => document.querySelector('.ae-spoken').textContent")
    assert "The target is reached" in view.text(".ae-spoken")


# ---------------------------------------------------------------------------------------------
# Two sides, two views
# ---------------------------------------------------------------------------------------------


def test_what_python_changes_is_drawn(site):
    view = site.show(values=VALUES)
    view.explorer.query, view.explorer.keys = [0, 1], [[0, 1], [1, 1], [-1, 1]]
    view.explorer.values, view.explorer.score = [[1, 1]] * 3, "cosine"
    view.receive_from_python("query", "keys", "values", "score")

    view.agrees_with_python()
    assert view.root.get_by_role("radio", name="cosine").is_checked()
    assert view.slider("Query").get_attribute("aria-valuetext").startswith("x 0.0, y 1.0")


def test_two_views_stay_in_step_and_two_explorers_do_not_disturb_each_other(site):
    one, other = site.show(), site.show(score="cosine")
    second = one.again()
    before = other.numbers("data-weight")

    one.slider("Query").press("PageUp")
    one.root.get_by_role("radio", name="scaled, ÷ √d").check()

    assert second.numbers("data-weight") == one.numbers("data-weight")
    assert second.root.get_by_role("radio", name="scaled, ÷ √d").is_checked()
    assert other.numbers("data-weight") == before
    assert other.root.get_by_role("radio", name="cosine").is_checked()
    ids = site.page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_a_view_that_is_closed_no_longer_listens(site):
    view = site.show()
    site.page.evaluate("n => cleanups[n]()", view.number)
    assert site.page.evaluate("n => models[n].heard.length", view.model) == 0


# ---------------------------------------------------------------------------------------------
# A student's own scores
# ---------------------------------------------------------------------------------------------


def my_scores(query, keys):
    if query[0] < 0:
        print("to the left")
        raise ArithmeticError("<b>that is too much</b>")
    return keys @ query * 2


def test_the_page_shows_what_the_students_function_answers(site):
    view = site.show(scores=my_scores)
    view.agrees_with_python()
    assert "my_scores(query, keys), yours" in view.text(".ae-vector-formula")
    assert view.root.get_by_role("radio").count() == 0
    before = view.numbers("data-score")

    view.slider("Query").press("PageUp")
    site.page.wait_for_function("() => document.querySelector('.ae-stale')", timeout=1000)
    assert view.numbers("data-score") == before, "nobody but the kernel can answer"
    assert view.sync() == [{"_request": 1, "query": [1, 1]}]
    view.receive_from_python("_answer")

    view.agrees_with_python()
    assert view.numbers("data-score") != before
    assert view.root.locator(".ae-stale").count() == 0


def test_an_error_is_in_an_alert_and_the_last_good_picture_stays(site):
    view = site.show(scores=my_scores)
    alert = view.root.get_by_role("alert")
    good = view.numbers("data-weight"), view.numbers("data-output")

    view.slider("Query").press("Home")
    view.sync()
    view.receive_from_python("_answer")

    assert "my_scores raised ArithmeticError: <b>that is too much</b>" in alert.inner_text()
    assert "to the left" in view.text(".ae-printed")
    assert (view.numbers("data-weight"), view.numbers("data-output")) == good
    view.slider("Query").press("End")
    view.sync()
    view.receive_from_python("_answer")
    assert not alert.is_visible()
    view.agrees_with_python()


def test_a_function_that_fails_from_the_start_leaves_the_arrows(site):
    def broken(query, keys):
        raise RuntimeError("never")

    view = site.show(scores=broken, target=(0, 0))

    assert "never" in view.root.get_by_role("alert").inner_text()
    assert view.numbers("data-weight") == view.numbers("data-output") == []
    assert "NaN" not in plain.page_text(view)
    assert "undefined" not in plain.page_text(view)
    assert not view.root.locator(".ae-vector-result").is_visible()


# ---------------------------------------------------------------------------------------------
# Labels, sizes, themes
# ---------------------------------------------------------------------------------------------

LABELS = plain.LABELS[:24]


def test_any_label_is_shown_as_text_and_named_apart(site):
    random = np.random.default_rng(1)
    n = len(LABELS)
    keys, values = random.normal(size=(2, n, 2))
    view = site.show(keys=keys, values=values, tokens=LABELS, title=LABELS[0])

    shown = view.root.locator(".ae-vector-token").evaluate_all("all => all.map(e => e.textContent)")
    assert shown == [label or "␣" for label in LABELS]
    assert view.root.locator("img, script, b").count() == 0
    names = [" ".join(name.split()) for name in names_of(view)]
    assert len(names) == len(set(names)) == 2 * n + 2
    assert max(len(text) for text in view.root.locator("svg text").all_text_contents()) <= 12
    view.root.get_by_role("slider").first.press("End")
    view.sync()
    view.agrees_with_python()


def test_labels_of_a_few_tokens_do_not_lie_on_each_other(site):
    view = site.show(keys=[[1, 0], [1, 0], [1.02, 0.05]], query=[1, 0.1], values=VALUES)

    boxes = view.root.locator(".ae-vector-label").evaluate_all(
        """all => all.map(e => e.getBoundingClientRect()).map(
            ({left, top, right, bottom}) => [left, top + 4, right, bottom - 4])"""
    )
    for i, (left, top, right, bottom) in enumerate(boxes):
        for left2, top2, right2, bottom2 in boxes[:i]:
            wide = min(right, right2) - max(left, left2)
            high = min(bottom, bottom2) - max(top, top2)
            assert wide <= 1 or high <= 1


@pytest.mark.parametrize("width", [340, 640, 900])
def test_nothing_makes_the_page_wider_than_the_window(site, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    random = np.random.default_rng(1)
    for view in (
        site.show(values=VALUES, target=(0, 0)),
        site.show(keys=1e6 * random.uniform(-1, 1, (24, 2)), tokens=LABELS, query=[1, 1]),
    ):
        assert site.page.evaluate("() => document.documentElement.scrollWidth") <= width
        for target in (view.slider("Query"), view.root.locator("[data-weight]").first):
            box = target.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_the_table_is_beside_the_plane_where_there_is_room_and_else_under_it(site):
    view = site.show()
    tops = []
    for width in (900, 400):
        site.page.set_viewport_size({"width": width, "height": 900})
        plane, table = (view.root.locator(part).bounding_box() for part in ("svg", "table"))
        tops.append(table["y"] > plane["y"] + plane["height"] - 1)
    assert tops == [False, True]


@pytest.mark.parametrize("width", [340, 1280])
def test_targets_are_large_enough_for_a_finger(site, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    sizes = (
        site.show(values=VALUES)
        .root.locator("[role=slider], button")
        .evaluate_all(
            """all => all.map(e => e.getBoundingClientRect()).map(
                ({width, height}) => Math.min(width, height))"""
        )
    )
    assert min(sizes) >= 24


def test_a_move_lays_nothing_out_anew(site):
    """The boxes of numbers keep their sizes, so that nothing around them moves."""
    view = site.show(values=VALUES, target=(0, 0))
    boxes = """root => [...root.querySelectorAll("table, tr, td, p, svg, button")].map(
        e => JSON.stringify(e.getBoundingClientRect()))"""
    before = view.root.evaluate(boxes)
    for key in ("PageDown", "ArrowLeft", "ArrowLeft"):
        view.slider("Query").press(key)
    assert view.root.evaluate(boxes) == before


@pytest.mark.parametrize(("theme", "dark"), [("light", False), ("dark", True)])
def test_the_widget_wears_the_colours_of_the_theme(site, theme, dark):
    site.theme(theme)
    site.show()
    ground = plain.luminance(site.page, ".ae-root", "backgroundColor")
    assert bool(ground < 0.2) is dark
    for shape, name in ((".ae-vector-shaft", "stroke"), (".ae-vector-label", "fill")):
        assert abs(plain.luminance(site.page, shape, name) - ground) > 0.25


def test_the_query_and_masked_keys_are_told_apart_without_colour(site):
    view = site.show(mask=[True, False, True])
    dashes = view.root.locator(".ae-vector-shaft").evaluate_all(
        "all => all.map(e => getComputedStyle(e).strokeDasharray)"
    )
    the, cat, sat, query = dashes
    assert the == sat == "none"
    assert len({the, cat, query}) == 3


def test_arrows_with_more_weight_are_thicker(site):
    view = site.show()
    widths = [
        float(width)
        for width in view.root.locator(".ae-vector-shaft.ae-vector-key").evaluate_all(
            "all => all.map(e => e.getAttribute('stroke-width'))"
        )
    ]
    assert np.argsort(widths).tolist() == np.argsort(view.explorer.weights).tolist()


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_nothing_fades_for_those_who_want_no_motion(site, motion, moves):
    site.page.emulate_media(reduced_motion=motion)
    view = site.show(scores=my_scores)
    view.slider("Query").press("PageUp")
    site.page.wait_for_function("() => document.querySelector('.ae-stale')", timeout=1000)
    longest = view.root.evaluate(
        """root => Math.max(...[...root.querySelectorAll("*")].map(
            (e) => parseFloat(getComputedStyle(e).transitionDuration)))"""
    )
    site.page.emulate_media(reduced_motion="no-preference")
    assert (longest > 0) is moves


MODES = {
    "plain": {},
    "values, mask and target": {"values": VALUES, "mask": [True, False, True], "target": (0, 0)},
    "no controls": {"controls": []},
    "error": {"scores": my_scores, "query": [-1, 0]},
    "hostile": {"keys": np.random.default_rng(1).normal(size=(24, 2)), "tokens": LABELS},
}


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_no_fault_in_either_theme(site, mode):
    site.show(**MODES[mode])
    assert plain.violations(site) == []


def test_an_arrow_says_its_length_and_angle_and_one_without_length_only_its_place(site):
    view = site.show(query=[0, 0])
    assert view.slider("Query").get_attribute("aria-valuetext") == "x 0.0, y 0.0"
    angle = math.degrees(math.atan2(1.5, 0.5))
    assert f"angle {angle:.0f}°" in view.slider("Key of cat").get_attribute("aria-valuetext")
