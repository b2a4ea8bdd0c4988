"""The benchmarks still run; how fast anything is depends on the machine and is not judged here."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import BROWSER_ARGUMENTS, chromium_path

from attention_edu import attention

from . import __main__ as command
from . import course, drag, import_time, numerics
from .tables import Table, draw, fitted_exponent, median, percentile

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.browser
@pytest.mark.slow
def test_the_drag_benchmark_fills_its_table(chromium: Browser) -> None:
    path = chromium_path() or chromium.browser_type.executable_path

    def launch(more: list[str]) -> Browser:
        return chromium.browser_type.launch(
            headless=True, executable_path=path, args=[*BROWSER_ARGUMENTS, *more]
        )

    (table,) = drag.run(launch, rounds=1, steps=4, moves=6)

    assert [row[0] for row in table.rows] == [subject.title for subject in drag.subjects()]
    for row in table.rows:
        for column, number in zip(table.columns[1:], row[1:]):
            assert isinstance(number, (int, float)), (row[0], column)
            assert math.isfinite(number), (row[0], column)
            assert number > 0, (row[0], column)


def test_every_move_of_a_drag_changes_the_score() -> None:
    scores = [round((8 * place - 4) / 0.1) for place in [0.5, *drag.places(drag.MOVES)]]

    assert len(scores) == drag.MOVES + 1
    assert all(now != before for before, now in pairwise(scores))
    assert scores[-1] == scores[0] == 0
    assert (min(scores), max(scores)) == (-40, 40)


@pytest.mark.slow
def test_the_import_benchmark_fills_its_table() -> None:
    (table,) = import_time.run(rounds=1)

    assert len(table.rows) == 9
    for name, *numbers in table.rows:
        assert all(isinstance(x, float) and math.isfinite(x) for x in numbers), name
        assert all(float(x) > 0 for x in numbers), name


@pytest.mark.slow
def test_the_numerics_benchmark_fills_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    tables = numerics.run(
        rounds=1, sizes=(64, 96), lengths=(32, 64), shapes=((6,), (8, 4)), plain=64, long=128
    )

    named, chosen, softmax, growth, memory = tables
    assert named.title.endswith("OPENBLAS_CORETYPE=Haswell")
    assert chosen.title.endswith("kernels as OpenBLAS chooses")
    for table in (named, chosen):
        names = [row[0] for row in table.rows]
        assert names[:2] == ["limit: products and exp", "textbook NumPy"]
        assert {numerics.ATTENTION, numerics.CHUNKED, numerics.CAUSAL} < set(names)
        assert sum("is wanted: " in remark for remark in table.remarks) == 6
    assert len(softmax.rows) == len(growth.rows) == 2
    assert len(memory.rows) == 3
    for table in tables:
        for name, *numbers in table.rows:
            assert all(math.isfinite(float(x)) for x in numbers), name
    for table in (named, chosen, softmax, growth):  # a ratio may be rounded to 0
        assert all(float(x) >= 0 for row in table.rows for x in row[1:]), table.title


def test_the_textbook_of_the_benchmark_is_attention() -> None:
    arrays = numerics.inputs(40)
    apart = numerics.textbook(*arrays) - attention(*arrays).output
    assert abs(apart).max() < 1e-5


def test_every_way_through_a_matrix_in_blocks_meets_all_of_it() -> None:
    n = 1024
    met: list[tuple[slice, slice]] = []
    for name, call in numerics.blockings(n, lambda i, j, out: met.append((i, j)), None).items():
        met.clear()
        call()
        cells = sum(len(range(*i.indices(n))) * len(range(*j.indices(n))) for i, j in met)
        assert cells == n * n, name
        assert len({(i.start, j.start) for i, j in met}) == len(met), name


@pytest.mark.slow
def test_the_course_benchmark_checks_a_notebook_by_its_name() -> None:
    (table,) = course.run(names=["03_weights"])

    assert [row[0] for row in table.rows] == ["03_weights", "all 1"]
    assert float(table.rows[0][1]) == float(table.rows[1][1]) > 0
    assert "passed" in str(table.rows[0][3])
    assert "03_weights does not pass." not in table.remarks


def test_the_command_writes_its_tables_and_draws_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = Table("Bars", ("what", "ms"), [("a", 1.5), ("b", 3)], kind="bars", drawn=("ms",))
    plain = Table("Words", ("what", "how"), [("a", "well")])
    tables = {"one": [bars], "two": [plain]}
    known = {name: (lambda options, name=name: tables[name]) for name in tables}
    monkeypatch.setattr(command, "BENCHMARKS", known)

    command.main(["--output", str(tmp_path / "results.md")])

    written = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert written == f"{bars}\n\n{plain}\n"
    assert capsys.readouterr().out == f"{bars}\n\n{plain}\n\n"
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")

    command.main(["two", "--output", str(tmp_path / "words.md")])
    assert not (tmp_path / "words.png").exists(), "there is nothing to draw"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "no benchmark is called 'nothing'; there are numerics, import_time, drag"),
        (["--rounds", "0"], "wants at least 1; got 0"),
        (["--output", "results.png"], "--output: wants a file for text"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert told in capsys.readouterr().err


def test_lines_and_bars_are_drawn_with_their_numbers(tmp_path: Path) -> None:
    lines = Table(
        "Lines",
        ("n", "ms", "MB"),
        [(512, 1.0, 3.0), (1024, 4.0, 6.0)],
        kind="lines",
        drawn=("ms", "MB"),
    )
    bars = Table(
        "Bars", ("what", "a", "b"), [("x", 1.0, 2), ("y", 3.0, 4)], kind="bars", drawn=("a", "b")
    )
    one, both = tmp_path / "one.png", tmp_path / "both.png"
    assert draw([lines], one)
    assert draw([lines, bars], both)
    first = one.read_bytes()
    assert draw([lines], one)
    assert one.read_bytes() == first != both.read_bytes()


def test_the_fitted_exponent_is_that_of_the_power() -> None:
    x = [512.0, 1024.0, 2048.0]
    assert fitted_exponent(x, [7 * n**2 for n in x]) == pytest.approx(2)
    assert fitted_exponent(x, [3.0, 3.0, 3.0]) == 0
    with pytest.raises(ValueError, match="two places"):
        fitted_exponent([1.0], [2.0])


def test_a_table_is_markdown_in_columns() -> None:
    table = Table("Times", ("what", "median"), [("a", 1.25), ("longer", 12)], ("So it is.",))

    assert str(table).splitlines() == [
        "### Times",
        "",
        "| what   | median |",
        "| :----- | -----: |",
        "| a      |    1.2 |",
        "| longer |     12 |",
        "",
        "- So it is.",
    ]


def test_percentiles_interpolate_and_know_no_empty_list() -> None:
    assert median([3, 1, 2]) == 2
    assert percentile([0, 10], 95) == 9.5
    with pytest.raises(ValueError, match="at least one"):
        median([])
