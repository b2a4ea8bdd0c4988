"""The patients' data: the splits, what is refused, the model, and a short training."""

import numpy as np
import pytest

from attention_edu.tasks import PlainError, cancer
from attention_edu.tasks.training import train

pytestmark = pytest.mark.long  # Keras trains and predicts


@pytest.fixture(scope="module")
def data():
    return cancer.make_data(seed=3)


@pytest.fixture(scope="module")
def built():
    return cancer.build(seed=1)


def test_the_patients_are_those_of_scikit_learn(data):
    assert data.train_inputs.shape == (416, cancer.FEATURES)
    assert data.test_inputs.shape == (153, cancer.FEATURES)
    assert data.train_labels.shape == (416,)
    assert data.test_labels.shape == (153,)
    assert len(data.names) == len(set(data.names)) == cancer.FEATURES
    everybody = np.concatenate([data.train_labels, data.test_labels])
    assert int(everybody.sum()) == 357, "benign ones"
    assert data.train_inputs.dtype == data.train_labels.dtype == np.float32


def test_no_patient_is_held_out_and_trained_on(data):
    patients = np.concatenate([data.train_patients, data.test_patients])
    assert sorted(patients) == list(range(569))


def test_only_the_patients_to_train_on_set_the_scale(data):
    np.testing.assert_allclose(data.train_inputs.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.train_inputs.std(axis=0), 1, atol=1e-5)
    assert np.abs(data.test_inputs.mean(axis=0)).max() > 1e-3


def test_the_same_seed_gives_the_same_split_and_another_one_another(data):
    again, other = cancer.make_data(seed=3), cancer.make_data(seed=4)
    np.testing.assert_array_equal(again.test_inputs, data.test_inputs)
    np.testing.assert_array_equal(again.train_patients, data.train_patients)
    assert not np.array_equal(other.test_patients, data.test_patients)
    assert abs(other.test_labels.mean() - data.test_labels.mean()) < 0.01, "the same mix"


@pytest.mark.parametrize("wrong", [-1, 1.5, "1", None, True])
def test_a_seed_that_is_none_is_refused(wrong):
    with pytest.raises((TypeError, ValueError), match="seed: wants a whole number"):
        cancer.make_data(seed=wrong)


def test_a_patient_in_own_units_becomes_the_models_input(data):
    raw = data.test_inputs[0] * data.spread + data.mean
    np.testing.assert_allclose(cancer.encode(raw, data), data.test_inputs[0], atol=1e-4)


@pytest.mark.parametrize("wrong", ["", "malignant", [], [1.0] * 29, [[1.0]], None, [np.nan] * 30])
def test_what_is_no_patient_is_told_plainly(wrong, data):
    with pytest.raises(PlainError, match="A patient is a row of thirty numbers"):
        cancer.encode(wrong, data)


@pytest.mark.parametrize("queries", [1, 3])
def test_every_patient_gets_the_same_weights(queries, data):
    """Keys come from the names alone: the model is a logistic regression in disguise."""
    model, looker = cancer.build(seed=1, queries=queries)
    weights = looker(data.test_inputs).numpy()
    assert weights.shape == (153, queries, cancer.FEATURES)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(weights, np.broadcast_to(weights[0], weights.shape), atol=1e-6)
    vectors, biases = model.get_layer("values").get_weights()
    last, constant = model.get_layer("answer").get_weights()
    last = last.reshape(queries, -1)  # a row for each query
    coefficients = np.einsum("qf,fd,qd->f", weights[0], vectors, last)
    intercept = np.einsum("qf,fd,qd->", weights[0], biases, last) + constant
    said = 1 / (1 + np.exp(-(data.test_inputs @ coefficients + intercept)))
    np.testing.assert_allclose(said, model(data.test_inputs)[:, 0], atol=1e-5)


def test_the_same_seed_builds_the_same_model(built):
    again, _ = cancer.build(seed=1)
    for one, same in zip(built[0].get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


def test_a_short_training_comes_near_logistic_regression(data):
    model, looker = cancer.build(seed=0)
    before = cancer.accuracy(model, data)
    train(model, data.train_inputs, data.train_labels, epochs=6, batch_size=cancer.BATCH)
    assert cancer.accuracy(model, data) > max(before, 0.9)
    assert cancer.logistic_regression_accuracy(data) > 0.93
    assert cancer.feature_weights(looker, data).shape == (1, cancer.FEATURES)


def test_the_mean_of_the_features_is_there_for_comparison(data):
    without = cancer.build_without_attention(seed=0)
    assert without(data.test_inputs).shape == (153, 1)
