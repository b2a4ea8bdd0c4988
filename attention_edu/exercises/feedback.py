"""What a student sees: the verdict on an answer, a hint, a solution."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["correct", "incorrect", "not attempted"]

# Status: symbol and border colour (Okabe and Ito's palette, told apart by colour-blind readers).
_LOOKS: dict[str, tuple[str, str]] = {
    "correct": ("✓", "#009E73"),
    "incorrect": ("✗", "#D55E00"),
    "not attempted": ("○", "#0072B2"),
}
_INK = "color: var(--jp-content-font-color1, #212121)"
_PAPER = "background: var(--jp-layout-color1, #ffffff)"
_RULE = "1px solid var(--jp-border-color1, #757575)"
_TYPE = "font-family: var(--jp-content-font-family, sans-serif); line-height: 1.5"
_CODE = (
    f"{_INK}; background: transparent; margin: 0.5em 0; padding: 0; white-space: pre-wrap; "
    "overflow-wrap: anywhere; font-family: var(--jp-code-font-family, monospace)"
)


@dataclass(frozen=True)
class Feedback:
    """The verdict on an answer; a notebook shows it as a box.

    Attributes
    ----------
    status : {"correct", "incorrect", "not attempted"}
        Whether the answer is right.
    misconception : str or None
        The id of the error that was recognised, such as ``"softmax-twice"``.
    message : str
        What was found, on which input, and what to do next, as plain text. Paragraphs are
        separated by empty lines; indented lines hold numbers or code.
    heading : str
        What stands above the message in place of the status; "" for the status itself.

    Examples
    --------
    >>> feedback = Feedback("correct", None, "All weights are right.")
    >>> print(feedback)
    ✓ Correct
    <BLANKLINE>
    All weights are right.
    """

    status: Status
    misconception: str | None
    message: str
    heading: str = ""

    def __str__(self) -> str:
        return f"{self._heading()}\n\n{self.message}".rstrip()

    def _heading(self) -> str:
        return f"{_LOOKS[self.status][0]} {self._words()}"

    def _words(self) -> str:
        return self.heading or self.status.capitalize()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give the display as HTML and as plain text."""
        symbol, colour = _LOOKS[self.status]
        page = (
            f'<div data-feedback="{html.escape(self.status)}" style="{_INK}; {_PAPER}; {_TYPE}; '
            f"border: {_RULE}; border-left: 8px solid {colour}; padding: 0.5em 1em; "
            'margin: 0.25em 0; max-width: 60em">'
            f'<p style="{_INK}; margin: 0.25em 0"><span aria-hidden="true">{symbol}</span> '
            f"<strong>{html.escape(self._words())}</strong></p>"
            f"{_paragraphs(self.message)}</div>"
        )
        return {"text/html": page, "text/plain": str(self)}


@dataclass(frozen=True)
class Hint:
    """One hint, folded until it is wanted.

    Attributes
    ----------
    number, total : int
        Which hint this is, and how many there are.
    text : str
        The hint.
    """

    number: int
    total: int
    text: str

    def __str__(self) -> str:
        return f"Hint {self.number} of {self.total}: {self.text}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give the display as HTML and as plain text."""
        title = f"Hint {self.number} of {self.total}"
        return {"text/html": _folded(title, _paragraphs(self.text)), "text/plain": str(self)}


@dataclass(frozen=True)
class Solution:
    """The ways in which an exercise can be solved, folded until they are wanted.

    Attributes
    ----------
    title : str
        The exercise.
    ways : tuple of str
        The code of each, ready to be run where NumPy is imported as ``np``; or sentences.
    is_code : bool
        Which of the two.
    """

    title: str
    ways: tuple[str, ...]
    is_code: bool = True

    def __str__(self) -> str:
        return "\n\n".join(f"{title}:\n\n{code}" for title, code in self._titled())

    def _titled(self) -> list[tuple[str, str]]:
        return [("Another way" if i else "One way", code) for i, code in enumerate(self.ways)]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give the display as HTML and as plain text."""
        inside = "".join(
            f'<p style="{_INK}; margin: 0.5em 0">{title}:</p>{self._shown(way)}'
            for title, way in self._titled()
        )
        page = _folded(f"Solution: {self.title}", inside)
        return {"text/html": page, "text/plain": str(self)}

    def _shown(self, way: str) -> str:
        if not self.is_code:
            return _paragraphs(way)
        return f'<pre style="{_CODE}"><code>{html.escape(way)}</code></pre>'


def _folded(title: str, inside: str) -> str:
    return (
        f'<details style="{_INK}; {_PAPER}; {_TYPE}; border: {_RULE}; padding: 0.25em 1em; '
        f'margin: 0.25em 0; max-width: 60em"><summary style="{_INK}; cursor: pointer">'
        f"{html.escape(title)}</summary>{inside}</details>"
    )


def _paragraphs(text: str) -> str:
    """Turn plain text into HTML: indented paragraphs keep their layout."""
    parts = []
    for paragraph in text.split("\n\n"):
        escaped = html.escape(paragraph)
        if paragraph.startswith("  "):
            parts.append(f'<pre style="{_CODE}">{escaped}</pre>')
        else:
            lines = escaped.replace("\n", "<br>")
            parts.append(f'<p style="{_INK}; margin: 0.5em 0">{lines}</p>')
    return "".join(parts)
