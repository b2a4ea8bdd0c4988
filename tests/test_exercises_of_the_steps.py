"""Exercises of the three steps: right in every way of putting it, and wrong ones by their names."""

import math
import sys
import time

import numpy as np
import pytest

from attention_edu import ScoreExplorer
from attention_edu import attention as reference
from attention_edu.example import KEYS, QUERY, VALUES, WHERE_QUERY
from attention_edu.exercises import bank, check

BANK = bank()
SCORES = KEYS @ QUERY
WEIGHTS = reference.softmax(SCORES)

SENTENCES = ("explain_scores", "explain_shift", "explain_hull")
CHOICES = ("length_choice", "raise_one", "predict_shift")
NUMBERS = ("predict_score", "weight_ratio", "predict_output")
TARGETS = ("target_cat", "target_mat")
BUGS = ("scores_bug", "average_bug")


class Wrapper:
    """An array of another library."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._array, dtype=dtype)


# ---------------------------------------------------------------------------------------------
# The functions that the notebooks show, with their bugs
# ---------------------------------------------------------------------------------------------


def suspicious_scores(query, key):
    turned = key.reshape(key.shape[1], key.shape[0])
    return query @ turned


def suspicious_sum(weights, values):
    return (weights[..., None] * values).mean(axis=-2)


def test_the_bugs_run_and_give_the_right_shape():
    """So that no shape and no exception gives them away."""
    queries = np.stack([QUERY, WHERE_QUERY])
    assert suspicious_scores(queries, KEYS).shape == (2, 6)
    assert not np.allclose(suspicious_scores(queries, KEYS), queries @ KEYS.T)
    assert suspicious_sum(WEIGHTS, VALUES).shape == (2,)
    assert not np.allclose(suspicious_sum(WEIGHTS, VALUES), WEIGHTS @ VALUES)


# ---------------------------------------------------------------------------------------------
# Right answers
# ---------------------------------------------------------------------------------------------


def scores_in_a_loop(query, key):
    scores = np.zeros((len(query), len(key)))
    for i in range(len(query)):
        for j in range(len(key)):
            for c in range(query.shape[1]):
                scores[i, j] += query[i, c] * key[j, c]
    return scores


def sum_in_a_loop(weights, values):
    if weights.ndim == 1:
        return sum(weight * value for weight, value in zip(weights, values))
    return [sum_in_a_loop(row, values) for row in weights]


RIGHT = [
    ("predict_score", 1.5),
    ("predict_score", np.float32(1.5)),
    ("predict_score", [1.5]),
    ("predict_score", np.array([[1.5]])),
    ("predict_score", KEYS[3] @ WHERE_QUERY),
    ("predict_score", sum([0, 0, 2, -0.5])),
    ("length_choice", "double"),
    ("length_choice", " Double. "),
    ("length_choice", np.str_("double")),
    ("scores_bug", scores_in_a_loop),
    ("scores_bug", np.inner),
    ("scores_bug", lambda query, key: np.tensordot(query, key, axes=(1, 1))),
    ("scores_bug", lambda query, key: query @ key.swapaxes(0, 1)),
    ("scores_bug", lambda query, key: query @ key.reshape(len(key), -1).transpose()),
    ("scores_bug", lambda query, key: (query @ np.stack(list(key), axis=1)).tolist()),
    ("scores_bug", lambda query, key: Wrapper(query @ key.T)),
    ("scores_bug", reference.dot_product_scores),
    ("raise_one", "all"),
    ("raise_one", "ALL!"),
    ("weight_ratio", math.e**2),
    ("weight_ratio", 7.39),
    ("weight_ratio", 7.4),
    ("weight_ratio", 2.718**2),
    ("weight_ratio", 2.72 * 2.72),
    ("weight_ratio", 0.612 / 0.083),
    ("weight_ratio", (WEIGHTS[1] / WEIGHTS[5]).astype("f4")),
    ("predict_shift", "stay"),
    ("predict_shift", "'Stay'"),
    ("predict_output", 0.737),
    ("predict_output", 0.74),
    ("predict_output", np.sum(WEIGHTS * VALUES[:, 0])),
    ("predict_output", 0.03 * 0.3 + 0.61 * 1.0 + 0.23 * 0.4 + 0.03 * 0.3 + 0.08 * 0.2),
    ("predict_output", (0.737,)),
    ("average_bug", sum_in_a_loop),
    ("average_bug", lambda w, v: suspicious_sum(w, v) * len(v)),
    ("average_bug", lambda w, v: np.sum(w[..., None] * v, axis=-2).astype(np.float32)),
    ("average_bug", lambda w, v: np.einsum("...j,jc->...c", w, v)),
    ("average_bug", lambda w, v: (v.T @ w.T).T),
    ("average_bug", reference.weighted_sum),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_correct_way_to_put_it_is_correct(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message
    assert feedback.message.endswith("Next: " + BANK[exercise].next_step)


# How to get there: what is set, one after the other.
REACHED = [
    ("target_cat", {"temperature": 0.1}),
    ("target_cat", {"temperature": 0.6}),
    ("target_cat", {"scores": [-3, 2, -2, -3, -3, -2]}),
    ("target_cat", {"scores": np.array([-9.0, 2.0, -np.inf, -9.0, -9.0, -9.0])}),
    ("target_cat", {"mask": np.arange(6) == 1}),
    ("target_cat", {"scores": [-1, 2, -1, -1.5, -1, 0], "temperature": 0.9}),
    ("target_cat", {"mask": [True, True, False, True, True, True], "temperature": 0.9}),
    ("target_mat", {"scores": [-1, 2, 1, -1.5, -1, 5.5]}),
    ("target_mat", {"scores": [0, 0, 0, 0, 0, 100]}),
    ("target_mat", {"mask": np.arange(6) == 5}),
    ("target_mat", {"mask": [False, False, False, True, False, True], "scores": [0] * 5 + [2]}),
    ("target_mat", {"scores": [-1, 1, 1, -1.5, -1, 2], "temperature": 0.3}),
]


@pytest.mark.parametrize(("exercise", "moves"), REACHED)
def test_every_way_to_a_target_counts(exercise, moves):
    explorer = BANK[exercise].make()
    for name, value in moves.items():
        setattr(explorer, name, value)
    feedback = check(exercise, explorer)
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message
    assert feedback.message.startswith("Reached!")


@pytest.mark.parametrize("exercise", TARGETS)
def test_a_picture_that_was_reset_is_not_attempted(exercise):
    explorer = BANK[exercise].make()
    assert check(exercise, explorer).status == "not attempted"
    explorer.temperature = 2
    assert check(exercise, explorer).status == "incorrect"
    explorer.reset()
    assert check(exercise, explorer).status == "not attempted"


@pytest.mark.parametrize("exercise", SENTENCES)
def test_a_sentence_is_judged_by_its_writer(exercise):
    mine = "The query is what differs, and the weights follow from it."
    compare = check(exercise, mine)
    assert compare.status == "not attempted"
    assert all(point in compare.message for point in BANK[exercise].points)
    assert check(exercise, mine, points=1).misconception == "points-missing"
    assert check(exercise, mine, points=3).status == "correct"


# ---------------------------------------------------------------------------------------------
# Wrong answers
# ---------------------------------------------------------------------------------------------


def queries_meet_themselves(query, key):
    return [[a @ b for b in query] for a in query]


def keys_dealt_out_by_ravel(query, key):
    return query @ key.ravel().reshape(query.shape[1], -1)


def keys_resized(query, key):
    return query @ np.resize(key, key.T.shape)


def swapped_indices(query, key):
    scores = np.zeros((len(key), len(query)))
    for i in range(len(query)):
        for j in range(len(key)):
            scores[j, i] = query[i] @ key[j]
    return scores


def averaged_in_a_loop(weights, values):
    if weights.ndim == 2:
        return [averaged_in_a_loop(row, values) for row in weights]
    return sum(weight * value for weight, value in zip(weights, values)) / len(weights)


NAMED = [
    ("scores_bug", suspicious_scores, "reshaped-instead-of-transposed"),
    ("scores_bug", keys_dealt_out_by_ravel, "reshaped-instead-of-transposed"),
    ("scores_bug", keys_resized, "reshaped-instead-of-transposed"),
    ("scores_bug", lambda q, k: q @ k, "missing-transpose"),
    ("scores_bug", lambda q, k: k @ q.T, "transposed"),
    ("scores_bug", swapped_indices, "transposed"),
    ("scores_bug", lambda q, k: np.inner(k, k), "only-one-side"),
    ("scores_bug", queries_meet_themselves, "only-one-side"),
    ("scores_bug", lambda q, k: q @ k.T / math.sqrt(k.shape[1]), "scaled-by-root-d"),
    ("dot_product_scores", suspicious_scores, "reshaped-instead-of-transposed"),
    ("dot_product_scores", lambda q, k: k @ k.T, "only-one-side"),
    ("average_bug", suspicious_sum, "divided-by-n"),
    ("average_bug", averaged_in_a_loop, "divided-by-n"),
    ("average_bug", lambda w, v: w @ v / len(v), "divided-by-n"),
    ("average_bug", lambda w, v: (w[..., None] * v).sum(axis=-1), "summed-over-components"),
    ("average_bug", lambda w, v: w[..., None] * v, "product-without-sum"),
    ("average_bug", lambda w, v: np.mean(v, axis=0), "plain-mean"),
    ("average_bug", lambda w, v: w @ v / w.sum(axis=-1, keepdims=True), "weights-renormalised"),
    ("predict_score", 2 + 0.5, "sign-lost"),
    ("predict_score", KEYS[3] @ QUERY, "other-query"),
    ("predict_score", KEYS[3].sum(), "query-left-out"),
    ("predict_score", WHERE_QUERY.sum(), "key-left-out"),
    ("predict_score", 2, "component-left-out"),
    ("predict_score", (KEYS[3] * WHERE_QUERY).mean(), "mean-instead-of-sum"),
    ("predict_score", KEYS[3] @ WHERE_QUERY / np.sqrt(4), "scaled-by-root-d"),
    ("predict_score", "1.5", "text-instead-of-a-number"),
    ("predict_score", np.dot, "function-instead-of-a-number"),
    ("predict_score", 12, None),
    ("predict_score", KEYS[3] * WHERE_QUERY, None),
    ("weight_ratio", 2, "difference-taken-for-ratio"),
    ("weight_ratio", 2 * 2.718, "doubled-instead-of-squared"),
    ("weight_ratio", 2.72, "one-step-only"),
    ("weight_ratio", 2**2, "base-two"),
    ("weight_ratio", WEIGHTS[5] / WEIGHTS[1], "upside-down"),
    ("weight_ratio", 0.14, "upside-down"),
    ("weight_ratio", WEIGHTS[1] - WEIGHTS[5], "difference-of-weights"),
    ("weight_ratio", math.nan, None),
    ("predict_output", (WEIGHTS @ VALUES)[1], "other-component"),
    ("predict_output", 0.612 + 0.225 * 0.4 + 0.083 * 0.2, "small-weights-left-out"),
    ("predict_output", 0.612 + 0.225 * 0.4, "small-weights-left-out"),
    ("predict_output", 0.612, "only-the-cat"),
    ("predict_output", 1, "hard-attention"),
    ("predict_output", VALUES[:, 0].mean(), "plain-mean"),
    ("predict_output", VALUES[:, 0].sum(), "plain-sum"),
    ("predict_output", suspicious_sum(WEIGHTS, VALUES)[0], "divided-by-n"),
    ("predict_output", SCORES @ VALUES[:, 0], "scores-taken-for-weights"),
    ("predict_output", 73.7, "percent"),
    ("length_choice", "rise", "all-scores-rise"),
    ("length_choice", "Stay", "only-the-angle-counts"),
    ("length_choice", "reorder", "order-changes"),
    ("length_choice", "halve", None),
    ("raise_one", "one", "affects-only-its-own-weight"),
    ("raise_one", "some", "only-some-pay"),
    ("raise_one", 6, None),
    ("predict_shift", "rise", "all-weights-rise"),
    ("predict_shift", "more  equal", "ratios-of-scores"),
    ("explain_scores", "because of mat", "too-short"),
    ("explain_shift", 100, None),
    ("explain_hull", ["No,", "they", "cannot", "reach"], None),
]


@pytest.mark.parametrize(("exercise", "answer", "name"), NAMED)
def test_wrong_answers_are_named_however_they_are_put(exercise, answer, name):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message
    assert "\n\nNext: " in feedback.message


MISSED = [
    ("target_cat", {"scores": [-1, 4, 1, -1.5, -1, 0]}, "score-touched"),
    ("target_cat", {"scores": [-1, 2.1, 1, -1.5, -1, 0], "temperature": 0.1}, "score-touched"),
    ("target_cat", {"mask": [True, False, True, True, True, True]}, "cat-masked"),
    ("target_cat", {"temperature": 5}, "weight-too-small"),
    ("target_cat", {"scores": [2, 2, 2, 2, 2, 2]}, "weight-too-small"),
    ("target_mat", {"values": np.tile(VALUES[5], (6, 1))}, "values-exchanged"),
    ("target_mat", {"scores": [-1, 2, 1, -1.5, -1, 3]}, "output-too-far"),
    ("target_mat", {"mask": np.full(6, False)}, "output-too-far"),
    ("target_mat", {"temperature": 0.1}, "output-too-far"),
]


@pytest.mark.parametrize(("exercise", "moves", "name"), MISSED)
def test_a_target_that_is_missed_says_by_how_much(exercise, moves, name):
    explorer = BANK[exercise].make()
    for trait, value in moves.items():
        setattr(explorer, trait, value)
    feedback = check(exercise, explorer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message


def test_what_the_picture_shows_as_reached_is_reached():
    """The picture rounds to 80.0 %, and the distance is told with two decimals."""
    explorer = BANK["target_cat"].make()
    for weight, status in ((0.79955, "correct"), (0.7994, "incorrect")):
        others = (1 - weight) / 5
        explorer.scores = [2 + math.log(others / weight) if i != 1 else 2.0 for i in range(6)]
        assert explorer.weights[1] == pytest.approx(weight)
        assert check("target_cat", explorer).status == status
    message = check("target_cat", explorer).message
    assert message.startswith("cat has 79.9 %, and 80 % are wanted")


def test_a_picture_of_something_else_is_refused():
    other = ScoreExplorer(["yes", "no"], [0, 3])
    for exercise in TARGETS:
        assert check(exercise, other).misconception == "another-picture"


# ---------------------------------------------------------------------------------------------
# Hostile answers
# ---------------------------------------------------------------------------------------------


class Explosive:
    """Everything that can be asked of it raises an exception."""

    def _explode(self, *_):
        raise RuntimeError("boom")

    __array__ = __bool__ = __eq__ = __float__ = __getitem__ = __iter__ = __len__ = _explode
    __repr__ = __str__ = __call__ = _explode
    __hash__ = None


class Text(str):
    """A string with its own idea of strings."""

    __slots__ = ()

    def _leave(self, *_):
        sys.exit()

    casefold = split = strip = __str__ = _leave


def endless(*_):
    while True:
        pass


def talkative(*_):
    for _ in range(1_000_000):
        print("again")


HOSTILE = {
    "ellipsis": ...,
    "none": None,
    "class": Explosive,
    "explosive": Explosive(),
    "strings": ["a", "b"],
    "text": Text("stay and go away"),
    "bytes": b"all",
    "huge": np.zeros((1000, 1000)),
    "empty": [],
    "ragged": [[1], [2, 3]],
    "complex": 1j,
    "raises": lambda *_: 1 / 0,
    "exits": lambda *_: sys.exit(),
    "endless": endless,
    "talkative": talkative,
    "dictionary": {"answer": 1.5},
    "true": True,
    "infinite": math.inf,
    "long": "word " * 100_000,
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("exercise", [*NUMBERS, *CHOICES, *TARGETS, *BUGS, *SENTENCES])
def test_hostile_answers_become_feedback_in_time(exercise, answer, capsys):
    began = time.perf_counter()
    feedback = check(exercise, answer)
    assert time.perf_counter() - began < 2
    assert feedback.status in ("incorrect", "not attempted")
    assert len(feedback.message) < 3000
    assert "Next: " in feedback.message
    assert capsys.readouterr().out == ""
