"""Train a small model in a notebook, interrupt and continue it, save it and load it."""

from __future__ import annotations

import html
import os
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError

__all__ = ["Training", "load", "save", "train"]

_REDRAW = 0.2  # seconds between two pictures of the bar
_INK = "color: var(--jp-content-font-color1, #212121); background: transparent"


@dataclass
class Training:
    """How far the training of a model is; a notebook shows it as a bar and a line.

    Attributes
    ----------
    epochs : int
        How many were asked for.
    history : list of dict
        What Keras measured at the end of each finished epoch: ``loss`` and the model's metrics.
    status : str
        "running", "interrupted" or "done".
    """

    epochs: int
    history: list[dict[str, float]] = field(default_factory=list)
    status: str = "running"
    part: float = 0.0  # of the present epoch
    left: float | None = None  # seconds, while it runs

    def __str__(self) -> str:
        done = len(self.history)
        numbers = ", ".join(f"{k} {v:.3f}" for k, v in (self.history or [{}])[-1].items())
        told = f" ({numbers})" if numbers else ""
        if self.status == "done":
            return f"Trained for {self.epochs} epochs{told}."
        if self.status == "interrupted":
            return (
                f"Interrupted after {done} of {self.epochs} epochs{told}. Nothing is lost: run "
                "this cell again to go on, and the result will be the same."
            )
        left = "" if self.left is None else f", about {max(self.left, 1):.0f} s to go"
        return f"Epoch {min(done + 1, self.epochs)} of {self.epochs}{told}{left}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give the display as HTML and as plain text."""
        share = (len(self.history) + self.part) / self.epochs if self.epochs else 1.0
        bar = (
            f'<progress max="1" value="{share:.4f}" aria-label="training" '
            'style="width: 20em; vertical-align: middle; margin-right: 1em"></progress>'
            if self.status != "done"
            else ""
        )
        told = html.escape(str(self))
        page = f'<div data-training="{self.status}" style="{_INK}">{bar}{told}</div>'
        return {"text/html": page, "text/plain": str(self)}


_trainings: WeakKeyDictionary[Any, Training] = WeakKeyDictionary()


def train(
    model: Any,
    inputs: Any,
    targets: Any,
    *,
    epochs: int,
    batch_size: int = 64,
    seed: int = 0,
) -> Training:
    """Train a compiled Keras model, with a bar that shows how far it is.

    Interrupting (the ■ button) stops at once and puts the model back to the end of the last whole
    epoch. Called again, it goes on from there, and ends where it would have ended.

    Parameters
    ----------
    model : keras.Model
        Compiled. Its training is remembered as long as the model lives: for a new start, build a
        new model.
    inputs, targets : ndarray, or list or dict of ndarray
        The examples, along the first axis.
    epochs : int
        How often all examples are gone through, all calls together.
    batch_size : int, default 64
        How many examples go together into one step.
    seed : int, default 0
        Draws the order of the examples in each epoch.

    Returns
    -------
    Training
        Its `history` has one entry for each epoch.

    Raises
    ------
    TypeError, ValueError
        If `epochs`, `batch_size` or `seed` is not a whole number that makes sense, or Keras says
        that model and examples do not fit.
    """
    epochs = as_integer("epochs", epochs, least=1)
    batch_size = as_integer("batch_size", batch_size, least=1)
    seed = as_integer("seed", seed, least=0)
    training = _trainings.setdefault(model, Training(epochs))
    training.epochs = max(epochs, len(training.history))
    training.status = "running"
    screen = _Screen(training)
    count = len(_first(inputs))
    began = time.perf_counter()
    whole = len(training.history)
    kept: tuple[int, list[Any]] = (whole, [])
    try:
        while len(training.history) < training.epochs:
            kept = len(training.history), _state(model)
            order = np.random.default_rng((seed, len(training.history))).permutation(count)
            ticker = _ticker(training, screen, -(-count // batch_size), began, whole)
            logs = model.fit(
                _picked(inputs, order),
                _picked(targets, order),
                batch_size=batch_size,
                shuffle=False,
                verbose=0,
                callbacks=[ticker],
            ).history
            training.history.append({name: float(values[-1]) for name, values in logs.items()})
            training.part = 0.0
        training.status = "done"
    except KeyboardInterrupt:
        # The interrupt may come just after an epoch was noted: it goes together with its weights.
        epoch, values = kept
        del training.history[epoch:]
        _restore(model, values)
        training.status = "interrupted"
        training.part = 0.0
    screen.end()
    return training


def save(model: Any, path: str | Path) -> Path:
    """Save a model, with what it has learned, to a ``.keras`` file.

    Parameters
    ----------
    model : keras.Model
        The model.
    path : str or Path
        Where to; the name ends in ``.keras``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    PlainError
        If the name does not end in ``.keras``, or the file cannot be written.
    """
    path = _keras_file(path)
    try:
        model.save(path)
    except OSError as error:
        raise PlainError(f"{path} could not be written: {error.strerror or error}.") from None
    return path


def load(path: str | Path) -> Any:
    """Load a model that was saved with `save`.

    Parameters
    ----------
    path : str or Path
        The ``.keras`` file.

    Returns
    -------
    keras.Model
        The model, as it was when it was saved.

    Raises
    ------
    PlainError
        If there is no such file, or it is damaged or no Keras model.
    """
    path = _keras_file(path)
    if not os.path.isfile(path):  # a name can be too long for the question as well
        raise PlainError(f"There is no file {path}. Train the model, and save it there first.")
    from attention_edu.tasks import keras

    try:
        return keras.models.load_model(path)
    except Exception as error:  # a file can be broken in any way
        raise PlainError(
            f"{path} cannot be read as a Keras model ({type(error).__name__}): it is damaged, or "
            "was written by another version. Train the model again, and save it anew."
        ) from None


def _keras_file(path: str | Path) -> Path:
    if not isinstance(path, str | Path) or Path(path).suffix != ".keras":
        raise PlainError(f"path: wants the name of a file that ends in .keras; got {path!r}")
    return Path(path)


# ---------------------------------------------------------------------------------------------


class _Screen:
    """The place in the notebook where a training is shown; nowhere outside a notebook."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._handle: Any = None
        self._last = 0.0
        shell: Any = sys.modules.get("IPython")
        # A terminal would print every picture of the bar below the last one.
        if shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None:
            show = import_module("IPython.display").display
            self._handle = show(training, display_id=True)

    def show(self) -> None:
        now = time.perf_counter()
        if self._handle is not None and now - self._last >= _REDRAW:
            self._last = now
            self._handle.update(self._training)

    def end(self) -> None:
        if self._handle is not None:
            self._handle.update(self._training)


def _ticker(training: Training, screen: _Screen, steps: int, began: float, whole: int) -> Any:
    """Make the callback through which Keras tells how far it is."""
    from attention_edu.tasks import keras

    class Ticker(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            training.part = (batch + 1) / steps
            done = len(training.history) - whole + training.part
            spent = time.perf_counter() - began
            if spent > 2:
                training.left = spent / done * (training.epochs - whole - done)
            screen.show()

    return Ticker()


def _first(examples: Any) -> Any:
    if isinstance(examples, dict):
        return next(iter(examples.values()))
    return examples[0] if isinstance(examples, list | tuple) else examples


def _picked(examples: Any, order: Any) -> Any:
    if isinstance(examples, dict):
        return {name: array[order] for name, array in examples.items()}
    if isinstance(examples, list | tuple):
        return [array[order] for array in examples]
    return examples[order]


def _state(model: Any) -> list[Any]:
    """Copy everything that a step of training changes: weights, optimizer, seeds."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    return [np.array(variable.numpy()) for variable in variables]


def _restore(model: Any, kept: list[Any]) -> None:
    for variable, value in zip([*model.variables, *model.optimizer.variables], kept):
        variable.assign(value)
