"""Read the one whole handwritten digit in an image full of fragments.

Real digits from scikit-learn (1,797 images of 8 × 8 pixels) are placed somewhere in an image of
24 × 24, among fragments of other digits. Alpaydin & Kaynak, Optical Recognition of Handwritten
Digits, UCI, 1998, doi:10.24432/C50P49.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError

__all__ = [
    "DIGIT",
    "GRID",
    "SIZE",
    "Data",
    "Examples",
    "Reading",
    "accuracy",
    "box_mass",
    "build",
    "build_without_attention",
    "compose",
    "encode",
    "looking",
    "make_clutter",
    "make_data",
    "read",
    "source_images",
]

#: The side of an image, in pixels.
SIZE = 24
#: The side of the whole digit, in pixels.
DIGIT = 8
#: The model looks at 12 × 12 places of 2 × 2 pixels each.
GRID = 12
HELD_OUT = 297  # of the 1,797 source images
RATE = 0.003  # at first; it falls to 0 in STEPS steps
EPOCHS = 4
TRAIN = 20032
BATCH = 64
STEPS = EPOCHS * TRAIN // BATCH


class Examples(NamedTuple):
    """Images with a digit in clutter.

    Attributes
    ----------
    images : ndarray of float32, shape (n, 24, 24, 1)
        From 0, the paper, to 1, the ink.
    labels : ndarray of int32, shape (n,)
        Which digit it is.
    boxes : ndarray of int64, shape (n, 2)
        The row and column of the upper left pixel of the digit's 8 × 8 pixels.
    sources : ndarray of int64, shape (n,)
        The number of the digit's image in scikit-learn's table.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int32]
    boxes: NDArray[np.int64]
    sources: NDArray[np.int64]


class Data(NamedTuple):
    """Images to train on, and others made from handwriting that training never sees."""

    train: Examples
    test: Examples


@cache
def _handwriting() -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return scikit-learn's images, from 0 to 1, and which digits they show."""
    from sklearn.datasets import load_digits

    table = load_digits()
    return (table.images / 16).astype(np.float32), table.target.astype(np.int32)


def source_images(*, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split scikit-learn's images: 1,500 to train on, 297 held out.

    Parameters
    ----------
    seed : int, default 0
        Draws the split, with the same share of each digit on both sides.

    Returns
    -------
    train, test : ndarray of int64
        Row numbers in scikit-learn's table; digits and fragments come from the same side.
    """
    from sklearn.model_selection import train_test_split

    _, target = _handwriting()
    train, test = train_test_split(
        np.arange(len(target)),
        test_size=HELD_OUT,
        stratify=target,
        random_state=as_integer("seed", seed, least=0),
    )
    return train, test


def make_data(train: int = TRAIN, test: int = 1000, *, fragments: int = 10, seed: int = 0) -> Data:
    """Place digits in clutter.

    Parameters
    ----------
    train, test : int
        How many images to train on, and how many to hold out. Digits and fragments of the two
        parts come from different handwritten images.
    fragments : int, default 10
        How many pieces of other digits lie around.
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
    fragments = as_integer("fragments", fragments, least=0)
    seen, unseen = source_images(seed=seed)
    rng = np.random.default_rng(seed)
    return Data(_examples(train, seen, fragments, rng), _examples(test, unseen, fragments, rng))


def _examples(
    count: int, sources: NDArray[np.int64], fragments: int, rng: np.random.Generator
) -> Examples:
    table, digits = _handwriting()
    drawn = rng.choice(sources, count)
    boxes = rng.integers(0, SIZE - DIGIT + 1, (count, 2))
    images = np.stack([make_clutter(sources, fragments, rng, avoid=tuple(box)) for box in boxes])
    for image, source, (row, column) in zip(images, drawn, boxes):
        image[row : row + DIGIT, column : column + DIGIT] = table[source]
    return Examples(images[..., None], digits[drawn], boxes, drawn)


def make_clutter(
    sources: NDArray[np.int64],
    fragments: int,
    rng: np.random.Generator,
    *,
    avoid: tuple[int, int] | None = None,
) -> NDArray[np.float32]:
    """Strew fragments of digits, 4 × 4 pixels each, over an image.

    Parameters
    ----------
    sources : ndarray of int64
        Row numbers of the images in scikit-learn's table to cut the fragments from.
    fragments : int
        How many.
    rng : numpy.random.Generator
        Draws them.
    avoid : tuple of two int, optional
        The row and column of an 8 × 8 box that stays free.

    Returns
    -------
    ndarray of float32, shape (24, 24)
        From 0, the paper, to 1, the ink.
    """
    piece = DIGIT // 2
    table, _ = _handwriting()
    corners = np.zeros((0, 2), dtype=np.int64)
    while len(corners) < fragments:
        drawn = rng.integers(0, SIZE - piece + 1, (2 * fragments, 2))
        if avoid is not None:
            box = np.array(avoid)
            touching = (drawn > box - piece) & (drawn < box + DIGIT)
            drawn = drawn[~touching.all(axis=1)]
        corners = np.concatenate([corners, drawn])[:fragments]
    # From the middle rows and columns, where there is ink.
    cuts = rng.integers(1, DIGIT - piece, (fragments, 2))
    image = np.zeros((SIZE, SIZE), dtype=np.float32)
    numbers = zip(rng.choice(sources, fragments), corners.tolist(), cuts.tolist())
    for source, (row, column), (top, start) in numbers:
        place = image[row : row + piece, column : column + piece]
        np.maximum(place, table[source, top : top + piece, start : start + piece], out=place)
    return image


def compose(digit: Any, row: int, column: int, clutter: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put a digit into clutter; its box covers what was there.

    Parameters
    ----------
    digit : array_like, shape (8, 8)
        From 0, the paper, to 1, the ink.
    row, column : int
        The upper left pixel, from 0 to 16.
    clutter : ndarray, shape (24, 24)
        From `make_clutter`.

    Returns
    -------
    ndarray of float32, shape (24, 24)
        A new image.

    Raises
    ------
    PlainError
        If the digit does not fit into the image there.
    """
    drawn = np.asarray(digit, dtype=np.float32)
    row, column = as_integer("row", row), as_integer("column", column)
    last = SIZE - DIGIT
    if drawn.shape != (DIGIT, DIGIT):
        raise PlainError(f"A digit has {DIGIT} × {DIGIT} pixels; this one has {drawn.shape}.")
    if not (0 <= row <= last and 0 <= column <= last):
        raise PlainError(f"Row and column want numbers from 0 to {last}; got {row} and {column}.")
    image = np.array(clutter, dtype=np.float32)
    image[row : row + DIGIT, column : column + DIGIT] = drawn
    return image


def encode(image: Any) -> NDArray[np.float32]:
    """Check an image that a student made, and shape it for the model.

    Parameters
    ----------
    image : array_like, shape (24, 24)
        From 0, the paper, to 1, the ink.

    Returns
    -------
    ndarray of float32, shape (24, 24, 1)
        The same numbers.

    Raises
    ------
    PlainError
        If it has another shape, numbers out of range, or no ink at all.
    """
    try:
        pixels = np.asarray(image, dtype=np.float32)
    except (TypeError, ValueError):
        raise PlainError(f"An image is a table of {SIZE} × {SIZE} numbers.") from None
    if pixels.shape != (SIZE, SIZE):
        raise PlainError(f"An image has {SIZE} × {SIZE} pixels; this one has shape {pixels.shape}.")
    if not ((pixels >= 0) & (pixels <= 1)).all():
        raise PlainError("Pixels are numbers from 0, the paper, to 1, the ink.")
    if not pixels.any():
        raise PlainError("The image is empty: draw a digit first.")
    return pixels[..., None]


def build(*, seed: int = 0) -> tuple[Any, Any]:
    """Make the model: three convolutions describe 144 places, one learned query looks at them.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    model : keras.Model
        Takes images (n, 24, 24, 1) to the probabilities (n, 10) of the digits; compiled.
    looker : keras.Model
        The same layers, to the attention weights (n, 1, 144), row after row of the 12 × 12 places.
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 1))
    values = layers.Reshape((GRID * GRID, 64), name="values")(_features(image))
    keys = layers.Dense(64, name="keys")(values)
    nothing = 0 * image[:, :1, 0, 0]  # the table below has one vector only
    query = layers.Embedding(1, 64, name="query")(nothing)  # "a whole digit"
    found, _ = layers.AdditiveAttention(name="attention")(
        [query, values, keys], return_attention_scores=True
    )
    answer = layers.Dense(10, activation="softmax", name="answer")(found[:, 0])
    model = keras.Model(image, answer)
    _compile(model)
    return model, looking(model)


def looking(model: Any) -> Any:
    """Make the model that tells where another one looks; it shares its layers.

    Parameters
    ----------
    model : keras.Model
        From `build`, or loaded from the file of such a model.

    Returns
    -------
    keras.Model
        From images (n, 24, 24, 1) to the attention weights (n, 1, 144).
    """
    from attention_edu.tasks import keras

    weights = model.get_layer("attention").output[1]  # output[0] is what was found
    return keras.Model(model.input, weights)


def build_without_attention(*, seed: int = 0) -> Any:
    """Make the same model with the plain mean of the places in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    keras.Model
        Takes images (n, 24, 24, 1) to the probabilities (n, 10) of the digits; compiled.
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 1))
    mean = layers.GlobalAveragePooling2D()(_features(image))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(mean))
    _compile(model)
    return model


def _features(image: Any) -> Any:
    """Describe 12 × 12 places by 64 numbers each; a place sees 12 × 12 pixels around it."""
    from attention_edu.tasks import keras

    layers = keras.layers
    # Plain ReLUs can all die in the first epoch, while the query still looks everywhere alike.
    features = layers.Conv2D(16, 3, padding="same", activation="leaky_relu")(image)
    # The largest of 2 × 2, and no stride: so a place sees equally far to all sides, and the weight
    # lies on the digit rather than beside it.
    features = layers.MaxPooling2D(2)(features)
    features = layers.Conv2D(32, 3, padding="same", activation="leaky_relu")(features)
    return layers.Conv2D(64, 3, padding="same", activation="leaky_relu")(features)


def _compile(model: Any) -> None:
    from attention_edu.tasks import keras

    # A rate that falls to 0: the last steps are small, and seeds differ less.
    rate = keras.optimizers.schedules.CosineDecay(RATE, STEPS)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )


class Reading(NamedTuple):
    """What the model sees in one image.

    Attributes
    ----------
    digit : int
        The digit that it finds most likely.
    probabilities : ndarray, shape (10,)
        How likely each digit is.
    weights : ndarray, shape (12, 12)
        Where it looked; they sum to 1.
    """

    digit: int
    probabilities: NDArray[np.float32]
    weights: NDArray[np.float32]


def read(model: Any, looker: Any, image: Any) -> Reading:
    """Read one image.

    Parameters
    ----------
    model, looker : keras.Model
        From `build`.
    image : array_like, shape (24, 24)
        As for `encode`.

    Returns
    -------
    Reading
        The digit, and where the model looked.

    Raises
    ------
    PlainError
        As from `encode`.
    """
    pixels = encode(image)[None]
    said = model.predict_on_batch(pixels)[0]  # compiled on the first call, quick from then on
    weights = looker.predict_on_batch(pixels)[0, 0]
    return Reading(int(said.argmax()), said, weights.reshape(GRID, GRID))


def accuracy(model: Any, examples: Examples) -> float:
    """Return the share of images, from 0 to 1, that the model reads right."""
    said = model.predict(examples.images, batch_size=500, verbose=0).argmax(axis=1)
    return float((said == examples.labels).mean())


def box_mass(looker: Any, examples: Examples) -> float:
    """Return how much of the weight, from 0 to 1, lies on the digit's 8 × 8 pixels on average."""
    weights = looker.predict(examples.images, batch_size=500, verbose=0).reshape(-1, GRID, GRID)
    # Each place covers 2 × 2 pixels, which share its weight.
    pixels = weights.repeat(2, axis=1).repeat(2, axis=2) / 4
    inside = [
        pixel[row : row + DIGIT, column : column + DIGIT].sum()
        for pixel, (row, column) in zip(pixels, examples.boxes)
    ]
    return float(np.mean(inside))
