"""What is solved is kept beside the notebooks, nowhere else, and survives whatever happens."""

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from attention_edu import check, progress
from attention_edu.record import FILE, SWITCH, note_solved


def right(numbers):
    return numbers / numbers.sum()


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder that is the course's, and the current one."""
    (tmp_path / "00_start_here.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SWITCH, raising=False)
    return tmp_path


def test_a_solved_exercise_is_kept_and_shown(course):
    assert "shares" in progress().open
    check("shares", right)
    now = progress()
    assert now.solved == ("shares",)
    assert "shares" not in now.open
    assert str(now).startswith(f"1 of {1 + len(now.open)} exercises are solved.")
    assert "✓ shares" in str(now)
    page = now._repr_mimebundle_()["text/html"]
    assert "✓&nbsp;shares" in page
    assert 'scope="row"' in page
    assert set(os.listdir(course)) == {"00_start_here.ipynb", FILE}


def test_wrong_and_missing_answers_are_not_kept(course):
    check("shares", lambda numbers: numbers)
    check("shares", ...)
    assert progress().solved == ()
    assert not (course / FILE).exists()


def test_solving_it_again_adds_nothing_and_a_later_mistake_takes_nothing_away(course):
    for answer in (right, right, lambda numbers: numbers):
        check("shares", answer)
    assert len((course / FILE).read_text().splitlines()) == 1
    assert progress().solved == ("shares",)


def test_nothing_is_written_outside_the_course(tmp_path, monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.chdir(tmp_path)
    assert check("shares", right).status == "correct"
    assert os.listdir(tmp_path) == []
    assert progress().solved == ()


def test_a_link_that_leads_outside_is_not_followed(course, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.write_text("")
    try:
        (course / FILE).symlink_to(outside)
    except OSError:
        pytest.skip("no links can be made here")
    feedback = check("shares", right)
    assert feedback.status == "correct"
    assert "it is a link" in feedback.message
    assert outside.read_text() == ""


def test_the_switch_keeps_it_off(course, monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    check("shares", right)
    assert not (course / FILE).exists()


@pytest.mark.parametrize(
    "damage",
    [b'{"solved": "soft', b"\x00\xff\xfe", b"[1, 2]\n", b'{"solved": 3}\n', b"\n\n", b"null"],
)
def test_a_damaged_line_costs_nothing_but_itself(course, damage):
    check("shares", right)
    with (course / FILE).open("ab") as file:
        file.write(damage)
    note_solved("softmax")
    assert set(progress().solved) == {"shares", "softmax"}
    note_solved("weighted_sum")
    assert set(progress().solved) == {"shares", "softmax", "weighted_sum"}


def test_every_place_at_which_a_write_may_be_cut_off_keeps_what_was_before(course):
    note_solved("shares")
    whole = (course / FILE).read_bytes()
    note_solved("softmax")
    both = (course / FILE).read_bytes()
    for end in range(len(whole), len(both)):
        (course / FILE).write_bytes(both[:end])
        assert "shares" in progress().solved
        note_solved("attention")
        assert {"shares", "attention"} <= set(progress().solved)


def test_an_unknown_exercise_in_the_file_does_no_harm(course):
    (course / FILE).write_text(json.dumps({"solved": "<script>"}) + "\n")
    assert progress().solved == ()
    assert "script" not in progress()._repr_mimebundle_()["text/html"]


def test_a_read_only_folder_is_told_and_does_no_harm(course, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    feedback = check("shares", right)
    assert feedback.status == "correct"
    assert feedback.message.endswith(f"could not be kept in {FILE}: permission denied.")


def test_a_full_disk_is_told_and_the_next_line_is_whole(course, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:9]))
    assert "the disk is full" in check("shares", right).message
    monkeypatch.setattr(os, "write", write)
    assert progress().solved == ()
    check("shares", right)
    assert progress().solved == ("shares",)


@pytest.mark.parametrize("name", ["ENOSPC", "EROFS", "EIO", "EDQUOT"])
def test_a_disk_that_refuses_is_told_in_its_own_words(course, monkeypatch, name):
    number = getattr(errno, name, errno.EIO)

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refuse)
    feedback = check("shares", right)
    assert feedback.status == "correct"
    assert feedback.message.endswith(f"kept in {FILE}: {os.strerror(number).lower()}.")
    assert progress().solved == ()


def test_a_folder_that_may_not_be_looked_into_does_no_harm(course, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    assert check("shares", right).status == "correct"
    assert progress().solved == ()


def test_a_file_that_cannot_be_read_is_told(course):
    (course / FILE).mkdir()
    assert "cannot be read" in progress().trouble
    assert "cannot be read" in str(progress())
    assert "could not be kept" in check("shares", right).message


def test_two_kernels_can_write_at_once(course):
    names = [[f"{who}-{i}" for i in range(40)] for who in "abc"]
    threads = [
        threading.Thread(target=lambda own=own: [note_solved(name) for name in own])
        for own in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line)["solved"] for line in (course / FILE).read_text().splitlines()]
    assert sorted(lines) == sorted(name for own in names for name in own)


def test_a_process_that_is_killed_leaves_what_it_wrote(course):
    code = (
        "from attention_edu.record import note_solved\n"
        "import os, signal\n"
        "note_solved('softmax'); os._exit(9)"
    )
    environment = {k: v for k, v in os.environ.items() if k != SWITCH}
    subprocess.run([sys.executable, "-c", code], cwd=course, env=environment, check=False)
    assert progress().solved == ("softmax",)


def test_the_table_has_every_exercise_under_its_notebook():
    from attention_edu.exercises import bank

    now = progress()
    assert list(now.notebooks) == sorted(now.notebooks)
    listed = {name: number for number, ids in now.notebooks.items() for name in ids}
    assert listed == {e.id: e.notebook for e in bank().values()}
    assert np.array_equal(sorted(now.open + now.solved), sorted(listed))
