"""The benchmarks still run; how fast anything is depends on the machine and is not judged here."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from conftest import BROWSER_ARGUMENTS, chromium_path

from . import drag, import_time
from .tables import Table, median, percentile

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
