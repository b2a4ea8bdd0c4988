"""A student's function is called with care, and what it did is told in plain words."""

import functools
import io
import sys

import pytest

from attention_edu.student import call, captured_prints, collect_within, name_of


def test_whatever_way_it_prints_it_is_collected_and_reaches_nobody_else(capsys):
    def prints(number):
        print("first", flush=True)
        sys.stdout.writelines(["second\n", "third\n"])
        print("to the side", file=sys.stderr)
        return sys.stdout.isatty()

    answer = call(prints, 1)

    assert answer.printed == "first\nsecond\nthird\nto the side\n"
    assert answer.value is False
    assert answer.error == ""
    assert capsys.readouterr() == ("", "")


def test_of_endless_prints_the_beginning_is_kept():
    answer = call(lambda: [print("x" * 999) for _ in range(100)])

    assert answer.printed.startswith("x" * 999 + "\n")
    assert len(answer.printed) == 2_001
    assert answer.printed.endswith("…")


def test_prints_inside_of_prints_go_to_the_inner_one():
    with captured_prints() as outer:
        print("before")
        answer = call(print, "inside")
        print("after")

    assert answer.printed == "inside\n"
    assert outer.text() == "before\nafter\n"


def test_outside_of_a_call_the_stream_is_the_one_that_was_there(capsys):
    before = sys.stdout
    call(print, "lost")
    assert sys.stdout is before
    print("seen")
    assert capsys.readouterr().out == "seen\n"


def test_a_stream_that_the_function_puts_in_its_place_does_not_stay():
    def steals():
        sys.stdout = io.StringIO()
        print("into the pocket")

    before = sys.stdout
    collected = collect_within(5, (call(steals) for _ in range(1)))

    assert sys.stdout is before
    assert [answer.error for answer in collected.items] == [""]


def test_asking_for_input_is_an_error_in_words_and_no_endless_wait():
    collected = collect_within(5, (call(lambda: input("your name? ")) for _ in range(1)))

    assert "input() cannot be used here" in collected.items[0].error


class Callable:
    def __call__(self, number):
        raise ValueError("no luck")


def decorated(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@decorated
def my_own(number):
    return number / 0


def add(number, other):
    return number + other.missing


@pytest.mark.parametrize(
    ("function", "name", "told"),
    [
        (lambda number: number / 0, "your function", "raised ZeroDivisionError"),
        (my_own, "my_own", "return number / 0"),
        (functools.partial(add, other=1), "add", "return number + other.missing"),
        (functools.partial(my_own), "my_own", "return number / 0"),
        (Callable(), "Callable", 'raise ValueError("no luck")'),
        (Callable().__call__, "__call__", "raised ValueError: no luck"),
    ],
    ids=["lambda", "decorated", "partial", "partial of decorated", "object", "method"],
)
def test_the_function_and_its_own_line_are_named_through_every_wrapping(function, name, told):
    assert name_of(function) == name
    error = call(function, 1).error
    assert error.startswith(f"{name} raised ")
    assert told in error
    assert "student.py" not in error


def test_wrappings_without_an_end_are_not_followed_for_ever():
    function = add
    for _ in range(50):
        function = decorated(function)
    assert "raised AttributeError" in call(function, 1, 2).error

    def ring(number):
        raise ValueError("round and round")

    ring.__wrapped__ = ring
    assert call(ring, 1).error.startswith("ring raised ValueError: round and round")


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("I will not tell")


def test_an_exception_that_cannot_be_printed_is_told_by_its_type():
    def fails():
        raise MuteError

    answer = call(fails)

    assert answer.kind == "MuteError"
    assert answer.error.startswith("fails raised MuteError — line ")


def test_what_differs_between_machines_is_left_out():
    def fails():
        raise FileNotFoundError(f"{object()} is not in /home/you/course/data.csv")

    told = call(fails).error
    assert "<object object> is not in data.csv" in told
    assert "0x" not in told


def test_an_iteration_that_fails_itself_is_told_with_what_was_ready():
    def items():
        yield 1
        yield 2
        raise OSError("the third is lost")

    collected = collect_within(5, items())

    assert (collected.items, collected.late) == ([1, 2], None)
    assert collected.error == "raised OSError"
