"""Numbers, choices, targets and sentences: right ones pass, wrong ones are named."""

import re
from dataclasses import replace

import numpy as np
import pytest

from attention_edu.exercises import bank, check
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    NumberExercise,
    SentenceExercise,
    TargetExercise,
)

BANK = bank()


def of(kind):
    return [exercise for exercise in BANK.values() if isinstance(exercise, kind)]


def name_of(value):
    return getattr(value, "id", None)


def answer_of(code, **names):
    """Run the code of a solution, and return what it calls `answer`."""
    exec(code, {"np": np}, names)
    return names.get("answer", names.get("explorer"))


def test_every_kind_is_there_and_the_course_has_many():
    kinds = [of(kind) for kind in (NumberExercise, ChoiceExercise, TargetExercise)]
    assert all(len(found) >= 3 for found in kinds)
    assert len(of(SentenceExercise)) >= 5


QUICK = [e for e in BANK.values() if isinstance(e, NumberExercise | ChoiceExercise)]


@pytest.mark.parametrize("exercise", QUICK, ids=name_of)
def test_every_way_to_write_the_right_answer_passes(exercise):
    for code in exercise.solutions:
        feedback = check(exercise.id, answer_of(code))
        assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message
        assert feedback.message.endswith(f"Next: {exercise.next_step}")


@pytest.mark.parametrize("exercise", QUICK, ids=name_of)
def test_every_wrong_answer_with_a_name_is_named(exercise):
    assert exercise.wrong
    ids = [wrong.id for wrong in exercise.wrong]
    assert len(set(ids)) == len(ids)
    for wrong in exercise.wrong:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", wrong.id)
        assert wrong.answers
        for answer in wrong.answers:
            feedback = check(exercise.id, answer)
            assert (feedback.status, feedback.misconception) == ("incorrect", wrong.id)
            assert feedback.message.startswith(wrong.text)
            assert feedback.message.endswith(f"Next: {wrong.next_step}")


@pytest.mark.parametrize("exercise", of(NumberExercise), ids=name_of)
def test_a_number_may_come_in_any_form(exercise):
    right = exercise.expected
    forms = [right, right.tolist(), right.astype(np.float32), right + exercise.atol / 2]
    if right.size > 1:
        forms.append(tuple(right))
    else:
        forms += [np.array([float(right)]), right[()]]
    for form in forms:
        assert check(exercise.id, form).status == "correct"


@pytest.mark.parametrize("exercise", of(NumberExercise), ids=name_of)
def test_a_number_that_is_off_is_wrong_without_being_told(exercise):
    off = 3 * exercise.atol + 4 * (exercise.rtol + 1e-9) * np.abs(exercise.expected) + 1e-6
    for wrong in (exercise.expected + off, exercise.expected - off):
        feedback = check(exercise.id, wrong)
        assert feedback.status == "incorrect"
    feedback = check(exercise.id, exercise.expected + 1e5 + 7)
    assert feedback.misconception is None
    assert "too large" in feedback.message or "numbers are right" in feedback.message
    assert str(exercise.expected) not in feedback.message


@pytest.mark.parametrize("exercise", of(NumberExercise), ids=name_of)
def test_what_is_no_number_is_told(exercise):
    assert check(exercise.id, "0.5").misconception == "text-instead-of-a-number"
    assert check(exercise.id, len).misconception == "function-instead-of-a-number"
    for other in (True, {"a": 1}, object(), 1 + 1j, np.nan, [[1], [2, 3]], np.zeros(10**6)):
        feedback = check(exercise.id, other)
        assert (feedback.status, feedback.misconception) == ("incorrect", None)


def test_percent_is_recognised():
    for exercise in of(NumberExercise):
        if (exercise.expected < 1).all() and (exercise.expected > 0.02).all():
            assert check(exercise.id, 100 * exercise.expected).misconception == "percent"
            return
    pytest.fail("no exercise asks for a share")


@pytest.mark.parametrize("exercise", of(ChoiceExercise), ids=name_of)
def test_every_option_is_either_right_or_has_a_name(exercise):
    named = [option for wrong in exercise.wrong for option in wrong.answers]
    assert sorted([*named, exercise.right]) == sorted(exercise.options)
    assert check(exercise.id, f"  {exercise.right.upper()}. ").status == "correct"
    feedback = check(exercise.id, "something else")
    assert (feedback.status, feedback.misconception) == ("incorrect", None)
    assert all(f'"{option}"' in feedback.message for option in exercise.options)
    assert check(exercise.id, 3).status == "incorrect"
    assert check(exercise.id, "x" * 10**6).status == "incorrect"


@pytest.mark.parametrize("exercise", of(TargetExercise), ids=name_of)
def test_a_picture_that_nobody_moved_is_not_attempted(exercise):
    explorer = exercise.make()
    assert type(explorer).__name__ == exercise.widget
    for name, value in exercise.start.items():
        np.testing.assert_array_equal(getattr(explorer, name), value)
    feedback = check(exercise.id, explorer)
    assert feedback.status == "not attempted"
    assert exercise.title in feedback.message


@pytest.mark.parametrize("exercise", of(TargetExercise), ids=name_of)
def test_every_way_to_the_target_reaches_it(exercise):
    for code in exercise.solutions:
        explorer = answer_of(code, explorer=exercise.make())
        feedback = check(exercise.id, explorer)
        assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message


@pytest.mark.parametrize("exercise", of(TargetExercise), ids=name_of)
def test_every_goal_that_is_missed_is_named(exercise):
    for goal in exercise.goals:
        explorer = exercise.make()
        goal.miss(explorer)
        feedback = check(exercise.id, explorer)
        assert (feedback.status, feedback.misconception) == ("incorrect", goal.id)
        if goal is exercise.goals[-1]:
            assert re.search(r"\d", feedback.message), "it says how far it is"
        assert feedback.message.endswith(f"Next: {goal.next_step}")


@pytest.mark.parametrize("exercise", of(TargetExercise), ids=name_of)
def test_only_the_right_widget_is_taken(exercise):
    class ScoreExplorer:
        scores = np.zeros(6)

    for other in (ScoreExplorer(), "explorer", exercise.make, np.zeros(3), 3.0):
        feedback = check(exercise.id, other)
        assert (feedback.status, feedback.misconception) == ("incorrect", None)
        assert exercise.widget in feedback.message


@pytest.mark.parametrize("exercise", of(SentenceExercise), ids=name_of)
def test_a_sentence_is_judged_by_the_student(exercise):
    for sentence in exercise.solutions:
        compare = check(exercise.id, sentence)
        assert compare.status == "not attempted"
        assert str(compare).startswith("○ Compare")
        assert all(point in compare.message for point in exercise.points)
        all_points = len(exercise.points)
        assert check(exercise.id, sentence, points=all_points).status == "correct"
        fewer = check(exercise.id, sentence, points=all_points - 1)
        assert (fewer.status, fewer.misconception) == ("incorrect", "points-missing")
        assert str(fewer).startswith("✗ Not yet")
        assert f"{all_points - 1} of these {all_points} points" in fewer.message
        for odd in (-1, all_points + 1, True, "2", 1.5):
            assert check(exercise.id, sentence, points=odd).status == "incorrect"


@pytest.mark.parametrize("exercise", of(SentenceExercise), ids=name_of)
def test_the_line_to_go_on_with_can_be_pasted_and_judges_nothing_yet(exercise):
    sentence = exercise.solutions[0]
    compare = check(exercise.id, sentence)
    line = compare.message.splitlines()[-1].strip()
    assert eval(line, {"check": check, "my_sentence": sentence}) == compare
    assert line.endswith("points=...)")


@pytest.mark.parametrize(("words", "told"), [("No", "One word is"), ("I know why", "3 words are")])
def test_a_sentence_that_is_too_short_is_told_so(words, told):
    for exercise in of(SentenceExercise):
        feedback = check(exercise.id, words)
        assert (feedback.status, feedback.misconception) == ("incorrect", "too-short")
        assert feedback.message.startswith(f"{told} too few for an explanation.")


@pytest.mark.parametrize("exercise", of(SentenceExercise), ids=name_of)
def test_a_model_answer_is_not_shown_before_a_sentence_is_there(exercise):
    model = exercise.solutions[0]
    for early in (..., None, "", "…", "I know", 3, ["a", "list", "of", "words"]):
        for points in (None, len(exercise.points)):
            feedback = check(exercise.id, early, points=points)
            assert feedback.status != "correct"
            assert model not in feedback.message


@pytest.mark.parametrize("kind", [NumberExercise, ChoiceExercise, TargetExercise, SentenceExercise])
def test_a_gap_is_not_attempted(kind):
    for exercise in of(kind):
        for gap in (..., None):
            feedback = check(exercise.id, gap)
            assert (feedback.status, feedback.misconception) == ("not attempted", None)
            assert f'hint("{exercise.id}")' in feedback.message


def test_points_are_for_sentences():
    with pytest.raises(ValueError, match=r"^points: is for sentences; 'softmax'"):
        check("softmax", np.exp, points=2)


def test_of_several_numbers_the_right_ones_are_counted():
    three = replace(of(NumberExercise)[0], reference=lambda: [0.25, 0.5, 0.25], wrong=())

    assert three.judge([0.25, 0.5, 0.25]).status == "correct"
    assert "2 of 3 numbers are right." in three.judge([0.25, 0.4, 0.25]).message
    assert "a list of 3 numbers" in three.judge(0.25).message
    assert "Your answer contains" in three.judge([0.25, np.nan, 0.25]).message


class Unwilling:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("I am no array")


def test_what_cannot_become_a_number_is_told_by_its_error_and_not_judged():
    for exercise in of(NumberExercise):
        feedback = check(exercise.id, Unwilling())
        assert (feedback.status, feedback.misconception) == ("incorrect", None)
        assert "cannot be turned into numbers (RuntimeError)" in feedback.message
        assert "I am no array" not in feedback.message


@pytest.mark.parametrize("gap", ["", "...", "…", "  ", " ... "])
def test_a_gap_in_quotation_marks_is_no_choice_yet(gap):
    for exercise in of(ChoiceExercise):
        assert check(exercise.id, gap).status == "not attempted"


@pytest.mark.parametrize(
    ("weigh", "said"),
    [
        (lambda x, points, bandwidth: np.where(points > x * bandwidth, 2.0, -1.0), "are negative"),
        (lambda x, points, bandwidth: 0 * points * x * bandwidth + 0.7, "weights sum to 1"),
        (lambda x, points, bandwidth: 1 + 0 * points.sum() * x * bandwidth, "shape"),
    ],
    ids=["negative", "no whole", "no row"],
)
def test_wrong_weights_without_a_name_are_told_what_is_striking_about_them(weigh, said):
    feedback = check("kernel_weights", weigh)
    assert (feedback.status, feedback.misconception) == ("incorrect", None)
    assert said in feedback.message
