"""The score explorer without a page: arguments, state, a student's functions, picture and words."""

import base64
import json
import re
import sys
import warnings
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import traitlets
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import ScoreExplorer
from attention_edu.attention import mask_scores, softmax, weighted_sum
from attention_edu.widgets import base
from attention_edu.widgets.score_explorer import CONTROLS, STEPS

INF = float("inf")
NAN = float("nan")
AB = ["a", "b"]
TOKENS = ["the", "cat", "sat"]
SCORES = [0.5, 2.0, -1.0]
VALUES = [[1.0, 0.0, 2.0], [0.0, 1.0, -1.0], [3.0, 3.0, 0.5]]
WIDGETS = Path(base.__file__).parent
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def explorer(**options):
    return ScoreExplorer(TOKENS, **{"scores": SCORES, "values": VALUES, **options})


def by_hand(shown):
    """Compute weights and output from the explorer's state with the package's own functions."""
    scores = mask_scores(shown.scores + shown.constant, shown.mask)
    weights = softmax(scores, temperature=shown.temperature)
    if shown.twice:
        weights = softmax(mask_scores(weights, shown.mask))
    return weights, None if shown.values is None else weighted_sum(weights, shown.values)


def snapshot(shown):
    """Return everything that a failed assignment must leave as it was, ready to be compared."""
    arrays = ("scores", "values", "guess", "weights", "output")
    state = {
        name: None if getattr(shown, name) is None else getattr(shown, name).tolist()
        for name in arrays
    }
    state["sent"] = json.dumps(
        {key: part for key, part in shown.get_state().items() if key not in ("_esm", "_css")}
    )
    state["words"] = shown.describe()
    return state


# ---------------------------------------------------------------------------------------------
# Arguments: every error names the argument, what it got and what it wants
# ---------------------------------------------------------------------------------------------


def values(*rows):
    return {"values": list(rows)}


WRONG_ARGUMENTS = [
    ("tokens", {"tokens": None}, TypeError),
    ("tokens", {"tokens": "ab"}, TypeError),
    ("tokens", {"tokens": b"ab"}, TypeError),
    ("tokens", {"tokens": 2}, TypeError),
    ("tokens", {"tokens": ["a", 1]}, TypeError),
    ("tokens", {"tokens": ["a", None]}, TypeError),
    ("tokens", {"tokens": []}, ValueError),
    ("tokens", {"tokens": ["a"] * 513}, ValueError),
    ("tokens", {"tokens": ["a", "b" * 1001]}, ValueError),
    ("scores", {"scores": "ab"}, TypeError),
    ("scores", {"scores": ["1", "2"]}, TypeError),
    ("scores", {"scores": [True, False]}, TypeError),
    ("scores", {"scores": [1j, 2]}, TypeError),
    ("scores", {"scores": [None, 2]}, TypeError),
    ("scores", {"scores": {1, 2}}, TypeError),
    ("scores", {"scores": 5}, ValueError),
    ("scores", {"scores": [1]}, ValueError),
    ("scores", {"scores": [1, 2, 3]}, ValueError),
    ("scores", {"scores": [[1, 2]]}, ValueError),
    ("scores", {"scores": [[1], [2, 3]]}, ValueError),
    ("scores", {"scores": [1, NAN]}, ValueError),
    ("scores", {"scores": [INF, 1]}, ValueError),
    ("values", {"values": "ab"}, TypeError),
    ("values", values(["x"], ["y"]), TypeError),
    ("values", values([True], [False]), TypeError),
    ("values", {"values": 7}, ValueError),
    ("values", {"values": [1, 2]}, ValueError),
    ("values", values([1, 2]), ValueError),
    ("values", values([1], [2], [3]), ValueError),
    ("values", values([[1]], [[2]]), ValueError),
    ("values", values([1, 2], [3]), ValueError),
    ("values", values([], []), ValueError),
    ("values", values([NAN], [1]), ValueError),
    ("values", values([1], [-INF]), ValueError),
    ("values", values([1] * 65, [1] * 65), ValueError),
    ("temperature", {"temperature": "1"}, TypeError),
    ("temperature", {"temperature": None}, TypeError),
    ("temperature", {"temperature": True}, TypeError),
    ("temperature", {"temperature": [1.0]}, TypeError),
    ("temperature", {"temperature": 1j}, TypeError),
    ("temperature", {"temperature": 0}, ValueError),
    ("temperature", {"temperature": -0.1}, ValueError),
    ("temperature", {"temperature": NAN}, ValueError),
    ("temperature", {"temperature": INF}, ValueError),
    ("temperature", {"temperature": 10**400}, ValueError),
    ("mask", {"mask": "ab"}, TypeError),
    ("mask", {"mask": [1, 0]}, TypeError),
    ("mask", {"mask": [None, True]}, TypeError),
    ("mask", {"mask": 1}, TypeError),
    ("mask", {"mask": [True] * 3}, ValueError),
    ("mask", {"mask": [[True, False]]}, ValueError),
    ("softmax", {"softmax": 5}, TypeError),
    ("softmax", {"softmax": "softmax"}, TypeError),
    ("softmax", {"softmax": [0.5, 0.5]}, TypeError),
    ("weighted_sum", {"weighted_sum": 5, **values([1], [2])}, TypeError),
    ("predict", {"predict": 1}, TypeError),
    ("predict", {"predict": "yes"}, TypeError),
    ("predict", {"predict": None}, TypeError),
    ("steps", {"steps": "scores"}, TypeError),
    ("steps", {"steps": 5}, TypeError),
    ("steps", {"steps": {"scores"}}, TypeError),
    ("steps", {"steps": []}, ValueError),
    ("steps", {"steps": ["score"]}, ValueError),
    ("steps", {"steps": [None]}, ValueError),
    ("steps", {"steps": ["values"]}, ValueError),
    ("steps", {"steps": ["scores", "output"]}, ValueError),
    ("controls", {"controls": "reset"}, TypeError),
    ("controls", {"controls": 5}, TypeError),
    ("controls", {"controls": ["heat"]}, ValueError),
    ("constant", {"constant": "1"}, TypeError),
    ("constant", {"constant": None}, TypeError),
    ("constant", {"constant": False}, TypeError),
    ("constant", {"constant": 1.1e6}, ValueError),
    ("constant", {"constant": -1.1e6}, ValueError),
    ("constant", {"constant": NAN}, ValueError),
    ("constant", {"constant": INF}, ValueError),
    ("twice", {"twice": 1}, TypeError),
    ("twice", {"twice": None}, TypeError),
    ("twice", {"twice": "yes"}, TypeError),
    ("score_range", {"score_range": 5}, TypeError),
    ("score_range", {"score_range": (1,)}, TypeError),
    ("score_range", {"score_range": (1, 2, 3)}, TypeError),
    ("score_range", {"score_range": ("a", "b")}, TypeError),
    ("score_range", {"score_range": (True, 5)}, TypeError),
    ("score_range", {"score_range": (2, 1)}, ValueError),
    ("score_range", {"score_range": (1, 1)}, ValueError),
    ("score_range", {"score_range": (0, INF)}, ValueError),
    ("score_range", {"score_range": (NAN, 1)}, ValueError),
    ("value_names", {"value_names": 5, **values([1], [2])}, TypeError),
    ("value_names", {"value_names": "x", **values([1], [2])}, TypeError),
    ("value_names", {"value_names": [1], **values([1], [2])}, TypeError),
    ("value_names", {"value_names": ["x", "y"], **values([1], [2])}, ValueError),
    ("value_names", {"value_names": ["x" * 1001], **values([1], [2])}, ValueError),
    ("value_names", {"value_names": ["x"]}, ValueError),
    ("plane", {"plane": 1}, TypeError),
    ("plane", {"plane": None}, TypeError),
    ("title", {"title": 5}, TypeError),
    ("tokens", {"tokens": ["\ud800", "x"]}, ValueError),
    ("title", {"title": None}, TypeError),
    ("title", {"title": b"t"}, TypeError),
    ("language", {"language": "xx"}, ValueError),
    ("language", {"language": None}, TypeError),
    pytest.param(
        "language",
        {"language": ["en"]},
        TypeError,
    ),
    pytest.param(
        "steps",
        {"steps": [np.zeros(2)]},
        ValueError,
    ),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), WRONG_ARGUMENTS)
def test_a_wrong_argument_is_named_with_what_it_got_and_wants(name, arguments, kind):
    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b") as caught:
        ScoreExplorer(**{"tokens": AB, **arguments})

    assert type(caught.value) is kind, "no subclass, such as a TraitError, with words of its own"
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("weighted_sum", {"weighted_sum": max}),
        ("weighted_sum", {"weighted_sum": max, "steps": ["weights"], **values([1], [2])}),
        ("predict", {"predict": True, "steps": ["scores"]}),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(name, arguments):
    with pytest.raises(ValueError, match=rf"^{name}: wants .*among the steps"):
        ScoreExplorer(AB, **arguments)


def test_an_unknown_argument_is_refused_by_name():
    with pytest.raises(TypeError, match="temprature"):
        ScoreExplorer(AB, temprature=2)


def test_numpy_booleans_are_booleans():
    """A comparison of arrays gives numpy.bool, which is as good as True."""
    shown = ScoreExplorer(AB, plane=np.True_, twice=np.False_, predict=np.True_)

    assert (shown.plane, shown.twice, shown.predict) == (True, False, True)


def test_the_limits_are_within_what_is_allowed():
    shown = ScoreExplorer(
        ["x" * 1000, *("t" for _ in range(511))],
        values=np.ones((512, 64)),
        value_names=[f"component {c}" for c in range(64)],
        constant=-1e6,
    )

    assert len(shown.tokens) == 512
    assert shown.output.shape == (64,)
    assert shown.constant == -1e6
    assert ScoreExplorer(AB, constant=1e6).constant == 1e6


def test_an_explorer_starts_with_zeros_a_temperature_of_one_and_no_mask():
    shown = ScoreExplorer(AB)

    assert_array_equal(shown.scores, [0, 0])
    assert_array_equal(shown.weights, [0.5, 0.5])
    assert shown.values is None
    assert shown.output is None
    assert (shown.temperature, shown.constant, shown.twice) == (1, 0, False)
    assert shown.mask.tolist() == [True, True]
    assert shown.guess is None
    assert shown.locked is False
    assert (shown.error, shown.printed) == ("", "")


def test_tokens_may_be_any_iterable_of_strings():
    assert ScoreExplorer(token for token in AB).tokens == AB
    assert ScoreExplorer(np.array(AB)).tokens == AB


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0, 1, 3], [-4, 4]),
        ([0, -6.2, 3], [-7, 7]),
        ([-INF, 1, 5], [-5, 5]),
        ([-INF] * 3, [-4, 4]),
    ],
)
def test_the_range_of_the_sliders_fits_the_scores(scores, expected):
    assert ScoreExplorer(TOKENS, scores).score_range == expected


def test_a_given_range_is_kept():
    assert ScoreExplorer(TOKENS, SCORES, score_range=(-2, 10)).score_range == [-2, 10]


# ---------------------------------------------------------------------------------------------
# Assignment
# ---------------------------------------------------------------------------------------------

WRONG_ASSIGNMENTS = [
    ("scores", [1, 2], ValueError),
    ("scores", [[1, 2, 3]], ValueError),
    ("scores", [1, 2, NAN], ValueError),
    ("scores", [1, INF, 2], ValueError),
    ("scores", "abc", TypeError),
    ("scores", [True, False, True], TypeError),
    ("scores", 3, ValueError),
    ("values", [[1, 2, 3]], ValueError),
    ("values", [[1, 2]] * 3, ValueError),
    ("values", [1, 2, 3], ValueError),
    ("values", [[1, 2, NAN]] * 3, ValueError),
    ("values", [["x", "y", "z"]] * 3, TypeError),
    ("temperature", 0, ValueError),
    ("temperature", -1, ValueError),
    ("temperature", NAN, ValueError),
    ("temperature", "2", TypeError),
    ("temperature", None, TypeError),
    ("mask", [True, False], ValueError),
    ("mask", [1, 0, 1], TypeError),
    ("mask", "abc", TypeError),
    ("constant", 2e6, ValueError),
    ("constant", -INF, ValueError),
    ("constant", None, TypeError),
    ("twice", 1, TypeError),
    ("twice", None, TypeError),
    ("guess", [0.5, 0.5], ValueError),
    ("guess", [0.5, 0.6, -0.1], ValueError),
    ("guess", [0.5, 1.1, 0.1], ValueError),
    ("guess", [0.5, NAN, 0.1], ValueError),
    ("guess", "abc", TypeError),
    ("locked", 1, TypeError),
    ("scores", None, TypeError),
    ("values", None, TypeError),
]


@pytest.mark.parametrize(("name", "given", "kind"), WRONG_ASSIGNMENTS)
def test_a_wrong_assignment_is_named_and_nothing_is_half_applied(name, given, kind):
    shown = explorer(temperature=2.0, mask=[True, True, False], predict=True)
    shown.guess = [0.2, 0.3, 0.5]
    before = snapshot(shown)

    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b"):
        setattr(shown, name, given)

    assert snapshot(shown) == before


@pytest.mark.parametrize("name", ["tokens", "steps", "controls", "predict", "weights", "output"])
def test_what_cannot_be_changed_says_so(name):
    shown = explorer()

    with pytest.raises(traitlets.TraitError, match=name):
        setattr(shown, name, getattr(shown, name))


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": [3, 2, 1]},
        {"scores": np.array([3, 2, 1], dtype=np.float16)},
        {"values": [[9, 8, 7]] * 3},
        {"temperature": 0.25},
        {"temperature": np.float32(3)},
        {"mask": [True, False, True]},
        {"mask": np.array([False, True, True])},
        {"mask": False},
        {"constant": 100},
        {"twice": True},
        {"twice": True, "mask": [True, True, False], "temperature": 0.5, "constant": -7},
    ],
    ids=str,
)
def test_an_assignment_moves_weights_and_output(changes):
    shown = explorer()
    before = shown.weights, shown.output

    for name, given in changes.items():
        setattr(shown, name, given)

    weights, output = by_hand(shown)
    assert_allclose(shown.weights, weights, rtol=0, atol=1e-15)
    assert_allclose(shown.output, output, rtol=0, atol=1e-14)
    if "constant" not in changes or "twice" in changes:
        assert not (np.allclose(shown.weights, before[0]) and np.allclose(shown.output, before[1]))


def test_a_mask_of_none_lets_every_token_be_attended_to():
    shown = explorer(mask=[False, True, True])

    shown.mask = None

    assert shown.mask.tolist() == [True, True, True]
    assert_allclose(shown.weights, softmax(SCORES), atol=1e-15)


@pytest.mark.parametrize("name", ["scores", "values", "guess", "weights", "output"])
def test_arrays_are_copies_that_cannot_be_written_to(name):
    """Nobody can change numbers behind the picture's back."""
    given = {
        "scores": np.array(SCORES),
        "values": np.array(VALUES),
        "guess": np.array([0.2, 0.3, 0.5]),
    }
    shown = ScoreExplorer(TOKENS, given["scores"], given["values"])
    shown.guess = given["guess"]
    kept = getattr(shown, name).copy()

    with pytest.raises(ValueError, match="read-only"):
        getattr(shown, name)[0] = 99
    for array in given.values():
        array[:] = 99

    assert_array_equal(getattr(shown, name), kept)
    assert getattr(shown, name).dtype == np.float64


def test_the_mask_cannot_be_changed_behind_the_pictures_back():
    shown = explorer()
    with pytest.raises(ValueError, match="read-only"):
        shown.mask[0] = False

    assert_allclose(shown.weights, by_hand(shown)[0], atol=1e-15)


# ---------------------------------------------------------------------------------------------
# Weights and output are those of attention.py
# ---------------------------------------------------------------------------------------------


def random_cases(count=60):
    random = np.random.default_rng(20140901)
    for number in range(count):
        n, d = int(random.integers(1, 9)), int(random.integers(1, 6))
        scores = random.normal(scale=10.0 ** random.integers(-3, 4), size=n)
        scores[random.random(n) < 0.1] = -INF
        yield pytest.param(
            {
                "scores": scores,
                "values": random.normal(size=(n, d)),
                "temperature": float(10.0 ** random.uniform(-3, 3)),
                "mask": random.random(n) < 0.8,
                "constant": float(random.choice([0.0, 3.5, -100.0])),
                "twice": bool(random.random() < 0.3),
            },
            id=f"random {number}",
        )


EXTREMES = [
    {"scores": [1e308, -1e308, 1e308]},
    {"scores": [1e308, -1e308, 0], "temperature": 1e300},
    {"scores": [1e308, -1e308, 0], "temperature": 1e-300},
    {"scores": [5e-324, 0, -5e-324], "temperature": 5e-324},
    {"scores": [-INF, 0, -INF]},
    {"scores": [-INF] * 3},
    {"scores": [1, 2, 3], "mask": [False] * 3},
    {"scores": [1, 2, 3], "mask": [False] * 3, "twice": True},
    {"scores": [1, 2, 3], "mask": [False, True, False], "twice": True},
    {"scores": [0, 0, 1e6], "constant": 1e6},
    {"scores": [2, 2, 2], "twice": True},
]


@pytest.mark.parametrize("options", [*random_cases(), *EXTREMES])
def test_weights_and_output_are_those_of_the_three_steps(options):
    n = len(options["scores"])
    options = {"values": np.arange(3.0 * n).reshape(n, 3) - 4, **options}

    shown = ScoreExplorer([f"token {i}" for i in range(n)], **options)

    weights, output = by_hand(shown)
    assert_allclose(shown.weights, weights, rtol=0, atol=1e-15)
    assert_allclose(shown.output, output, rtol=1e-14, atol=1e-14)
    assert np.isfinite(shown.weights).all()
    # A second softmax, the mistake, shares out weights among scores of -inf as well.
    nothing = not (np.isfinite(shown.scores) | shown.twice)[shown.mask].any()
    assert shown.weights.sum() == pytest.approx(0 if nothing else 1, abs=1e-12)


def test_a_second_softmax_stays_below_its_ceiling_and_leaves_masked_tokens_out():
    shown = ScoreExplorer(["a", "b", "c"], [1000, 0, 0], mask=[True, True, False], twice=True)

    assert_allclose(shown.weights, [np.e / (np.e + 1), 1 / (np.e + 1), 0], atol=1e-15)


def test_a_constant_changes_no_weight():
    shown = explorer()
    before = shown.weights

    shown.constant = 64.0

    assert_allclose(shown.weights, before, rtol=0, atol=1e-13)


# ---------------------------------------------------------------------------------------------
# What the page sends
# ---------------------------------------------------------------------------------------------


def test_a_drag_moves_weights_output_and_their_observers():
    shown = explorer()
    seen = []
    shown.observe(lambda change: seen.append(change["new"].copy()), names="weights")

    shown.set_state({"scores": [1.5, "-inf", 0.0], "_request": 1})

    assert_array_equal(shown.scores, [1.5, -INF, 0.0])
    assert_allclose(shown.weights, softmax([1.5, -INF, 0.0]), atol=1e-15)
    assert_allclose(shown.output, weighted_sum(shown.weights, VALUES), atol=1e-14)
    assert len(seen) == 1
    assert_array_equal(seen[0], shown.weights)


@pytest.mark.parametrize(
    "sent",
    [
        {"mask": [True, False, True]},
        {"temperature": 2},
        {"twice": True},
        {"constant": 40},
        {"scores": [0, 0, 0], "temperature": 1, "mask": [True] * 3, "constant": 0, "twice": False},
    ],
    ids=str,
)
def test_every_control_of_the_page_reaches_the_weights(sent):
    shown = explorer(temperature=3, mask=[False, True, True])

    shown.set_state(sent)

    for name, value in sent.items():
        assert_array_equal(getattr(shown, name), value)
    assert_allclose(shown.weights, by_hand(shown)[0], atol=1e-15)


@pytest.mark.parametrize(
    "sent",
    [
        {"scores": [1, 2]},
        {"scores": [1, 2, "inf"]},
        {"scores": [1, 2, "nan"]},
        {"scores": [1, 2, "<img>"]},
        {"temperature": -1},
        {"mask": [0, 1, 2]},
        {"guess": [2, 0, 0]},
    ],
    ids=str,
)
def test_nonsense_from_a_page_is_refused_and_leaves_the_state(sent):
    shown = explorer()
    before = snapshot(shown)

    with pytest.raises((TypeError, ValueError)):
        shown.set_state(sent)

    assert snapshot(shown) == before


def test_infinities_travel_as_text_and_come_back():
    """JSON has no infinities; a notebook with one could not be read by others."""
    shown = ScoreExplorer(AB, [-INF, 1e308])

    sent = json.loads(json.dumps(shown.get_state(), allow_nan=False))

    assert sent["scores"] == ["-inf", 1e308]
    assert sent["_initial"]["scores"] == ["-inf", 1e308]
    shown.set_state({"scores": sent["scores"]})
    assert_array_equal(shown.scores, [-INF, 1e308])


def test_two_explorers_do_not_share_anything():
    one, other = explorer(), explorer()
    before = snapshot(other)

    one.set_state({"scores": [0, 0, 0], "mask": [False, True, True], "temperature": 4})

    assert snapshot(other) == before


def test_a_linked_slider_moves_the_temperature_and_follows_it():
    shown, slider = explorer(), ipywidgets.FloatSlider(value=2.0, min=0.1, max=10.0)
    traitlets.link((slider, "value"), (shown, "temperature"))
    assert shown.temperature == 2.0

    slider.value = 0.5
    assert_allclose(shown.weights, softmax(SCORES, temperature=0.5), atol=1e-15)
    shown.set_state({"temperature": 4})
    assert slider.value == 4.0


def test_one_explorer_can_follow_the_scores_of_another():
    one, other = explorer(), explorer(temperature=3.0)
    traitlets.dlink((one, "scores"), (other, "scores"))

    one.set_state({"scores": [3, 2, 1]})

    assert_array_equal(other.scores, [3, 2, 1])
    assert_allclose(other.weights, softmax([3, 2, 1], temperature=3), atol=1e-15)


def test_an_explorer_fits_into_a_box():
    box = ipywidgets.VBox([explorer(), ipywidgets.FloatSlider()])

    assert len(box.children) == 2


def test_reset_goes_back_to_the_beginning_and_keeps_the_guess():
    shown = explorer(temperature=2.0, mask=[True, False, True], constant=3, twice=True)
    first = snapshot(shown)
    shown.scores = [-INF, 0, 0]
    shown.temperature = 9
    shown.mask = [False, False, True]
    shown.constant = -5
    shown.twice = False

    shown.reset()

    assert snapshot(shown) == first
    shown.guess = [0, 0, 1]
    shown.reset()
    assert_array_equal(shown.guess, [0, 0, 1])


# ---------------------------------------------------------------------------------------------
# A student's own functions
# ---------------------------------------------------------------------------------------------


def good_softmax(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def fails_for_negative_scores(scores):
    if scores.min() < 0:
        raise ArithmeticError("negative scores are too hard")  # the student's line
    return good_softmax(scores)


def test_a_good_function_answers_for_ours():
    shown = explorer(softmax=lambda scores: np.array([0.5, 0.25, 0.25]))

    assert_array_equal(shown.weights, [0.5, 0.25, 0.25])
    assert_allclose(shown.output, weighted_sum([0.5, 0.25, 0.25], VALUES))
    assert shown.error == ""


@pytest.mark.parametrize("answer", [[0.5, 0.25, 0.25], (1, 0, 0), np.float32([0.5, 0.25, 0.25])])
def test_lists_tuples_and_other_floats_are_answers_too(answer):
    shown = explorer(softmax=lambda scores: answer)

    assert_array_equal(shown.weights, np.array(answer, float))
    assert shown.error == ""


def test_the_function_gets_the_scores_after_constant_temperature_and_mask():
    seen = []

    def my_softmax(scores):
        seen.append(scores)
        return good_softmax(scores)

    explorer(softmax=my_softmax, constant=1.0, temperature=2.0, mask=[True, True, False])

    assert len(seen) == 1
    assert seen[0].shape == (3,)
    assert_array_equal(seen[0], [0.75, 1.5, -INF])


def raises(scores):
    return scores / missing_name  # noqa: F821


def exits(scores):
    sys.exit("goodbye")


def interrupted(scores):
    raise KeyboardInterrupt


def endless(scores):
    return endless(scores)


WRONG_ANSWERS = [
    (raises, ["raises raised NameError", "missing_name", "return scores / missing_name"]),
    (exits, ["exits raised SystemExit", 'sys.exit("goodbye")']),
    (interrupted, ["interrupted was interrupted", "raise KeyboardInterrupt"]),
    (endless, ["RecursionError", "return endless(scores)"]),
    (lambda scores: None, ["returned None", "return"]),
    (lambda scores: ..., ["not written yet"]),
    (lambda scores: scores * NAN, ["nan", "position 0", "finite"]),
    (lambda scores: np.array([1, 2, INF]), ["inf", "position 2", "finite"]),
    (lambda scores: scores[:2], ["(2,)", "(3,)", "one weight for each token"]),
    (lambda scores: scores[:, None], ["(3, 1)", "(3,)"]),
    (lambda scores: 1.0, ["()", "(3,)"]),
    (lambda scores: [], ["(0,)", "(3,)"]),
    (lambda scores: "weights", ["'weights'", "(3,)"]),
    (lambda scores: {"a": 1}, ["{'a': 1}", "(3,)"]),
    (lambda scores: [[1], [2, 3]], ["[[1], [2, 3]]", "(3,)"]),
    (lambda scores: object, ["<class 'object'>", "(3,)"]),
    (lambda: 1, ["TypeError", "positional argument"]),
]


@pytest.mark.parametrize(("function", "words"), WRONG_ANSWERS)
def test_a_wrong_answer_is_told_and_the_last_good_one_stays(function, words):
    """The error is in plain words with the student's line; the next good answer clears it."""
    wrong = False

    def my_softmax(scores):
        return (function if wrong else good_softmax)(scores)

    shown = explorer(softmax=my_softmax)
    good = shown.weights, shown.output
    wrong = True
    shown.set_state({"scores": [9.0, 0.0, 0.0], "_request": 1})

    for word in words:
        assert word in shown.error.replace("my_softmax", function.__name__), shown.error
    assert "my_softmax" in shown.error
    assert str(Path(__file__).parent) not in shown.error
    assert_array_equal(shown.weights, good[0])
    assert_array_equal(shown.output, good[1])
    assert_array_equal(shown.scores, [9.0, 0.0, 0.0])
    sent = shown.get_state("_answer")["_answer"]
    assert sent["error"] == shown.error
    assert sent["request"] == 1
    assert sent["weights"] == good[0].tolist()
    assert shown.error in shown.describe()

    wrong = False
    shown.set_state({"scores": [8.0, 0.0, 0.0], "_request": 2})

    assert shown.error == ""
    assert_allclose(shown.weights, softmax([8.0, 0.0, 0.0]), atol=1e-15)
    assert shown.get_state("_answer")["_answer"]["request"] == 2
    assert shown.get_state("_answer")["_answer"]["error"] == ""


def test_the_error_carries_the_line_number_and_text_that_the_student_wrote():
    shown = explorer(softmax=fails_for_negative_scores)

    number = fails_for_negative_scores.__code__.co_firstlineno + 2
    assert shown.error == (
        "fails_for_negative_scores raised ArithmeticError: negative scores are too hard — "
        f'line {number}: raise ArithmeticError("negative scores are too hard")  '
        "# the student's line"
    )


def test_a_function_that_never_answered_leaves_weights_empty_and_a_picture_all_the_same():
    shown = explorer(softmax=raises)

    assert shown.weights is None
    assert shown.output is None
    assert shown.figure().png().startswith(PNG_SIGNATURE)
    assert "weight" not in shown.describe().split("raises raised")[0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: np.array([1e300] * 3), id="so large that the sum overflows"),
    ],
)
def test_weights_that_overflow_the_sum_are_told_like_any_other_wrong_answer(answer):
    shown = ScoreExplorer(TOKENS, [0, 0, 0], np.full((3, 1), 1e10), softmax=lambda scores: answer())

    assert "overflow" in shown.error


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(["0.2", "0.3", "0.5"], id="text"),
        pytest.param(np.array([0.2 + 1j, 0.3, 0.5]), id="complex"),
    ],
)
def test_what_only_looks_like_numbers_is_a_wrong_answer(answer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shown = explorer(softmax=lambda scores: answer)

    assert "wanted" in shown.error


def test_a_tiny_temperature_gives_the_student_scores_that_are_no_infinities():
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer(softmax=lambda s: seen.append(s) or [1, 0, 0], temperature=1e-310)

    assert (seen[0] < INF).all()


def test_an_endless_loop_is_stopped_and_told(monkeypatch):
    """It must not take the kernel with it."""
    monkeypatch.setattr("attention_edu.widgets.base.MOST_SECONDS", 0.3)

    def endless_loop(scores):
        while scores[0] > 1:
            pass
        return good_softmax(scores)

    shown = explorer(softmax=endless_loop)
    good = shown.weights

    shown.set_state({"scores": [2, 0, 0], "_request": 1})

    assert "endless_loop took longer than 0.3 seconds" in shown.error
    assert_array_equal(shown.weights, good)
    shown.set_state({"scores": [0, 0, 0], "_request": 2})
    assert shown.error == ""
    assert_allclose(shown.weights, [1 / 3] * 3)


def test_prints_are_collected_and_shown_and_do_not_reach_the_cell(capsys):
    def chatty(scores):
        print("the scores are", scores.tolist())
        print("to stderr", file=sys.stderr)
        return good_softmax(scores)

    shown = explorer(softmax=chatty)

    assert shown.printed == "the scores are [0.5, 2.0, -1.0]\nto stderr\n"
    assert shown.get_state("_answer")["_answer"]["printed"] == shown.printed
    assert capsys.readouterr() == ("", "")


def test_prints_before_an_error_are_shown_and_gone_after_the_next_answer():
    def my_softmax(scores):
        if scores[0] > 1:
            print("so far so good")
            raise ValueError("no")
        return good_softmax(scores)

    shown = explorer(softmax=my_softmax)
    shown.scores = [2, 0, 0]
    assert shown.printed == "so far so good\n"
    assert "ValueError: no" in shown.error
    shown.scores = [0, 0, 0]
    assert (shown.printed, shown.error) == ("", "")


def test_the_function_gets_copies_that_it_may_change():
    def careless(scores):
        scores[:] = 99
        return np.full(3, 1 / 3)

    def careless_sum(weights, values):
        weights[:] = 99
        values[:] = 99
        return np.zeros(3)

    shown = explorer(softmax=careless, weighted_sum=careless_sum)

    assert_array_equal(shown.scores, SCORES)
    assert_array_equal(shown.values, VALUES)
    assert_array_equal(shown.weights, [1 / 3] * 3)
    assert shown.error == ""


def test_an_answer_that_the_function_keeps_and_changes_later_harms_nothing():
    kept = np.full(3, 1 / 3)
    shown = explorer(softmax=lambda scores: kept)

    kept[:] = 99

    assert_array_equal(shown.weights, [1 / 3] * 3)


def test_the_function_is_called_once_for_each_state():
    calls = []

    def my_softmax(scores):
        calls.append(scores.tolist())
        return good_softmax(scores)

    shown = explorer(softmax=my_softmax)
    assert len(calls) == 1
    shown.set_state({"scores": [1, 2, 3], "_request": 1})
    assert len(calls) == 2
    shown.set_state({"_request": 2})  # a reset of what has not moved
    assert len(calls) == 2
    shown.scores = [1, 2, 3]
    shown.figure()
    shown.describe()
    shown._repr_mimebundle_()
    assert len(calls) == 2
    shown.set_state({"scores": [0, 0, 0], "temperature": 2, "mask": [True] * 3, "_request": 3})
    assert len(calls) == 3


def test_the_answer_carries_the_number_of_the_request_even_where_nothing_changed():
    """The page waits for that number: without it, it would wait for ever."""
    shown = explorer(softmax=good_softmax)
    for request, scores in enumerate([[1, 2, 3], [1, 2, 3], [0, 0, 0]], start=1):
        shown.set_state({"scores": scores, "_request": request})
        assert shown.get_state("_answer")["_answer"]["request"] == request


def test_our_own_steps_send_no_answer():
    """The page computes them itself, so that it is alive without a kernel."""
    shown = explorer()
    shown.scores = [1, 2, 3]

    assert shown.get_state("_answer")["_answer"] == {}
    assert shown.get_state("_yours")["_yours"] == {}


def test_where_only_the_sum_fails_the_new_weights_are_shown():
    def my_sum(weights, values):
        if weights[0] > 0.9:
            raise ZeroDivisionError("too sure")
        return weights @ values

    shown = explorer(weighted_sum=my_sum)
    first = shown.output
    assert_allclose(first, by_hand(shown)[1])

    shown.scores = [50, 0, 0]

    assert_allclose(shown.weights, softmax([50, 0, 0]), atol=1e-15)
    assert_array_equal(shown.output, first)
    assert "my_sum raised ZeroDivisionError: too sure" in shown.error
    assert 'raise ZeroDivisionError("too sure")' in shown.error
    shown.scores = [0, 0, 0]
    assert shown.error == ""
    assert_allclose(shown.output, by_hand(shown)[1])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned None"),
        ([1, 2], "one number for each component of the values"),
        ([1, 2, NAN], "position 2"),
        ("x", "wanted"),
    ],
)
def test_wrong_answers_of_the_sum_are_told(answer, words):
    def my_sum(weights, values):
        return answer

    shown = explorer(weighted_sum=my_sum)

    assert shown.error.startswith("my_sum returned")
    assert words in shown.error
    assert shown.output is None
    assert_allclose(shown.weights, softmax(SCORES), atol=1e-15)


def test_the_sum_gets_weights_and_values():
    seen = []

    def my_sum(weights, values):
        seen.append((weights, values))
        return weights @ values

    explorer(weighted_sum=my_sum)

    assert len(seen) == 1
    assert_allclose(seen[0][0], softmax(SCORES), atol=1e-15)
    assert_array_equal(seen[0][1], VALUES)


def test_both_functions_work_together_and_the_sum_is_left_out_where_softmax_fails():
    calls = []

    def my_sum(weights, values):
        calls.append(weights)
        return weights @ values

    shown = explorer(softmax=fails_for_negative_scores, weighted_sum=my_sum)
    assert calls == []
    shown.scores = [0, 1, 2]
    assert len(calls) == 1
    assert_allclose(shown.output, weighted_sum(softmax([0, 1, 2]), VALUES))


def test_twice_calls_the_students_softmax_twice_with_the_mask_in_between():
    seen = []

    def my_softmax(scores):
        seen.append(scores.tolist())
        return good_softmax(scores)

    shown = explorer(softmax=my_softmax, twice=True, mask=[True, True, False])

    once = softmax([0.5, 2.0])
    assert len(seen) == 2
    assert seen[0] == [0.5, 2.0, -INF]
    assert_allclose(seen[1][:2], once)
    assert seen[1][2] == -INF
    assert_allclose(shown.weights, [*softmax(once), 0], atol=1e-15)


def test_the_page_is_told_the_names_of_the_students_functions():
    shown = explorer(softmax=good_softmax, weighted_sum=lambda w, v: w @ v)

    assert shown.get_state("_yours")["_yours"] == {
        "softmax": "good_softmax",
        "weighted_sum": "your function",
    }


def test_the_exponentials_are_left_out_beside_a_softmax_of_ones_own():
    """They are ours, and beside other weights they would mislead."""
    assert "exponentials" not in explorer(softmax=good_softmax).steps
    assert "exponentials" in explorer().steps
    assert "exponentials" in explorer(softmax=good_softmax, steps=STEPS).steps


# ---------------------------------------------------------------------------------------------
# Predict, lock, reveal
# ---------------------------------------------------------------------------------------------


def told(shown, numbers):
    """Return which of the numbers the explorer gives away, in words or in its picture."""
    picture = shown.figure()
    data, metadata = shown._repr_mimebundle_()
    words = [
        shown.describe(),
        repr(shown),
        picture.description,
        *(text.get_text() for text in picture.findobj(lambda artist: hasattr(artist, "get_text"))),
        data["text/plain"],
        metadata["image/png"]["alt"],
    ]
    return [number for number in numbers if any(number in part for part in words)]


def test_nothing_gives_the_weights_away_before_the_guess_is_locked():
    hidden = explorer(predict=True)
    answer = [f"{100 * weight:.1f}" for weight in hidden.weights]
    answer += [f"{number:.2f}".replace("-", "−") for number in hidden.output]
    assert told(explorer(), answer) == answer, "these are what the open table shows"

    assert told(hidden, answer) == []
    assert "hidden until a guess is locked" in hidden.describe()
    assert len(hidden.figure().axes) == 1

    hidden.locked = True

    assert told(hidden, answer) == answer
    assert "hidden" not in hidden.describe()
    assert len(hidden.figure().axes) == 3
    hidden.locked = False
    assert told(hidden, answer) == []


def test_the_picture_is_another_one_after_the_guess_is_locked():
    shown = explorer(predict=True)
    before = shown._repr_mimebundle_()[0]["image/png"]

    shown.set_state({"locked": True})

    assert shown._repr_mimebundle_()[0]["image/png"] != before


def test_locking_takes_equal_shares_for_a_guess_that_was_never_moved():
    shown = explorer(predict=True)
    assert shown.guess is None

    shown.set_state({"locked": True})

    assert_allclose(shown.guess, [1 / 3] * 3)


def test_locking_keeps_the_guess_and_the_answer_of_that_moment():
    shown = explorer(predict=True)
    shown.set_state({"guess": [0.2, 0.7, 0.1]})
    answer = shown.weights

    shown.locked = True
    shown.scores = [5, 0, 0]

    assert_array_equal(shown.guess, [0.2, 0.7, 0.1])
    assert_array_equal(shown._locked_weights, answer)
    shown.locked = False
    assert shown._locked_weights is None
    assert_array_equal(shown.guess, [0.2, 0.7, 0.1])


def test_weights_are_known_to_python_while_they_are_hidden():
    """`explorer.weights` is the truth; only the picture keeps it back."""
    assert_allclose(explorer(predict=True).weights, softmax(SCORES), atol=1e-15)


# ---------------------------------------------------------------------------------------------
# Picture and words
# ---------------------------------------------------------------------------------------------


def test_the_bundle_holds_the_widget_its_picture_and_its_words():
    shown = explorer()

    data, metadata = shown._repr_mimebundle_()

    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.model_id
    assert base64.b64decode(data["image/png"]).startswith(PNG_SIGNATURE)
    assert data["text/plain"] == shown.describe()
    assert metadata["image/png"]["alt"] == shown.describe()
    json.dumps([data, metadata], allow_nan=False)


def test_the_picture_is_the_same_at_every_call_and_names_no_program():
    """A notebook that is made again is the same, byte for byte."""
    one, two = (base64.b64decode(explorer()._repr_mimebundle_()[0]["image/png"]) for _ in range(2))

    assert one == two
    assert b"matplotlib" not in one.lower()
    assert b"tEXt" not in one


def test_the_picture_moves_with_the_state():
    shown = explorer()
    before = shown.figure().png()

    shown.scores = [3, 0, 0]

    assert shown.figure().png() != before


def test_the_description_tells_what_the_table_shows():
    shown = explorer(temperature=2, mask=[True, True, False], twice=True)

    words = shown.describe()

    assert words.startswith("Score explorer with 3 tokens.")
    assert f"the: score 0.5, weight {100 * shown.weights[0]:.1f} %" in words
    assert "sat: score -1, weight 0.0 %" in words
    assert "Temperature 2." in words
    assert "Softmax is applied twice." in words
    assert "Masked: sat." in words
    assert f"Output: ({', '.join(f'{x:.2f}' for x in shown.output)})." in words
    assert repr(shown) == words
    assert "\n" not in words


def test_the_description_leaves_out_what_is_not_shown():
    words = explorer(steps=["scores"]).describe()

    assert words == (
        "Score explorer with 3 tokens. The scores are: the: score 0.5; cat: score 2; sat: score -1."
    )
    for word in ("Masked", "Temperature", "twice", "Output"):
        assert word not in explorer(steps=["weights"]).describe()


def test_a_long_table_is_told_in_part():
    shown = ScoreExplorer([f"t{i}" for i in range(512)], values=np.ones((512, 64)))

    words = shown.describe()

    assert "t11: " in words
    assert "t12: " not in words
    assert "and 500 more" in words
    assert len(words) < 2000


def test_a_weight_that_rounds_to_nothing_is_not_told_as_nothing():
    assert "<0.1 %" in ScoreExplorer(AB, [0, 8]).describe()


def test_an_empty_token_is_named_among_the_masked_ones():
    assert "Masked: empty token." in ScoreExplorer(["", "x"], mask=[False, True]).describe()


def test_huge_values_are_told_in_few_characters():
    assert len(ScoreExplorer(AB, values=[[1e308], [1e308]]).describe()) < 300


HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "dollars": "$\\frac{$ and $x^$",
    "braces": "{0} {token} {missing} {",
    "percent": "%s %(name)s %",
    "right to left": "שלום עולם\u202e",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "Chinese": "注意力机制",
    "newline": "two\nlines\tand a tab",
    "control": "\x07\x00",
    "empty": "",
    "spaces": "   ",
    "underscore": "_nolegend_",
    "long": "x" * 1000,
    "combining": "e" + "\u0301" * 999,
}


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE)
def test_any_label_is_kept_drawn_and_told(label):
    shown = ScoreExplorer(
        [label, label, "b"],
        values=[[1, 2]] * 3,
        value_names=[label, label],
        title=label,
        mask=[True, True, False],
    )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = shown.figure()
        assert picture.png().startswith(PNG_SIGNATURE)

    assert shown.tokens == [label, label, "b"]
    assert json.loads(json.dumps(shown.get_state()))["tokens"] == shown.tokens
    assert (label.strip() or "empty token") in shown.describe()


def test_extreme_scores_are_drawn_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ScoreExplorer(AB, [1e308, -1e308]).figure().png()


# ---------------------------------------------------------------------------------------------
# Choices
# ---------------------------------------------------------------------------------------------


def test_all_steps_and_controls_are_shown_unless_chosen():
    assert explorer().steps == list(STEPS)
    assert explorer().controls == list(CONTROLS)
    assert ScoreExplorer(AB).steps == ["scores", "exponentials", "weights"]


def test_a_table_of_scores_alone_offers_reset_alone():
    """The other controls would move nothing that can be seen."""
    assert explorer(steps=["scores"]).controls == ["reset"]
    assert explorer(steps=["scores"], controls=["mask"]).controls == ["mask"]


def test_chosen_steps_and_controls_come_in_their_own_order_and_once():
    shown = explorer(
        steps=["output", "scores", "weights", "scores"], controls=("reset", "temperature", "reset")
    )

    assert shown.steps == ["scores", "weights", "output"]
    assert shown.controls == ["temperature", "reset"]
    assert explorer(controls=[]).controls == []


@pytest.mark.parametrize(
    ("steps", "panels"),
    [
        (["scores"], 1),
        (["scores", "weights"], 2),
        (["scores", "weights", "values"], 2),
        (STEPS, 3),
    ],
)
def test_the_picture_shows_the_chosen_steps(steps, panels):
    assert len(explorer(steps=steps).figure().axes) == panels


def test_components_of_values_have_names_in_the_plane_alone_unless_given():
    plane = ScoreExplorer(AB, values=[[1, 2], [3, 4]])

    assert plane.value_names == ["component 1", "component 2"]
    assert explorer().value_names == []
    assert explorer(value_names=["x", "y", "z"]).value_names == ["x", "y", "z"]


# ---------------------------------------------------------------------------------------------
# The script, the style and the words
# ---------------------------------------------------------------------------------------------


def test_the_script_is_one_module_that_stands_alone():
    """A module inside a notebook can import nothing from beside it."""
    script = str(explorer()._code)

    assert "import " not in re.sub(r"^//.*$", "", script, flags=re.MULTILINE).split("`")[0]
    assert re.findall(r"^\s*import\b.*", script, re.MULTILINE) == []
    assert re.findall(r"^export (?!default).*", script, re.MULTILINE) == []
    assert len(re.findall(r"^export default ", script, re.MULTILINE)) == 1
    assert script.startswith("const STRINGS = {")


@pytest.mark.parametrize(
    "part",
    [
        "inner" + "HTML",
        "outer" + "HTML",
        "insertAdjacent",
        "document" + ".write",
        "DOMParser",
        "eval" + "(",
        "Function(",
        "import(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "https:",
        "@import",
        "url(",
    ],
)
def test_the_script_and_the_style_parse_no_markup_and_fetch_nothing(part):
    shown = explorer()

    assert part not in str(shown._code)
    assert part not in str(shown._css)


def test_the_only_address_in_the_script_is_the_name_of_svg():
    script = str(explorer()._code)

    assert re.findall(r"http[^\"'\s]*", script) == ["http:" + "//www.w3.org/2000/svg"]


SOURCES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted(WIDGETS.iterdir())
    if path.suffix in (".js", ".py")
}


def used_keys():
    """Return each key of the table of words that the sources ask for by name."""
    keys = set()
    for name, text in SOURCES.items():
        if name.endswith(".js"):
            keys |= set(re.findall(r"\bsay\.(\w+)", text))
        else:
            keys |= set(re.findall(r"\bsay\[\s*\"(\w+)\"", text))
            for chosen in re.findall(r"\bsay\[(.*?)\]", text, re.DOTALL):
                keys |= set(re.findall(r"\"(\w+)\"", chosen))
            keys |= set(re.findall(r"strings\(\)\[[\w.]+\]\[\"(\w+)\"\]", text))
    return keys


def test_every_word_that_is_asked_for_is_in_every_language():
    table = base.strings()
    assert used_keys(), "the search finds nothing any more"

    for language, words in table.items():
        assert sorted(used_keys() - set(words)) == [], language
        assert set(words) == set(table["en"]), language


# Words that are asked for through a variable: say[control], say[meaning], say[name of a list].
ASKED_INDIRECTLY = {
    *("vector_one_score_each", "one_weight_each", "one_number_each"),
    *("temperature", "constant", "twice"),
}


def test_every_word_of_the_table_is_used():
    unused = set(base.strings()["en"]) - used_keys() - ASKED_INDIRECTLY - {"describe_scores"}

    assert sorted(unused) == []


def test_words_that_are_asked_for_through_a_variable_exist():
    text = "".join(SOURCES.values())

    assert set(base.strings()["en"]) >= ASKED_INDIRECTLY
    assert [key for key in ASKED_INDIRECTLY if f'"{key}"' not in text] == []


def test_gaps_in_sentences_are_the_same_in_every_language():
    table = base.strings()
    for language, words in table.items():
        for key, sentence in words.items():
            gaps = set(re.findall(r"\{(\w+)\}", sentence))
            assert gaps == set(re.findall(r"\{(\w+)\}", table["en"][key])), (language, key)


def test_what_the_page_tells_never_comes_back_as_an_echo():
    """An echo of an older place, arriving between two moves of a drag, would undo the newer one."""
    moved = ("scores", "temperature", "mask", "constant", "twice", "guess", "locked", "_request")
    assert {explorer().trait_metadata(name, "echo_update") for name in moved} == {False}
