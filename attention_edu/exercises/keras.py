"""Exercises on Keras's attention layers: what they compute, in which shapes, with which weights."""

from __future__ import annotations

import numpy as np

from attention_edu.attention import additive_scores, dot_product_scores, softmax, weighted_sum
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    NumberExercise,
    SentenceExercise,
    WrongAnswer,
)

BATCH_MIXING = ChoiceExercise(
    id="batch_mixing",
    notebook="06",
    title="say what becomes of the first row's output when the second row of the batch changes",
    options=("stays", "changes"),
    right="changes",
    why="The layer takes the last two axes for tokens and components; here these are rows of the "
    "batch and their numbers, so that the rows attend to each other.",
    wrong=(
        WrongAnswer(
            "rows-of-a-batch-are-apart",
            "It should stay, for rows of a batch have nothing to do with each other. But this "
            "input has two axes only, and the layer reads the first one as its tokens.",
            "ask what the rows of the score matrix stand for when the input has the shape (2, 3).",
            ("stays",),
        ),
    ),
    hints=(
        "Attention makes a matrix of scores, of tokens by tokens. Which axis of the shape (2, 3) "
        "does it take for the tokens?",
        "In notebook 04 an array of the shape (6, 2) was six words with two components each. What "
        "is an array of the shape (2, 3) to the layer?",
    ),
    solutions=('answer = "changes"', 'answer = "Changes."'),
    next_step="run the next cell, and compare the first row of both outputs.",
)

_LENGTH, _COMPONENTS, _BATCH = 24, 16, 32

OUTPUTS_PER_ROW = NumberExercise(
    id="outputs_per_row",
    notebook="06",
    title="say how many numbers Dense(1) makes of one row of 24 tokens with 16 components each",
    reference=lambda: float(np.ones((_LENGTH, _COMPONENTS)).dot(np.ones((_COMPONENTS, 1))).size),
    noun="the number of outputs for one row",
    why="Dense works on the last axis alone: it turns the 16 components of every token into one.",
    atol=0.1,
    wrong=(
        WrongAnswer(
            "one-for-the-row",
            "One is what we want for each row, but Dense does not know: it works on the last axis, "
            "and leaves the axis of the tokens as it is.",
            "multiply a matrix of the shape (24, 16) by one of (16, 1), and count the numbers.",
            (1.0,),
        ),
        WrongAnswer(
            "components-kept",
            "16 is the number of components that go in. Dense(1) turns these 16 into 1, for every "
            "token.",
            "write the shapes down: (24, 16) @ (16, 1).",
            (16.0,),
        ),
        WrongAnswer(
            "nothing-joined",
            "Your number is 24 · 16, all numbers that go in. Dense(1) joins the 16 components of a "
            "token into one.",
            "write the shapes down: (24, 16) @ (16, 1).",
            (384.0,),
        ),
        WrongAnswer(
            "all-rows",
            "Your number counts the outputs of all 32 rows of a batch; asked is one row.",
            "divide by the number of rows.",
            (768.0, 32.0),
        ),
    ),
    hints=(
        "Dense(1) multiplies by a matrix of the shape (16, 1). Which axis does that concern?",
        "An array of the shape (24, 16) times one of the shape (16, 1): what is the shape then?",
    ),
    solutions=("answer = 24", "answer = (np.ones((24, 16)) @ np.ones((16, 1))).size"),
    next_step="run the next cell: it prints the shape.",
)

_WIDTH, _HEADS, _KEY_DIM = 16, 2, 8


def _multi_head_parameters() -> float:
    """Count four projections of 16 components onto 2 heads of 8, with their biases."""
    joined = _HEADS * _KEY_DIM
    return float(3 * (_WIDTH * joined + joined) + joined * _WIDTH + _WIDTH)


MULTI_HEAD_PARAMETERS = NumberExercise(
    id="multi_head_parameters",
    notebook="06",
    title="count the trainable numbers of MultiHeadAttention(num_heads=2, key_dim=8) on vectors "
    "of 16 components",
    reference=_multi_head_parameters,
    noun="the number of trainable numbers",
    why="There are four projections, for query, key, value and output, each with 16 · 16 weights "
    "and 16 biases.",
    atol=0.1,
    wrong=(
        WrongAnswer(
            "biases-left-out",
            "Your number counts the four matrices. Keras adds a bias to each projection, unless "
            "you say use_bias=False.",
            "add the 16 biases of each projection.",
            (1024.0,),
        ),
        WrongAnswer(
            "output-projection-left-out",
            "Your number counts the projections of query, key and value: what the heads found is "
            "projected as well, by a fourth matrix.",
            "add the projection of the output.",
            (816.0, 768.0),
        ),
        WrongAnswer(
            "one-head-only",
            "Your number counts one head: each of the two heads has its own projections.",
            "take 2 · 8 columns for each projection, not 8.",
            (552.0, 512.0, 560.0),
        ),
        WrongAnswer(
            "heads-counted-twice",
            "Your number counts the heads twice: 2 heads of 8 components make 16 columns, and "
            "these are in each matrix already.",
            "take 16 · 16 weights for each projection, and do not double them.",
            (2176.0, 2048.0),
        ),
        WrongAnswer(
            "no-projections",
            "Attention itself has no trainable matrices, but MultiHeadAttention projects query, "
            "key, value and output.",
            "count the projections.",
            (0.0, 1.0),
        ),
    ),
    hints=(
        "Which projections are there? Each is a Dense layer: a matrix and a bias.",
        "Query, key and value go from 16 components to 2 · 8 each; the output goes from 2 · 8 back "
        "to 16. Count the weights and the biases of one of them first.",
    ),
    solutions=(
        "answer = 4 * (16 * 16 + 16)",
        "answer = 3 * (16 * 2 * 8 + 2 * 8) + 2 * 8 * 16 + 16",
    ),
    next_step="run the next cell: it asks the layer itself.",
)


# ---------------------------------------------------------------------------------------------
# What AdditiveAttention computes
# ---------------------------------------------------------------------------------------------


def _additive(query: Array, key: Array, value: Array, scale: Array) -> Array:
    same = np.eye(len(scale))  # no projections: each component goes to the hidden layer as it is
    return weighted_sum(softmax(additive_scores(query, key, same, same, scale)), value)


# What students compute who have a misconception: wrong on purpose.


def _hidden(query: Array, key: Array) -> Array:
    return np.asarray(query[:, None, :] + key[None, :, :], dtype=np.float64)


def _scores(query: Array, key: Array, scale: Array) -> Array:
    return np.asarray(np.tanh(_hidden(query, key)) @ scale)


def _one_number(query: Array, key: Array, value: Array, scale: Array) -> Array:
    scores = scale.mean() * np.tanh(_hidden(query, key)).sum(axis=-1)
    return softmax(scores) @ value


def _first_number(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(scale[0] * np.tanh(_hidden(query, key)).sum(axis=-1)) @ value


def _without_scale(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(np.tanh(_hidden(query, key)).sum(axis=-1)) @ value


def _scale_inside(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(np.tanh(scale * _hidden(query, key)).sum(axis=-1)) @ value


def _without_tanh(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(_hidden(query, key) @ scale) @ value


def _tanh_of_the_sum(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(np.tanh(_hidden(query, key) @ scale)) @ value


def _dot(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(dot_product_scores(query, key)) @ value


def _dot_with_scale(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(dot_product_scores(query * scale, key)) @ value


def _tanh_of_products(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(np.tanh(query[:, None, :] * key[None, :, :]) @ scale) @ value


def _by_root_d(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(_scores(query, key, scale) / np.sqrt(query.shape[-1])) @ value


def _over_queries(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(_scores(query, key, scale), axis=0) @ value


def _without_softmax(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return _scores(query, key, scale) @ value


def _difference(query: Array, key: Array, value: Array, scale: Array) -> Array:
    return softmax(np.tanh(query[:, None, :] - key[None, :, :]) @ scale) @ value


def _random(seed: int, n_query: int, n_key: int, d: int, d_value: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(0, 1, (n_query, d)).round(1),
        rng.normal(0, 1, (n_key, d)).round(1),
        rng.normal(0, 4, (n_key, d_value)).round(1),
        rng.normal(0, 1.5, d).round(1),
    )


ADDITIVE_LAYER = FunctionExercise(
    id="additive_layer",
    notebook="06",
    title="compute what Keras's AdditiveAttention computes: scale · tanh(query + key), softmax, "
    "weighted sum of the values",
    parameters=("query", "key", "value", "scale"),
    reference=_additive,
    noun="outputs",
    shape_rule="a row for each query, and as many components as a value has",
    covers="one query and several, more queries than keys and fewer, values longer and shorter "
    "than keys, and scales of either sign",
    cases=(
        Case(
            (
                np.array([[1.0, 0.0]]),
                np.array([[0.0, 1.0], [-1.0, 0.5]]),
                np.array([[4.0, 0.0, 2.0], [0.0, 8.0, 6.0]]),
                np.array([2.0, -1.0]),
            ),
            "one query, two keys",
        ),
        Case(_random(71, 2, 4, 3, 5), "fewer queries than keys"),
        Case(_random(72, 5, 3, 4, 2), "more queries than keys"),
        Case(_random(73, 3, 3, 3, 3), "as many queries as keys as components"),
        Case(
            (
                np.array([[1, 0, 2], [0, -1, 1]]),
                np.array([[1, 1, 0], [2, 0, -1], [0, 1, 1], [1, 0, 1]]),
                np.array([[3, 0], [1, 4], [-2, 5], [0, 1]]),
                np.array([1, 2, -1]),
            ),
            "whole numbers",
        ),
    ),
    misconceptions=(
        Misconception(
            "one-number-as-scale",
            "Your outputs use the scale as a single number: that is how Attention does it, while "
            "AdditiveAttention has one number for each component.",
            "multiply each component of tanh(query + key) by its own number before you add up.",
            (_one_number, _first_number),
        ),
        Misconception(
            "scale-left-out",
            "Your outputs leave the scale out: it is what training changes, one number for each "
            "component.",
            "multiply tanh(query + key) by scale before you add up the components.",
            (_without_scale,),
        ),
        Misconception(
            "scale-inside-tanh",
            "Your outputs multiply by the scale inside tanh: there it only makes the curve "
            "steeper, and no component can count for more than 1.",
            "take tanh first, then multiply by scale.",
            (_scale_inside,),
        ),
        Misconception(
            "tanh-left-out",
            "Your outputs leave tanh out: the query then adds the same number to every score of "
            "its row, which softmax ignores, so that the query has no say.",
            "put np.tanh around the sum of query and key.",
            (_without_tanh,),
        ),
        Misconception(
            "tanh-of-the-score",
            "Your outputs take tanh of the whole score: it belongs around each component, before "
            "these are added up.",
            "take tanh of query + key, and then multiply by scale and add up.",
            (_tanh_of_the_sum,),
        ),
        Misconception(
            "multiplied-instead-of-added",
            "Your outputs come from products of query and key: additive scores add the two, as "
            "their name says.",
            "add query[:, None, :] and key[None, :, :].",
            (_dot, _dot_with_scale, _tanh_of_products),
        ),
        Misconception(
            "subtracted-instead-of-added",
            "Your outputs come from the difference of query and key: additive scores add the two.",
            "write + between query[:, None, :] and key[None, :, :].",
            (_difference,),
        ),
        Misconception(
            "divided-by-root-d",
            "Your outputs come from scores divided by √d: that belongs to scaled dot products; "
            "tanh keeps each component between −1 and 1 already.",
            "leave the division out.",
            (_by_root_d,),
        ),
        Misconception(
            "softmax-over-queries",
            "Your weights sum to 1 down the columns: each query has 100 % of its own, so that each "
            "row of the weights has to sum to 1.",
            "take softmax along the last axis.",
            (_over_queries,),
        ),
        Misconception(
            "softmax-left-out",
            "Your outputs lack softmax: scores may be negative, and need not add up to 1.",
            "put the scores through softmax before you multiply by the values.",
            (_without_softmax,),
        ),
    ),
    hints=(
        "Three steps, as always. Only the first one is new: the scores.",
        "query[:, None, :] + key[None, :, :] has the shape (n_query, n_key, d): every query with "
        "every key. What has to happen to the d components of each pair?",
        "The scores are np.tanh(…) @ scale. Go on with softmax, and then @ value.",
    ),
    solutions=(
        "def my_additive(query, key, value, scale):\n"
        "    pairs = query[:, None, :] + key[None, :, :]  # (n_query, n_key, d)\n"
        "    scores = np.tanh(pairs) @ scale  # (n_query, n_key)\n"
        "    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
        "    return powers / powers.sum(axis=-1, keepdims=True) @ value\n",
        "def my_additive(query, key, value, scale):\n"
        "    output = []\n"
        "    for q in query:\n"
        "        scores = np.array([(scale * np.tanh(q + k)).sum() for k in key])\n"
        "        weights = np.exp(scores) / np.exp(scores).sum()\n"
        "        output.append(sum(w * v for w, v in zip(weights, value)))\n"
        "    return np.array(output)\n",
    ),
    next_step="go on to the masks, and see what they do to the same layer.",
)

EXPLAIN_DISGUISE = SentenceExercise(
    id="explain_disguise",
    notebook="06",
    title="explain why attention does not beat logistic regression on the patients' data",
    points=(
        "the keys come from the features' names, and the query is the same for everybody",
        "so every patient gets the same weights",
        "with fixed weights, the model adds up features times numbers, as logistic regression does",
    ),
    hints=(
        "Which parts of the model see the patient's numbers: the query, the keys or the values?",
        "If the weights are the same for every patient, what kind of sum does the model compute?",
    ),
    solutions=(
        "Query and keys do not depend on the patient, so that everybody gets the same weights, and "
        "a weighted sum of features with fixed weights is just what logistic regression computes.",
        "The keys are made from the features' names alone, therefore the weights are the same for "
        "each patient, and all that is left is a sum of features times numbers: a logistic "
        "regression.",
    ),
    next_step="say what would have to change so that each patient gets weights of their own.",
)

EXERCISES = (
    BATCH_MIXING,
    OUTPUTS_PER_ROW,
    ADDITIVE_LAYER,
    MULTI_HEAD_PARAMETERS,
    EXPLAIN_DISGUISE,
)
