"""Ask a trained model: type, or drag, and see its answer and where it looked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets
import traitlets

from attention_edu.attention import as_integer, shown

from .attention_map import AttentionMap
from .base import NO_ECHO, Explorer, as_language, as_title, code, strings, style

if TYPE_CHECKING:
    from attention_edu.figures import Picture

MOST_CHARACTERS = 2_000
MOST_PLACES = 256
MOST_EXAMPLES = 12


class Reply(NamedTuple):
    """What a model answers.

    Attributes
    ----------
    says : str
        The answer in words.
    picture : dict or None
        The arguments of the `AttentionMap` that shows where it looked; None for no picture.
    """

    says: str
    picture: dict[str, Any] | None = None


class LiveInput(Explorer):
    """The line, or the field, into which a question is put; part of `Live`."""

    _code = code("page.js", "live.js")
    _css = style("page.css", "live.css")

    label = traitlets.Unicode(read_only=True).tag(sync=True)
    examples = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    input = traitlets.Any().tag(sync=True, **NO_ECHO)
    _rows = traitlets.Int(1).tag(sync=True)
    _most = traitlets.Int(MOST_CHARACTERS).tag(sync=True)
    _size = traitlets.List(traitlets.Int()).tag(sync=True)

    def figure(self) -> Picture:
        """Draw nothing: the picture is that of `Live`."""
        raise NotImplementedError

    def describe(self) -> str:
        """Give what was asked and answered in one line."""
        return f"{self.label}: {self.input}. {self._answer.get('says', '')}".strip()


class Live(ipywidgets.VBox):
    """Type a question, or drag a handle: a model answers, and a map shows where it looked.

    Parameters
    ----------
    answer : callable
        Takes what was typed (a string), or the place of the handle as (column, row), and returns a
        `Reply`. A ``ValueError`` that it raises is told in its own words; whatever else goes wrong
        is told as well, and nothing is a traceback.
    first : str or pair of int
        What is asked at first; it needs an answer with a picture.
    label : str
        What to put in: “A date”.
    examples : sequence of str, optional
        At most 12, a button for each.
    rows : int, default 1
        How many lines can be seen at once.
    most : int, default 2000
        How many characters fit in.
    size : pair of int, optional
        (columns, rows) of the field on which a handle is dragged, instead of a line to type into.
    title : str, optional
        The name for screen readers.
    language : str, default 'en'
        The language of its own words.

    Attributes
    ----------
    map : AttentionMap
        Where the model looked.
    says : str
        What it answered last.
    input : str or tuple of int
        What was asked last; assign to it and it is answered.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument is out of range, or the first question has no picture.

    Examples
    --------
    >>> import numpy as np
    >>> def shout(text):
    ...     return Reply(text.upper(), {"weights": np.ones((1, len(text))), "keys": list(text)})
    >>> live = Live(shout, "hello", label="A word")
    >>> live.input = "cat"
    >>> live.says, live.map.key_names
    ('CAT', ['c', 'a', 't'])
    """

    def __init__(
        self,
        answer: Callable[[Any], Reply],
        first: Any,
        *,
        label: str,
        examples: Sequence[str] = (),
        rows: int = 1,
        most: int = MOST_CHARACTERS,
        size: tuple[int, int] | None = None,
        title: str = "",
        language: str = "en",
    ) -> None:
        if not callable(answer):
            raise TypeError(f"answer: wants a function; got {shown(answer)}")
        if not isinstance(label, str) or not label.strip():
            raise TypeError(f"label: wants a text; got {shown(label)}")
        if isinstance(examples, str) or not all(isinstance(one, str) for one in examples):
            raise TypeError(f"examples: want a list of strings; got {shown(examples)}")
        if len(examples) > MOST_EXAMPLES:
            raise ValueError(f"examples: want at most {MOST_EXAMPLES}; got {len(examples)}")
        self._answer_to = answer
        self._language = as_language(language)
        self._columns_rows = _as_size(size)
        reply = self._reply(self._as_input(first))
        if reply.picture is None:
            raise ValueError(f"first: wants a question that has a picture; got {reply.says!r}")
        self._line = LiveInput()
        with self._line.hold_trait_notifications():
            for name, value in {
                "label": label,
                "examples": list(examples),
                "title": as_title(title),
                "language": self._language,
            }.items():
                self._line.set_trait(name, value)
            self._line.input = self._sent(first)
            self._line._rows = as_integer("rows", rows, least=1)
            self._line._most = as_integer("most", most, least=1)
            self._line._size = list(self._columns_rows or ())
            self._line._answer = {"request": 0, "says": reply.says}
        self.map = AttentionMap(**reply.picture, title=title, language=self._language)
        super().__init__([self._line, self.map])
        self._line.observe(self._asked, names=["_request"])

    @property
    def says(self) -> str:
        """What was answered last."""
        return str(self._line._answer["says"])

    @property
    def input(self) -> Any:
        """What was asked last."""
        given = self._line.input
        return tuple(given) if self._columns_rows else given

    @input.setter
    def input(self, given: Any) -> None:
        self._line.input = self._sent(self._as_input(given))
        self._asked()

    # ------------------------------------------------------------------ questions and answers

    def _as_input(self, given: Any) -> Any:
        if self._columns_rows is None:
            if not isinstance(given, str):
                raise TypeError(f"input: wants a text; got {shown(given)}")
            return given
        try:
            column, row = (as_integer("input", part) for part in given)
        except (TypeError, ValueError):
            raise TypeError(f"input: wants a pair (column, row); got {shown(given)}") from None
        columns, rows = self._columns_rows
        if not (0 <= column < columns and 0 <= row < rows):
            raise ValueError(
                f"input: wants a place on {columns} × {rows}; got column {column}, row {row}"
            )
        return column, row

    def _sent(self, given: Any) -> Any:
        return given if self._columns_rows is None else list(given)

    def _asked(self, _change: Any = None) -> None:
        """Answer what stands in the line now, and show where the model looked."""
        try:
            reply = self._reply(self._as_input(self._line.input))
        except (TypeError, ValueError) as error:  # what a page sends is not trusted
            reply = Reply(str(error))
        if reply.picture is not None:
            try:
                self.map.show(**reply.picture)
            except (TypeError, ValueError) as error:
                reply = Reply(self._failed(error))
        self.map.layout.display = "none" if reply.picture is None else None
        self._line._answer = {"request": self._line._request, "says": reply.says}

    def _reply(self, given: Any) -> Reply:
        try:
            reply = self._answer_to(given)
        except ValueError as error:
            return Reply(str(error))
        except Exception as error:  # a live cell never shows a traceback
            return Reply(self._failed(error))
        return reply if isinstance(reply, Reply) else Reply(*reply)

    def _failed(self, error: Exception) -> str:
        told = f"{type(error).__name__}: {error}"
        return strings()[self._language]["live_failed"].format(error=told[:200])

    def close(self) -> None:
        """Take line and map off every page, with everything that belongs to them."""
        layout = self.layout if self.comm is not None else None  # closed already, or never open
        super().close()
        if layout is not None:
            for part in (*self.children, layout):
                part.close()

    # ------------------------------------------------------------------ picture and words

    def figure(self) -> Picture:
        """Draw where the model looked last as a matplotlib figure.

        Returns
        -------
        Picture
            That of the map.
        """
        return self.map.figure()

    def describe(self) -> str:
        """Say what was asked, what was answered, and where the model looked.

        Returns
        -------
        str
            One paragraph.
        """
        return f"{self._line.describe()} {self.map.describe()}"

    def __repr__(self) -> str:
        """Return the description: it stands for the widget where there is no page."""
        return self.describe()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if data is None:
            return None
        picture, about = self.figure()._repr_mimebundle_()
        data = {**data, "text/plain": self.describe(), "image/png": picture["image/png"]}
        return data, {**(metadata or {}), **about}


def _as_size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    try:
        columns, rows = size
    except (TypeError, ValueError):
        raise TypeError(f"size: wants a pair (columns, rows); got {shown(size)}") from None
    checked = as_integer("size", columns, least=1), as_integer("size", rows, least=1)
    if max(checked) > MOST_PLACES:
        raise ValueError(f"size: wants at most {MOST_PLACES} in each direction; got {checked}")
    return checked
