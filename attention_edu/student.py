"""Call a function that a student wrote, and report in plain words how it went."""

from __future__ import annotations

import builtins
import functools
import linecache
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Generic, TextIO, TypeVar, cast

PRINT_LIMIT = 2_000
_PACKAGE = str(Path(__file__).parent)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_FOLDERS = re.compile(r"(?<![\w.:/\\<])(?:[A-Za-z]:)?[\\/](?:[^\\/\s'\"<>|:*?]+[\\/])+")

Item = TypeVar("Item")


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
    kind : str
        The name of the exception's type; empty if all went well.
    """

    value: Any = None
    error: str = ""
    printed: str = ""
    kind: str = ""


def call(function: Callable[..., Any], *arguments: Any) -> Answer:
    """Call `function`; nothing that it raises or prints gets out except through the answer."""
    with captured_prints() as prints:
        try:
            value = function(*arguments)
        except BaseException as error:  # sys.exit() and an interrupted loop are answers too
            kind = type(error).__name__
            return Answer(error=explain(function, error), printed=prints.text(), kind=kind)
    return Answer(value=value, printed=prints.text())


def name_of(function: Callable[..., Any]) -> str:
    """Name a function as a student would; a lambda is “your function”."""
    name = str(getattr(_innermost(function), "__name__", type(function).__name__))
    return "your function" if name == "<lambda>" else name[:60]


def explain(function: Callable[..., Any], error: BaseException) -> str:
    """Say what was raised, and where in the student's own code."""
    if isinstance(error, KeyboardInterrupt):
        told = "was interrupted"
    else:
        told = f"raised {type(error).__name__}"
        try:
            message = without_machine(" ".join(str(error).split()))
        except Exception:  # an exception whose text cannot be had is still told by its type
            message = ""
        if message:
            told += f": {message[:300]}"
    where = _own_line(function, error)
    return f"{name_of(function)} {told}" + (f" — {where}" if where else "")


def without_machine(text: str) -> str:
    """Take out of a text what differs from machine to machine: addresses and folders.

    Examples
    --------
    >>> without_machine("<object at 0x7f3a10> is not in /home/you/course/data.csv")
    '<object> is not in data.csv'
    """
    return _FOLDERS.sub("", _ADDRESS.sub("", text))


def _innermost(function: Any) -> Any:
    """Look through partial(), decorators and bound methods."""
    for _ in range(10):
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    return function


def code_of(function: Any) -> CodeType | None:
    """Find the code object that a student wrote, or None for what is built in."""
    function = _innermost(function)
    if not hasattr(function, "__code__") and not isinstance(function, type):
        function = getattr(type(function), "__call__", None)  # noqa: B004 - the method is wanted
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _own_line(function: Callable[..., Any], error: BaseException) -> str:
    """Find the last line of the traceback that the student wrote."""
    code = code_of(function)
    frames = traceback.extract_tb(error.__traceback__, limit=-200)
    mine = [f for f in frames if code is not None and f.filename == code.co_filename]
    mine = mine or [f for f in frames if not f.filename.startswith(_PACKAGE)]
    if not mine or mine[-1].lineno is None:
        return ""
    number = mine[-1].lineno
    source = linecache.getline(mine[-1].filename, number).strip()
    return f"line {number}: {source[:200]}" if source else f"line {number}"


# ---------------------------------------------------------------------------------------------
# Prints: collected in the thread that makes them, so that an endless one disturbs nobody else
# ---------------------------------------------------------------------------------------------


class _Prints:
    """Keeps the beginning of what is printed, however much that is."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = PRINT_LIMIT
        self._cut = False

    def write(self, text: str) -> int:
        if len(text) > self._room:
            self._cut = True
        if self._room:
            self._parts.append(text[: self._room])
            self._room -= len(self._parts[-1])
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """There is nothing to flush."""

    def isatty(self) -> bool:
        return False

    def text(self) -> str:
        return "".join(self._parts) + ("…" if self._cut else "")


class _Here(threading.local):
    """What this thread's prints go to, and whether someone else minds the switches."""

    prints: _Prints | None = None
    minded = False


_here = _Here()


class _Switch:
    """Stands in for sys.stdout: collects where prints are captured, passes on everywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return (_here.prints or self.stream).write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(_here.prints or self.stream, name)


class _Switches:
    """Puts the switches in while anybody needs them, and takes them out afterwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._names = ("stdout", "stderr")
        self._mine: dict[str, _Switch] = {}

    def put_in(self) -> None:
        with self._lock:
            self._users += 1
            for name in self._names:
                if not isinstance(getattr(sys, name), _Switch):
                    self._mine[name] = _Switch(getattr(sys, name))
                    setattr(sys, name, cast(TextIO, self._mine[name]))

    def take_out(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for name, switch in self._mine.items():
                    if getattr(sys, name) is switch:
                        setattr(sys, name, switch.stream)
                self._mine.clear()


_switches = _Switches()


@contextmanager
def captured_prints() -> Iterator[_Prints]:
    """Collect what is printed, so that it can be shown where the student is looking."""
    prints, outer = _Prints(), _here.prints
    if not _here.minded:
        _switches.put_in()
    _here.prints = prints
    try:
        yield prints
    finally:
        _here.prints = outer
        if not _here.minded:
            _switches.take_out()


# ---------------------------------------------------------------------------------------------
# Time: run in a thread of its own, so that it works in Jupyter and on every system
# ---------------------------------------------------------------------------------------------


class _Stop(SystemExit):
    """Raised inside a student's code when its time is up; threads end silently with it."""


@dataclass(frozen=True)
class Collected(Generic[Item]):
    """What could be collected in the time that was given.

    Attributes
    ----------
    items : list
        Everything that was ready in time.
    late : float or None
        How many seconds the item that was not ready had been under way; None if all were.
    error : str
        What the iteration itself raised; empty if all went well.
    """

    items: list[Item]
    late: float | None = None
    error: str = ""


def collect_within(seconds: float, items: Iterable[Item], *, grace: float = 0.3) -> Collected[Item]:
    """Collect `items` in a thread of its own, and stop it when its time is up.

    Parameters
    ----------
    seconds : float
        For all items together.
    items : iterable
        Making an item may run a student's code, however badly that behaves. A call that keeps
        the interpreter to itself, such as ``sum(itertools.count())``, cannot be stopped.
    grace : float, default 0.3
        How many more seconds the thread has to end after it was told to stop. One that does not
        is told again and again in the background, and cannot print any more.

    Returns
    -------
    Collected
        The items that were ready in time.

    Examples
    --------
    >>> collect_within(1.0, (number**2 for number in range(3))).items
    [0, 1, 4]
    """
    ready: list[Item] = []
    began = [time.perf_counter()]
    error: list[str] = []
    stopping = threading.Event()

    def work() -> None:
        with captured_prints():
            try:
                for item in items:
                    if stopping.is_set():
                        return
                    began[0] = time.perf_counter()
                    ready.append(item)
            except BaseException as problem:
                error.append(f"raised {type(problem).__name__}")

    worker = _Worker(work)
    _switches.put_in()
    streams = sys.stdout, sys.stderr
    ask = builtins.input
    builtins.input = _no_input  # it would wait for an answer that no one can give
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            worker.start()
            worker.join(seconds)
            late = worker.is_alive()
            # What comes after this moment does not count.
            result = Collected(
                items=list(ready),
                late=time.perf_counter() - began[0] if late else None,
                error="" if late else "".join(error[:1]),
            )
            stopping.set()
            if late:
                _insist(worker, grace)
    finally:
        builtins.input = ask
        sys.stdout, sys.stderr = streams  # a student's code may have put something else there
        stopping.set()
        if worker.is_alive():
            threading.Thread(target=_see_off, args=(worker,), daemon=True).start()
        else:
            _switches.take_out()
    return result


def _no_input(*_: Any) -> str:
    raise RuntimeError("input() cannot be used here: everything comes in through the parameters")


class _Worker(threading.Thread):
    """A thread that can be told to stop, as often as it takes, while it is at work."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="student")
        self._work = work
        self._lock = threading.Lock()
        self._done = False

    def run(self) -> None:
        _here.minded = True
        try:
            self._work()
        except BaseException:  # told to stop once more, on its way out
            pass
        finally:
            while not self._done:
                try:
                    with self._lock:
                        self._done = True
                except BaseException:
                    continue
            # From here on nothing more is raised; what was raised before arrives now.
            try:
                for _ in range(100):
                    pass
            except BaseException:
                pass

    def tell_to_stop(self) -> None:
        import ctypes

        if self._lock.acquire(timeout=0.05):
            try:
                if not self._done and self.ident is not None:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(self.ident), ctypes.py_object(_Stop)
                    )
            finally:
                self._lock.release()


def _insist(worker: _Worker, seconds: float) -> None:
    """Tell a thread to stop until it does, gently at first, then too often to be swallowed."""
    began, interval = time.perf_counter(), sys.getswitchinterval()
    try:
        while worker.is_alive() and (passed := time.perf_counter() - began) < seconds:
            worker.tell_to_stop()
            if passed > seconds / 3:
                sys.setswitchinterval(1e-6)  # `except: pass` in a loop has gaps: hit one of them
            worker.join(0.02 if passed < seconds / 3 else 1e-6)
    finally:
        sys.setswitchinterval(interval)


def _see_off(worker: _Worker) -> None:
    """Keep telling a thread to stop that swallowed it, or that is in a long call."""
    while worker.is_alive():
        worker.tell_to_stop()
        worker.join(0.1)
    _switches.take_out()
