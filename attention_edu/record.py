"""Which exercises are done: a small file beside the notebooks, and the table in notebook 00.

Each exercise that is solved adds one line to the file, which is never rewritten: whatever stops
the machine in the middle of a line, the lines before it are there. The file stands in the folder
of the notebook that runs, and nowhere else.
"""

from __future__ import annotations

import html
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["FILE", "Progress", "note_solved", "progress"]

#: The name of the file.
FILE = "my_progress.jsonl"
#: Set to "off", this variable of the environment keeps anything from being read or written.
SWITCH = "ATTENTION_EDU_PROGRESS"

_FIRST_NOTEBOOK = "00_start_here.ipynb"
_MOST_BYTES = 1_000_000  # the file has some 60 bytes an exercise


@dataclass(frozen=True)
class Progress:
    """What is done and what is left; a notebook shows it as a table.

    Attributes
    ----------
    solved : tuple of str
        The ids of the exercises that are solved, in the order of the course.
    open : tuple of str
        The ids of the others.
    notebooks : dict
        The ids of the exercises of each notebook, by its number.
    trouble : str
        Why progress cannot be kept, in words; empty if all is well.
    """

    solved: tuple[str, ...]
    open: tuple[str, ...]
    notebooks: dict[str, tuple[str, ...]]
    trouble: str = ""

    def __str__(self) -> str:
        lines = [self._total()]
        for number, ids in self.notebooks.items():
            done = sum(name in self.solved for name in ids)
            names = ", ".join(f"{self._sign(name)} {name}" for name in ids)
            lines.append(f"notebook {number}: {done} of {len(ids)}   {names}")
        return "\n".join([*lines, self.trouble]).rstrip()

    def _total(self) -> str:
        return f"{len(self.solved)} of {len(self.solved) + len(self.open)} exercises are solved."

    def _sign(self, name: str) -> str:
        return "✓" if name in self.solved else "○"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give the display as HTML and as plain text."""
        ink = "color: var(--jp-content-font-color1, #212121); background: transparent"
        cell = f"{ink}; text-align: left; vertical-align: top; padding: 0.3em 1em 0.3em 0"
        rows = []
        for number, ids in self.notebooks.items():
            done = sum(name in self.solved for name in ids)
            names = ", ".join(f"{self._sign(name)}&nbsp;{html.escape(name)}" for name in ids)
            rows.append(
                f'<tr style="background: transparent"><th scope="row" style="{cell}">{number}</th>'
                f'<td style="{cell}; white-space: nowrap">{done} of {len(ids)}</td>'
                f'<td style="{cell}">{names}</td></tr>'
            )
        head = "".join(
            f'<th scope="col" style="{cell}">{title}</th>'
            for title in ("notebook", "solved", "exercises (✓ solved, ○ open)")
        )
        trouble = f'<p style="{ink}">{html.escape(self.trouble)}</p>' if self.trouble else ""
        page = (
            f'<div data-progress="{len(self.solved)}" style="{ink}; max-width: 60em">'
            f"<p><strong>{self._total()}</strong></p>{trouble}"
            f'<table style="{ink}; border-collapse: collapse; margin: 0"><thead>'
            f'<tr style="background: transparent">{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )
        return {"text/html": page, "text/plain": str(self)}


def progress() -> Progress:
    """Tell which exercises of the course are solved.

    Returns
    -------
    Progress
        A notebook shows it as a table, a row for each notebook.

    Notes
    -----
    What is solved stands in the file ``my_progress.jsonl`` beside the notebooks, a line for each
    exercise. To begin anew, delete it. It is written only while the current folder is the course's.

    Examples
    --------
    >>> progress().open[:2]  # doctest: +SKIP
    ('shares', 'fixed_length')
    """
    from attention_edu.exercises import bank

    notebooks: dict[str, list[str]] = {}
    for exercise in bank().values():
        notebooks.setdefault(exercise.notebook, []).append(exercise.id)
    ordered = {number: tuple(notebooks[number]) for number in sorted(notebooks)}
    known = [name for ids in ordered.values() for name in ids]
    trouble = ""
    done: set[str] = set()
    folder = _folder()
    if folder is not None:
        try:
            done = _read(folder / FILE)
        except OSError as error:
            trouble = f"{FILE} cannot be read: {_words(error)}."
    return Progress(
        solved=tuple(name for name in known if name in done),
        open=tuple(name for name in known if name not in done),
        notebooks=ordered,
        trouble=trouble,
    )


def note_solved(exercise: str) -> str:
    """Keep that an exercise is solved.

    Parameters
    ----------
    exercise : str
        Its id.

    Returns
    -------
    str
        Why that could not be kept, in words; empty if it was, or if the current folder is not
        the course's.
    """
    folder = _folder()
    if folder is None:
        return ""
    path = folder / FILE
    try:
        if exercise not in _read(path):
            _append(path, {"solved": exercise, "when": datetime.now().isoformat("T", "seconds")})
    except OSError as error:
        return f"That it is solved could not be kept in {FILE}: {_words(error)}."
    return ""


def _folder() -> Path | None:
    """Give the folder of the course's notebooks if it is the current one."""
    if os.environ.get(SWITCH, "").lower() == "off":
        return None
    try:
        here = Path.cwd()
        return here if (here / _FIRST_NOTEBOOK).is_file() else None
    except OSError:  # it was deleted, or may not be looked into
        return None


def _read(path: Path) -> set[str]:
    """Collect what is solved; lines that were cut off or damaged are passed over."""
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).splitlines()
    except FileNotFoundError:
        return set()
    solved = set()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("solved"), str):
            solved.add(entry["solved"])
    return solved


def _append(path: Path, entry: dict[str, str]) -> None:
    """Add a line in one piece. A line that was cut off before it stays alone on its own."""
    if path.is_symlink():
        raise OSError("it is a link, and nothing is written outside the course's folder")
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o644)
    try:
        size = os.fstat(handle).st_size
        torn = False
        if size:
            os.lseek(handle, -1, os.SEEK_END)
            torn = os.read(handle, 1) != b"\n"
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        if torn:
            line = b"\n" + line
        if os.write(handle, line) != len(line):
            raise OSError("the disk is full")
        os.fsync(handle)
    finally:
        os.close(handle)


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
