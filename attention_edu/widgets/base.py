"""What every widget shares: its code, made of small files, numbers as traits, words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from attention_edu import student
from attention_edu.attention import (
    BoolArray,
    FloatArray,
    as_mask,
    as_number,
    as_numbers,
    shown,
)

if TYPE_CHECKING:
    from attention_edu.figures import Picture

_FOLDER = Path(__file__).parent
_LOCAL_IMPORT = re.compile(r'^import [^;]*? from "\./[^"]+"[^;]*;\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=function|const)", re.MULTILINE)

# What the page tells the kernel must not come back: an echo of an older place, arriving between two
# moves of a drag, would pull the bar back.
NO_ECHO = {"echo_update": False}

MOST_TOKENS = 512
MOST_CHARACTERS = 1_000
MOST_COMPONENTS = 64
MOST_SECONDS = 5.0  # for one call of a student's function; an endless loop must not take the kernel


@cache
def strings() -> dict[str, dict[str, str]]:
    """Every word that widgets show, by language."""
    text = (_FOLDER / "strings.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def script(*files: str) -> str:
    """Join JavaScript files to one ES module, the last of which is the widget's own.

    The files import each other by relative paths, which a module inside a notebook cannot do, so
    these imports are replaced by what they import.
    """
    parts = [f"const STRINGS = {json.dumps(strings(), ensure_ascii=False)};\n"]
    for file in files:
        text = _LOCAL_IMPORT.sub("", (_FOLDER / file).read_text(encoding="utf-8"))
        parts.append(_EXPORT.sub("", text))
    return "".join(parts)


def code(*files: str) -> Any:
    """Make the trait that brings a widget's own code, which ``loader.js`` starts."""
    return traitlets.Unicode(script(*files), read_only=True).tag(sync=True)


def style(*files: str) -> str:
    """Join style sheets."""
    return "".join((_FOLDER / file).read_text(encoding="utf-8") for file in files)


def encode(numbers: FloatArray | None, _widget: Any = None) -> Any:
    """Turn numbers into JSON, which has no infinities: they become text."""
    if numbers is None:
        return None
    if numbers.ndim > 1:
        return [encode(row) for row in numbers]
    return [x if np.isfinite(x) else str(x) for x in numbers.tolist()]


def decode(sent: Any, _widget: Any = None) -> Any:
    """Turn what `encode` made back into numbers."""
    if sent is None:
        return None
    return np.array([[float(x) for x in r] if isinstance(r, list) else float(r) for r in sent])


class Numbers(traitlets.TraitType[Any, Any]):
    """A trait that holds a read-only array of float64, or None before there is one.

    `check(widget, array)` raises where an array, or None, does not fit the widget.
    """

    def __init__(self, check: Callable[[Any, FloatArray | None], None], *, axes: int) -> None:
        super().__init__(default_value=None)
        self._check = check
        self._axes = axes
        self.tag(sync=True, to_json=encode, from_json=decode, **NO_ECHO)

    def validate(self, obj: Any, value: Any) -> FloatArray | None:
        """Return a copy that nobody can change behind the picture's back."""
        if value is None:
            self._check(obj, None)
            return None
        name = str(self.name)
        array = as_numbers(name, value, least_axes=self._axes, check_finite=False)
        array = array.astype(np.float64)
        if array.ndim != self._axes:
            raise ValueError(f"{name}: wants {self._axes} axes; got shape {array.shape}")
        self._check(obj, array)
        array.setflags(write=False)
        return array


class Checked(traitlets.TraitType[Any, Any]):
    """A trait whose values go through a function that returns them or says what is wrong."""

    def __init__(self, check: Callable[[str, Any, Any], Any], default: Any = None) -> None:
        super().__init__(default_value=default)
        self._check = check
        self.tag(sync=True, **NO_ECHO)

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value as the widget keeps it."""
        return self._check(str(self.name), value, obj)


def as_tokens(name: str, given: Any) -> list[str]:
    """Return a list of strings within the widgets' limits, or say what is wrong with it."""
    if isinstance(given, str):
        raise TypeError(f"{name}: wants a list of strings; got one string, {shown(given)}")
    try:
        tokens = list(given)
    except TypeError:
        raise TypeError(f"{name}: wants a list of strings; got {shown(given)}") from None
    for position, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(f"{name}: wants strings; got {shown(token)} at index {position}")
        if any("\ud800" <= sign <= "\udfff" for sign in token):
            raise ValueError(f"{name}: wants text; got half a character at index {position}")
        if len(token) > MOST_CHARACTERS:
            raise ValueError(
                f"{name}: wants at most {MOST_CHARACTERS} characters a token; "
                f"got {len(token)} at index {position}"
            )
    if not 1 <= len(tokens) <= MOST_TOKENS:
        raise ValueError(f"{name}: wants 1 to {MOST_TOKENS} tokens; got {len(tokens)}")
    return [str(token) for token in tokens]


def as_choice(name: str, given: Any, choices: Sequence[str]) -> list[str]:
    """Return some of `choices`, in their order, or say what is wrong with `given`."""
    listed = "(" + ", ".join(map(repr, choices)) + ")"
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise TypeError(f"{name}: wants a list of some of {listed}; got {shown(given)}")
    for choice in given:
        if not isinstance(choice, str) or choice not in choices:
            raise ValueError(f"{name}: wants some of {listed}; got {shown(choice)}")
    return [choice for choice in choices if choice in given]


def as_one_of(name: str, given: Any, choices: Sequence[str], *, more: str = "") -> str:
    """Return one of `choices`, or say what is wrong with `given`; `more` is what else would do."""
    if not isinstance(given, str):
        raise TypeError(f"{name}: wants one of {tuple(choices)}{more}; got {shown(given)}")
    if given not in choices:
        raise ValueError(f"{name}: wants one of {tuple(choices)}{more}; got {shown(given)}")
    return str(given)


def as_temperature(name: str, given: Any, _explorer: Any = None) -> float:
    """Return a number above 0, or say what is wrong with `given`."""
    temperature = as_number(name, given)
    if temperature <= 0:
        raise ValueError(f"{name}: wants a number above 0; got {shown(given)}")
    return temperature


def as_token_mask(name: str, given: Any, explorer: Any) -> BoolArray:
    """Return one read-only truth value for each token; None lets all be attended to."""
    n = len(explorer.tokens)
    given = True if given is None else given
    mask: BoolArray = np.broadcast_to(as_mask(name, given, (n,)), (n,)).copy()
    mask.setflags(write=False)
    return mask


def as_function(name: str, given: Any) -> Callable[..., Any] | None:
    """Return a function or None, or say what is wrong with `given`."""
    if given is not None and not callable(given):
        raise TypeError(
            f"{name}: wants a function, written without brackets, such as {name}=my_{name}; "
            f"got {shown(given)}"
        )
    return given  # type: ignore[no-any-return]


def as_language(given: Any) -> str:
    """Return a language that the widgets speak, or say what is wrong with `given`."""
    if not isinstance(given, str):
        raise TypeError(f"language: wants a string; got {shown(given)}")
    if given not in strings():
        raise ValueError(f"language: wants one of {sorted(strings())}; got {shown(given)}")
    return given


def as_title(given: Any) -> str:
    """Return a title, or say what is wrong with `given`."""
    if not isinstance(given, str):
        raise TypeError(f"title: wants a string; got {shown(given)}")
    return given


class Explorer(anywidget.AnyWidget):
    """What every widget shares: its words, its pictures, and how it asks a student's function.

    A widget with functions of a student's puts what they answered into `_answer`, as JSON, beside
    the number of the request that they answer, the `error`, and what was `printed`. Large type, for
    projectors, is the page's own affair: it is no trait, and Python does not hear of it.
    """

    _esm = (_FOLDER / "loader.js").read_text(encoding="utf-8")
    _code: Any = traitlets.Unicode("", read_only=True).tag(sync=True)

    title = traitlets.Unicode("", read_only=True).tag(sync=True)
    language = traitlets.Unicode("en", read_only=True).tag(sync=True)

    _yours = traitlets.Dict().tag(sync=True)  # the student's functions: argument -> name
    _request = traitlets.Int(0).tag(sync=True, **NO_ECHO)
    _answer = traitlets.Dict().tag(sync=True)
    made = False  # until then, None stands for what has not been set yet

    @property
    def error(self) -> str:
        """What went wrong in a function of your own; empty if nothing did."""
        return str(self._answer.get("error", ""))

    @property
    def printed(self) -> str:
        """What a function of your own printed in its last call."""
        return str(self._answer.get("printed", ""))

    def _name_yours(self, **functions: Callable[..., Any] | None) -> None:
        """Tell the page which steps are a student's, and how their functions are called."""
        self._yours = {
            step: student.name_of(function)
            for step, function in functions.items()
            if function is not None
        }

    def _ask(
        self,
        function: Callable[..., Any],
        arguments: tuple[FloatArray, ...],
        shape: tuple[int, ...],
        meaning: str,
        printed: list[str],
    ) -> tuple[FloatArray | None, str]:
        """Call a student's function with copies; return its array, or None and what is wrong.

        `meaning` is the key of the words that say what the array's numbers stand for; what the
        function prints is appended to `printed`.
        """
        say = strings()[self.language]
        name = student.name_of(function)
        copies = [np.array(argument) for argument in arguments]
        collected = student.collect_within(
            MOST_SECONDS, (student.call(function, *copies) for _once in range(1))
        )
        if not collected.items:
            return None, say["too_slow"].format(name=name, seconds=f"{MOST_SECONDS:g}")
        (answer,) = collected.items
        printed.append(answer.printed)
        if answer.error:
            return None, answer.error
        if answer.value is None:
            return None, say["returned_none"].format(name=name)
        if answer.value is Ellipsis:
            return None, say["returned_gap"].format(name=name)
        try:
            if np.asarray(answer.value).dtype.kind not in "biufO":
                raise TypeError("text and complex numbers would be converted without a word")
            array = np.array(answer.value, dtype=np.float64)
        except Exception:  # whatever a student returns
            got = shown(answer.value)
            return None, say["returned_other"].format(name=name, got=got, shape=f"shape {shape}")
        if array.shape != shape:
            return None, say["returned_shape"].format(
                name=name, got=array.shape, shape=shape, meaning=say[meaning]
            )
        if not np.isfinite(array).all():
            position = int(np.argmin(np.isfinite(array)))
            return None, say["returned_nan"].format(
                name=name, got=array[position], position=position
            )
        return array, ""

    def figure(self) -> Picture:
        """Draw what the widget shows now as a matplotlib figure."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say what the widget shows now in one paragraph."""
        raise NotImplementedError

    def close(self) -> None:
        """Take the widget off every page, and with it the layout that it was made with."""
        layout = self.layout if self.comm is not None else None  # closed already, or never open
        super().close()
        if layout is not None:
            layout.close()

    def __repr__(self) -> str:
        """Return the description: it stands for the widget where there is no page."""
        return self.describe()

    def _repr_mimebundle_(self, **_options: Any) -> Any:
        bundle = super()._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if data is None:
            return None
        picture, about = self.figure()._repr_mimebundle_()
        data = {**data, "text/plain": self.describe(), "image/png": picture["image/png"]}
        return data, {**(metadata or {}), **about}
