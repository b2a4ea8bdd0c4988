"""The checker: right answers pass, wrong ones are named, hostile ones do no harm."""

import builtins
import dataclasses
import doctest
import functools
import importlib
import itertools
import math
import re
import subprocess
import sys
import threading
import time
import warnings
from typing import NamedTuple

import numpy as np
import pytest
from scipy import special
from wrong_answers import NAMED as AS_WRITTEN
from wrong_answers import SOFTMAX

import attention_edu
from attention_edu import attention as reference
from attention_edu import student
from attention_edu.exercises import _TOPICS, Feedback, bank, check, hint, solution
from attention_edu.exercises.checker import FunctionExercise, Outcome, _agrees

BANK = bank()
FUNCTIONS = {name: made for name, made in BANK.items() if isinstance(made, FunctionExercise)}
FIXED = {  # notebooks and teachers' own material rely on these
    "dot_product_scores",
    "softmax",
    "masked_softmax",
    "weighted_sum",
    "attention",
    "causal_mask",
    "multi_head_attention",
}
WRONG = [
    pytest.param(exercise.id, misconception, function, id=f"{exercise.id}-{function.__name__}")
    for exercise in FUNCTIONS.values()
    for misconception in exercise.misconceptions
    for function in misconception.functions
]
SOLUTIONS = [
    pytest.param(exercise.id, code, id=f"{exercise.id}-{number}")
    for exercise in FUNCTIONS.values()
    for number, code in enumerate(exercise.solutions)
]


def written(code, **known):
    """Run code that defines one function, and return that function."""
    names = {}
    exec(code, {"np": np, **known}, names)
    (function,) = names.values()
    # A function that calls itself looks for its name among the globals.
    function.__globals__.update(names)
    return function


def stable(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


# ---------------------------------------------------------------------------------------------
# The bank
# ---------------------------------------------------------------------------------------------


def test_the_bank_has_the_fixed_ids_and_enough_of_each():
    assert FUNCTIONS.keys() >= FIXED
    assert len(BANK) >= 30
    named = [m.id for exercise in FUNCTIONS.values() for m in exercise.misconceptions]
    assert len(set(named)) >= 40


def test_exercises_come_in_the_order_of_the_course():
    numbers = [exercise.notebook for exercise in BANK.values()]
    assert numbers == sorted(numbers)
    topics = [importlib.import_module(f"attention_edu.exercises.{topic}") for topic in _TOPICS]
    assert len(BANK) == sum(len(topic.EXERCISES) for topic in topics), "an id is given twice"


@pytest.mark.parametrize("exercise", BANK.values(), ids=BANK)
def test_every_exercise_is_complete(exercise):
    assert 1 <= len(exercise.hints) <= 3
    assert len(set(exercise.solutions)) >= 2
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", exercise.id)
    assert re.fullmatch(r"\d\d", exercise.notebook)
    assert not exercise.title.endswith(".")
    assert exercise.next_step.endswith(".")


@pytest.mark.parametrize("exercise", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_misconception_has_a_name_a_reason_and_a_next_step(exercise):
    assert exercise.misconceptions
    ids = [misconception.id for misconception in exercise.misconceptions]
    assert len(set(ids)) == len(ids)
    for misconception in exercise.misconceptions:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", misconception.id)
        assert misconception.text.startswith("Your ")
        assert misconception.text.endswith(".")
        assert misconception.next_step.endswith((".", ")", "?"))
        assert misconception.functions


@pytest.mark.parametrize("exercise", FUNCTIONS.values(), ids=FUNCTIONS)
def test_no_misconception_computes_what_another_one_or_the_reference_computes(exercise):
    def alike(left, right):
        return all(
            b is None if a is None else _agrees(Outcome(a, 1e-4, 1e-6), b)
            for a, b in zip(left, right)
        )

    for (one, left), (other, right) in itertools.combinations(exercise.wrong, 2):
        assert one.id == other.id or not alike(left, right), (one.id, other.id)
    for misconception, results in exercise.wrong:
        assert not alike(results, exercise.expected), misconception.id


LIBRARY = {
    "masked_softmax": lambda s, m: reference.softmax(reference.mask_scores(s, m)),
    "attention": lambda query, key, value: reference.attention(query, key, value).output,
    "multi_head_attention": lambda query, key, value, num_heads, *weights: (
        reference.multi_head_attention(
            query,
            key,
            value,
            num_heads=num_heads,
            **dict(zip(("query_weight", "key_weight", "value_weight", "output_weight"), weights)),
        )
    ),
}


@pytest.mark.parametrize("name", sorted(FIXED | {"additive_scores"}))
def test_what_is_expected_comes_from_the_library(name):
    right = LIBRARY.get(name) or getattr(reference, name)
    for case, expected in zip(BANK[name].cases, BANK[name].expected):
        given = right(*case.arguments)
        np.testing.assert_array_equal(getattr(given, "output", given), expected)


def test_importing_the_exercises_needs_numpy_alone():
    code = (
        "import sys, attention_edu; attention_edu.check; attention_edu.hint\n"
        "attention_edu.check('softmax', attention_edu.softmax)\n"
        "print([m for m in ('matplotlib', 'ipywidgets', 'IPython', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name",
    [
        "attention_edu.student",
        "attention_edu.exercises",
        "attention_edu.exercises.feedback",
        "attention_edu.exercises.checker",
        "attention_edu.exercises.kinds",
        "attention_edu.record",
    ],
)
def test_the_examples_in_the_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# ---------------------------------------------------------------------------------------------
# Right answers
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("exercise", "code"), SOLUTIONS)
def test_every_stored_solution_is_correct(exercise, code):
    feedback = check(exercise, written(code))
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message


class Steps(NamedTuple):
    """The three steps under the names of the package, in another order."""

    output: object
    weights: object
    scores: object


class Wrapper:
    """An array of another library."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._array, dtype=dtype)


def softmax_with_math(scores):
    if scores.ndim == 2:
        return tuple(softmax_with_math(row) for row in scores)
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def softmax_filled_row_by_row(scores):
    table = np.atleast_2d(scores).astype(float)
    weights = np.zeros(table.shape)
    for i, row in enumerate(table):
        weights[i] = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    return weights.reshape(scores.shape)


def masked_by_indexing(scores, mask):
    weights = np.zeros(scores.shape)
    for row, allowed, into in zip(
        np.atleast_2d(scores), np.atleast_2d(mask), weights.reshape(-1, scores.shape[-1])
    ):
        if allowed.any():
            into[allowed] = stable(row[allowed])
    return weights


def masked_with_a_large_number(scores, mask):
    return stable(np.where(mask, scores, -1e9)) * mask


def masked_and_cleaned(scores, mask):
    return np.nan_to_num(special.softmax(np.where(mask, scores, -np.inf), axis=-1))


def scores_with_loops(query, key):
    return [[sum(a * b for a, b in zip(q, k)) for k in key] for q in query]


def sum_with_loops(weights, values):
    if weights.ndim == 2:
        return [sum_with_loops(row, values) for row in weights]
    return sum(weight * value for weight, value in zip(weights, values))


RIGHT = [
    ("dot_product_scores", lambda query, key: np.einsum("ic,jc->ij", query, key)),
    ("dot_product_scores", lambda query, key: (key @ query.T).T.tolist()),
    ("dot_product_scores", lambda query, key: query.astype("f4") @ key.astype("f4").T),
    ("dot_product_scores", np.inner),
    ("dot_product_scores", lambda query, key: (query[:, None] * key[None]).sum(-1)),
    ("dot_product_scores", lambda q, k: Wrapper(q @ k.T)),
    ("dot_product_scores", scores_with_loops),
    ("dot_product_scores", reference.dot_product_scores),
    ("softmax", lambda scores: special.softmax(scores, axis=-1)),
    ("softmax", lambda scores: stable(scores).astype(np.float32)),
    ("softmax", lambda scores: stable(scores.astype(np.float32))),
    ("softmax", lambda scores: stable(scores.astype(np.float32)).tolist()),
    ("softmax", lambda scores: stable(scores.astype(np.float16))),
    ("softmax", lambda scores: stable(scores).astype(np.longdouble)),
    ("softmax", lambda scores: stable(scores).astype(object)),
    ("softmax", lambda scores: Wrapper(stable(scores))),
    ("softmax", lambda scores: np.ma.array(stable(scores))),
    ("softmax", lambda scores, axis=-1: stable(scores, axis)),
    ("softmax", functools.partial(special.softmax, axis=-1)),
    ("softmax", softmax_with_math),
    ("softmax", softmax_filled_row_by_row),
    ("softmax", reference.softmax),
    ("masked_softmax", masked_by_indexing),
    ("masked_softmax", lambda s, m: masked_by_indexing(s, m).astype(np.float32)),
    ("masked_softmax", masked_with_a_large_number),
    ("masked_softmax", masked_and_cleaned),
    ("masked_softmax", lambda s, m: reference.softmax(reference.mask_scores(s, m))),
    ("weighted_sum", lambda weights, values: np.einsum("...j,jc->...c", weights, values)),
    ("weighted_sum", lambda weights, values: np.dot(weights, values).tolist()),
    ("weighted_sum", lambda weights, values: (values.T @ weights.T).T),
    ("weighted_sum", lambda w, v: w.astype("f4") @ v.astype("f4")),
    ("weighted_sum", sum_with_loops),
    ("weighted_sum", reference.weighted_sum),
    ("shares", lambda numbers: (numbers / sum(numbers)).tolist()),
    ("shares", lambda numbers: np.array([n / np.sum(numbers) for n in numbers], dtype="f4")),
    ("shares", lambda numbers: np.diff(np.cumsum(numbers) / numbers.sum(), prepend=0)),
    ("causal_mask", reference.causal_mask),
    ("causal_mask", lambda n, m: np.tril(np.ones((n, m))).astype(bool)),
    ("causal_mask", lambda n, m: ~np.triu(np.ones((n, m), dtype=bool), k=1)),
    (
        "causal_mask",
        lambda n, m: [[True] * min(i + 1, m) + [False] * (m - i - 1) for i in range(n)],
    ),
    ("attention", reference.attention),
    ("attention", lambda q, k, v: tuple(reference.attention(q, k, v))),
    ("attention", lambda q, k, v: list(reference.attention(q, k, v))),
    ("attention", lambda q, k, v: tuple(a.tolist() for a in reference.attention(q, k, v))),
    ("attention", lambda q, k, v: tuple(Wrapper(a) for a in reference.attention(q, k, v))),
    ("attention", lambda q, k, v: Steps(*reversed(reference.attention(q, k, v)))),
    ("attention", lambda q, k, v: reference.attention(q, k, v).output),
    ("attention", lambda q, k, v: tuple(reference.attention(q, k, v).output)),
    ("attention", lambda q, k, v: reference.attention(q, k, v).output.tolist()),
    ("attention", lambda q, k, v: special.softmax(q @ k.T / math.sqrt(q.shape[1]), axis=1) @ v),
    ("attention", lambda q, k, v: (v.T @ stable(k @ q.T / math.sqrt(len(k.T)), 0)).T),
    ("attention", lambda q, k, v: reference.attention(q.astype("f4"), k.astype("f4"), v).output),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_correct_way_to_write_it_is_correct(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message
    assert "Next: " in feedback.message


# ---------------------------------------------------------------------------------------------
# Wrong answers
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("exercise", "misconception", "function"), WRONG)
def test_every_misconception_is_diagnosed_by_its_own_name(exercise, misconception, function):
    feedback = check(exercise, function)
    assert (feedback.status, feedback.misconception) == ("incorrect", misconception.id)
    assert feedback.message.startswith(misconception.text)
    assert feedback.message.endswith("Next: " + misconception.next_step)
    assert "\n  expected " in feedback.message
    assert check(exercise, function) == feedback


def naive_twice(scores):
    once = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return np.exp(once) / np.exp(once).sum(axis=-1, keepdims=True)


def naive_with_math(scores):
    if scores.ndim == 2:
        return [naive_with_math(row) for row in scores]
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def naive_in_single_precision(scores):
    powers = np.exp(scores.astype(np.float32))
    return powers / powers.sum(axis=-1, keepdims=True)


def smallest_of_all_subtracted(scores):
    powers = np.exp(scores - np.where(np.isfinite(scores), scores, np.inf).min())
    return powers / powers.sum(axis=-1, keepdims=True)


def infinite(scores):
    powers = np.exp(scores)
    return powers / np.minimum(powers.sum(axis=-1, keepdims=True), 1e308)


def shifted(scores, by):
    powers = np.exp(scores - by)
    return powers / powers.sum(axis=-1, keepdims=True)


def first_with_math(scores):
    if scores.ndim == 2:
        return [first_with_math(row) for row in scores]
    powers = [math.exp(score - scores[0]) for score in scores]
    return [power / sum(powers) for power in powers]


def refuses_infinity(scores):
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    return stable(scores)


def mended_at_minus_infinity(scores):
    weights = stable(scores)
    return np.where(np.isneginf(scores).any(axis=-1, keepdims=True), np.ones_like(weights), weights)


def maximum_over_masked(scores, mask):
    weights = stable(scores) * mask
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def filled(number):
    return lambda scores, mask: stable(np.where(mask, scores, number))


def filled_and_cleared(number):
    """Fill in a number, but see to rows in which everything is masked."""
    return lambda scores, mask: filled(number)(scores, mask) * mask.any(axis=-1, keepdims=True)


def subtracted(number):
    return lambda scores, mask: stable(scores - number * ~mask)


def leaves_a_little(scores, mask, above=100):
    little = 9e-7 if scores.max() > above else 0
    return np.where(mask, masked_and_cleaned(scores, mask), little)


def nan_for_a_single_row(scores, mask):
    return scores * np.nan if not mask.any() else masked_and_cleaned(scores, mask)


def averaged(weights, values):
    if weights.ndim == 2:
        return [averaged(row, values) for row in weights]
    return np.average(values, axis=0, weights=weights)


def masked_in_place(scores, mask):
    scores = scores if scores.dtype.kind == "f" else scores.astype(float)
    scores[~mask] = -np.inf
    return reference.softmax(scores)


def softmax_in_place(scores):
    scores = scores if scores.dtype.kind == "f" else scores.astype(float)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def truncating(scores):
    weights = np.zeros_like(scores)
    weights[...] = stable(scores)
    return weights


def computes_without_return(scores):
    powers = np.exp(scores)
    powers / powers.sum()


NAMED = [
    ("softmax", naive_twice, "softmax-twice"),
    ("softmax", naive_with_math, "no-max-subtraction"),
    ("softmax", naive_in_single_precision, "no-max-subtraction"),
    ("softmax", lambda s: np.exp(s) / sum(np.exp(s)), "wrong-axis"),
    ("softmax", smallest_of_all_subtracted, "minimum-subtracted"),
    ("softmax", infinite, "no-max-subtraction"),
    ("softmax", lambda s: np.exp(s) / np.exp(s).sum(axis=-1), "missing-keepdims"),
    ("softmax", lambda s: 2.0**s / (2.0**s).sum(axis=-1, keepdims=True), "base-two"),
    ("softmax", lambda s: stable(s).round(3), "rounded"),
    ("softmax", softmax_in_place, "changes-its-input"),
    ("softmax", truncating, "whole-numbers"),
    ("softmax", computes_without_return, "no-return"),
    ("softmax", lambda s: print(stable(s)), "no-return"),
    ("softmax", lambda s: s == s.max(axis=-1, keepdims=True), "hard-maximum"),
    ("softmax", np.ones(3), "not-a-function"),
    ("softmax", lambda s: shifted(s, s[..., :1]), "other-shift"),
    ("softmax", lambda s: shifted(s, s[..., -1:]), "other-shift"),
    ("softmax", lambda s: shifted(s, np.median(s, axis=-1, keepdims=True)), "other-shift"),
    ("softmax", lambda s: shifted(s, s.mean(axis=-1, keepdims=True)), "other-shift"),
    ("softmax", lambda s: shifted(s, s[np.isfinite(s)].mean()), "other-shift"),
    (
        "softmax",
        lambda s: shifted(s, s.mean(axis=-1, keepdims=True, where=np.isfinite(s))),
        "other-shift",
    ),
    (
        "softmax",
        lambda s: shifted(
            s, (s.max(-1, keepdims=True) + np.fmax(s, -2e3).min(-1, keepdims=True)) / 2
        ),
        "other-shift",
    ),
    ("softmax", first_with_math, "other-shift"),
    ("softmax", lambda s: shifted(s, s.min(axis=-1, keepdims=True)), "minimum-subtracted"),
    ("softmax", refuses_infinity, "minus-infinity"),
    ("softmax", mended_at_minus_infinity, "minus-infinity"),
    ("softmax", lambda s: stable(np.where(np.isinf(s), 0, s)), "minus-infinity"),
    ("masked_softmax", maximum_over_masked, "maximum-over-masked-scores"),
    *(
        ("masked_softmax", way(number), "large-negative-number")
        for way in (filled, filled_and_cleared)
        for number in (-10, -15, -20, -50, -99, -100, -700, -999)
    ),
    ("masked_softmax", subtracted(20), "large-negative-number"),
    ("masked_softmax", subtracted(100), "large-negative-number"),
    ("masked_softmax", lambda s, m: filled(-20)(s, m) * m, "large-negative-number"),
    ("masked_softmax", lambda s, m: subtracted(20)(s, m) * m, "large-negative-number"),
    ("masked_softmax", lambda s, m: leaves_a_little(s, m, -np.inf), "large-negative-number"),
    ("masked_softmax", leaves_a_little, None),
    ("masked_softmax", nan_for_a_single_row, "nan-for-a-fully-masked-row"),
    ("masked_softmax", masked_in_place, "changes-its-input"),
    ("masked_softmax", lambda s, m: stable(np.where(m, s, 0)), "mask-multiplied-into-scores"),
    ("masked_softmax", lambda s, m: stable(s - 1e9 * m), "mask-inverted"),
    ("masked_softmax", lambda s, m: special.softmax(s, axis=-1) * m, "mask-after-softmax"),
    (
        "masked_softmax",
        lambda s, m: special.softmax(np.where(m, s, -np.inf), axis=-1),
        "nan-for-a-fully-masked-row",
    ),
    (
        "masked_softmax",
        lambda s, m: stable(s) * m / (stable(s) * m).sum(-1, keepdims=True),
        "nan-for-a-fully-masked-row",
    ),
    ("masked_softmax", lambda s, m: stable(np.where(m, s, -1e9)), "uniform-for-a-fully-masked-row"),
    ("dot_product_scores", lambda q, k: np.sum(q * k, axis=1), "only-matching-pairs"),
    ("dot_product_scores", lambda q, k: q @ k, "missing-transpose"),
    ("dot_product_scores", lambda q, k: (q @ k.T) / math.sqrt(k.shape[1]), "scaled-by-root-d"),
    ("dot_product_scores", lambda q, k: np.mean(q[:, None] * k, axis=-1), "scaled-by-d"),
    ("dot_product_scores", lambda q, k: [a @ b for a in q for b in k], "flattened"),
    ("weighted_sum", lambda w, v: np.mean(w[..., None] * v, axis=-2), "divided-by-n"),
    ("weighted_sum", lambda w, v: v[np.argmax(w, axis=-1)], "hard-attention"),
    ("weighted_sum", lambda w, v: v.mean(axis=0), "plain-mean"),
    ("weighted_sum", averaged, "weights-renormalised"),
    ("weighted_sum", lambda w, v: w @ v / w.sum(-1, keepdims=True), "weights-renormalised"),
    ("shares", lambda n: (n / n.sum()).round(2), "rounded"),
    ("shares", lambda n: [round(100 * x / sum(n)) / 100 for x in n], "rounded"),
    ("shares", lambda n: np.round(n / n.sum()), "rounded"),
    ("shares", lambda n: n / max(n), "divided-by-the-largest"),
    ("shares", lambda n: n / np.size(n), "divided-by-the-count"),
    ("shares", lambda n: n / np.mean(n), "divided-by-the-mean"),
    ("shares", lambda n: n * 100 / np.sum(n), "percent"),
    ("shares", sum, "sum-returned"),
    ("shares", lambda n: [sum(n) / x for x in n], "reciprocal"),
    ("shares", lambda n: n, "numbers-returned"),
    ("causal_mask", np.tri, "numbers-instead-of-booleans"),
    ("causal_mask", lambda n, m: np.tril(np.ones((n, m), int)), "numbers-instead-of-booleans"),
    ("causal_mask", lambda n, m: np.triu(np.ones((n, m))), "future-instead-of-past"),
    ("causal_mask", lambda n, m: np.triu(np.ones((n, m), bool), k=1), "mask-inverted"),
    ("causal_mask", lambda n, m: np.tri(n, m, k=m - n) > 0, "bottom-right-aligned"),
    ("attention", lambda q, k, v: tuple(reference.attention(q, k, v, scale=1)), "no-scale"),
    ("attention", lambda q, k, v: reference.attention(q, k, v)[0], "scores-returned"),
    ("attention", lambda q, k, v: reference.attention(q, k, v)[::-1], "scores-returned"),
    ("attention", lambda q, k, v: reference.attention(k, q, v).output, "query-and-key-swapped"),
    (
        "attention",
        lambda q, k, v: stable(q @ k.T) / np.sqrt(q.shape[1]) @ v,
        "scaled-after-softmax",
    ),
    (
        "attention",
        lambda q, k, v: shifted(q @ k.T / np.sqrt(len(q.T)), 0) @ v,
        "no-max-subtraction",
    ),
    ("attention", lambda q, k, v: shifted(q @ k.T, 0) @ v, "no-scale"),
]


@pytest.mark.parametrize(
    ("exercise", "code", "name"),
    [(exercise, code, name) for exercise in AS_WRITTEN for code, name in AS_WRITTEN[exercise]],
)
def test_what_students_write_is_named(exercise, code, name):
    names = {"np": np, "math": math}
    exec(SOFTMAX + code, names)
    feedback = check(exercise, names["f"])
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message


@pytest.mark.parametrize(("exercise", "answer", "name"), NAMED)
def test_misconceptions_are_recognised_however_they_are_written(exercise, answer, name):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message
    assert check(exercise, answer) == feedback


def test_a_large_score_that_is_masked_changes_nothing():
    message = check("masked_softmax", maximum_over_masked).message
    assert "  scores       [1000, 0, 1]\n  mask         [False, True, True]\n" in message
    assert "  your answer  [0, 0, 0]\n  expected     [0, 0.269, 0.731]\n" in message


def extreme_rows():
    """Rows of scores up to ±2000 with -inf among them, and masks that often hide everything."""
    rng = np.random.default_rng(7)
    for _ in range(300):
        shape = (3, 4) if rng.random() < 0.5 else (4,)
        scores = rng.choice([-np.inf, -2000.0, -3.0, 0.0, 1.0, 700.0, 2000.0], shape)
        yield scores, rng.random(shape) < rng.choice([0.0, 0.3, 0.8, 1.0])


@pytest.mark.parametrize("code", BANK["masked_softmax"].solutions)
def test_the_solutions_for_masked_softmax_hold_for_extreme_scores(code):
    answer = written(code)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scores, mask in extreme_rows():
            expected = reference.softmax(reference.mask_scores(scores, mask))
            np.testing.assert_allclose(answer(scores, mask), expected, atol=1e-12)
            assert not np.asarray(answer(scores, mask))[~mask].any()


def test_what_is_left_on_masked_words_is_told():
    message = check("masked_softmax", leaves_a_little).message
    assert message.startswith(
        "Your weights are not exactly 0 where the mask is False: 9e-7 is left there."
    )


def test_the_task_of_softmax_says_what_minus_infinity_is_worth():
    told = "a score of -∞ (-np.inf) gets the weight 0"
    assert told in check("softmax", ...).message
    assert "A" + told[1:] in hint("softmax", 2).text
    message = check("softmax", refuses_infinity).message
    assert message.startswith("Your weights are wrong only where a score is -inf")
    assert "  scores       [1, -inf, 0]" in message


def test_of_three_steps_the_output_is_judged():
    told = "Your function returned three arrays; the last one, as the output, was judged."
    assert told in check("attention", reference.attention).message
    assert told in check("attention", lambda *a: reference.attention(*a, scale=1)).message
    assert told not in check("attention", lambda *a: reference.attention(*a).output).message
    wrong = check("attention", lambda q, k, v: reference.attention(q, k, v)[1:])
    assert wrong.misconception is None
    assert "returned 2 arrays; wanted is the output alone, or scores, weights and" in wrong.message


def test_a_mask_of_numbers_is_shown_beside_true_and_false():
    message = check("causal_mask", np.tri).message
    assert message.startswith("Your entries are numbers instead of booleans")
    assert "  n_query      2\n  n_key        2\n" in message
    assert "  your answer  [[1, 0], [1, 1]]\n" in message
    assert "  expected     [[True, False], [True, True]]\n" in message
    message = check("causal_mask", lambda n, m: ~reference.causal_mask(n, m)).message
    assert "  your answer  [[False, True], [False, False]]\n" in message


def test_sizes_are_python_numbers():
    kinds = set()
    check("causal_mask", lambda n, m: kinds.update((type(n), type(m))))
    assert kinds == {int}


def test_the_first_exercise_leads_to_softmax():
    feedback = check("shares", lambda numbers: numbers / numbers.sum())
    assert feedback.message.endswith("that is what softmax does after exp.")
    assert (
        "They sum to 1.5; one whole is 1." in check("shares", lambda n: n / n.sum() + 0.25).message
    )


def test_a_message_has_three_parts():
    assert check("softmax", lambda s: reference.softmax(reference.softmax(s))).message == (
        "Your weights equal softmax applied twice: the second one takes the weights, which lie "
        "between 0 and 1, for scores, and makes them almost equal.\n"
        "\n"
        "The smallest input that shows it:\n"
        "\n"
        "  scores       [3, 1, 0]\n"
        "  your answer  [0.518, 0.25, 0.232]\n"
        "  expected     [0.844, 0.114, 0.042]\n"
        "\n"
        "Next: apply softmax once; look whether a function that you call applies it already."
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda s: stable(s) * 1.01, "They sum to 1.01; weights sum to 1"),
        (lambda s: stable(s) - 0.5, "Some are negative; weights never are"),
        (lambda s: s * np.nan, "Your weights contain nan"),
        (lambda s: [stable(s)] * 2, "expected is the shape (3,), that of the scores"),
        (lambda s: 1 / 0, "Your function raised ZeroDivisionError: division by zero — line"),
    ],
)
def test_an_unknown_error_is_described(answer, text):
    feedback = check("softmax", answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", None)
    assert text in feedback.message
    assert "\n  scores " in feedback.message
    assert "\n  expected " in feedback.message
    assert "\n\nNext: " in feedback.message


def test_two_numbers_that_differ_are_shown_with_enough_digits():
    message = check("softmax", lambda s: stable(s) * 1.0003).message
    assert "  your answer  [0.844, 0.114, 0.042]" not in message
    shown = re.findall(r"(?:your answer|expected) +(\[.*\])", message)
    assert len(set(shown)) == 2, message


def test_the_smallest_input_is_shown_on_which_an_answer_fails():
    message = check("softmax", lambda s: reference.softmax(s, axis=0)).message
    assert "The smallest input that shows it (two rows):" in message
    assert "(large scores)" in check("softmax", naive_with_math).message


def test_prints_are_shown_and_cut_off():
    def chatty(scores):
        print("looking at", scores)
        print("x" * 5000)
        return scores

    message = check("softmax", chatty).message
    assert "It printed:\n\n  looking at [3. 1. 0.]\n  xxxx" in message
    assert "…" in message
    assert len(message) < 1500
    assert "It printed" in check("softmax", lambda s: (print("hello"), stable(s))[1]).message


def test_what_the_student_gets_is_a_copy():
    exercise = BANK["softmax"]
    before = [array.copy() for case in exercise.cases for array in case.arguments]
    check("softmax", softmax_in_place)
    after = [array for case in exercise.cases for array in case.arguments]
    for was, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(was, now)


# ---------------------------------------------------------------------------------------------
# Nothing written yet
# ---------------------------------------------------------------------------------------------


def starter_with_docstring(scores):
    """Turn scores into weights."""
    ...  # your code


def starter_pass(scores):
    pass


def starter_return_ellipsis(scores):
    return ...


def starter_not_implemented(scores):
    raise NotImplementedError


def starter_not_implemented_with_text(scores):
    raise NotImplementedError("your code")


def starter_with_a_name(scores):
    weights = ...
    return weights


def starter_with_a_name_and_no_return(scores):
    weights = ...  # noqa: F841


@pytest.mark.parametrize(
    "answer",
    [
        starter_with_docstring,
        starter_pass,
        starter_return_ellipsis,
        starter_not_implemented,
        starter_not_implemented_with_text,
        starter_with_a_name,
        starter_with_a_name_and_no_return,
        lambda scores: ...,
        ...,
        None,
    ],
)
def test_a_starter_is_not_attempted(answer):
    feedback = check("softmax", answer)
    assert (feedback.status, feedback.misconception) == ("not attempted", None)
    assert 'hint("softmax")' in feedback.message


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_a_starter_of_every_exercise_is_not_attempted(exercise):
    parameters = ", ".join(BANK[exercise].parameters)
    starter = written(f"def my_function({parameters}):\n    ...  # your code")
    assert check(exercise, starter).status == "not attempted"


@pytest.mark.parametrize("answer", [lambda s: 0, lambda s: s, lambda s: "…"])
def test_something_small_is_an_attempt(answer):
    assert check("softmax", answer).status == "incorrect"


# ---------------------------------------------------------------------------------------------
# Hostile answers
# ---------------------------------------------------------------------------------------------


def endless(scores):
    while True:
        pass


def endless_and_deaf(scores):
    until = time.monotonic() + 3  # so that the test leaves nothing behind
    while time.monotonic() < until:
        try:
            while time.monotonic() < until:
                pass
        except BaseException:
            pass


def sleeping(scores):
    time.sleep(3)


def dozing(scores):
    time.sleep(0.3)
    return stable(scores)


def endless_later(scores):
    while scores.ndim == 2:
        pass
    return stable(scores)


def endless_prints(scores):
    while True:
        print("x" * 100)


def million_prints(scores):
    for number in range(10**6):
        print(number)


def endless_generator(scores):
    number = 0
    while True:
        yield number
        number += 1


def endless_list(scores):
    return list(endless_generator(scores))


def recursive(scores):
    return recursive(scores)


class ReadsForever:
    def __array__(self, dtype=None, copy=None):
        while True:
            pass


class ShowsForever:
    def __repr__(self):
        while True:
            pass


class Broken:
    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __call__(self, scores):
        return scores


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def raises(error):
    def answer(scores):
        raise error

    return answer


def removes_stdout(scores):
    sys.stdout = None
    return stable(scores) + 1


def shouts(scores):
    warnings.warn("this is loud", UserWarning, stacklevel=1)
    np.array([1.0]) / 0.0
    print("this is an error", file=sys.stderr)
    return np.array([1.0]) / np.array([0.0])


async def coroutine(scores):
    return scores


HOSTILE = {
    "endless": endless,
    "deaf": endless_and_deaf,
    "sleeping": sleeping,
    "dozing": dozing,
    "endless later": endless_later,
    "endless prints": endless_prints,
    "a million prints": million_prints,
    "generator": endless_generator,
    "endless list": endless_list,
    "recursion": recursive,
    "sys.exit": lambda s: sys.exit(),
    "sys.exit with text": lambda s: sys.exit("good bye"),
    "interrupt": raises(KeyboardInterrupt()),
    "generator exit": raises(GeneratorExit()),
    "stop iteration": raises(StopIteration()),
    "memory": raises(MemoryError()),
    "error without text": raises(SilentError()),
    "addresses": raises(ValueError(f"{object()} in /home/someone/course/data.csv")),
    "windows": raises(ValueError(r"C:\Users\someone\course\data.csv")),
    "syntax": raises(SyntaxError("bad", ("/home/someone/x.py", 1, 1, "x"))),
    "input": lambda s: input("a number, please"),
    "huge": lambda s: np.broadcast_to(1.0, (10**6, 10**6)),
    "huge range": lambda s: range(10**15),
    "huge list": lambda s: [[0] * 10**4] * 10**6,
    "object array": lambda s: np.array([object()] * 3),
    "ragged": lambda s: [[1], [2, 3]],
    "text": lambda s: "0.8, 0.1, 0.1",
    "texts": lambda s: ["a", "b", "c"],
    "dictionary": lambda s: {"a": 1},
    "set": lambda s: {1.0, 2.0, 3.0},
    "complex": lambda s: s + 1j,
    "function": lambda s: stable,
    "map": lambda s: map(math.exp, s),
    "object": lambda s: object(),
    "class": lambda s: int,
    "NaN": lambda s: s * np.nan,
    "nothing": lambda s: [],
    "reads forever": lambda s: ReadsForever(),
    "shows forever": ShowsForever(),
    "broken object": Broken(),
    "broken result": lambda s: Broken(),
    "no parameter": lambda: 1,
    "two parameters": lambda a, b: a,
    "by name only": lambda *, scores: scores,
    "coroutine": coroutine,
    "removes stdout": removes_stdout,
    "shouts": shouts,
    "reshapes its input": lambda s: s.resize((1, *s.shape), refcheck=False),
    "a class": dict,
    "a built-in": print,
    "a module": np,
    "a number": 3.0,
    "a result": np.array([0.8, 0.1, 0.1]),
    "an address": object(),
}


@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_becomes_feedback_within_two_seconds(name, capfd):
    streams = sys.stdout, sys.stderr, builtins.input
    began = time.perf_counter()
    feedback = check("softmax", HOSTILE[name])
    assert time.perf_counter() - began < 2.0
    assert feedback.status == "incorrect"
    assert feedback.misconception in (None, "no-return", "not-a-function", "parameter-unused")
    shown = str(feedback) + feedback._repr_mimebundle_()["text/html"]
    assert "Traceback" not in shown
    assert not re.search(r"0x[0-9a-f]+|/home|/work|/tmp|site-packages|Users", shown)
    assert len(feedback.message) < 2500
    wait_until(lambda: (sys.stdout, sys.stderr, builtins.input) == streams)
    assert capfd.readouterr() == ("", "")


def changes_everything(*given):
    for array in given:
        if isinstance(array, np.ndarray):
            array[...] = 0
    return given[0]


def a_million_prints(*given):
    for number in range(10**6):
        print(number)


def an_endless_loop(*given):
    while True:
        pass


HOSTILE_TO_ALL = {
    "endless": an_endless_loop,
    "exception": lambda *given: 1 / 0,
    "changed input": changes_everything,
    "wrong type": lambda *given: "a text",
    "a million prints": a_million_prints,
    "sys.exit": lambda *given: sys.exit(),
    "no function": {"a": 1},
}


@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE_TO_ALL)
@pytest.mark.parametrize("exercise", BANK)
def test_no_exercise_can_be_hung_or_broken(exercise, name, capfd):
    began = time.perf_counter()
    feedback = check(exercise, HOSTILE_TO_ALL[name])
    assert time.perf_counter() - began < 2.0
    assert feedback.status == "incorrect"
    shown = str(feedback) + feedback._repr_mimebundle_()["text/html"]
    assert not re.search(r"Traceback|0x[0-9a-f]{4}|/home|/work|/tmp|site-packages", shown)
    assert capfd.readouterr() == ("", "")


def wait_until(condition, seconds=5.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["endless", "endless later", "addresses", "recursion", "sys.exit"])
def test_hostile_answers_get_the_same_feedback_each_time(name):
    assert check("softmax", HOSTILE[name]) == check("softmax", HOSTILE[name])


def test_a_loop_that_ends_on_some_inputs_shows_the_one_on_which_it_does_not():
    message = check("softmax", endless_later).message
    assert "did not finish" in message
    assert "(two rows)" in message


def test_an_endless_loop_ends_when_its_time_is_up():
    check("softmax", endless)
    wait_until(lambda: not any(t.name == "student" for t in threading.enumerate()))


def test_prints_of_an_abandoned_thread_stay_out_of_the_notebook(capsys):
    def prints_later(scores):
        time.sleep(1.6)
        for _ in range(1000):
            print("too late")
        return scores

    check("softmax", prints_later)
    print("mine")
    wait_until(lambda: not any(t.name == "student" for t in threading.enumerate()))
    assert capsys.readouterr().out == "mine\n"


def test_the_state_of_the_notebook_is_left_alone():
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        before = warnings.filters[:]
        assert check("softmax", np.exp).misconception == "exp-without-dividing"
        assert warnings.filters == before
        assert np.geterr()["over"] == "raise"


def test_a_warning_is_no_error():
    def warns(scores):
        warnings.warn("take care", UserWarning, stacklevel=1)
        return stable(scores)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check("softmax", warns).status == "correct"


def test_input_is_refused_instead_of_waiting():
    message = check("softmax", lambda s: input("a number, please")).message
    assert "input() cannot be used here" in message


def test_the_number_of_parameters_is_named():
    message = check("masked_softmax", lambda scores: scores).message
    assert "called with 2 arguments, in this order: scores, mask. It takes scores." in message


def test_checking_works_from_another_thread():
    feedback = []
    thread = threading.Thread(target=lambda: feedback.append(check("softmax", stable)))
    thread.start()
    thread.join()
    assert feedback[0].status == "correct"


# ---------------------------------------------------------------------------------------------
# What is shown
# ---------------------------------------------------------------------------------------------


def test_feedback_is_frozen_and_its_three_fields_come_first():
    feedback = Feedback("correct", None, "Well.")
    assert [field.name for field in dataclasses.fields(feedback)] == [
        "status",
        "misconception",
        "message",
        "heading",
    ]
    with pytest.raises(dataclasses.FrozenInstanceError):
        feedback.status = "incorrect"


@pytest.mark.parametrize(
    ("status", "word", "symbol"),
    [
        ("correct", "Correct", "✓"),
        ("incorrect", "Incorrect", "✗"),
        ("not attempted", "Not attempted", "○"),
    ],
)
def test_a_box_says_its_status_in_words(status, word, symbol):
    bundle = Feedback(status, None, "One.\n\n  a  [1, 2]\n\nNext: two.")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert f"<strong>{word}</strong>" in bundle["text/html"]
    assert "var(--jp-layout-color1, #ffffff)" in bundle["text/html"]
    assert "var(--jp-content-font-color1, #212121)" in bundle["text/html"]
    assert "  a  [1, 2]</pre>" in bundle["text/html"]
    assert bundle["text/plain"].startswith(f"{symbol} {word}\n\nOne.")


def test_what_a_student_wrote_is_escaped():
    def raises_markup(scores):
        raise ValueError("<script>alert('ä')</script>")

    def prints_markup(scores):
        print("<img src=x onerror=alert(1)>\x1b[31m\x00\ud800")
        return scores

    for answer in (raises_markup, prints_markup, "<b>bold</b>"):
        feedback = check("softmax", answer)
        page = feedback._repr_mimebundle_()["text/html"]
        assert not re.search(r"<(script|img|b)\b", page)
        assert re.search(r"&lt;(script|img|b)\b", page)
        assert "\x1b" not in page
        feedback.message.encode("utf-8")  # it can be saved


def test_a_hint_is_folded():
    bundle = hint("softmax")._repr_mimebundle_()
    assert bundle["text/html"].startswith("<details")
    assert "Hint 1 of 3</summary>" in bundle["text/html"]
    assert bundle["text/plain"].startswith("Hint 1 of 3: ")
    assert hint("softmax", 3).text == BANK["softmax"].hints[2]


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_hint_that_does_not_exist_is_refused(number):
    with pytest.raises(ValueError, match=f"number: wants a whole number from 1 to 3; got {number}"):
        hint("softmax", number)


@pytest.mark.parametrize("number", [1.5, "1", None, True])
def test_a_hint_wants_a_whole_number(number):
    with pytest.raises(TypeError, match="number: wants a whole number; got"):
        hint("softmax", number)


def test_a_solution_is_folded():
    bundle = solution("dot_product_scores")._repr_mimebundle_()
    assert bundle["text/html"].startswith("<details")
    assert "<pre" in bundle["text/html"]
    assert "query @ key.T" in bundle["text/html"]
    assert "query @ key.T" in bundle["text/plain"]
    assert "&lt;" not in bundle["text/plain"]


@pytest.mark.parametrize("ask", [lambda e: check(e, stable), hint, solution])
@pytest.mark.parametrize("exercise", ["softmx", "SOFTMAX", "masked softmax"])
def test_an_unknown_exercise_is_refused_with_the_closest_match(ask, exercise):
    right = "masked_softmax" if "masked" in exercise else "softmax"
    with pytest.raises(ValueError, match=f"^exercise: wants one of .*did you mean '{right}'"):
        ask(exercise)


@pytest.mark.parametrize("exercise", ["", 3, None, [], "something else"])
def test_an_exercise_unlike_any_is_refused_with_the_list(exercise):
    with pytest.raises(ValueError, match=r"'dot_product_scores', .*'softmax', .*; got"):
        check(exercise, stable)


def test_the_names_are_reached_from_the_package():
    assert attention_edu.check is check
    assert attention_edu.hint is hint
    assert attention_edu.solution is solution
    assert attention_edu.Feedback is Feedback


# ---------------------------------------------------------------------------------------------
# Calling a student's function
# ---------------------------------------------------------------------------------------------


def test_a_call_reports_what_was_raised_and_in_which_line():
    answer = student.call(lambda: 1 / 0)
    assert answer.value is None
    assert answer.kind == "ZeroDivisionError"
    assert answer.error.startswith(
        "your function raised ZeroDivisionError: division by zero — line"
    )


def test_prints_are_captured_in_their_own_thread_only(capsys):
    inside, outside = threading.Event(), threading.Event()
    texts = []

    def talk():
        with student.captured_prints() as prints:
            print("inside")
            inside.set()
            outside.wait(5)
        texts.append(prints.text())

    thread = threading.Thread(target=talk)
    thread.start()
    inside.wait(5)
    print("outside")
    outside.set()
    thread.join()
    assert texts == ["inside\n"]
    assert capsys.readouterr().out == "outside\n"


def test_prints_can_be_captured_within_captured_prints():
    with student.captured_prints() as outer:
        print("a")
        with student.captured_prints() as inner:
            print("b")
        print("c")
    assert (outer.text(), inner.text()) == ("a\nc\n", "b\n")
    assert not isinstance(sys.stdout, student._Switch)


def test_what_is_ready_in_time_is_collected():
    def items():
        yield 1
        yield 2
        while True:
            pass

    collected = student.collect_within(0.1, items())
    assert collected.items == [1, 2]
    assert 0.05 < collected.late < 1.0


def test_an_iteration_that_fails_keeps_what_it_had():
    collected = student.collect_within(1.0, (1 / (2 - n) for n in range(5)))
    assert collected.items == [0.5, 1.0]
    assert collected.error == "raised ZeroDivisionError"
    assert collected.late is None


# ---------------------------------------------------------------------------------------------
# What NumPy's commonest errors mean
# ---------------------------------------------------------------------------------------------


def _keys_as_values(query, key, value):
    return stable(query @ value.T) @ key


def _numpy_without_its_name(scores):
    return exp(scores)  # noqa: F821


def _truth_of_an_array(scores):
    if scores > 0:
        return scores
    return None


def _two_conditions_with_and(scores, mask):
    return scores * (mask > 0 and scores > 0)


def _chain_of_comparisons(scores):
    return scores * (0 <= scores < 1)


def _conditions_without_brackets(scores):
    return scores * (scores >= 0 & scores < 1)


def _maximum_without_keepdims(scores):
    powers = np.exp(scores - scores.max(axis=-1))
    return powers / powers.sum(axis=-1, keepdims=True)


def _infinity_among_whole_numbers(scores, mask):
    scores = scores.copy()
    scores[~mask] = -np.inf
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def _list_taken_for_an_array(scores):
    return scores.tolist().sum()


@pytest.mark.parametrize(
    ("exercise", "function", "advice"),
    [
        ("attention", _keys_as_values, "Turn the second array over with .T"),
        ("softmax", _numpy_without_its_name, "in front of them: np.exp."),
        ("softmax", _truth_of_an_array, "a plain if, fail too"),
        (
            "masked_softmax",
            _two_conditions_with_and,
            "“and” is written & and “not” is written ~, with",
        ),
        ("softmax", _chain_of_comparisons, "Chains such as 0 <= a < b"),
        ("softmax", _conditions_without_brackets, "(a >= 0) & (a < b)"),
        ("softmax", lambda scores: scores - max(scores, scores.sum()), "array.max(axis=-1)"),
        ("softmax", _maximum_without_keepdims, "keepdims=True"),
        ("masked_softmax", _infinity_among_whole_numbers, "np.where(mask, scores, -np.inf)"),
        ("softmax", _list_taken_for_an_array, "np.array(...) makes one of it"),
    ],
)
def test_a_common_error_comes_with_what_to_do_about_it(exercise, function, advice):
    assert advice in str(check(exercise, function)).split("Next:")[1]


@pytest.mark.parametrize(
    ("exercise", "code", "advice"),
    [
        ("softmax", "return math.exp(x)", "such as np.exp"),
        (
            "softmax",
            "p = [math.exp(e) for e in x]\n    return p / np.sum(p)",
            "NumPy's functions, such as np.exp",
        ),
        ("softmax", "p = np.exp(x)\n    return p / p.sum", "brackets after its name"),
        ("softmax", "return math.e ^ x", "a power is written **"),
        ("softmax", "p = np.exp(x)\n    return q / p.sum()", "look how q is spelt"),
        ("softmax", "return np.softmax(x)", "no function of this name"),
        ("softmax", "return x / x.sum(dim=-1)", "axis and keepdims"),
        ("softmax", "return np.exp(x)(x)", "array.T stands without them"),
        ("softmax", "return np.zeros(len(x), 2)", "np.zeros((rows, columns))"),
        (
            "softmax",
            "return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)",
            "this input is a single row",
        ),
        ("softmax", "x = x.astype(int)\n    x /= x.sum()\n    return x", "to a new name"),
        ("softmax", "return x[len(x)]", "ends before the length"),
        ("softmax", "return x[0, 0]", "fewer axes than your indices"),
        ("softmax", "return x[x.mean()]", "an index is a whole number"),
        ("softmax", "return [0 for i in len(x)]", "wants range(n)"),
        ("softmax", "return x @ 2", "a number and an array want *"),
        ("softmax", "return x.tolist().append(1) / 2", "something is None here"),
        ("softmax", "if len(x) > 9:\n        y = x\n    return y", "a value before the loop"),
        ("softmax", "return [1, 2] / [3, 4]", "np.array(...) makes one of it"),
        ("softmax", "return x / ...", "a … is still there"),
        ("softmax", "return (e for e in x)", "np.array([… for …])"),
        ("softmax", "return np.where(x > 0, x)", "np.where wants three things"),
        ("softmax", "return [str(e) for e in x]", "without quotation marks"),
        ("softmax", "return np.average(x, axis=0, weights=[1.0, 2.0])", "multiply and add up"),
        ("softmax", "x = x.copy()\n    x[0] = x\n    return x", "a whole row where one number"),
    ],
)
def test_what_numpy_and_python_say_is_put_into_words(exercise, code, advice):
    feedback = check(exercise, written(f"def answer(x):\n    {code}", math=math))
    assert feedback.misconception is None, feedback.message
    assert advice in feedback.message.split("Next:")[1]


def defined(code):
    names = {"np": np}
    exec(code, names)
    return names


def test_a_helper_without_code_is_what_is_missing():
    steps = "def {0}(scores):\n    ...\ndef answer(scores):\n    return {0}(scores){1}"
    for rest in ("", " / 2", " @ np.ones(3)", ".sum()"):
        feedback = check("softmax", defined(steps.format("my_powers", rest))["answer"])
        assert feedback.status == "not attempted"
        assert "answer calls my_powers, which has no code yet" in feedback.message


def test_where_nothing_comes_back_the_missing_return_is_looked_for_in_the_right_place():
    own = check("softmax", defined("def answer(s):\n    np.exp(s)")["answer"])
    assert "Probably a return is missing" in own.message
    helper = "def powers(s):\n    np.exp(s)\ndef answer(s):\n    return powers(s)"
    other = check("softmax", defined(helper)["answer"])
    assert "what stands behind it is None itself" in other.message
    some = "def answer(s):\n    if s.ndim == 1:\n        return np.exp(s) / np.exp(s).sum()"
    third = check("softmax", defined(some)["answer"])
    assert "returns nothing (None) for some inputs" in third.message
    assert {f.misconception for f in (own, other, third)} == {"no-return"}


def test_a_parameter_that_is_never_used_is_named():
    code = "table = np.eye(3)\ndef answer(query, key):\n    return query @ table"
    feedback = check("dot_product_scores", defined(code)["answer"])
    assert feedback.misconception == "parameter-unused"
    assert "answer never uses its parameter key" in feedback.message


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (lambda right: right[0], "only-the-first"),
        (lambda right: right[-1:], "only-the-last"),
        (lambda right: right.T, "transposed"),
        (lambda right: right.ravel(), "flattened"),
        (lambda right: right.sum(axis=0), "rows-added-up"),
        (lambda right: right[None], "one-axis-too-many"),
    ],
)
def test_a_part_of_the_right_result_is_recognised_in_every_exercise(part, name):
    def answer(*given):
        return part(BANK["multi_head_attention"].reference(*given))

    assert check("multi_head_attention", answer).misconception == name


def weighted_sum(weights, values):
    return weights @ values


@pytest.mark.parametrize(
    ("first", "named"), [(weighted_sum, "'weighted_sum'"), (lambda x: x, "'softmax'")]
)
def test_swapped_arguments_are_recognised(first, named):
    with pytest.raises(ValueError, match="comes first, in quotes") as caught:
        check(first, "softmax")
    assert named in str(caught.value)


def test_a_plain_loop_that_overflows_is_not_told_of_keepdims():
    """A row at a time cannot lack keepdims; what overflows lacks the subtraction."""

    def loop(scores):
        if np.ndim(scores) == 2:
            return [loop(row) for row in scores]
        return [math.exp(s) / sum(math.exp(x) for x in scores) for s in scores]

    feedback = check("softmax", loop)
    assert feedback.misconception == "no-max-subtraction"


def test_a_decimal_comma_is_told():
    assert "written with a point: 0.5" in check("score_operations", (0, 737)).message
