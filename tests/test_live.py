"""A live question: what is typed or dragged is answered, and nothing is ever a traceback."""

import numpy as np
import pytest

from attention_edu import Live, Reply


def spell(text):
    """Answer with the letters; empty text has no answer."""
    if not text:
        raise ValueError("Type something.")
    if text == "break":
        raise RuntimeError("no such word")
    if text == "bad picture":
        return Reply("?", {"weights": [[-1.0]]})
    if text == "silent":
        return Reply("nothing to see")
    return Reply(text.upper(), {"weights": np.full((1, len(text)), 1 / len(text)), "keys": [*text]})


def place(at):
    return Reply(f"at {at}", {"weights": np.eye(4)[[at[0]]]})


@pytest.fixture
def live():
    return Live(spell, "cat", label="A word", examples=["dog"])


def ask(live, text):
    """Ask as the page does."""
    line = live._line
    line.set_state({"input": text, "_request": line._request + 1})
    return live.says


def test_the_first_question_is_answered_at_once(live):
    assert live.says == "CAT"
    assert live.map.key_names == ["c", "a", "t"]
    assert "CAT" in live.describe()
    assert live.figure().description == live.map.describe()


def test_a_new_question_gets_a_new_answer_and_picture_in_the_same_map(live):
    shown = live.map
    assert ask(live, "horse") == "HORSE"
    assert live.map is shown
    assert shown.key_names == [*"horse"]
    assert live._line._answer == {"request": 1, "says": "HORSE"}
    live.input = "ox"
    assert (live.says, shown.shape) == ("OX", (1, 2))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Type something."),
        ("break", "This could not be answered: RuntimeError: no such word"),
        ("bad picture", "This could not be answered: ValueError: weights: want finite numbers"),
        ("silent", "nothing to see"),
    ],
)
def test_without_an_answer_there_is_a_sentence_and_no_picture(live, text, told):
    assert ask(live, text).startswith(told)
    assert live.map.layout.display == "none"
    assert ask(live, "cow") == "COW"
    assert live.map.layout.display is None


def test_what_a_page_sends_is_not_trusted():
    live = Live(place, (1, 0), label="Place", size=(4, 2))
    line = live._line
    for odd in ("text", [9, 9], [1], None, [0.5, 1], [-1, 0]):
        line.set_state({"input": odd, "_request": line._request + 1})
        assert "input: wants" in live.says
    line.set_state({"input": [2, 1], "_request": line._request + 1})
    assert live.says == "at (2, 1)"
    assert live.input == (2, 1)


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"answer": 3}, TypeError, "answer: wants a function"),
        ({"label": ""}, TypeError, "label: wants a text"),
        ({"first": 3}, TypeError, "input: wants a text"),
        ({"first": ""}, ValueError, "first: wants a question that has a picture"),
        ({"examples": "dog"}, TypeError, "examples: want a list of strings"),
        ({"examples": ["a"] * 13}, ValueError, "examples: want at most 12; got 13"),
        ({"size": 3}, TypeError, "size: wants a pair"),
        ({"size": (0, 3)}, ValueError, "size: wants a whole number of at least 1"),
        ({"size": (300, 3)}, ValueError, "size: wants at most 256"),
        ({"rows": 0}, ValueError, "rows: wants a whole number of at least 1"),
        ({"language": "xx"}, ValueError, "language: wants one of"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(wrong, error, told):
    given = {"answer": spell, "first": "cat", "label": "A word", **wrong}
    with pytest.raises(error, match=told):
        Live(given.pop("answer"), given.pop("first"), **given)


def test_a_place_outside_the_field_is_refused():
    live = Live(place, (1, 0), label="Place", size=(4, 2))
    with pytest.raises(ValueError, match="input: wants a place on 4 × 2; got column 4, row 0"):
        live.input = (4, 0)
    assert live.input == (1, 0)


def test_the_bundle_has_a_picture_and_words(live):
    data, about = live._repr_mimebundle_()
    assert data["image/png"]
    assert data["text/plain"].startswith("A word: cat. CAT Attention map with")
    assert about["image/png"]["alt"]
