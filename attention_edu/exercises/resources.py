"""Exercises on reading: sources, claims and terms."""

from __future__ import annotations

from attention_edu.exercises.checker import Exercise
from attention_edu.exercises.kinds import ChoiceExercise, SentenceExercise, WrongAnswer

TRUE_STATEMENT = ChoiceExercise(
    id="true_statement",
    notebook="12",
    title="find the only true one of four statements on attention",
    options=("between", "reason", "order", "zero"),
    right="between",
    why="Weights are never negative and add up to 1, so the output is a mean of the values and "
    "stays in their convex hull.",
    wrong=(
        WrongAnswer(
            "weight-taken-for-reason",
            "A large weight is no reason yet: other weights can give the same output, and a large "
            "weight on a value near 0 contributes nothing.",
            "look for two rows of weights with one output in notebook 05, part 14.",
            ("reason",),
        ),
        WrongAnswer(
            "order-for-free",
            "Attention by itself knows no order: if words trade places, their outputs trade "
            "places, and nothing else changes.",
            "read in notebook 05, part 13, how positions get into the inputs.",
            ("order",),
        ),
        WrongAnswer(
            "score-zero-taken-for-weight-zero",
            "A score of 0 is a score like any other, and e to the power of 0 is 1: next to "
            "negative scores it even wins.",
            "compute the weights of the scores 0, −1 and −2, and ask which score gives weight 0.",
            ("zero",),
        ),
    ),
    hints=(
        "Try to break each statement: is there a case in which it fails?",
        "Three of them fail for a word with the value 0, for two words that trade places, and for "
        "the scores 0, −1 and −2.",
    ),
    solutions=('answer = "between"', 'answer = "Between."'),
    next_step="find the sentence in notebook 04 or 05 that proves it.",
)

CHOOSE_SOURCE = ChoiceExercise(
    id="choose_source",
    notebook="12",
    title="choose where to look up whether FlashAttention made attention linear in time",
    options=("page", "dao2022", "goodfellow2016", "jain2019"),
    right="dao2022",
    why="A claim about a method is tested on the work that describes the method. Its title says "
    "exact and memory-efficient; its algorithm still meets every pair of query and key.",
    wrong=(
        WrongAnswer(
            "claim-as-its-own-evidence",
            "The page makes the claim, so it cannot be the evidence for it; neither can pages that "
            "copy it.",
            "ask what the page rests on, and open that work.",
            ("page",),
        ),
        WrongAnswer(
            "source-older-than-the-claim",
            "The textbook appeared in 2016, FlashAttention in 2022: it cannot know of it.",
            "compare years before you open a source.",
            ("goodfellow2016",),
        ),
        WrongAnswer(
            "source-on-another-question",
            "Jain & Wallace ask whether weights explain an answer; they say nothing about time.",
            "read the titles, and choose the work on the method itself.",
            ("jain2019",),
        ),
    ),
    hints=(
        "Who knows best what FlashAttention does? And can a work speak of what came after it?",
        "Look at the years in the keys, then at the titles in the list of notebook 11.",
    ),
    solutions=('answer = "dao2022"', 'answer = " DAO2022 "'),
    next_step="read its abstract, and find the words for memory and the words for time.",
)

EXPLAIN_ATTENTION = SentenceExercise(
    id="explain_attention",
    notebook="12",
    title="explain attention in two or three sentences to someone who has not taken this course",
    points=(
        "a query is compared with a key of each input, and that gives scores",
        "softmax turns the scores into weights, which are positive and add up to 1",
        "the output is the sum of the values, each times its weight",
    ),
    hints=(
        "Three steps, one clause for each. What goes in, what is computed, what comes out?",
        "Use these words: query, key, score; softmax, weight; value, weighted sum.",
    ),
    solutions=(
        "A query is compared with the key of each input, which gives each a score. Softmax "
        "turns the scores into weights: positive shares of one whole. The output is the "
        "weighted sum of the values.",
        "Attention asks every input how well its key fits a query (scores), shares out 100 % "
        "among them so that better fits get more (weights, by softmax), and mixes their "
        "values by these shares (output).",
    ),
    next_step="say it aloud to a friend, and let the friend ask back.",
)

EXERCISES: tuple[Exercise, ...] = (TRUE_STATEMENT, CHOOSE_SOURCE, EXPLAIN_ATTENTION)
