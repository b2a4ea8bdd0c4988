"""Small stories with a question, in the manner of tasks 1 and 2 of bAbI, and a memory network.

One fact: "Mary went to the garden. … Where is Mary?" Two facts: "Mary took the milk. Mary went to
the garden. … Where is the milk?", where people also drop things and go on without them. Every
story is generated, so the sentences that carry the answer are known. After Weston et al. (2015),
arXiv:1502.05698, and Sukhbaatar et al. (2015), End-to-End Memory Networks, arXiv:1503.08895.
"""

from __future__ import annotations

import difflib
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import as_integer
from attention_edu.tasks import PlainError

__all__ = [
    "PEOPLE",
    "PLACES",
    "SENTENCES",
    "THINGS",
    "WORDS",
    "Answer",
    "Data",
    "Examples",
    "Story",
    "accuracy",
    "answer",
    "build",
    "build_without_attention",
    "encode",
    "looking",
    "make_data",
    "split",
    "supporting_share",
    "without_time",
]

PEOPLE = ["mary", "john", "sandra", "daniel"]
PLACES = ["garden", "kitchen", "office", "bedroom", "bathroom", "hallway"]
THINGS = ["milk", "apple", "football"]
GO = ["went to the", "moved to the", "walked to the", "travelled to the"]
TAKE = ["took the", "grabbed the", "got the"]
DROP = ["dropped the", "put down the", "left the"]

#: The words that the model knows.
WORDS = sorted({word for part in (PEOPLE, PLACES, THINGS, GO, TAKE, DROP) for text in part
                for word in text.split()} | {"where", "is"})  # fmt: skip
_NUMBER = {word: i for i, word in enumerate(WORDS)}
#: The most sentences that a story may have.
SENTENCES = 10
#: The numbers of a sentence: how often each word comes, and then how long ago it was said.
FEATURES = len(WORDS) + SENTENCES
RATE = 0.005
_EXAMPLE = "Mary took the milk. Mary went to the garden. Where is the milk?"
TRAIN = {1: 10000, 2: 16000}
EPOCHS = {1: 5, 2: 6}
BATCH = 100


class Story(NamedTuple):
    """A story with its question.

    Attributes
    ----------
    sentences : list of str
        In the order in which they are told.
    question : str
        Where somebody or something is.
    place : str
        The right answer.
    supporting : tuple of int
        The indices of the sentences that give the answer: one fact, the last move of the person;
        two facts, who took or dropped the thing last, and where this person had gone. No earlier
        event of the thing would lead to the same answer.
    """

    sentences: list[str]
    question: str
    place: str
    supporting: tuple[int, ...]


class Examples(NamedTuple):
    """Stories as numbers.

    Attributes
    ----------
    stories : list of Story
        What they say.
    memories : ndarray of float32, shape (n, 10, features)
        One row a sentence, the last sentence in the last row; rows before the first are 0.
    questions : ndarray of float32, shape (n, words)
        How often each word comes in the question.
    places : ndarray of int32, shape (n,)
        The right answers, as indices of `PLACES`.
    supporting : ndarray of int64, shape (n, facts)
        The rows of the supporting sentences.
    """

    stories: list[Story]
    memories: NDArray[np.float32]
    questions: NDArray[np.float32]
    places: NDArray[np.int32]
    supporting: NDArray[np.int64]

    @property
    def inputs(self) -> list[NDArray[np.float32]]:
        """What the model gets."""
        return [self.memories, self.questions]


class Data(NamedTuple):
    """Stories to train on, and others that training never sees."""

    train: Examples
    test: Examples


def make_data(facts: int, train: int = 16000, test: int = 2000, *, seed: int = 0) -> Data:
    """Tell stories; no story is in both parts.

    Parameters
    ----------
    facts : int
        1 or 2: how many sentences it takes to answer.
    train, test : int
        How many stories to train on, and how many to hold out.
    seed : int, default 0
        Draws everything: the same seed gives the same data.

    Returns
    -------
    Data
        Its `train` and `test` are Examples.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a whole number that makes sense.
    """
    if as_integer("facts", facts) not in (1, 2):
        raise ValueError(f"facts: wants 1 or 2; got {facts}")
    train = as_integer("train", train, least=1)
    test = as_integer("test", test, least=1)
    rng = np.random.default_rng(as_integer("seed", seed, least=0))
    stories: dict[tuple[str, ...], Story] = {}
    while len(stories) < train + test:
        story = _one_fact(rng) if facts == 1 else _two_facts(rng)
        if story is not None:
            # The key holds the whole text: a story that was told already is told once only.
            stories.setdefault((*story.sentences, story.question), story)
    told = list(stories.values())
    return Data(_examples(told[:train]), _examples(told[train:]))


def _pick(rng: np.random.Generator, choices: list[str]) -> str:
    return choices[int(rng.random() * len(choices))]


def _one_fact(rng: np.random.Generator) -> Story:
    where: dict[str, tuple[str, int]] = {}
    sentences = []
    for i in range(2 + int(rng.random() * (SENTENCES - 1))):
        person, place = _pick(rng, PEOPLE), _pick(rng, PLACES)
        where[person] = place, i
        sentences.append(f"{person} {_pick(rng, GO)} {place}")
    person = _pick(rng, sorted(where))
    place, told = where[person]
    return Story(sentences, f"where is {person}", place, (told,))


def _two_facts(rng: np.random.Generator) -> Story | None:
    """Let people walk, take and drop; ask for a thing whose last event matters."""
    where: dict[str, tuple[str, int]] = {}
    holder: dict[str, str] = {}
    # For each thing: when it was taken or dropped, by whom, and after which move (None: wherever
    # the person goes).
    events: dict[str, list[tuple[int, str, int | None]]] = {thing: [] for thing in THINGS}
    sentences: list[str] = []
    cast = PEOPLE[int(rng.random() * 3) :]  # two people at least
    for i in range(4 + int(rng.random() * (SENTENCES - 3))):
        person = _pick(rng, cast)
        place, moved = where.get(person, ("", -1))
        held = [thing for thing in THINGS if holder.get(thing) == person]
        # Nobody takes what lies in another room.
        free = [
            thing
            for thing in THINGS
            if thing not in holder
            and (not events[thing] or sentences[events[thing][-1][2] or 0].endswith(place))
        ]
        draw = rng.random()
        if place and held and draw < 0.4:
            thing = _pick(rng, held)
            del holder[thing]
            events[thing].append((i, person, moved))
            sentences.append(f"{person} {_pick(rng, DROP)} {thing}")
        elif place and free and draw < 0.7:
            thing = _pick(rng, free)
            holder[thing] = person
            events[thing].append((i, person, None))
            sentences.append(f"{person} {_pick(rng, TAKE)} {thing}")
        else:
            where[person] = _pick(rng, PLACES), i
            sentences.append(f"{person} {_pick(rng, GO)} {where[person][0]}")
    # The move to which each event by itself would lead, and its place: no other event may give the
    # right answer as well, else a network that looks at the wrong sentence is right by chance.
    moves = {
        thing: [where[who][1] if move is None else move for _, who, move in told]
        for thing, told in events.items()
    }
    leads = {t: [sentences[move].split()[-1] for move in told] for t, told in moves.items()}
    askable = [t for t in THINGS if leads[t] and leads[t].count(leads[t][-1]) == 1]
    dropped = [thing for thing in askable if thing not in holder]
    again = [t for t in askable if t in holder and any(move is not None for *_, move in events[t])]
    # Things that were taken again are rare, so they go first. Most stories whose thing was never
    # dropped are left out, so that it was dropped in about half.
    askable = again or dropped or (askable if rng.random() < 0.1 else [])
    if not askable:
        return None
    thing = _pick(rng, askable)
    move, place = moves[thing][-1], leads[thing][-1]
    return Story(sentences, f"where is the {thing}", place, (events[thing][-1][0], move))


def _examples(stories: list[Story]) -> Examples:
    numbers = [_numbers(story.sentences, story.question) for story in stories]
    shift = [SENTENCES - len(story.sentences) for story in stories]
    return Examples(
        stories,
        np.stack([memory for memory, _ in numbers]),
        np.stack([question for _, question in numbers]),
        np.array([PLACES.index(story.place) for story in stories], dtype=np.int32),
        np.array([story.supporting for story in stories]) + np.array(shift)[:, None],
    )


def _numbers(
    sentences: list[str], question: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    memory = np.zeros((SENTENCES, FEATURES), dtype=np.float32)
    asked = np.zeros(len(WORDS), dtype=np.float32)
    # The last sentence stands in the last row: a row says how long ago something was told.
    for row, sentence in enumerate(sentences, SENTENCES - len(sentences)):
        for word in sentence.split():
            memory[row, _NUMBER[word]] += 1
        memory[row, len(WORDS) + row] = 1
    for word in question.split():
        asked[_NUMBER[word]] += 1
    return memory, asked


def without_time(examples: Examples) -> Examples:
    """Take away from each sentence how long ago it was told; the words stay.

    Parameters
    ----------
    examples : Examples
        Stories.

    Returns
    -------
    timeless : Examples
        The same stories, in which the numbers for the time are all 0.
    """
    memories = examples.memories.copy()
    memories[:, :, len(WORDS) :] = 0
    return examples._replace(memories=memories)


def split(text: str) -> tuple[str, str]:
    """Split what a student typed into the story and the question at its end.

    Parameters
    ----------
    text : str
        Sentences, and then a question that ends in a question mark.

    Returns
    -------
    story, question : str
        Both as `encode` takes them.

    Raises
    ------
    PlainError
        If there is nothing, or no question at the end, or more than one.
    """
    told = str(text).strip()
    if not told:
        raise PlainError(f"Nothing is written yet. Tell a story, then ask: {_EXAMPLE}")
    if told.count("?") > 1:
        raise PlainError("One question at a time, please: there is more than one question mark.")
    if not told.endswith("?"):
        raise PlainError(f"End with your question and a question mark: {_EXAMPLE}")
    # The question begins after the last full stop or the last line that is not empty.
    *story, question = (part for part in re.split(r"(?<=[.!;\n])", told) if part.strip())
    return "".join(story), question


def encode(story: str, question: str) -> tuple[NDArray[np.float32], NDArray[np.float32], list[str]]:
    """Turn a story and a question that a student typed into numbers.

    Parameters
    ----------
    story : str
        Up to ten sentences; each ends with a full stop or a new line.
    question : str
        Where is somebody, or something?

    Returns
    -------
    memory : ndarray of float32, shape (10, features)
        One row a sentence, the last sentence in the last row.
    question : ndarray of float32, shape (words,)
        How often each word comes.
    sentences : list of str
        The sentences, as the model reads them.

    Raises
    ------
    PlainError
        If there is no sentence or no question, there are too many, or a word is unknown.
    """
    sentences = [part for part in map(_words, re.split(r"[.!?;\n]", str(story))) if part]
    asked = _words(str(question))
    if not sentences:
        raise PlainError(f"There is no story before the question: {_EXAMPLE}")
    if not asked:
        raise PlainError("Ask something: Where is Mary?")
    if len(sentences) > SENTENCES:
        raise PlainError(f"At most {SENTENCES} sentences fit; these are {len(sentences)}.")
    for word in " ".join([*sentences, asked]).split():
        if word not in _NUMBER:
            near = difflib.get_close_matches(word, WORDS, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            shown = word if len(word) <= 30 else f"{word[:30]}…"
            raise PlainError(
                f"The model does not know the word {shown}. {hint}It knows: {', '.join(WORDS)}."
            )
    return (*_numbers(sentences, asked), sentences)


def _words(text: str) -> str:
    """Keep the words: small letters, one space between them, no punctuation."""
    return " ".join(re.sub(r"[^\w\s'’-]", " ", text).lower().split())


def build(*, hops: int, seed: int = 0, width: int = 32) -> tuple[Any, Any]:
    """Make a memory network, and the model that tells where it looks.

    Parameters
    ----------
    hops : int
        How often it looks at the story.
    seed : int, default 0
        Draws the initial weights.
    width : int, default 32
        The numbers of a query, a key and a value.

    Returns
    -------
    model : keras.Model
        Takes memories and questions to the probabilities (n, 6) of the places; compiled.
    looker : keras.Model
        The same layers, to the attention weights (n, hops, 10).
    """
    from attention_edu.tasks import keras

    layers, ops = keras.layers, keras.ops
    keras.utils.set_random_seed(seed)
    story = keras.Input((SENTENCES, FEATURES))
    question = keras.Input((len(WORDS),))
    told = ops.any(story > 0, axis=-1)  # rows before the first sentence get no weight
    # Words are counted, so that a layer without bias sums up the vectors of the words.
    query = layers.Dense(width, use_bias=False, name="query")(question)[:, None]
    for hop in range(1, hops + 1):
        keys = layers.Dense(width, use_bias=False, name=f"keys_{hop}")(story)
        values = layers.Dense(width, use_bias=False, name=f"values_{hop}")(story)
        found, _weights = layers.Attention()(
            [query, values, keys], mask=[None, told], return_attention_scores=True
        )
        query = query + found  # what was asked, and what was found: the next query
    # The answer is read from what the last hop found.
    place = layers.Dense(len(PLACES), activation="softmax", name="place")(found[:, 0])
    model = keras.Model([story, question], place)
    model.compile(
        keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model, looking(model)


def looking(model: Any) -> Any:
    """Make the model that tells where a memory network looks; it shares its layers.

    Parameters
    ----------
    model : keras.Model
        From `build`, or loaded from the file of such a model.

    Returns
    -------
    keras.Model
        From memories and questions to the attention weights (n, hops, 10).
    """
    from attention_edu.tasks import keras

    hops = [layer for layer in model.layers if isinstance(layer, keras.layers.Attention)]
    looks = [layer.output[1] for layer in hops]  # output[0] is what was found
    return keras.Model(model.inputs, keras.ops.concatenate(looks, axis=1))


def build_without_attention(*, seed: int = 0, width: int = 32) -> Any:
    """Make the same network with the plain mean of the sentences in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.
    width : int, default 32
        The numbers of a query and a value.

    Returns
    -------
    keras.Model
        Takes memories and questions to the probabilities (n, 6) of the places; compiled.
    """
    from attention_edu.tasks import keras

    layers, ops = keras.layers, keras.ops
    keras.utils.set_random_seed(seed)
    story = keras.Input((SENTENCES, FEATURES))
    question = keras.Input((len(WORDS),))
    told = ops.any(story > 0, axis=-1)
    query = layers.Dense(width, use_bias=False)(question)
    values = layers.Dense(width, use_bias=False)(story)
    mean = layers.GlobalAveragePooling1D()(values, mask=told)
    place = layers.Dense(len(PLACES), activation="softmax")(query + mean)
    model = keras.Model([story, question], place)
    model.compile(
        keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


class Answer(NamedTuple):
    """What the model says to one question.

    Attributes
    ----------
    sentences : list of str
        The story, as the model read it.
    place : str
        The place that it finds most likely.
    probability : float
        How likely, from 0 to 1.
    weights : ndarray, shape (hops, len(sentences))
        Where it looked in each hop.
    """

    sentences: list[str]
    place: str
    probability: float
    weights: NDArray[np.float32]


def answer(model: Any, looker: Any, story: str, question: str) -> Answer:
    """Answer a question that a student typed.

    Parameters
    ----------
    model, looker : keras.Model
        From `build`.
    story, question : str
        As for `encode`.

    Returns
    -------
    Answer
        The place, and where the model looked for it.

    Raises
    ------
    PlainError
        As from `encode`.
    """
    memory, asked, sentences = encode(story, question)
    said = np.asarray(model([memory[None], asked[None]]))[0]
    weights = np.asarray(looker([memory[None], asked[None]]))[0, :, -len(sentences) :]
    return Answer(sentences, PLACES[int(said.argmax())], float(said.max()), weights)


def accuracy(model: Any, examples: Examples) -> float:
    """Return the share of questions, from 0 to 1, that the model answers right."""
    said = np.asarray(model(examples.inputs)).argmax(axis=1)
    return float((said == examples.places).mean())


def supporting_share(looker: Any, examples: Examples) -> list[list[float]]:
    """Return how often each hop looks most at each supporting sentence.

    Parameters
    ----------
    looker : keras.Model
        From `build`.
    examples : Examples
        Stories, told with known supporting sentences.

    Returns
    -------
    list of list of float
        Row h, column f: the share of stories, from 0 to 1, in which the sentence with the largest
        weight of hop h is the supporting sentence f.
    """
    looked = np.asarray(looker(examples.inputs)).argmax(axis=-1)
    hits = looked[:, :, None] == examples.supporting[:, None]
    return [[float(share) for share in row] for row in hits.mean(axis=0)]
