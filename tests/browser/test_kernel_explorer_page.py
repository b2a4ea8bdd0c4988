"""The kernel explorer on a plain page, with nothing of Jupyter: its contract and what it does."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attention_edu import KernelExplorer
from attention_edu.widgets.kernel_explorer import KERNELS
from browser.plain_page import Site, View, empty_site, listen, one_page, violations

pytestmark = pytest.mark.browser

X = [0.0, 1.0, 2.0, 2.0, 5.0]
Y = [1.0, 3.0, 2.0, -2.0, 0.5]


class KernelView(View):
    """A kernel explorer in Python, and one view of it on the page."""

    def __init__(self, page, explorer, model, number):
        super().__init__(page, explorer, model, number)
        self.query = self.root.get_by_role("slider").first

    def at(self):
        return float(self.query.get_attribute("aria-valuenow"))

    def point(self, share):
        """Return the point of the plot at a share of its width."""
        box = self.query.bounding_box()
        return box["x"] + share * box["width"], box["y"] + box["height"] / 3

    def agrees_with_python(self):
        super().agrees_with_python()
        told = [] if self.explorer.prediction is None else [self.explorer.prediction]
        assert_allclose(self.numbers("data-output"), told, rtol=1e-12, atol=1e-12)

    def answer(self):
        """Let Python answer the page, as a kernel does for a student's function."""
        self.sync()
        self.receive_from_python("_answer")


class KernelSite(Site):
    view = KernelView

    def make(self, **options):
        return KernelExplorer(**{"x": X, "y": Y, **options})


@pytest.fixture(scope="module")
def shared_page(chromium):
    with one_page(chromium) as page:
        yield page


@pytest.fixture
def site(shared_page):
    with empty_site(shared_page, KernelSite, width=1000) as made:
        yield made


# ---------------------------------------------------------------------------------------------
# The contract of the page
# ---------------------------------------------------------------------------------------------


def test_root_and_sliders_have_their_names_and_order(site):
    view, named = site.show(), site.show(title="Rain", x_name="hours", kernel="boxcar")

    assert view.root.get_attribute("aria-label") == "Kernel explorer"
    assert named.root.get_attribute("aria-label") == "Rain"
    names = [
        each.root.get_by_role("slider").evaluate_all("all => all.map(e => e.ariaLabel)")
        for each in (view, named)
    ]
    assert names == [
        ["Query x", "bandwidth h (temperature h²)"],
        ["Query hours", "bandwidth h"],
    ]
    assert "softmax of −(x − xᵢ)² / 2 at temperature h² = 0.25" in view.text(".ae-kernel-formula")
    assert "softmax" not in named.text(".ae-kernel-formula")


def hard_cases():
    random = np.random.default_rng(1964)
    for number in range(60):
        n = int(random.integers(1, 40))
        x = random.normal(scale=10.0 ** random.integers(-6, 7), size=n)
        spread = np.ptp(x) or 1.0
        yield {
            "x": np.where(random.random(n) < 0.2, x[0], x),
            "y": random.normal(size=n),
            "query": float(x.mean() + random.uniform(-1, 1) * spread),
            "bandwidth": float(spread * 10.0 ** random.uniform(-3, 3)),
            "kernel": KERNELS[number % 3],
        }
    for query, bandwidth, kernel in itertools.product(
        (1e100, -1e17, 2.5), (1e-100, 1e-3, 1e100), KERNELS
    ):
        yield {"query": query, "bandwidth": bandwidth, "kernel": kernel}
    yield {"x": np.linspace(-1e100, 1e100, 512), "y": np.full(512, 1e100)}
    yield {"x": [5e-324, 0, -5e-324], "y": [1, 2, 3]}


def test_the_numbers_on_the_page_are_those_of_python(site):
    """Through the widget, over random and extreme inputs."""
    for options in hard_cases():
        view = site.show(**options)
        view.agrees_with_python()
        assert "NaN" not in view.root.inner_html()
        site.page.evaluate("n => { cleanups[n](); }", view.number)
        view.root.evaluate("root => root.remove()")


def test_numbers_are_also_written_for_those_who_read(site):
    view = site.show(query=1.5)

    assert view.text("[data-output]") == f"{view.explorer.prediction:.2f}"
    told = view.query.get_attribute("aria-valuetext")
    assert told == f"1.50, prediction {view.explorer.prediction:.2f}"
    items = view.root.locator("li[data-weight]").all_inner_texts()
    assert items[1] == f"point 2 (1.00, 3.00): weight {100 * view.explorer.weights[1]:.1f} %"
    squares = (view.explorer.weights**2).sum()
    assert view.text(".ae-kernel-like") == f"like {1 / squares:.1f} points"


DRAWN = """root => {
    const bars = [...root.querySelector(".ae-kernel-bars").getAttribute("d")
        .matchAll(/M([\\d.]+) [\\d.]+v-([\\d.]+)/g)].map(m => [Number(m[1]), Number(m[2])]);
    const spots = [...root.querySelector(".ae-kernel-ring").getAttribute("d")
        .matchAll(/M([\\d.]+) ([\\d.]+)/g)].map(m => [Number(m[1]), Number(m[2])]);
    const move = root.querySelector(".ae-kernel-dot").getAttribute("transform");
    const dot = move.match(/[\\d.]+/g).map(Number);
    const line = Number(root.querySelector(".ae-kernel-line").getAttribute("x1"));
    return {bars, spots, dot, line};
}"""


def test_bars_stand_under_their_points_and_the_dot_where_the_prediction_is(site):
    x, y = [0.0, 1.0, 2.0, 4.0], [1.0, 3.0, 2.0, -2.0]
    view = site.show(x=x, y=y, query=1.7, bandwidth=1.0)

    drawn = view.root.evaluate(DRAWN)

    weights = view.explorer.weights
    spots, bars = np.array(drawn["spots"]), np.array(drawn["bars"])
    assert_allclose(bars[:, 0], spots[:, 0], atol=0.1)
    assert_allclose(bars[:, 1] / bars[:, 1].max(), weights / weights.max(), atol=0.01)
    across = np.polyfit(x, spots[:, 0], 1)
    up = np.polyfit(y, spots[:, 1], 1)
    assert drawn["line"] == pytest.approx(np.polyval(across, 1.7), abs=0.3)
    wanted = [np.polyval(across, 1.7), np.polyval(up, view.explorer.prediction)]
    assert drawn["dot"] == pytest.approx(wanted, abs=0.3)


def test_bars_of_points_at_the_same_place_stand_side_by_side(site):
    drawn = site.show(query=2.0).root.evaluate(DRAWN)

    places = [place for place, _ in drawn["bars"]]
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("controls", "sliders", "radios", "buttons"),
    [([], 1, 0, 0), (["bandwidth"], 2, 0, 0), (["kernel", "reset"], 1, 3, 1)],
)
def test_only_the_chosen_controls_are_there(site, controls, sliders, radios, buttons):
    root = site.show(controls=controls).root

    assert root.get_by_role("slider").count() == sliders
    assert root.get_by_role("radio").count() == radios
    assert root.get_by_role("button").count() == buttons + 1  # “Large type” is always there
    assert root.locator(".ae-kernel-like").count() == 0


# ---------------------------------------------------------------------------------------------
# Mouse, keys and finger
# ---------------------------------------------------------------------------------------------


def test_a_drag_in_the_plot_moves_the_query_all_the_way(site):
    view, mouse = site.show(), site.page.mouse
    low, high = view.explorer.x_range

    mouse.move(*view.point(0.2))
    mouse.down()
    seen = []
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        mouse.move(*view.point(share))
        seen.append((view.at(), view.numbers("data-output")[0]))
    assert [at for at, _ in seen] == pytest.approx(
        [low + share * (high - low) for share in (0.3, 0.4, 0.5, 0.6, 0.7)], abs=0.02
    )
    assert len({output for _, output in seen}) == 5, "every move is answered"
    assert view.sync(), "Python hears of it during the drag"
    view.agrees_with_python()
    x, y = view.point(1.0)
    mouse.move(x + 200, y + 300)
    assert view.at() == pytest.approx(high)
    mouse.up()
    mouse.move(*view.point(0.1), steps=3)
    assert view.at() == pytest.approx(high), "the button is up"
    view.sync()
    view.agrees_with_python()
    assert view.query.evaluate("e => e === document.activeElement"), "keys go on from there"


def test_another_button_of_the_mouse_moves_nothing(site):
    view = site.show()

    site.page.mouse.click(*view.point(0.9), button="right")

    assert view.at() == 2.5
    assert view.unsent() == []


@pytest.mark.parametrize(
    ("key", "query"),
    [
        ("ArrowRight", 2.55),
        ("ArrowUp", 2.55),
        ("ArrowLeft", 2.45),
        ("PageUp", 3.0),
        ("PageDown", 2.0),
        ("Home", -0.3),
        ("End", 5.3),
    ],
)
def test_a_key_moves_the_query_and_all_that_follows_from_it(site, key, query):
    view = site.show()

    view.query.press(key)

    assert view.at() == pytest.approx(query, abs=1e-12)
    assert view.sync() == [{"query": pytest.approx(query, abs=1e-12)}]
    view.agrees_with_python()


def test_everything_that_can_be_used_by_keys_keeps_jupyterlab_from_taking_them(site):
    view = site.show()

    marks = view.root.locator("[role=slider], button, input").evaluate_all(
        "all => all.map(e => e.getAttribute('data-lm-suppress-shortcuts'))"
    )
    assert marks == ["true"] * 7


def test_a_finger_drags_the_query_and_still_scrolls_the_page(chromium):
    context = chromium.new_context(
        viewport={"width": 400, "height": 600}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    wrong = listen(page)
    site = KernelSite(page)
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

    touch(*(view.point(share) for share in (0.2, 0.4, 0.6, 0.8, 1.1)))
    page.wait_for_function(
        "high => Number(document.querySelector('[role=slider]').ariaValueNow) >= high - 1e-9",
        arg=view.explorer.x_range[1],
        timeout=5000,
    )
    view.sync()
    view.agrees_with_python()
    x, y = view.point(0.5)
    touch(*((x, y - distance) for distance in (0, 20, 60, 100, 140)))
    page.wait_for_function("() => scrollY > 30", timeout=5000)
    assert wrong == []
    context.close()


# ---------------------------------------------------------------------------------------------
# Controls
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Home", "End", "ArrowRight", "PageDown"])
def test_the_bandwidth_moves_by_factors_and_takes_the_curve_along(site, key):
    view = site.show()
    curve = view.root.locator(".ae-kernel-curve").get_attribute("d")

    view.root.get_by_role("slider").nth(1).press(key)

    view.sync()
    assert view.explorer.bandwidth != 0.5
    view.agrees_with_python()
    assert view.root.locator(".ae-kernel-curve").get_attribute("d") != curve


def test_the_curve_and_the_axes_stand_still_while_the_query_moves(site):
    view = site.show()
    view.root.evaluate(
        """root => {
            window.changed = new Set();
            new MutationObserver(all => all.forEach(({target}) => {
                const e = target.nodeType === 3 ? target.parentElement : target;
                window.changed.add(e.closest("[class]").classList[0]);
            })).observe(root.querySelector(".ae-kernel-stage"), {
                attributes: true, childList: true, characterData: true, subtree: true,
            });
        }"""
    )

    view.query.press("PageUp")

    changed = set(site.page.evaluate("() => [...changed]"))
    assert "ae-kernel-line" in changed
    assert changed.isdisjoint({"ae-kernel-curve", "ae-kernel-ring", "ae-kernel-axes"})


def test_another_kernel_can_be_chosen(site):
    view = site.show(query=2.0, bandwidth=1.5)
    before = view.numbers("data-weight")

    for kernel, name in (("boxcar", "boxcar"), ("epanechnikov", "Epanechnikov")):
        view.root.get_by_role("radio", name=name).check()
        assert view.sync() == [{"kernel": kernel}]
        assert view.explorer.kernel == kernel
        view.agrees_with_python()
    view.root.get_by_role("radio", name="Gaussian").check()
    assert view.numbers("data-weight") == before


def test_where_no_point_is_near_enough_the_page_says_so(site):
    view = site.show(kernel="boxcar", query=3.5, bandwidth=0.5)

    assert view.text(".ae-kernel-nothing").startswith("No point is near enough")
    assert view.numbers("data-weight") == [0] * 5
    assert view.numbers("data-output") == []
    assert view.root.locator(".ae-kernel-dot").is_hidden()
    assert view.query.get_attribute("aria-valuetext") == "3.50, no prediction"
    view.query.press("End")
    assert view.root.locator(".ae-kernel-nothing").is_hidden()
    assert view.numbers("data-output") == [0.5]


def test_reset_goes_back_to_the_beginning(site):
    view = site.show(query=1.25, bandwidth=0.7)
    before = view.numbers("data-weight")
    view.query.press("End")
    view.root.get_by_role("slider").nth(1).press("End")
    view.root.get_by_role("radio", name="boxcar").check()

    view.root.get_by_role("button", name="Reset").click()

    assert view.numbers("data-weight") == before
    view.sync()
    shown = view.explorer
    assert (shown.query, shown.bandwidth, shown.kernel) == (1.25, 0.7, "gaussian")


def test_python_moves_the_page(site):
    view = site.show()

    view.explorer.x = [10, 20, 30, 40, 50]
    view.explorer.y = [5, 5, 6, 6, -70]
    view.explorer.query = 33
    view.explorer.bandwidth = 8
    view.receive_from_python("x", "y", "query", "bandwidth", "x_range", "y_range")

    view.agrees_with_python()
    view.query.press("End")
    assert view.at() == pytest.approx(view.explorer.x_range[1])


def test_a_screen_reader_hears_the_result_after_a_rest(site):
    view = site.show()
    assert view.text(".ae-spoken[role=status]") == ""

    view.query.press("Home")

    site.page.wait_for_function(
        "() => document.querySelector('[role=status].ae-spoken').textContent"
    )
    view.sync()
    spoken = view.text(".ae-spoken[role=status]")
    assert spoken.startswith(f"Prediction {view.explorer.prediction:.2f}, like ")


# ---------------------------------------------------------------------------------------------
# A student's own kernel
# ---------------------------------------------------------------------------------------------


def my_kernel(distances):
    if distances[0] > 8:
        raise ValueError("<b>too far</b>")
    print("asked")
    return np.maximum(0, 1 - np.abs(distances))


def test_a_students_kernel_answers_and_leaves_a_trace(site):
    view = site.show(kernel=my_kernel, query=1.5, bandwidth=1.0)
    view.agrees_with_python()
    assert "my_kernel (yours)" in view.text(".ae-controls")
    assert view.root.get_by_role("radio").count() == 0
    assert not view.root.locator(".ae-kernel-window").get_attribute("d")  # known at points only

    for _ in range(3):
        view.query.press("ArrowRight")
        view.answer()
        view.agrees_with_python()

    assert "asked" in view.text(".ae-printed")
    trace = view.root.locator(".ae-kernel-trace").get_attribute("d")
    assert trace.count("M") == 4
    site.page.set_viewport_size({"width": 600, "height": 900})
    site.page.wait_for_function(
        "d => document.querySelector('.ae-kernel-trace').getAttribute('d') !== d", arg=trace
    )
    trace = view.root.locator(".ae-kernel-trace").get_attribute("d")
    assert trace.count("M") == 4, "it is kept when the page gets another width"
    view.root.get_by_role("slider").nth(1).press("ArrowRight")
    view.answer()
    assert view.root.locator(".ae-kernel-trace").get_attribute("d").count("M") == 1


def test_an_error_is_shown_as_text_and_the_last_good_picture_stays(site):
    view = site.show(kernel=my_kernel, query=1.5, bandwidth=0.5)
    before = view.numbers("data-weight"), view.numbers("data-output")

    view.query.press("End")
    view.answer()

    alert = view.root.get_by_role("alert")
    assert "my_kernel raised ValueError: <b>too far</b>" in alert.inner_text()
    assert (view.numbers("data-weight"), view.numbers("data-output")) == before
    view.query.press("Home")
    view.answer()
    assert alert.inner_text() == ""
    view.agrees_with_python()


# ---------------------------------------------------------------------------------------------
# Labels, widths, themes, copies
# ---------------------------------------------------------------------------------------------

MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = {
    "markup": [MARKUP, "<script>alert(1)</script>", '" onfocus="alert(1)" autofocus="'],
    "other scripts": ["שלום עולם\u202e", "注意力机制", "👩‍👩‍👧‍👦🏳️‍🌈"],
    "long": ["x" * 1000, "word " * 200, "注" * 1000],
    "empty and duplicate": ["", " ", "the", "the"],
    "braces": ["{token}", "{x}", "$&", "__proto__"],
}


@pytest.mark.parametrize("labels", HOSTILE.values(), ids=HOSTILE)
def test_labels_are_text_and_every_point_has_a_name_of_its_own(site, labels):
    site.page.set_viewport_size({"width": 360, "height": 900})
    n = len(labels)
    view = site.show(
        x=np.arange(n), y=np.arange(n), labels=labels, x_name=labels[0], y_name=labels[-1]
    )

    assert view.root.locator("img, script, b").count() == 0
    names = view.root.locator("li[data-weight]").all_inner_texts()
    assert len({" ".join(name.split()) for name in names}) == n
    view.query.press("End")
    view.sync()
    view.agrees_with_python()
    assert site.page.evaluate("() => document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [356, 636, 900])
def test_the_plot_fills_its_width_and_its_words_keep_their_size(site, width):
    site.page.set_viewport_size({"width": width, "height": 900})
    view = site.show(x_name="hours")
    box = view.root.locator(".ae-kernel-svg").bounding_box()

    assert width - 40 < box["width"] < width
    height = view.root.locator(".ae-kernel-tick").first.bounding_box()["height"]
    assert 12 < height < 24
    assert site.page.evaluate("() => document.documentElement.scrollWidth") <= width
    site.page.set_viewport_size({"width": 500, "height": 900})
    site.page.wait_for_function(
        "() => document.querySelector('.ae-kernel-svg').viewBox.baseVal.width < 500"
    )
    site.page.mouse.click(*view.point(0.5))
    assert view.at() == pytest.approx(2.5, abs=0.03)


MODES = {
    "plain": {"truth": np.sin, "labels": ["a", "b", "c", "d", "e"]},
    "nothing near": {"kernel": "boxcar", "query": 3.5, "bandwidth": 0.5},
    "error": {"kernel": my_kernel, "query": 5.0, "bandwidth": 0.1},
    "no controls": {"controls": []},
    "many": {"x": np.arange(200.0), "y": np.zeros(200)},
}


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_no_fault_in_either_theme(site, mode):
    site.show(**MODES[mode])

    assert violations(site) == []


def test_nothing_fades_for_those_who_want_no_motion(site):
    site.page.emulate_media(reduced_motion="reduce")
    view = site.show(kernel=my_kernel)
    view.query.press("ArrowRight")
    site.page.wait_for_function("() => document.querySelector('.ae-stale')", timeout=1000)
    lasting = view.root.locator(".ae-kernel-bars").evaluate(
        "e => getComputedStyle(e).transitionDuration"
    )
    site.page.emulate_media(reduced_motion="no-preference")
    assert lasting == "0s"


def test_two_copies_do_not_disturb_each_other_and_two_views_stay_in_step(site):
    one, other = site.show(), site.show()
    twin = one.again()
    before = other.numbers("data-weight")

    one.query.press("PageUp")
    one.root.get_by_role("radio", name="boxcar").check()

    assert other.numbers("data-weight") == before
    assert other.root.get_by_role("radio", name="Gaussian").is_checked()
    assert twin.numbers("data-weight") == one.numbers("data-weight") != before
    assert twin.root.get_by_role("radio", name="boxcar").is_checked()
    site.page.evaluate("n => cleanups[n]()", twin.number)
    one.query.press("Home")
    one.sync()
    one.agrees_with_python()


def test_512_points_stay_in_step_and_few_elements_move(site):
    random = np.random.default_rng(512)
    x = random.uniform(0, 10, 512)
    view = site.show(x=x, y=np.sin(x), query=3.0)
    assert view.root.locator("svg *").count() < 80

    view.query.press("PageUp")

    view.sync()
    view.agrees_with_python()
