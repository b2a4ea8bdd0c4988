"""Call a function that a student wrote, and report in plain words how it went."""

from __future__ import annotations

import io
import linecache
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRINT_LIMIT = 2_000
_PACKAGE = str(Path(__file__).parent)


@dataclass(frozen=True)
class Answer:
    """What came back from a student's function.

    Attributes
    ----------
    value : object
        What it returned, or None if it did not get that far.
    error : str
        One or two plain sentences with the student's own line; empty if all went well.
    printed : str
        What it printed, cut off after `PRINT_LIMIT` characters.
    """

    value: Any = None
    error: str = ""
    printed: str = ""


def call(function: Callable[..., Any], *arguments: Any) -> Answer:
    """Call `function`; nothing that it raises or prints gets out except through the answer."""
    with captured_prints() as prints:
        try:
            value = function(*arguments)
        except BaseException as error:  # sys.exit() and an interrupted loop are answers too
            return Answer(error=explain(function, error), printed=prints.text())
    return Answer(value=value, printed=prints.text())


def name_of(function: Callable[..., Any]) -> str:
    """Name a function as a student would; a lambda is “your function”."""
    name = getattr(function, "__name__", type(function).__name__)
    return "your function" if name == "<lambda>" else str(name)


def explain(function: Callable[..., Any], error: BaseException) -> str:
    """Say what was raised, and where in the student's own code."""
    if isinstance(error, KeyboardInterrupt):
        told = "was interrupted"
    else:
        told = f"raised {type(error).__name__}"
        message = " ".join(str(error).split())
        if message:
            told += f": {message[:300]}"
    where = _own_line(function, error)
    return f"{name_of(function)} {told}" + (f" — {where}" if where else "")


def _own_line(function: Callable[..., Any], error: BaseException) -> str:
    """Find the last line of the traceback that the student wrote."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    mine = [f for f in frames if code is not None and f.filename == code.co_filename]
    mine = mine or [f for f in frames if not f.filename.startswith(_PACKAGE)]
    if not mine or mine[-1].lineno is None:
        return ""
    number = mine[-1].lineno
    source = linecache.getline(mine[-1].filename, number).strip()
    return f"line {number}: {source}" if source else f"line {number}"


class _Prints(io.TextIOBase):
    """Keeps the beginning of what is printed, however much that is."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = PRINT_LIMIT
        self._cut = False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if len(text) > self._room:
            self._cut = True
        if self._room:
            self._parts.append(text[: self._room])
            self._room -= len(self._parts[-1])
        return len(text)

    def text(self) -> str:
        return "".join(self._parts) + ("…" if self._cut else "")


@contextmanager
def captured_prints() -> Iterator[_Prints]:
    """Collect what is printed, so that it can be shown where the student is looking."""
    prints = _Prints()
    with redirect_stdout(prints):
        yield prints
