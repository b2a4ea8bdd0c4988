"""The attention map without a page: arguments, state, what travels, picture and words."""

import base64
import json
import warnings

import numpy as np
import pytest
import traitlets
from ipywidgets import Widget
from ipywidgets.widgets.widget import _remove_buffers
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import AttentionMap, causal_mask
from attention_edu.attention import mask_scores, softmax, weighted_sum
from attention_edu.widgets.attention_map import _ranks, pack, unpack

INF, NAN = float("inf"), float("nan")
TWO = [[0.9, 0.1], [0.4, 0.6]]
SCORES = [[0.0, 1.0, -2.0], [3.0, 0.5, 0.5]]
IMAGE = np.linspace(0, 1, 24).reshape(4, 6)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def random_weights(*shape):
    return softmax(np.random.default_rng(7).normal(size=shape))


def moved(array):
    """Return what a page sends for an array: its bytes come as a memoryview."""
    sent = pack(np.asarray(array, dtype=float))
    return {**sent, "data": memoryview(bytes(sent["data"]))}


def snapshot(shown):
    state, paths, buffers = _remove_buffers(shown.get_state())
    state = {name: part for name, part in state.items() if name not in ("_esm", "_css")}
    return json.dumps([state, paths]), [bytes(b) for b in buffers], shown.describe()


# ---------------------------------------------------------------------------------------------
# Arguments: every error names the argument, what it got and what it wants
# ---------------------------------------------------------------------------------------------

WRONG_ARGUMENTS = [
    ("weights", {"weights": None}, TypeError),
    ("weights", {"weights": "ab"}, TypeError),
    ("weights", {"weights": [[True, False]]}, TypeError),
    ("weights", {"weights": [0.5, 0.5]}, ValueError),
    ("weights", {"weights": [[0.5], [0.5, 1]]}, ValueError),
    ("weights", {"weights": np.ones((1, 1, 1, 1))}, ValueError),
    ("weights", {"weights": np.ones((1, 0))}, ValueError),
    ("weights", {"weights": [[-0.1, 1.1]]}, ValueError),
    ("weights", {"weights": [[NAN, 1]]}, ValueError),
    ("weights", {"weights": [[INF, 1]]}, ValueError),
    ("weights", {"weights": [[1e101, 1]]}, ValueError),
    ("weights", {"weights": np.ones((513, 1))}, ValueError),
    ("weights", {"weights": np.ones((1, 513))}, ValueError),
    ("weights", {"weights": np.ones((65, 1, 1))}, ValueError),
    ("weights", {"weights": np.ones((9, 512, 512), np.float32)}, ValueError),
    ("weights", {"weights": TWO, "scores": TWO}, ValueError),
    ("scores", {"weights": None, "scores": "ab"}, TypeError),
    ("scores", {"weights": None, "scores": [[NAN, 1]]}, ValueError),
    ("scores", {"weights": None, "scores": [[INF, 1]]}, ValueError),
    ("queries", {"queries": "ab"}, TypeError),
    ("queries", {"queries": ["a", 1]}, TypeError),
    ("queries", {"queries": ["a"]}, ValueError),
    ("queries", {"queries": ["a", "b" * 1001]}, ValueError),
    ("keys", {"keys": ["a", "b", "c"]}, ValueError),
    ("keys", {"keys": 5}, TypeError),
    ("values", {"values": "ab"}, TypeError),
    ("values", {"values": [[1], [2], [3]]}, ValueError),
    ("values", {"values": [[NAN], [1]]}, ValueError),
    ("values", {"values": [[1e101], [1]]}, ValueError),
    ("values", {"values": [[1] * 65] * 2}, ValueError),
    ("values", {"values": [1, 2]}, ValueError),
    ("image", {"image": [[-0.5, 1]], "patches": (1, 2)}, ValueError),
    ("image", {"image": [[0, 255]], "patches": (1, 2)}, ValueError),
    ("image", {"image": [0, 1], "patches": (1, 2)}, ValueError),
    ("image", {"image": np.ones((2, 2, 4)), "patches": (1, 2)}, ValueError),
    ("image", {"image": np.ones((1025, 2)), "patches": (1, 2)}, ValueError),
    ("image", {"image": "cat.png", "patches": (1, 2)}, TypeError),
    ("patches", {"image": IMAGE}, TypeError),
    ("patches", {"image": IMAGE, "patches": 2}, TypeError),
    ("patches", {"image": IMAGE, "patches": (1.0, 2)}, TypeError),
    ("patches", {"image": IMAGE, "patches": (2, 2)}, ValueError),
    ("patches", {"image": IMAGE, "patches": (-1, -2)}, ValueError),
    ("patches", {"patches": (1, 2)}, ValueError),
    ("mask", {"mask": [[1, 0]]}, TypeError),
    ("mask", {"mask": [True] * 3}, ValueError),
    ("head", {"head": 1}, ValueError),
    ("head", {"head": -1}, ValueError),
    ("head", {"head": 0.0}, TypeError),
    ("row", {"row": 2}, ValueError),
    ("row", {"row": True}, TypeError),
    ("colouring", {"colouring": "log"}, ValueError),
    ("colouring", {"colouring": None}, TypeError),
    ("editable", {"editable": 1}, TypeError),
    ("editable", {"editable": True}, ValueError),
    ("editable", {"weights": None, "scores": np.zeros((33, 1)), "editable": True}, ValueError),
    ("editable", {"weights": None, "scores": np.zeros((17, 32, 32)), "editable": True}, ValueError),
    ("head_names", {"head_names": ["a", "b"]}, ValueError),
    ("title", {"title": 5}, TypeError),
    ("language", {"language": "xx"}, ValueError),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), WRONG_ARGUMENTS)
def test_a_wrong_argument_is_named_with_what_it_got_and_wants(name, arguments, kind):
    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b") as caught:
        AttentionMap(**{"weights": TWO, **arguments})

    assert type(caught.value) is kind
    assert len(str(caught.value)) < 250


WRONG_ASSIGNMENTS = [
    ("scores", [[1, 2, 3]], ValueError),
    ("scores", [[1, 2, NAN]] * 2, ValueError),
    ("scores", None, TypeError),
    ("weights", [[0.5, 0.5, 0]] * 2, ValueError),
    ("values", [[1, 2]], ValueError),
    ("values", None, ValueError),
    ("mask", [1, 0, 1], TypeError),
    ("mask", [[True] * 2] * 2, ValueError),
    ("head", 1, ValueError),
    ("row", 2, ValueError),
    ("row", -1, ValueError),
    ("colouring", "none", ValueError),
]


@pytest.mark.parametrize(("name", "given", "kind"), WRONG_ASSIGNMENTS)
def test_a_wrong_assignment_is_named_and_nothing_is_half_applied(name, given, kind):
    shown = AttentionMap(scores=SCORES, values=[[1], [2], [3]], mask=[True, True, False])
    before = snapshot(shown)

    with pytest.raises(kind, match=rf"^{name}: .*\bwants?\b.*\bgot\b"):
        setattr(shown, name, given)

    assert snapshot(shown) == before


def test_a_map_of_weights_takes_no_scores():
    shown = AttentionMap(TWO)

    with pytest.raises(ValueError, match=r"^scores: .*wants new weights.*got"):
        shown.scores = TWO
    with pytest.raises(ValueError, match=r"^weights: want shape \(2, 2\), as before"):
        shown.weights = [[1, 0]]
    with pytest.raises(TypeError, match=r"^weights: .*got"):
        shown.weights = None


@pytest.mark.parametrize("name", ["output", "queries", "key_names", "image", "patches", "editable"])
def test_what_cannot_be_changed_says_so(name):
    shown = AttentionMap(TWO)

    with pytest.raises(traitlets.TraitError, match=name):
        setattr(shown, name, getattr(shown, name))


def test_the_limits_are_within_what_is_allowed():
    shown = AttentionMap(np.full((8, 512, 512), 1 / 512, np.float32), head=7, row=511)

    assert shown.heads == 8
    assert shown.weights.dtype == np.float32
    assert AttentionMap(np.ones((64, 1, 1))).heads == 64
    assert AttentionMap(scores=np.zeros((16, 32, 32)), editable=True).editable
    assert AttentionMap([[1e100]], values=[[1e100]]).output.tolist() == [1e200]


# ---------------------------------------------------------------------------------------------
# Labels
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "options", "queries", "keys"),
    [
        ((1, 2), {}, ["query 1"], ["key 1", "key 2"]),
        ((2, 2), {}, ["query 1", "query 2"], ["key 1", "key 2"]),
        ((2, 2), {"queries": ["a", "b"]}, ["a", "b"], ["a", "b"]),
        ((1, 2), {"queries": ["a"]}, ["a"], ["key 1", "key 2"]),
        ((2, 2), {"queries": ["a", "b"], "keys": ["c", "d"]}, ["a", "b"], ["c", "d"]),
        ((1, 2), {"image": IMAGE, "patches": (1, 2)}, ["query 1"], ["patch 1, 1", "patch 1, 2"]),
        ((2, 2), {"image": IMAGE, "patches": (2, 1)}, *[["patch 1, 1", "patch 2, 1"]] * 2),
    ],
)
def test_labels_that_are_not_given_are_made(shape, options, queries, keys):
    shown = AttentionMap(np.ones(shape), **options)

    assert shown.queries == queries
    assert shown.key_names == keys


# ---------------------------------------------------------------------------------------------
# Weights and output
# ---------------------------------------------------------------------------------------------


def random_cases(count=30):
    random = np.random.default_rng(1409)
    for number in range(count):
        heads, n, m, d = (int(x) for x in random.integers(1, 7, size=4))
        scores = random.normal(scale=10.0 ** random.integers(-3, 4), size=(heads, n, m))
        scores[random.random(scores.shape) < 0.1] = -INF
        mask = random.random([(heads, n, m), (n, m), (m,)][number % 3]) < 0.8
        yield pytest.param(scores, mask, random.normal(size=(m, d)), id=f"random {number}")


EXTREMES = [
    ([[1e308, -1e308]], None, [[1], [2]]),
    ([[5e-324, 0]], None, [[1], [2]]),
    ([[-INF, -INF]], None, [[1], [2]]),
    ([[1, 2]], [False, False], [[1], [2]]),
]


@pytest.mark.parametrize(("scores", "mask", "values"), [*random_cases(), *EXTREMES])
def test_weights_and_output_are_those_of_the_three_steps(scores, mask, values):
    shown = AttentionMap(scores=scores, mask=mask, values=values)
    allowed = scores if mask is None else mask_scores(scores, mask)
    weights = softmax(np.asarray(allowed, dtype=float))

    assert_allclose(shown.weights, weights, rtol=0, atol=1e-15)
    for head in range(shown.heads):
        shown.head = head
        for row in range(shown.shape[-2]):
            shown.row = row
            of_head = weights[head] if weights.ndim == 3 else weights
            assert_allclose(shown.output, weighted_sum(of_head[row], values), atol=1e-14)


def test_weights_are_kept_as_given_and_a_mask_only_marks_them():
    given = np.array([[0.5, 0.25], [0, 0]], dtype=np.float32)

    shown = AttentionMap(given, mask=[[True, False]], values=[[2], [4]])

    assert_array_equal(shown.weights, given)
    assert_array_equal(shown.mask, [[True, False], [True, False]])
    assert_array_equal(shown.output, [2])
    assert shown.scores is None


@pytest.mark.parametrize("name", ["weights", "scores", "mask", "values", "output", "image"])
def test_arrays_are_copies_that_cannot_be_written_to(name):
    scores, values = np.zeros((1, 2)), np.ones((2, 1))
    image = np.zeros((2, 2), np.uint8)
    mask = np.array([[True, True]])
    shown = AttentionMap(scores=scores, values=values, mask=mask, image=image, patches=(1, 2))
    kept = getattr(shown, name).copy()

    with pytest.raises(ValueError, match="read-only"):
        getattr(shown, name)[0] = 9
    for array in (scores, values, image, mask):
        array[:] = 0 if array is mask else 9
    assert_array_equal(getattr(shown, name), kept)


def test_an_assignment_moves_weights_and_output_and_their_observers():
    shown = AttentionMap(scores=SCORES, values=[[1], [2], [3]])
    seen = []
    shown.observe(lambda change: seen.append(change["name"]), names=["weights", "output"])

    shown.scores = np.zeros((2, 3))
    assert_allclose(shown.weights, np.full((2, 3), 1 / 3))
    shown.mask = [[True, False, False]]
    assert_array_equal(shown.weights, [[1, 0, 0]] * 2)
    assert_array_equal(shown.output, [1])
    shown.mask = None
    assert_allclose(shown.output, [2])

    assert {"weights", "output"} <= set(seen)


def test_reset_goes_back_to_the_first_scores():
    shown = AttentionMap(scores=SCORES, editable=True)
    before = shown.weights
    shown.scores = np.zeros((2, 3))

    shown.reset()

    assert_array_equal(shown.scores, SCORES)
    assert_array_equal(shown.weights, before)


# ---------------------------------------------------------------------------------------------
# What travels
# ---------------------------------------------------------------------------------------------


def test_a_drag_on_the_page_moves_scores_weights_and_output():
    shown = AttentionMap(scores=SCORES, values=[[1], [2], [3]], editable=True)

    shown.set_state({"scores": moved([[9, 0, 0], [0, -INF, 0]]), "row": 1})

    assert_array_equal(shown.scores, [[9, 0, 0], [0, -INF, 0]])
    assert_allclose(shown.weights, softmax([[9, 0, 0], [0, -INF, 0]]))
    assert_allclose(shown.output, [2])


@pytest.mark.parametrize(
    "sent",
    [
        {"scores": [[1, 2, 3]] * 2},
        {"scores": {"shape": [2, 3]}},
        {"scores": {"shape": [2, 3], "type": "object", "data": b"0" * 48}},
        {"scores": {"shape": [2, 3], "type": "float64", "data": b"0" * 47}},
        {"scores": {"shape": [3, 2], "type": "float64", "data": bytes(48)}},
        {"scores": moved([[1, 2, INF]] * 2)},
        {"row": 2},
        {"row": "0"},
        {"head": -1},
        {"colouring": "<b>"},
    ],
)
def test_nonsense_from_a_page_is_refused_and_leaves_the_state(sent):
    shown = AttentionMap(scores=SCORES, editable=True)
    before = snapshot(shown)

    with pytest.raises((TypeError, ValueError)):
        shown.set_state(sent)

    assert snapshot(shown) == before


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint8, np.bool_, ">f8"])
def test_arrays_travel_as_bytes_and_come_back_the_same(kind):
    array = (np.arange(12).reshape(2, 3, 2) % 2).astype(kind).transpose(1, 0, 2)

    sent = pack(array)

    assert isinstance(sent["data"], memoryview)
    assert_array_equal(unpack(sent), array)
    assert len(sent["data"]) == array.nbytes


def test_a_map_survives_in_a_saved_notebook():
    """A notebook holds the bytes of a widget as base64, beside its JSON."""
    weights = random_weights(2, 40, 50).astype(np.float32)
    shown = AttentionMap(weights, mask=np.tril(np.ones((40, 50), bool)))

    entry = json.loads(json.dumps(Widget.get_manager_state(widgets=[shown])["state"]))
    entry = entry[shown.model_id]

    buffers = {tuple(b["path"]): base64.b64decode(b["data"]) for b in entry["buffers"]}
    sent = {**entry["state"]["weights"], "data": buffers["weights", "data"]}
    assert_array_equal(unpack(sent), weights)
    sent = {**entry["state"]["mask"], "data": buffers["mask", "data"]}
    assert_array_equal(unpack(sent), shown.mask)
    assert len(json.dumps(entry["buffers"])) < 4 * weights.size * 4 / 3 + 3 * 2000 + 500


def test_weights_that_follow_from_scores_are_not_saved_twice():
    assert AttentionMap(scores=SCORES).get_state("weights")["weights"] is None


def test_what_the_page_tells_never_comes_back_as_an_echo():
    moving = ("scores", "head", "row", "colouring")

    assert {AttentionMap(TWO).trait_metadata(name, "echo_update") for name in moving} == {False}


def test_two_maps_do_not_share_anything():
    one, other = AttentionMap(scores=SCORES), AttentionMap(scores=SCORES)
    before = snapshot(other)

    one.set_state({"scores": moved(np.zeros((2, 3))), "row": 1, "colouring": "rank"})

    assert snapshot(other) == before


# ---------------------------------------------------------------------------------------------
# Ranks, picture and words
# ---------------------------------------------------------------------------------------------


def test_ranks_go_from_0_to_1_within_the_row_and_ties_share_the_middle():
    weights = np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.0, 0.9, 0.1], [1.0, 2.0, 3.0]])
    allowed = np.array([[True] * 3, [True] * 3, [False, True, True], [True, False, False]])

    ranks = _ranks(weights, allowed)

    assert_allclose(ranks[0], [0, 1, 0.5])
    assert_allclose(ranks[1], [0.75, 0.75, 0])
    assert_allclose(ranks[2][1:], [1, 0])
    assert_allclose(ranks[3], [0.5] * 3)


def test_the_description_tells_the_chosen_row():
    shown = AttentionMap(
        [TWO, [[0.3, 0.3], [0.0, 1.0]]],
        ["le", "chat"],
        ["the", "cat"],
        head=1,
        mask=[[True, True], [True, False]],
        values=[[1.0, 2, 3, 4, 5], [0, 0, 0, 0, -1]],
        head_names=["first", "second"],
    )

    assert shown.describe() == (
        "Attention map with 2 queries and 2 keys. Shown: second, one of 2 heads. Query le: row sum "
        "0.60; largest weights: the 30.0 %, cat 30.0 %. Output: (0.30, 0.60, 0.90, 1.20, …)."
    )
    shown.row = 1
    assert "Query chat: row sum 1.00; largest weights: cat 100.0 %" in shown.describe()
    assert "Keys that it may not attend to: 1." in shown.describe()
    assert repr(shown) == shown.describe()


def test_the_bundle_holds_the_widget_its_picture_and_its_words():
    shown = AttentionMap(TWO)

    data, metadata = shown._repr_mimebundle_()

    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.model_id
    assert base64.b64decode(data["image/png"]).startswith(PNG_SIGNATURE)
    assert data["text/plain"] == metadata["image/png"]["alt"] == shown.describe()
    assert AttentionMap(TWO)._repr_mimebundle_()[0]["image/png"] == data["image/png"]


PICTURES = {
    "small": ({"weights": TWO}, 2),
    "rank": ({"weights": TWO, "colouring": "rank"}, 2),
    "masked": ({"scores": np.zeros((5, 5)), "mask": causal_mask(5, 5)}, 2),
    "nothing": ({"weights": np.zeros((3, 2)), "mask": False}, 2),
    "not shares": ({"weights": [[1e100, 0]]}, 2),
    "large": ({"weights": random_weights(512, 512), "row": 511}, 2),
    "image": ({"weights": random_weights(1, 6), "image": IMAGE, "patches": (2, 3)}, 3),
    "colours": (
        {
            "weights": np.zeros((2, 6)),
            "image": np.ones((4, 6, 3)),
            "patches": (2, 3),
            "mask": [True] * 3 + [False] * 3,
        },
        3,
    ),
}


@pytest.mark.parametrize(("options", "panels"), PICTURES.values(), ids=PICTURES)
def test_every_state_is_drawn_without_a_warning(options, panels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = AttentionMap(**options).figure()
        assert picture.png().startswith(PNG_SIGNATURE)

    assert len(picture.axes) == panels


@pytest.mark.parametrize("shape", [(1, 100), (100, 1), (3, 100)])
def test_the_picture_counts_rows_and_columns_from_one(shape):
    axes = AttentionMap(np.full(shape, 1 / shape[1])).figure().axes[0]
    for axis, count in ((axes.yaxis, shape[0]), (axes.xaxis, shape[1])):
        places = [float(place) for place in axis.get_ticklocs()]
        told = [int(label.get_text()) for label in axis.get_ticklabels()]
        assert told == [place + 1 for place in places]
        assert told[0] == 1
        assert told[-1] <= count


def test_the_words_name_no_masked_key_and_no_query_twice():
    shown = AttentionMap(scores=[[1.0, 2.0, 3.0]], mask=[[True, False, False]])
    assert "Query 1: row sum 1.00; largest weights: key 1 100.0 %. Keys that" in shown.describe()
    nobody = AttentionMap(scores=[[1.0, 2.0]], mask=[[False, False]], queries=["query"])
    assert "Query: row sum 0.00" in nobody.describe()
    assert "%" not in nobody.describe()


def test_the_picture_writes_the_numbers_of_a_small_map_and_frames_the_chosen_row():
    picture = AttentionMap(TWO, row=1).figure()

    assert [text.get_text() for text in picture.axes[0].texts] == ["90.0", "10.0", "40.0", "60.0"]
    assert picture.axes[0].patches[-1].get_y() == 0.5


@pytest.mark.parametrize("name", ["head", "row", "colouring"])
def test_the_picture_moves_with_the_state(name):
    shown = AttentionMap(random_weights(2, 3, 3))
    before = shown.figure().png()

    setattr(shown, name, "rank" if name == "colouring" else 1)

    assert shown.figure().png() != before


HOSTILE = {
    "markup": "</script><img src=x onerror=alert(1)>",
    "dollars": "$\\frac{$ and $x^$",
    "braces": "{0} {query} {missing} {",
    "percent": "%s %(name)s %",
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
    shown = AttentionMap(
        [TWO, TWO],
        [label, label],
        image=IMAGE,
        patches=(1, 2),
        keys=[label, label],
        head_names=[label, label],
        title=label,
    )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shown.figure().png().startswith(PNG_SIGNATURE)

    assert shown.queries == shown.key_names == [label, label]
    assert (label.strip() or "empty token") in shown.describe()


# ---------------------------------------------------------------------------------------------
# Another matrix in the same place
# ---------------------------------------------------------------------------------------------


def test_show_replaces_everything_at_once():
    shown = AttentionMap([[0.9, 0.1]], keys=["the", "cat"], values=[[1.0], [2.0]])
    seen = []
    shown.observe(lambda change: seen.append(shown.weights.shape), names=["_version"])
    shown.show([[0.2, 0.3, 0.5]], keys=["a", "b", "c"], values=[[1.0], [2.0], [4.0]])
    assert shown.shape == (1, 3)
    assert shown.key_names == ["a", "b", "c"]
    np.testing.assert_allclose(shown.output, [2.8])
    assert seen == [(1, 3)]
    shown.show(scores=[[0.0, 0.0]], mask=[True, False])
    assert shown.values is None
    assert shown.output is None
    np.testing.assert_array_equal(shown.weights, [[1.0, 0.0]])
    shown.scores = [[1.0, 5.0]]
    shown.show([[0.5, 0.5]])
    assert shown.scores is None
    shown.weights = [[0.25, 0.75]]
    assert shown.figure() is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": [[-1.0, 2.0]]},
        {"weights": [[0.5, 0.5]], "keys": ["one"]},
        {"weights": [[0.5, 0.5]], "row": 3},
        {"weights": [[0.5, 0.5]], "image": np.zeros((4, 4))},
        {},
    ],
)
def test_show_refuses_what_does_not_fit_and_keeps_the_picture(wrong):
    shown = AttentionMap([[0.9, 0.1]], keys=["the", "cat"])
    with pytest.raises((TypeError, ValueError)):
        shown.show(**wrong)
    assert shown.shape == (1, 2)
    assert shown._version == 0
    assert shown.key_names == ["the", "cat"]
    shown.weights = [[0.3, 0.7]]
    assert "cat 70.0 %" in shown.describe()
