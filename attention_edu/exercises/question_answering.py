"""Exercises on memory networks and their hops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from attention_edu.attention import attention, dot_product_scores, softmax, weighted_sum
from attention_edu.exercises.checker import Array, Case, Exercise, FunctionExercise, Misconception
from attention_edu.exercises.kinds import ChoiceExercise, SentenceExercise, WrongAnswer

# ---------------------------------------------------------------------------------------------
# Look, add what was found, look again
# ---------------------------------------------------------------------------------------------


def _look(query: Array, keys: Array, values: Array) -> Array:
    return np.asarray(attention(query[None, :], keys, values, scale=1).output[0])


def _memory_hops(query: Array, keys: Array, values: Array) -> Array:
    found = query
    for key, value in zip(keys, values):
        found = _look(query, key, value)
        query = query + found
    return found


# What students compute who have a misconception: wrong on purpose.


def _hops(look: Callable[[Array, Array, Array], Array]) -> Callable[..., Array]:
    """Make the right loop around a wrong look."""

    def wrong(query: Array, keys: Array, values: Array) -> Array:
        found = query
        for key, value in zip(keys, values):
            found = look(query, key, value)
            query = query + found
        return found

    return wrong


def _same_query(query: Array, keys: Array, values: Array) -> Array:
    return _look(query, keys[-1], values[-1])


def _query_replaced(query: Array, keys: Array, values: Array) -> Array:
    for key, value in zip(keys, values):
        query = _look(query, key, value)
    return query


def _next_query(query: Array, keys: Array, values: Array) -> Array:
    for key, value in zip(keys, values):
        query = query + _look(query, key, value)
    return query


def _first_hop_only(query: Array, keys: Array, values: Array) -> Array:
    return _look(query, keys[0], values[0])


def _first_keys(query: Array, keys: Array, values: Array) -> Array:
    return _memory_hops(query, [keys[0]] * len(keys), [values[0]] * len(keys))  # type: ignore[arg-type]


def _first_keys_own_values(query: Array, keys: Array, values: Array) -> Array:
    return _memory_hops(query, [keys[0]] * len(keys), values)  # type: ignore[arg-type]


def _sum_of_found(query: Array, keys: Array, values: Array) -> Array:
    return np.asarray(_next_query(query, keys, values) - query)


def _all_found(query: Array, keys: Array, values: Array) -> Array:
    every = []
    for key, value in zip(keys, values):
        every.append(_look(query, key, value))
        query = query + every[-1]
    return np.array(every)


def _last_weights(query: Array, keys: Array, values: Array) -> Array:
    for key, value in zip(keys[:-1], values[:-1]):
        query = query + _look(query, key, value)
    return softmax(keys[-1] @ query)


def _no_softmax(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(dot_product_scores(query[None, :], key)[0] @ value)


def _scaled(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(attention(query[None, :], key, value).output[0])


def _swapped(query: Array, key: Array, value: Array) -> Array:
    return _look(query, value, key)


def _keys_mixed(query: Array, key: Array, value: Array) -> Array:
    return _look(query, key, key)


def _mean(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(value.mean(axis=0))


def _hardest(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(value[np.argmax(key @ query)])


def _divided(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(weighted_sum(softmax(key @ query), value) / len(value))


def _drawn(hops: int, n: int, d: int, note: str = "") -> Case:
    rng = np.random.default_rng((hops, n, d))
    rounded: Any = [rng.normal(size=shape).round(1) for shape in ((d,), (hops, n, d), (hops, n, d))]
    return Case(tuple(rounded), note)


#: The story of the notebook: components milk, Mary, John, garden, office. Each hop has its own
#: keys and values: the first finds who took the milk, the second where this person went.
QUERY = np.array([4.0, 0, 0, 0, 0])
KEYS = np.array(
    [
        [[1.0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]],
    ]
)
VALUES = np.array(
    [
        [[0.0, 4, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        [[0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
    ]
)

MEMORY_HOPS = FunctionExercise(
    id="memory_hops",
    notebook="09",
    title="look at the memory once for each hop, and return what the last hop found",
    parameters=("query", "keys", "values"),
    reference=_memory_hops,
    noun="findings",
    shape_rule="one number for each component of a value",
    covers="one, two and three hops, stories of one sentence and of many, and vectors of several "
    "lengths",
    cases=(
        Case((QUERY, KEYS, VALUES), "the story of the notebook"),
        _drawn(1, 3, 2, "a single hop"),
        _drawn(2, 3, 2),
        _drawn(2, 4, 3),
        _drawn(3, 5, 2, "three hops"),
        _drawn(3, 2, 4, "three hops"),
        _drawn(2, 1, 3, "one sentence has all the weight"),
    ),
    misconceptions=(
        Misconception(
            "query-not-updated",
            "Your findings come of a last hop that still asks the first question: what the hops "
            "before it found is lost.",
            "add to the query what each hop found, before the next one looks.",
            (_same_query,),
        ),
        Misconception(
            "query-replaced",
            "Your findings come of queries that are replaced by what was found: the question "
            "itself is forgotten after the first hop.",
            "add what was found to the query.",
            (_query_replaced,),
        ),
        Misconception(
            "next-query-returned",
            "Your findings are the query that a further hop would ask: the question and "
            "everything found, added up.",
            "return what the last hop found, without what was there before.",
            (_next_query,),
        ),
        Misconception(
            "one-hop-only",
            "Your findings are those of the first hop: the function returns before the others "
            "have looked, perhaps because the return stands inside the loop.",
            "let the return stand after the loop, as far to the left as the for.",
            (_first_hop_only,),
        ),
        Misconception(
            "first-keys-for-all",
            "Your findings use the first hop's keys at every hop: each hop has keys and values of "
            "its own.",
            "take keys[h] and values[h] at hop h, for example with zip(keys, values).",
            (_first_keys, _first_keys_own_values),
        ),
        Misconception(
            "findings-summed",
            "Your findings are those of all hops, added up: the answer is read from the last hop "
            "alone.",
            "keep what the newest hop found, and return this one.",
            (_sum_of_found,),
        ),
        Misconception(
            "all-findings-returned",
            "Your findings have a row for each hop: the answer is read from the last hop alone.",
            "return the last row.",
            (_all_found,),
        ),
        Misconception(
            "weights-returned",
            "Your findings are the weights of the last hop: they say where it looked, not what it "
            "found there.",
            "multiply the weights with the values of this hop, and add up.",
            (_last_weights,),
        ),
        Misconception(
            "no-softmax",
            "Your findings mix the values with raw scores: scores are not shares, and may be "
            "negative.",
            "put the scores through softmax first.",
            (_hops(_no_softmax),),
        ),
        Misconception(
            "scaled",
            "Your findings divide the scores by the root of d: a memory network takes the dot "
            "product as it is.",
            "leave the division out; with the package's attention, pass scale=1.",
            (_hops(_scaled),),
        ),
        Misconception(
            "keys-and-values-swapped",
            "Your findings have keys and values exchanged: keys are what is compared with the "
            "query, values are what is found.",
            "exchange the two.",
            (_hops(_swapped),),
        ),
        Misconception(
            "keys-for-values",
            "Your findings mix the keys: a key says what a sentence is found by, the value what "
            "it contributes.",
            "mix values[h] with the weights.",
            (_hops(_keys_mixed),),
        ),
        Misconception(
            "plain-mean",
            "Your findings are the plain mean of the sentences: it is the same for every question.",
            "weight the sentences, by softmax of key · query.",
            (_hops(_mean),),
        ),
        Misconception(
            "hard-choice",
            "Your findings take the best sentence alone: that is hard attention, which has no "
            "slope to learn from.",
            "let every sentence count with its weight.",
            (_hops(_hardest),),
        ),
        Misconception(
            "mean-for-sum",
            "Your findings are divided by the number of sentences: weights share out one whole "
            "already.",
            "add the products up with sum or @, without a further division.",
            (_hops(_divided),),
        ),
    ),
    hints=(
        "One hop is the three steps of attention, with the keys and the values of that hop. What "
        "has to change before the next hop looks?",
        "Go through the hops with for key, value in zip(keys, values). In the loop: scores are "
        "key @ query, then softmax, then the weighted sum.",
        "At the end of the loop's body, the query becomes the old query plus what was found. After "
        "the loop, return what was found last.",
    ),
    solutions=(
        "def my_hops(query, keys, values):\n"
        "    for key, value in zip(keys, values):\n"
        "        powers = np.exp(key @ query)\n"
        "        found = powers / powers.sum() @ value\n"
        "        query = query + found\n"
        "    return found",
        "def my_hops(query, keys, values):\n"
        "    scores = keys[0] @ query\n"
        "    weights = np.exp(scores - scores.max())\n"
        "    found = (weights[:, None] * values[0]).sum(axis=0) / weights.sum()\n"
        "    if len(keys) == 1:\n"
        "        return found\n"
        "    return my_hops(query + found, keys[1:], values[1:])",
    ),
    next_step="think of a question that needs a third hop.",
)

# ---------------------------------------------------------------------------------------------
# Time, and in a sentence
# ---------------------------------------------------------------------------------------------

SWAPPED_STORY = ChoiceExercise(
    id="swapped_story",
    notebook="09",
    title="say how a model without time answers a story whose two sentences change places",
    options=("same", "other", "unknown"),
    right="same",
    why="Scores, softmax and weighted sum treat the sentences as a set: change their order, and "
    "the same numbers are added up in another order.",
    wrong=(
        WrongAnswer(
            "order-expected",
            "A reader would answer otherwise, for a reader knows what was told last. Without "
            "time, nothing in a sentence's numbers says so.",
            "write both weighted sums down: do they differ in more than the order of the terms?",
            ("other",),
        ),
        WrongAnswer(
            "training-expected-to-help",
            "It can be told without training: whatever the weights are, each sentence gets the "
            "same score in both stories.",
            "ask on which numbers the score of a sentence depends, and whether they change.",
            ("unknown",),
        ),
    ),
    hints=(
        "A sum does not depend on the order of its terms. Which of the three steps of attention "
        "looks at the order?",
    ),
    solutions=('answer = "same"', 'answer = "Same"'),
    next_step="measure what that costs: train the same model without time.",
)

EXPLAIN_HOPS = SentenceExercise(
    id="explain_hops",
    notebook="09",
    title="explain why one hop cannot find the milk, and what the second hop changes",
    points=(
        "the sentence that names the place does not name the milk, so the question alone cannot "
        "single it out",
        "the first hop finds who took or dropped the milk",
        "what it found becomes part of the next query, so the second hop can look for that person",
    ),
    hints=(
        "Read the two supporting sentences. Which of them shares a word with the question?",
        "Say what the question can be compared with, what the first hop brings back, and what "
        "happens to the query.",
    ),
    solutions=(
        "The sentence with the place does not mention the milk, so a query that only knows the "
        "milk cannot pick it out. The first hop finds who has the milk, this is added to the "
        "query, and the second hop can look for that person's move.",
        "“Mary went to the garden” shares no thing with “Where is the milk?”. Only after one hop "
        "has brought back Mary, who took it, does the query contain her, so that the next hop "
        "gives her move the weight.",
    ),
    next_step="look in the live cell for a story in which two hops are too few.",
)

EXERCISES: tuple[Exercise, ...] = (MEMORY_HOPS, SWAPPED_STORY, EXPLAIN_HOPS)
