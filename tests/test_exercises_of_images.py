"""The exercises of notebook 10: answers from many hands, right ones and wrong ones."""

import math
import sys

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy import special

from attention_edu import attention as reference
from attention_edu.exercises import bank, check
from attention_edu.exercises.image_recognition import EXERCISES, GRID_FEATURES, GRID_SCORES
from attention_edu.tasks import digits

BANK = bank()


class Wrapper:
    """An array of another library."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._array, dtype=dtype)


def rows_of(features):
    return features.reshape(-1, features.shape[-1])


# ---------------------------------------------------------------------------------------------
# One look at a grid
# ---------------------------------------------------------------------------------------------


def look_with_math(scores, features):
    """Use lists alone."""
    powers = [[math.exp(score) for score in row] for row in scores.tolist()]
    total = sum(map(sum, powers))
    output = [0.0] * features.shape[2]
    for row, places in zip(powers, features.tolist()):
        for power, place in zip(row, places):
            for c, number in enumerate(place):
                output[c] += power / total * number
    return output


def look_column_by_column(scores, features):
    """Flatten both in the same other order."""
    weights = special.softmax(scores.T.ravel())
    return weights @ rows_of(features.swapaxes(0, 1))


def look_with_attention(scores, features):
    """Let the keys be the scores, and the query a one."""
    keys = scores.reshape(-1, 1)
    return reference.attention(np.ones((1, 1)), keys, rows_of(features), scale=1).output[0]


def look_row_by_row(scores, features):
    """Join the looks of single rows: they share one whole as their sums of powers do."""
    powers = np.exp(scores)
    looks = [power @ row / power.sum() for power, row in zip(powers, features)]
    shares = powers.sum(axis=1) / powers.sum()
    return shares @ np.array(looks)


def look_on_the_fly(scores, features):
    """Go through the places once, as online softmax does."""
    largest, total, output = -np.inf, 0.0, np.zeros(features.shape[2])
    for score, place in zip(scores.flat, rows_of(features)):
        new = max(largest, score)
        shrink = np.exp(largest - new)
        total = total * shrink + np.exp(score - new)
        output = output * shrink + np.exp(score - new) * place
        largest = new
    return output / total


def rows_alone_in_a_loop(scores, features):
    output = np.zeros(features.shape[2])
    for row, places in zip(scores, features):
        weights = np.exp(row) / sum(np.exp(row))
        output = output + weights @ places
    return output


def columns_alone(scores, features):
    powers = np.exp(scores)
    return np.einsum("rc,rcd->d", powers / powers.sum(axis=0), features)


def place_of_the_best(scores, features):
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    return features[row, column]


def largest_in_a_loop(scores, features):
    return [max(features[..., c].flat) for c in range(features.shape[2])]


def only_exp(scores, features):
    return np.exp(scores).ravel() @ rows_of(features)


def weights_added_to_features(scores, features):
    return (special.softmax(scores)[..., None] + features).sum(axis=(0, 1))


# ---------------------------------------------------------------------------------------------
# Patches
# ---------------------------------------------------------------------------------------------


def patches_by_windows(image, size):
    return sliding_window_view(image, (size, size))[::size, ::size].reshape(-1, size * size)


def patches_pixel_by_pixel(image, size):
    columns = image.shape[1] // size
    patches = np.zeros((image.size // size**2, size**2))
    for (row, column), pixel in np.ndenumerate(image):
        patch = row // size * columns + column // size
        patches[patch, row % size * size + column % size] = pixel
    return patches


def patches_with_einsum(image, size):
    cut = image.reshape(len(image) // size, size, -1, size)
    return np.einsum("rpcq->rcpq", cut).reshape(-1, size**2)


def patches_as_lists(image, size):
    table, patches = image.tolist(), []
    for top in range(0, len(table), size):
        for left in range(0, len(table[0]), size):
            patches.append([x for row in table[top : top + size] for x in row[left : left + size]])
    return patches


def patches_from_pixels_of_the_same_place(image, size):
    """Collect the first pixel of every patch, then the second, and turn the table over."""
    return np.array([image[p::size, q::size].ravel() for p in range(size) for q in range(size)]).T


def patches_left_to_right_last(image, size):
    return [
        image[row : row + size, column : column + size].ravel()
        for column in range(0, image.shape[1], size)
        for row in range(0, image.shape[0], size)
    ]


def patches_step_forgotten(image, size):
    return [
        image[row : row + size, column : column + size].flatten()
        for row in range(image.shape[0] - size + 1)
        for column in range(image.shape[1] - size + 1)
    ]


def patches_returned_too_early(image, size):
    for row in range(0, image.shape[0], size):
        for column in range(0, image.shape[1], size):
            return image[row : row + size, column : column + size].ravel()


def patches_written_down_the_columns(image, size):
    return [patch.reshape(size, size).T.ravel() for patch in patches_by_windows(image, size)]


def patches_of_the_same_place(image, size):
    return [image[p::size, q::size].ravel() for p in range(size) for q in range(size)]


def patches_split_into_size(image, size):
    return [
        square.ravel()
        for strip in np.split(image, size)
        for square in np.split(strip, size, axis=1)
    ]


def patches_of_ones(image, size):
    return patches_by_windows(image, size) * 0 + 1


# ---------------------------------------------------------------------------------------------
# Right answers
# ---------------------------------------------------------------------------------------------

SHARE = digits.DIGIT**2 / digits.SIZE**2

RIGHT = [
    ("look_at_grid", look_with_math),
    ("look_at_grid", look_column_by_column),
    ("look_at_grid", look_with_attention),
    ("look_at_grid", look_row_by_row),
    ("look_at_grid", look_on_the_fly),
    ("look_at_grid", lambda s, f: np.einsum("rc,rcd->d", special.softmax(s), f)),
    ("look_at_grid", lambda s, f: np.tensordot(special.softmax(s), f, axes=2)),
    ("look_at_grid", lambda s, f: special.softmax(s, axis=(0, 1)).ravel() @ rows_of(f)),
    ("look_at_grid", lambda s, f: np.average(rows_of(f), axis=0, weights=np.exp(s).ravel())),
    (
        "look_at_grid",
        lambda s, f: [np.sum(special.softmax(s) * part) for part in np.rollaxis(f, 2)],
    ),
    ("look_at_grid", lambda s, f: reference.weighted_sum(reference.softmax(s.ravel()), rows_of(f))),
    ("look_at_grid", lambda s, f: look_on_the_fly(s.astype("f4"), f.astype("f4")).astype("f4")),
    ("look_at_grid", lambda s, f: Wrapper(look_on_the_fly(s, f))),
    ("image_patches", patches_by_windows),
    ("image_patches", patches_pixel_by_pixel),
    ("image_patches", patches_with_einsum),
    ("image_patches", patches_as_lists),
    ("image_patches", patches_from_pixels_of_the_same_place),
    ("image_patches", lambda image, size: patches_by_windows(image, size).astype("f4")),
    ("image_patches", lambda image, size: patches_by_windows(image, size).astype(int)),
    ("image_patches", lambda image, size: Wrapper(patches_by_windows(image, size))),
    ("even_share", SHARE),
    ("even_share", 1 / 9),
    ("even_share", 0.11),
    ("even_share", (8 / 24) ** 2),
    ("even_share", np.float32(16 / 144)),
    ("even_share", [4 * 4 / (12 * 12)]),
    ("even_share", np.full((4, 4), 1 / 144).sum()),
    ("moved_digit", "move"),
    ("moved_digit", " MOVE! "),
    ("moved_digit", np.str_("move")),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_correct_way_to_put_it_is_correct(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message
    assert feedback.message.endswith("Next: " + BANK[exercise].next_step)


def test_the_exercises_are_of_different_kinds():
    assert len({type(exercise) for exercise in EXERCISES}) >= 3
    assert {exercise.notebook for exercise in EXERCISES} == {"10"}


def test_the_even_share_is_what_the_measure_gives_for_even_weights():
    """The exercise's number is that of the package's images, and of its own measure."""

    class Even:
        def predict(self, images, **_):
            return np.full((len(images), 1, digits.GRID**2), 1 / digits.GRID**2)

    examples = digits.make_data(1, 20).test
    assert BANK["even_share"].expected == pytest.approx(digits.box_mass(Even(), examples))
    assert BANK["even_share"].expected == pytest.approx(SHARE)


def test_in_the_grid_of_the_notebook_attention_and_the_mean_disagree():
    """Otherwise the example by hand would show nothing."""
    mixed = BANK["look_at_grid"].reference(GRID_SCORES, GRID_FEATURES)
    assert mixed.argmax() != GRID_FEATURES.mean(axis=(0, 1)).argmax()


# ---------------------------------------------------------------------------------------------
# Wrong answers
# ---------------------------------------------------------------------------------------------

NAMED = [
    ("look_at_grid", rows_alone_in_a_loop, "rows-compete-alone"),
    (
        "look_at_grid",
        lambda s, f: (reference.softmax(s)[..., None] * f).sum((0, 1)).astype("f4"),
        "rows-compete-alone",
    ),
    ("look_at_grid", lambda s, f: rows_alone_in_a_loop(s, f) / len(s), "rows-compete-alone"),
    ("look_at_grid", columns_alone, "columns-compete-alone"),
    ("look_at_grid", lambda s, f: s.ravel() @ rows_of(f), "no-softmax"),
    ("look_at_grid", lambda s, f: (s / s.sum()).ravel() @ rows_of(f), "divide-without-exp"),
    ("look_at_grid", lambda _, f: rows_of(f).sum(axis=0) / len(rows_of(f)), "plain-mean"),
    ("look_at_grid", largest_in_a_loop, "max-pooling"),
    ("look_at_grid", place_of_the_best, "hard-choice"),
    ("look_at_grid", lambda s, _: special.softmax(s).tolist(), "weights-returned"),
    ("look_at_grid", lambda s, _: np.exp(s).ravel() / np.exp(s).sum(), "weights-returned"),
    (
        "look_at_grid",
        lambda s, f: np.einsum("rc,rcd->rcd", special.softmax(s), f),
        "product-without-sum",
    ),
    (
        "look_at_grid",
        lambda s, f: special.softmax(s).reshape(-1, 1) * rows_of(f),
        "product-without-sum",
    ),
    ("look_at_grid", lambda s, f: sum(special.softmax(s)[..., None] * f), "summed-over-one-axis"),
    (
        "look_at_grid",
        lambda s, f: np.einsum("rc,rcd->rd", special.softmax(s), f),
        "summed-over-one-axis",
    ),
    ("look_at_grid", lambda s, f: special.softmax(s) * f.sum(axis=-1), "summed-over-components"),
    (
        "look_at_grid",
        lambda s, f: (special.softmax(s)[..., None] * f).mean(axis=(0, 1)),
        "divided-by-n",
    ),
    (
        "look_at_grid",
        lambda s, f: special.softmax(s).ravel(order="F") @ rows_of(f),
        "rows-and-columns-exchanged",
    ),
    (
        "look_at_grid",
        lambda s, f: f.reshape(-1, s.size) @ special.softmax(s).ravel(),
        "features-torn-apart",
    ),
    (
        "look_at_grid",
        lambda s, f: special.softmax(s / math.sqrt(len(f[0, 0]))).ravel() @ rows_of(f),
        "scaled-by-root-d",
    ),
    ("look_at_grid", only_exp, None),
    ("look_at_grid", weights_added_to_features, None),
    ("image_patches", lambda image, size: image.reshape(-1, size**2), "strips-instead-of-squares"),
    (
        "image_patches",
        lambda image, size: np.array_split(image.ravel(), image.size // size**2),
        "strips-instead-of-squares",
    ),
    ("image_patches", patches_left_to_right_last, "patches-column-by-column"),
    ("image_patches", patches_written_down_the_columns, "pixels-column-by-column"),
    (
        "image_patches",
        lambda image, size: sliding_window_view(image, (size, size))[::size, ::size],
        "not-flattened",
    ),
    (
        "image_patches",
        lambda image, size: patches_by_windows(image, size).reshape(-1, size, size),
        "not-flattened",
    ),
    (
        "image_patches",
        lambda image, size: patches_by_windows(image, size).reshape(
            len(image) // size, -1, size**2
        ),
        "grid-kept",
    ),
    ("image_patches", patches_returned_too_early, "first-patch-only"),
    ("image_patches", patches_step_forgotten, "overlapping"),
    (
        "image_patches",
        lambda image, size: patches_by_windows(image, size).mean(axis=-1),
        "means-of-patches",
    ),
    ("image_patches", patches_of_the_same_place, "transposed"),
    ("image_patches", lambda image, size: patches_by_windows(image, size).T, "transposed"),
    ("image_patches", patches_split_into_size, "size-taken-for-count"),
    (
        "image_patches",
        lambda image, size: np.concatenate(patches_as_lists(image, size)),
        "all-in-one-row",
    ),
    ("image_patches", patches_of_ones, None),
    ("image_patches", lambda image, size: image, "parameter-unused"),
    ("even_share", 8 / 24, "sides-instead-of-areas"),
    ("even_share", 0.33, "sides-instead-of-areas"),
    ("even_share", 64 / 144, "pixels-divided-by-places"),
    ("even_share", 16 / 576, "places-divided-by-pixels"),
    ("even_share", 1 / 144, "one-place"),
    ("even_share", 0.1, "one-of-ten-digits"),
    ("even_share", 1.0, "clutter-left-out"),
    ("even_share", 11.1, "percent"),
    ("even_share", "1/9", "text-instead-of-a-number"),
    ("even_share", np.mean, "function-instead-of-a-number"),
    ("even_share", 0.25, None),
    ("moved_digit", "Stay", "weights-belong-to-places"),
    ("moved_digit", "'unknown'", "training-expected-to-matter"),
    ("moved_digit", "right", None),
    ("moved_digit", 4, None),
    ("explain_clutter", "because of clutter", "too-short"),
    ("explain_clutter", 6, None),
]


@pytest.mark.parametrize(("exercise", "answer", "name"), NAMED)
def test_wrong_answers_are_named_however_they_are_put(exercise, answer, name):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message
    assert "\n\nNext: " in feedback.message


def test_every_misconception_is_met_in_another_hand_as_well():
    """Each name of the two functions stands in the table above, however else it was written."""
    for exercise in ("look_at_grid", "image_patches"):
        met = {name for asked, _, name in NAMED if asked == exercise}
        assert met >= {misconception.id for misconception in BANK[exercise].misconceptions}


def test_the_sentence_is_judged_by_its_writer():
    mine = "The mean takes every fragment as seriously as the digit, attention does not."
    compare = check("explain_clutter", mine)
    assert compare.status == "not attempted"
    assert all(point in compare.message for point in BANK["explain_clutter"].points)
    assert check("explain_clutter", mine, points=2).misconception == "points-missing"
    assert check("explain_clutter", mine, points=3).status == "correct"


# ---------------------------------------------------------------------------------------------
# Hostile answers
# ---------------------------------------------------------------------------------------------


class Explosive:
    """Everything that can be asked of it raises an exception."""

    def _explode(self, *_):
        raise RuntimeError("boom")

    __array__ = __bool__ = __eq__ = __float__ = __getitem__ = __iter__ = __len__ = _explode
    __repr__ = __str__ = __call__ = _explode
    __hash__ = None


def endless(*_):
    while True:
        pass


HOSTILE = {
    "none": None,
    "class": Explosive,
    "explosive": Explosive(),
    "strings": ["a", "b"],
    "huge": np.zeros((1000, 1000)),
    "ragged": lambda *_: [[1], [2, 3]],
    "complex": lambda *_: 1j,
    "raises": lambda *_: 1 / 0,
    "exits": lambda *_: sys.exit(),
    "endless": endless,
    "huge result": lambda *_: np.broadcast_to(1.0, (10**5, 10**5)),
    "writes into the image": lambda first, *_: first.fill(0),
    "reshapes its input": lambda first, *_: first.resize(1, refcheck=False),
    "infinite": math.inf,
    "long": "word " * 100_000,
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("exercise", [one.id for one in EXERCISES])
def test_hostile_answers_become_feedback(exercise, answer, capsys):
    before = [given.copy() for case in BANK["image_patches"].cases for given in case.arguments[:1]]
    feedback = check(exercise, answer)
    assert feedback.status in ("incorrect", "not attempted")
    assert "Traceback" not in feedback.message
    assert len(feedback.message) < 3000
    assert "Next: " in feedback.message
    assert capsys.readouterr().out == ""
    after = [case.arguments[0] for case in BANK["image_patches"].cases]
    assert all(map(np.array_equal, before, after))
