"""Write a word backwards: how quality falls with length, with and without attention.

The experiment of figure 2 in Bahdanau, Cho & Bengio (2014), arXiv:1409.0473, in small: a fixed
vector between encoder and decoder holds a short word, but not a long one. The models are those
of `attention_edu.tasks.dates`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError
from attention_edu.tasks.dates import (
    greedy,
    shifted,
    translator,
    translator_without_attention,
)

__all__ = [
    "LENGTH",
    "TOKENS",
    "Data",
    "Examples",
    "build",
    "build_without_attention",
    "encode",
    "exact_match",
    "make_data",
    "mirror_mass",
    "quality_by_length",
    "reverse",
]

SHORTEST = 3
#: The most letters that a word may have.
LENGTH = 20
#: The token of each id; id 0 fills up short words, and "<" stands before the first letter.
TOKENS = ["", *"abcdefghijklmnopqrstuvwxyz", "<"]
START = TOKENS.index("<")
RATE = 0.005
EPOCHS = 5
TRAIN = 12032
BATCH = 64


class Examples(NamedTuple):
    """Words and the same words backwards.

    Attributes
    ----------
    sources, targets : ndarray of int32, shape (n, 20)
        Ids of the letters, 0 after the end.
    lengths : ndarray of int64, shape (n,)
        How many letters each word has.
    """

    sources: NDArray[np.int32]
    targets: NDArray[np.int32]
    lengths: NDArray[np.int64]

    @property
    def inputs(self) -> list[NDArray[np.int32]]:
        """What the model gets in training: the sources, and the answer one place later."""
        return [self.sources, shifted(self.targets, START)]


class Data(NamedTuple):
    """Examples to train on, and other words that training never sees."""

    train: Examples
    test: Examples


def make_data(train: int = TRAIN, test: int = 2000, *, seed: int = 0) -> Data:
    """Draw words of 3 to 20 random letters, as many of each length; no word is in both parts.

    Parameters
    ----------
    train, test : int
        How many words to train on, and how many to hold out.
    seed : int, default 0
        Draws everything: the same seed gives the same data.

    Returns
    -------
    Data
        Its `train` and `test` are Examples.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a whole number that makes sense.
    """
    train = as_integer("train", train, least=1)
    test = as_integer("test", test, least=1)
    rng = np.random.default_rng(as_integer("seed", seed, least=0))
    # Some more than needed, because equal words are dropped: few, and only the shortest.
    drawn = train + test + (train + test) // 20
    lengths = rng.integers(SHORTEST, LENGTH + 1, drawn)
    letters = rng.integers(1, START, (drawn, LENGTH), dtype=np.int32)
    sources = np.where(np.arange(LENGTH) < lengths[:, None], letters, 0).astype(np.int32)
    _, kept = np.unique(sources, axis=0, return_index=True)
    kept = np.sort(kept)[: train + test]
    return Data(_examples(sources[kept[:train]]), _examples(sources[kept[train:]]))


def _examples(sources: NDArray[np.int32]) -> Examples:
    lengths = (sources != 0).sum(axis=1)
    # The last letter comes first; places after the end stay where they are.
    places = np.arange(LENGTH)
    order = np.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)
    return Examples(sources, np.take_along_axis(sources, order, axis=1), lengths)


def encode(text: str) -> NDArray[np.int32]:
    """Turn a word that a student typed into ids.

    Parameters
    ----------
    text : str
        3 to 20 letters from a to z; capital letters do not count.

    Returns
    -------
    ndarray of int32, shape (20,)
        Ids of the letters, 0 after the end.

    Raises
    ------
    PlainError
        If the word is empty, too short or too long, or has another character.
    """
    typed = str(text).strip().lower()
    if not typed:
        raise PlainError("Type a word, such as attention.")
    unknown = sorted(set(typed) - set(TOKENS[1:START]))
    if unknown:
        named = " ".join("space" if token == " " else token for token in unknown)
        raise PlainError(f"The model knows the letters a to z only, not {named}.")
    if not SHORTEST <= len(typed) <= LENGTH:
        raise PlainError(f"A word wants {SHORTEST} to {LENGTH} letters; this one has {len(typed)}.")
    ids = np.zeros(LENGTH, dtype=np.int32)
    ids[: len(typed)] = [TOKENS.index(token) for token in typed]
    return ids


def build(*, seed: int = 0) -> tuple[Any, Any]:
    """Make the model, and the one with the same layers that tells its weights.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    model, looker : keras.Model
        As from `attention_edu.tasks.dates.translator`.
    """
    from attention_edu.tasks import keras

    keras.utils.set_random_seed(seed)
    size = (LENGTH, len(TOKENS))
    return translator(size, size, rate=_slower(keras))


def _slower(keras: Any) -> Any:
    """Make a rate of learning that falls to 0: the last steps are small, and seeds differ less."""
    return keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * TRAIN // BATCH)


def build_without_attention(*, seed: int = 0) -> Any:
    """Make the same model with one fixed vector in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    keras.Model
        As from `attention_edu.tasks.dates.translator_without_attention`.
    """
    from attention_edu.tasks import keras

    keras.utils.set_random_seed(seed)
    size = (LENGTH, len(TOKENS))
    return translator_without_attention(size, size, rate=_slower(keras))


def reverse(model: Any, looker: Any, text: str) -> tuple[str, NDArray[np.float32]]:
    """Let the model write one word backwards.

    Parameters
    ----------
    model, looker : keras.Model
        From `build`.
    text : str
        The word.

    Returns
    -------
    answer : str
        What the model wrote.
    weights : ndarray, shape (len(answer), len(text))
        Where it looked for each letter of the answer; each row sums to 1.

    Raises
    ------
    PlainError
        As from `encode`.
    """
    source = encode(text)[None]
    ids = greedy(model, source, LENGTH, START)
    weights = looker.predict_on_batch([source, shifted(ids, START)])[0]
    answer = "".join(TOKENS[i] for i in ids[0])
    # An untrained model may leave a place empty before the end; it is no letter of the answer.
    return answer, weights[ids[0] != 0, : int((source != 0).sum())]


def _right(model: Any, examples: Examples) -> NDArray[np.bool_]:
    answers = greedy(model, examples.sources, LENGTH, START)
    return np.asarray((answers == examples.targets).all(axis=1))


def exact_match(model: Any, examples: Examples, *, least: int = SHORTEST) -> float:
    """Return the share of words of at least `least` letters that come out right, from 0 to 1."""
    return float(_right(model, examples)[examples.lengths >= least].mean())


def quality_by_length(model: Any, examples: Examples) -> dict[int, float]:
    """Return the share of words that come out right, from 0 to 1, for each length."""
    right = _right(model, examples)
    return {
        int(length): float(right[examples.lengths == length].mean())
        for length in np.unique(examples.lengths)
    }


def mirror_mass(looker: Any, examples: Examples) -> float:
    """Return how much of each letter's weight, from 0 to 1, lies on the letter it must copy."""
    weights = np.asarray(looker.predict_on_batch(examples.inputs))
    source = examples.lengths[:, None] - 1 - np.arange(LENGTH)
    on_it = np.take_along_axis(weights, np.maximum(source, 0)[..., None], axis=2)[..., 0]
    return float(on_it[source >= 0].mean())
