"""Two digits of a row are marked, and the question is whether their sum is ten or more.

A row has 8 to 24 tokens, digits and two stars; only the digit after each star counts. Where to
look is known for every row, so it can be measured whether attention looks there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError

__all__ = [
    "LENGTH",
    "TOKENS",
    "Data",
    "Examples",
    "accuracy",
    "build",
    "build_without_attention",
    "encode",
    "make_data",
    "relevant_mass",
]

#: The most tokens that a row may have.
LENGTH = 24
SHORTEST = 8
RATE = 0.01
EPOCHS = 5
BATCH = 64
#: The token of each id; id 0 fills up short rows.
TOKENS = ["", *"0123456789", "*"]
STAR = TOKENS.index("*")


class Examples(NamedTuple):
    """Rows of tokens with their answers.

    Attributes
    ----------
    tokens : ndarray of int32, shape (n, 24)
        Ids of the tokens, 0 after the end.
    labels : ndarray of float32, shape (n,)
        1.0 where the two marked digits sum to ten or more, else 0.0.
    relevant : ndarray of bool, shape (n, 24)
        True at the two marked digits.
    """

    tokens: NDArray[np.int32]
    labels: NDArray[np.float32]
    relevant: NDArray[np.bool_]


class Data(NamedTuple):
    """Examples to train on, and others that training never sees."""

    train: Examples
    test: Examples


def make_data(train: int = 8000, test: int = 2000, *, seed: int = 0) -> Data:
    """Draw rows of digits; no row is in both parts.

    Parameters
    ----------
    train, test : int
        How many rows to train on, and how many to hold out.
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
    # Some more than needed, because equal rows are dropped.
    drawn = train + test + 100
    tokens = rng.integers(1, 11, (drawn, LENGTH), dtype=np.int32)
    relevant = np.zeros((drawn, LENGTH), dtype=bool)
    for row, mark in zip(tokens, relevant):
        length = int(rng.integers(SHORTEST, LENGTH + 1))
        # Two places of the length - 2 pairs "star, digit" that do not overlap.
        first, second = np.sort(rng.choice(length - 2, 2, replace=False))
        second += 1
        row[[first, second]] = STAR
        row[length:] = 0
        mark[[first + 1, second + 1]] = True
    _, kept = np.unique(tokens, axis=0, return_index=True)
    kept = np.sort(kept)[: train + test]
    return Data(
        _examples(tokens[kept[:train]], relevant[kept[:train]]),
        _examples(tokens[kept[train:]], relevant[kept[train:]]),
    )


def _examples(tokens: NDArray[np.int32], relevant: NDArray[np.bool_]) -> Examples:
    sums = np.where(relevant, tokens - 1, 0).sum(axis=1)
    return Examples(tokens, (sums >= 10).astype(np.float32), relevant)


def encode(text: str) -> NDArray[np.int32]:
    """Turn a row that a student typed into ids.

    Parameters
    ----------
    text : str
        Digits and two stars, each before a digit; spaces do not count.

    Returns
    -------
    ndarray of int32, shape (24,)
        Ids of the tokens, 0 after the end.

    Raises
    ------
    PlainError
        If the text is empty or too long, has another character, or does not mark two digits.
    """
    typed = "".join(str(text).split())
    if not typed:
        raise PlainError("Type a row of digits with two stars, such as 35*7280*41.")
    unknown = sorted(set(typed) - set(TOKENS[1:]))
    if unknown:
        some = " ".join(unknown[:8]) + (" …" if len(unknown) > 8 else "")
        raise PlainError(f"The model knows digits and the star only, not {some}.")
    if len(typed) > LENGTH:
        raise PlainError(f"At most {LENGTH} tokens fit; these are {len(typed)}.")
    if typed.count("*") != 2 or "**" in typed or typed.endswith("*"):
        raise PlainError("The row wants two stars, each right before a digit: 35*7280*41.")
    ids = np.zeros(LENGTH, dtype=np.int32)
    ids[: len(typed)] = [TOKENS.index(token) for token in typed]
    return ids


def build(*, seed: int = 0) -> tuple[Any, Any]:
    """Make the model: one learned query looks for the digits that come after a star.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    model : keras.Model
        Takes tokens (n, 24) to the probability (n, 1) that the label is 1; compiled.
    looker : keras.Model
        The same layers, to the attention weights (n, 1, 24).
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    keras.utils.set_random_seed(seed)
    tokens = keras.Input((LENGTH,), dtype="int32")
    values = layers.Embedding(len(TOKENS), 16, name="values")(tokens)  # what each token is
    keys = layers.Conv1D(16, 2, padding="causal", name="keys")(values)  # and what stood before it
    nothing = 0 * tokens[:, :1]  # the one row of the table below, whatever the tokens are
    query = layers.Embedding(1, 16, name="query")(nothing)
    context, weights = layers.Attention(use_scale=True, name="attention")(
        [query, values, keys],
        mask=[None, tokens != 0],  # the filling after the end gets no weight
        return_attention_scores=True,
    )
    answer = layers.Dense(1, activation="sigmoid", name="answer")(layers.Flatten()(context))
    model = keras.Model(tokens, answer)
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    return model, keras.Model(tokens, weights)


def build_without_attention(*, seed: int = 0, look_back: bool = False) -> Any:
    """Make the same model with the plain mean of the tokens in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.
    look_back : bool, default False
        Take the mean of the keys, which know the token before, instead of the values. With enough
        examples this reaches what attention reaches: one fixed query is a learned kind of mean.

    Returns
    -------
    keras.Model
        Takes tokens (n, 24) to the probability (n, 1) that the label is 1; compiled.
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    keras.utils.set_random_seed(seed)
    tokens = keras.Input((LENGTH,), dtype="int32")
    inputs = layers.Embedding(len(TOKENS), 16)(tokens)
    if look_back:
        inputs = layers.Conv1D(16, 2, padding="causal", activation="relu")(inputs)
    mean = layers.GlobalAveragePooling1D()(inputs, mask=tokens != 0)
    answer = layers.Dense(1, activation="sigmoid")(mean)
    model = keras.Model(tokens, answer)
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    return model


def accuracy(model: Any, examples: Examples) -> float:
    """Return the share of rows, from 0 to 1, for which the model says the right answer."""
    said = np.asarray(model(examples.tokens))[:, 0] > 0.5
    return float((said == (examples.labels > 0.5)).mean())


def relevant_mass(looker: Any, examples: Examples) -> float:
    """Return how much of the weight, from 0 to 1, lies on the marked digits on average."""
    weights = np.asarray(looker(examples.tokens))[:, 0]
    return float((weights * examples.relevant).sum(axis=1).mean())
