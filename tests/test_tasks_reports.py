"""Reports and their summaries: the data are as they say, and the pointer points at words."""

import numpy as np
import pytest

from attention_edu.attention import attention
from attention_edu.tasks import PlainError, reports

pytestmark = pytest.mark.long  # Keras trains and predicts

TEXT = "A fire has caused great damage. It happened in Lima. It began on Monday morning."


@pytest.fixture(scope="module")
def data():
    return reports.make_data(640, 60)


@pytest.fixture(scope="module")
def trained(data):
    pytest.importorskip("keras")
    from attention_edu.tasks.training import train

    model, looker = reports.build()
    before = reports.exact_match(model, data.test)
    train(model, data.train.tokens, data.train.facts, epochs=8, batch_size=16)
    return model, looker, before


# ---------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------


def test_examples_have_the_shapes_that_they_promise(data):
    for examples, count in zip(data, (640, 60, 60)):
        assert len(examples.texts) == count
        assert examples.tokens.shape == (count, reports.LENGTH)
        assert examples.facts.shape == (count, 3)
        assert examples.tokens.min() == 0
        assert examples.tokens.max() < len(reports.WORDS)


def test_the_same_seed_gives_the_same_reports(data):
    again = reports.make_data(640, 60)
    for one, other in zip(data, again):
        assert one.texts == other.texts
        np.testing.assert_array_equal(one.tokens, other.tokens)
    assert reports.make_data(640, 60, seed=1).train.texts != data.train.texts


def test_no_report_is_in_two_parts(data):
    parts = [set(examples.texts) for examples in data]
    assert len(set().union(*parts)) == sum(map(len, parts)) == 760


def told(sentence):
    """Give a sentence's wording, with the event, town or day taken out."""
    names = {*reports.EVENTS, *reports.TOWNS, *reports.DAYS}
    return " ".join("{}" if word in names else word for word in sentence.split())


def test_new_wordings_are_in_no_training_report(data):
    def wordings(examples):
        every = {told(part) for text in examples.texts for part in text.split(" . ")}
        return {wording for wording in every if "{}" in wording}

    assert wordings(data.reworded)
    assert not wordings(data.train) & wordings(data.reworded)
    assert wordings(data.test) <= wordings(data.train)


def test_events_towns_and_days_are_never_hidden(data):
    written = [text.split() for text in data.train.texts]
    names = {*reports.EVENTS, *reports.TOWNS, *reports.DAYS}
    seen = [[reports.WORDS[i] for i in row if i] for row in data.train.tokens]
    for words, read in zip(written, seen):
        assert [w for w in words if w in names] == [w for w in read if w in names]


def test_the_key_facts_stand_in_each_report(data):
    for examples in data:
        found = (examples.tokens[:, None] == examples.facts[:, :, None]).any(axis=-1)
        assert found.all()
    slots = (reports.EVENTS, reports.TOWNS, reports.DAYS)
    for place, words in enumerate(slots):
        named = {reports.WORDS[i] for i in data.train.facts[:, place]}
        assert named == set(words)


def test_words_are_hidden_in_training_only(data):
    def shares(examples):
        return (examples.tokens == reports.NEW).sum() / (examples.tokens > 0).sum()

    assert 0.12 < shares(data.train) < 0.25
    assert shares(data.test) == 0


@pytest.mark.parametrize(
    ("arguments", "error"), [((0,), ValueError), (("many",), TypeError), ((1, 0), ValueError)]
)
def test_counts_that_make_no_sense_are_refused(arguments, error):
    with pytest.raises(error):
        reports.make_data(*arguments)


# ---------------------------------------------------------------------------------------------
# What is typed
# ---------------------------------------------------------------------------------------------


def test_a_typed_report_is_read_as_the_data_are(data):
    tokens, words = reports.encode("It happened in Lima!  IT BEGAN on Monday, morning")
    assert words == ["it", "happened", "in", "lima", ".", "it", "began", "on", "monday", "morning"]
    assert [reports.WORDS[i] for i in tokens[: len(words)]] == words
    assert not tokens[len(words) :].any()
    text = data.test.texts[0]
    np.testing.assert_array_equal(reports.encode(text)[0], data.test.tokens[0])


def test_an_unknown_word_is_kept_as_it_was_typed():
    tokens, words = reports.encode("It happened in Atlantis.")
    assert words[3] == "atlantis"
    assert tokens[3] == reports.NEW


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Type a report"),
        (" . ! ", "Type a report"),
        ("fire in oslo €", "not €"),
        ("fire " * 65, "these are 65"),
        ("Un incendie a détruit le centre de Lima lundi.", "never seen most of these words"),
        ("火灾发生在奥斯陆", "never seen most"),
        ("<script>", "not < >"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(text, says):
    with pytest.raises(PlainError, match=says):
        reports.encode(text)


# ---------------------------------------------------------------------------------------------
# The models
# ---------------------------------------------------------------------------------------------


def test_the_weights_are_shares_of_the_words_and_padding_gets_none(trained, data):
    _, looker, _ = trained
    weights = np.asarray(looker(data.test.tokens))
    assert weights.shape == (60, 3, reports.LENGTH)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    padding = np.broadcast_to(data.test.tokens[:, None] == 0, weights.shape)
    assert padding.any()
    assert (weights[padding] == 0).all()


def test_the_model_says_what_the_weights_point_at(trained, data):
    model, looker, _ = trained
    tokens = data.test.tokens[:5]
    pointed = np.asarray(looker(tokens)) @ np.eye(len(reports.WORDS))[tokens]
    np.testing.assert_allclose(np.asarray(model(tokens)), pointed, atol=1e-5)


def test_a_short_training_learns_something(trained, data):
    model, looker, before = trained
    assert before < 0.1
    right = reports.facts_right(model, data.test)
    assert right.shape == (60, 3)
    assert right.mean() > 0.6
    assert reports.exact_match(model, data.test) == right.all(axis=1).mean()
    assert reports.key_mass(looker, data.test) > 0.5


def test_a_summary_names_words_of_the_report_and_no_full_stop(trained):
    _, looker, _ = trained
    summary = reports.summarize(looker, TEXT)
    assert summary.weights.shape == (3, len(summary.words))
    assert set(summary.facts) <= set(summary.words) - {"."}
    what, where, when = (fact.capitalize() for fact in summary.facts)
    assert summary.line == f"{what} in {where} on {when}."


def test_the_model_without_attention_gives_probabilities(data):
    pytest.importorskip("keras")
    said = np.asarray(reports.build_without_attention()(data.test.tokens[:4]))
    assert said.shape == (4, 3, len(reports.WORDS))
    np.testing.assert_allclose(said.sum(axis=-1), 1, atol=1e-5)


def test_the_looker_is_the_same_after_it_was_saved_and_loaded(trained, tmp_path, data):
    from attention_edu.tasks.training import load, save

    _, looker, _ = trained
    again = load(save(looker, tmp_path / "reports.keras"))
    tokens = data.test.tokens[:3]
    np.testing.assert_allclose(np.asarray(again(tokens)), np.asarray(looker(tokens)), atol=1e-6)


# ---------------------------------------------------------------------------------------------
# Sentences of a document
# ---------------------------------------------------------------------------------------------

SENTENCES = [
    "The old bridge over the river is closed.",
    "Cars take the new bridge over the river.",
    "Bananas are yellow.",
]


@pytest.mark.parametrize("name", reports.DOCUMENTS)
def test_a_shipped_document_gives_whole_sentences(name):
    pytest.importorskip("sklearn")
    sentences = reports.document_sentences(name)
    assert len(sentences) >= 5
    for sentence in sentences:
        assert len(sentence.split()) >= 5
        assert sentence.rstrip(")")[-1] in ".?!"
        assert "\n" not in sentence
        assert "`" not in sentence


def test_important_sentences_are_like_the_whole_document():
    pytest.importorskip("sklearn")
    found = reports.important_sentences(SENTENCES, 2)
    assert found.summary == SENTENCES[:2]
    assert found.steps.weights.shape == (1, 3)
    np.testing.assert_allclose(found.steps.weights.sum(), 1)


def test_a_question_takes_the_place_of_the_whole():
    pytest.importorskip("sklearn")
    asked = reports.important_sentences(SENTENCES, 1, question="Which colour are bananas?")
    assert asked.summary == SENTENCES[2:]


def test_sentence_attention_is_the_attention_of_the_course():
    text = pytest.importorskip("sklearn.feature_extraction.text")
    vectors = text.TfidfVectorizer(stop_words="english").fit_transform(SENTENCES).toarray()
    whole = vectors.mean(axis=0, keepdims=True)
    expected = attention(whole, vectors, vectors, scale=20)
    found = reports.important_sentences(SENTENCES)
    np.testing.assert_allclose(found.steps.weights, expected.weights)


@pytest.mark.parametrize(
    ("sentences", "options", "says"),
    [
        (SENTENCES, {"count": 4}, "only 3 sentences"),
        (["the and", "of it"], {"count": 1}, "no words that could be compared"),
        (SENTENCES, {"count": 1, "question": "quantum chess"}, "No word of the question"),
    ],
)
def test_a_document_without_an_answer_says_so(sentences, options, says):
    pytest.importorskip("sklearn")
    with pytest.raises(PlainError, match=says):
        reports.important_sentences(sentences, **options)


def test_an_unknown_document_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(PlainError, match="twenty_newsgroups"):
        reports.document_sentences("novel")
