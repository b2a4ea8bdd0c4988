"""Numbers in rows: statistics of what was measured, Markdown that reads well as text, pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def median(numbers: Iterable[float]) -> float:
    """Return the number in the middle."""
    return percentile(numbers, 50)


def percentile(numbers: Iterable[float], percent: float) -> float:
    """Return the number below which `percent` of the others lie, interpolating between two."""
    ordered = sorted(numbers)
    if not ordered:
        raise ValueError("numbers: want at least one")
    place = (len(ordered) - 1) * percent / 100
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))


def fitted_exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Return p of the power law y = c · x^p that fits best on log–log axes."""
    if len(x) != len(y) or len(set(x)) < 2:
        raise ValueError(f"x and y: want two places at least; got {list(x)} and {list(y)}")
    logs = [(math.log(a), math.log(b)) for a, b in zip(x, y)]
    middle_x = sum(a for a, _ in logs) / len(logs)
    middle_y = sum(b for _, b in logs) / len(logs)
    rise = sum((a - middle_x) * (b - middle_y) for a, b in logs)
    return rise / sum((a - middle_x) ** 2 for a, _ in logs)


@dataclass(frozen=True)
class Table:
    """What a benchmark returns: a title, rows of cells, and remarks on how it was measured.

    `drawn` names the columns that the picture shows: as bars, a group for each row; or as lines
    over the first column, on logarithmic axes.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    remarks: Sequence[str] = ()
    kind: str = ""
    drawn: Sequence[str] = ()

    def __str__(self) -> str:
        """Return Markdown whose columns are aligned."""
        lines = [list(self.columns), *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        head, *body = ["| " + " | ".join(_padded(line, widths)) + " |" for line in lines]
        rules = [
            ":" + "-" * (width - 1) if i == 0 else "-" * (width - 1) + ":"
            for i, width in enumerate(widths)
        ]
        parts = [f"### {self.title}", "", head, "| " + " | ".join(rules) + " |", *body]
        if self.remarks:
            parts += ["", *(f"- {remark}" for remark in self.remarks)]
        return "\n".join(parts)

    def column(self, name: str) -> list[float]:
        """Return the numbers of a column."""
        place = list(self.columns).index(name)
        return [float(row[place]) for row in self.rows]


def _text(cell: str | int | float) -> str:
    if isinstance(cell, float):
        return f"{cell:,.1f}"
    return cell if isinstance(cell, str) else f"{cell:,}"


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths))
    ]


def draw(tables: Iterable[Table], path: Path) -> bool:
    """Draw all tables that say what to draw, one below the other, into a PNG file.

    Returns whether there was anything to draw.
    """
    from attention_edu.figures import Picture

    shown = [table for table in tables if table.drawn]
    if not shown:
        return False
    heights = [_height(table) for table in shown]
    words = "Benchmarks: " + "; ".join(table.title for table in shown) + "."
    picture = Picture(words, figsize=(9.0, sum(heights)))
    all_axes = picture.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, table in zip(all_axes, shown):
        axes.set_title(table.title, fontsize=12, loc="left", parse_math=False)
        axes.spines[["top", "right"]].set_visible(False)
        (_draw_lines if table.kind == "lines" else _draw_bars)(axes, table)
    path.write_bytes(picture.png())
    return True


def _height(table: Table) -> float:
    """Give the inches that a table's panel takes."""
    bars = 0.9 + 0.24 * len(table.rows) * (len(table.drawn) + 0.6)
    return 3.6 if table.kind == "lines" else bars


def _draw_bars(axes: Any, table: Table) -> None:
    from attention_edu.figures import COLOURS

    group = len(table.drawn) + 0.6
    names = [str(row[0]) for row in table.rows]
    for number, column in enumerate(table.drawn):
        places = [group * i + number for i in range(len(names))]
        lengths = table.column(column)
        drawn = axes.barh(places, lengths, 0.85, color=COLOURS[number], label=column)
        axes.bar_label(drawn, [_text(length) for length in lengths], padding=3, fontsize=9)
    middle = (len(table.drawn) - 1) / 2
    axes.set_yticks([group * i + middle for i in range(len(names))], names, parse_math=False)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    _legend(axes, table)


def _draw_lines(axes: Any, table: Table) -> None:
    from attention_edu.figures import COLOURS

    x = [float(row[0]) for row in table.rows]
    for number, column in enumerate(table.drawn):
        style = ("-", "--", "-.", ":")[number % 4]
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(x, table.column(column), style, marker="o", color=colour, label=column)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel(table.columns[0])
    axes.set_xticks(x, [f"{place:,.0f}" for place in x])
    _legend(axes, table)


def _legend(axes: Any, table: Table) -> None:
    if len(table.drawn) > 1:
        axes.legend(frameon=False, fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    else:
        axes.set_xlabel(table.drawn[0], parse_math=False)
