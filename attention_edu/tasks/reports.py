"""Reports with three key facts, and the line that sums them up: what, where and when.

The model points: it says the words that it looks at. Three learned queries look for what
happened, where, and when, among other events, towns and days. After the pointer of Vinyals et al.
(2015), arXiv:1506.03134; summed over a word's places as in Kadlec et al. (2016), arXiv:1603.01547.

`important_sentences` needs no training: it finds the sentences of a real document that are most
like the document as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attention_edu.attention import AttentionSteps, as_integer, attention
from attention_edu.tasks import PlainError

__all__ = [
    "DAYS",
    "DOCUMENTS",
    "EVENTS",
    "FACTS",
    "LENGTH",
    "TOWNS",
    "WORDS",
    "Data",
    "Examples",
    "SentenceAttention",
    "Summary",
    "build",
    "build_without_attention",
    "document_sentences",
    "encode",
    "exact_match",
    "facts_right",
    "important_sentences",
    "key_mass",
    "make_data",
    "summarize",
]

#: What the three queries look for.
FACTS = ("what", "where", "when")
EVENTS = [
    "fire", "flood", "storm", "crash", "landslide", "blackout", "blast", "leak", "robbery",
    "strike",
]  # fmt: skip
TOWNS = [
    "oslo", "bergen", "lisbon", "porto", "athens", "sparta", "cairo", "luxor", "quito",
    "lima", "bogota", "dakar", "lagos", "accra", "hanoi", "manila", "kyoto", "osaka", "perth",
    "darwin", "boston", "denver", "austin", "tucson",
]  # fmt: skip
DAYS = [
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
]  # fmt: skip
SLOTS = {"what": EVENTS, "where": TOWNS, "when": DAYS}

# In "told" a sentence states the key fact; in "other" it names another event, town or day.
_KNOWN = {
    "told": {
        "what": [
            "it was the worst {} in ten years",
            "firefighters were called to a {}",
            "several people reported a {}",
            "a {} has caused great damage",
            "nobody had expected a {} like this",
            "the cause of the {} is not known",
            "experts said the {} was caused by old pipes",
            "a terrible {} kept the police busy",
            "the news of the {} was a shock",
        ],
        "where": [
            "it happened in {}",
            "the centre of {} was hit",
            "many streets in {} were closed",
            "the people of {} had to leave their houses",
            "sirens were heard all over {}",
            "most of {} was without water",
            "in {} all bells were ringing",
            "doctors in {} worked without a break",
            "the old town of {} was the scene",
        ],
        "when": [
            "it began on {} morning",
            "the first call came on {}",
            "on {} night the sky turned red",
            "since {} all schools are closed",
            "everything started late on {}",
            "the alarm was raised on {} at noon",
            "{} will not be forgotten soon",
            "the trouble was first seen on {}",
            "it was {} when all this happened",
        ],
    },
    "other": {
        "what": [
            "last year a {} did even more harm",
            "some still remember the old {}",
            "it was not a {} as was first said",
            "there is no danger of a {}",
            "this time it was not a {}",
            "the last {} was years ago",
        ],
        "where": [
            "helpers came from {}",
            "people in {} gave money",
            "the road to {} stayed open",
            "a hospital near {} took the wounded",
            "doctors from {} were ready to help",
            "from {} came food and clothes",
        ],
        "when": [
            "the repairs will begin on {}",
            "the mayor wants to speak on {}",
            "trains will run again from {}",
            "the next meeting is on {}",
            "until {} the road will be closed",
            "a concert is planned for {}",
        ],
    },
}
_NEW = {
    "told": {
        "what": [
            "a {} kept firefighters busy",
            "the damage was caused by a {}",
            "witnesses reported a terrible {}",
        ],
        "where": [
            "houses in {} were damaged",
            "the scene was the centre of {}",
            "in {} the sirens did not stop",
        ],
        "when": [
            "on {} morning the alarm was raised",
            "it happened on {} at night",
            "the trouble started on {}",
        ],
    },
    "other": {
        "what": ["the last {} was long ago", "this was no {} , experts said"],
        "where": ["doctors from {} came to help", "the hospital in {} was ready"],
        "when": ["from {} the road will be open again", "repairs are planned for {}"],
    },
}
_FILLERS = [
    "nobody was killed",
    "the mayor thanked all helpers",
    "the damage is great",
    "more rain is expected",
    "the police gave no names",
]

#: The most words that a report may have; a full stop counts as one.
LENGTH = 64
#: The token of each id: filling, a word never seen, and the words of the training wordings.
WORDS = [
    "",
    "(new)",
    *sorted(
        {"."}
        | {w for part in _KNOWN.values() for texts in part.values() for t in texts
           for w in t.split() if w != "{}"}
        | {w for text in _FILLERS for w in text.split()}
        | {*EVENTS, *TOWNS, *DAYS}
    ),
]  # fmt: skip
_NUMBER = {word: i for i, word in enumerate(WORDS)}
NEW = 1
RATE = 0.004
EPOCHS = 4
BATCH = 64
HIDDEN = 1 / 4  # of the training words; fewer hidden ones leave it helpless before new wordings


class Examples(NamedTuple):
    """Reports with their key facts.

    Attributes
    ----------
    texts : list of str
        The reports, in lower case, with a space before each full stop.
    tokens : ndarray of int32, shape (n, 64)
        Ids of the words, 0 after the end.
    facts : ndarray of int32, shape (n, 3)
        Ids of the words that say what happened, where, and when.
    """

    texts: list[str]
    tokens: NDArray[np.int32]
    facts: NDArray[np.int32]


class Data(NamedTuple):
    """Reports to train on, others in the same wordings, and others in new wordings."""

    train: Examples
    test: Examples
    reworded: Examples


def make_data(train: int = 5120, test: int = 1000, *, seed: int = 0) -> Data:
    """Write reports; no report is in two parts.

    Parameters
    ----------
    train, test : int
        How many reports to train on, and how many to hold out of each kind. Of one training word
        in four (events, towns and days aside) the model sees only that a word stands there, so
        that it learns to read with words that it does not know.
    seed : int, default 0
        Draws everything: the same seed gives the same data.

    Returns
    -------
    Data
        Its `train`, `test` and `reworded` are Examples. In `reworded`, every sentence about an
        event, a town or a day has a wording that no training report has.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a whole number that makes sense.
    """
    train = as_integer("train", train, least=1)
    test = as_integer("test", test, least=1)
    rng = np.random.default_rng(as_integer("seed", seed, least=0))
    known: dict[str, tuple[str, ...]] = {}
    while len(known) < train + test:
        known.setdefault(*_report(rng, _KNOWN))
    new: dict[str, tuple[str, ...]] = {}
    while len(new) < test:
        new.setdefault(*_report(rng, _NEW))
    written = list(known.items())
    examples = _examples(written[:train])
    blank = (rng.random(examples.tokens.shape) < HIDDEN) & (examples.tokens > 0)
    # Names stay: else key facts were the only ones never hidden, and a hidden one never a fact.
    blank &= ~np.isin(
        examples.tokens, [_NUMBER[name] for names in SLOTS.values() for name in names]
    )
    hidden = np.where(blank, NEW, examples.tokens).astype(np.int32)
    return Data(
        examples._replace(tokens=hidden), _examples(written[train:]), _examples(list(new.items()))
    )


def _report(
    rng: np.random.Generator, wordings: dict[str, dict[str, list[str]]]
) -> tuple[str, tuple[str, ...]]:
    """Write one report: three facts, one to three other sentences, and perhaps a filler."""
    facts = []
    sentences = []
    distracting = rng.permutation(len(FACTS))[: int(rng.integers(1, 4))]
    for i, fact in enumerate(FACTS):
        right, wrong = (SLOTS[fact][int(j)] for j in rng.choice(len(SLOTS[fact]), 2, replace=False))
        facts.append(right)
        sentences.append(_picked(rng, wordings["told"][fact]).format(right))
        if i in distracting:
            sentences.append(_picked(rng, wordings["other"][fact]).format(wrong))
    if rng.random() < 0.5:
        sentences.append(_picked(rng, _FILLERS))
    order = rng.permutation(len(sentences))
    return " ".join(f"{sentences[int(i)]} ." for i in order), tuple(facts)


def _picked(rng: np.random.Generator, texts: list[str]) -> str:
    return texts[int(rng.integers(len(texts)))]


def _examples(written: list[tuple[str, tuple[str, ...]]]) -> Examples:
    texts = [text for text, _ in written]
    facts = [[_NUMBER[fact] for fact in told] for _, told in written]
    tokens = np.stack([_ids(text.split()) for text in texts])
    return Examples(texts, tokens, np.array(facts, dtype=np.int32))


def _ids(words: list[str]) -> NDArray[np.int32]:
    ids = np.zeros(LENGTH, dtype=np.int32)
    ids[: len(words)] = [_NUMBER.get(word, NEW) for word in words]
    return ids


def encode(text: str) -> tuple[NDArray[np.int32], list[str]]:
    """Turn a report that a student typed into ids.

    Parameters
    ----------
    text : str
        English sentences. Words that the model has never seen are allowed, if they are few.

    Returns
    -------
    tokens : ndarray of int32, shape (64,)
        Ids of the words, 1 for a word never seen, 0 after the end.
    words : list of str
        The words, as typed, in lower case.

    Raises
    ------
    PlainError
        If the report is empty or too long, has another character than letters, digits and
        punctuation, or most of its words are unknown.
    """
    typed = str(text).lower().replace("’", "'")
    strange = sorted(set(re.findall(r"[^\w\s.,;:!?'\"()-]", typed)))
    if strange:
        raise PlainError(f"The model reads words and full stops, not {' '.join(strange)}.")
    words = re.findall(r"[\w'-]+|[.!?]", typed)
    words = ["." if word in "!?" else word for word in words]
    if not any(word != "." for word in words):
        raise PlainError("Type a report, such as: A fire has caused great damage. …")
    if len(words) > LENGTH:
        raise PlainError(f"At most {LENGTH} words and full stops fit; these are {len(words)}.")
    unknown = [word for word in words if word not in _NUMBER]
    if 2 * len(unknown) > sum(word != "." for word in words):
        raise PlainError(
            "The model has never seen most of these words: it reads English reports about a "
            f"{', a '.join(EVENTS[:3])} and the like. New to it: {', '.join(unknown[:8])}."
        )
    return _ids(words), words


def build(*, seed: int = 0) -> tuple[Any, Any]:
    """Make the model: three learned queries, and a pointer to the words they look at.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    model : keras.Model
        Takes tokens (n, 64) to the probability of each word (n, 3, words); compiled.
    looker : keras.Model
        The same layers, to the attention weights (n, 3, 64).
    """
    from attention_edu.tasks import keras

    layers, ops = keras.layers, keras.ops
    keras.utils.set_random_seed(seed)
    tokens = keras.Input((LENGTH,), dtype="int32")
    inputs = layers.Embedding(len(WORDS), 32)(tokens)
    inputs = layers.Conv1D(48, 5, padding="same", activation="relu")(inputs)
    keys = layers.Conv1D(48, 5, padding="same")(inputs)  # each word with four neighbours a side
    queries = layers.Embedding(3, 48)(0 * tokens[:, :3] + ops.arange(3))  # what? where? when?
    values = ops.one_hot(tokens, len(WORDS))  # a word means itself
    said, weights = layers.AdditiveAttention()(
        [queries, values, keys], mask=[None, tokens != 0], return_attention_scores=True
    )
    model = keras.Model(tokens, said)
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    return model, keras.Model(tokens, weights)


def build_without_attention(*, seed: int = 0) -> Any:
    """Make the same features, with their plain mean in place of attention.

    Parameters
    ----------
    seed : int, default 0
        Draws the initial weights.

    Returns
    -------
    keras.Model
        Takes tokens (n, 64) to the probability of each word (n, 3, words); compiled.
    """
    from attention_edu.tasks import keras

    layers = keras.layers
    keras.utils.set_random_seed(seed)
    tokens = keras.Input((LENGTH,), dtype="int32")
    inputs = layers.Embedding(len(WORDS), 32)(tokens)
    inputs = layers.Conv1D(48, 5, padding="same", activation="relu")(inputs)
    features = layers.Conv1D(48, 5, padding="same", activation="relu")(inputs)
    mean = layers.GlobalAveragePooling1D()(features, mask=tokens != 0)
    scores = layers.Reshape((3, len(WORDS)))(layers.Dense(3 * len(WORDS))(mean))
    model = keras.Model(tokens, layers.Softmax()(scores))
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    return model


class Summary(NamedTuple):
    """What the model makes of one report.

    Attributes
    ----------
    words : list of str
        The report, as the model read it.
    facts : list of str
        The words that it points at: what, where and when.
    line : str
        The summary.
    weights : ndarray, shape (3, len(words))
        Where it looked for each fact.
    """

    words: list[str]
    facts: list[str]
    line: str
    weights: NDArray[np.float32]


def summarize(looker: Any, text: str) -> Summary:
    """Sum up one report that a student typed, in the words that the model looks at.

    Parameters
    ----------
    looker : keras.Model
        From `build`. It can point even at words that it has never seen.
    text : str
        The report.

    Returns
    -------
    Summary
        The line, and where the model looked.

    Raises
    ------
    PlainError
        As from `encode`.
    """
    tokens, words = encode(text)
    weights = np.asarray(looker.predict_on_batch(tokens[None]))[0, :, : len(words)]
    facts = []
    for row in weights:
        mass: dict[str, float] = {}
        for word, weight in zip(words, row):
            if word != ".":
                mass[word] = mass.get(word, 0.0) + float(weight)
        facts.append(max(mass, key=lambda word: mass[word]))
    what, where, when = facts
    line = f"{what.capitalize()} in {where.capitalize()} on {when.capitalize()}."
    return Summary(words, facts, line, weights)


def facts_right(model: Any, examples: Examples) -> NDArray[np.bool_]:
    """Tell which facts of which reports come out right.

    Parameters
    ----------
    model : keras.Model
        Takes tokens to the probability of each word.
    examples : Examples
        The reports.

    Returns
    -------
    ndarray of bool, shape (n, 3)
        One row for each report: what, where and when.
    """
    said = _in_parts(model, examples.tokens, lambda part: part.argmax(axis=-1))
    right: NDArray[np.bool_] = said == examples.facts
    return right


def exact_match(model: Any, examples: Examples) -> float:
    """Return the share of reports, from 0 to 1, of which all three facts come out right."""
    return float(facts_right(model, examples).all(axis=1).mean())


def key_mass(looker: Any, examples: Examples) -> float:
    """Return how much of the weight, from 0 to 1, lies on the word of the fact on average."""
    weights = _in_parts(looker, examples.tokens, lambda part: part)
    key = examples.tokens[:, None] == examples.facts[:, :, None]
    return float((weights * key).sum(axis=-1).mean())


def _in_parts(
    model: Any, tokens: NDArray[np.int32], then: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """Call a model on a part of the reports at a time: `predict` warns with many models."""
    parts = np.array_split(tokens, -(-len(tokens) // 250))
    return np.concatenate([then(np.asarray(model(part))) for part in parts])


# ---------------------------------------------------------------------------------------------
# Without training: which sentences of a real document are most like the whole?
# ---------------------------------------------------------------------------------------------

#: Descriptions of data sets that scikit-learn ships, with the most running text.
DOCUMENTS = ("twenty_newsgroups", "lfw", "rcv1", "breast_cancer", "iris")


class SentenceAttention(NamedTuple):
    """Attention over the sentences of a document.

    Attributes
    ----------
    sentences : list of str
        All of them.
    steps : AttentionSteps
        Scores and weights of shape (1, sentences): the query is the document's mean vector, or
        that of a question.
    summary : list of str
        The sentences with the largest weights, in the order of the document.
    """

    sentences: list[str]
    steps: AttentionSteps
    summary: list[str]


def document_sentences(name: str) -> list[str]:
    """Return the sentences of a description that scikit-learn ships.

    Parameters
    ----------
    name : str
        One of `DOCUMENTS`.

    Returns
    -------
    list of str
        Running text only, without tables, headings and references.

    Raises
    ------
    PlainError
        If there is no such document.
    """
    if name not in DOCUMENTS:
        raise PlainError(f"There is no document {name}; there are: {', '.join(DOCUMENTS)}.")
    source = resources.files("sklearn.datasets.descr") / f"{name}.rst"
    sentences = []
    for paragraph in re.split(r"\n\s*\n", source.read_text(encoding="utf-8")):
        if any(_MARKUP.match(line) for line in paragraph.strip("\n").splitlines()):
            continue  # a heading, a list, a table, code or a reference
        plain = re.sub(r"`([^`<]*?)\s*<[^`]*>`_+|\s\[\d+\]_", r"\1", " ".join(paragraph.split()))
        plain = re.sub(r":\w+:(?=`)|\*\*", "", plain)
        parts = _BETWEEN_SENTENCES.split(plain.replace("`", ""))
        sentences += [part for part in parts if _SENTENCE.fullmatch(part)]
    return sentences


#: How a line begins or ends that is not running text.
_MARKUP = re.compile(r"\s*([-=*|.:#>]|\d+[.)]|.*(={3}|-{3})|https?:)")
_BETWEEN_SENTENCES = re.compile(
    r"(?:(?<=[a-z\d\])][.?!])|(?<=[A-Z]{2}[.?!])|(?<=[.?!]\)))\s+(?=[A-Z(])"
)
#: At least five words, none of them the name of a link, with an end.
_SENTENCE = re.compile(r"(?!.*(?:\w_ |(?:[a-z]+_){3}))(?:\S+\s+){4,}\S+[.?!]\)?", re.DOTALL)


def important_sentences(
    sentences: list[str], count: int = 3, *, question: str = "", sharpness: float = 20.0
) -> SentenceAttention:
    """Find the sentences that are most like the document as a whole, by attention alone.

    Parameters
    ----------
    sentences : list of str
        The document.
    count : int, default 3
        How many sentences the summary has.
    question : str, optional
        Instead of the whole document: find the sentences that are most like this text.
    sharpness : float, default 20.0
        The similarities, between 0 and 1, are multiplied by it before softmax.

    Returns
    -------
    SentenceAttention
        The steps, and the summary.

    Raises
    ------
    PlainError
        If there are fewer sentences than `count`, or no words that can be compared.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(sentences) < as_integer("count", count, least=1):
        raise PlainError(f"The document has only {len(sentences)} sentences.")
    measure = TfidfVectorizer(stop_words="english")
    try:
        vectors = measure.fit_transform(sentences).toarray()
    except ValueError:
        raise PlainError("The sentences have no words that could be compared.") from None
    query = vectors.mean(axis=0, keepdims=True)  # what the document is about
    if question:
        query = measure.transform([question]).toarray()
        if not query.any():
            raise PlainError("No word of the question stands in the document, small words aside.")
    steps = attention(query, vectors, vectors, scale=sharpness)
    best = sorted(np.argsort(-steps.weights[0], kind="stable")[:count])
    return SentenceAttention(sentences, steps, [sentences[int(i)] for i in best])
