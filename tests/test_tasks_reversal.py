"""Words backwards: the data, the words that students type, and the models."""

from types import SimpleNamespace

import numpy as np
import pytest

from attention_edu.tasks import PlainError, reversal
from attention_edu.tasks.training import train

pytestmark = pytest.mark.long  # Keras trains and predicts

LETTERS = len(reversal.TOKENS)


@pytest.fixture(scope="module")
def data():
    return reversal.make_data(384, 180)


@pytest.fixture(scope="module")
def trained(data):
    """The model after a few steps, the one that tells its weights, and its training."""
    model, looker = reversal.build()
    done = train(model, data.train.inputs, data.train.targets, epochs=2, batch_size=32)
    return model, looker, done


def word(ids):
    return "".join(reversal.TOKENS[i] for i in ids)


# The data --------------------------------------------------------------------------------------


def test_the_examples_have_the_promised_shapes(data):
    for part, count in ((data.train, 384), (data.test, 180)):
        for each in (part.sources, part.targets):
            assert (each.shape, each.dtype) == ((count, reversal.LENGTH), np.int32)
        assert part.lengths.shape == (count,)
        before = part.inputs[1]
        assert (before[:, 0] == reversal.START).all()
        assert (before[:, 1:] == part.targets[:, :-1]).all()


def test_each_answer_is_the_word_backwards(data):
    for source, target, length in zip(*data.test):
        assert word(target) == word(source)[::-1]
        assert len(word(source)) == length
        assert (source != 0).tolist() == [place < length for place in range(reversal.LENGTH)]
        assert (target != 0).tolist() == (source != 0).tolist()
        assert reversal.encode(word(source)).tolist() == source.tolist()


def test_all_lengths_are_about_equally_frequent():
    lengths = reversal.make_data(3600, 1).train.lengths
    counts = np.bincount(lengths, minlength=reversal.LENGTH + 1)
    assert (counts[: reversal.SHORTEST] == 0).all()
    assert (counts[reversal.SHORTEST :] > 120).all()


def test_the_same_seed_gives_the_same_data(data):
    again = reversal.make_data(384, 180)
    for one, other in zip(data, again):
        assert all(map(np.array_equal, one, other))
    assert not np.array_equal(
        reversal.make_data(384, 180, seed=1).train.sources, data.train.sources
    )


def test_no_word_is_both_in_training_and_held_out():
    # Many enough that equal words of three letters are drawn again and again.
    data = reversal.make_data(20_000, 8_000)
    parts = [{each.tobytes() for each in part.sources} for part in data]
    assert [len(part) for part in parts] == [20_000, 8_000]
    assert not parts[0] & parts[1]


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"train": 0}, ValueError, "train: wants a whole number of at least 1"),
        ({"test": 2.5}, TypeError, "test: wants a whole number"),
        ({"seed": -1}, ValueError, "seed: wants a whole number of at least 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(wrong, error, told):
    with pytest.raises(error, match=told):
        reversal.make_data(**wrong)


# What students type ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Type a word, such as attention."),
        (" \n", "Type a word, such as attention."),
        ("two words", "The model knows the letters a to z only, not space."),
        ("straße", "The model knows the letters a to z only, not ß."),
        ("слово", "The model knows the letters a to z only, not в л о с."),
        ("h3llo!", "The model knows the letters a to z only, not ! 3."),
        ("a<b", "The model knows the letters a to z only, not <."),
        ("ab", "A word wants 3 to 20 letters; this one has 2."),
        ("a" * 21, "A word wants 3 to 20 letters; this one has 21."),
    ],
)
def test_what_the_model_cannot_read_is_told(text, told):
    with pytest.raises(PlainError) as error:
        reversal.encode(text)
    assert str(error.value) == told


def test_capitals_and_outer_spaces_do_not_count():
    assert word(reversal.encode("  Attention\n")) == "attention"
    assert word(reversal.encode("z" * 20)) == "z" * 20


# The models ------------------------------------------------------------------------------------


def test_a_short_training_lowers_the_loss(trained):
    _, _, done = trained
    assert done.history[1]["loss"] < done.history[0]["loss"] < np.log(LETTERS)


def test_padding_never_receives_weight(trained, data):
    model, looker, _ = trained
    weights = looker.predict_on_batch(data.test.inputs)
    assert weights.shape == (180, reversal.LENGTH, reversal.LENGTH)
    padding = np.broadcast_to((data.test.sources == 0)[:, None], weights.shape)
    assert (weights[padding] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    answers = model.predict_on_batch(data.test.inputs)
    assert answers.shape == (180, reversal.LENGTH, LETTERS)


def test_a_live_reversal_tells_where_the_model_looked(trained):
    model, looker, _ = trained
    answer, weights = reversal.reverse(model, looker, "Horse")
    assert weights.shape == (len(answer), 5)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(PlainError, match="Type a word"):
        reversal.reverse(model, looker, " ")


def test_each_row_of_weights_belongs_to_its_letter_of_the_answer():
    ids = np.zeros(reversal.LENGTH, dtype=int)
    ids[[0, 1, 3]] = 3, 1, 2  # "ca", an empty place, "b"
    says = SimpleNamespace(predict_on_batch=lambda _: np.eye(LETTERS)[[ids]])
    looks = SimpleNamespace(predict_on_batch=lambda _: np.eye(reversal.LENGTH)[None])
    answer, weights = reversal.reverse(says, looks, "abcd")
    assert answer == "cab"
    assert weights.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_the_measures_are_right_on_answers_that_are_known(data):
    part = data.test
    right = np.eye(LETTERS)[part.targets]
    says = SimpleNamespace(predict_on_batch=lambda _: right)
    assert reversal.exact_match(says, part) == 1.0
    assert set(reversal.quality_by_length(says, part).values()) == {1.0}

    long = part.lengths >= 17
    right[long, 0] = np.eye(LETTERS)[0]  # the first letter is missing
    assert reversal.exact_match(says, part) == pytest.approx(1 - long.mean())
    assert reversal.exact_match(says, part, least=17) == 0.0
    quality = reversal.quality_by_length(says, part)
    assert quality == {n: float(n < 17) for n in range(reversal.SHORTEST, reversal.LENGTH + 1)}

    weights = np.zeros((len(part.lengths), reversal.LENGTH, reversal.LENGTH))
    for each, length in zip(weights, part.lengths):
        each[np.arange(length), length - 1 - np.arange(length)] = 0.75
        each[length:] = 0.05  # what is after the end does not count
    looks = SimpleNamespace(predict_on_batch=lambda _: weights)
    assert reversal.mirror_mass(looks, part) == 0.75


def test_the_model_without_attention_has_the_same_inputs_and_output(trained, data):
    bare = reversal.build_without_attention()
    assert [each.shape for each in bare.inputs] == [each.shape for each in trained[0].inputs]
    assert bare.output.shape == trained[0].output.shape
    assert bare.count_params() < trained[0].count_params()
    steps = [bare.train_on_batch(data.train.inputs, data.train.targets) for _ in range(3)]
    assert steps[-1] < steps[0]


def test_the_rate_of_learning_falls_to_nothing_with_the_last_step(trained):
    rate = trained[0].optimizer._learning_rate
    last = reversal.EPOCHS * reversal.TRAIN // reversal.BATCH
    assert float(rate(0)) == pytest.approx(reversal.RATE)
    assert float(rate(last)) == pytest.approx(0, abs=1e-9)
    assert reversal.TRAIN % reversal.BATCH == 0
