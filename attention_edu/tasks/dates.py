"""Dates as people write them in ten languages, to ISO 8601: "3 mars 1847" to "1847-03-03".

The forms come from Babel's copy of the Unicode CLDR. The model is an encoder and a decoder with
additive attention between them: Bahdanau, Cho & Bengio (2014), arXiv:1409.0473.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError

__all__ = [
    "FORMS",
    "LANGUAGES",
    "LENGTH",
    "TARGET_TOKENS",
    "Data",
    "Examples",
    "Translation",
    "build",
    "build_without_attention",
    "encode",
    "exact_match",
    "greedy",
    "letters",
    "make_data",
    "translate",
    "translator",
    "translator_without_attention",
    "written",
    "year_mass",
]

#: The languages, by their code and English name.
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "ru": "Russian",
    "el": "Greek",
    "zh": "Chinese",
}
#: Babel's names of the forms. Neither leaves open which number is the day and which the month.
FORMS = ("long", "medium")
FIRST, LAST = date(1600, 1, 1), date(2399, 12, 31)
#: The most characters that a date may have.
LENGTH = 28
#: The token of each id of the answer; "<" stands before the first one.
TARGET_TOKENS = [*"0123456789-", "<"]
START = TARGET_TOKENS.index("<")
TARGET_LENGTH = 10  # 1847-03-03
RATE = 0.004
EPOCHS = 2
TRAIN = 12032
BATCH = 128


class Examples(NamedTuple):
    """Written dates with their answers.

    Attributes
    ----------
    texts : list of str
        The dates as they are written.
    days : list of date
        The dates that they mean.
    languages : list of str
        The code of each one's language.
    sources : ndarray of int32, shape (n, 28)
        Ids of the characters, 0 after the end.
    targets : ndarray of int32, shape (n, 10)
        Ids of the answer's characters.
    years : ndarray of bool, shape (n, 28)
        True at the four characters of the year.
    """

    texts: list[str]
    days: list[date]
    languages: list[str]
    sources: NDArray[np.int32]
    targets: NDArray[np.int32]
    years: NDArray[np.bool_]

    @property
    def inputs(self) -> list[NDArray[np.int32]]:
        """What the model gets in training: the sources, and the answer one place later."""
        return [self.sources, shifted(self.targets, START)]


class Data(NamedTuple):
    """Examples to train on, and others on days that training never sees."""

    train: Examples
    test: Examples


def written(day: date, language: str, form: str = "long") -> str:
    """Write a date as people do.

    Parameters
    ----------
    day : date
        Which one.
    language : str
        A code of `LANGUAGES`.
    form : str, default "long"
        One of `FORMS`.

    Returns
    -------
    str
        In lower case, with plain spaces.
    """
    from babel.dates import format_date

    return _plain(format_date(day, format=form, locale=language))


def _plain(text: str) -> str:
    """Bring to lower case, composed letters and single plain spaces."""
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


@cache
def _year_2000() -> tuple[str, ...]:
    """Write each day of a leap year in each language and form."""
    days = [date(2000, 1, 1) + timedelta(n) for n in range(366)]
    return tuple(written(d, name, form) for name in LANGUAGES for form in FORMS for d in days)


@cache
def letters() -> list[str]:
    """Return the character of each id; id 0 fills up short texts."""
    return ["", *sorted(set("0123456789").union(*_year_2000()))]


@cache
def _words() -> frozenset[str]:
    return frozenset(word for text in _year_2000() for word in re.findall(r"[^\W\d]+", text))


def make_data(train: int = TRAIN, test: int = 2000, *, seed: int = 0) -> Data:
    """Draw different days from 1600 to 2399, each in one language and form.

    Parameters
    ----------
    train, test : int
        How many to train on, and how many to hold out. No day is in both parts.
    seed : int, default 0
        Draws everything: the same seed gives the same data.

    Returns
    -------
    Data
        Its `train` and `test` are Examples.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a whole number that makes sense, or there are too few days.
    """
    train = as_integer("train", train, least=1)
    test = as_integer("test", test, least=1)
    rng = np.random.default_rng(as_integer("seed", seed, least=0))
    there = (LAST - FIRST).days + 1
    if train + test > there:
        raise ValueError(f"train + test: want at most {there} days; got {train + test}")
    # Without replacement: each day comes once at most.
    numbers = rng.choice(there, train + test, replace=False)
    days = [FIRST + timedelta(int(number)) for number in numbers]
    return Data(_examples(days[:train], rng), _examples(days[train:], rng))


def _examples(days: list[date], rng: np.random.Generator) -> Examples:
    codes = list(LANGUAGES)
    languages = [codes[i] for i in rng.integers(len(codes), size=len(days))]
    forms = [FORMS[i] for i in rng.integers(len(FORMS), size=len(days))]
    texts = [written(*each) for each in zip(days, languages, forms)]
    years = np.zeros((len(days), LENGTH), dtype=bool)
    for row, day, text in zip(years, days, texts):
        place = text.index(str(day.year))
        row[place : place + 4] = True
    targets = [[TARGET_TOKENS.index(token) for token in day.isoformat()] for day in days]
    return Examples(
        texts,
        days,
        languages,
        np.stack([_ids(text) for text in texts]),
        np.array(targets, dtype=np.int32),
        years,
    )


def _ids(text: str) -> NDArray[np.int32]:
    numbers = {token: i for i, token in enumerate(letters())}
    ids = np.zeros(LENGTH, dtype=np.int32)
    ids[: len(text)] = [numbers[token] for token in text]
    return ids


def encode(text: str, *, any_words: bool = False) -> NDArray[np.int32]:
    """Turn a date that a student typed into ids.

    Parameters
    ----------
    text : str
        A date with the year in four digits; capital letters do not count.
    any_words : bool, default False
        Take words that no training date has, to see what the model makes of them.

    Returns
    -------
    ndarray of int32, shape (28,)
        Ids of the characters, 0 after the end.

    Raises
    ------
    PlainError
        If the text is empty or too long, or has a character or a word that no date of the ten
        languages has.
    """
    typed = _plain(str(text))
    if not typed:
        raise PlainError("Type a date, such as 3 mars 1847.")
    unknown = sorted(set(typed) - set(letters()))
    if unknown:
        raise PlainError(
            f"The model has never seen {' '.join(unknown)}. It knows dates with the month in "
            f"letters in {', '.join(LANGUAGES.values())}, and German ones such as 3.3.1847."
        )
    if len(typed) > LENGTH:
        raise PlainError(f"At most {LENGTH} characters fit; these are {len(typed)}.")
    for word in [] if any_words else re.findall(r"[^\W\d]+", typed):
        if word not in _words():
            near = difflib.get_close_matches(word, sorted(_words()), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise PlainError(
                f"No date in {', '.join(LANGUAGES.values())} has the word {word}.{hint}"
            )
    return _ids(typed)


# ---------------------------------------------------------------------------------------------
# The models; string reversal uses them too
# ---------------------------------------------------------------------------------------------


def translator(
    source: tuple[int, int], target: tuple[int, int], *, units: int = 48, rate: Any = RATE
) -> tuple[Any, Any]:
    """Make an encoder and a decoder with additive attention between them.

    Parameters
    ----------
    source, target : tuple of two int
        The most tokens in a sequence, and how many different ones there are. Id 0 of the source
        fills up short sequences.
    units : int, default 48
        The numbers in a state.
    rate : float or keras.optimizers.schedules.LearningRateSchedule
        The rate of learning.

    Returns
    -------
    model : keras.Model
        Takes the source and the answer one place later to the probabilities (n, target length,
        target tokens) of each next token; compiled.
    looker : keras.Model
        The same layers, to the attention weights (n, target length, source length).

    Notes
    -----
    The scores are vᵀ tanh(W q + U k), without biases: W is in the layer "queries", U in "keys",
    and v in "alignment".
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    text = keras.Input((source[0],), dtype="int32")
    before = keras.Input((target[0],), dtype="int32")  # the answer, one place later
    encoder = layers.GRU(units, return_sequences=True, return_state=True)
    annotations, forward, backward = layers.Bidirectional(encoder)(
        layers.Embedding(source[1], 32)(text), mask=text != 0
    )
    state = layers.Dense(units, activation="tanh")(layers.Concatenate()([forward, backward]))
    states = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target[1], 16)(before), initial_state=state
    )
    queries = layers.Dense(units, use_bias=False, name="queries")(states)
    keys = layers.Dense(units, use_bias=False, name="keys")(annotations)
    context, weights = layers.AdditiveAttention(name="alignment")(
        [queries, annotations, keys], mask=[None, text != 0], return_attention_scores=True
    )
    both = layers.Concatenate()([states, context])
    hidden = layers.Dense(64, activation="relu", name="hidden")(both)
    answer = layers.Dense(target[1], activation="softmax", name="answer")(hidden)
    model = keras.Model([text, before], answer)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), "sparse_categorical_crossentropy")
    return model, keras.Model([text, before], weights)


def translator_without_attention(
    source: tuple[int, int], target: tuple[int, int], *, units: int = 48, rate: Any = RATE
) -> Any:
    """Make the same encoder and decoder, with one fixed vector between them.

    Parameters
    ----------
    source, target, units, rate
        As for `translator`.

    Returns
    -------
    keras.Model
        With the inputs and the output of `translator`'s model; compiled.
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    text = keras.Input((source[0],), dtype="int32")
    before = keras.Input((target[0],), dtype="int32")
    encoder = layers.GRU(units, return_sequences=True, return_state=True)
    _, forward, backward = layers.Bidirectional(encoder)(
        layers.Embedding(source[1], 32)(text), mask=text != 0
    )
    state = layers.Dense(units, activation="tanh")(layers.Concatenate()([forward, backward]))
    states = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target[1], 16)(before), initial_state=state
    )
    hidden = layers.Dense(64, activation="relu")(states)  # the state is all there is
    answer = layers.Dense(target[1], activation="softmax")(hidden)
    model = keras.Model([text, before], answer)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), "sparse_categorical_crossentropy")
    return model


def build(*, seed: int = 0) -> tuple[Any, Any]:
    """Make the model for dates, and the one with the same layers that tells its weights.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    model, looker : keras.Model
        As from `translator`.
    """
    from attention_edu.tasks import keras

    keras.utils.set_random_seed(seed)
    return translator((LENGTH, len(letters())), (TARGET_LENGTH, len(TARGET_TOKENS)))


def build_without_attention(*, seed: int = 0) -> Any:
    """Make the model for dates with one fixed vector in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    keras.Model
        As from `translator_without_attention`.
    """
    from attention_edu.tasks import keras

    keras.utils.set_random_seed(seed)
    return translator_without_attention(
        (LENGTH, len(letters())), (TARGET_LENGTH, len(TARGET_TOKENS))
    )


# ---------------------------------------------------------------------------------------------
# What they say, and where they look
# ---------------------------------------------------------------------------------------------


def shifted(targets: NDArray[np.int32], start: int) -> NDArray[np.int32]:
    """Move an answer one place to the right, behind the token `start`."""
    first = np.full((len(targets), 1), start, dtype=np.int32)
    return np.concatenate([first, targets[:, :-1]], axis=1)


def greedy(
    model: Any, sources: NDArray[np.int32], target_length: int, start: int
) -> NDArray[np.int32]:
    """Let a translator write token after token, each time the one that it finds most likely.

    Parameters
    ----------
    model : keras.Model
        From `translator` or `translator_without_attention`.
    sources : ndarray of int32, shape (n, source length)
        What to translate.
    target_length : int
        How many tokens to write.
    start : int
        The token that stands before the first one.

    Returns
    -------
    ndarray of int32, shape (n, target_length)
        Ids of the answers' tokens.
    """
    answers = np.zeros((len(sources), target_length), dtype=np.int32)
    for _ in range(target_length):
        # All places at once, each from the tokens before it. A place that stands on right tokens
        # comes out right, so one more is right in every round, and mostly many more.
        said = model.predict_on_batch([sources, shifted(answers, start)])
        better = said.argmax(axis=-1).astype(np.int32)
        if (better == answers).all():
            break
        answers = better
    return answers


class Translation(NamedTuple):
    """What the model made of one date.

    Attributes
    ----------
    tokens : list of str
        The characters of the date, as the model read it.
    answer : str
        What it wrote.
    weights : ndarray, shape (10, len(tokens))
        Where it looked for each character of the answer.
    is_date : bool
        Whether the answer is a day of the calendar.
    """

    tokens: list[str]
    answer: str
    weights: NDArray[np.float32]
    is_date: bool


def translate(model: Any, looker: Any, text: str, *, any_words: bool = False) -> Translation:
    """Translate one date that a student typed.

    Parameters
    ----------
    model, looker : keras.Model
        From `build`.
    text : str
        The date.
    any_words : bool, default False
        As for `encode`.

    Returns
    -------
    Translation
        Its tokens, answer and weights.

    Raises
    ------
    PlainError
        As from `encode`.
    """
    source = encode(text, any_words=any_words)[None]
    ids = greedy(model, source, TARGET_LENGTH, START)
    weights = looker.predict_on_batch([source, shifted(ids, START)])[0]
    tokens = [letters()[i] for i in source[0] if i]
    answer = "".join(TARGET_TOKENS[i] for i in ids[0])
    try:
        date.fromisoformat(answer)
    except ValueError:
        return Translation(tokens, answer, weights[:, : len(tokens)], False)
    return Translation(tokens, answer, weights[:, : len(tokens)], True)


def exact_match(model: Any, examples: Examples) -> float:
    """Return the share of dates, from 0 to 1, whose answer is right in every character."""
    answers = greedy(model, examples.sources, TARGET_LENGTH, START)
    return float((answers == examples.targets).all(axis=1).mean())


def year_mass(looker: Any, examples: Examples) -> float:
    """Return how much of the four year digits' weight, from 0 to 1, lies on the year."""
    weights = np.asarray(looker.predict_on_batch(examples.inputs))[:, :4]
    return float((weights * examples.years[:, None]).sum(axis=-1).mean())
