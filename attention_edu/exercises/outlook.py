"""Exercises on what attention costs, and on ways to pay less."""

from __future__ import annotations

from typing import Any

import numpy as np

from attention_edu.attention import attention, dot_product_scores, softmax, weighted_sum
from attention_edu.exercises.checker import Array, Case, Exercise, FunctionExercise, Misconception
from attention_edu.exercises.kinds import NumberExercise, SentenceExercise, WrongAnswer

# ---------------------------------------------------------------------------------------------
# Counting
# ---------------------------------------------------------------------------------------------

_QUERIES, _KEYS, _D = 4, 10, 6

SCORE_OPERATIONS = NumberExercise(
    id="score_operations",
    notebook="11",
    title="count the multiplications of attention for 4 queries, 10 keys and d = 6, where keys "
    "and values have d components each",
    reference=lambda: _QUERIES * _KEYS * (_D + _D),
    noun="the number of multiplications",
    why="Each of the 4 · 10 pairs costs 6 for q · k, and 6 more for weight · value.",
    wrong=(
        WrongAnswer(
            "second-product-forgotten",
            "Your number counts one product of the two: 4 · 10 · 6 are for the scores, and the "
            "weighted sum multiplies each weight with the 6 numbers of a value.",
            "count the multiplications of the weighted sum as well, and add them.",
            (_QUERIES * _KEYS * _D,),
        ),
        WrongAnswer(
            "d-forgotten",
            "Your number counts one multiplication for each product of vectors: a dot product of "
            "vectors with 6 components takes 6.",
            "multiply by d.",
            (_QUERIES * _KEYS, 2 * _QUERIES * _KEYS),
        ),
        WrongAnswer(
            "one-query-alone",
            "Your number is for a single query: each of the 4 queries meets each of the 10 keys.",
            "multiply by the number of queries.",
            (_KEYS * _D, 2 * _KEYS * _D),
        ),
        WrongAnswer(
            "square-instead-of-pairs",
            "Your number squares one of the two counts: n² stands for n_query · n_key where both "
            "are equal; here there are 4 queries and 10 keys.",
            "count the pairs of one query and one key.",
            (
                *(2 * _QUERIES**2 * _D, 2 * _KEYS**2 * _D),
                *(_QUERIES**2 * _D, _KEYS**2 * _D),
            ),
        ),
        WrongAnswer(
            "added-instead-of-multiplied",
            "Your number adds queries and keys: each query meets each key, so the number of pairs "
            "is a product.",
            "draw the score matrix: how many cells does it have?",
            ((_QUERIES + _KEYS) * _D, 2 * (_QUERIES + _KEYS) * _D),
        ),
        WrongAnswer(
            "d-squared",
            "Your number has d twice as a factor: the two products come one after the other, so "
            "that their costs add up.",
            "add the two products instead of multiplying them.",
            (_QUERIES * _KEYS * _D**2, 2 * _QUERIES * _KEYS * _D**2),
        ),
        WrongAnswer(
            "additions-counted-too",
            "Your number counts additions as well: about one comes with each multiplication. Asked "
            "for are the multiplications.",
            "divide by 2.",
            (4 * _QUERIES * _KEYS * _D,),
        ),
    ),
    hints=(
        "How many pairs of a query and a key are there? That is the number of cells of the score "
        "matrix.",
        "How many multiplications does one cell need for its score? And how many does its weight "
        "need afterwards, in the weighted sum?",
    ),
    solutions=(
        "answer = 4 * 10 * 6 + 4 * 10 * 6",
        "n_query, n_key, d = 4, 10, 6\nanswer = 2 * n_query * n_key * d",
        "answer = 480.0",
    ),
    next_step="double both counts and d in your head, and say by which factor the work grows.",
)

_TOKENS, _HEADS, _BYTES = 20_000, 8, 2
_GB = 1e9

MATRIX_MEMORY = NumberExercise(
    id="matrix_memory",
    notebook="11",
    title="compute the gigabytes (10⁹ bytes) of all score matrices of a layer: 20,000 tokens, 8 "
    "heads, 2 bytes a number",
    reference=lambda: _TOKENS**2 * _HEADS * _BYTES / _GB,
    noun="the size in GB",
    why="There are 20,000² scores for each of the 8 heads, at 2 bytes each.",
    rtol=0.01,
    atol=0.0,
    wrong=(
        WrongAnswer(
            "heads-forgotten",
            "Your size is that of one score matrix: each head has a matrix of its own.",
            "multiply by the number of heads.",
            (_TOKENS**2 * _BYTES / _GB,),
        ),
        WrongAnswer(
            "bytes-forgotten",
            "Your size counts one byte for each score: here each takes 2.",
            "multiply the number of scores by the bytes that one takes.",
            (_TOKENS**2 * _HEADS / _GB,),
        ),
        WrongAnswer(
            "four-bytes",
            "Your size is twice as large as it should be: the table above had 4 bytes a number, "
            "here it is 2; and the weights are not asked for.",
            "use 2 bytes a number, and count the scores alone.",
            (2 * _TOKENS**2 * _HEADS * _BYTES / _GB,),
        ),
        WrongAnswer(
            "row-instead-of-matrix",
            "Your size is that of one row for each head: a score matrix has a row for each of the "
            "20,000 queries.",
            "square the number of tokens.",
            (_TOKENS * _HEADS * _BYTES / _GB, _TOKENS * _HEADS * _BYTES),
        ),
        WrongAnswer(
            "bits-instead-of-bytes",
            "Your size is in bits: a byte has 8 of them.",
            "divide by 8.",
            (8 * _TOKENS**2 * _HEADS * _BYTES / _GB,),
        ),
        WrongAnswer(
            "not-in-gigabytes",
            "Your size is right in another unit: 1 GB is 10⁹ bytes here.",
            "count the bytes, and divide by 1e9.",
            (
                _TOKENS**2 * _HEADS * _BYTES,
                _TOKENS**2 * _HEADS * _BYTES / 1e3,
                _TOKENS**2 * _HEADS * _BYTES / 1e6,
            ),
        ),
        WrongAnswer(
            "gibibytes-or-rounded",
            "Your size is right in GiB, units of 2³⁰ bytes, or it has been rounded to a whole "
            "number: asked for are GB, of 10⁹ bytes.",
            "divide the bytes by 1e9, and give one digit after the point.",
            (_TOKENS**2 * _HEADS * _BYTES / 2**30,),
        ),
        WrongAnswer(
            "one-head-in-numbers",
            "Your number counts the scores of one head, in billions.",
            "multiply by the heads, and by the bytes a number.",
            (_TOKENS**2 / _GB,),
        ),
    ),
    hints=(
        "How many scores does one head have for 20,000 queries and 20,000 keys?",
        "Numbers × heads × bytes a number gives bytes. How many bytes make a GB?",
    ),
    solutions=(
        "answer = 20_000**2 * 8 * 2 / 1e9",
        "matrix = np.broadcast_to(np.float16(0), (8, 20_000, 20_000))\n"
        "answer = matrix.size * matrix.itemsize / 1e9",
        "answer = 6.4",
    ),
    next_step="compare with the memory of your own computer, and ask whether two layers would fit.",
)

_LAYERS, _CACHE_HEADS, _CACHE_D, _CACHED = 12, 8, 64, 1000
_CACHE = 2 * _LAYERS * _CACHE_HEADS * _CACHE_D * _CACHED

CACHE_NUMBERS = NumberExercise(
    id="cache_numbers",
    notebook="11",
    title="count the numbers in the key–value cache of a network with 12 layers, 8 heads and d = "
    "64 for each head, after 1000 tokens",
    reference=lambda: _CACHE,
    noun="the number of cached numbers",
    why="It is 2 (keys and values) · 12 layers · 8 heads · 64 components · 1000 tokens.",
    wrong=(
        WrongAnswer(
            "keys-alone",
            "Your number counts keys or values, but not both: a new query needs the keys for its "
            "scores, and the values for its output.",
            "multiply by 2.",
            (_CACHE // 2,),
        ),
        WrongAnswer(
            "queries-cached-too",
            "Your number counts queries as well: a query is used once, when its token is read, and "
            "never again.",
            "count keys and values alone.",
            (3 * _CACHE // 2,),
        ),
        WrongAnswer(
            "layers-forgotten",
            "Your number is for one layer: each layer has keys and values of its own.",
            "multiply by the number of layers.",
            (_CACHE // _LAYERS, _CACHE // 2 // _LAYERS),
        ),
        WrongAnswer(
            "heads-forgotten",
            "Your number is for one head of each layer: each head has keys and values of its own.",
            "multiply by the number of heads.",
            (_CACHE // _CACHE_HEADS, _CACHE // 2 // _CACHE_HEADS),
        ),
        WrongAnswer(
            "one-token",
            "Your number is for a single token: the cache holds keys and values of all tokens so "
            "far.",
            "multiply by the number of tokens.",
            (_CACHE // _CACHED, _CACHE // 2 // _CACHED),
        ),
        WrongAnswer(
            "d-forgotten",
            "Your number counts vectors: each key and each value consists of 64 numbers.",
            "multiply by d.",
            (_CACHE // _CACHE_D, _CACHE // 2 // _CACHE_D),
        ),
        WrongAnswer(
            "matrix-instead-of-cache",
            "Your number grows with the square of the tokens: that is a score matrix. The cache "
            "holds a key and a value for each token, so it grows with n.",
            "count what is stored for one token, then multiply by the number of tokens.",
            (
                _CACHE * _CACHED,
                _CACHE // 2 * _CACHED,
                _LAYERS * _CACHE_HEADS * _CACHED**2,
                2 * _LAYERS * _CACHE_HEADS * _CACHED**2,
            ),
        ),
        WrongAnswer(
            "bytes-instead-of-numbers",
            "Your answer is in bytes: asked for is how many numbers are kept.",
            "leave out the bytes a number.",
            (2 * _CACHE, 4 * _CACHE, 8 * _CACHE),
        ),
    ),
    hints=(
        "What does a later query need of each earlier token: its query, its key, its value?",
        "Count for one token in one head of one layer first. Then multiply: heads, layers, tokens.",
    ),
    solutions=(
        "answer = 2 * 12 * 8 * 64 * 1000",
        "keys = np.broadcast_to(0.0, (12, 8, 1000, 64))\nanswer = keys.size + keys.size",
        "answer = 12_288_000",
    ),
    next_step="let all 8 heads share one key and one value a token, and count what is left.",
)

# ---------------------------------------------------------------------------------------------
# Windows
# ---------------------------------------------------------------------------------------------


def _distance(n: int) -> Array:
    """Say how far back each key lies, shape (n, n): row i, column j holds i - j."""
    return np.arange(n)[:, None] - np.arange(n)


def _window_mask(n: int, width: int) -> Array:
    return (_distance(n) >= 0) & (_distance(n) < width)


# What students compute who have a misconception: wrong on purpose.


def _window_one_too_many(n: int, width: int) -> Array:
    return (_distance(n) >= 0) & (_distance(n) <= width)


def _window_one_too_few(n: int, width: int) -> Array:
    return (_distance(n) >= 0) & (_distance(n) < width - 1)


def _window_without_itself(n: int, width: int) -> Array:
    return (_distance(n) > 0) & (_distance(n) < width)


def _window_before_itself(n: int, width: int) -> Array:
    return (_distance(n) > 0) & (_distance(n) <= width)


def _window_on_both_sides(n: int, width: int) -> Array:
    return np.abs(_distance(n)) < width


def _window_on_both_sides_wider(n: int, width: int) -> Array:
    return np.abs(_distance(n)) <= width


def _window_on_both_sides_halved(n: int, width: int) -> Array:
    return np.abs(_distance(n)) <= width // 2


def _window_of_the_future(n: int, width: int) -> Array:
    return _window_mask(n, width).T


def _window_inverted(n: int, width: int) -> Array:
    return ~_window_mask(n, width)


def _window_causal_alone(n: int, width: int) -> Array:
    return _distance(n) >= 0


def _window_not_causal(n: int, width: int) -> Array:
    return _distance(n) < width


def _window_of_the_far(n: int, width: int) -> Array:
    return _distance(n) >= width


def _window_of_blocks(n: int, width: int) -> Array:
    block = np.arange(n) // width
    return np.asarray((block[:, None] == block) & (_distance(n) >= 0))


def _window_of_square_blocks(n: int, width: int) -> Array:
    block = np.arange(n) // width
    return np.asarray(block[:, None] == block)


def _window_of_the_first(n: int, width: int) -> Array:
    return (_distance(n) >= 0) & (np.arange(n) < width)


def _window_of_the_last(n: int, width: int) -> Array:
    return (_distance(n) >= 0) & (np.arange(n) >= n - width)


def _window_from_the_end(n: int, width: int) -> Array:
    mask = np.zeros((n, n), dtype=bool)
    for i in range(n):
        mask[i, i - width + 1 : i + 1] = True
    return mask


def _window_to_add(n: int, width: int) -> Array:
    return np.where(_window_mask(n, width), 0.0, -np.inf)


WINDOW_MASK = FunctionExercise(
    id="window_mask",
    notebook="11",
    title="make the mask in which each token may attend to the last “width” tokens, itself "
    "included; True means “may attend”",
    parameters=("n", "width"),
    reference=_window_mask,
    noun="entries",
    shape_rule="a row for each of the n queries and a column for each of the n keys",
    covers="several lengths, a window of one token, and windows as long as the text or longer",
    booleans=True,
    cases=(
        Case((3, 2)),
        Case((4, 2)),
        Case((5, 3)),
        Case((3, 1), "each token sees itself alone"),
        Case((4, 4), "the window is as long as the text"),
        Case((3, 5), "the window is longer than the text"),
        Case((1, 1), "one token"),
        Case((7, 4)),
        Case((8, 3)),
    ),
    misconceptions=(
        Misconception(
            "mask-inverted",
            "Your entries are inverted: True means “may attend”, so what lies outside of the "
            "window gets False.",
            "turn the comparison round, or write ~ in front of the result.",
            (_window_inverted,),
        ),
        Misconception(
            "window-one-too-many",
            "Your entries let each token see one token too many: the token itself is one of the "
            "“width” tokens, so the farthest lies width - 1 back.",
            "write < in place of <=: i - j < width.",
            (_window_one_too_many,),
        ),
        Misconception(
            "window-one-too-few",
            "Your entries let each token see one token too few: width tokens, itself included, "
            "reach back to the distance width - 1.",
            "compare i - j with width, not with width - 1.",
            (_window_one_too_few,),
        ),
        Misconception(
            "itself-excluded",
            "Your entries are False on the diagonal: each token is part of its own window, and the "
            "first one would have nothing to attend to otherwise.",
            "allow a distance i - j of 0.",
            (_window_without_itself, _window_before_itself),
        ),
        Misconception(
            "window-on-both-sides",
            "Your entries open the window to both sides: this network writes from left to right, "
            "so later tokens must stay hidden.",
            "leave out the absolute value, and allow distances i - j of 0 or more alone.",
            (
                _window_on_both_sides,
                _window_on_both_sides_wider,
                _window_on_both_sides_halved,
            ),
        ),
        Misconception(
            "future-instead-of-past",
            "Your entries look into the future: row i belongs to the query, and earlier keys have "
            "smaller column numbers j. The mask may be transposed.",
            "compare i - j in place of j - i; rows are queries.",
            (_window_of_the_future,),
        ),
        Misconception(
            "window-without-end",
            "Your entries are the causal mask: they hide the future, but not what lies width or "
            "more tokens back.",
            "add a second condition with &: the distance i - j is smaller than width.",
            (_window_causal_alone,),
        ),
        Misconception(
            "window-not-causal",
            "Your entries end the window in the past, but leave the future open: the distance "
            "i - j is negative there, and smaller than any width.",
            "add a second condition with &: the distance i - j is 0 or more.",
            (_window_not_causal,),
        ),
        Misconception(
            "negative-index",
            "Your entries are empty in the first rows: i - width + 1 is negative there, and a "
            "negative index counts from the end.",
            "begin at max(0, i - width + 1).",
            (_window_from_the_end,),
        ),
        Misconception(
            "far-instead-of-near",
            "Your entries allow what lies width or more tokens back, and hide what is near: the "
            "window keeps the near ones.",
            "turn the comparison with width round, and hide the future.",
            (_window_of_the_far,),
        ),
        Misconception(
            "blocks-instead-of-window",
            "Your entries cut the text into blocks: a window slides along, so that each token sees "
            "its own last “width” tokens, whatever block they are in.",
            "compare the distance i - j, not i // width with j // width.",
            (_window_of_blocks, _window_of_square_blocks),
        ),
        Misconception(
            "window-that-stands-still",
            "Your entries show the same “width” columns to all tokens: the window has to move "
            "along with the query.",
            "let the condition depend on i - j, not on j alone.",
            (_window_of_the_first, _window_of_the_last),
        ),
        Misconception(
            "added-to-scores",
            "Your entries are numbers to be added to the scores, 0 and -inf: that does the same "
            "later on, but asked for is the mask itself, True or False.",
            "return True where you have 0, and False where you have -inf.",
            (_window_to_add,),
        ),
    ),
    hints=(
        "With width = 2, which keys may token 0 see, which ones token 1, and which ones token 5? "
        "How far back, i - j, may a key lie at most?",
        "Two conditions have to hold at once: the key is not in the future, and it is less than "
        "width tokens back. For arrays, “and” is written &, with brackets around each condition.",
        "np.arange(n)[:, None] - np.arange(n) is a table of all distances i - j.",
    ),
    solutions=(
        "def my_window_mask(n, width):\n"
        "    distance = np.arange(n)[:, None] - np.arange(n)\n"
        "    return (distance >= 0) & (distance < width)",
        "def my_window_mask(n, width):\n"
        "    return np.tri(n, dtype=bool) & ~np.tri(n, k=-width, dtype=bool)",
        "def my_window_mask(n, width):\n"
        "    return [[i - width < j <= i for j in range(n)] for i in range(n)]",
    ),
    next_step="count the True entries for n = 1000 and width = 10, and compare with 1000².",
)

# ---------------------------------------------------------------------------------------------
# Linear attention
# ---------------------------------------------------------------------------------------------


def _phi(x: Array) -> Array:
    """Make every number positive: elu(x) + 1."""
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def _rows_to_one(weights: Array) -> Array:
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _linear_attention(query: Array, key: Array, value: Array) -> Array:
    return weighted_sum(_rows_to_one(dot_product_scores(_phi(query), _phi(key))), value)


# What students compute who have a misconception: wrong on purpose.


def _linear_unnormalised(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_phi(query) @ (_phi(key).T @ value))


def _linear_mean(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_phi(query) @ (_phi(key).T @ value) / len(key))


def _linear_by_columns(query: Array, key: Array, value: Array) -> Array:
    similar = _phi(query) @ _phi(key).T
    return np.asarray(similar / similar.sum(axis=0, keepdims=True) @ value)


def _linear_by_everything(query: Array, key: Array, value: Array) -> Array:
    similar = _phi(query) @ _phi(key).T
    return np.asarray(similar / similar.sum() @ value)


def _linear_sums_as_row(query: Array, key: Array, value: Array) -> Array:
    similar = _phi(query) @ _phi(key).T
    return np.asarray(similar / similar.sum(axis=-1) @ value)


def _linear_total_as_row(query: Array, key: Array, value: Array) -> Array:
    total = _phi(query) @ _phi(key).sum(axis=0)
    return np.asarray(_phi(query) @ (_phi(key).T @ value) / total)


def _linear_total_of_keys(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_phi(query) @ (_phi(key).T @ value) / _phi(key).sum())


def _linear_scaled_softmax_of_phi(query: Array, key: Array, value: Array) -> Array:
    return attention(_phi(query), _phi(key), value).output


def _linear_softmax(query: Array, key: Array, value: Array) -> Array:
    return attention(query, key, value).output


def _linear_softmax_unscaled(query: Array, key: Array, value: Array) -> Array:
    return attention(query, key, value, scale=1).output


def _linear_softmax_of_phi(query: Array, key: Array, value: Array) -> Array:
    return weighted_sum(softmax(_phi(query) @ _phi(key).T), value)


def _linear_query_plain(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_rows_to_one(query @ _phi(key).T) @ value)


def _linear_key_plain(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_rows_to_one(_phi(query) @ key.T) @ value)


def _linear_both_plain(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_rows_to_one(query @ key.T) @ value)


def _linear_phi_of_scores(query: Array, key: Array, value: Array) -> Array:
    return np.asarray(_rows_to_one(_phi(query @ key.T)) @ value)


def _linear_phi_of_values(query: Array, key: Array, value: Array) -> Array:
    return _linear_attention(query, key, _phi(value))


def _with_feature(feature: Any) -> Any:
    def wrong(query: Array, key: Array, value: Array) -> Array:
        return np.asarray(_rows_to_one(feature(query) @ feature(key).T) @ value)

    return wrong


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _relu_plus_one(x: Array) -> Array:
    return np.maximum(x, 0) + 1


def _elu(x: Array) -> Array:
    return _phi(x) - 1


def _line(x: Array) -> Array:
    return x + 1


def _branches_swapped(x: Array) -> Array:
    return np.where(x > 0, np.exp(x), x + 1)


def _one_added_twice(x: Array) -> Array:
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)) + 1)


def _linear_scaled(query: Array, key: Array, value: Array) -> Array:
    return _linear_attention(query / np.sqrt(query.shape[-1]), key, value)


def _linear_weights(query: Array, key: Array, value: Array) -> Array:
    return _rows_to_one(_phi(query) @ _phi(key).T)


def _example(n_query: int, n_key: int, d: int, d_value: int) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(n_query + 10 * n_key)
    shapes = (n_query, d), (n_key, d), (n_key, d_value)
    query, key, value = (random.normal(size=shape).round(1) for shape in shapes)
    return query, key, value


def _rows(*numbers: list[float]) -> Array:
    return np.array(numbers)


LINEAR_ATTENTION = FunctionExercise(
    id="linear_attention",
    notebook="11",
    title="compute linear attention with the feature map elu(x) + 1, where each query sees all "
    "keys; return the output",
    parameters=("query", "key", "value"),
    reference=_linear_attention,
    noun="outputs",
    shape_rule="a row for each query and a column for each component of the values",
    covers="one query and several, one key and several, negative numbers, values of another size",
    cases=(
        Case((_rows([1, 0]), _rows([1, 0], [0, 1]), _rows([9, 0], [0, 9]))),
        Case((_rows([-1, 0]), _rows([1, -2], [0, 1]), _rows([9, 0], [0, 9])), "negative numbers"),
        Case((_rows([1, 2], [0, -1]), _rows([2, 0], [0, 3]), _rows([1, 0], [0, -1]))),
        Case((_rows([1, -2, 3]), _rows([0, 1, 2]), _rows([5, 7])), "one key"),
        Case(_example(2, 4, 3, 2), "fewer queries than keys"),
        Case(_example(4, 3, 2, 5), "more queries than keys"),
        Case(_example(1, 6, 4, 1), "one query"),
        Case(_example(5, 5, 4, 4)),
    ),
    misconceptions=(
        Misconception(
            "normaliser-missing",
            "Your outputs lack the normaliser: the weights of a query have to sum to 1, and here "
            "they sum to whatever the products give.",
            "divide each row by φ(q) · (φ(k₁) + φ(k₂) + …), the sum of its weights.",
            (_linear_unnormalised,),
        ),
        Misconception(
            "divided-by-the-count",
            "Your outputs are divided by the number of keys: each row has its own sum of weights.",
            "divide row i by φ(qᵢ) · (φ(k₁) + φ(k₂) + …).",
            (_linear_mean,),
        ),
        Misconception(
            "normalised-over-queries",
            "Your outputs come from weights whose columns sum to 1: each query shares out its own "
            "100 %, so rows have to.",
            "sum over the keys (axis=-1, keepdims=True), or sum φ(key) over its rows, axis=0.",
            (_linear_by_columns,),
        ),
        Misconception(
            "normalised-over-everything",
            "Your outputs come from weights that sum to 1 over all queries together: each query "
            "shares out its own 100 %.",
            "sum over the keys alone: axis=-1, keepdims=True.",
            (_linear_by_everything, _linear_total_of_keys),
        ),
        Misconception(
            "sums-not-beside-their-rows",
            "Your outputs are divided by the sums of other queries: the sums form a row, so that "
            "NumPy matches them with columns, or fails where the counts differ.",
            "make a column of the sums, with keepdims=True or [:, None], so that each one stands "
            "beside its own row.",
            (_linear_sums_as_row, _linear_total_as_row),
        ),
        Misconception(
            "softmax-instead",
            "Your outputs are those of exact attention: softmax needs every score for itself, and "
            "that is what linear attention avoids.",
            "put φ(q) · φ(k) where softmax has e to the power of q · k.",
            (_linear_softmax, _linear_softmax_unscaled),
        ),
        Misconception(
            "softmax-on-top",
            "Your outputs put softmax on top of φ(q) · φ(k): these products are positive already, "
            "so that dividing by their sum is enough.",
            "leave the exponential out, and divide by the sum.",
            (_linear_softmax_of_phi, _linear_scaled_softmax_of_phi),
        ),
        Misconception(
            "phi-on-one-side",
            "Your outputs use φ on one side alone: queries and keys both go through φ, or weights "
            "can be negative.",
            "use phi(query) and phi(key).",
            (_linear_query_plain, _linear_key_plain),
        ),
        Misconception(
            "phi-forgotten",
            "Your outputs are made without φ: plain dot products can be negative, and their sum "
            "can be 0.",
            "use phi(query) and phi(key) in place of query and key.",
            (_linear_both_plain,),
        ),
        Misconception(
            "phi-of-the-scores",
            "Your outputs put φ around the scores: then every pair has to be computed after all. φ "
            "belongs around the query and around the key, before they meet.",
            "compute phi(query) and phi(key) first, then multiply.",
            (_linear_phi_of_scores,),
        ),
        Misconception(
            "phi-of-the-values",
            "Your outputs mix φ(value): values are mixed as they are.",
            "leave φ out of the values.",
            (_linear_phi_of_values,),
        ),
        Misconception(
            "relu-for-elu",
            "Your outputs use relu, the maximum of x and 0, for elu(x): below 0, elu(x) + 1 is e "
            "to the power of x, which is small but never flat.",
            "use np.exp(x) where x is 0 or less, and x + 1 elsewhere.",
            (_with_feature(_relu), _with_feature(_relu_plus_one)),
        ),
        Misconception(
            "one-not-added",
            "Your outputs use elu(x) without the 1: elu can be negative, and weights must not be.",
            "add 1 to elu(x).",
            (_with_feature(_elu),),
        ),
        Misconception(
            "one-added-twice",
            "Your outputs use e to the power of x plus 1 below 0: elu(x) is e to the power of x "
            "minus 1 there, so the two ones cancel.",
            "use np.exp(x) itself where x is 0 or less.",
            (_with_feature(_one_added_twice),),
        ),
        Misconception(
            "one-branch-alone",
            "Your outputs use one formula for all numbers: elu(x) + 1 has two, x + 1 above 0 and e "
            "to the power of x from 0 downwards.",
            "choose between both with np.where(x > 0, …, …).",
            (_with_feature(_line), _with_feature(np.exp)),
        ),
        Misconception(
            "branches-swapped",
            "Your outputs use the two formulas of φ the wrong way round: x + 1 is for numbers "
            "above 0, and e to the power of x for the others.",
            "swap the last two arguments of np.where.",
            (_with_feature(_branches_swapped),),
        ),
        Misconception(
            "scaled-query",
            "Your outputs divide the query by the root of d: that belongs to softmax, which grows "
            "sharp with large scores; here it is not wanted.",
            "leave the division by np.sqrt(d) out.",
            (_linear_scaled,),
        ),
        Misconception(
            "weights-instead-of-output",
            "Your outputs are the weights: the weighted sum of the values is missing.",
            "multiply with value.",
            (_linear_weights,),
        ),
    ),
    hints=(
        "Exact attention weighs a pair by e to the power of q · k. Here it is φ(q) · φ(k). What "
        "has to follow so that the weights of a query sum to 1?",
        "φ(x) is x + 1 for x above 0, and e to the power of x otherwise: np.where chooses number "
        "by number. Apply it to query and key, not to value.",
        "The numerator is φ(Q) times (φ(K)ᵀ V). The denominator is φ(Q) times the sum of φ(K) over "
        "its rows; make a column of it with [:, None].",
    ),
    solutions=(
        "def my_linear_attention(query, key, value):\n"
        "    def phi(x):\n"
        "        return np.where(x > 0, x + 1, np.exp(x))\n\n"
        "    state = phi(key).T @ value  # (d, d_value), however many keys there are\n"
        "    total = phi(query) @ phi(key).sum(axis=0)  # (n_query,)\n"
        "    return phi(query) @ state / total[:, None]",
        "def my_linear_attention(query, key, value):\n"
        "    q = np.where(query > 0, query, np.expm1(query)) + 1\n"
        "    k = np.where(key > 0, key, np.expm1(key)) + 1\n"
        "    weights = q @ k.T\n"
        "    return weights / weights.sum(axis=-1, keepdims=True) @ value",
        "def my_linear_attention(query, key, value):\n"
        "    def phi(row):\n"
        "        return np.array([x + 1 if x > 0 else np.exp(x) for x in row])\n\n"
        "    outputs = []\n"
        "    for q in query:\n"
        "        weights = np.array([phi(q) @ phi(k) for k in key])\n"
        "        outputs.append(weights @ value / sum(weights))\n"
        "    return np.array(outputs)",
    ),
    next_step="count the multiplications of φ(Q) (φ(K)ᵀ V), and say in which order n² appears.",
)

# ---------------------------------------------------------------------------------------------
# In words
# ---------------------------------------------------------------------------------------------

EXPLAIN_MEMORY = SentenceExercise(
    id="explain_memory",
    notebook="11",
    title="explain why attention in chunks saves memory, but no multiplications",
    points=(
        "only one chunk of scores is kept at a time, so memory no longer grows with n²",
        "a running maximum, sum and output hold all that later chunks need",
        "every query still meets every key, so the multiplications stay as many",
    ),
    hints=(
        "What is thrown away after each chunk, and which three things are kept?",
        "Does any pair of a query and a key go uncomputed?",
    ),
    solutions=(
        "Only one chunk of scores is kept at a time, since a running maximum, a running sum and a "
        "running output hold all that is needed of the earlier ones; but every query still meets "
        "every key, so there are as many multiplications as before.",
        "The n² scores are all computed, which is the work, but a chunk of them is forgotten as "
        "soon as it has been added to the running output and sum, rescaled by the running maximum; "
        "so they never stand in memory together.",
    ),
    next_step="tell a classmate which of the two, time or memory, a faster computer helps with.",
)

EXERCISES: tuple[Exercise, ...] = (
    SCORE_OPERATIONS,
    MATRIX_MEMORY,
    EXPLAIN_MEMORY,
    WINDOW_MASK,
    LINEAR_ATTENTION,
    CACHE_NUMBERS,
)
