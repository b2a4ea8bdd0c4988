"""The vector explorer without a page: arguments, state, a student's scores, picture and words."""

import base64
import json
import math
import warnings

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import VectorExplorer
from attention_edu.attention import dot_product_scores, mask_scores, softmax, weighted_sum
from attention_edu.widgets.vector_explorer import CONTROLS, SCORES

INF = float("inf")
NAN = float("nan")
TOKENS = ["the", "cat", "sat"]
KEYS = [[1.0, 0.0], [0.5, 2.0], [-1.0, 0.5]]
VALUES = [[2.0, 1.0], [-1.0, 0.5], [0.0, -2.0]]
QUERY = [1.0, 0.5]
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def explorer(**options):
    return VectorExplorer(**{"keys": KEYS, "query": QUERY, "tokens": TOKENS, **options})


def score_by_hand(shown):
    """Score keys with the package's own functions, one pair at a time."""
    if shown.score != "cosine":
        scale = 1 / math.sqrt(2) if shown.score == "scaled" else 1.0
        return dot_product_scores(shown.query[None], shown.keys, scale=scale)[0]
    lengths = np.hypot(*shown.query) * np.hypot(*shown.keys.T)
    dots = dot_product_scores(shown.query[None], shown.keys)[0]
    return np.array([d / length if length else 0.0 for d, length in zip(dots, lengths)])


def steps_by_hand(shown):
    scores = score_by_hand(shown)
    weights = softmax(mask_scores(scores, shown.mask), temperature=shown.temperature)
    return scores, weights, weighted_sum(weights, shown.values)


def agrees(shown):
    scores, weights, output = steps_by_hand(shown)
    assert_allclose(shown.scores, scores, rtol=1e-13, atol=1e-14)
    assert_allclose(shown.weights, weights, rtol=0, atol=1e-13)
    assert_allclose(shown.output, output, rtol=1e-13, atol=1e-13)


def snapshot(shown):
    arrays = ("query", "keys", "values", "scores", "weights", "output")
    state = {name: getattr(shown, name).tolist() for name in arrays}
    sent = {key: part for key, part in shown.get_state().items() if key not in ("_esm", "_css")}
    return {**state, "sent": json.dumps(sent), "words": shown.describe()}


# ---------------------------------------------------------------------------------------------
# Arguments: every error names the argument, what it got and what it wants
# ---------------------------------------------------------------------------------------------

WRONG_ARGUMENTS = [
    ("keys", {"keys": None}, TypeError),
    ("keys", {"keys": "ab"}, TypeError),
    ("keys", {"keys": [["1", "2"]]}, TypeError),
    ("keys", {"keys": [[True, False]]}, TypeError),
    ("keys", {"keys": [[1j, 2]]}, TypeError),
    ("keys", {"keys": 5}, ValueError),
    ("keys", {"keys": [1, 2]}, ValueError),
    ("keys", {"keys": []}, ValueError),
    ("keys", {"keys": [[1, 2, 3]]}, ValueError),
    ("keys", {"keys": [[1], [2]]}, ValueError),
    ("keys", {"keys": [[1, 2], [3]]}, ValueError),
    ("keys", {"keys": [[[1, 2]]]}, ValueError),
    ("keys", {"keys": [[0, 0]] * 25}, ValueError),
    ("keys", {"keys": [[1, NAN]]}, ValueError),
    ("keys", {"keys": [[INF, 1]]}, ValueError),
    ("keys", {"keys": [[1.1e6, 0]]}, ValueError),
    ("query", {"query": "ab"}, TypeError),
    ("query", {"query": [True, False]}, TypeError),
    ("query", {"query": 1}, ValueError),
    ("query", {"query": [1]}, ValueError),
    ("query", {"query": [1, 2, 3]}, ValueError),
    ("query", {"query": [[1, 2]]}, ValueError),
    ("query", {"query": [NAN, 0]}, ValueError),
    ("query", {"query": [-1.1e6, 0]}, ValueError),
    ("values", {"values": "ab"}, TypeError),
    ("values", {"values": [[1, 2]]}, ValueError),
    ("values", {"values": [[1, 2, 3]] * 3}, ValueError),
    ("values", {"values": [[1, -INF]] * 3}, ValueError),
    ("tokens", {"tokens": "abc"}, TypeError),
    ("tokens", {"tokens": ["a", "b", 3]}, TypeError),
    ("tokens", {"tokens": ["a", "b"]}, ValueError),
    ("tokens", {"tokens": ["a", "b", "c" * 1001]}, ValueError),
    ("score", {"score": None}, TypeError),
    ("score", {"score": 1}, TypeError),
    ("score", {"score": max}, TypeError),
    ("score", {"score": "dots"}, ValueError),
    ("scores", {"scores": "dot"}, TypeError),
    ("scores", {"scores": [1, 2, 3]}, TypeError),
    ("temperature", {"temperature": "1"}, TypeError),
    ("temperature", {"temperature": None}, TypeError),
    ("temperature", {"temperature": True}, TypeError),
    ("temperature", {"temperature": 0}, ValueError),
    ("temperature", {"temperature": -1}, ValueError),
    ("temperature", {"temperature": NAN}, ValueError),
    ("mask", {"mask": [1, 0, 1]}, TypeError),
    ("mask", {"mask": "abc"}, TypeError),
    ("mask", {"mask": [True, False]}, ValueError),
    ("target", {"target": "ab"}, TypeError),
    ("target", {"target": 1}, ValueError),
    ("target", {"target": [1, 2, 3]}, ValueError),
    ("target", {"target": [NAN, 0]}, ValueError),
    ("target", {"target": [3, 0], "limits": (-2, 2)}, ValueError),
    ("controls", {"controls": "score"}, TypeError),
    ("controls", {"controls": ["heat"]}, ValueError),
    ("limits", {"limits": 2}, TypeError),
    ("limits", {"limits": (1, 2, 3)}, TypeError),
    ("limits", {"limits": ("a", "b")}, TypeError),
    ("limits", {"limits": (2, 1)}, ValueError),
    ("limits", {"limits": (1, 1)}, ValueError),
    ("limits", {"limits": (1, 1.0001)}, ValueError),
    ("limits", {"limits": (0, INF)}, ValueError),
    ("limits", {"limits": (0, 2e6)}, ValueError),
    ("title", {"title": 5}, TypeError),
    ("language", {"language": "xx"}, ValueError),
    ("language", {"language": None}, TypeError),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), WRONG_ARGUMENTS)
def test_a_wrong_argument_is_named_with_what_it_got_and_wants(name, arguments, kind):
    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b") as caught:
        explorer(**arguments)

    assert type(caught.value) is kind
    assert len(str(caught.value)) < 250


def test_an_unknown_argument_is_refused_by_name():
    with pytest.raises(TypeError, match="temprature"):
        explorer(temprature=2)


def test_the_defaults_are_a_query_of_one_keys_as_values_letters_and_the_dot_product():
    shown = VectorExplorer([[1, 2], [3, 4]])

    assert_array_equal(shown.query, [1, 0])
    assert_array_equal(shown.values, shown.keys)
    assert shown.tokens == ["A", "B"]
    assert (shown.score, shown.temperature, shown.mask.tolist()) == ("dot", 1.0, [True, True])
    assert (shown.error, shown.printed, shown.distance_to_target) == ("", "", None)
    assert shown.controls == list(CONTROLS)


def test_the_limits_are_within_what_is_allowed():
    shown = VectorExplorer(np.full((24, 2), 1e6), tokens=["x" * 1000] * 24, limits=(-1e6, 1e6))

    assert len(shown.tokens) == 24
    agrees(shown)
    assert VectorExplorer([[0, 0]], [0, 0]).limits == [-2, 2]


@pytest.mark.parametrize(
    ("most", "end"), [(1, 1.5), (2, 3), (3, 4), (0.02, 0.03), (60, 80), (1e6, 1e6)]
)
def test_the_plane_ends_a_little_beyond_everything(most, end):
    assert VectorExplorer([[0, -most]], [most / 2, 0]).limits == [-end, end]
    assert VectorExplorer([[0, 0]], [0, 0], target=(most, 0)).limits == [-end, end]


# ---------------------------------------------------------------------------------------------
# The steps
# ---------------------------------------------------------------------------------------------


def random_cases(count=24):
    random = np.random.default_rng(20170612)
    for number in range(count):
        n = int(random.integers(1, 25))
        spread = 10.0 ** random.integers(-3, 3)
        options = {
            "keys": random.normal(scale=spread, size=(n, 2)),
            "query": random.normal(scale=spread, size=2),
            "values": random.normal(size=(n, 2)) if number % 2 else None,
            "score": SCORES[number % 3],
            "temperature": float(10.0 ** random.uniform(-2, 3)),
            "mask": random.random(n) < 0.8,
        }
        yield pytest.param(options, id=f"random {number}")


@pytest.mark.parametrize("options", list(random_cases()))
def test_scores_weights_and_output_are_those_of_the_three_steps(options):
    agrees(VectorExplorer(**options))


def test_scaled_divides_by_the_root_of_two_and_cosine_forgets_lengths():
    keys = [[2, 0], [0, 3], [-5, 0], [1, 1]]
    shown = VectorExplorer(keys, query=[4, 0])
    assert_allclose(shown.scores, [8, 0, -20, 4])
    shown.score = "scaled"
    assert_allclose(shown.scores, np.array([8, 0, -20, 4]) / math.sqrt(2))
    shown.score = "cosine"
    assert_allclose(shown.scores, [1, 0, -1, math.sqrt(0.5)])


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-200])
def test_a_cosine_is_right_for_the_smallest_vectors_and_0_for_one_without_length(tiny):
    shown = VectorExplorer([[tiny, 0], [tiny, tiny], [0, 0], [0, -1e6]], [tiny, 0], score="cosine")

    assert_allclose(shown.scores, [1, math.sqrt(0.5), 0, 0], atol=1e-15)
    shown.query = [0, 0]
    assert_array_equal(shown.scores, [0, 0, 0, 0])


def test_nothing_to_attend_to_gives_zeros():
    shown = explorer(mask=[False] * 3, target=(1, 0))

    assert_array_equal(shown.weights, [0, 0, 0])
    assert_array_equal(shown.output, [0, 0])
    assert shown.distance_to_target == 1
    assert "NaN" not in shown.describe()


def test_the_scores_are_those_before_the_mask():
    assert_allclose(explorer(mask=[True, False, True]).scores, explorer().scores)


def test_the_distance_to_the_target_follows_the_output():
    shown = VectorExplorer([[1, 0], [-1, 0]], [0, 0], target=(1, 0))
    assert shown.distance_to_target == pytest.approx(1)
    shown.set_state({"query": [10, 0]})

    assert shown.distance_to_target < 1e-6
    assert shown.distance_to_target <= shown.tolerance == 0.04


# ---------------------------------------------------------------------------------------------
# Assignment
# ---------------------------------------------------------------------------------------------

WRONG_ASSIGNMENTS = [
    ("query", [1, 2, 3], ValueError),
    ("query", [1, NAN], ValueError),
    ("query", None, TypeError),
    ("query", "ab", TypeError),
    ("keys", [[1, 2]], ValueError),
    ("keys", [[1, 2e6]] * 3, ValueError),
    ("keys", None, TypeError),
    ("keys", "abc", TypeError),
    ("values", [[1, 2]], ValueError),
    ("values", None, TypeError),
    ("score", "cos", ValueError),
    ("score", None, TypeError),
    ("temperature", 0, ValueError),
    ("temperature", "1", TypeError),
    ("mask", [True, False], ValueError),
    ("mask", [0, 1, 0], TypeError),
]


@pytest.mark.parametrize(("name", "given", "kind"), WRONG_ASSIGNMENTS)
def test_a_wrong_assignment_is_named_and_nothing_is_half_applied(name, given, kind):
    shown = explorer(values=VALUES, temperature=2.0, mask=[True, True, False])
    before = snapshot(shown)

    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b"):
        setattr(shown, name, given)

    assert snapshot(shown) == before


@pytest.mark.parametrize(
    "name", ["tokens", "controls", "limits", "target", "tolerance", "scores", "weights", "output"]
)
def test_what_cannot_be_changed_says_so(name):
    shown = explorer()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(shown, name, getattr(shown, name))


@pytest.mark.parametrize(
    "changes",
    [
        {"query": (3, -1)},
        {"query": np.array([3, 2], dtype=np.float16)},
        {"keys": [[3, 2], [1, 0], [0, 0]]},
        {"values": [[9, 8]] * 3},
        {"score": "cosine"},
        {"temperature": 0.25},
        {"mask": [True, False, True]},
        {"mask": False},
        {"score": "scaled", "query": [0, 1], "mask": np.array([False, True, True])},
    ],
    ids=str,
)
def test_an_assignment_moves_all_that_follows(changes):
    shown = explorer(values=VALUES)
    before = shown.output

    for name, given in changes.items():
        setattr(shown, name, given)

    agrees(shown)
    assert not np.allclose(shown.output, before)


def test_a_key_that_is_its_own_value_moves_it_and_a_separate_one_does_not():
    shared, separate = explorer(), explorer(values=VALUES)
    for shown in (shared, separate):
        shown.set_state({"keys": [[0, 1], [0, 2], [0, 3]]})
        agrees(shown)

    assert_array_equal(shared.values, shared.keys)
    assert_array_equal(separate.values, VALUES)


def test_values_of_an_explorer_made_without_them_stay_the_keys():
    shown = explorer()
    with pytest.raises(ValueError, match=r"^values: want to be the keys.*got"):
        shown.values = VALUES
    assert_array_equal(shown.values, KEYS)


@pytest.mark.parametrize("name", ["query", "keys", "values", "scores", "weights", "output", "mask"])
def test_arrays_cannot_be_written_to_behind_the_pictures_back(name):
    shown = explorer()
    with pytest.raises(ValueError, match="read-only"):
        getattr(shown, name)[0] = 1


def test_reset_goes_back_to_the_beginning():
    shown = explorer(values=VALUES, score="scaled", mask=[True, True, False], target=(0, 1))
    before = snapshot(shown)
    shown.query, shown.keys, shown.values = [0, 0], [[0, 0]] * 3, [[1, 1]] * 3
    shown.score, shown.temperature, shown.mask = "dot", 3, True

    shown.reset()

    assert snapshot(shown) == before


def test_observers_hear_of_results_once_and_see_all_of_them():
    shown = explorer(target=(0, 0))
    heard = []

    def hear(change):
        heard.append((change.new.tolist(), shown.weights.tolist(), shown.distance_to_target))

    shown.observe(hear, names="output")
    shown.set_state({"keys": [[1, 1], [0, 2], [0, 3]], "query": [0, 1]})

    assert heard == [(shown.output.tolist(), shown.weights.tolist(), shown.distance_to_target)]


def test_keys_are_vectors_although_widgets_have_a_list_of_that_name():
    """Everything that ipywidgets asks of that list still works."""
    shown = explorer()
    heard = []
    shown.observe(lambda change: heard.append(change.new.tolist()), names="keys")
    state = shown.get_state()
    assert {"query", "keys", "values", "score", "temperature", "mask", "_esm"} <= set(state)
    assert shown.get_state("keys") == {"keys": KEYS}

    shown.set_state({"keys": [[0, 0]] * 3, "no_such_trait": 1})

    assert heard == [[[0, 0]] * 3]
    assert shown.get_state(["keys"]) == {"keys": [[0, 0]] * 3}


def test_what_python_changes_is_sent_and_what_the_page_sent_does_not_come_back():
    shown = explorer(values=VALUES)
    sent = []
    shown._send = lambda message, buffers=None: sent.append(message)
    shown.comm.kernel = True

    shown.keys = [[0, 1]] * 3
    assert [message["state"] for message in sent] == [{"keys": [[0, 1]] * 3}]
    sent.clear()
    shown.set_state({"keys": [[0, 2]] * 3, "query": [0, 1]})

    assert sent == []


# ---------------------------------------------------------------------------------------------
# A student's own scores
# ---------------------------------------------------------------------------------------------


def good(query, keys):
    return keys @ query


def test_scores_of_ones_own_get_copies_in_the_stated_shapes():
    seen = []

    def my_scores(query, keys):
        seen.append((query.tolist(), keys.tolist()))
        answer = keys @ query
        query[:] = keys[:] = 99
        return answer

    shown = explorer(scores=my_scores, temperature=2, mask=[True, False, True])

    assert seen == [(QUERY, KEYS)]
    agrees(shown)
    shown.query = [0, 1]
    assert seen[1:] == [([0, 1], KEYS)]
    agrees(shown)
    assert "score" not in shown.controls
    assert "what my_scores returns" in shown.describe()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned None"),
        (..., "not written yet"),
        ("text", "wanted: an array of shape (3,)"),
        ([1, 2], "one score for each key"),
        ([[1, 2, 3]], "shape (1, 3)"),
        ([1, NAN, 3], "position 1"),
        ([1, 2, INF], "position 2"),
    ],
    ids=str,
)
def test_a_wrong_answer_is_told_and_the_last_good_picture_stays(answer, words):
    answers = [[1, 2, 3]]

    def my_scores(query, keys):
        print("asked")
        return answers[-1]

    shown = explorer(scores=my_scores)
    good_results = shown.scores.tolist(), shown.weights.tolist(), shown.output.tolist()
    answers.append(answer)
    shown.query = [2, 2]

    assert shown.error.startswith("my_scores")
    assert words in shown.error
    assert shown.printed == "asked\n"
    assert (shown.scores.tolist(), shown.weights.tolist(), shown.output.tolist()) == good_results
    assert shown.error in shown.describe()
    answers.append([0, 0, 0])
    shown.query = [3, 3]
    assert shown.error == ""
    assert_allclose(shown.weights, [1 / 3] * 3)


def test_an_exception_is_told_with_the_students_own_line():
    def my_scores(query, keys):
        raise ZeroDivisionError("no way")

    shown = explorer(scores=my_scores, target=(0, 0))

    assert "my_scores raised ZeroDivisionError: no way" in shown.error
    assert 'raise ZeroDivisionError("no way")' in shown.error
    assert (shown.scores, shown.weights, shown.output) == (None, None, None)
    assert shown.distance_to_target is None
    assert shown.figure().png().startswith(PNG_SIGNATURE)


def test_an_answer_carries_the_number_of_the_question():
    shown = explorer(scores=good)
    shown.set_state({"_request": 7, "query": [0, 1]})
    assert shown._answer["request"] == 7
    assert_allclose(shown._answer["scores"], [0, 2, 0.5])
    shown.set_state({"_request": 8, "query": [0, 1]})
    assert shown._answer["request"] == 8


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


def test_the_picture_is_the_same_at_every_call_and_moves_with_the_state():
    one, two = (explorer().figure().png() for _ in range(2))
    moved = explorer(query=[0, 1]).figure().png()

    assert one == two
    assert moved != one


def test_the_picture_shows_every_token_score_and_weight_and_the_output():
    shown = explorer(values=VALUES, target=(0, 0))
    plane, table = shown.figure().axes
    words = [text.get_text() for text in [*plane.texts, *table.texts]]

    for token in TOKENS:
        assert words.count(token) == 2, "the key and the value"
    assert {"query", "output"} <= set(words)
    assert f"{100 * shown.weights[1]:.1f} %" in words
    ends = [line.get_xydata()[-1] for line in plane.lines]
    assert any(np.allclose(end, shown.output) for end in ends)
    assert_allclose([bar.get_width() for bar in table.patches], shown.weights)


def test_the_description_tells_what_the_plane_shows():
    shown = explorer(
        values=VALUES, temperature=2, mask=[True, True, False], score="scaled", target=(0, 1)
    )

    words = shown.describe()

    assert words.startswith("Vector explorer with 3 keys. The query is (1.00, 0.50).")
    assert "divided by √d, with d = 2" in words
    assert (
        f"the: key (1.00, 0.00), value (2.00, 1.00), score 0.71, "
        f"weight {100 * shown.weights[0]:.1f} %" in words
    )
    assert "sat: key (−1.00, 0.50), value (0.00, −2.00), score −0.53, weight 0.0 %" in words
    assert "Temperature 2." in words
    assert "Masked: sat." in words
    output = ", ".join(f"{x:.2f}" for x in shown.output).replace("-", "−")
    assert f"Output: ({output})." in words
    assert f"The target (0.00, 1.00) is {shown.distance_to_target:.2f} away." in words
    assert "\n" not in words


def test_many_keys_are_told_in_part():
    words = VectorExplorer(np.ones((24, 2))).describe()
    assert "L: key" in words
    assert "M: key" not in words
    assert "and 12 more" in words


HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "dollars": "$\\frac{$ and $x^$",
    "braces": "{0} {token} {missing} {",
    "right to left": "שלום עולם\u202e",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "Chinese": "注意力机制",
    "newline": "two\nlines\tand a tab",
    "control": "\x07\x00",
    "empty": "",
    "long": "x" * 1000,
}


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE)
def test_any_label_is_kept_drawn_and_told(label):
    shown = explorer(tokens=[label, label, "b"], title=label, mask=[True, False, True])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shown.figure().png().startswith(PNG_SIGNATURE)

    assert json.loads(json.dumps(shown.get_state()))["tokens"] == [label, label, "b"]
    assert (label.strip() or "empty token") in shown.describe()


@pytest.mark.parametrize(
    "options",
    [
        {"keys": [[1e6, -1e6]] * 3, "query": [-1e6, 1e6]},
        {"keys": [[0, 0]] * 3, "query": [0, 0]},
        {"keys": [[5e-324, 0]] * 3, "query": [0, 5e-324]},
        {"limits": (5, 6)},
        {"mask": [False] * 3},
        {"keys": [[1, 1], [2, 2], [3, 3]]},
    ],
    ids=str,
)
def test_extreme_planes_are_drawn_without_a_warning(options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer(**options).figure().png()


def test_what_the_page_tells_never_comes_back_as_an_echo():
    moved = ("query", "keys", "values", "score", "temperature", "mask", "_request")
    assert {explorer().trait_metadata(name, "echo_update") for name in moved} == {False}
