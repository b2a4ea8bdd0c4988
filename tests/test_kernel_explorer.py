"""The kernel explorer without a page: arguments, state, a student's kernel, picture and words."""

import base64
import json
import warnings

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import KernelExplorer
from attention_edu.attention import softmax, weighted_sum
from attention_edu.widgets.kernel_explorer import CONTROLS, GRID, KERNELS

INF = float("inf")
NAN = float("nan")
X = [0.0, 1.0, 2.0, 2.0, 5.0]
Y = [1.0, 3.0, 2.0, -2.0, 0.5]
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def explorer(**options):
    return KernelExplorer(**{"x": X, "y": Y, **options})


def by_hand(shown):
    """Compute weights and prediction from the equation of 1964, in another way than the widget."""
    u = (shown.query - shown.x) / shown.bandwidth
    if shown.kernel == "gaussian":
        scores = -((shown.query - shown.x) ** 2) / 2
        weights = softmax(scores, temperature=shown.bandwidth**2)
        return weights, weighted_sum(weights, shown.y[:, None])[0]
    near = np.abs(u) <= 1
    values = near * 1.0 if shown.kernel == "boxcar" else np.where(near, 0.75 * (1 - u**2), 0)
    if not values.sum():
        return np.zeros(len(u)), None
    return values / values.sum(), (values * shown.y).sum() / values.sum()


def snapshot(shown):
    """Return everything that a failed assignment must leave as it was, ready to be compared."""
    sent = {key: part for key, part in shown.get_state().items() if key not in ("_esm", "_css")}
    numbers = [
        None if part is None else part.tolist() for part in (shown.weights, shown.scores, shown.x)
    ]
    return json.dumps(sent), numbers, shown.prediction, shown.describe()


# ---------------------------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------------------------

WRONG_ARGUMENTS = [
    ("x", {"x": "abc"}, TypeError),
    ("x", {"x": None}, TypeError),
    ("x", {"x": [True] * 5}, TypeError),
    ("x", {"x": [1j] * 5}, TypeError),
    ("x", {"x": []}, ValueError),
    ("x", {"x": 3}, ValueError),
    ("x", {"x": [[1, 2], [3, 4]]}, ValueError),
    ("x", {"x": [0, 1, NAN, 2, 3]}, ValueError),
    ("x", {"x": [0, 1, -INF, 2, 3]}, ValueError),
    ("x", {"x": [0, 1, 1.1e100, 2, 3]}, ValueError),
    ("x", {"x": np.zeros(513), "y": np.zeros(513)}, ValueError),
    ("y", {"y": "abcde"}, TypeError),
    ("y", {"y": [1, 2]}, ValueError),
    ("y", {"y": [[1]] * 5}, ValueError),
    ("y", {"y": [1, 2, 3, 4, NAN]}, ValueError),
    ("y", {"y": [1, 2, 3, 4, INF]}, ValueError),
    ("query", {"query": "1"}, TypeError),
    ("query", {"query": True}, TypeError),
    ("query", {"query": [1.0]}, TypeError),
    ("query", {"query": NAN}, ValueError),
    ("query", {"query": INF}, ValueError),
    ("query", {"query": 1e101}, ValueError),
    ("bandwidth", {"bandwidth": "1"}, TypeError),
    ("bandwidth", {"bandwidth": False}, TypeError),
    ("bandwidth", {"bandwidth": 0}, ValueError),
    ("bandwidth", {"bandwidth": -1}, ValueError),
    ("bandwidth", {"bandwidth": NAN}, ValueError),
    ("bandwidth", {"bandwidth": INF}, ValueError),
    ("bandwidth", {"bandwidth": 1e-101}, ValueError),
    ("kernel", {"kernel": "gauss"}, ValueError),
    ("kernel", {"kernel": None}, TypeError),
    ("kernel", {"kernel": 5}, TypeError),
    ("curve", {"curve": 1}, TypeError),
    ("curve", {"curve": None}, TypeError),
    ("truth", {"truth": "sin"}, TypeError),
    ("truth", {"truth": [1, 2, 3]}, ValueError),
    ("truth", {"truth": np.full(GRID, NAN)}, ValueError),
    ("truth", {"truth": lambda x: x[:5]}, ValueError),
    ("truth", {"truth": lambda x: "sin"}, TypeError),
    ("labels", {"labels": "abcde"}, TypeError),
    ("labels", {"labels": [1, 2, 3, 4, 5]}, TypeError),
    ("labels", {"labels": ["a"]}, ValueError),
    ("labels", {"labels": ["a"] * 4 + ["b" * 1001]}, ValueError),
    ("controls", {"controls": "reset"}, TypeError),
    ("controls", {"controls": ["heat"]}, ValueError),
    ("controls", {"controls": ["kernel"], "kernel": np.exp}, ValueError),
    ("x_name", {"x_name": None}, TypeError),
    ("x_name", {"x_name": "x" * 1001}, ValueError),
    ("y_name", {"y_name": 5}, TypeError),
    ("title", {"title": 5}, TypeError),
    ("language", {"language": "xx"}, ValueError),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), WRONG_ARGUMENTS)
def test_a_wrong_argument_is_named_with_what_it_got_and_wants(name, arguments, kind):
    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b") as caught:
        explorer(**arguments)

    assert type(caught.value) is kind
    assert len(str(caught.value)) < 250


def test_query_and_bandwidth_fit_the_data_unless_given():
    shown = KernelExplorer([2, 4, 12], [1, 1, 1])

    assert (shown.query, shown.bandwidth, shown.kernel) == (7.0, 1.0, "gaussian")
    assert shown.controls == list(CONTROLS)
    assert (shown.x_name, shown.y_name, shown.labels) == ("x", "y", [])
    assert shown.grid.shape == (GRID,)
    assert shown.grid[0] < 2
    assert shown.grid[-1] > 12


@pytest.mark.parametrize("x", [[3], [3, 3, 3], [0, 0], [1e100], [1e15, 1e15], [5e-324, 0]], ids=str)
def test_one_place_alone_has_a_bandwidth_and_room_around_it(x):
    shown = KernelExplorer(x, np.arange(len(x)))

    low, high = shown.x_range
    assert low < high
    assert low <= x[0] <= high
    assert shown.bandwidth > 0
    assert_allclose(shown.weights, 1 / len(x))
    assert shown.figure().png().startswith(PNG_SIGNATURE)


def test_the_limits_are_within_what_is_allowed():
    shown = KernelExplorer(
        np.linspace(-1e100, 1e100, 512),
        np.linspace(1e100, -1e100, 512),
        bandwidth=1e-100,
        labels=["x" * 1000] * 512,
        x_name="x" * 1000,
    )

    assert shown.weights.sum() == pytest.approx(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shown.figure().png().startswith(PNG_SIGNATURE)


# ---------------------------------------------------------------------------------------------
# Weights and prediction
# ---------------------------------------------------------------------------------------------


def random_cases(count=60):
    random = np.random.default_rng(1964)
    for number in range(count):
        n = int(random.integers(1, 30))
        x = random.normal(scale=10.0 ** random.integers(-3, 4), size=n)
        spread = np.ptp(x) or 1.0
        yield pytest.param(
            {
                "x": np.where(random.random(n) < 0.2, x[0], x),
                "y": random.normal(size=n),
                "query": float(x.min() + random.uniform(-0.2, 1.2) * spread),
                "bandwidth": float(spread * 10.0 ** random.uniform(-2, 2)),
                "kernel": KERNELS[number % 3],
            },
            id=f"random {number}",
        )


@pytest.mark.parametrize("options", list(random_cases()))
def test_the_prediction_is_the_weighted_mean_of_1964(options):
    shown = KernelExplorer(**options)

    weights, prediction = by_hand(shown)
    assert_allclose(shown.weights, weights, rtol=0, atol=1e-12)
    if prediction is None:
        assert shown.prediction is None
    else:
        assert shown.prediction == pytest.approx(prediction, abs=1e-12)


def test_the_scores_are_minus_half_the_squared_distances_for_the_gaussian_kernel_alone():
    shown = explorer(query=1.5, bandwidth=0.7)

    assert_allclose(shown.scores, -((1.5 - np.array(X)) ** 2) / 2)
    assert_allclose(shown.weights, softmax(shown.scores, temperature=0.49), atol=1e-15)
    shown.kernel = "boxcar"
    assert shown.scores is None
    assert explorer(kernel=np.exp).scores is None


@pytest.mark.parametrize(
    ("query", "bandwidth"),
    [(1e6, 0.1), (1e12, 1e-3), (1e17, 1.0), (1e100, 1e-100), (1e100, 1.0), (4.2, 1e-100)],
)
def test_however_far_or_narrow_the_nearest_point_has_the_weight(query, bandwidth):
    shown = explorer(query=query, bandwidth=bandwidth)

    assert_array_equal(shown.weights, [0, 0, 0, 0, 1])
    assert shown.prediction == 0.5
    shown.query = -query if query > 5 else 0.4
    assert_array_equal(shown.weights, [1, 0, 0, 0, 0])


def test_a_wide_gaussian_kernel_gives_the_plain_mean():
    assert explorer(bandwidth=1e100).prediction == pytest.approx(np.mean(Y))


@pytest.mark.parametrize("kernel", ["boxcar", "epanechnikov"])
def test_where_no_point_is_near_enough_there_is_no_prediction_and_no_nan(kernel):
    shown = explorer(kernel=kernel, query=3.5, bandwidth=0.5)

    assert_array_equal(shown.weights, np.zeros(5))
    assert shown.prediction is None
    assert "No point is near enough" in shown.describe()
    assert "nan" not in shown.describe().lower()
    assert shown.figure().png().startswith(PNG_SIGNATURE)
    shown.query = 2.2
    assert shown.prediction == pytest.approx(0.0)


def test_points_at_the_same_place_share_alike():
    weights = explorer(query=2.0, bandwidth=0.1).weights

    assert_allclose(weights, [0, 0, 0.5, 0.5, 0], atol=1e-12)


# ---------------------------------------------------------------------------------------------
# State
# ---------------------------------------------------------------------------------------------

WRONG_ASSIGNMENTS = [
    ("x", [1, 2], ValueError),
    ("x", [1, 2, 3, 4, NAN], ValueError),
    ("x", "abcde", TypeError),
    ("x", None, TypeError),
    ("y", [1] * 6, ValueError),
    ("y", [1, 2, 3, 4, INF], ValueError),
    ("y", None, TypeError),
    ("query", None, TypeError),
    ("query", NAN, ValueError),
    ("bandwidth", 0, ValueError),
    ("bandwidth", "1", TypeError),
    ("kernel", "triangle", ValueError),
    ("kernel", np.exp, TypeError),
]


@pytest.mark.parametrize(("name", "given", "kind"), WRONG_ASSIGNMENTS)
def test_a_wrong_assignment_is_named_and_nothing_is_half_applied(name, given, kind):
    shown = explorer(query=1.0)
    before = snapshot(shown)

    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b"):
        setattr(shown, name, given)

    assert snapshot(shown) == before


@pytest.mark.parametrize("name", ["weights", "prediction", "scores", "labels", "x_range"])
def test_what_cannot_be_changed_says_so(name):
    shown = explorer()

    with pytest.raises(traitlets.TraitError, match=name):
        setattr(shown, name, getattr(shown, name))


@pytest.mark.parametrize(
    "changes",
    [
        {"query": 0.3},
        {"query": np.float32(4)},
        {"bandwidth": 3},
        {"kernel": "epanechnikov", "bandwidth": 2.5},
        {"x": [5, 4, 3, 2, 1]},
        {"y": [9, 9, 9, 9, 0]},
    ],
    ids=str,
)
def test_an_assignment_moves_weights_and_prediction(changes):
    shown = explorer()
    before = shown.prediction

    for name, given in changes.items():
        setattr(shown, name, given)

    weights, prediction = by_hand(shown)
    assert_allclose(shown.weights, weights, atol=1e-12)
    assert shown.prediction == pytest.approx(prediction)
    assert shown.prediction != pytest.approx(before)


def test_new_data_get_room_in_the_picture_and_the_true_curve_follows():
    shown = explorer(truth=np.sin)

    shown.x = [100, 200, 300, 400, 500]
    shown.y = [-50, 0, 0, 0, 50]

    assert shown.x_range[0] < 100
    assert shown.x_range[1] > 500
    assert shown.y_range[0] < -50
    assert shown.y_range[1] > 50
    assert_allclose(shown._truth[0], shown.grid)
    assert_allclose(shown._truth[1], np.sin(shown.grid))


def test_a_true_curve_may_be_given_as_numbers_and_fits_into_the_picture():
    shown = explorer(truth=np.full(GRID, 30.0))

    assert shown._truth[1] == [30.0] * GRID
    assert shown.y_range[1] > 30


def test_a_drag_on_the_page_moves_the_truth_in_python():
    shown = explorer()
    seen = []
    shown.observe(lambda change: seen.append(change["new"]), names="prediction")

    shown.set_state({"query": 0.25, "_request": 1})

    assert shown.query == 0.25
    assert seen == [shown.prediction]
    assert_allclose(shown.weights, by_hand(shown)[0], atol=1e-12)


@pytest.mark.parametrize(
    "sent", [{"query": "<img>"}, {"bandwidth": -1}, {"kernel": "x"}, {"x": [1]}], ids=str
)
def test_nonsense_from_a_page_is_refused_and_leaves_the_state(sent):
    shown = explorer()
    before = snapshot(shown)

    with pytest.raises((TypeError, ValueError)):
        shown.set_state(sent)

    assert snapshot(shown) == before


def test_arrays_are_copies_that_cannot_be_written_to():
    given = np.array(X)
    shown = KernelExplorer(given, Y)
    given[:] = 99

    assert_array_equal(shown.x, X)
    for name in ("x", "y", "weights", "scores"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(shown, name)[0] = 1


def test_reset_goes_back_to_the_beginning():
    shown = explorer(query=1.25, bandwidth=0.3, kernel="boxcar")
    before = snapshot(shown)
    shown.query, shown.bandwidth, shown.kernel = 4.0, 2.0, "gaussian"

    shown.reset()

    assert snapshot(shown) == before


def test_what_the_page_tells_never_comes_back_as_an_echo():
    moved = ("query", "bandwidth", "kernel", "_request")
    assert {explorer().trait_metadata(name, "echo_update") for name in moved} == {False}


def test_two_explorers_do_not_share_anything():
    one, other = explorer(), explorer()
    before = snapshot(other)

    one.query, one.bandwidth, one.kernel = 0.0, 3.0, "boxcar"

    assert snapshot(other) == before


# ---------------------------------------------------------------------------------------------
# A student's own kernel
# ---------------------------------------------------------------------------------------------


def triangle(distances):
    return np.maximum(0, 1 - np.abs(distances))


def test_the_function_gets_the_distances_in_bandwidths_once_a_query():
    seen = []

    def my_kernel(distances):
        seen.append(distances)
        return triangle(distances)

    shown = explorer(kernel=my_kernel, query=1.5, bandwidth=0.5)

    assert len(seen) == 1, "a slow function is never run for a whole curve"
    assert_array_equal(seen[0], (1.5 - np.array(X)) / 0.5)
    shown.query = 2.5
    shown.figure()
    shown.describe()
    assert len(seen) == 2
    shown.set_state({"_request": 1})
    assert len(seen) == 2, "the same question is not asked twice"
    assert shown._answer["request"] == 1


def test_its_values_are_divided_by_their_sum():
    shown = explorer(kernel=lambda distances: [2, 1, 1, 0, 0])

    assert_array_equal(shown.weights, [0.5, 0.25, 0.25, 0, 0])
    assert shown.prediction == 0.5 * 1 + 0.25 * 3 + 0.25 * 2
    assert shown.error == ""
    assert explorer(kernel=lambda u: np.full(5, 1e308)).weights.tolist() == [0.2] * 5


def test_a_kernel_of_zeros_gives_no_prediction():
    shown = explorer(kernel=lambda distances: np.zeros(5))

    assert_array_equal(shown.weights, np.zeros(5))
    assert shown.prediction is None
    assert shown.error == ""
    assert shown._answer["prediction"] is None


def raises(distances):
    raise ArithmeticError("too far")  # the student's line


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        (raises, "raises raised ArithmeticError: too far"),
        (lambda u: None, "your function returned None"),
        (lambda u: ..., "not written yet"),
        (lambda u: "abc", "returned 'abc'"),
        (lambda u: [1, 2], "shape (2,); wanted: shape (5,), one number for each point"),
        (lambda u: np.ones((5, 1)), "shape (5, 1)"),
        (lambda u: 1.0, "shape ()"),
        (lambda u: [1, NAN, 1, 1, 1], "nan at position 1"),
        (lambda u: [1, 1, INF, 1, 1], "inf at position 2"),
        (lambda u: [1, 1, 1, -0.5, 1], "-0.5 at position 3; wanted: numbers of at least 0"),
    ],
)
def test_a_wrong_answer_is_told_in_plain_words(kernel, told):
    shown = explorer(kernel=kernel)

    assert told in shown.error
    assert shown.weights is None
    assert shown.prediction is None
    assert shown.error in shown.describe()
    assert shown.figure().png().startswith(PNG_SIGNATURE)


def test_the_last_good_answer_stays_until_the_next_one():
    def my_kernel(distances):
        print("hello")
        if distances[0] > 8:
            raise ValueError("far")
        return triangle(distances)

    shown = explorer(kernel=my_kernel, query=1.5, bandwidth=0.5)
    weights, prediction = shown.weights, shown.prediction
    assert shown.printed == "hello\n"

    shown.query = 4.5
    assert "far" in shown.error
    assert_array_equal(shown.weights, weights)
    assert (shown.prediction, shown._answer["query"]) == (prediction, 1.5)
    shown.query = 1.0
    assert shown.error == ""
    assert shown.prediction == 3.0


def test_the_kernel_is_named_and_stays():
    shown = explorer(kernel=triangle)

    assert shown.kernel == "triangle"
    assert shown._yours == {"kernel": "triangle"}
    assert "kernel" not in shown.controls
    assert "triangle (yours)" in shown.describe()
    with pytest.raises(ValueError, match=r"^kernel: wants 'triangle'.*got 'gaussian'"):
        shown.kernel = "gaussian"
    shown.query = 0.0
    shown.reset()
    assert shown.query == 2.5


def test_a_kernel_cannot_change_the_data():
    def greedy(distances):
        distances[:] = 1
        return distances

    shown = explorer(kernel=greedy)

    assert_array_equal(shown.x, X)
    assert_allclose(shown.weights, 0.2)


# ---------------------------------------------------------------------------------------------
# Picture and words
# ---------------------------------------------------------------------------------------------


def test_the_bundle_holds_the_widget_its_picture_and_its_words():
    shown = explorer()

    data, metadata = shown._repr_mimebundle_()

    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.model_id
    assert base64.b64decode(data["image/png"]).startswith(PNG_SIGNATURE)
    assert data["text/plain"] == shown.describe() == repr(shown)
    assert metadata["image/png"]["alt"] == shown.describe()
    json.dumps([data, metadata], allow_nan=False)
    assert data["image/png"] == shown._repr_mimebundle_()[0]["image/png"]


@pytest.mark.parametrize(
    "changes", [{"query": 4}, {"bandwidth": 2}, {"kernel": "boxcar"}, {"y": [0, 0, 0, 0, 1]}]
)
def test_the_picture_moves_with_the_state(changes):
    shown = explorer()
    before = shown.figure().png()

    for name, given in changes.items():
        setattr(shown, name, given)

    assert shown.figure().png() != before


def test_the_description_tells_what_the_picture_shows():
    words = explorer(query=0.1, bandwidth=0.5, x_name="hours", y_name="mood").describe()

    assert words.startswith("Kernel explorer with 5 points, Gaussian kernel, bandwidth 0.5. At the")
    weights, prediction = by_hand(explorer(query=0.1, bandwidth=0.5))
    assert f"hours = 0.1 the prediction is mood = {prediction:.4g}," in words
    assert f"like {1 / (weights**2).sum():.1f} points" in words
    assert f"point 1 (0, 1): {100 * weights[0]:.1f} %" in words
    assert "\n" not in words


def test_a_large_data_set_is_told_in_few_words():
    assert len(KernelExplorer(np.arange(512), np.ones(512), bandwidth=1e6).describe()) < 600


@pytest.mark.parametrize("kernel", [*KERNELS, triangle])
def test_curves_are_drawn_or_left_out(kernel):
    drawn, plain = (
        explorer(kernel=kernel, query=2, curve=curve).figure().axes[0].lines
        for curve in (True, False)
    )

    assert len(drawn) == len(plain) + 1


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "$\\frac{$ and $x^$",
    "{0} {name} {x} {",
    "%s %(name)s %",
    "שלום עולם\u202e",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "注意力机制",
    "two\nlines\tand a tab",
    "",
    "   ",
    "_nolegend_",
    "x" * 1000,
]


@pytest.mark.parametrize("label", HOSTILE)
def test_any_label_is_kept_drawn_and_told(label):
    shown = KernelExplorer([1, 2], [3, 4], labels=[label] * 2, x_name=label, y_name=label)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shown.figure().png().startswith(PNG_SIGNATURE)
    assert json.loads(json.dumps(shown.get_state()))["labels"] == [label] * 2
    assert (label.strip() or "point 1") in shown.describe()
