"""The exercises of notebook 07: answers from many hands, right ones and wrong ones."""

import math

import numpy as np
import pytest

from attention_edu import attention as reference
from attention_edu.exercises import bank, check
from attention_edu.exercises.translation import KEYS, QUERIES, SCORE_WEIGHT

BANK = bank()
SAME = np.eye(3)


class Wrapper:
    """An array of another library."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._array, dtype=dtype)


# ---------------------------------------------------------------------------------------------
# Right answers
# ---------------------------------------------------------------------------------------------


def in_a_while_loop(probabilities, start):
    written = [start]
    while len(written) <= len(probabilities):
        row = probabilities[len(written) - 1, written[-1]]
        written += [row.argmax()]
    return tuple(written[1:])


def with_python_alone(probabilities, start):
    tokens, before = [], start
    for table in probabilities.tolist():
        row = table[before]
        before = row.index(max(row))
        tokens.append(before)
    return tokens


def best_token_of_every_row_first(probabilities, start):
    follows = probabilities.argmax(axis=2)  # what comes after each token, at each place
    tokens = np.empty(len(follows))
    for place, table in enumerate(follows):
        tokens[place] = start = table[start]
    return tokens


def by_logarithms(probabilities, start):
    with np.errstate(divide="ignore"):
        scores = np.log(probabilities)
    return in_a_while_loop(scores, start)


def by_sorting(probabilities, start):
    tokens = []
    for table in probabilities:
        start = np.argsort(table[start])[-1]
        tokens.append(int(start))
    return tokens


def one_hot_inside(probabilities, start):
    size = probabilities.shape[-1]
    state, tokens = np.eye(size)[start], []
    for table in probabilities:
        state = np.eye(size)[(state @ table).argmax()]
        tokens.append(state @ np.arange(size))
    return np.array(tokens, dtype=np.float32)


RIGHT = [
    ("additive_by_hand", 3.6),
    ("additive_by_hand", 3.60529),
    ("additive_by_hand", np.float32(3.6)),
    ("additive_by_hand", [3.6]),
    ("additive_by_hand", 3 * (math.tanh(-1) + math.tanh(4) + math.tanh(2))),
    ("additive_by_hand", 3 * -0.76 + 3 * 1.00 + 3 * 0.96),
    ("additive_by_hand", SCORE_WEIGHT @ np.tanh(QUERIES[0] + KEYS[1])),
    ("additive_by_hand", reference.additive_scores(QUERIES, KEYS, SAME, SAME, SCORE_WEIGHT)[0, 1]),
    ("greedy_decoding", in_a_while_loop),
    ("greedy_decoding", with_python_alone),
    ("greedy_decoding", best_token_of_every_row_first),
    ("greedy_decoding", by_logarithms),
    ("greedy_decoding", by_sorting),
    ("greedy_decoding", one_hot_inside),
    ("greedy_decoding", lambda p, s: Wrapper(in_a_while_loop(p, s))),
    ("greedy_decoding", lambda p, s: np.array(in_a_while_loop(p, s), dtype=np.uint8)),
    ("four_times_as_long", "as many"),
    ("four_times_as_long", " As  many! "),
    ("four_times_as_long", np.str_("as many")),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_correct_way_to_put_it_is_correct(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message
    assert feedback.message.endswith("Next: " + BANK[exercise].next_step)


# ---------------------------------------------------------------------------------------------
# Wrong answers
# ---------------------------------------------------------------------------------------------


def start_read_every_time(probabilities, start):
    written = []
    for table in probabilities:
        written.append(table[start].argmax())
    return written


def start_stays_in_the_list(probabilities, start):
    written = [start]
    for table in probabilities:
        written.append(table[written[-1]].argmax())
    return written


def answer_one_place_late(probabilities, start):
    written = []
    for table in probabilities:
        written.append(start)
        start = table[start].argmax()
    return written


def best_probability_of_each_step(probabilities, start):
    best = []
    for table in probabilities:
        best.append(table[start].max())
        start = table[start].argmax()
    return np.array(best)


def rows_along_the_way(probabilities, start):
    rows = []
    for table in probabilities:
        rows.append(table[start])
        start = rows[-1].argmax()
    return rows


def first_place_forever(probabilities, start):
    written = []
    for _ in probabilities:
        start = probabilities[0][start].argmax()
        written.append(start)
    return written


def columns_read(probabilities, start):
    written = []
    for table in probabilities:
        start = table[:, start].argmax()
        written.append(start)
    return written


def returned_inside_the_loop(probabilities, start):
    written = []
    for table in probabilities:
        written.append(table[start].argmax())
        return written[0]


def last_one_returned(probabilities, start):
    for table in probabilities:
        start = table[start].argmax()
    return start


def from_the_second_place(probabilities, start):
    written = []
    for place in range(1, len(probabilities)):
        start = probabilities[place, start].argmax()
        written.append(start)
    return written


def best_first_then_backwards(probabilities, start):
    """Find the most probable whole by dynamic programming."""
    value, back = probabilities[0][start], []
    for table in probabilities[1:]:
        paths = value[:, None] * table
        back.append(paths.argmax(axis=0))
        value = paths.max(axis=0)
    tokens = [int(value.argmax())]
    for pointer in reversed(back):
        tokens.append(int(pointer[tokens[-1]]))
    return tokens[::-1]


def expected_token(probabilities, start):
    tokens = []
    for table in probabilities:
        tokens.append(np.average(np.arange(len(table)), weights=table[start]))
        start = round(tokens[-1])
    return tokens


def never_returned(probabilities, start):
    in_a_while_loop(probabilities, start)


NAMED = [
    ("greedy_decoding", start_read_every_time, "token-not-carried-on"),
    ("greedy_decoding", start_stays_in_the_list, "start-in-the-answer"),
    ("greedy_decoding", answer_one_place_late, "start-in-the-answer"),
    ("greedy_decoding", best_probability_of_each_step, "probabilities-returned"),
    ("greedy_decoding", rows_along_the_way, "probabilities-returned"),
    ("greedy_decoding", first_place_forever, "one-table-for-all"),
    ("greedy_decoding", columns_read, "rows-and-columns-swapped"),
    ("greedy_decoding", lambda p, s: p.sum(axis=1).argmax(axis=1), "token-before-ignored"),
    ("greedy_decoding", lambda p, s: [t.max(axis=0).argmax() for t in p], "token-before-ignored"),
    ("greedy_decoding", lambda p, s: [t.argmax() for t in p], "token-before-ignored"),
    ("greedy_decoding", lambda p, s: in_a_while_loop(1 - p, s), "least-likely-token"),
    ("greedy_decoding", returned_inside_the_loop, "one-token-returned"),
    ("greedy_decoding", last_one_returned, "one-token-returned"),
    ("greedy_decoding", from_the_second_place, "first-place-skipped"),
    ("greedy_decoding", lambda p, s: p.argmax(axis=2), "every-row-answered"),
    (
        "greedy_decoding",
        lambda p, s: np.eye(p.shape[2])[list(in_a_while_loop(p, s))],
        "one-hot-returned",
    ),
    ("greedy_decoding", expected_token, "numbers-of-tokens-mixed"),
    ("greedy_decoding", best_first_then_backwards, "best-whole-answer"),
    ("greedy_decoding", never_returned, "no-return"),
    ("greedy_decoding", lambda p, s: np.zeros(len(p)), "parameter-unused"),
    ("additive_by_hand", -1 + 4 + 2, "tanh-left-out"),
    ("additive_by_hand", 3 * (-1 + 4 + 2), "tanh-left-out"),
    ("additive_by_hand", 1.2, "score-weight-left-out"),
    ("additive_by_hand", 3 * math.tanh(5), "tanh-of-the-sum"),
    ("additive_by_hand", QUERIES[0] @ KEYS[1], "multiplied-instead-of-added"),
    ("additive_by_hand", 3 * (0.76 + 1.00 + 0.96), "sign-lost"),
    ("additive_by_hand", 3 * (0.76 + 0.96 + 0.96), "another-key"),
    ("additive_by_hand", "3.6", "text-instead-of-a-number"),
    ("additive_by_hand", 7, None),
    ("four_times_as_long", "Four times", "vector-grows"),
    ("four_times_as_long", "sixteen times", "scores-counted"),
    ("four_times_as_long", 4, None),
    ("explain_alignment", "each one asks", "too-short"),
]


@pytest.mark.parametrize(("exercise", "answer", "name"), NAMED)
def test_wrong_answers_are_named_however_they_are_put(exercise, answer, name):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message
    assert "\n\nNext: " in feedback.message


# ---------------------------------------------------------------------------------------------
# The inputs and the example
# ---------------------------------------------------------------------------------------------


def test_the_tables_hold_probabilities():
    for case in BANK["greedy_decoding"].cases:
        probabilities, start = case.arguments
        assert probabilities.shape[1] == probabilities.shape[2]
        assert 0 <= start < probabilities.shape[1]
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-9)


def test_no_step_on_the_way_is_a_tie():
    """Another way to pick one of two equal tokens would be as right."""
    exercise = BANK["greedy_decoding"]
    for case, tokens in zip(exercise.cases, exercise.expected):
        probabilities, start = case.arguments
        before = [start, *tokens[:-1].astype(int)]
        for table, token in zip(probabilities, before):
            first, second = np.sort(table[token])[::-1][:2]
            assert first > second + 0.009


def test_the_greedy_answer_is_not_always_the_best_whole():
    probabilities, start = BANK["greedy_decoding"].cases[0].arguments

    def likelihood(path):
        return np.prod([t[b, n] for t, b, n in zip(probabilities, (start, *path), path)])

    greedy = in_a_while_loop(probabilities, start)
    best = best_first_then_backwards(probabilities, start)
    assert likelihood(best) > likelihood(greedy)


def test_in_the_example_by_hand_each_question_finds_its_own_word():
    scores = reference.additive_scores(QUERIES, KEYS, SAME, SAME, SCORE_WEIGHT)
    weights = reference.softmax(scores)
    assert weights.argmax(axis=1).tolist() == [2, 1, 0]  # year, month, day in "3 mars 1847"
    assert (weights.max(axis=1) > 0.95).all()
    np.testing.assert_allclose(scores, scores[::-1, ::-1])  # no question is easier than another


def test_a_sentence_on_the_alignment_is_judged_by_its_writer():
    exercise = BANK["explain_alignment"]
    mine = "Each character asks anew, since it needs another part of the date."
    compare = check(exercise.id, mine)
    assert compare.status == "not attempted"
    assert all(point in compare.message for point in exercise.points)
    assert check(exercise.id, mine, points=1).misconception == "points-missing"
    assert check(exercise.id, mine, points=3).status == "correct"
