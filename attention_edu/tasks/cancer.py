"""Scikit-learn's breast cancer data: 569 real patients, thirty measured features as tokens.

Wolberg, Street & Mangasarian, Breast Cancer Wisconsin (Diagnostic), UCI, 1995,
doi:10.24432/C5DW2B; it is shipped with scikit-learn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError

__all__ = [
    "FEATURES",
    "Data",
    "accuracy",
    "build",
    "build_without_attention",
    "encode",
    "feature_weights",
    "logistic_regression_accuracy",
    "make_data",
]

#: How many features a patient has.
FEATURES = 30
RATE = 0.05
EPOCHS = 12
BATCH = 32


class Data(NamedTuple):
    """Patients to train on and others to test with.

    Attributes
    ----------
    train_inputs, test_inputs : ndarray of float32, shape (n, 30)
        The features; each has mean 0 and standard deviation 1 over the patients to train on.
    train_labels, test_labels : ndarray of float32, shape (n,)
        1.0 for benign, 0.0 for malignant, as in scikit-learn.
    train_patients, test_patients : ndarray of int64
        The patients' row numbers in scikit-learn's table.
    names : list of str
        The thirty features' names.
    mean, spread : ndarray of float64, shape (30,)
        What was subtracted, and by what was divided.
    """

    train_inputs: NDArray[np.float32]
    train_labels: NDArray[np.float32]
    test_inputs: NDArray[np.float32]
    test_labels: NDArray[np.float32]
    train_patients: NDArray[np.int64]
    test_patients: NDArray[np.int64]
    names: list[str]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


def make_data(*, seed: int = 0) -> Data:
    """Split the patients: 416 to train on, 153 held out.

    Parameters
    ----------
    seed : int, default 0
        Draws the split, with the same share of benign cases on both sides.

    Returns
    -------
    Data
        No patient is on both sides.

    Raises
    ------
    TypeError, ValueError
        If `seed` is not a whole number of at least 0.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    table = load_breast_cancer()
    train, test = train_test_split(
        np.arange(len(table.target)),
        test_size=153,
        stratify=table.target,
        random_state=as_integer("seed", seed, least=0),
    )
    mean = table.data[train].mean(axis=0)
    spread = table.data[train].std(axis=0)
    inputs = ((table.data - mean) / spread).astype(np.float32)
    labels = table.target.astype(np.float32)
    return Data(
        inputs[train],
        labels[train],
        inputs[test],
        labels[test],
        train,
        test,
        [str(name) for name in table.feature_names],
        mean,
        spread,
    )


def encode(patient: Any, data: Data) -> NDArray[np.float32]:
    """Turn the thirty measured numbers of a patient into the model's input.

    Parameters
    ----------
    patient : array_like, shape (30,)
        The features in their own units, in the order of `data.names`.
    data : Data
        Says how to standardise them.

    Returns
    -------
    ndarray of float32, shape (30,)
        The standardised features.

    Raises
    ------
    PlainError
        If these are not thirty finite numbers.
    """
    try:
        numbers = np.asarray(patient, dtype=np.float64)
    except (TypeError, ValueError):
        raise PlainError("A patient is a row of thirty numbers.") from None
    if numbers.shape != (FEATURES,) or not np.isfinite(numbers).all():
        raise PlainError(f"A patient is a row of thirty numbers; got shape {numbers.shape}.")
    return ((numbers - data.mean) / data.spread).astype(np.float32)


def build(*, seed: int = 0, queries: int = 1) -> tuple[Any, Any]:
    """Make the model: learned queries choose among the features by their names.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.
    queries : int, default 1
        How many learned queries look at the features.

    Returns
    -------
    model : keras.Model
        Takes features (n, 30) to the probability (n, 1) of benign; compiled.
    looker : keras.Model
        The same layers, to the attention weights (n, queries, 30).
    """
    from attention_edu.tasks import keras

    layers, ops = keras.layers, keras.ops
    keras.utils.set_random_seed(seed)
    features = keras.Input((FEATURES,))
    values = layers.EinsumDense("nf,fd->nfd", (FEATURES, 8), bias_axes="fd", name="values")(
        features
    )  # x·v + b, with a vector v and a vector b for each feature
    numbers = 0 * features + ops.arange(FEATURES, dtype="float32")  # 0 … 29 for each patient
    keys = layers.Embedding(FEATURES, 8, name="keys")(numbers)
    query = layers.Embedding(queries, 8, name="query")(
        0 * features[:, :queries] + ops.arange(queries, dtype="float32")
    )
    context, weights = layers.Attention(use_scale=True, name="attention")(
        [query, values, keys], return_attention_scores=True
    )
    answer = layers.Dense(1, activation="sigmoid", name="answer")(layers.Flatten()(context))
    model = keras.Model(features, answer)
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    return model, keras.Model(features, weights)


def build_without_attention(*, seed: int = 0) -> Any:
    """Make the same model with the plain mean of the feature tokens in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    keras.Model
        Takes features (n, 30) to the probability (n, 1) of benign; compiled.
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    keras.utils.set_random_seed(seed)
    features = keras.Input((FEATURES,))
    values = layers.EinsumDense("nf,fd->nfd", (FEATURES, 8), bias_axes="fd")(features)
    mean = layers.GlobalAveragePooling1D()(values)
    answer = layers.Dense(1, activation="sigmoid")(mean)
    model = keras.Model(features, answer)
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    return model


def accuracy(model: Any, data: Data) -> float:
    """Return the share of held-out patients, from 0 to 1, that the model gets right."""
    said = np.asarray(model(data.test_inputs))[:, 0] > 0.5
    return float((said == (data.test_labels > 0.5)).mean())


def logistic_regression_accuracy(data: Data) -> float:
    """Return what scikit-learn's logistic regression reaches on the same held-out patients."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=1000).fit(data.train_inputs, data.train_labels)
    return float(model.score(data.test_inputs, data.test_labels))


def feature_weights(looker: Any, data: Data) -> NDArray[np.floating[Any]]:
    """Return the attention weights of the held-out patients, averaged; shape (queries, 30)."""
    return np.asarray(np.mean(looker(data.test_inputs), axis=0))
