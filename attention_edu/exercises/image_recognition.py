"""Exercises on attention over the places of an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from attention_edu.attention import softmax, weighted_sum
from attention_edu.exercises.checker import Array, Case, Exercise, FunctionExercise, Misconception
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    NumberExercise,
    SentenceExercise,
    WrongAnswer,
)

# ---------------------------------------------------------------------------------------------
# One look at a grid of places
# ---------------------------------------------------------------------------------------------


def _look_at_grid(scores: Array, features: Array) -> Array:
    """Mix the features of all places, weighted by one softmax over the whole grid."""
    return weighted_sum(softmax(scores.ravel()), features.reshape(scores.size, -1))


# What students compute who have a misconception: wrong on purpose.


def _mixed(weights: Array, features: Array) -> Array:
    return np.asarray((weights[..., None] * features).sum(axis=(0, 1)))


def _rows_compete(scores: Array, features: Array) -> Array:
    return _mixed(softmax(scores), features)


def _rows_compete_then_mean(scores: Array, features: Array) -> Array:
    return np.asarray(_rows_compete(scores, features) / len(scores))


def _columns_compete(scores: Array, features: Array) -> Array:
    return _mixed(softmax(scores, axis=0), features)


def _columns_compete_then_mean(scores: Array, features: Array) -> Array:
    return np.asarray(_columns_compete(scores, features) / scores.shape[1])


def _no_softmax(scores: Array, features: Array) -> Array:
    return _mixed(scores, features)


def _divided_without_exp(scores: Array, features: Array) -> Array:
    return _mixed(scores / scores.sum(), features)


def _mean_of_places(scores: Array, features: Array) -> Array:
    return np.asarray(features.mean(axis=(0, 1)))


def _largest_of_places(scores: Array, features: Array) -> Array:
    return np.asarray(features.max(axis=(0, 1)))


def _best_place(scores: Array, features: Array) -> Array:
    return np.asarray(features.reshape(scores.size, -1)[scores.argmax()])


def _weights_over_grid(scores: Array, _features: Array) -> Array:
    return softmax(scores.ravel()).reshape(scores.shape)


def _weights_in_a_row(scores: Array, _features: Array) -> Array:
    return softmax(scores.ravel())


def _not_added_up(scores: Array, features: Array) -> Array:
    return np.asarray(_weights_over_grid(scores, features)[..., None] * features)


def _not_added_up_in_a_row(scores: Array, features: Array) -> Array:
    return _not_added_up(scores, features).reshape(scores.size, -1)


def _one_for_each_column(scores: Array, features: Array) -> Array:
    return np.asarray(_not_added_up(scores, features).sum(axis=0))


def _one_for_each_row(scores: Array, features: Array) -> Array:
    return np.asarray(_not_added_up(scores, features).sum(axis=1))


def _one_for_each_place(scores: Array, features: Array) -> Array:
    return np.asarray(_not_added_up(scores, features).sum(axis=2))


def _mean_for_sum(scores: Array, features: Array) -> Array:
    return np.asarray(_look_at_grid(scores, features) / scores.size)


def _scores_column_by_column(scores: Array, features: Array) -> Array:
    return weighted_sum(softmax(scores.T.ravel()), features.reshape(scores.size, -1))


def _torn_features(scores: Array, features: Array) -> Array:
    return np.asarray(softmax(scores.ravel()) @ features.reshape(-1, scores.size).T)


def _scaled(scores: Array, features: Array) -> Array:
    return _look_at_grid(scores / np.sqrt(features.shape[-1]), features)


#: The grid of the notebook: a curve and a corner, nothing, …; components “loop” and “stroke”.
GRID_SCORES = np.array([[0.0, 0, 1], [0, 4, 0], [1, 0, 0]])
GRID_FEATURES = np.array(
    [
        [[0.0, 0.0], [0.0, 0.0], [0.0, 2.0]],
        [[0.0, 0.0], [3.0, 1.0], [0.0, 0.0]],
        [[0.0, 2.0], [0.0, 0.0], [0.0, 0.0]],
    ]
)


def _drawn_grid(rows: int, columns: int, d: int, note: str = "") -> Case:
    rng = np.random.default_rng((10, rows, columns, d))
    scores = rng.normal(size=(rows, columns)).round(1)
    return Case((scores, rng.normal(size=(rows, columns, d)).round(1)), note)


LOOK_AT_GRID = FunctionExercise(
    id="look_at_grid",
    notebook="10",
    title="mix the features of all places of a grid, with softmax over the whole grid as weights",
    parameters=("scores", "features"),
    reference=_look_at_grid,
    noun="outputs",
    shape_rule="one number for each component of a feature",
    covers="square, wide and high grids, a single row, a single place, and one to four components",
    cases=(
        Case((GRID_SCORES, GRID_FEATURES), "the grid of the notebook"),
        _drawn_grid(2, 2, 3),
        _drawn_grid(2, 3, 2, "a wide grid"),
        _drawn_grid(4, 2, 2, "a high grid"),
        _drawn_grid(1, 4, 2, "a single row"),
        _drawn_grid(3, 3, 1, "one component"),
        _drawn_grid(2, 2, 4),
        _drawn_grid(1, 1, 3, "one place has all the weight"),
    ),
    misconceptions=(
        Misconception(
            "rows-compete-alone",
            "Your outputs come of a softmax for each row of the grid: only the places of one row "
            "compete, and each row hands out a whole 100 %.",
            "make one row of all places, with scores.ravel(), before softmax.",
            (_rows_compete, _rows_compete_then_mean),
        ),
        Misconception(
            "columns-compete-alone",
            "Your outputs come of a softmax for each column of the grid: only the places of one "
            "column compete, and each column hands out a whole 100 %.",
            "make one row of all places, with scores.ravel(), before softmax.",
            (_columns_compete, _columns_compete_then_mean),
        ),
        Misconception(
            "no-softmax",
            "Your outputs mix the features with raw scores: scores are no shares, and may be "
            "negative.",
            "put the scores through softmax first.",
            (_no_softmax,),
        ),
        Misconception(
            "divide-without-exp",
            "Your outputs come of scores divided by their sum: that gives negative weights for "
            "negative scores, and none at all where the sum is 0.",
            "take exp of each score before you divide by the sum.",
            (_divided_without_exp,),
        ),
        Misconception(
            "plain-mean",
            "Your outputs are the plain mean of all places: they do not depend on the scores.",
            "weight each place, by softmax of the scores.",
            (_mean_of_places,),
        ),
        Misconception(
            "max-pooling",
            "Your outputs are the largest number of each component: that is max pooling, where "
            "each component comes from a place of its own, and the scores play no part.",
            "weight each place, by softmax of the scores, and add up.",
            (_largest_of_places,),
        ),
        Misconception(
            "hard-choice",
            "Your outputs are the features of the best place alone: that is hard attention, which "
            "has no slope to learn from.",
            "let every place count with its weight.",
            (_best_place,),
        ),
        Misconception(
            "weights-returned",
            "Your outputs are the weights: they say where to look, not what is found there.",
            "multiply each place's features with its weight, and add up.",
            (_weights_over_grid, _weights_in_a_row),
        ),
        Misconception(
            "product-without-sum",
            "Your outputs are the weighted features of each place: they are not yet added up.",
            "add up over all places, that is over both axes of the grid.",
            (_not_added_up, _not_added_up_in_a_row),
        ),
        Misconception(
            "summed-over-one-axis",
            "Your outputs are added up over the rows or over the columns alone: a grid has two "
            "axes, and one vector is wanted for the whole image.",
            "add up over both, with sum(axis=(0, 1)), or make one row of all places first.",
            (_one_for_each_column, _one_for_each_row),
        ),
        Misconception(
            "summed-over-components",
            "Your outputs add up the components of each place: loops and strokes are thrown "
            "together, and the places stay apart.",
            "add up over the places, the first two axes of features, and keep the last one.",
            (_one_for_each_place,),
        ),
        Misconception(
            "divided-by-n",
            "Your outputs are divided by the number of places: weights share out one whole "
            "already.",
            "add the products up with sum or @, without a further division.",
            (_mean_for_sum,),
        ),
        Misconception(
            "rows-and-columns-exchanged",
            "Your outputs take the scores column by column, but the features row by row: each "
            "place gets the weight of another one.",
            "flatten both in the same order, without .T: scores.ravel() and "
            "features.reshape(scores.size, -1).",
            (_scores_column_by_column,),
        ),
        Misconception(
            "features-torn-apart",
            "Your outputs come of features that were reshaped with the places last: reshape reads "
            "on number by number, so the components of a place get torn apart.",
            "keep the components last: features.reshape(scores.size, -1).",
            (_torn_features,),
        ),
        Misconception(
            "scaled-by-root-d",
            "Your outputs come of scores that are divided by the root of d: these scores are ready "
            "for softmax.",
            "leave the division out.",
            (_scaled,),
        ),
    ),
    hints=(
        "All places of the image compete with each other, wherever they lie. Over how many numbers "
        "does softmax go, then?",
        "Make a list of the grid: scores.ravel() has the shape (n,), and "
        "features.reshape(scores.size, -1) has the shape (n, d), in the same order.",
        "Softmax of the n scores gives n weights. Then comes the weighted sum of the n rows: "
        "weights @ rows.",
    ),
    solutions=(
        "def my_look(scores, features):\n"
        "    powers = np.exp(scores.ravel() - scores.max())\n"
        "    weights = powers / powers.sum()\n"
        "    return weights @ features.reshape(scores.size, -1)",
        "def my_look(scores, features):\n"
        "    weights = np.exp(scores) / np.exp(scores).sum()\n"
        "    return (weights[:, :, None] * features).sum(axis=(0, 1))",
        "def my_look(scores, features):\n"
        "    total, output = 0, np.zeros(features.shape[2])\n"
        "    for row in range(scores.shape[0]):\n"
        "        for column in range(scores.shape[1]):\n"
        "            power = np.exp(scores[row, column])\n"
        "            total = total + power\n"
        "            output = output + power * features[row, column]\n"
        "    return output / total",
    ),
    next_step="say how many weights it takes if every place looks at every place.",
)

# ---------------------------------------------------------------------------------------------
# Patches
# ---------------------------------------------------------------------------------------------


def _patches(image: Array, size: int) -> Array:
    rows, columns = image.shape[0] // size, image.shape[1] // size
    cut = image.reshape(rows, size, columns, size).swapaxes(1, 2)
    return cut.reshape(rows * columns, size * size)


# What students compute who have a misconception: wrong on purpose.


def _strips(image: Array, size: int) -> Array:
    return image.reshape(-1, size * size)


def _column_after_column(image: Array, size: int) -> Array:
    rows, columns = image.shape[0] // size, image.shape[1] // size
    order = np.arange(rows * columns).reshape(rows, columns).T.ravel()
    return _patches(image, size)[order]


def _pixels_column_after_column(image: Array, size: int) -> Array:
    return _patches(image, size).reshape(-1, size, size).swapaxes(1, 2).reshape(-1, size * size)


def _square_patches(image: Array, size: int) -> Array:
    return _patches(image, size).reshape(-1, size, size)


def _grid_of_patches(image: Array, size: int) -> Array:
    rows = image.shape[0] // size
    return _patches(image, size).reshape(rows, -1, size * size)


def _grid_of_squares(image: Array, size: int) -> Array:
    rows = image.shape[0] // size
    return _patches(image, size).reshape(rows, -1, size, size)


def _one_patch(image: Array, size: int) -> Array:
    return image[:size, :size].ravel()


def _one_patch_row(image: Array, size: int) -> Array:
    return image[None, :size, :size].reshape(1, -1)


def _windows(image: Array, size: int) -> Array:
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    return np.array(
        [
            image[row : row + size, column : column + size].ravel()
            for row in range(rows)
            for column in range(columns)
        ]
    )


def _means(image: Array, size: int) -> Array:
    return np.asarray(_patches(image, size).mean(axis=1))


def _turned(image: Array, size: int) -> Array:
    return _patches(image, size).T


def _as_many_as_size(image: Array, size: int) -> Array:
    tall, wide = image.shape[0] // size, image.shape[1] // size
    cut = image.reshape(size, tall, size, wide).swapaxes(1, 2)
    return cut.reshape(size * size, tall * wide)


def _all_in_one(image: Array, size: int) -> Array:
    return _patches(image, size).ravel()


def _ramp(height: int, width: int, size: int, note: str = "") -> Case:
    """Make an image whose pixels are all different, so that any mistake in their order shows."""
    pixels = np.arange(height * width, dtype=np.float64).reshape(height, width)
    return Case((pixels, size), note)


IMAGE_PATCHES = FunctionExercise(
    id="image_patches",
    notebook="10",
    title="cut an image into square patches, and make one row of numbers of each",
    parameters=("image", "size"),
    reference=_patches,
    noun="patches",
    shape_rule="one row for each patch, one number for each of its pixels",
    covers="square, wide and high images, and patches of one, two and three pixels a side",
    cases=(
        _ramp(4, 4, 2),
        _ramp(2, 4, 2, "two patches side by side"),
        _ramp(4, 2, 2, "two patches, one above the other"),
        _ramp(4, 6, 2, "a wide image"),
        _ramp(6, 3, 3, "a high image"),
        _ramp(6, 6, 3),
        _ramp(2, 3, 1, "each pixel is a patch"),
        _ramp(3, 3, 3, "one patch is the whole image"),
    ),
    misconceptions=(
        Misconception(
            "strips-instead-of-squares",
            "Your patches are strips of pixels, as reshape alone gives them: it reads the image "
            "row by row, and knows nothing of squares.",
            "cut a square out with image[row : row + size, column : column + size] and flatten "
            "that.",
            (_strips,),
        ),
        Misconception(
            "patches-column-by-column",
            "Your patches are right, but stand in the order of the columns; wanted is reading "
            "order: the upper row of patches from left to right, then the next row.",
            "let the outer loop go over the rows and the inner one over the columns.",
            (_column_after_column,),
        ),
        Misconception(
            "pixels-column-by-column",
            "Your patches have the right pixels, but within each patch these stand column by "
            "column.",
            "flatten each patch as it stands, without .T: patch.ravel() reads row by row.",
            (_pixels_column_after_column,),
        ),
        Misconception(
            "not-flattened",
            "Your patches are still squares: a key is one row of numbers, so each patch has to be "
            "flattened.",
            "flatten each patch with .ravel(), or end with .reshape(-1, size * size).",
            (_square_patches, _grid_of_squares),
        ),
        Misconception(
            "grid-kept",
            "Your patches stand in a grid of rows and columns: attention wants one list of them.",
            "end with .reshape(-1, size * size).",
            (_grid_of_patches,),
        ),
        Misconception(
            "first-patch-only",
            "Your patches are the first one alone: the function returns before the others are cut, "
            "perhaps because the return stands inside a loop.",
            "collect the patches in a list, and return it after both loops.",
            (_one_patch, _one_patch_row),
        ),
        Misconception(
            "overlapping",
            "Your patches overlap: the square moves on by one pixel, so that most pixels are in "
            "several patches.",
            "move on by size pixels: range(0, height, size).",
            (_windows,),
        ),
        Misconception(
            "means-of-patches",
            "Your patches are one number each, their mean: what is drawn in a patch is lost.",
            "keep all size * size pixels of each patch.",
            (_means,),
        ),
        Misconception(
            "transposed",
            "Your patches stand in the columns: rows are tokens in this course, and each row here "
            "holds one pixel of every patch.",
            "make one row a patch; the result has the shape (number of patches, size * size).",
            (_turned,),
        ),
        Misconception(
            "size-taken-for-count",
            "Your patches are as many as size says in each direction; size is the side of a patch, "
            "in pixels.",
            "divide to get the count: height // size patches stand one above the other.",
            (_as_many_as_size,),
        ),
        Misconception(
            "all-in-one-row",
            "Your patches are all in one row: nobody can tell where one ends.",
            "keep one row a patch, with .reshape(-1, size * size).",
            (_all_in_one,),
        ),
    ),
    hints=(
        "How many patches fit beside each other, and how many below each other? Where does the "
        "first pixel of each lie?",
        "Two loops: for row in range(0, image.shape[0], size), and inside it the same for the "
        "columns. image[row : row + size, column : column + size] is one patch.",
        "Flatten each patch with .ravel(), append it to a list, and return the list after both "
        "loops.",
    ),
    solutions=(
        "def my_patches(image, size):\n"
        "    patches = []\n"
        "    for row in range(0, image.shape[0], size):\n"
        "        for column in range(0, image.shape[1], size):\n"
        "            patches.append(image[row : row + size, column : column + size].ravel())\n"
        "    return np.array(patches)",
        "def my_patches(image, size):\n"
        "    rows, columns = image.shape[0] // size, image.shape[1] // size\n"
        "    cut = image.reshape(rows, size, columns, size)\n"
        "    return cut.swapaxes(1, 2).reshape(rows * columns, size * size)",
        "def my_patches(image, size):\n"
        "    strips = np.split(image, image.shape[0] // size)\n"
        "    squares = [np.split(strip, image.shape[1] // size, axis=1) for strip in strips]\n"
        "    return [square.ravel() for row in squares for square in row]",
    ),
    next_step="give each row a linear layer and a position, and it is a token of a vision "
    "transformer.",
)

# ---------------------------------------------------------------------------------------------
# A number, a choice, and in a sentence
# ---------------------------------------------------------------------------------------------

_SIDE, _DIGIT, _PLACES = 24, 8, 12  # pixels, pixels, and places in each direction


def _even_share() -> Any:
    """Sum the weights inside a digit's box, if all places have the same."""
    weights = softmax(np.zeros(_PLACES * _PLACES)).reshape(_PLACES, _PLACES)
    inside = _DIGIT * _PLACES // _SIDE
    return weights[:inside, :inside].sum()


EVEN_SHARE = NumberExercise(
    id="even_share",
    notebook="10",
    title="say how much of the weight lies on the digit if all places have the same weight",
    reference=_even_share,
    noun="the share of the digit",
    why="All weights are equal, so a part of the image gets its share of the area: 8 × 8 of "
    "24 × 24 pixels, or 4 × 4 of 12 × 12 places.",
    wrong=(
        WrongAnswer(
            "sides-instead-of-areas",
            "Your answer compares the sides: the digit is a third as wide as the image, and also a "
            "third as high.",
            "compare areas: multiply width and height.",
            (_DIGIT / _SIDE,),
        ),
        WrongAnswer(
            "pixels-divided-by-places",
            "Your answer divides the digit's pixels by the number of places, each of which has "
            "2 × 2 pixels.",
            "count both in pixels, or both in places.",
            (_DIGIT**2 / _PLACES**2,),
        ),
        WrongAnswer(
            "places-divided-by-pixels",
            "Your answer divides the digit's places by the number of pixels in the image.",
            "count both in pixels, or both in places.",
            (16 / _SIDE**2,),
        ),
        WrongAnswer(
            "one-place",
            "Your answer is the weight of a single place; the digit covers several.",
            "count the places that the digit covers, and add their weights up.",
            (1 / _PLACES**2,),
        ),
        WrongAnswer(
            "one-of-ten-digits",
            "Your answer is what a blind guess among ten digits would reach. Here it is about "
            "where the weight lies, not about which digit it is.",
            "compare the digit's area with that of the image.",
            (1 / 10,),
        ),
        WrongAnswer(
            "clutter-left-out",
            "Your answer gives the digit everything: but places with clutter, and empty ones, have "
            "the same weight as its own.",
            "count how many places there are, and how many of them belong to the digit.",
            (1,),
        ),
    ),
    hints=(
        "If all places weigh the same, it does not matter where the digit is. Which part of the "
        "image does it cover?",
        "The image has 24 × 24 pixels and the digit 8 × 8.",
    ),
    solutions=("answer = 8 * 8 / (24 * 24)", "answer = 16 / 144", "answer = 0.111"),
    next_step="keep this number: where a network looks is worth something only above it.",
)

MOVED_DIGIT = ChoiceExercise(
    id="moved_digit",
    notebook="10",
    title="say what the weights do when the digit moves four pixels to the right on empty paper",
    options=("move", "stay", "unknown"),
    right="move",
    why="The same convolution goes over the whole image, so the same features appear two places "
    "further right; a key consists of features alone, so each place gets the score that its "
    "neighbour two places to the left had before.",
    wrong=(
        WrongAnswer(
            "weights-belong-to-places",
            "The query is learned and fixed, but a weight is not: it is computed from the keys, "
            "and these come from the image.",
            "write down the score of a place, and ask what in it knows where the place lies.",
            ("stay",),
        ),
        WrongAnswer(
            "training-expected-to-matter",
            "It can be told without training: whatever the query is, equal features give equal "
            "scores.",
            "ask on which numbers the score of a place depends, and where they are now.",
            ("unknown",),
        ),
    ),
    hints=(
        "A place's key is made of the pixels around it, by the same layers everywhere. Which place "
        "now has around it what the old one had?",
    ),
    solutions=('answer = "move"', 'answer = "Move"'),
    next_step="test it with a model that has learned nothing yet.",
)

EXPLAIN_CLUTTER = SentenceExercise(
    id="explain_clutter",
    notebook="10",
    title="explain why clutter harms the plain mean more than attention",
    points=(
        "in the mean every place has the same weight, so the digit is only a small part of it",
        "the fragments are mixed in with that weight too, and look like parts of digits",
        "attention computes its weights from the image, and gives nearly all to places on the "
        "digit",
    ),
    hints=(
        "How much of the mean comes from the digit, and where does the rest come from?",
        "Say what weight a place with a fragment has in each of the two models, and what it "
        "depends on.",
    ),
    solutions=(
        "In the mean all places weigh the same, so the digit is a ninth of it, and everything else "
        "is paper and fragments that look like parts of other digits. Attention computes its "
        "weights from what is there, gives nearly all of them to the digit, and the fragments "
        "hardly enter the mix.",
        "The more fragments there are, the more of the mean comes from them, since no place can "
        "be left out. With attention the weight of a place depends on what is seen there, so a "
        "fragment gets next to nothing, however many there are.",
    ),
    next_step="look at the curve of quality against clutter for where attention fails as well.",
)

EXERCISES: tuple[Exercise, ...] = (
    LOOK_AT_GRID,
    EVEN_SHARE,
    MOVED_DIGIT,
    EXPLAIN_CLUTTER,
    IMAGE_PATCHES,
)
