"""Exercises on masks: who may attend to whom."""

from __future__ import annotations

import numpy as np

from attention_edu.attention import causal_mask
from attention_edu.exercises.checker import Array, Case, FunctionExercise, Misconception

# What students compute who have a misconception: wrong on purpose.


def _inverted(n_query: int, n_key: int) -> Array:
    return ~causal_mask(n_query, n_key)


def _future(n_query: int, n_key: int) -> Array:
    return ~_strict(n_query, n_key)


def _strict(n_query: int, n_key: int) -> Array:
    return np.tri(n_query, n_key, k=-1, dtype=bool)


def _one_too_many(n_query: int, n_key: int) -> Array:
    return np.tri(n_query, n_key, k=1, dtype=bool)


def _bottom_right(n_query: int, n_key: int) -> Array:
    return np.tri(n_query, n_key, k=n_key - n_query, dtype=bool)


def _transposed(n_query: int, n_key: int) -> Array:
    return causal_mask(n_query, n_key).T


def _sizes_swapped(n_query: int, n_key: int) -> Array:
    return causal_mask(n_key, n_query)


def _square_of_queries(n_query: int, n_key: int) -> Array:
    return causal_mask(n_query, n_query)


def _square_of_keys(n_query: int, n_key: int) -> Array:
    return causal_mask(n_key, n_key)


def _all_true(n_query: int, n_key: int) -> Array:
    return np.ones((n_query, n_key), dtype=bool)


def _itself_alone(n_query: int, n_key: int) -> Array:
    return np.eye(n_query, n_key, dtype=bool)


def _additive(n_query: int, n_key: int) -> Array:
    return np.where(causal_mask(n_query, n_key), 0.0, -np.inf)


CAUSAL_MASK = FunctionExercise(
    id="causal_mask",
    title="make the mask that lets each position attend to itself and to earlier ones alone; True "
    "means “may attend”",
    parameters=("n_query", "n_key"),
    reference=causal_mask,
    noun="entries",
    shape_rule="a row for each query and a column for each key",
    covers="as many queries as keys, more queries than keys, and fewer",
    booleans=True,
    cases=(
        Case((2, 2)),
        Case((3, 3)),
        Case((2, 4), "fewer queries than keys"),
        Case((4, 2), "more queries than keys"),
        Case((1, 3), "one query"),
        Case((3, 1), "one key"),
        Case((1, 1), "one query and one key"),
        Case((5, 5)),
    ),
    misconceptions=(
        Misconception(
            "mask-inverted",
            "Your entries are inverted: here True means “may attend”, and what comes later gets "
            "False.",
            "turn the comparison round, or write ~ in front of the result.",
            (_inverted,),
        ),
        Misconception(
            "future-instead-of-past",
            "Your entries let each position attend to itself and to later positions, the future "
            "instead of the past: earlier means a smaller column number.",
            "compare the other way round: the key's number j ≤ the query's number i; or use np.tri "
            "or np.tril in place of np.triu.",
            (_future,),
        ),
        Misconception(
            "itself-excluded",
            "Your entries are False on the diagonal: each position may attend to itself as well, "
            "and the first one would have nothing to attend to otherwise.",
            "write <= in place of <, or leave out k=-1.",
            (_strict,),
        ),
        Misconception(
            "one-too-many",
            "Your entries let each position attend to the next one too: it comes later, and must "
            "stay hidden.",
            "look for a k=1 or a + 1 too many.",
            (_one_too_many,),
        ),
        Misconception(
            "itself-alone",
            "Your entries are True on the diagonal alone: each position may attend to earlier ones "
            "as well.",
            "write <= in place of ==, or np.tri in place of np.eye.",
            (_itself_alone,),
        ),
        Misconception(
            "all-true",
            "Your entries are all True: nothing is hidden, not even what comes later.",
            "put False where the key's number is larger than the query's.",
            (_all_true,),
        ),
        Misconception(
            "bottom-right-aligned",
            "Your entries are aligned at the bottom right: the last query sees the last key, which "
            "is another convention. Here query 0 sees key 0, so the triangle begins at the top "
            "left.",
            "leave the triangle where np.tri puts it, without a k that depends on the sizes.",
            (_bottom_right,),
        ),
        Misconception(
            "transposed",
            "Your entries make a row for each key: a row belongs to a query, and a column to a "
            "key.",
            "let n_query be the number of rows, and n_key the number of columns; leave out .T.",
            (_transposed, _sizes_swapped),
        ),
        Misconception(
            "always-square",
            "Your entries always make a square: there can be more queries than keys, or fewer.",
            "use both numbers, n_query for the rows and n_key for the columns.",
            (_square_of_queries, _square_of_keys),
        ),
        Misconception(
            "added-to-scores",
            "Your entries are numbers to be added to the scores, 0 and -inf: that does the same "
            "later on, but asked for is the mask itself, True or False.",
            "return True where you have 0, and False where you have -inf.",
            (_additive,),
        ),
    ),
    hints=(
        "Query 0 may attend to key 0 alone, query 1 to the keys 0 and 1. Which condition on the "
        "query's number i and the key's number j says so?",
        "The entry in row i and column j is True where j <= i. Two loops will do, or a comparison "
        "of np.arange(n_key) with a column of np.arange(n_query).",
        "np.arange(n_query)[:, None] is such a column; comparing it with a row gives the whole "
        "table. np.tri knows this triangle, too.",
    ),
    solutions=(
        "def my_causal_mask(n_query, n_key):\n"
        "    return np.arange(n_key) <= np.arange(n_query)[:, None]",
        "def my_causal_mask(n_query, n_key):\n    return np.tri(n_query, n_key, dtype=bool)",
        "def my_causal_mask(n_query, n_key):\n"
        "    return [[j <= i for j in range(n_key)] for i in range(n_query)]",
    ),
    next_step="give this mask to your masked softmax, and look at the weights row by row.",
)

EXERCISES = (CAUSAL_MASK,)
