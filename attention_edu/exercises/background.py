"""Exercises on why attention was needed, and on kernel regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from attention_edu.attention import softmax, weighted_sum
from attention_edu.exercises.checker import (
    Array,
    Case,
    Exercise,
    FunctionExercise,
    Misconception,
)
from attention_edu.exercises.kinds import (
    ChoiceExercise,
    Goal,
    NumberExercise,
    SentenceExercise,
    TargetExercise,
    WrongAnswer,
)

# ---------------------------------------------------------------------------------------------
# One vector for a whole sentence
# ---------------------------------------------------------------------------------------------

MEMORY = 64  # numbers in the memory, however long the sentence
SENTENCE = 20  # words in it
WORD = 8  # numbers that describe a word

FIXED_LENGTH = NumberExercise(
    id="fixed_length",
    notebook="01",
    title="say how many numbers of the memory there are for each word",
    reference=lambda: MEMORY / SENTENCE,
    noun="the room for each word",
    why="The memory has 64 numbers, and 20 words share them. A word brings 8 of its own, more than "
    "it finds room for.",
    atol=0.05,
    wrong=(
        WrongAnswer(
            "memory-not-shared",
            "64 is the whole memory. All words of the sentence have to live in it together.",
            "share the memory out among the words.",
            (MEMORY,),
        ),
        WrongAnswer(
            "numbers-of-a-word",
            "8 is what a word brings along, not the room that it finds.",
            "ask how many numbers the memory has, and how many words share them.",
            (WORD,),
        ),
        WrongAnswer(
            "numbers-of-the-sentence",
            "160 is what all the words bring along: 20 times 8. The memory does not grow with "
            "them.",
            "start from the size of the memory instead.",
            (SENTENCE * WORD,),
        ),
        WrongAnswer(
            "multiplied",
            "1280 is 64 times 20, as if each word got a memory of its own.",
            "there is one memory: divide where you multiplied.",
            (MEMORY * SENTENCE,),
        ),
        WrongAnswer(
            "upside-down",
            "20 / 64 is upside down: it says how many words fall on each number.",
            "divide the numbers by the words.",
            (SENTENCE / MEMORY,),
        ),
        WrongAnswer(
            "share-of-a-word",
            "0.4 is the part of a word's 8 numbers that finds room. Asked is how many numbers that "
            "is.",
            "leave out the division by 8.",
            (MEMORY / (SENTENCE * WORD),),
        ),
        WrongAnswer(
            "times-too-small",
            "2.5 says how many times too small the memory is for 20 words.",
            "divide the 64 numbers of the memory by the words that share them.",
            (SENTENCE * WORD / MEMORY,),
        ),
        WrongAnswer(
            "rounded",
            "That is a whole number. Nobody says that the room comes in whole numbers: a number of "
            "the memory can serve two words.",
            "give the decimal too.",
            (3, 4),
        ),
    ),
    hints=(
        "The memory has the same size for every sentence. What changes is how many words share it.",
        "For 8 words it is 64 numbers for 8 words, so 8 for each. Now there are 20 words.",
    ),
    solutions=("answer = 64 / 20", "answer = 3.2"),
    next_step="predict what happens to words of 8 numbers each, and measure it.",
)

# ---------------------------------------------------------------------------------------------
# Kernel regression: the weights
# ---------------------------------------------------------------------------------------------


def _case(x: float, points: list[float], *rest: Any, note: str = "") -> Case:
    arguments: Any = (x, np.array(points), *rest)
    return Case(arguments, note)


def _kernel_weights(x: float, points: Array, bandwidth: float) -> Array:
    return softmax(-((x - points) ** 2) / 2, temperature=bandwidth**2)


def _remark(weights: Array) -> str:
    if weights.ndim == 0:
        return ""
    if (weights < 0).any():
        return "Some are negative; weights never are."
    total = weights.sum()
    return "" if np.isclose(total, 1, atol=1e-4) else f"They sum to {total:.6g}; weights sum to 1."


# What students compute who have a misconception: wrong on purpose.


def _share(kernel: Array) -> Array:
    return np.asarray(kernel / kernel.sum())


def _kernel(x: float, points: Array, bandwidth: float) -> Array:
    return np.asarray(np.exp(-(((x - points) / bandwidth) ** 2) / 2))


def _density(x: float, points: Array, bandwidth: float) -> Array:
    return np.asarray(_kernel(x, points, bandwidth) / (bandwidth * np.sqrt(2 * np.pi)))


def _divided_by_the_largest(x: float, points: Array, bandwidth: float) -> Array:
    kernel = _kernel(x, points, bandwidth)
    return np.asarray(kernel / kernel.max())


def _divided_by_the_count(x: float, points: Array, bandwidth: float) -> Array:
    return _kernel(x, points, bandwidth) / len(points)


def _bandwidth_multiplied(x: float, points: Array, bandwidth: float) -> Array:
    return _share(_kernel(x, points, 1 / bandwidth))


def _bandwidth_not_squared(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-((x - points) ** 2) / (2 * bandwidth)))


def _bandwidth_ignored(x: float, points: Array, _bandwidth: float) -> Array:
    return _share(_kernel(x, points, 1.0))


def _distance_not_squared(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-np.abs(x - points) / bandwidth))


def _distance_not_squared_half(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-np.abs(x - points) / bandwidth / 2))


def _distance_not_squared_bandwidth_squared(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-np.abs(x - points) / (2 * bandwidth**2)))


def _signed(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-(x - points) / bandwidth))


def _signed_half(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-(x - points) / bandwidth / 2))


def _signed_bandwidth_squared(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-(x - points) / (2 * bandwidth**2)))


def _half_missing(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(-(((x - points) / bandwidth) ** 2)))


def _minus_missing(x: float, points: Array, bandwidth: float) -> Array:
    return _share(np.exp(((x - points) / bandwidth) ** 2 / 2))


def _scores(x: float, points: Array, bandwidth: float) -> Array:
    return np.asarray(-(((x - points) / bandwidth) ** 2) / 2)


def _scores_without_bandwidth(x: float, points: Array, _bandwidth: float) -> Array:
    return np.asarray(-((x - points) ** 2) / 2)


def _positive_scores(x: float, points: Array, bandwidth: float) -> Array:
    return -_scores(x, points, bandwidth)


def _shares_of_scores(x: float, points: Array, bandwidth: float) -> Array:
    return _share(_scores(x, points, bandwidth))


def _shares_of_distances(x: float, points: Array, _bandwidth: float) -> Array:
    return _share(np.abs(x - points))


def _shares_of_inverse_distances(x: float, points: Array, _bandwidth: float) -> Array:
    return _share(1 / np.abs(x - points))


def _boxcar(x: float, points: Array, bandwidth: float) -> Array:
    return _share((np.abs(x - points) <= bandwidth).astype(float))


def _nearest(x: float, points: Array, _bandwidth: float) -> Array:
    return np.asarray(np.eye(len(points))[np.argmin(np.abs(x - points))])


def _equal(_x: float, points: Array, _bandwidth: float) -> Array:
    return np.full(len(points), 1 / len(points))


def _whole_numbers(x: float, points: Array, bandwidth: float) -> Array:
    weights = np.zeros_like(points)
    weights[:] = _kernel_weights(x, points, bandwidth)
    return weights


def _softmax_again(x: float, points: Array, bandwidth: float) -> Array:
    return softmax(_kernel(x, points, bandwidth))


def _softmax_twice(x: float, points: Array, bandwidth: float) -> Array:
    return softmax(_kernel_weights(x, points, bandwidth))


def _softmax_bandwidth(x: float, points: Array, bandwidth: float) -> Array:
    """Take softmax with the bandwidth itself as the temperature, and the distance halved twice."""
    return softmax(-((x - points) ** 2), temperature=bandwidth)


KERNEL_WEIGHTS = FunctionExercise(
    id="kernel_weights",
    notebook="01",
    title="weigh the points by how near they are",
    parameters=("x", "points", "bandwidth"),
    reference=_kernel_weights,
    noun="weights",
    shape_rule="one weight for each point",
    covers="wide and narrow bandwidths, points in any order, on one side only, twice at the same "
    "place, whole numbers, and one point alone",
    remark=_remark,
    cases=(
        _case(1.0, [0.0, 1.0, 2.0], 1.0),
        _case(0.5, [0.0, 1.0, 2.0], 1.0, note="between two points"),
        _case(0.5, [0.0, 1.0, 2.0], 0.5, note="a narrow kernel"),
        _case(0.5, [0.0, 1.0, 2.5], 2.0, note="a wide kernel"),
        _case(1.5, [3.0, -1.0, 3.0, 0.5], 0.8, note="no order, and two points at one place"),
        _case(-2.0, [0.5, 1.0, 2.0], 1.5, note="all points on one side"),
        _case(2, [1, 4, 2], 1, note="whole numbers"),
        _case(0.3, [2.0], 0.7, note="one point alone has all the weight"),
    ),
    misconceptions=(
        Misconception(
            "not-normalised",
            "Your weights are the kernel's values, not yet divided by their sum: they say how near "
            "each point is, and do not sum to 1.",
            "divide each by the sum of all.",
            (_kernel,),
        ),
        Misconception(
            "normal-density",
            "Your weights carry the factor of the normal distribution, 1 / (h √(2π)): it makes the "
            "area below the bell 1, but not the sum of these weights.",
            "leave it out, and divide by the sum; it would cancel anyway.",
            (_density,),
        ),
        Misconception(
            "divided-by-the-largest",
            "Your weights are divided by the largest one: the nearest point then has a whole for "
            "itself, and together they are more than 1.",
            "divide by the sum instead of the largest.",
            (_divided_by_the_largest,),
        ),
        Misconception(
            "divided-by-the-count",
            "Your weights are divided by how many points there are: they sum to the mean of the "
            "kernel's values, and not to 1.",
            "divide by their sum instead of len(points).",
            (_divided_by_the_count,),
        ),
        Misconception(
            "bandwidth-multiplied",
            "Your weights come from distances multiplied by the bandwidth: a wide kernel then gets "
            "narrow. In Python, a / 2 * h**2 multiplies by h², for it reads from left to right.",
            "divide the distance by the bandwidth, or put brackets around what is below the line: "
            "(2 * h**2).",
            (_bandwidth_multiplied,),
        ),
        Misconception(
            "bandwidth-not-squared",
            "Your weights divide by the bandwidth where its square belongs: the distance is "
            "measured in bandwidths, and that quotient is squared as a whole.",
            "divide first, ((x - points) / bandwidth), and square afterwards.",
            (_bandwidth_not_squared,),
        ),
        Misconception(
            "bandwidth-ignored",
            "Your weights ignore the bandwidth: they are those of bandwidth 1 in every case.",
            "divide the distances by the bandwidth before you square them.",
            (_bandwidth_ignored,),
        ),
        Misconception(
            "distance-not-squared",
            "Your weights fall with the distance itself where its square belongs: that is another "
            "kernel, with a peak at the query in place of the round top of a bell.",
            "square the distance, ** 2, inside exp.",
            (
                _distance_not_squared,
                _distance_not_squared_half,
                _distance_not_squared_bandwidth_squared,
            ),
        ),
        Misconception(
            "signed-distance",
            "Your weights use the difference with its sign: they grow towards one side, and the "
            "nearest point is not the heaviest.",
            "square the difference, so that left and right count alike.",
            (_signed, _signed_half, _signed_bandwidth_squared),
        ),
        Misconception(
            "half-missing",
            "Your weights leave out the division by 2 in the exponent: the kernel is narrower than "
            "its bandwidth says.",
            "write exp(-u**2 / 2), where u is the distance in bandwidths.",
            (_half_missing,),
        ),
        Misconception(
            "minus-missing",
            "Your weights grow with the distance, for the minus in the exponent is missing: the "
            "farthest point gets most.",
            "write exp(-u**2 / 2). Mind the brackets: (-u)**2 loses the minus again.",
            (_minus_missing,),
        ),
        Misconception(
            "scores-for-weights",
            "Your weights are the exponents: exp and the division by the sum are still to come.",
            "take np.exp of them, then divide by the sum.",
            (_scores, _scores_without_bandwidth, _positive_scores),
        ),
        Misconception(
            "no-exp",
            "Your weights are shares of the distances, without exp: the farther a point is, the "
            "more it gets, and the nearest one gets least.",
            "make a kernel value of each distance first: exp(-u**2 / 2) is large where u is small.",
            (_shares_of_scores, _shares_of_distances),
        ),
        Misconception(
            "inverse-distance",
            "Your weights are shares of 1 / distance: that has no bandwidth, and no answer for a "
            "query that stands on a point.",
            "use exp(-u**2 / 2), which is 1 at distance 0.",
            (_shares_of_inverse_distances,),
        ),
        Misconception(
            "boxcar",
            "Your weights are those of another kernel, the boxcar: all points within one bandwidth "
            "get the same, all others nothing.",
            "let the weight fall smoothly, as exp(-u**2 / 2).",
            (_boxcar,),
        ),
        Misconception(
            "nearest-only",
            "Your weights give everything to the nearest point: the others count too, each "
            "according to its distance.",
            "compute exp(-u**2 / 2) for every point, and share out.",
            (_nearest,),
        ),
        Misconception(
            "equal-weights",
            "Your weights are all equal: a near point should count for more.",
            "let the distance from x to each point come in.",
            (_equal,),
        ),
        Misconception(
            "softmax-of-the-kernel",
            "Your weights apply exp twice: softmax takes exp itself, and it got numbers that had "
            "been through exp already.",
            "pass the exponents to softmax, or divide the kernel's values by their sum.",
            (_softmax_again, _softmax_twice),
        ),
        Misconception(
            "temperature-is-the-bandwidth",
            "Your weights come from softmax of −(x − point)² at the temperature h: the Gaussian "
            "kernel halves the square and has the temperature h².",
            "write softmax(-(x - points)**2 / 2, temperature=bandwidth**2).",
            (_softmax_bandwidth,),
        ),
        Misconception(
            "whole-numbers",
            "Your weights are cut to whole numbers when the points are whole numbers: an array "
            "made by np.zeros_like(points) can hold nothing else.",
            "make the array with np.zeros(len(points)), which holds decimal fractions.",
            (_whole_numbers,),
        ),
    ),
    hints=(
        "Three steps for all points at once: how far is each, in bandwidths? What does the bell "
        "give for that? What share of the sum is it?",
        "(x - points) / bandwidth is an array of distances u. The bell is exp(-u² / 2), which "
        "NumPy writes with np.exp and ** 2.",
        "With the kernel's values in an array called near, near.sum() is what to divide by.",
    ),
    solutions=(
        "def my_kernel_weights(x, points, bandwidth):\n"
        "    u = (x - points) / bandwidth\n"
        "    near = np.exp(-(u**2) / 2)\n"
        "    return near / near.sum()",
        "def my_kernel_weights(x, points, bandwidth):\n"
        "    near = [np.exp(-((x - p) ** 2) / (2 * bandwidth**2)) for p in points]\n"
        "    return [value / sum(near) for value in near]",
        "def my_kernel_weights(x, points, bandwidth):\n"
        "    scores = -((x - points) ** 2) / 2\n"
        "    powers = np.exp((scores - scores.max()) / bandwidth**2)\n"
        "    return powers / powers.sum()",
    ),
    next_step="multiply each weight by what was measured there, and add up: that is the "
    "prediction.",
)

# ---------------------------------------------------------------------------------------------
# Kernel regression: the prediction
# ---------------------------------------------------------------------------------------------


def _kernel_prediction(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return weighted_sum(_kernel_weights(x, points, bandwidth), targets[:, None])[0]


def _products(x: float, points: Array, targets: Array, bandwidth: float) -> Array:
    return np.asarray(_kernel_weights(x, points, bandwidth) * targets)


def _only_weights(x: float, points: Array, _targets: Array, bandwidth: float) -> Array:
    return _kernel_weights(x, points, bandwidth)


def _sum_of_kernel(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _kernel(x, points, bandwidth) @ targets


def _mean_of_kernel(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return (_kernel(x, points, bandwidth) * targets).mean()


def _mean_of_products(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _products(x, points, targets, bandwidth).mean()


def _plain_mean(_x: float, _points: Array, targets: Array, _bandwidth: float) -> Any:
    return targets.mean()


def _nearest_target(x: float, points: Array, targets: Array, _bandwidth: float) -> Any:
    return targets[np.argmin(np.abs(x - points))]


def _points_for_targets(x: float, points: Array, _targets: Array, bandwidth: float) -> Any:
    return _kernel_weights(x, points, bandwidth) @ points


def _targets_as_keys(x: float, _points: Array, targets: Array, bandwidth: float) -> Any:
    return _kernel_weights(x, targets, bandwidth) @ targets


def _swapped(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _kernel_weights(x, targets, bandwidth) @ points


def _divided_by_targets(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _kernel(x, points, bandwidth) @ targets / targets.sum()


def _with_bandwidth_multiplied(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _bandwidth_multiplied(x, points, bandwidth) @ targets


def _with_bandwidth_not_squared(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _bandwidth_not_squared(x, points, bandwidth) @ targets


def _with_bandwidth_ignored(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _bandwidth_ignored(x, points, bandwidth) @ targets


def _with_distance_not_squared(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _distance_not_squared(x, points, bandwidth) @ targets


def _with_signed(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _signed(x, points, bandwidth) @ targets


def _with_half_missing(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _half_missing(x, points, bandwidth) @ targets


def _with_minus_missing(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _minus_missing(x, points, bandwidth) @ targets


def _with_scores(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _shares_of_scores(x, points, bandwidth) @ targets


def _with_boxcar(x: float, points: Array, targets: Array, bandwidth: float) -> Any:
    return _boxcar(x, points, bandwidth) @ targets


def _through_weights(misconception: str, function: Any) -> Misconception:
    """Name a mistake in the weights that shows in the prediction."""
    known = next(m for m in KERNEL_WEIGHTS.misconceptions if m.id == misconception)
    text = "Your predictions go wrong in their weights. " + known.text
    return Misconception(known.id, text, known.next_step, (function,))


KERNEL_PREDICTION = FunctionExercise(
    id="kernel_prediction",
    notebook="01",
    title="predict by a mean in which near points count more",
    parameters=("x", "points", "targets", "bandwidth"),
    reference=_kernel_prediction,
    noun="predictions",
    shape_rule="a single number for a single query",
    covers="wide and narrow bandwidths, negative targets, points in any order, whole numbers, "
    "equal targets, and one point alone",
    cases=(
        _case(1.0, [0.0, 1.0, 2.0], np.array([1.0, 3.0, 2.0]), 1.0),
        _case(0.5, [0.0, 1.0, 2.0], np.array([1.0, 3.0, 2.0]), 0.5, note="a narrow kernel"),
        _case(0.5, [0.0, 1.0, 2.5], np.array([-1.0, 3.0, 0.5]), 2.0, note="a wide kernel"),
        _case(
            1.5,
            [3.0, -1.0, 3.0, 0.5],
            np.array([2.0, 10.0, 4.0, -3.0]),
            0.8,
            note="no order, and two points at one place",
        ),
        _case(-2.0, [0.5, 1.0, 2.0], np.array([5.0, 6.0, 9.0]), 1.5, note="all on one side"),
        _case(2, [1, 4, 2], np.array([10, 30, 20]), 1, note="whole numbers"),
        _case(0.5, [0.0, 2.0], np.array([7.0, 7.0]), 0.4, note="equal targets: their value"),
        _case(0.3, [2.0], np.array([5.0]), 0.7, note="one point alone decides"),
    ),
    misconceptions=(
        Misconception(
            "not-normalised",
            "Your predictions are sums of kernel value × target, not divided by the sum of the "
            "kernel's values: more points would then mean a larger prediction.",
            "divide by the sum of the kernel's values, or use weights that sum to 1.",
            (_sum_of_kernel,),
        ),
        Misconception(
            "mean-for-sum",
            "Your predictions divide by how many points there are: np.mean gives each product the "
            "share 1/n, while the weights already share out one whole.",
            "add the products up with sum or @, without a further division.",
            (_mean_of_products, _mean_of_kernel),
        ),
        Misconception(
            "products-not-summed",
            "Your predictions are the products of weight and target, not yet added up: one query "
            "has one prediction.",
            "add them up: weights @ targets does both.",
            (_products,),
        ),
        Misconception(
            "weights-returned",
            "Your predictions are the weights: they say how much each target counts, and the "
            "targets have not come in yet.",
            "multiply each weight by its target, and add up.",
            (_only_weights,),
        ),
        Misconception(
            "plain-mean",
            "Your predictions are the plain mean of the targets: it is the same for every x.",
            "let near points count more, with the weights of kernel_weights.",
            (_plain_mean,),
        ),
        Misconception(
            "nearest-only",
            "Your predictions are the target of the nearest point: the other points count too, "
            "each according to its distance.",
            "take a mean of all targets, with weights that fall with the distance.",
            (_nearest_target,),
        ),
        Misconception(
            "points-for-targets",
            "Your predictions average the points in place of the targets: points say where "
            "something was measured, targets say what.",
            "keep the weights, and multiply them by the targets.",
            (_points_for_targets,),
        ),
        Misconception(
            "targets-as-keys",
            "Your predictions compare x with the targets: x is a place, and has to be compared "
            "with places, the points.",
            "compute the weights from x - points.",
            (_targets_as_keys,),
        ),
        Misconception(
            "points-and-targets-swapped",
            "Your predictions have points and targets swapped: the weights come from the points, "
            "and what is averaged are the targets.",
            "exchange the two.",
            (_swapped,),
        ),
        Misconception(
            "divided-by-the-targets",
            "Your predictions are divided by the sum of the targets: what has to sum to 1 are the "
            "weights.",
            "divide by the sum of the kernel's values instead.",
            (_divided_by_targets,),
        ),
        _through_weights("bandwidth-multiplied", _with_bandwidth_multiplied),
        _through_weights("bandwidth-not-squared", _with_bandwidth_not_squared),
        _through_weights("bandwidth-ignored", _with_bandwidth_ignored),
        _through_weights("distance-not-squared", _with_distance_not_squared),
        _through_weights("signed-distance", _with_signed),
        _through_weights("half-missing", _with_half_missing),
        _through_weights("minus-missing", _with_minus_missing),
        _through_weights("no-exp", _with_scores),
        _through_weights("boxcar", _with_boxcar),
    ),
    hints=(
        "A plain mean gives each target the same share. Here the shares are the weights from "
        "kernel_weights.",
        "Compute the weights from x, points and bandwidth. Then multiply each by its target, and "
        "add up.",
        "For two rows of numbers, @ does both at once: it multiplies them pair by pair and adds "
        "up.",
    ),
    solutions=(
        "def my_prediction(x, points, targets, bandwidth):\n"
        "    near = np.exp(-(((x - points) / bandwidth) ** 2) / 2)\n"
        "    return near / near.sum() @ targets",
        "def my_prediction(x, points, targets, bandwidth):\n"
        "    above, below = 0, 0\n"
        "    for point, target in zip(points, targets):\n"
        "        near = np.exp(-((x - point) ** 2) / (2 * bandwidth**2))\n"
        "        above, below = above + near * target, below + near\n"
        "    return above / below",
        "def my_prediction(x, points, targets, bandwidth):\n"
        "    near = np.exp(-(((x - points) / bandwidth) ** 2) / 2)\n"
        "    return np.average(targets, weights=near)",
    ),
    next_step="call x a query, the points keys and the targets values: you have written attention.",
)

# ---------------------------------------------------------------------------------------------
# Move the bandwidth
# ---------------------------------------------------------------------------------------------

BANDWIDTH_CHOICE = ChoiceExercise(
    id="bandwidth_choice",
    notebook="01",
    title="say what the prediction approaches as the bandwidth grows and grows",
    options=("nearest", "mean", "zero"),
    right="mean",
    why="Measured in ever larger bandwidths, all distances shrink to 0. All points then count "
    "alike, and the weighted mean becomes the plain mean.",
    wrong=(
        WrongAnswer(
            "narrow-for-wide",
            "“nearest” is the other end: a narrow kernel sees only the nearest point, a wide one "
            "sees them all.",
            "ask what (x - point) / bandwidth approaches when the bandwidth is huge.",
            ("nearest",),
        ),
        WrongAnswer(
            "kernel-spread-thin",
            "“zero” would be right if the kernel's values were not divided by their sum. They are, "
            "so the weights always share out one whole.",
            "ask how one whole is shared out when all points seem equally near.",
            ("zero",),
        ),
    ),
    hints=(
        "Divide the distances 0.5 and 3 by a bandwidth of 1000. Can the bell still tell them "
        "apart?",
    ),
    solutions=('answer = "mean"', 'answer = "Mean"'),
    next_step="move the bandwidth to both ends of its slider and see whether you were right.",
)

#: Water levels in a harbour that does not exist, measured with errors.
HOURS = (0, 1, 1.5, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
LEVELS = (2.1, 2.6, 2.9, 2.6, 4.1, 3.7, 2.6, 2.3, 1.3, 0.5, 0.8, 0.6, 1.1, 1.7)
_QUERY = 3
_TRUE_LEVEL = 3.5
_TOLERANCE = 0.05


def _make_tide() -> Any:
    from attention_edu import KernelExplorer

    return KernelExplorer(
        HOURS,
        LEVELS,
        query=_QUERY,
        bandwidth=0.2,
        truth=lambda hour: 2 + 1.5 * np.sin(2 * np.pi * hour / 12),
        controls=["bandwidth", "effective", "reset"],
        x_name="hour",
        y_name="level",
    )


def _at_the_hour(explorer: Any) -> bool:
    return bool(np.isclose(explorer.query, _QUERY, atol=1e-6))


def _same_data(explorer: Any) -> bool:
    return (
        np.array_equal(explorer.x, HOURS)
        and np.array_equal(explorer.y, LEVELS)
        and explorer.kernel == "gaussian"
    )


def _not_too_high(explorer: Any) -> bool:
    return bool(explorer.prediction <= _TRUE_LEVEL + _TOLERANCE)


def _not_too_low(explorer: Any) -> bool:
    return bool(explorer.prediction >= _TRUE_LEVEL - _TOLERANCE)


def _other_data(explorer: Any) -> None:
    explorer.y = [*LEVELS[:4], _TRUE_LEVEL, *LEVELS[5:]]


def _move_away(explorer: Any) -> None:
    explorer.query = 2.5


def _too_narrow(explorer: Any) -> None:
    explorer.bandwidth = 0.3


def _too_wide(explorer: Any) -> None:
    explorer.bandwidth = 3


BANDWIDTH_TARGET = TargetExercise(
    id="bandwidth_target",
    notebook="01",
    title="bring the prediction at hour 3 to 3.5 m, within 0.05 m, by the bandwidth alone",
    widget="KernelExplorer",
    make=_make_tide,
    start={"query": _QUERY, "bandwidth": 0.2, "x": HOURS, "y": LEVELS, "kernel": "gaussian"},
    goals=(
        Goal(
            "data-changed",
            _same_data,
            lambda explorer: "Measurements and kernel are to stay as they are; here they differ.",
            "run the cell that makes the picture again, and move its bandwidth only.",
            _other_data,
        ),
        Goal(
            "query-moved",
            _at_the_hour,
            lambda explorer: (
                f"The query stands at hour {explorer.query:.3g}; the task is to leave it at hour 3."
            ),
            "press “Reset”, then use the bandwidth only.",
            _move_away,
        ),
        Goal(
            "believes-one-point",
            _not_too_high,
            lambda explorer: (
                f"The prediction is {explorer.prediction:.2f} m, too high: with bandwidth "
                f"{explorer.bandwidth:.2g}, the one measurement of 4.1 m has "
                f"{100 * explorer.weights[4]:.0f} % of the weight."
            ),
            "widen the bandwidth, so that its neighbours have a say.",
            _too_narrow,
        ),
        Goal(
            "smoothed-away",
            _not_too_low,
            lambda explorer: (
                f"The prediction is {explorer.prediction:.2f} m, too low: bandwidth "
                f"{explorer.bandwidth:.2g} reaches too far from hour 3, to hours at which the "
                "water was lower."
            ),
            "narrow the bandwidth.",
            _too_wide,
        ),
    ),
    why="Too narrow, and the prediction repeats the errors of one measurement; too wide, and it "
    "forgets where you asked.",
    hints=(
        "At the start, one measurement has nearly all the weight: 4.1 m, which is too high. Who "
        "else should have a say?",
        "Pull the bandwidth slowly to the right and watch the prediction fall. Between 0.4 and 0.8 "
        "it passes the true curve.",
    ),
    solutions=("explorer.bandwidth = 0.6", "explorer.bandwidth = 0.55"),
    next_step="look where the curve is wrong at other hours: it was tuned to one. Part 10 of the "
    "notebook chooses the bandwidth without knowing the truth.",
)

# ---------------------------------------------------------------------------------------------
# Sources, and in a sentence
# ---------------------------------------------------------------------------------------------

CHECK_THE_SOURCE = ChoiceExercise(
    id="check_the_source",
    notebook="01",
    title="choose the finding that would show that attention was proposed in 1978",
    options=("copies", "fame", "silence", "work"),
    right="work",
    why="Only the text itself can show it: with its title, venue and year you can open it and see "
    "whether it does what is claimed. That it was the first, no text can show: “first” can only "
    "be refuted, by an older work.",
    wrong=(
        WrongAnswer(
            "copies-counted-as-sources",
            "Ten pages that repeat a sentence may all have it from one: they are copies, not ten "
            "sources.",
            "follow each page to where it has the sentence from.",
            ("copies",),
        ),
        WrongAnswer(
            "fame-for-evidence",
            "That a scientist of this name exists does not show what he wrote. Invented references "
            "often bear names that sound right.",
            "look for what was published, where and when.",
            ("fame",),
        ),
        WrongAnswer(
            "silence-for-proof",
            "Finding nothing speaks against the claim, not for it. As no search sees everything, "
            "it does not prove the claim false either: without a source, it is simply not to be "
            "repeated.",
            "ask what you would have to hold in your hands to believe the claim.",
            ("silence",),
        ),
    ),
    hints=(
        "Suppose the claim were true. What would exist in the world that you could open and read?",
    ),
    solutions=('answer = "work"', 'answer = "WORK"'),
    next_step="try it on another sentence of the article, or on one from your last essay.",
)

EXPLAIN_BOTTLENECK = SentenceExercise(
    id="explain_bottleneck",
    notebook="01",
    title="explain why one vector is not enough for every sentence, and what attention does",
    points=(
        "the vector keeps its size while the sentence grows, so each word finds less room",
        "attention keeps a vector for every word, and makes a new weighted mean for each question",
        "the price: what is kept grows with the sentence",
    ),
    hints=(
        "Say what stays fixed and what grows, first without attention, then with it.",
        "Three things: the room for each word; what attention keeps instead; what that costs.",
    ),
    solutions=(
        "A vector of fixed size leaves less room for each word as the sentence grows. "
        "Attention keeps one vector for every word and mixes them anew, with other weights, "
        "for each question; so what it keeps grows with the sentence.",
        "Words share one memory that never grows, so long sentences do not fit. With "
        "attention every word keeps its own vector, and each query takes a weighted mean of "
        "them; in return, the memory gets longer with the sentence.",
    ),
    next_step="keep the price in mind; notebook 11 measures it.",
)

EXERCISES: tuple[Exercise, ...] = (
    FIXED_LENGTH,
    KERNEL_WEIGHTS,
    KERNEL_PREDICTION,
    BANDWIDTH_CHOICE,
    BANDWIDTH_TARGET,
    CHECK_THE_SOURCE,
    EXPLAIN_BOTTLENECK,
)
