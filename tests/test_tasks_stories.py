"""Stories are as they say, the memory network never looks at padding, and errors are plain."""

import numpy as np
import pytest

from attention_edu.tasks import PlainError, stories
from attention_edu.tasks.training import train

pytestmark = pytest.mark.long  # Keras trains and predicts

N_WORDS = len(stories.WORDS)
TALE = "Mary took the milk. Mary went to the garden."


def texts(examples):
    return {(*story.sentences, story.question) for story in examples.stories}


def answered_by_hand(story):
    """Follow a story as a reader would, without the generator's book-keeping."""
    where, holder, lies = {}, {}, {}
    for i, sentence in enumerate(story.sentences):
        person, last = sentence.split()[0], sentence.split()[-1]
        if last in stories.PLACES:
            where[person] = last, i
        elif any(f" {verb} " in sentence for verb in stories.TAKE):
            holder[last], lies[last] = (person, i), None
        else:
            del holder[last]
            lies[last] = *where[person], i
    asked = story.question.split()[-1]
    if asked in stories.PEOPLE:
        place, told = where[asked]
        return place, (told,)
    if asked in holder:
        person, event = holder[asked]
        place, told = where[person]
    else:
        place, told, event = lies[asked]
    return place, (event, told)


@pytest.fixture(scope="module", params=[1, 2])
def data(request):
    return stories.make_data(request.param, 400, 100, seed=3)


# ---------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------


def test_shapes(data):
    facts = data.test.supporting.shape[1]
    assert data.train.memories.shape == (400, 10, stories.FEATURES)
    assert data.test.questions.shape == (100, N_WORDS)
    assert data.test.places.shape == (100,)
    assert data.test.supporting.shape == (100, facts)
    assert [array.dtype for array in data.test.inputs] == [np.float32, np.float32]


def test_no_story_is_told_twice_and_none_is_in_both_parts(data):
    assert len(texts(data.train)) == 400
    assert len(texts(data.test)) == 100
    assert not texts(data.train) & texts(data.test)


def test_answers_and_supporting_sentences_are_those_that_a_reader_finds(data):
    for story in data.train.stories:
        assert answered_by_hand(story) == (story.place, story.supporting)


def test_the_rows_of_the_supporting_sentences_are_those_of_the_story(data):
    part = data.test
    for i, story in enumerate(part.stories):
        shift = stories.SENTENCES - len(story.sentences)
        assert [row - shift for row in part.supporting[i]] == list(story.supporting)
        assert part.memories[i].any(axis=1).tolist() == [False] * shift + [True] * (10 - shift)
        assert stories.PLACES[part.places[i]] == story.place


def test_the_same_seed_tells_the_same_stories_and_another_one_others():
    first, again, other = (stories.make_data(2, 20, 5, seed=seed) for seed in (1, 1, 2))
    assert first.train.stories == again.train.stories
    np.testing.assert_array_equal(first.test.memories, again.test.memories)
    assert first.train.stories != other.train.stories


def test_no_other_event_of_the_thing_leads_to_the_answer():
    for story in stories.make_data(2, 400, 1, seed=5).train.stories:
        thing = story.question.split()[-1]
        event = story.supporting[0]
        for i in range(event):
            if story.sentences[i].endswith(f" {thing}"):
                who, drop = story.sentences[i].split()[0], stories.DROP
                dropped = any(f" {verb} " in story.sentences[i] for verb in drop)
                told = story.sentences[: i if dropped else None]
                went = [s.split()[-1] for s in told if s.startswith(who)]
                assert [place for place in went if place in stories.PLACES][-1] != story.place


def test_in_about_half_of_the_stories_the_thing_was_dropped():
    told = stories.make_data(2, 300, 1).train.stories
    dropped = sum(any(verb in s.sentences[s.supporting[0]] for verb in stories.DROP) for s in told)
    assert 120 < dropped < 210


def test_time_can_be_taken_away_and_the_words_stay(data):
    before = data.test.memories.copy()
    timeless = stories.without_time(data.test)
    np.testing.assert_array_equal(timeless.memories[..., :N_WORDS], before[..., :N_WORDS])
    assert not timeless.memories[..., N_WORDS:].any()
    np.testing.assert_array_equal(data.test.memories, before)


@pytest.mark.parametrize("wrong", [{"facts": 3}, {"facts": 0}, {"facts": 1, "train": 0}])
def test_data_that_cannot_be_made_are_refused(wrong):
    with pytest.raises(ValueError, match=r"facts|train"):
        stories.make_data(**wrong)


# ---------------------------------------------------------------------------------------------
# What a student types
# ---------------------------------------------------------------------------------------------


def test_what_is_typed_becomes_what_training_sees(data):
    story = data.test.stories[0]
    typed = ".\n".join(story.sentences).title() + ". " + story.question.upper() + "?"
    memory, question, sentences = stories.encode(*stories.split(typed))
    assert sentences == story.sentences
    np.testing.assert_array_equal(memory, data.test.memories[0])
    np.testing.assert_array_equal(question, data.test.questions[0])


@pytest.mark.parametrize(
    "typed",
    [
        f"{TALE} Where is the milk?",
        "mary took the milk\nmary went to the garden\nwhere is the milk?",
        "Mary, took the milk; Mary went (to) the garden!\n\n  Where is the “milk” ?  ",
    ],
)
def test_lines_and_punctuation_do_not_matter(typed):
    _, question, sentences = stories.encode(*stories.split(typed))
    assert sentences == ["mary took the milk", "mary went to the garden"]
    assert question.sum() == 4


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Nothing is written yet"),
        (" \n ", "Nothing is written yet"),
        (TALE, "End with your question"),
        ("Where is Mary?", "no story before"),
        ("?", "no story before"),
        (f"{TALE} ?", "Ask something"),
        (f"Where is Mary? {TALE} Where is the milk?", "One question at a time"),
        (f"{TALE} Where is the mlik?", "word mlik. Did you mean milk?"),
        ("Maria ging in den Garten. Wo ist Maria?", "word maria"),
        ("玛丽去了花园. Where is Mary?", "does not know the word 玛丽去了花园"),
        (f"{'x' * 2000}. Where is Mary?", "x…"),
        ("Mary went to the garden. " * 11 + "Where is Mary?", "At most 10 sentences"),
    ],
)
def test_errors_are_plain(typed, told):
    with pytest.raises(PlainError) as caught:
        stories.encode(*stories.split(typed))
    assert told in str(caught.value)
    assert len(str(caught.value)) < 400


# ---------------------------------------------------------------------------------------------
# The network
# ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    return stories.build(hops=2, seed=0)


def test_each_hop_shares_out_one_whole_and_padding_gets_nothing(network):
    part = stories.make_data(2, 1, 50).test
    weights = np.asarray(network[1](part.inputs))
    assert weights.shape == (50, 2, 10)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    empty = ~part.memories.any(axis=-1)
    assert empty.any()
    assert (np.moveaxis(weights, 1, 2)[empty] == 0).all()


def test_padding_does_not_change_the_mean_either():
    model = stories.build_without_attention()
    memory, question, _ = stories.encode("Mary went to the garden.", "Where is Mary?")
    value = memory[-1] @ np.asarray(_values(model))
    place = model.layers[-1]
    asked = question @ np.asarray(_query(model))
    scores = (asked + value) @ np.asarray(place.kernel) + np.asarray(place.bias)
    expected = np.exp(scores) / np.exp(scores).sum()
    got = np.asarray(model([memory[None], question[None]]))[0]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def _values(model):
    return next(w for w in model.weights if w.shape == (stories.FEATURES, 32))


def _query(model):
    return next(w for w in model.weights if w.shape == (N_WORDS, 32))


def test_the_seed_draws_the_weights():
    first, again, other = (stories.build(hops=1, seed=seed)[0].get_weights() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_where_a_copy_looks_can_be_asked(network):
    part = stories.make_data(2, 1, 20).test
    copy = stories.looking(network[0])
    np.testing.assert_array_equal(copy(part.inputs), network[1](part.inputs))


def test_an_answer_names_a_place_and_where_each_hop_looked(network):
    said = stories.answer(*network, TALE, "Where is the milk?")
    assert said.place in stories.PLACES
    assert 1 / 6 <= said.probability <= 1
    assert said.sentences == ["mary took the milk", "mary went to the garden"]
    assert said.weights.shape == (2, 2)
    np.testing.assert_allclose(said.weights.sum(axis=1), 1, atol=1e-5)


def test_a_short_training_learns_to_look_at_the_supporting_sentence():
    data = stories.make_data(1, 2000, 300)
    model, looker = stories.build(hops=1)
    before = stories.supporting_share(looker, data.test)[0][0]
    train(model, data.train.inputs, data.train.places, epochs=6, batch_size=50)
    assert stories.accuracy(model, data.test) > 0.8
    assert stories.supporting_share(looker, data.test)[0][0] > max(0.8, before)
