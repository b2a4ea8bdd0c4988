"""The applications of attention: data makers and small Keras models, one module a task.

Keras is imported when it is first used, and without TensorFlow's log: ``from attention_edu.tasks
import keras``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

__all__ = ["PlainError", "keras"]


class PlainError(ValueError):
    """An error whose message says everything: a notebook shows it without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show."""
        return [str(self)]


def __getattr__(name: str) -> Any:
    if name != "keras":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _quiet_keras()
    return globals()[name]


def _quiet_keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _silent_errors():
            keras = import_module("keras")
    except ImportError as error:
        raise ImportError(
            f"Keras with TensorFlow could not be imported ({error}). The applications need both: "
            "pip install 'attention-edu[course]'"
        ) from None
    # It warns of every few models that are new, which is what a lesson makes.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return keras


@contextmanager
def _silent_errors() -> Iterator[None]:
    """Drop what is written to the file descriptor of errors: TensorFlow's log goes past Python."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
