"""Numbers in rows: statistics of what was measured, and Markdown that reads well as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True)
class Table:
    """What a benchmark returns: a title, rows of cells, and remarks on how it was measured."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    remarks: Sequence[str] = ()

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


def _text(cell: str | int | float) -> str:
    return f"{cell:,.1f}" if isinstance(cell, float) else str(cell)


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths))
    ]
