"""Dates of ten languages: the data, the questions that students type, and the model."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from attention_edu import tasks
from attention_edu.attention import additive_scores, mask_scores, softmax
from attention_edu.tasks import PlainError, dates
from attention_edu.tasks.training import load, save, train

pytestmark = pytest.mark.long  # Keras trains and predicts


@pytest.fixture(scope="module")
def data():
    return dates.make_data(384, 100)


@pytest.fixture(scope="module")
def models():
    return dates.build()


@pytest.fixture(scope="module")
def trained(models, data):
    """The model after a few steps, the one that tells its weights, and its training."""
    model, looker = models
    done = train(model, data.train.inputs, data.train.targets, epochs=2, batch_size=32)
    return model, looker, done


# The data --------------------------------------------------------------------------------------


def test_the_examples_have_the_promised_shapes(data):
    for part, count in ((data.train, 384), (data.test, 100)):
        assert len(part.texts) == len(part.days) == len(part.languages) == count
        assert (part.sources.shape, part.sources.dtype) == ((count, dates.LENGTH), np.int32)
        assert (part.targets.shape, part.targets.dtype) == ((count, 10), np.int32)
        assert (part.years.shape, part.years.dtype) == ((count, dates.LENGTH), bool)
        assert part.sources.max() < len(dates.letters())


def test_each_example_says_the_same_thing_three_times(data):
    letters = dates.letters()
    for text, day, ids, answer, year in zip(
        data.test.texts, data.test.days, data.test.sources, data.test.targets, data.test.years
    ):
        assert "".join(letters[i] for i in ids) == text
        assert (ids != 0).tolist() == [place < len(text) for place in range(dates.LENGTH)]
        assert "".join(dates.TARGET_TOKENS[i] for i in answer) == day.isoformat()
        assert "".join(np.array([*text.ljust(dates.LENGTH)])[year]) == f"{day.year}"
        assert dates.encode(text).tolist() == ids.tolist()


def test_what_the_model_sees_of_the_answer_is_one_place_later(data):
    sources, before = data.test.inputs
    assert sources is data.test.sources
    assert (before[:, 0] == dates.START).all()
    assert (before[:, 1:] == data.test.targets[:, :-1]).all()


def test_all_languages_and_centuries_occur(data):
    assert set(data.train.languages) == set(dates.LANGUAGES)
    assert len(dates.LANGUAGES) >= 7
    assert {day.year // 100 for day in data.train.days} == set(range(16, 24))


def test_the_same_seed_gives_the_same_data(data):
    again = dates.make_data(384, 100)
    for one, other in zip(data, again):
        assert one.texts == other.texts
        assert one.days == other.days
        assert all(map(np.array_equal, one.inputs, other.inputs))
        assert np.array_equal(one.years, other.years)
    assert dates.make_data(384, 100, seed=1).train.days != data.train.days


def test_no_day_is_both_in_training_and_held_out():
    data = dates.make_data(3000, 1000)
    assert len(set(data.train.days)) == 3000
    assert len(set(data.test.days)) == 1000
    assert not set(data.train.days) & set(data.test.days)
    assert not set(data.train.texts) & set(data.test.texts)


def test_every_form_fits_and_means_one_day():
    meant = {}
    for number in range(366):
        day = date.fromordinal(date(2000, 1, 1).toordinal() + number)
        for language in dates.LANGUAGES:
            for form in dates.FORMS:
                text = dates.written(day, language, form)
                assert len(text) <= dates.LENGTH
                assert text.count("2000") == 1
                assert meant.setdefault(text, day) == day, text
                assert dates.encode(text).any()


def test_dates_are_written_as_people_do():
    day = date(1847, 3, 23)
    assert dates.written(day, "fr") == "23 mars 1847"
    assert dates.written(day, "en") == "march 23, 1847"
    assert dates.written(day, "zh") == "1847年3月23日"
    assert dates.written(day, "de", "medium") == "23.03.1847"


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"train": 0}, ValueError, "train: wants a whole number of at least 1"),
        ({"test": 2.5}, TypeError, "test: wants a whole number"),
        ({"seed": -1}, ValueError, "seed: wants a whole number of at least 0"),
        ({"train": 300_000}, ValueError, r"want at most 292194 days; got 302000"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(wrong, error, told):
    with pytest.raises(error, match=told):
        dates.make_data(**wrong)


# What students type ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Type a date, such as 3 mars 1847."),
        (" \n\t", "Type a date, such as 3 mars 1847."),
        ("3/3/1847", "The model has never seen /. It knows dates with the month in letters"),
        ("3 mars 1847!?", "The model has never seen ! ?."),
        ("1847 წლის 3 მარტი", "The model has never seen ა ი"),
        ("🙂", "The model has never seen 🙂."),
        ("3 mars " + "1" * 30, "At most 28 characters fit; these are 37."),
        ("23 sierpnia 1847", "No date in English, German, .*, Chinese has the word sierpnia."),
        ("3 maj 1847", "has the word maj. Did you mean ma"),
        ("3 marz 1847", r"has the word marz. Did you mean (märz|marzo)\?"),
    ],
)
def test_what_the_model_cannot_read_is_told(text, told):
    with pytest.raises(PlainError, match=told) as error:
        dates.encode(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["3 MARS 1847", "  3  mars\u00a01847 ", "3 mars 1847\n", "3 MÄRZ 1847", "3 ma\u0308rz 1847"],
)
def test_capitals_spaces_and_composed_letters_do_not_count(text):
    plain = "3 mars 1847" if "s" in text.lower() else "3 märz 1847"
    assert dates.encode(text).tolist() == dates.encode(plain).tolist()


def test_any_word_of_known_letters_can_be_tried():
    with pytest.raises(PlainError, match="has the word smarch"):
        dates.encode("13 smarch 1847")
    assert (dates.encode("13 smarch 1847", any_words=True) != 0).sum() == 14
    with pytest.raises(PlainError, match="At most 28"):
        dates.encode("smarch " * 7, any_words=True)


# The model -------------------------------------------------------------------------------------


def test_a_short_training_lowers_the_loss(trained):
    _, _, done = trained
    assert done.history[1]["loss"] < done.history[0]["loss"] < np.log(len(dates.TARGET_TOKENS))


def test_padding_never_receives_weight(trained, data):
    model, looker, _ = trained
    weights = looker.predict_on_batch(data.test.inputs)
    assert weights.shape == (100, 10, dates.LENGTH)
    padding = np.broadcast_to((data.test.sources == 0)[:, None], weights.shape)
    assert padding.any()
    assert (weights[padding] == 0).all()
    assert (weights[~padding] > 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    answers = model.predict_on_batch(data.test.inputs)
    assert answers.shape == (100, 10, len(dates.TARGET_TOKENS))
    np.testing.assert_allclose(answers.sum(axis=-1), 1, rtol=1e-5)


def test_the_weights_are_the_softmax_of_the_course_s_additive_scores(trained, data):
    """The notebook takes the model apart with the package's own functions."""
    model, looker, _ = trained
    few = [each[:20] for each in data.test.inputs]
    both = [model.get_layer(name).input for name in ("queries", "keys")]
    states, annotations = tasks.keras.Model(model.inputs, both).predict_on_batch(few)
    learned = [model.get_layer(n).get_weights() for n in ("queries", "keys", "alignment")]
    assert [len(each) for each in learned] == [1, 1, 1]  # no biases
    scores = additive_scores(states, annotations, *(each[0] for each in learned))
    ours = softmax(mask_scores(scores, (few[0] != 0)[:, None]))
    np.testing.assert_allclose(ours, looker.predict_on_batch(few), rtol=0, atol=1e-5)


@pytest.mark.parametrize("attends", [True, False])
def test_more_padding_changes_nothing(attends):
    tasks.keras.utils.set_random_seed(0)
    source = np.array([[3, 1, 4, 1, 5], [2, 7, 0, 0, 0]], dtype=np.int32)
    before = np.array([[6, 0, 1, 2], [6, 3, 2, 1]], dtype=np.int32)
    answers = []
    for extra in (0, 4):
        size = (5 + extra, 8), (4, 7)
        if attends:
            model, _ = dates.translator(*size, units=6)
        else:
            model = dates.translator_without_attention(*size, units=6)
        if not extra:
            weights = model.get_weights()
        model.set_weights(weights)
        padded = np.pad(source, [(0, 0), (0, extra)])
        answers.append(model.predict_on_batch([padded, before]))
    np.testing.assert_allclose(*answers, atol=1e-6)


def test_a_place_of_the_answer_does_not_see_what_comes_after_it(trained, data):
    model, _, _ = trained
    sources, before = data.test.inputs
    said = model.predict_on_batch([sources, before])
    changed = before.copy()
    changed[:, 6:] = 0
    np.testing.assert_allclose(
        model.predict_on_batch([sources, changed])[:, :6], said[:, :6], atol=1e-6
    )


def test_the_model_writes_as_if_token_after_token(trained, data):
    model, _, _ = trained
    sources = data.test.sources
    slowly = np.zeros((len(sources), 10), dtype=np.int32)
    for place in range(10):
        said = model.predict_on_batch([sources, dates.shifted(slowly, dates.START)])
        slowly[:, place] = said[:, place].argmax(axis=-1)
    assert np.array_equal(dates.greedy(model, sources, 10, dates.START), slowly)


def test_a_live_translation_tells_where_the_model_looked(trained):
    model, looker, _ = trained
    told = dates.translate(model, looker, "3 Mars 1847")
    assert "".join(told.tokens) == "3 mars 1847"
    assert len(told.answer) == 10
    assert told.weights.shape == (10, 11)
    np.testing.assert_allclose(told.weights.sum(axis=1), 1, rtol=1e-5)
    assert dates.translate(model, looker, "13 smarch 1847", any_words=True).weights.shape[1] == 14
    with pytest.raises(PlainError, match="Type a date"):
        dates.translate(model, looker, "")


@pytest.mark.parametrize(
    ("answer", "is_date"), [("1847-03-23", True), ("1847-02-30", False), ("1847-03<23", False)]
)
def test_an_answer_that_is_no_day_is_known_as_such(answer, is_date):
    ids = [dates.TARGET_TOKENS.index(token) for token in answer]
    says = SimpleNamespace(predict_on_batch=lambda _: np.eye(12)[[ids]])
    looks = SimpleNamespace(predict_on_batch=lambda _: np.full((1, 10, dates.LENGTH), 1 / 28))
    told = dates.translate(says, looks, "23 mars 1847")
    assert (told.answer, told.is_date) == (answer, is_date)


def test_the_measures_are_right_on_answers_that_are_known(data):
    part = data.test
    right = np.eye(12)[part.targets]
    says = SimpleNamespace(predict_on_batch=lambda _: right)
    assert dates.exact_match(says, part) == 1.0
    right = right.copy()
    right[:25, 9] = np.eye(12)[(part.targets[:25, 9] + 1) % 10]  # one wrong digit each
    assert dates.exact_match(says, part) == 0.75
    on_years = np.repeat(part.years[:, None] / 4, 10, axis=1)
    looks = SimpleNamespace(predict_on_batch=lambda _: on_years)
    assert dates.year_mass(looks, part) == 1.0
    on_years[:50, 0] = 0  # the first digit of half of them looks nowhere
    assert dates.year_mass(looks, part) == 0.875


def test_the_model_without_attention_has_the_same_inputs_and_output(data, models):
    bare = dates.build_without_attention()
    assert [each.shape for each in bare.inputs] == [each.shape for each in models[0].inputs]
    assert bare.output.shape == models[0].output.shape
    assert bare.count_params() < models[0].count_params()
    assert bare.predict_on_batch(data.test.inputs).shape == (100, 10, len(dates.TARGET_TOKENS))


def test_the_seed_draws_the_initial_weights():
    one, same, other = (dates.build(seed=seed)[0].get_weights() for seed in (0, 0, 1))
    assert all(map(np.array_equal, one, same))
    assert not all(map(np.array_equal, one, other))


def test_a_saved_model_translates_as_before(trained, data, tmp_path):
    for before in trained[:2]:
        back = load(save(before, tmp_path / "dates.keras"))
        given = [each[:4] for each in data.test.inputs]
        np.testing.assert_allclose(
            back.predict_on_batch(given), before.predict_on_batch(given), atol=1e-6
        )
