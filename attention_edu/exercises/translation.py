"""Exercises on translation: additive scores, writing one token after another, alignments."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from attention_edu.attention import additive_scores
from attention_edu.exercises.checker import Array, Case, Exercise, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    NumberExercise,
    SentenceExercise,
    WrongAnswer,
)

# ---------------------------------------------------------------------------------------------
# An additive score, by hand
# ---------------------------------------------------------------------------------------------

#: “3 mars 1847”, word by word, as keys with the components year, month and day.
KEYS = np.array([[-1.0, -1, 1], [-1, 1, -1], [1, -1, -1]])
#: The queries year?, month? and day?. A 3 makes a component deaf: tanh is at its end there.
QUERIES = np.array([[0.0, 3, 3], [3, 0, 3], [3, 3, 0]])
SCORE_WEIGHT = np.array([3.0, 3, 3])


def _by_hand(query: int, key: int) -> float:
    same = np.eye(3)
    scores = additive_scores(QUERIES, KEYS, same, same, SCORE_WEIGHT)
    return float(scores[query, key])


_SUMS = QUERIES[0] + KEYS[1]  # year? and mars: -1, 4, 2

ADDITIVE_BY_HAND = NumberExercise(
    id="additive_by_hand",
    notebook="07",
    title="compute the additive score of “mars” for the query year?",
    reference=lambda: _by_hand(0, 1),
    noun="the score",
    why="The sums are −1, 4 and 2, their tanh −0.76, 1.00 and 0.96; these add up to 1.20, and "
    "each counts three times.",
    atol=0.03,
    wrong=(
        WrongAnswer(
            "tanh-left-out",
            "You added the sums up without tanh. Then the query would add the same number to every "
            "score of its row, and softmax would not notice it.",
            "take tanh of each component first.",
            (_SUMS.sum(), SCORE_WEIGHT @ _SUMS),
        ),
        WrongAnswer(
            "score-weight-left-out",
            "That is the sum of the three tanh. Each still counts with its score weight, 3.",
            "multiply each tanh by 3 before you add up.",
            (np.tanh(_SUMS).sum(),),
        ),
        WrongAnswer(
            "tanh-of-the-sum",
            "You added the components up first, and took tanh of the whole: then it is no longer "
            "three hidden numbers, but one.",
            "take tanh of −1, of 4 and of 2, and add up afterwards.",
            (np.tanh(SCORE_WEIGHT @ _SUMS), 3 * np.tanh(_SUMS.sum())),
        ),
        WrongAnswer(
            "multiplied-instead-of-added",
            "You multiplied query and key: that is the dot product. Additive scores add the two.",
            "add them component by component: 0 − 1, 3 + 1, 3 − 1.",
            (QUERIES[0] @ KEYS[1],),
        ),
        WrongAnswer(
            "sign-lost",
            "The first component is 0 − 1 = −1, and tanh of −1 is −0.76: it takes something away.",
            "let the first term count negatively.",
            (SCORE_WEIGHT @ np.abs(np.tanh(_SUMS)),),
        ),
        WrongAnswer(
            "another-key",
            "That is the score of “1847”, or of a word for its own question. Asked is “mars”, for "
            "the query year?.",
            "add the row of year? to the row of “mars”.",
            (_by_hand(0, 2),),
        ),
    ),
    hints=(
        "Three numbers: the query's plus the key's, component by component. What are they?",
        "The sums are −1, 4 and 2. Take tanh of each, from the table.",
        "Multiply each tanh by 3, and add up.",
    ),
    solutions=(
        "answer = 3 * (-0.76 + 1.00 + 0.96)",
        "answer = 3 * np.tanh(np.array([0, 3, 3]) + np.array([-1, 1, -1])).sum()",
    ),
    next_step="compute the score of “1847” for the same query, and see which one wins.",
)

# ---------------------------------------------------------------------------------------------
# Writing one token after another
# ---------------------------------------------------------------------------------------------


def _greedy(probabilities: Array, start: int) -> list[int]:
    written, before = [], start
    for table in probabilities:
        before = int(table[before].argmax())
        written.append(before)
    return written


# What students compute who have a misconception: wrong on purpose.


def _always_from_start(probabilities: Array, start: int) -> Array:
    return np.asarray(probabilities[:, start].argmax(axis=-1))


def _start_kept(probabilities: Array, start: int) -> list[int]:
    return [start, *_greedy(probabilities, start)]


def _start_kept_last_lost(probabilities: Array, start: int) -> list[int]:
    return _start_kept(probabilities, start)[:-1]


def _rows(probabilities: Array, start: int) -> Array:
    before = [start, *_greedy(probabilities, start)[:-1]]
    return np.array([table[token] for table, token in zip(probabilities, before)])


def _how_probable(probabilities: Array, start: int) -> Array:
    return np.asarray(_rows(probabilities, start).max(axis=-1))


def _first_table_only(probabilities: Array, start: int) -> list[int]:
    return _greedy(np.stack([probabilities[0]] * len(probabilities)), start)


def _columns(probabilities: Array, start: int) -> list[int]:
    return _greedy(probabilities.swapaxes(1, 2), start)


def _before_ignored(probabilities: Array, start: int) -> Array:
    return np.asarray(probabilities.max(axis=1).argmax(axis=-1))


def _before_averaged(probabilities: Array, start: int) -> Array:
    return np.asarray(probabilities.mean(axis=1).argmax(axis=-1))


def _flattened(probabilities: Array, start: int) -> Array:
    return np.asarray(probabilities.reshape(len(probabilities), -1).argmax(axis=-1))


def _least_likely(probabilities: Array, start: int) -> list[int]:
    return _greedy(-probabilities, start)


def _last_only(probabilities: Array, start: int) -> int:
    return _greedy(probabilities, start)[-1]


def _one_only(probabilities: Array, start: int) -> int:
    return _greedy(probabilities, start)[0]


def _first_place_skipped(probabilities: Array, start: int) -> list[int]:
    return _greedy(probabilities[1:], start)


def _all_rows(probabilities: Array, start: int) -> Array:
    return np.asarray(probabilities.argmax(axis=-1))


def _one_hot(probabilities: Array, start: int) -> Array:
    return np.asarray(np.eye(probabilities.shape[-1])[_greedy(probabilities, start)])


def _mean_token(probabilities: Array, start: int) -> Any:
    written, before = [], start
    for table in probabilities:
        mean = table[before] @ np.arange(len(table))
        before = round(float(mean))
        written.append(mean)
    return written


def _mean_token_rounded(probabilities: Array, start: int) -> Any:
    return np.round(_mean_token(probabilities, start))


def _best_whole(probabilities: Array, start: int) -> list[int]:
    def likelihood(path: tuple[int, ...]) -> float:
        pairs = zip(probabilities, (start, *path), path)
        return float(np.prod([table[before, now] for table, before, now in pairs]))

    length, size = probabilities.shape[:2]
    paths: list[tuple[int, ...]] = list(itertools.product(range(size), repeat=length))
    best = max(paths, key=likelihood)
    return list(best)


def _table(seed: int, length: int, size: int, start: int, note: str = "") -> Case:
    rng = np.random.default_rng((seed, length, size))
    drawn = rng.dirichlet(np.full(size, 0.6), (length, size)).round(2)
    drawn[..., 0] += 1 - drawn.sum(axis=-1)  # each row sums to 1, after rounding as well
    return Case((drawn.round(2), start), note)


GREEDY_DECODING = FunctionExercise(
    id="greedy_decoding",
    notebook="07",
    title="write one token after another, each time the most probable one",
    parameters=("probabilities", "start"),
    reference=_greedy,
    noun="tokens",
    shape_rule="one token for each place",
    covers="several tokens to start from, more places than tokens and fewer, and a table in which "
    "the best single steps are not the best whole",
    cases=(
        Case(
            (
                np.array(
                    [
                        [[0.25, 0.25, 0.5], [0.5, 0.3, 0.2], [0.6, 0.4, 0.0]],
                        [[0.34, 0.33, 0.33], [0.1, 0.9, 0.0], [0.2, 0.3, 0.5]],
                    ]
                ),
                2,
            ),
            "two places, three tokens; the best single steps are not the best whole",
        ),
        _table(3, 3, 3, 1),
        _table(4, 4, 3, 0, "more places than tokens"),
        _table(5, 3, 5, 4, "fewer places than tokens"),
        _table(6, 5, 4, 3),
        _table(7, 1, 4, 2, "a single place"),
    ),
    misconceptions=(
        Misconception(
            "token-not-carried-on",
            "Your tokens are all chosen as if the start token stood before them: what was written "
            "has to be read again at the next place.",
            "in the loop, put the new token into the variable that holds the one before.",
            (_always_from_start,),
        ),
        Misconception(
            "start-in-the-answer",
            "Your tokens begin with the start token: it only stands before the first place, and "
            "is no part of the answer.",
            "begin with an empty list, and keep the start token in a variable of its own.",
            (_start_kept, _start_kept_last_lost),
        ),
        Misconception(
            "probabilities-returned",
            "Your tokens are probabilities: max says how probable the best token is, argmax which "
            "one it is.",
            "write argmax in place of max, or keep the number of the token and not its row.",
            (_how_probable, _rows),
        ),
        Misconception(
            "one-table-for-all",
            "Your tokens all come from the first table: each place has probabilities of its own.",
            "take probabilities[place], or loop over probabilities itself.",
            (_first_table_only,),
        ),
        Misconception(
            "rows-and-columns-swapped",
            "Your tokens read the tables by columns: the row says which token came before, the "
            "columns are the tokens to choose from.",
            "put the token before first: probabilities[place][before].",
            (_columns,),
        ),
        Misconception(
            "token-before-ignored",
            "Your tokens do not depend on the token before: the whole table of a place was joined "
            "into one row.",
            "take the row of the token before, and look at no other.",
            (_before_ignored, _before_averaged, _flattened),
        ),
        Misconception(
            "least-likely-token",
            "Your tokens are the least probable ones.",
            "take argmax, not argmin, and do not change the sign.",
            (_least_likely,),
        ),
        Misconception(
            "one-token-returned",
            "Your tokens are a single one: either the function returns before the loop has ended, "
            "or only the last token is kept.",
            "append each token to a list, and return the list after the loop.",
            (_last_only, _one_only),
        ),
        Misconception(
            "first-place-skipped",
            "Your tokens begin at the second place: places are counted from 0, and the start token "
            "stands before the first of them.",
            "loop over range(len(probabilities)), or over probabilities itself.",
            (_first_place_skipped,),
        ),
        Misconception(
            "every-row-answered",
            "Your tokens answer for every token that could have come before: there is a whole row "
            "of them for each place.",
            "pick the row of the token that did come before, then take argmax.",
            (_all_rows,),
        ),
        Misconception(
            "one-hot-returned",
            "Your tokens are one-hot vectors: asked is the number of each token.",
            "return the numbers that argmax gives.",
            (_one_hot,),
        ),
        Misconception(
            "numbers-of-tokens-mixed",
            "Your tokens are means of token numbers: numbers are names, and half of token 0 and "
            "half of token 2 is not token 1.",
            "choose one token, with argmax.",
            (_mean_token, _mean_token_rounded),
        ),
        Misconception(
            "best-whole-answer",
            "Your tokens make the most probable answer as a whole. That is a better goal, but it "
            "is not greedy: there, each step is taken without looking ahead.",
            "go through the places once, and take the most probable token at each.",
            (_best_whole,),
        ),
    ),
    hints=(
        "What stands before the first place? And what stands before the second one, once the first "
        "token is written?",
        "Keep two things: a list of what is written, and the token before, which is start at first."
        " Then loop over the tables.",
        "table[before] is the row of probabilities; its argmax is the next token. Append it, and "
        "let it be the token before.",
    ),
    solutions=(
        "def my_decoder(probabilities, start):\n"
        "    written = []\n"
        "    before = start\n"
        "    for table in probabilities:\n"
        "        before = table[before].argmax()\n"
        "        written.append(before)\n"
        "    return written",
        "def my_decoder(probabilities, start):\n"
        "    length = len(probabilities)\n"
        "    tokens = np.zeros(length + 1, dtype=int)\n"
        "    tokens[0] = start\n"
        "    for place in range(length):\n"
        "        tokens[place + 1] = np.argmax(probabilities[place, tokens[place]])\n"
        "    return tokens[1:]",
        "def my_decoder(probabilities, start):\n"
        "    if len(probabilities) == 0:\n"
        "        return []\n"
        "    first = int(np.argmax(probabilities[0][start]))\n"
        "    return [first] + list(my_decoder(probabilities[1:], first))",
    ),
    next_step="let a trained model write in the same way.",
)

# ---------------------------------------------------------------------------------------------
# What passes from encoder to decoder, and in a sentence
# ---------------------------------------------------------------------------------------------

FOUR_TIMES_AS_LONG = ChoiceExercise(
    id="four_times_as_long",
    notebook="07",
    title="say how many numbers reach the decoder without attention if the word has 20 letters "
    "instead of 5",
    options=("as many", "four times", "sixteen times"),
    right="as many",
    why="What passes is one state, whose size was chosen when the model was built. 20 letters have "
    "to share what 5 letters had for themselves.",
    wrong=(
        WrongAnswer(
            "vector-grows",
            "That is how it is with attention: an annotation for each letter. Without it, only the "
            "encoder's last state passes, and its size is fixed.",
            "look at what stands between encoder and decoder in the model without attention.",
            ("four times",),
        ),
        WrongAnswer(
            "scores-counted",
            "Sixteen times as many scores there are with attention: letters of the word times "
            "letters of the answer. Without attention there are none.",
            "count the numbers that are handed over, not pairs of letters.",
            ("sixteen times",),
        ),
    ),
    hints=(
        "Without attention, the decoder begins with one vector and hears nothing more of the word. "
        "What decides how long this vector is?",
    ),
    solutions=('answer = "as many"', 'answer = "As many."'),
    next_step="predict what that does to words of 20 letters, and train both models.",
)

EXPLAIN_ALIGNMENT = SentenceExercise(
    id="explain_alignment",
    notebook="07",
    title="explain why a translation needs a row of weights for each character that it writes",
    points=(
        "one row of weights gives one weighted sum, so one vector",
        "each character of the answer needs another part of the source",
        "the query comes from what has been written so far, so it changes from character to "
        "character",
    ),
    hints=(
        "What would the decoder get if all ten characters shared one row of weights?",
        "Say what a single row gives, what the year's digits and the day's digits need, and where "
        "the query of each comes from.",
    ),
    solutions=(
        "One row of weights mixes one vector, but the digits of the year and those of the day need "
        "different parts of the date; so each character asks anew, with a query made from what has "
        "been written so far.",
        "A single weighted sum cannot serve ten characters that need ten different things. The "
        "decoder's state, which knows what is already written, is the query, so every character "
        "gets its own weights.",
    ),
    next_step="look at the map once more, and find two rows that are alike.",
)

EXERCISES: tuple[Exercise, ...] = (
    ADDITIVE_BY_HAND,
    GREEDY_DECODING,
    FOUR_TIMES_AS_LONG,
    EXPLAIN_ALIGNMENT,
)
