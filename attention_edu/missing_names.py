"""An extension of the kernel: a name that nothing has made yet is told with the cell that makes it.

Whoever opens a notebook in the middle, or restarts its kernel there, meets a `NameError` at the
next cell that is run. Python says that the name is not defined; this adds what to run first. The
notebook is looked at where it was saved, and nothing is said where no cell of it makes the name, as
with a slip of the pen.

IPython loads it when a kernel starts, since the package brings ``kernel_extension.json`` to the
place of such settings. Other notebooks than those that use this package are left alone.
"""

from __future__ import annotations

import json
import os
import symtable
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

__all__ = ["Cell", "cells_of", "load_ipython_extension", "what_to_run_first"]

# The server sets this to the notebook's path, in the environment of the notebook's kernel.
NOTEBOOK = "JPY_SESSION_NAME"
PACKAGE = "attention_edu"
_MOST_LETTERS = 60


class Cell(NamedTuple):
    """A cell with code, as the notebook was saved."""

    id: str
    source: str


def load_ipython_extension(shell: Any) -> None:
    """Be asked whenever a cell ends with a `NameError`, unless somebody else is asked already."""
    if not shell.custom_exceptions:
        shell.set_custom_exc((NameError,), _show)


def _show(
    shell: Any,
    kind: type[NameError],
    error: NameError,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Show the error as ever, with a line below it where something is known."""
    # A local name, or a name inside a library: no cell can help there.
    if kind is NameError and _globals_of(trace) is shell.user_ns:
        cells = cells_of(os.environ.get(NOTEBOOK, ""))
        told = what_to_run_first(error.name or "", cells, _cell_of(shell))
        if told:
            error.add_note(told)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _globals_of(trace: TracebackType | None) -> dict[str, Any] | None:
    """Return the names that were in reach where the error was raised."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame.f_globals


def _cell_of(shell: Any) -> str:
    """Return the id of the cell that is run, as the page has told it; empty if it has not."""
    try:
        return str(shell.get_parent()["metadata"]["cellId"])
    except (AttributeError, KeyError, TypeError):
        return ""


def cells_of(path: str) -> list[Cell]:
    """Read the code of a notebook.

    Parameters
    ----------
    path : str
        Where the notebook was saved.

    Returns
    -------
    list of Cell
        Empty for whatever is no notebook that uses this package.

    Examples
    --------
    >>> cells_of("")
    []
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        if PACKAGE not in text:
            return []
        return [
            Cell(str(cell.get("id", "")), "".join(cell["source"]))
            for cell in json.loads(text)["cells"]
            if cell["cell_type"] == "code"
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def what_to_run_first(name: str, cells: Sequence[Cell], here: str = "") -> str:
    """Say which cell makes a name.

    Parameters
    ----------
    name : str
        The name that is not defined.
    cells : sequence of Cell
        The code of the notebook, from top to bottom.
    here : str, optional
        The id of the cell that wanted the name.

    Returns
    -------
    str
        What to run first, in words; empty where no other cell makes it.

    Examples
    --------
    >>> cells = [Cell("a", "import numpy as np"), Cell("b", "np.pi")]
    >>> print(what_to_run_first("np", cells, "b"))
    What to run first: the cell that begins with “import numpy as np”, for it makes np. The menu \
Run → Run All Above Selected Cell runs it, with all the others above.
    """
    before = True
    for cell in cells:
        before = before and cell.id != here
        if cell.id == here or name not in _made_by(cell.source):
            continue
        first = cell.source.strip().partition("\n")[0]
        begins = first if len(first) <= _MOST_LETTERS else f"{first[: _MOST_LETTERS - 1]}…"
        told = f"the cell that begins with “{begins}”, for it makes {name}."
        if not before:
            return f"What to run first, further down: {told}"
        return (
            f"What to run first: {told} The menu Run → Run All Above Selected Cell runs it, with "
            "all the others above."
        )
    return ""


def _made_by(source: str) -> set[str]:
    """Return the names that a cell gives to something."""
    try:
        symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    except (SyntaxError, ValueError):  # commands that begin with a percent sign, or half a thought
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
