"""Exercises on summaries that point."""

from __future__ import annotations

from typing import Any

import numpy as np

from attention_edu.attention import softmax, weighted_sum
from attention_edu.exercises.checker import Array, Case, Exercise, FunctionExercise, Misconception
from attention_edu.exercises.kinds import NumberExercise, SentenceExercise, WrongAnswer


def _said(weights: Array, tokens: Array, size: int) -> Array:
    """Give the probability of each word: the weighted sum of one-hot values."""
    return weighted_sum(weights, np.eye(size)[tokens])


# What students compute who have a misconception: wrong on purpose.


def _last_place(weights: Array, tokens: Array, size: int) -> Array:
    said = np.zeros(size)
    for weight, token in zip(weights, tokens):
        said[token] = weight
    return said


def _first_place(weights: Array, tokens: Array, size: int) -> Array:
    return _last_place(weights[::-1], tokens[::-1], size)


def _largest_place(weights: Array, tokens: Array, size: int) -> Array:
    said = np.zeros(size)
    np.maximum.at(said, tokens, weights)
    return said


def _mean_of_places(weights: Array, tokens: Array, size: int) -> Array:
    places = np.bincount(tokens, minlength=size)
    return np.asarray(_said(weights, tokens, size) / np.maximum(places, 1))


def _counted(weights: Array, tokens: Array, size: int) -> Array:
    return np.bincount(tokens, minlength=size).astype(float)


def _shares_counted(weights: Array, tokens: Array, size: int) -> Array:
    return np.asarray(_counted(weights, tokens, size) / len(tokens))


def _weights(weights: Array, tokens: Array, size: int) -> Array:
    return weights


def _weights_filled_up(weights: Array, tokens: Array, size: int) -> Array:
    said = np.zeros(max(size, len(weights)))
    said[: len(weights)] = weights
    return said[:size]


def _ids_mixed(weights: Array, tokens: Array, size: int) -> Any:
    return weights @ tokens


def _ids_weighted(weights: Array, tokens: Array, size: int) -> Array:
    return np.asarray(weights * tokens)


def _winner(weights: Array, tokens: Array, size: int) -> Array:
    return np.asarray(np.eye(size)[tokens[weights.argmax()]])


def _winning_id(weights: Array, tokens: Array, size: int) -> Any:
    return _said(weights, tokens, size).argmax()


def _softmax_again(weights: Array, tokens: Array, size: int) -> Array:
    return softmax(_said(weights, tokens, size))


def _case(weights: list[float], tokens: list[int], size: int, note: str) -> Case:
    return Case((np.array(weights), np.array(tokens), size), note)


POINT_TO_WORDS = FunctionExercise(
    id="point_to_words",
    notebook="08",
    title="turn the weights on places into a probability for each word",
    parameters=("weights", "tokens", "size"),
    reference=_said,
    noun="probabilities",
    shape_rule="one number for each word of the vocabulary",
    covers="words that stand once, several times and nowhere, vocabularies larger and smaller than "
    "the report",
    cases=(
        _case([0.5, 0.2, 0.3], [1, 0, 1], 3, "word 1 stands twice, word 2 nowhere"),
        _case([0.1, 0.6, 0.3], [2, 0, 1], 3, "every word stands once"),
        _case([0.05, 0.5, 0.05, 0.1, 0.05, 0.25], [0, 3, 1, 5, 2, 3], 6, "word 3 stands twice"),
        _case([0.25, 0.25, 0.25, 0.25], [4, 4, 4, 1], 7, "word 4 stands three times"),
        _case([0.4, 0.1, 0.2, 0.3], [1, 0, 0, 0], 2, "a report longer than the vocabulary"),
        _case([1.0], [2], 4, "a report of one word"),
    ),
    misconceptions=(
        Misconception(
            "one-place-overwrites-another",
            "Your probabilities keep only one place of each word: said[token] = weight overwrites "
            "what was there, and so do tokens as an index on the left of =.",
            "add to what is there: said[token] += weight, in a loop over the places.",
            (_last_place, _first_place),
        ),
        Misconception(
            "largest-place-only",
            "Your probabilities take the largest weight of each word: its other places are lost, "
            "and the whole no longer sums to 1.",
            "add up the weights of all places where the word stands.",
            (_largest_place,),
        ),
        Misconception(
            "mean-of-the-places",
            "Your probabilities are the mean weight of a word's places: a word that is looked at "
            "in two places gets both weights, for probabilities add up.",
            "leave out the division by the number of places.",
            (_mean_of_places,),
        ),
        Misconception(
            "places-counted",
            "Your probabilities count how often a word stands in the report: the weights have no "
            "say.",
            "add the weight of a place where you now add 1.",
            (_counted, _shares_counted),
        ),
        Misconception(
            "weights-returned",
            "Your probabilities are the weights themselves: there is one weight for each place, "
            "but one probability is wanted for each word.",
            "make np.zeros(size), and add each weight at the number of its word.",
            (_weights, _weights_filled_up),
        ),
        Misconception(
            "numbers-of-words-mixed",
            "Your probabilities multiply weights with the numbers of words: these numbers are "
            "names, and half of word 2 and half of word 4 is not word 3.",
            "make a one-hot value of each word first: np.eye(size)[tokens].",
            (_ids_mixed, _ids_weighted),
        ),
        Misconception(
            "winner-takes-all",
            "Your probabilities keep only the winner: choosing one word comes later, and training "
            "needs to see how much went to the others.",
            "return all sums, without argmax.",
            (_winner, _winning_id),
        ),
        Misconception(
            "softmax-again",
            "Your probabilities went through softmax once more: weights sum to 1 already, and so "
            "do their sums over words.",
            "leave the last softmax out.",
            (_softmax_again,),
        ),
    ),
    hints=(
        "Each place of the report gives its weight to the word that stands there.",
        "Begin with np.zeros(size), and go through weights and tokens together with zip.",
        "As a weighted sum: row i of np.eye(size)[tokens] is the one-hot value of place i. Which "
        "product of weights with that matrix adds them up?",
    ),
    solutions=(
        "def my_pointer(weights, tokens, size):\n"
        "    said = np.zeros(size)\n"
        "    for weight, token in zip(weights, tokens):\n"
        "        said[token] += weight\n"
        "    return said",
        "def my_pointer(weights, tokens, size):\n    return weights @ np.eye(size)[tokens]",
        "def my_pointer(weights, tokens, size):\n"
        "    return np.bincount(tokens, weights=weights, minlength=size)",
        "def my_pointer(weights, tokens, size):\n"
        "    return [weights[tokens == word].sum() for word in range(size)]",
    ),
    next_step="point at the words of the little report below, and compare with your number.",
)

_FIRE = [0.5, 0.25]  # the weights of the two places of "fire" in the little report

POINTER_SHARE = NumberExercise(
    id="pointer_share",
    notebook="08",
    title="say how probable the word “fire” is under the weights of the little report",
    reference=lambda: sum(_FIRE),
    noun="the probability of “fire”",
    why="The word gets the weight of every place where it stands: 0.50 and 0.25.",
    wrong=(
        WrongAnswer(
            "largest-place-only",
            "That is the weight of one place; “fire” stands in two.",
            "add the weight of its other place.",
            tuple(_FIRE),
        ),
        WrongAnswer(
            "mean-of-the-places",
            "That is the mean of the two weights; but whoever looks at either place says “fire”, "
            "so that both count in full.",
            "add the two weights, and do not divide.",
            (sum(_FIRE) / 2,),
        ),
        WrongAnswer(
            "places-counted",
            "That is the share of places where “fire” stands, as if every place had the same "
            "weight.",
            "add weights instead of counting places.",
            (2 / 6, 2.0),
        ),
        WrongAnswer(
            "places-multiplied",
            "You multiplied the two weights; looking at one place or at the other excludes each "
            "other, and then probabilities add up.",
            "put + for ×.",
            (_FIRE[0] * _FIRE[1],),
        ),
    ),
    hints=(
        "In how many places does “fire” stand?",
        "Write down the weight of each of these places. What do you do with them?",
    ),
    solutions=("answer = 0.75", "answer = 0.5 + 0.25"),
    next_step="write the same as a function, for any report.",
)

EXPLAIN_POINTING = SentenceExercise(
    id="explain_pointing",
    notebook="08",
    title="explain what the model does with a town that it has never seen",
    points=(
        "the model points at a place in the report, instead of choosing from a list of words",
        "it finds the place by the words around it",
    ),
    hints=(
        "What does the model choose: a word from its list, or a place in the report?",
        "Which words of “It happened in Atlantis” does the model know?",
    ),
    solutions=(
        "It points at a place in the report, which it finds by the known words around it, and "
        "then says whatever word stands there.",
        "Its answer is a place and not an entry of a word list; “it happened in” leads it to that "
        "place, so the name itself need not be known.",
    ),
    next_step="type a report about your own home town into the live cell.",
)

EXERCISES: tuple[Exercise, ...] = (POINTER_SHARE, POINT_TO_WORDS, EXPLAIN_POINTING)
