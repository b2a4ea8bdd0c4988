"""Exercises on step 1: score how well each key fits a query."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from attention_edu.attention import dot_product_scores, softmax
from attention_edu.example import KEYS, WHERE_QUERY
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    NumberExercise,
    SentenceExercise,
    WrongAnswer,
)


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


def _reshaped(query: Array, key: Array) -> Array:
    return query @ key.reshape(key.shape[1], key.shape[0])


def _keys_with_keys(query: Array, key: Array) -> Array:
    return key @ key.T


def _queries_with_queries(query: Array, key: Array) -> Array:
    return query @ query.T


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


def _loop_for_one_query(query: Array, key: Array) -> Array:
    return np.array([np.sum(query * row) for row in key])


def _plain_loop_for_one_query(query: Array, key: Array) -> Array:
    return np.array([sum(query * row) for row in key])


def _key_first(query: Array, key: Array) -> Array:
    return key @ query


def _pairs_of_rows(query: Array, key: Array) -> Array:
    return np.array([np.dot(one, other) for one, other in zip(query, key)])


def _pairs_of_rows_added_up(query: Array, key: Array) -> Any:
    return sum(one * other for one, other in zip(query, key))


def _query_transposed(query: Array, key: Array) -> Array:
    return query.T @ key


def _both_transposed(query: Array, key: Array) -> Array:
    return query.T @ key.T


def _absolute(query: Array, key: Array) -> Array:
    return np.abs(dot_product_scores(query, key))


def _negated(query: Array, key: Array) -> Array:
    return -dot_product_scores(query, key)


def _by_length_of_key(query: Array, key: Array) -> Array:
    return np.asarray(dot_product_scores(query, key) / np.linalg.norm(key, axis=-1))


def _by_length_of_query(query: Array, key: Array) -> Array:
    lengths = np.linalg.norm(query, axis=-1, keepdims=True)
    return np.asarray(dot_product_scores(query, key) / lengths)


def _by_length_of_all(query: Array, key: Array) -> Array:
    return dot_product_scores(query, key) / (np.linalg.norm(query) * np.linalg.norm(key))


def _exp_already(query: Array, key: Array) -> Array:
    return np.exp(dot_product_scores(query, key))


def _sum_of_row(query: Array, key: Array) -> Array:
    return np.asarray(dot_product_scores(query, key).sum(axis=-1))


def _mean_of_row(query: Array, key: Array) -> Array:
    return np.asarray(dot_product_scores(query, key).mean(axis=-1))


def _largest_of_row(query: Array, key: Array) -> Array:
    return np.asarray(dot_product_scores(query, key).max(axis=-1))


def _place_of_largest(query: Array, key: Array) -> Array:
    return np.asarray(dot_product_scores(query, key).argmax(axis=-1))


def _everything_added_up(query: Array, key: Array) -> Any:
    return np.sum(query * key)


def _first_component(query: Array, key: Array) -> Array:
    return np.outer(query[:, 0], key[:, 0])


def _last_component(query: Array, key: Array) -> Array:
    return np.outer(query[:, -1], key[:, -1])


def _added(query: Array, key: Array) -> Array:
    return np.asarray((query[:, None, :] + key).sum(axis=-1))


DOT_PRODUCT_SCORES = FunctionExercise(
    id="dot_product_scores",
    notebook="02",
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
            "reshaped-instead-of-transposed",
            "Your scores come from reshaped keys, not from transposed ones: reshape deals the same "
            "numbers out anew, row by row, so that a column mixes components of several keys; only "
            "the shape is right.",
            "turn the matrix over with key.T, which makes a column of each key.",
            (_reshaped,),
        ),
        Misconception(
            "only-one-side",
            "Your scores compare keys with keys, or queries with queries: a score says how well a "
            "key fits a query, so both have to come in.",
            "look at the two factors of your product: one is query, the other one key.T.",
            (_keys_with_keys, _queries_with_queries),
        ),
        Misconception(
            "query-transposed",
            "Your scores come from a product with the queries transposed: that adds up over "
            "queries, and mixes what belongs to different ones.",
            "leave query as it is, and transpose the keys alone: query @ key.T.",
            (_query_transposed, _both_transposed),
        ),
        Misconception(
            "written-for-one-query",
            "Your scores come from a loop for one query, in which query is a single row: here it "
            "is a table with a row for each query, and the sum mixes all of its rows.",
            "go through the rows of query in an outer loop, and through those of key in an inner "
            "one.",
            (_loop_for_one_query, _plain_loop_for_one_query),
        ),
        Misconception(
            "key-first",
            "Your scores come from key @ query: that multiplies a key's components by one "
            "component of each query, and fits only by chance when there are as many queries as "
            "components.",
            "let query come first, and transpose the keys: query @ key.T. In the other order it "
            "is key @ query.T, turned over with .T.",
            (_key_first,),
        ),
        Misconception(
            "only-matching-pairs",
            "Your scores compare each query with the key of the same number only: attention lets "
            "every query meet every key.",
            "make a table with a row for each query and a column for each key; @ does that.",
            (_pairs_only, _pairs_of_rows, _pairs_of_rows_added_up),
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
            (_cosine, _by_length_of_key, _by_length_of_query, _by_length_of_all),
        ),
        Misconception(
            "sign-lost",
            "Your scores have lost or changed their sign: a key that points away from the query "
            "has a negative score, and one that fits has a positive one.",
            "leave out abs or the minus.",
            (_absolute, _negated),
        ),
        Misconception(
            "softmax-already-applied",
            "Your scores are already weights, with softmax applied to them: scores are the first "
            "step, any real numbers; turning them into weights is the second.",
            "return what you have before softmax.",
            (_softmax_already, _scaled_softmax_already),
        ),
        Misconception(
            "exp-already-applied",
            "Your scores are exp of the scores: that belongs to the second step, softmax.",
            "return what you have before exp.",
            (_exp_already,),
        ),
        Misconception(
            "one-number-a-query",
            "Your scores are one number for each query, a sum, a mean or the largest: every key "
            "has a score of its own.",
            "return the whole row of each query, with a score for each key.",
            (_sum_of_row, _mean_of_row, _largest_of_row, _place_of_largest),
        ),
        Misconception(
            "everything-added-up",
            "Your scores are a single number: a sum without an axis adds up what belongs to "
            "different queries and keys.",
            "sum over the last axis, the components, for each query and each key.",
            (_everything_added_up,),
        ),
        Misconception(
            "only-one-component",
            "Your scores are the products of one component, the first or the last: where = stands "
            "in the inner loop, each round overwrites what the one before has made.",
            "begin with 0 and write += for each component, or use np.sum of the products.",
            (_first_component, _last_component),
        ),
        Misconception(
            "added-instead-of-multiplied",
            "Your scores add the components of query and key: then a key's score is the same for "
            "every question, but for a shift.",
            "write * in place of +.",
            (_added,),
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


# ---------------------------------------------------------------------------------------------
# Other kinds
# ---------------------------------------------------------------------------------------------

_ON = 3  # the place of “on” in the sentence

PREDICT_SCORE = NumberExercise(
    id="predict_score",
    notebook="02",
    title="work out the score of “on” for the question “where?” on paper",
    reference=lambda: dot_product_scores(WHERE_QUERY[None, :], KEYS[_ON : _ON + 1])[0, 0],
    noun="the score of “on”",
    why="It gains 2 as a place, which is looked for, and loses 0.5 as a small word, which is not.",
    wrong=(
        WrongAnswer(
            "sign-lost",
            "Your number adds the last product instead of taking it away: the query has −0.5 "
            "there, and −0.5 · 1 is negative.",
            "write each product with its sign before you add up.",
            (2.5,),
        ),
        WrongAnswer(
            "other-query",
            "Your number is the score of “on” for “who did it?”: another question is another "
            "query, and gives other scores.",
            "take the query that is printed beside “where?”.",
            (-1.5,),
        ),
        WrongAnswer(
            "query-left-out",
            "Your number is the sum of the key's components: without the query, nobody knows "
            "which of them are wanted.",
            "multiply each component of the key by that of the query, and then add up.",
            (3.0,),
        ),
        WrongAnswer(
            "key-left-out",
            "Your number is the sum of the query's components: without the key, every word would "
            "get the same score.",
            "multiply each component of the query by that of the key, and then add up.",
            (1.0,),
        ),
        WrongAnswer(
            "component-left-out",
            "Your number stops at the third component: “on” is a small word, too, and the query "
            "does not want small words.",
            "add the fourth product, −0.5 · 1.",
            (2.0,),
        ),
        WrongAnswer(
            "mean-instead-of-sum",
            "Your number is the mean of the four products: a dot product is their sum.",
            "leave out the division by 4.",
            (0.375,),
        ),
        WrongAnswer(
            "scaled-by-root-d",
            "Your number is the score divided by √4: that is the scaled dot product, a later "
            "refinement.",
            "leave out the division.",
            (0.75,),
        ),
    ),
    hints=(
        "Write the query “where?” and the key of “on” below each other. Which components meet, "
        "and which of the products are 0?",
        "Only the third and the fourth components give something, and one of the two products is "
        "negative.",
    ),
    solutions=(
        "answer = 0.5 * 0 + 0 * 0 + 1 * 2 + (-0.5) * 1",
        "answer = np.dot([0.5, 0, 1, -0.5], [0, 0, 2, 1])",
    ),
    next_step="see whether any word does better.",
)

LENGTH_CHOICE = ChoiceExercise(
    id="length_choice",
    notebook="02",
    title="say what becomes of the scores when the query becomes twice as long",
    options=("double", "rise", "stay", "reorder"),
    right="double",
    why="A factor in front of the query comes out of every sum, so that it is in front of every "
    "score, and negative scores fall.",
    wrong=(
        WrongAnswer(
            "all-scores-rise",
            "They do not all rise: twice a negative score lies further below 0.",
            "double the score of “on”, which is −1.5.",
            ("rise",),
        ),
        WrongAnswer(
            "only-the-angle-counts",
            "The angles stay as they are, and scores would stay too if only the angle counted: but "
            "a dot product also grows with the length.",
            "double each component of the query, and compute the score of “cat” once more.",
            ("stay",),
        ),
        WrongAnswer(
            "order-changes",
            "The order stays: if one score is larger than another one, so is its double.",
            "double 2, 1 and −1.5, and sort the results.",
            ("reorder",),
        ),
    ),
    hints=(
        "Take a query with two components and a key. What is (2 · q₁) · k₁ + (2 · q₂) · k₂?",
        "The factor 2 can be put in front of the whole sum. What does it do to a sum that is "
        "negative?",
    ),
    solutions=('answer = "double"', 'answer = "Double."'),
    next_step="compare with the numbers that the next cell prints.",
)

SCORES_BUG = replace(
    DOT_PRODUCT_SCORES,
    id="scores_bug",
    title="mend a function that computes scores of the right shape, but not the right scores",
    hints=(
        "The function takes every number of the keys, and none twice. Print the keys before and "
        "after the line with reshape: where does the first key stand?",
        "After reshape, the first two keys share a column. Each column has to hold one key, from "
        "top to bottom.",
        "A matrix is turned over by .T: what was a row becomes a column.",
    ),
    solutions=(
        "def mended(query, key):\n    turned = key.T  # (d, n_key)\n    return query @ turned",
        "def mended(query, key):\n    return np.array([[q @ k for k in key] for q in query])",
    ),
    next_step="remember that a right shape does not make the numbers right: check some by hand.",
)

EXPLAIN_SCORES = SentenceExercise(
    id="explain_scores",
    notebook="02",
    title="explain why “mat” scores 0 for “who did it?” and highest for “where?”",
    points=(
        "the key of “mat” is the same both times, and only the query differs",
        "for “who did it?”, “mat” loses as a place what it gains as a thing",
        "“where?” looks for a place, so that being a place raises the score",
    ),
    hints=(
        "What do the two scores of “mat” have in common, and in what do they differ?",
        "Multiply component by component, for either query. Which products are negative?",
    ),
    solutions=(
        "The key of mat is the same, but the query is another one: the first one takes away "
        "for the place what it gives for the thing, while the second one looks for a place.",
        "A score depends on key and query together: “who did it?” counts the thing for mat "
        "and the place against it, which makes 0, while “where?” counts the place for it.",
    ),
    next_step="look for a word of the sentence that no question of ours wants.",
)

EXERCISES = (
    DOT_PRODUCT_SCORES,
    PREDICT_SCORE,
    LENGTH_CHOICE,
    SCORES_BUG,
    EXPLAIN_SCORES,
)
