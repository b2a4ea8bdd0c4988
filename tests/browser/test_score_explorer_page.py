"""The score explorer on a plain page, with nothing of Jupyter: its contract and what it does."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import ScoreExplorer
from attention_edu.attention import softmax
from browser.plain_page import (
    HOSTILE,
    LABELS,
    Site,
    View,
    empty_site,
    listen,
    luminance,
    one_page,
    page_text,
    violations,
)

pytestmark = pytest.mark.browser

INF = float("inf")
TOKENS = ["the", "cat", "sat"]
SCORES = [0.5, 2.0, -1.0]
VALUES = [[1.0, 0.0], [0.0, 1.0], [3.0, -3.0]]


class ScoreView(View):
    def agrees_with_python(self):
        super().agrees_with_python()
        if self.explorer.output is not None and "output" in self.explorer.steps:
            output = self.explorer.output
            assert_allclose(self.numbers("data-output"), output, rtol=1e-12, atol=1e-12)


class ScoreSite(Site):
    view = ScoreView

    def make(self, **options):
        given = {"tokens": TOKENS, "scores": SCORES, "values": VALUES}
        return ScoreExplorer(**{**given, **options})


@pytest.fixture(scope="module")
def shared_page(chromium):
    with one_page(chromium) as page:
        yield page


@pytest.fixture
def site(shared_page):
    with empty_site(shared_page, ScoreSite) as made:
        yield made


# ---------------------------------------------------------------------------------------------
# The contract of the page
# ---------------------------------------------------------------------------------------------


def test_the_root_names_the_widget_and_has_a_name_itself(site):
    plain, named = site.show(), site.show(title="Where “it” looks")

    assert plain.root.count() == 1
    assert plain.root.get_attribute("role") == "group"
    assert plain.root.get_attribute("aria-label") == "Score explorer"
    assert named.root.get_attribute("aria-label") == "Where “it” looks"


def test_score_sliders_come_in_token_order_and_the_temperature_after_them(site):
    view = site.show()

    names = view.root.get_by_role("slider").evaluate_all(
        "sliders => sliders.map(slider => slider.getAttribute('aria-label'))"
    )
    assert names == [
        "Score of the",
        "Score of cat",
        "Score of sat",
        "temperature",
        "add to every score",
    ]
    assert [view.position(name) for name in names] == [*SCORES, 1.0, 0.0]


STATES = {
    "plain": {},
    "temperature": {"temperature": 0.37},
    "high temperature": {"temperature": 1e6},
    "masked": {"mask": [True, False, True]},
    "all masked": {"mask": [False, False, False]},
    "constant": {"constant": -1e6},
    "twice": {"twice": True, "mask": [True, True, False]},
    "minus infinity": {"scores": [-INF, 2, 1]},
    "nothing but minus infinity": {"scores": [-INF] * 3},
    "huge": {"scores": [1e308, -1e308, 9e307]},
    "huge and hot": {"scores": [1e308, -1e308, 9e307], "temperature": 1e308},
    "tiny": {"scores": [5e-324, 0, -5e-324]},
    "ties": {"scores": [2, 2, 2]},
    "one component": {"values": [[1], [2], [-3]]},
    "many components": {"values": np.linspace(-3, 3, 192).reshape(3, 64)},
    "no values": {"values": None},
    "one token": {"tokens": ["only"], "scores": [3], "values": [[1, 2]]},
    "weights alone": {"steps": ["weights"]},
    "output alone": {"steps": ["weights", "output"], "controls": []},
    "equal values": {"values": [[0, 0], [0, 0], [0, 0]]},
    "no plane": {"plane": False},
}


@pytest.mark.parametrize("options", STATES.values(), ids=STATES)
def test_weights_and_output_on_the_page_are_those_of_python(site, options):
    site.show(**options).agrees_with_python()


def test_scores_alone_show_neither_weights_nor_output(site):
    view = site.show(steps=["scores"])

    assert view.numbers("data-weight") == []
    assert view.numbers("data-output") == []
    assert view.root.get_by_role("slider").count() == 3
    assert view.slider("Score of the").get_attribute("aria-valuetext") == "0.5"


@pytest.mark.parametrize(
    ("controls", "sliders", "boxes", "buttons"),
    [
        ([], 3, 0, 0),
        (["temperature"], 4, 0, 0),
        (["mask"], 3, 3, 0),
        (["twice", "reset"], 3, 1, 1),
        (["temperature", "mask", "constant", "twice", "reset"], 5, 4, 1),
    ],
)
def test_only_the_chosen_controls_are_there(site, controls, sliders, boxes, buttons):
    root = site.show(controls=controls).root

    assert root.get_by_role("slider").count() == sliders
    assert root.get_by_role("checkbox").count() == boxes
    assert root.get_by_role("button").count() == buttons + 1  # “Large type” is always there


def test_numbers_are_also_written_for_those_who_read(site):
    view = site.show()

    cell = view.root.locator("[data-weight]").nth(1)
    assert cell.inner_text() == f"{100 * view.explorer.weights[1]:.1f} %"
    assert cell.get_attribute("aria-label") == f"Weight of cat: {cell.inner_text()}"
    written = "".join(view.root.locator("[data-output]").all_inner_texts())
    expected = ", ".join(f"{x:.2f}" for x in view.explorer.output).replace("-", "−")
    assert written.replace("\xa0", " ").split() == f"({expected})".split()
    told = view.slider("Score of cat").get_attribute("aria-valuetext")
    assert told == f"2.0, weight {cell.inner_text()}"


def test_the_output_is_drawn_in_the_plane_where_values_have_two_components(site):
    view = site.show()

    label = view.root.locator("svg[role=img]").get_attribute("aria-label")

    assert (
        f"Output: ({view.explorer.output[0]:.2f}, {view.explorer.output[1]:.2f})"
        in label.replace("−", "-")
    )
    assert site.show(plane=False).root.locator("svg").count() == 0
    assert site.show(values=[[1], [2], [3]]).root.locator("svg").count() == 0


def test_the_drawn_output_and_path_are_where_the_numbers_say(site):
    """The path of weighted values ends in the output, at the same scale as the values."""
    view = site.show()

    drawn = view.root.locator("svg").evaluate(
        """svg => {
            const at = (circle) => [circle.cx.baseVal.value, circle.cy.baseVal.value];
            return {
                output: at(svg.querySelector(".ae-result")),
                dots: [...svg.querySelectorAll(".ae-dot")].map(at),
                path: [...svg.querySelector(".ae-path").points].map(({x, y}) => [x, y]),
            };
        }"""
    )
    # Two of the dots fix the scale; the third one and the output must follow.
    (x0, y0), (x1, y1), _ = drawn["dots"]
    (a0, b0), (a1, b1), _ = VALUES

    def place(point):
        a, b = point
        return [
            x0 + (a - a0) * (x1 - x0) / (a1 - a0),
            y0 + (b - b0) * (y1 - y0) / (b1 - b0),
        ]

    output = view.explorer.output
    assert_allclose(drawn["dots"][2], place(VALUES[2]), atol=0.1)
    assert_allclose(drawn["output"], place(output), atol=0.1)
    sums = np.cumsum(view.explorer.weights[:, None] * np.array(VALUES), axis=0)
    assert_allclose(drawn["path"], [place(point) for point in [(0, 0), *sums]], atol=0.1)


def test_bars_are_as_long_as_the_weights(site):
    view = site.show()

    shares = view.root.locator(".ae-weights .ae-track").evaluate_all(
        """tracks => tracks.map(track => {
            const bar = track.firstChild, whole = track.getBoundingClientRect().width;
            const size = parseFloat(getComputedStyle(bar).backgroundSize) / 100;
            return size * bar.getBoundingClientRect().width / whole;
        })"""
    )

    assert_allclose(shares, view.explorer.weights, atol=0.01)


def test_every_row_lines_up_across_the_columns(site):
    rows = (
        site.show()
        .root.locator(".ae-cell")
        .evaluate_all(
            "cells => cells.map(cell => [cell.dataset.token, cell.getBoundingClientRect().top])"
        )
    )

    assert len(rows) > 15
    tops = {token: {top for other, top in rows if other == token} for token, _ in rows}
    assert all(max(seen) - min(seen) < 0.5 for seen in tops.values())
    assert len({round(top) for _, top in rows}) == 3


# ---------------------------------------------------------------------------------------------
# Keys
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "score"),
    [
        ("ArrowRight", 0.6),
        ("ArrowUp", 0.6),
        ("ArrowLeft", 0.4),
        ("ArrowDown", 0.4),
        ("PageUp", 1.5),
        ("PageDown", -0.5),
        ("Home", -4.0),
        ("End", 4.0),
    ],
)
def test_a_key_moves_a_score_and_all_that_follows_from_it(site, key, score):
    view = site.show()
    view.slider("Score of the").focus()

    site.page.keyboard.press(key)

    assert view.position("Score of the") == score
    assert view.sync() == [{"scores": [score, 2, -1]}]
    assert_array_equal(view.explorer.scores, [score, 2, -1])
    view.agrees_with_python()


def test_keys_stop_at_the_ends_of_the_range(site):
    view = site.show(score_range=(-1, 3))
    view.slider("Score of cat").focus()
    for key in ("End", "ArrowRight", "PageUp"):
        site.page.keyboard.press(key)
    assert view.position("Score of cat") == 3
    for key in ("Home", "ArrowLeft", "PageDown"):
        site.page.keyboard.press(key)
    assert view.position("Score of cat") == -1
    track = view.slider("Score of cat")
    assert (track.get_attribute("aria-valuemin"), track.get_attribute("aria-valuemax")) == (
        "-1",
        "3",
    )


def test_many_steps_leave_no_crumbs(site):
    """0.1 + 0.1 + 0.1 is 0.30000000000000004 in binary numbers; students would see it."""
    view = site.show(scores=[0, 0, 0])
    view.slider("Score of the").focus()
    seen = []
    for _ in range(8):
        site.page.keyboard.press("ArrowRight")
        seen.append(view.slider("Score of the").get_attribute("aria-valuenow"))

    assert seen == [f"0.{tenths}" for tenths in range(1, 9)]


def test_a_score_of_minus_infinity_can_be_moved_back_into_the_range(site):
    view = site.show(scores=[-INF, 2, 1])
    assert view.slider("Score of the").get_attribute("aria-valuetext").startswith("−∞")
    view.slider("Score of the").focus()

    site.page.keyboard.press("ArrowRight")

    assert view.position("Score of the") == -3.9
    view.sync()
    view.agrees_with_python()


def test_moving_one_score_keeps_another_at_minus_infinity(site):
    view = site.show(scores=[-INF, 2, 1])
    view.slider("Score of sat").focus()

    site.page.keyboard.press("ArrowRight")

    assert view.sync() == [{"scores": ["-inf", 2, 1.1]}]
    view.agrees_with_python()


def test_scores_near_the_largest_number_can_be_dragged(site):
    view = site.show(scores=[1e308, 0, 0])
    track = view.slider("Score of cat")
    box = track.bounding_box()

    site.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)

    assert abs(view.position("Score of cat")) < INF
    assert not np.isnan(view.numbers("data-weight")).any()


def test_keys_that_move_a_slider_go_no_further_and_others_do(site):
    """JupyterLab would move to another cell; its other shortcuts keep working."""
    view = site.show()
    site.page.evaluate(
        """() => {
            window.seen = [];
            document.addEventListener("keydown", (event) => {
                window.seen.push([event.key, event.defaultPrevented]);
            });
        }"""
    )
    view.slider("Score of the").focus()
    for key in (
        "ArrowUp",
        "ArrowDown",
        "PageUp",
        "Home",
        "End",
        "a",
        "Escape",
        "Control+ArrowRight",
    ):
        site.page.keyboard.press(key)

    seen = site.page.evaluate("window.seen")
    assert seen == [["a", False], ["Escape", False], ["Control", False], ["ArrowRight", False]]


def test_everything_that_can_be_used_by_keys_keeps_jupyterlab_from_taking_them(site):
    for options in ({}, {"predict": True}):
        view = site.show(**options)
        marks = view.root.locator("[role=slider], button, input").evaluate_all(
            "all => all.map(e => e.getAttribute('data-lm-suppress-shortcuts'))"
        )
        assert len(marks) >= 9
        assert set(marks) == {"true"}


def test_the_tab_key_reaches_every_control_in_order(site):
    view = site.show()
    site.page.evaluate("() => document.body.focus()")
    seen = []
    for _ in range(40):
        site.page.keyboard.press("Tab")
        name = site.page.evaluate(
            """() => {
                const e = document.activeElement;
                if (e === document.body || !e.closest("[data-widget]")) return null;
                const name = e.getAttribute("aria-label") || e.textContent;
                return name || e.closest("label").textContent;
            }"""
        )
        if name is None or name in seen:
            break
        seen.append(name)

    wanted = [
        *(f"May attend to {token}" for token in TOKENS),
        *(f"Score of {token}" for token in TOKENS),
        "temperature",
        "add to every score",
        "softmax twice",
        "Reset",
    ]
    assert [name for name in seen if name in wanted] == wanted
    assert view.root.locator(":focus-visible").count() <= 1


def test_focus_can_be_seen(site):
    view = site.show()
    site.page.keyboard.press("Tab")
    for selector in ("[role=slider]", "input", "button"):
        target = view.root.locator(selector).first
        target.focus()
        site.page.keyboard.press("Shift")
        outline = target.evaluate(
            "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
        )
        assert outline[0] == "solid", selector
        assert outline[1] >= 2, selector


# ---------------------------------------------------------------------------------------------
# Mouse and finger
# ---------------------------------------------------------------------------------------------


def place_on(track, share):
    """Return the point of a track at a share of its usable length."""
    box = track.bounding_box()
    pad = track.evaluate("""track => {
        const disc = getComputedStyle(track.querySelector('.ae-thumb')).backgroundSize;
        return parseFloat(disc) / 2;
    }""")
    x = box["x"] + pad + share * (box["width"] - 2 * pad)
    return x, box["y"] + box["height"] / 2


def test_a_drag_with_the_mouse_moves_the_score_all_the_way(site):
    view, mouse = site.show(), site.page.mouse
    track = view.slider("Score of the")

    mouse.move(*place_on(track, 0.5))
    mouse.down()
    positions = []
    for share in (0.55, 0.6, 0.65, 0.7, 0.75):
        mouse.move(*place_on(track, share))
        positions.append(view.position("Score of the"))
    assert len(set(positions)) == 5, "every move is answered, not only the last one"
    assert positions == sorted(positions)
    assert view.position("Score of the") == pytest.approx(2.0, abs=0.11)
    assert view.sync(), "Python hears of it during the drag"
    view.agrees_with_python()
    x, y = place_on(track, 1.0)
    mouse.move(x + 200, y + 300, steps=3)  # away from the track, but the button is still down
    assert view.position("Score of the") == 4.0
    mouse.up()
    mouse.move(*place_on(track, 0.1), steps=3)

    assert view.position("Score of the") == 4.0, "the button is up"
    view.sync()
    view.agrees_with_python()
    assert track.evaluate("e => e === document.activeElement"), "keys go on from there"


def test_a_click_on_the_track_sets_the_score_there(site):
    view = site.show()

    site.page.mouse.click(*place_on(view.slider("Score of sat"), 0.125))

    assert view.position("Score of sat") == pytest.approx(-3.0, abs=0.11)


def test_the_thumb_is_where_the_score_is(site):
    view = site.show()
    for token, score in zip(TOKENS, SCORES, strict=True):
        track = view.slider(f"Score of {token}")
        x, _ = place_on(track, (score + 4) / 8)
        middle = track.locator(".ae-thumb").evaluate("""thumb => {
            const {left, width} = thumb.getBoundingClientRect();
            const style = getComputedStyle(thumb);
            const disc = parseFloat(style.backgroundSize);
            return left + disc / 2 + (width - disc) * parseFloat(style.backgroundPositionX) / 100;
        }""")
        assert middle == pytest.approx(x, abs=1)


def test_another_button_of_the_mouse_moves_nothing(site):
    view = site.show()
    track = view.slider("Score of the")

    for button in ("right", "middle"):
        site.page.mouse.click(*place_on(track, 0.9), button=button)

    assert view.position("Score of the") == 0.5
    assert view.unsent() == []


def test_a_finger_drags_a_score_and_still_scrolls_the_page(chromium):
    context = chromium.new_context(
        viewport={"width": 400, "height": 500}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    wrong = listen(page)
    site = ScoreSite(page)
    site.start()
    view = site.show()
    page.add_style_tag(content="body { padding-bottom: 1500px }")
    client = context.new_cdp_session(page)

    def touch(*points):
        kinds = ["touchStart", *(["touchMove"] * (len(points) - 1))]
        for kind, (x, y) in zip(kinds, points, strict=True):
            client.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
            )
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    track = view.slider("Score of the")
    touch(*(place_on(track, share) for share in (0.5, 0.6, 0.7, 0.9, 1.2)))
    page.wait_for_function(
        "() => Number(document.querySelector('[role=slider]').ariaValueNow) === 4", timeout=5000
    )
    view.sync()
    view.agrees_with_python()

    assert track.evaluate("e => getComputedStyle(e).touchAction") == "pan-y"
    x, y = place_on(view.slider("Score of sat"), 0.5)
    touch(*((x, y - distance) for distance in (0, 20, 60, 100, 140)))
    page.wait_for_function("() => scrollY > 30")
    assert wrong == []
    context.close()


# ---------------------------------------------------------------------------------------------
# Controls
# ---------------------------------------------------------------------------------------------


def test_unticking_a_token_masks_it_and_ticking_brings_it_back(site):
    view = site.show()
    before = view.numbers("data-weight")

    box = view.root.get_by_role("checkbox", name="May attend to cat")
    box.uncheck()

    assert view.sync() == [{"mask": [True, False, True]}]
    assert view.numbers("data-weight")[1] == 0
    view.agrees_with_python()
    assert "masked" in view.slider("Score of cat").get_attribute("aria-valuetext")
    label = view.root.locator("[data-weight]").nth(1).get_attribute("aria-label")
    assert label == "Weight of cat: masked"
    box.press("Space")
    assert view.numbers("data-weight") == before


def test_all_masked_gives_zeros_and_no_nan_anywhere(site):
    view = site.show()
    for token in TOKENS:
        view.root.get_by_role("checkbox", name=f"May attend to {token}").uncheck()

    site.page.wait_for_function("() => document.querySelector('.ae-spoken').textContent")
    assert view.text(".ae-spoken") == "Nothing may be attended to: every weight is 0."
    view.sync()
    assert view.numbers("data-weight") == [0, 0, 0]
    assert view.numbers("data-output") == [0, 0]
    assert "NaN" not in view.root.inner_text()
    assert "NaN" not in view.root.evaluate("root => new XMLSerializer().serializeToString(root)")
    view.agrees_with_python()


@pytest.mark.parametrize(
    ("key", "temperature"),
    [("Home", 0.1), ("End", 10), ("ArrowRight", 1.1), ("ArrowLeft", 0.91), ("PageUp", 2.59)],
)
def test_the_temperature_moves_by_factors(site, key, temperature):
    view = site.show()
    view.slider("temperature").focus()

    site.page.keyboard.press(key)

    assert view.position("temperature") == pytest.approx(temperature, rel=1e-12)
    assert view.sync() == [{"temperature": pytest.approx(temperature)}]
    view.agrees_with_python()


def test_the_temperature_can_be_dragged_from_end_to_end(site):
    view = site.show()
    track = view.slider("temperature")
    for share, temperature in ((0.0, 0.1), (0.5, 1.0), (1.0, 10.0)):
        site.page.mouse.click(*place_on(track, share))
        assert view.position("temperature") == pytest.approx(temperature, rel=0.05)


def test_a_constant_moves_the_exponentials_and_no_weight(site):
    """That is the lesson of this control."""
    view = site.show()
    before = view.numbers("data-weight")
    exponentials = view.text(".ae-exponentials")
    view.slider("add to every score").focus()

    site.page.keyboard.press("PageUp")

    view.sync()
    assert view.explorer.constant >= 10
    assert_allclose(view.numbers("data-weight"), before, atol=1e-12)
    assert view.text(".ae-exponentials") != exponentials
    assert f"score + {view.explorer.constant:.0f}" in view.text(".ae-exponentials")


@pytest.mark.parametrize(
    ("mask", "n", "ceiling"), [(None, 3, "57.6 %"), ([True, True, False], 2, "73.1 %")]
)
def test_softmax_twice_says_what_no_weight_can_pass(site, mask, n, ceiling):
    view = site.show(scores=[4, -4, -4], mask=mask)
    assert view.text(".ae-ceiling") == ""

    view.root.get_by_role("checkbox", name="softmax twice").check()

    assert (
        view.text(".ae-ceiling") == f"After a second softmax no weight of {n} can pass {ceiling}."
    )
    view.sync()
    assert view.explorer.twice is True
    view.agrees_with_python()
    assert max(view.numbers("data-weight")) <= np.e / (np.e + n - 1)
    view.root.get_by_role("checkbox", name="softmax twice").uncheck()
    assert view.text(".ae-ceiling") == ""


def test_the_entropy_is_told_in_bits(site):
    assert site.show(controls=["temperature"]).root.locator(".ae-entropy").count() == 0
    assert site.show(scores=[1, 1, 1]).text(".ae-entropy") == "entropy 1.58 of 1.58 bits"
    weights = softmax(SCORES)
    bits = -(weights * np.log2(weights)).sum()
    assert site.show().text(".ae-entropy") == f"entropy {bits:.2f} of 1.58 bits"


def test_reset_goes_back_to_the_beginning(site):
    view = site.show(temperature=2.0, mask=[True, True, False], scores=[-INF, 2, 1])
    before = view.numbers("data-weight"), view.numbers("data-output")
    for name in ("Score of the", "Score of cat", "temperature", "add to every score"):
        view.slider(name).press("End")
    view.root.get_by_role("checkbox", name="softmax twice").check()
    view.root.get_by_role("checkbox", name="May attend to sat").check()
    assert view.numbers("data-weight") != before[0]

    view.root.get_by_role("button", name="Reset").click()

    assert (view.numbers("data-weight"), view.numbers("data-output")) == before
    view.sync()
    assert_array_equal(view.explorer.scores, [-INF, 2, 1])
    assert (view.explorer.temperature, view.explorer.constant) == (2, 0)
    assert_array_equal(view.explorer.mask, [True, True, False])
    assert not view.root.get_by_role("checkbox", name="softmax twice").is_checked()
    assert not view.root.get_by_role("checkbox", name="May attend to sat").is_checked()


def test_python_moves_the_page(site):
    view = site.show()

    view.explorer.scores = [3, -INF, 1e308]
    view.explorer.temperature = 50
    view.explorer.mask = [True, True, False]
    view.explorer.values = [[9, 9], [8, 8], [7, 7]]
    view.receive_from_python("scores", "temperature", "mask", "values")

    view.agrees_with_python()
    assert view.position("temperature") == 50
    track = view.slider("temperature")
    assert float(track.get_attribute("aria-valuemax")) >= 50


def test_a_screen_reader_hears_the_result_after_a_rest_and_not_at_every_step(site):
    view = site.show()
    spoken = view.root.locator(".ae-spoken")
    assert spoken.get_attribute("role") == "status"
    assert spoken.inner_text() == ""

    for _ in range(5):
        view.slider("Score of sat").press("PageUp")
        assert spoken.inner_text() == ""

    site.page.wait_for_function("() => document.querySelector('.ae-spoken').textContent")
    view.sync()
    top = f"{100 * view.explorer.weights.max():.1f} %"
    assert spoken.inner_text().startswith(f"sat has the largest weight, {top}. Output: (")


# ---------------------------------------------------------------------------------------------
# Predict, lock, reveal
# ---------------------------------------------------------------------------------------------


def test_nothing_on_the_page_gives_the_weights_away_before_the_guess_is_locked(site):
    view = site.show(predict=True)
    weights = [f"{100 * weight:.1f}" for weight in view.explorer.weights]
    output = [f"{x:.2f}".replace("-", "−") for x in view.explorer.output]
    opened = page_text(site.show())
    assert all(number in opened for number in weights + output), "the numbers that are looked for"

    view.slider("Score of the").press("ArrowRight")
    view.slider("Score of the").press("ArrowLeft")
    site.page.wait_for_timeout(500)  # the time after which a screen reader would be told

    assert view.numbers("data-weight") == []
    assert view.numbers("data-output") == []
    hidden = page_text(view)
    assert [number for number in weights + output if number in hidden] == []
    assert view.root.locator(".ae-result").evaluate("e => getComputedStyle(e).display") == "none"


def test_guess_lock_and_reveal(site):
    view = site.show(predict=True)
    names = [f"Your guess for the weight of {token}" for token in TOKENS]
    assert [view.position(name) for name in names] == pytest.approx([1 / 3] * 3)
    assert "adds up to 100.0 %" in view.text(".ae-guess-words")

    view.slider(names[0]).press("Home")
    view.slider(names[1]).press("End")
    assert "adds up to 133.3 %" in view.text(".ae-guess-words")
    site.page.mouse.click(*place_on(view.slider(names[2]), 0.5))
    view.sync()
    assert_allclose(view.explorer.guess, [0, 1, 0.5], atol=0.011)

    view.root.get_by_role("button", name="Lock my guess").click()
    view.sync()

    assert view.explorer.locked is True
    assert_allclose(view.explorer._locked_weights, view.explorer.weights, atol=1e-12)
    view.agrees_with_python()
    assert [view.slider(name).is_visible() for name in names] == [False] * 3
    off = np.abs(view.explorer.weights - view.explorer.guess)
    worst = int(off.argmax())
    assert view.text(".ae-guess-words").startswith(
        f"Furthest off: {TOKENS[worst]}. You said {100 * view.explorer.guess[worst]:.1f} %, "
        f"softmax says {100 * view.explorer.weights[worst]:.1f} %."
    )
    total = f"{100 * view.explorer.guess.sum():.1f} %"
    assert f"your guess added up to {total}" in view.text(".ae-guess-words")
    shown = view.root.locator(".ae-guess-number").all_inner_texts()
    assert shown == [f"you: {100 * share:.1f} %" for share in view.explorer.guess]


def test_a_close_guess_is_told_to_be_close(site):
    explorer = ScoreExplorer(TOKENS, [0, 0, 0], predict=True)
    explorer.guess = [0.3, 0.35, 0.35]
    view = site.show(explorer)

    view.root.get_by_role("button", name="Lock my guess").click()

    assert view.text(".ae-guess-words") == "Every guess is within 5 % of the answer."


def test_the_verdict_is_about_the_scores_that_were_guessed_and_no_others(site):
    view = site.show(predict=True)
    view.root.get_by_role("button", name="Lock my guess").click()
    verdict = view.text(".ae-guess-words")
    assert verdict.startswith("Furthest off")

    view.slider("Score of the").press("ArrowRight")
    assert view.text(".ae-guess-words") == ""
    view.sync()
    view.agrees_with_python()
    view.slider("Score of the").press("ArrowLeft")

    assert view.text(".ae-guess-words") == verdict


def test_guessing_again_hides_the_answer_and_keeps_the_guess(site):
    view = site.show(predict=True)
    view.slider("Your guess for the weight of cat").press("End")
    view.root.get_by_role("button", name="Lock my guess").click()

    view.root.get_by_role("button", name="Guess again").click()

    view.sync()
    assert view.explorer.locked is False
    assert view.explorer._locked_weights is None
    assert view.numbers("data-weight") == []
    assert view.position("Your guess for the weight of cat") == 1
    assert view.root.get_by_role("button", name="Lock my guess").is_visible()


def test_a_locked_guess_cannot_be_moved(site):
    explorer = ScoreExplorer(TOKENS, SCORES, predict=True)
    explorer.locked = True
    view = site.show(explorer)

    view.root.locator(".ae-guess").first.evaluate(
        "e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}))"
    )

    view.sync()
    assert_allclose(explorer.guess, [1 / 3] * 3)


def test_a_guess_is_locked_even_where_the_students_weights_are_no_shares(site):
    view = site.show(predict=True, softmax=np.exp)

    view.root.get_by_role("button", name="Lock my guess").click()

    view.sync()
    assert view.explorer.locked is True


# ---------------------------------------------------------------------------------------------
# Several views, several widgets, the end of a view
# ---------------------------------------------------------------------------------------------


def test_two_views_of_one_explorer_stay_in_step(site):
    one = site.show()
    other = one.again()

    one.slider("Score of the").press("End")
    other.slider("temperature").press("Home")
    other.root.get_by_role("checkbox", name="May attend to cat").uncheck()

    assert one.numbers("data-weight") == other.numbers("data-weight")
    assert one.position("temperature") == other.position("temperature") == 0.1
    assert other.position("Score of the") == 4
    assert not one.root.get_by_role("checkbox", name="May attend to cat").is_checked()
    one.sync()
    one.agrees_with_python()
    other.agrees_with_python()


def test_two_views_lock_together(site):
    one = site.show(predict=True)
    other = one.again()

    other.slider("Your guess for the weight of sat").press("End")
    one.root.get_by_role("button", name="Lock my guess").click()

    assert other.root.get_by_role("button", name="Guess again").is_visible()
    assert one.text(".ae-guess-words") == other.text(".ae-guess-words")
    assert len(other.numbers("data-weight")) == 3


def test_two_explorers_do_not_disturb_each_other(site):
    one, other = site.show(), site.show(scores=[0, 0, 1], temperature=3.0)
    before = page_text(other)

    one.slider("Score of the").press("End")
    one.slider("temperature").press("End")
    one.root.get_by_role("checkbox", name="softmax twice").check()

    assert page_text(other) == before
    assert other.unsent() == []
    one.sync()
    one.agrees_with_python()
    other.agrees_with_python()


def test_no_identifier_is_used_twice(site):
    for _ in range(2):
        site.show(predict=True)

    ids = site.page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "options",
    [{}, {"predict": True}, {"softmax": softmax}],
    ids=["plain", "predict", "yours"],
)
def test_the_end_of_a_view_leaves_nothing_behind(site, options):
    view = site.show(**options)
    other = view.again()
    listening = site.page.evaluate("n => models[n].heard.length", view.model)
    assert listening > 0

    view.slider("Score of the").press("ArrowRight")  # timers are running
    site.page.evaluate("n => cleanups[n]()", view.number)

    assert site.page.evaluate("n => models[n].heard.length", view.model) == listening / 2
    view.unsent()
    dead = page_text(view)
    view.slider("Score of the").press("End")
    site.page.mouse.click(*place_on(view.slider("Score of cat"), 0.9))
    view.root.get_by_role("button", name="Reset").click()
    other.slider("Score of the").press("Home")
    site.page.wait_for_timeout(600)
    assert len(view.unsent()) == 1, "the view that ended saves nothing any more"
    assert page_text(view).replace(" checked", "") == dead
    assert other.position("Score of the") == -4


# ---------------------------------------------------------------------------------------------
# A student's own function
# ---------------------------------------------------------------------------------------------


def my_softmax(scores):
    if scores[0] > 3:
        print("the first score is", scores[0])
        raise ArithmeticError("that is too much")
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def test_the_page_shows_what_the_students_function_answers(site):
    view = site.show(softmax=my_softmax)
    view.agrees_with_python()
    assert "my_softmax (yours)" in view.text(".ae-weights .ae-head")
    before = view.numbers("data-weight")

    view.slider("Score of the").press("ArrowRight")

    # A quick answer would be painted together with its score; this one is not there yet.
    site.page.wait_for_function("() => document.querySelector('.ae-stale')", timeout=1000)
    assert view.numbers("data-weight") == before, "nobody but the kernel can answer"
    assert view.position("Score of the") == 0.6, "the score does not wait for it"
    assert view.sync() == [{"_request": 1, "scores": [0.6, 2, -1]}]
    view.receive_from_python("_answer")
    view.agrees_with_python()
    assert view.numbers("data-weight") != before
    assert not view.root.evaluate("root => root.classList.contains('ae-stale')")


def test_an_error_is_in_an_alert_with_the_students_line_until_the_next_good_answer(site):
    view = site.show(softmax=my_softmax)
    alert = view.root.get_by_role("alert")
    assert alert.inner_text() == ""
    good = view.numbers("data-weight"), view.numbers("data-output")

    view.slider("Score of the").press("End")
    view.sync()
    view.receive_from_python("_answer")

    assert "my_softmax raised ArithmeticError: that is too much" in alert.inner_text()
    assert 'raise ArithmeticError("that is too much")' in alert.inner_text()
    assert alert.is_visible()
    assert "the first score is 4.0" in view.text(".ae-printed")
    assert (view.numbers("data-weight"), view.numbers("data-output")) == good
    view.slider("Score of the").press("Home")
    view.sync()
    view.receive_from_python("_answer")
    assert alert.inner_text() == ""
    assert not alert.is_visible()
    assert not view.root.locator(".ae-printed").is_visible()
    view.agrees_with_python()


def test_a_function_that_fails_from_the_start_is_told_at_once(site):
    def broken(scores):
        raise RuntimeError("<b>never</b>")

    view = site.show(softmax=broken)

    assert "<b>never</b>" in view.root.get_by_role("alert").inner_text()
    assert view.numbers("data-weight") == []
    assert "NaN" not in page_text(view)
    assert "undefined" not in page_text(view)


def test_an_answer_that_comes_late_does_not_pass_for_the_newest(site):
    view = site.show(softmax=my_softmax)
    view.slider("Score of the").press("ArrowRight")
    view.slider("Score of the").press("Home")
    first, second = view.unsent()

    view.explorer.set_state(first)
    view.receive_from_python("_answer")
    assert view.root.evaluate("root => root.classList.contains('ae-stale')")
    view.explorer.set_state(second)
    view.receive_from_python("_answer")

    assert not view.root.evaluate("root => root.classList.contains('ae-stale')")
    assert view.position("Score of the") == -4
    view.agrees_with_python()


def test_a_page_without_an_answer_says_that_it_waits_and_then_what_to_do(site):
    site.page.clock.install()
    view = site.show(softmax=my_softmax)
    waiting = view.root.locator(".ae-waiting")
    view.slider("Score of the").press("ArrowRight")
    assert waiting.inner_text() == "", "a quick answer needs no words"

    site.page.clock.run_for(400)
    assert waiting.inner_text() == "Waiting for my_softmax …"
    site.page.clock.run_for(4000)
    assert "my_softmax" in waiting.inner_text()
    assert "run its cells first" in waiting.inner_text()
    view.sync()
    view.receive_from_python("_answer")

    assert waiting.inner_text() == ""
    site.page.clock.run_for(10_000)
    assert waiting.inner_text() == ""


def test_reset_of_what_has_not_moved_is_answered_too(site):
    view = site.show(softmax=my_softmax)

    view.root.get_by_role("button", name="Reset").click()
    view.sync()
    view.receive_from_python("_answer")

    assert not view.root.evaluate("root => root.classList.contains('ae-stale')")


def test_a_sum_of_ones_own_is_shown(site):
    def my_sum(weights, values):
        return 2 * weights @ values

    view = site.show(weighted_sum=my_sum)

    assert_allclose(view.numbers("data-output"), 2 * softmax(SCORES) @ VALUES, atol=1e-12)
    assert "my_sum (yours)" in view.text(".ae-products .ae-head")


def test_weights_that_are_no_shares_are_shown_as_they_are_and_have_no_entropy(site):
    view = site.show(softmax=lambda scores: np.array([-1.0, 5.0, 0.0]))

    assert view.numbers("data-weight") == [-1, 5, 0]
    assert view.text(".ae-entropy") == ""
    assert view.text(".ae-weights .ae-foot").endswith("400.0 %")


# ---------------------------------------------------------------------------------------------
# Any label
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", HOSTILE.values(), ids=HOSTILE)
def test_labels_are_text_and_every_slider_has_a_name_of_its_own(site, labels):
    view = site.show(
        tokens=labels,
        scores=None,
        values=np.arange(2.0 * len(labels)).reshape(-1, 2),
        value_names=[labels[0], labels[-1]],
        title=labels[0],
    )

    shown = view.root.locator(".ae-token").evaluate_all("all => all.map(e => e.textContent)")
    assert shown == [label or "␣" for label in labels]
    assert view.root.locator("img, script, b").count() == 0
    for role, count in (("slider", len(labels) + 2), ("checkbox", len(labels) + 1)):
        names = view.root.get_by_role(role).evaluate_all(
            "all => all.map(e => e.getAttribute('aria-label') ?? e.closest('label').textContent)"
        )
        assert len(names) == count
        assert len({" ".join(name.split()) for name in names}) == count, names
        assert all(name.strip() for name in names)
    view.root.get_by_role("slider").first.press("End")
    view.sync()
    view.agrees_with_python()


@pytest.mark.parametrize(
    "labels", [["a", "a (token 3)", "a"], ["cat", " cat"]], ids=["looks numbered", "leading space"]
)
def test_names_are_told_apart_even_where_labels_look_like_names_or_differ_in_spaces(site, labels):
    """Tokens with a leading space are what most language models really have."""
    view = site.show(tokens=labels, scores=None, values=None)

    names = view.root.get_by_role("slider").evaluate_all(
        "all => all.slice(0, -2).map(e => e.getAttribute('aria-label'))"
    )
    assert len({" ".join(name.split()) for name in names}) == len(labels), names


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("options", [{}, {"predict": True}, {"values": None}], ids=str)
def test_nothing_makes_the_page_wider_than_the_window(site, width, options):
    """At 360 pixels, or at 1280 with 200 % zoom and more, the table scrolls inside itself."""
    site.page.set_viewport_size({"width": width, "height": 900})
    n = len(LABELS)
    values = np.random.default_rng(0).normal(size=(n, 64)) * 1e6
    view = site.show(
        **{"tokens": LABELS, "scores": np.linspace(-9, 9, n), "values": values, **options}
    )
    site.show(**options)
    if options.get("predict"):
        view.root.get_by_role("button", name="Lock my guess").click()

    wide = site.page.evaluate("() => document.documentElement.scrollWidth")

    assert wide <= width
    box = view.slider("temperature").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_score_and_weight_stay_in_sight_on_a_narrow_page(site):
    site.page.set_viewport_size({"width": 360, "height": 900})
    view = site.show()

    for target in (view.slider("Score of cat"), view.root.locator("[data-weight]").nth(1)):
        box = target.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    assert view.slider("Score of cat").bounding_box()["width"] >= 48


def test_targets_are_large_enough_for_a_finger(site):
    """24 pixels at least, as WCAG 2.2 asks, but for boxes that stand alone in their row."""
    view = site.show()
    sizes = view.root.locator("[role=slider], button").evaluate_all(
        "all => all.map(e => Math.min(e.offsetWidth, e.offsetHeight))"
    )
    assert min(sizes) >= 24


# ---------------------------------------------------------------------------------------------
# Themes, motion, accessibility
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theme", "dark"), [("light", False), ("dark", True), (None, False)])
def test_the_widget_wears_the_colours_of_the_theme(site, theme, dark):
    if theme:
        site.theme(theme)
    site.show()

    ground = luminance(site.page, ".ae-root", "backgroundColor")
    ink = luminance(site.page, ".ae-root", "color")
    bar = luminance(site.page, ".ae-slider .ae-bar", "backgroundImage")

    assert bool(ground < 0.2) is dark
    assert bool(ink > 0.8) is dark
    assert abs(bar - ground) > 0.25, "the bars stand out"


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_nothing_fades_for_those_who_want_no_motion(site, motion, moves):
    site.page.emulate_media(reduced_motion=motion)
    view = site.show(softmax=my_softmax)
    view.slider("Score of the").press("ArrowRight")
    site.page.wait_for_function("() => document.querySelector('.ae-stale')", timeout=1000)

    longest = view.root.evaluate(
        """root => Math.max(...[root, ...root.querySelectorAll("*")].map((e) => {
            const style = getComputedStyle(e);
            const lasting = [style.transitionDuration, style.animationDuration];
            return Math.max(...lasting.map(parseFloat));
        }))"""
    )
    site.page.emulate_media(reduced_motion="no-preference")

    assert (longest > 0) is moves
    assert longest <= 0.5


QUIET = "quiet text on the shade of every other row has a contrast of 4.4 in the light theme"


def failing(scores):
    print("almost")
    raise ValueError("not yet")


MODES = {
    "plain": {},
    "masked": {"mask": [True, False, True]},
    "minus infinity and twice": {"scores": [-INF, 2, 1], "twice": True},
    "huge": {"scores": [1e308, -1e308, 0]},
    "many components": {"values": np.linspace(-3, 3, 192).reshape(3, 64)},
    "scores alone": {"steps": ["scores"]},
    "no controls": {"controls": [], "values": None},
    "predict": {"predict": True},
    "locked": {"predict": True, "lock": True},
    "own function": {"softmax": my_softmax},
    "error": {"softmax": failing},
    "hostile": {
        "tokens": LABELS,
        "scores": None,
        "values": np.arange(2.0 * len(LABELS)).reshape(-1, 2),
    },
}


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_no_fault_in_either_theme(site, mode, request):
    options = dict(MODES[mode])
    lock = options.pop("lock", False)
    view = site.show(**options)
    if lock:
        view.root.get_by_role("button", name="Lock my guess").click()

    assert violations(site) == []


def test_axe_finds_no_fault_on_a_narrow_page(site):
    site.page.set_viewport_size({"width": 360, "height": 900})
    site.show()

    assert violations(site) == []


def test_axe_would_find_a_fault(site):
    site.show().root.locator("[data-weight]").first.evaluate("e => e.removeAttribute('aria-label')")

    assert any("role-img-alt" in fault for fault in violations(site))


# ---------------------------------------------------------------------------------------------
# Many tokens
# ---------------------------------------------------------------------------------------------


@pytest.fixture
def long_view(site):
    random = np.random.default_rng(512)
    return site.show(
        tokens=[f"t{i}" for i in range(512)],
        scores=np.round(random.normal(0, 2, 512), 1),
        values=random.normal(size=(512, 8)),
    )


MOVE_AND_READ = """
async ([root, far]) => {
    const first = root.querySelector("[role=slider]");
    first.dispatchEvent(new KeyboardEvent("keydown", {key: "End", bubbles: true}));
    const weights = [...root.querySelectorAll("[data-weight]")].map(e => Number(e.dataset.weight));
    const scroller = root.querySelector(".ae-scroller");
    scroller.scrollTop = scroller.scrollHeight;
    // Two frames: less than what rows out of sight may take.
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    return {weights, text: root.querySelectorAll("[data-weight]")[far].textContent};
}
"""


def as_percent(weight):
    return "<0.1 %" if weight < 0.0005 else f"{100 * weight:.1f} %"


def test_every_weight_of_512_is_on_the_page_in_the_instant_of_a_move(site, long_view):
    long_view.agrees_with_python()
    far = 511

    seen = site.page.evaluate(MOVE_AND_READ, [long_view.root.element_handle(), far])

    long_view.sync()
    assert long_view.explorer.scores[0] == long_view.explorer.score_range[1]
    assert_allclose(seen["weights"], long_view.explorer.weights, rtol=0, atol=1e-12)
    assert seen["text"] == as_percent(long_view.explorer.weights[far])


def test_rows_that_are_scrolled_to_can_be_moved(long_view):
    long_view.root.locator(".ae-scroller").evaluate("e => { e.scrollTop = e.scrollHeight }")

    long_view.slider("Score of t511").press("End")

    long_view.sync()
    assert long_view.explorer.scores[511] == long_view.explorer.score_range[1]
    long_view.agrees_with_python()
    assert long_view.text(".ae-weights .ae-foot").endswith("100.0 %")


def test_rows_out_of_sight_are_painted_a_moment_later(site, long_view):
    long_view.slider("Score of t0").press("End")
    long_view.sync()
    site.page.wait_for_timeout(400)

    texts = long_view.root.locator(".ae-weights [data-weight]").evaluate_all(
        "all => all.map(e => e.textContent)"
    )
    expected = [as_percent(weight) for weight in long_view.explorer.weights]
    assert texts == expected


def test_a_head_and_the_sums_stay_in_sight_while_scrolling(long_view):
    scroller = long_view.root.locator(".ae-scroller")
    assert scroller.evaluate("e => e.scrollHeight > 3 * e.clientHeight")
    scroller.evaluate("e => { e.scrollTop = 4000 }")

    box = scroller.bounding_box()
    for selector in (".ae-weights .ae-head", ".ae-weights .ae-foot"):
        part = long_view.root.locator(selector).bounding_box()
        assert box["y"] - 1 <= part["y"] <= box["y"] + box["height"] - part["height"] + 1


def test_the_same_explorer_can_be_drawn_again_and_again(site):
    """JupyterLab renders a view anew whenever it comes back into sight."""
    view = site.show()
    for _ in itertools.repeat(None, 5):
        site.page.evaluate("n => cleanups[n]()", view.number)
        view = view.again()

    view.slider("Score of the").press("End")
    view.sync()
    view.agrees_with_python()
