"""Exercises on step 1: score how well each key fits a query."""

from __future__ import annotations

from typing import Any

import numpy as np

from attention_edu.attention import dot_product_scores, softmax
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception


def _random(seed: int, n_query: int, n_key: int, d: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (n_query, d)).round(1), rng.normal(0, 2, (n_key, d)).round(1)


# What students compute who have a misconception: wrong on purpose.


def _product_without_sum(query: Array, key: Array) -> Array:
    return query[:, None, :] * key[None, :, :]


def _elementwise(query: Array, key: Array) -> Array:
    return query * key


def _pairs_only(query: Array, key: Array) -> Array:
    return np.asarray((query * key).sum(axis=-1))


def _transposed(query: Array, key: Array) -> Array:
    return key @ query.T


def _without_transposing(query: Array, key: Array) -> Array:
    return query @ key


def _scaled_by_root_d(query: Array, key: Array) -> Array:
    return dot_product_scores(query, key, scale=1 / np.sqrt(query.shape[-1]))


def _scaled_by_d(query: Array, key: Array) -> Array:
    return dot_product_scores(query, key, scale=1 / query.shape[-1])


def _cosine(query: Array, key: Array) -> Array:
    lengths = np.linalg.norm(query, axis=-1)[:, None] * np.linalg.norm(key, axis=-1)
    return np.asarray(dot_product_scores(query, key) / lengths)


def _softmax_already(query: Array, key: Array) -> Array:
    return softmax(dot_product_scores(query, key))


def _scaled_softmax_already(query: Array, key: Array) -> Array:
    return softmax(_scaled_by_root_d(query, key))


def _distance(query: Array, key: Array) -> Array:
    return np.asarray(np.linalg.norm(_differences(query, key), axis=-1))


def _negative_distance(query: Array, key: Array) -> Array:
    return -_distance(query, key)


def _squared_distance(query: Array, key: Array) -> Array:
    return np.asarray((_differences(query, key) ** 2).sum(axis=-1))


def _negative_squared_distance(query: Array, key: Array) -> Array:
    return -_squared_distance(query, key)


def _differences(query: Array, key: Array) -> Array:
    return query[:, None, :] - key[None, :, :]


def _first_row(query: Array, key: Array) -> Array:
    return np.asarray(query[0] @ key.T)


def _first_row_as_matrix(query: Array, key: Array) -> Array:
    return query[:1] @ key.T


def _first_score(query: Array, key: Array) -> Any:
    return query[0] @ key[0]


def _first_column(query: Array, key: Array) -> Any:
    return query @ key[0]


def _flattened(query: Array, key: Array) -> Array:
    return dot_product_scores(query, key).ravel()


DOT_PRODUCT_SCORES = FunctionExercise(
    id="dot_product_scores",
    title="score every key for every query by their dot product",
    parameters=("query", "key"),
    reference=dot_product_scores,
    noun="scores",
    shape_rule="one row for each query and one column for each key",
    covers="one query and several, more queries than keys and fewer, negative and whole numbers",
    cases=(
        Case((np.array([[1.0, 2.0]]), np.array([[3.0, 0.0], [0.0, 4.0], [1.0, 1.0]]))),
        Case(
            (np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[3.0, 1.0], [-1.0, 4.0]])),
            "as many queries as keys as components",
        ),
        Case(_random(11, 2, 4, 3), "fewer queries than keys"),
        Case(_random(12, 5, 2, 4), "more queries than keys"),
        Case(_random(13, 3, 3, 5), "as many queries as keys"),
        Case(_random(14, 3, 4, 4), "as many keys as components"),
        Case(_random(15, 4, 3, 1), "one component"),
        Case(
            (np.array([[2, -1, 3], [0, 4, 1]]), np.array([[1, 1, 0], [2, 0, -2], [5, 1, 1]])),
            "whole numbers",
        ),
    ),
    misconceptions=(
        Misconception(
            "transposed",
            "Your scores are transposed, which is also what comes out when query and key are "
            "swapped: row i must hold the scores of query i, so that softmax along a row shares "
            "out that query's attention among the keys.",
            "let the queries make the rows: query comes first in the product, key second.",
            (_transposed,),
        ),
        Misconception(
            "missing-transpose",
            "Your scores equal query @ key, with the key matrix not transposed: that multiplies "
            "a query's components by one component of each key, and fits only by chance when "
            "there are as many keys as components.",
            "transpose the keys, key.T, so that each column of the product belongs to one key.",
            (_without_transposing,),
        ),
        Misconception(
            "only-matching-pairs",
            "Your scores compare each query with the key of the same number only: attention lets "
            "every query meet every key.",
            "make a table with a row for each query and a column for each key; @ does that.",
            (_pairs_only,),
        ),
        Misconception(
            "product-without-sum",
            "Your scores are products component by component, not summed: a dot product adds them "
            "up to a single number for each query and key.",
            "sum over the last axis, the components, or use @, which multiplies and sums.",
            (_product_without_sum, _elementwise),
        ),
        Misconception(
            "scaled-by-root-d",
            "Your scores are dot products divided by √d: that is the scaled dot product, a later "
            "refinement, and this exercise asks for the plain one.",
            "leave the division out here; it comes back with the full formula.",
            (_scaled_by_root_d,),
        ),
        Misconception(
            "scaled-by-d",
            "Your scores are dot products divided by d, the number of components (the mean instead "
            "of the sum): a dot product is not divided, and where scores are scaled it is by √d.",
            "use the sum of the products as it is.",
            (_scaled_by_d,),
        ),
        Misconception(
            "cosine-similarity",
            "Your scores are cosine similarities: dividing by the lengths leaves the angle alone, "
            "while a dot product also grows with the length of query and key.",
            "leave out the division by the lengths.",
            (_cosine,),
        ),
        Misconception(
            "softmax-already-applied",
            "Your scores are already weights, with softmax applied to them: scores are the first "
            "step, any real numbers; turning them into weights is the second.",
            "return what you have before softmax.",
            (_softmax_already, _scaled_softmax_already),
        ),
        Misconception(
            "distance",
            "Your scores are distances between query and key (or their squares or negatives): "
            "a dot product multiplies components and adds up; it does not subtract them.",
            "replace the differences by products.",
            (_distance, _negative_distance, _squared_distance, _negative_squared_distance),
        ),
        Misconception(
            "only-the-first",
            "Your scores are those of the first query or the first key only: a loop that returns "
            "inside its body, or an index [0], leaves the others out.",
            "move return behind the loop, to the left of the word for, and collect all rows.",
            (_first_row, _first_row_as_matrix, _first_score, _first_column),
        ),
        Misconception(
            "flattened",
            "Your scores are right, but all in one row: softmax could not tell any more which "
            "scores belong to the same query.",
            "make a list for each query inside the outer loop, and append it to the result.",
            (_flattened,),
        ),
    ),
    hints=(
        "A score says how well a key fits a query. Every query meets every key, so how many "
        "scores are there for 2 queries and 4 keys, and in which shape?",
        "The score of query i and key j is the sum over the components c of "
        "query[i, c] * key[j, c]. A loop over i and one over j will do.",
        "The product of matrices does both loops at once, if the keys are its columns: "
        "query @ key.T",
    ),
    solutions=(
        "def my_scores(query, key):\n    return query @ key.T",
        "def my_scores(query, key):\n"
        "    scores = np.zeros((len(query), len(key)))\n"
        "    for i in range(len(query)):\n"
        "        for j in range(len(key)):\n"
        "            scores[i, j] = np.sum(query[i] * key[j])\n"
        "    return scores",
        'def my_scores(query, key):\n    return np.einsum("ic,jc->ij", query, key)',
    ),
    next_step="turn these scores into weights with softmax.",
)

EXERCISES = (DOT_PRODUCT_SCORES,)
