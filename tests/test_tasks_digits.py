"""Digits in clutter: the data, the images that students make, and the models."""

from types import SimpleNamespace

import numpy as np
import pytest

from attention_edu.tasks import PlainError, digits, keras
from attention_edu.tasks.training import load, save, train

pytestmark = pytest.mark.long  # Keras trains and predicts

SIZE, DIGIT, GRID = digits.SIZE, digits.DIGIT, digits.GRID


@pytest.fixture(scope="module")
def data():
    return digits.make_data(100, 60)


@pytest.fixture(scope="module")
def trained():
    """The model after a few steps without clutter, its looker, and the training."""
    easy = digits.make_data(640, 1, fragments=0).train
    model, looker = digits.build()
    done = train(model, easy.images, easy.labels, epochs=3, batch_size=32)
    return model, looker, done


# The data --------------------------------------------------------------------------------------


def test_the_examples_have_the_promised_shapes(data):
    for part, count in ((data.train, 100), (data.test, 60)):
        assert (part.images.shape, part.images.dtype) == ((count, SIZE, SIZE, 1), np.float32)
        assert part.images.min() == 0
        assert part.images.max() == 1
        assert part.labels.shape == part.sources.shape == (count,)
        assert part.boxes.shape == (count, 2)
        assert part.boxes.min() >= 0
        assert part.boxes.max() <= SIZE - DIGIT


def test_the_whole_digit_is_in_its_box(data):
    table, labels = digits._handwriting()
    for image, label, (row, column), source in zip(*data.test):
        cut = image[row : row + DIGIT, column : column + DIGIT, 0]
        assert np.array_equal(cut, table[source])
        assert labels[source] == label
        assert digits.encode(image[..., 0]).tolist() == image.tolist()


def test_without_fragments_there_is_nothing_but_the_digit(data):
    alone = digits.make_data(20, 20, fragments=0).test
    table, _ = digits._handwriting()
    np.testing.assert_allclose(
        alone.images.sum(axis=(1, 2, 3)), table[alone.sources].sum(axis=(1, 2)), rtol=1e-5
    )
    assert data.test.images.mean() > 1.2 * alone.images.mean()


def test_the_same_seed_gives_the_same_data(data):
    again = digits.make_data(100, 60)
    for one, other in zip(data, again):
        assert all(map(np.array_equal, one, other))
    assert not np.array_equal(digits.make_data(100, 60, seed=1).train.images, data.train.images)


def test_no_handwriting_is_both_in_training_and_held_out(data):
    train_sources, test_sources = digits.source_images()
    assert sorted([*train_sources, *test_sources]) == list(range(1797))
    assert len(test_sources) == digits.HELD_OUT
    assert set(data.train.sources) <= set(train_sources)
    assert set(data.test.sources) <= set(test_sources)
    _, labels = digits._handwriting()
    shares = [np.bincount(labels[each]) / len(each) for each in (train_sources, test_sources)]
    np.testing.assert_allclose(*shares, atol=0.01)
    table, _ = digits._handwriting()
    assert len(np.unique(table.reshape(1797, -1), axis=0)) == 1797


def test_fragments_come_from_the_same_side_as_the_digits(monkeypatch):
    real, labels = digits._handwriting()
    _, test_sources = digits.source_images()
    table = np.full_like(real, 0.25)
    table[test_sources] = 0.75
    monkeypatch.setattr(digits, "_handwriting", lambda: (table, labels))
    data = digits.make_data(30, 30)
    assert set(np.unique(data.train.images)) == {0, 0.25}
    assert set(np.unique(data.test.images)) == {0, 0.75}


def test_clutter_keeps_off_the_box_that_it_avoids():
    sources = np.arange(1797)
    for row, column in ((0, 0), (8, 8), (16, 3), (5, 16)):
        rng = np.random.default_rng(0)
        image = digits.make_clutter(sources, 60, rng, avoid=(row, column))
        assert image.shape == (SIZE, SIZE)
        assert not image[row : row + DIGIT, column : column + DIGIT].any()
        assert image.any()
    assert not digits.make_clutter(sources, 0, np.random.default_rng(0)).any()


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"train": 0}, ValueError, "train: wants a whole number of at least 1"),
        ({"test": 2.5}, TypeError, "test: wants a whole number"),
        ({"fragments": -1}, ValueError, "fragments: wants a whole number of at least 0"),
        ({"seed": -1}, ValueError, "seed: wants a whole number of at least 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(wrong, error, told):
    with pytest.raises(error, match=told):
        digits.make_data(**wrong)


# What students make ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("seven", "An image is a table of 24 × 24 numbers."),
        ([[0, 1], [0]], "An image is a table of 24 × 24 numbers."),
        ([["a"] * 24] * 24, "An image is a table of 24 × 24 numbers."),
        ({}, "An image is a table of 24 × 24 numbers."),
        (0.5, "An image has 24 × 24 pixels; this one has shape ()."),
        (np.ones((8, 8)), "An image has 24 × 24 pixels; this one has shape (8, 8)."),
        (np.ones((24, 24, 1)), "An image has 24 × 24 pixels; this one has shape (24, 24, 1)."),
        (np.full((24, 24), 16), "Pixels are numbers from 0, the paper, to 1, the ink."),
        (np.full((24, 24), -0.1), "Pixels are numbers from 0, the paper, to 1, the ink."),
        (np.full((24, 24), np.nan), "Pixels are numbers from 0, the paper, to 1, the ink."),
        (np.zeros((24, 24)), "The image is empty: draw a digit first."),
    ],
)
def test_what_the_model_cannot_read_is_told(image, told):
    with pytest.raises(PlainError) as error:
        digits.encode(image)
    assert str(error.value) == told


def test_a_digit_is_put_into_clutter_and_covers_it():
    clutter = np.full((SIZE, SIZE), 0.5)
    image = digits.compose(np.eye(DIGIT), 16, 3, clutter)
    assert np.array_equal(image[16:, 3:11], np.eye(DIGIT))
    assert (clutter == 0.5).all()  # a new image
    assert image.sum() == 0.5 * (SIZE**2 - DIGIT**2) + DIGIT


@pytest.mark.parametrize(
    ("digit", "place", "told"),
    [
        (np.eye(7), (0, 0), r"A digit has 8 × 8 pixels; this one has \(7, 7\)"),
        (np.eye(8), (17, 0), "Row and column want numbers from 0 to 16; got 17 and 0"),
        (np.eye(8), (0, -1), "Row and column want numbers from 0 to 16; got 0 and -1"),
    ],
)
def test_a_digit_that_does_not_fit_is_told(digit, place, told):
    with pytest.raises(PlainError, match=told):
        digits.compose(digit, *place, np.zeros((SIZE, SIZE)))


# The models ------------------------------------------------------------------------------------


def test_a_short_training_lowers_the_loss(trained):
    _, _, done = trained
    assert done.history[-1]["loss"] < done.history[0]["loss"]


def test_the_model_gives_probabilities_and_weights(trained, data):
    model, looker, _ = trained
    said = model.predict_on_batch(data.test.images)
    assert said.shape == (60, 10)
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
    weights = looker.predict_on_batch(data.test.images)
    assert weights.shape == (60, 1, GRID * GRID)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)


def test_each_weight_stands_at_its_place_of_the_image(trained):
    """Ink in one corner changes the weights there: the map is not turned or mirrored."""
    model, looker, _ = trained
    paper = np.full((SIZE, SIZE), 1e-6)
    plain = digits.read(model, looker, paper).weights
    for rows, columns in ((slice(0, 6), slice(18, 24)), (slice(18, 24), slice(0, 6))):
        image = paper.copy()
        image[rows, columns] = np.random.default_rng(0).random((6, 6))
        ratio = digits.read(model, looker, image).weights / plain
        change = np.abs(np.log(ratio / np.median(ratio)))
        row, column = np.unravel_index(change.argmax(), change.shape)
        assert rows.start <= 2 * row + 2
        assert 2 * row - 2 <= rows.stop
        assert columns.start <= 2 * column + 2
        assert 2 * column - 2 <= columns.stop


def test_a_live_reading_tells_where_the_model_looked(trained, data):
    model, looker, _ = trained
    told = digits.read(model, looker, data.test.images[0, ..., 0])
    assert told.digit == told.probabilities.argmax()
    assert told.probabilities.shape == (10,)
    assert told.weights.shape == (GRID, GRID)
    assert told.weights.sum() == pytest.approx(1, rel=1e-5)
    with pytest.raises(PlainError, match="The image is empty"):
        digits.read(model, looker, np.zeros((SIZE, SIZE)))


def test_the_measures_are_right_on_answers_that_are_known(data):
    part = data.test
    said = np.eye(10)[part.labels]
    said[:15] = np.roll(said[:15], 1, axis=1)
    says = SimpleNamespace(predict=lambda *_, **__: said)
    assert digits.accuracy(says, part) == 0.75
    everywhere = np.full((60, 1, GRID * GRID), 1 / GRID**2)
    looks = SimpleNamespace(predict=lambda *_, **__: everywhere)
    assert digits.box_mass(looks, part) == pytest.approx(DIGIT**2 / SIZE**2)
    middle = np.zeros((60, GRID, GRID))
    for each, (row, column) in zip(middle, part.boxes):
        each[(row + 4) // 2, (column + 4) // 2] = 1
    looks = SimpleNamespace(predict=lambda *_, **__: middle)
    assert digits.box_mass(looks, part) == pytest.approx(1)


def test_the_model_without_attention_has_the_same_input_and_output(trained, data):
    bare = digits.build_without_attention()
    assert bare.input.shape == trained[0].input.shape
    assert bare.output.shape == trained[0].output.shape
    assert bare.count_params() < trained[0].count_params()
    steps = [bare.train_on_batch(data.train.images, data.train.labels)[0] for _ in range(4)]
    assert steps[-1] < steps[0]


def test_the_seed_draws_the_initial_weights():
    one, same, other = (digits.build(seed=seed)[0].get_weights() for seed in (0, 0, 1))
    assert all(map(np.array_equal, one, same))
    assert not all(map(np.array_equal, one, other))


def test_a_saved_model_reads_as_before(trained, data, tmp_path):
    for before in trained[:2]:
        back = load(save(before, tmp_path / "digits.keras"))
        given = data.test.images[:4]
        np.testing.assert_allclose(
            back.predict_on_batch(given), before.predict_on_batch(given), atol=1e-6
        )


def test_a_loaded_model_shows_where_it_looks(trained, data, tmp_path):
    model, looker, _ = trained
    again = digits.looking(load(save(model, tmp_path / "digits.keras")))
    given = data.test.images[:4]
    np.testing.assert_allclose(
        again.predict_on_batch(given), looker.predict_on_batch(given), atol=1e-6
    )


def test_a_place_sees_equally_far_to_all_sides(trained):
    """Twelve pixels around its own 2 × 2; otherwise the weight would lie beside the digit."""
    values = trained[0].get_layer("values").output
    describe = keras.Model(trained[0].input, values)
    paper = np.random.default_rng(0).random((1, SIZE, SIZE, 1)).astype(np.float32)
    changed = paper + np.eye(SIZE**2, dtype=np.float32).reshape(-1, SIZE, SIZE, 1)
    difference = describe.predict_on_batch(changed) - describe.predict_on_batch(paper)
    for row, column in ((6, 6), (4, 7)):
        place = np.abs(difference[:, row * GRID + column]).max(axis=1).reshape(SIZE, SIZE) > 1e-5
        rows, columns = np.nonzero(place)
        assert (rows.min(), rows.max()) == (2 * row - 5, 2 * row + 6)
        assert (columns.min(), columns.max()) == (2 * column - 5, 2 * column + 6)
