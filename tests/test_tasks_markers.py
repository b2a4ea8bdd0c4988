"""The marker task: its rows, what may be typed, its models, and a short training."""

import numpy as np
import pytest

from attention_edu.attention import attention
from attention_edu.tasks import PlainError, keras, markers
from attention_edu.tasks.training import train

pytestmark = pytest.mark.long  # Keras trains and predicts


@pytest.fixture(scope="module")
def data():
    return markers.make_data(600, 200, seed=5)


@pytest.fixture(scope="module")
def built():
    return markers.build(seed=1)


def text_of(ids):
    return "".join(markers.TOKENS[i] for i in ids)


def test_the_rows_are_what_they_are_said_to_be(data):
    for part, count in ((data.train, 600), (data.test, 200)):
        assert part.tokens.shape == part.relevant.shape == (count, markers.LENGTH)
        assert part.labels.shape == (count,)
        assert part.tokens.dtype == np.int32
        assert part.labels.dtype == np.float32
        for ids, label, relevant in zip(part.tokens, part.labels, part.relevant):
            row = text_of(ids)
            assert 8 <= len(row) <= markers.LENGTH
            assert row.count("*") == 2
            marked = [i + 1 for i, token in enumerate(row) if token == "*"]
            assert np.flatnonzero(relevant).tolist() == marked
            assert label == (sum(int(row[i]) for i in marked) >= 10)


def test_lengths_and_answers_are_mixed(data):
    lengths = (data.train.tokens > 0).sum(axis=1)
    assert set(lengths) == set(range(8, markers.LENGTH + 1))
    assert 0.3 < data.train.labels.mean() < 0.6


def test_the_same_seed_gives_the_same_rows_and_another_one_others(data):
    again, other = markers.make_data(600, 200, seed=5), markers.make_data(600, 200, seed=6)
    for part, same in zip((*data.train, *data.test), (*again.train, *again.test)):
        np.testing.assert_array_equal(part, same)
    assert not np.array_equal(data.train.tokens, other.train.tokens)


def test_no_row_is_held_out_and_trained_on():
    data = markers.make_data(seed=0)
    rows = np.concatenate([data.train.tokens, data.test.tokens])
    assert len(np.unique(rows, axis=0)) == len(rows) == 10_000


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "10", None])
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises((TypeError, ValueError), match="train: wants a whole number"):
        markers.make_data(wrong)


def test_what_a_student_types_becomes_the_ids_of_the_data(data):
    for ids in data.test.tokens[:20]:
        np.testing.assert_array_equal(markers.encode(text_of(ids)), ids)
    np.testing.assert_array_equal(markers.encode(" 35*7 280\t*41 "), markers.encode("35*7280*41"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Type a row"),
        ("   ", "Type a row"),
        ("12*3four*5", "not f o r u"),
        ("１*2*3", "not １"),
        ("<b>*1*2", "not < > b"),
        ("1*2*3" + 30 * "4", "At most 24 tokens fit; these are 35"),
        ("12345678", "two stars"),
        ("1*2", "two stars"),
        ("1**2", "two stars"),
        ("1*2*", "two stars"),
        ("1*2*3*4", "two stars"),
        ("abcdefghijklmnopqrstuvwxyz", "not a b c d e f g h …"),
    ],
)
def test_what_cannot_be_answered_is_told_plainly(text, told):
    with pytest.raises(PlainError) as caught:
        markers.encode(text)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 100


def test_padding_never_receives_weight(built, data):
    _, looker = built
    weights = looker(data.test.tokens).numpy()
    assert weights.shape == (200, 1, markers.LENGTH)
    assert (weights[:, 0][data.test.tokens == 0] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)


def test_what_stands_in_the_padding_changes_nothing(built):
    """A row is answered alike, alone and beside others of any length."""
    model, _ = built
    rows = np.stack([markers.encode("12*34*5"), markers.encode("9" * 20 + "*1*2")])
    np.testing.assert_allclose(model(rows)[0], model(rows[:1])[0], atol=1e-6)


def test_the_model_is_the_three_steps(built):
    model, looker = built
    ids = markers.encode("35*7280*41")
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    values = weights["values"][0][ids]
    (before, now), bias = weights["keys"]
    keys = np.vstack([np.zeros((1, 16)), values[:-1]]) @ before + values @ now + bias
    steps = attention(
        weights["query"][0], keys, values, mask=ids != 0, scale=float(weights["attention"][0])
    )
    last, constant = weights["answer"]
    np.testing.assert_allclose(steps.weights, looker(ids[None])[0], atol=1e-6)
    said = 1 / (1 + np.exp(-(steps.output @ last + constant)))
    np.testing.assert_allclose(said, model(ids[None]), atol=1e-6)


def test_the_same_seed_builds_the_same_model(built):
    model, _ = built
    again, _ = markers.build(seed=1)
    other, _ = markers.build(seed=2)
    for one, same in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(model.get_weights()[0], other.get_weights()[0])


def test_a_short_training_learns_where_to_look():
    data = markers.make_data(2000, 500, seed=0)
    keras.utils.set_random_seed(0)
    model, looker = markers.build(seed=0)
    training = train(
        model, data.train.tokens, data.train.labels, epochs=6, batch_size=markers.BATCH
    )
    assert training.status == "done"
    assert training.history[-1]["loss"] < training.history[0]["loss"]
    assert markers.accuracy(model, data.test) > 0.8
    assert markers.relevant_mass(looker, data.test) > 0.8


@pytest.mark.parametrize("look_back", [False, True])
def test_without_attention_the_padding_does_not_count_either(look_back):
    without = markers.build_without_attention(seed=0, look_back=look_back)
    data = markers.make_data(10, 10, seed=0)
    assert without(data.test.tokens).shape == (10, 1)
    tokens = [layer for layer in without.layers if "pooling" in layer.name]
    assert len(tokens) == 1
    assert 0 <= markers.accuracy(without, data.test) <= 1


def test_the_winner_may_decide_alone():
    """The rule that notebook 06 finds in the trained model is right for every pair of digits."""
    strength = [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    for a in range(10):
        for b in range(10):
            assert (min(a, b, key=strength.index) >= 5) == (a + b >= 10)
