"""The exercises of notebook 05: answers from many hands, right ones and wrong ones."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy import special

from attention_edu import attention as reference
from attention_edu.exercises import bank, check

BANK = bank()


def softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def attend(query, key, value):
    return softmax(query @ key.T / np.sqrt(key.shape[-1])) @ value


# ---------------------------------------------------------------------------------------------
# Additive scores
# ---------------------------------------------------------------------------------------------


def additive_by_columns(query, key, wq, wk, v):
    """Fill the table key by key."""
    table = np.empty((len(query), len(key)))
    for j in range(len(key)):
        table[:, j] = np.tanh(query @ wq + key[j] @ wk).dot(v)
    return table


def additive_with_math(query, key, wq, wk, v):
    def project(row, weight):
        return [sum(x * w for x, w in zip(row, column)) for column in weight.T]

    return [
        [
            sum(c * math.tanh(a + b) for a, b, c in zip(project(q, wq), project(k, wk), v))
            for k in key
        ]
        for q in query
    ]


def additive_stacked(query, key, wq, wk, v):
    """Join query and key, and use one tall matrix, as the paper's reader may."""
    pairs = [[np.r_[q, k] for k in key] for q in query]
    return np.tanh(np.array(pairs) @ np.r_[wq, wk]) @ v


def additive_with_the_sigmoid_of_twice(query, key, wq, wk, v):
    hidden = (query @ wq)[:, None] + (key @ wk)[None]
    return (2 * special.expit(2 * hidden) - 1) @ v


# ---------------------------------------------------------------------------------------------
# The Jacobian
# ---------------------------------------------------------------------------------------------


def jacobian_by_differences(step):
    def jacobian(scores):
        n = len(scores)
        table = np.zeros((n, n))
        for j in range(n):
            up, down = scores.astype(float), scores.astype(float)
            up[j] += step
            down[j] -= step
            table[:, j] = (softmax(up) - softmax(down)) / (2 * step)
        return table

    return jacobian


def jacobian_one_sided(step):
    def jacobian(scores):
        moved = scores + step * np.eye(len(scores))
        return (softmax(moved) - softmax(scores)).T / step

    return jacobian


def jacobian_by_cases(scores):
    a = special.softmax(scores)
    n = len(a)
    table = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            table[i, j] = a[i] * (1 - a[i]) if i == j else -a[i] * a[j]
    return table


def jacobian_by_quotient_rule(scores):
    powers = np.exp(scores - scores.max())
    total = powers.sum()
    return (np.diag(powers) * total - np.outer(powers, powers)) / total**2


def jacobian_complex_step(scores):
    columns = []
    for row in np.eye(len(scores)):
        powers = np.exp(scores - scores.max() + 1e-30j * row)
        columns.append((powers / powers.sum()).imag / 1e-30)
    return np.transpose(columns)


def jacobian_as_covariance(scores):
    """Draw one token with these weights: the covariance of “it is i” and “it is j”."""
    a = softmax(scores)
    apart = np.eye(len(a)) - a
    return (apart.T * a) @ apart


def jacobian_without_diag(scores):
    a = softmax(scores)
    return a - np.outer(a, a)


def jacobian_by_loop_with_plus(scores):
    a = softmax(scores)
    return [[x * (1 - x) if i == j else x * y for j, y in enumerate(a)] for i, x in enumerate(a)]


def jacobian_overflowing(scores):
    a = np.exp(scores) / np.exp(scores).sum()
    return a[:, None] * (np.eye(len(a)) - a)


# ---------------------------------------------------------------------------------------------
# The mended mask
# ---------------------------------------------------------------------------------------------


def mended_by_rows(scores, mask):
    weights = np.zeros(scores.shape)
    rows = zip(np.atleast_2d(scores), np.atleast_2d(mask), np.atleast_2d(weights))
    for row, allowed, into in rows:
        if allowed.any():
            into[allowed] = softmax(row[allowed])
    return weights


def mended_and_cleaned(scores, mask):
    return np.nan_to_num(special.softmax(np.where(mask, scores, -np.inf), axis=-1))


def mended_by_subtracting(scores, mask):
    return softmax(scores - 1e12 * ~mask) * mask


def mended_in_its_first_line(scores, mask):
    peak = np.where(mask, scores, -np.inf).max(axis=-1, keepdims=True)
    peak = np.where(np.isneginf(peak), 0, peak)
    powers = np.where(mask, np.exp(np.where(mask, scores - peak, 0)), 0)
    return powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-300)


def as_given(scores, mask):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights * mask


def set_to_zero(scores, mask):
    weights = softmax(scores)
    weights[~mask] = 0
    return weights


def set_to_zero_and_divided(scores, mask):
    weights = set_to_zero(scores, mask)
    return weights / weights.sum(axis=-1, keepdims=True)


def set_to_zero_and_divided_with_care(scores, mask):
    weights = set_to_zero(scores, mask)
    total = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


# ---------------------------------------------------------------------------------------------
# Self-attention
# ---------------------------------------------------------------------------------------------


def self_attention_with_einsum(x, wq, wk, wv):
    q, k, v = (np.einsum("nd,de->ne", x, w) for w in (wq, wk, wv))
    scores = np.einsum("ie,je->ij", q, k) * q.shape[1] ** -0.5
    return np.einsum("ij,jc->ic", softmax(scores), v)


def self_attention_through_one_matrix(x, wq, wk, wv):
    """Join the two weights of the scores, and put off that of the values to the end."""
    return softmax(x @ (wq @ wk.T) @ x.T / np.sqrt(wk.shape[1])) @ x @ wv


def self_attention_by_columns(x, wq, wk, wv):
    scores = (x @ wk) @ (x @ wq).T / np.sqrt(len(wq.T))  # a column for each query
    return softmax(scores, axis=0).T @ (x @ wv)


def self_attention_with_temperature(x, wq, wk, wv):
    d = wq.shape[-1]
    scores = reference.dot_product_scores(x @ wq, x @ wk)
    return reference.weighted_sum(reference.softmax(scores, temperature=math.sqrt(d)), x @ wv)


def self_attention_by_token(x, wq, wk, wv):
    rows = []
    for i in range(len(x)):
        q = x[i] @ wq
        s = np.array([q @ (x[j] @ wk) for j in range(len(x))]) / math.sqrt(len(q))
        a = np.exp(s - max(s)) / sum(np.exp(s - max(s)))
        rows.append(a @ (x @ wv))
    return rows


def returned_in_the_loop(x, wq, wk, wv):
    for row in self_attention_by_token(x, wq, wk, wv):
        return row


# ---------------------------------------------------------------------------------------------
# Several heads
# ---------------------------------------------------------------------------------------------


def heads_by_slices(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    d, dv = wq.shape[1] // num_heads, wv.shape[1] // num_heads
    q, k, v = query @ wq, key @ wk, value @ wv
    joined = np.zeros((len(query), wv.shape[1]))
    for h in range(num_heads):
        part, part_v = slice(h * d, (h + 1) * d), slice(h * dv, (h + 1) * dv)
        joined[:, part_v] = attend(q[:, part], k[:, part], v[:, part_v])
    return joined @ wo


def heads_as_a_sum(*given):
    """Split the weights instead of the projections; each head has its rows of the last one."""
    query, key, value, num_heads, wq, wk, wv, wo = given
    parts = zip(*(np.split(w, num_heads, axis=1) for w in (wq, wk, wv)), np.split(wo, num_heads))
    return sum(attend(query @ a, key @ b, value @ c) @ d for a, b, c, d in parts)


def heads_with_einsum(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    q, k, v = (
        (x @ w).reshape(len(x), num_heads, -1) for x, w in ((query, wq), (key, wk), (value, wv))
    )
    scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(q.shape[-1])
    return np.einsum("hij,jhd->ihd", softmax(scores), v).reshape(len(query), -1) @ wo


def heads_by_recursion(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    if num_heads == 1:
        return attend(query @ wq, key @ wk, value @ wv) @ wo
    d, dv = wq.shape[1] // num_heads, wv.shape[1] // num_heads
    first = attend(query @ wq[:, :d], key @ wk[:, :d], value @ wv[:, :dv]) @ wo[:dv]
    return first + heads_by_recursion(
        query, key, value, num_heads - 1, wq[:, d:], wk[:, d:], wv[:, dv:], wo[dv:]
    )


def heads_from_the_package(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    weights = {"query_weight": wq, "key_weight": wk, "value_weight": wv, "output_weight": wo}
    return reference.multi_head_attention(query, key, value, num_heads=num_heads, **weights)


def heads_of(given):
    """Give what each head finds, in the order of the heads."""
    query, key, value, num_heads, wq, wk, wv, _ = given
    parts = zip(*(np.split(p, num_heads, -1) for p in (query @ wq, key @ wk, value @ wv)))
    return [attend(*part) for part in parts]


def heads_reshaped_at_once(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    q, k, v = (
        (x @ w).reshape(num_heads, len(x), -1) for x, w in ((query, wq), (key, wk), (value, wv))
    )
    found = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])) @ v
    return np.concatenate(list(found), axis=1) @ wo


def heads_scaled_by_the_model(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    scale = math.sqrt(wq.shape[1] / num_heads / query.shape[1])
    return heads_by_slices(query, key, value, num_heads, wq * scale, wk, wv, wo)


def heads_ignored(*given):
    query, key, value, _, wq, wk, wv, wo = given
    return attend(query @ wq, key @ wk, value @ wv) @ wo


def heads_of_the_notebook(heads=None, scale=None):
    """Copy numbers of the notebook's own two heads with four columns."""

    def copied(*given):
        query, key, value, num_heads, wq, wk, wv, wo = given
        q, k, v = (
            (x @ w).reshape(len(x), heads or num_heads, -1).swapaxes(0, 1)
            for x, w in ((query, wq), (key, wk), (value, wv))
        )
        found = softmax(q @ k.swapaxes(1, 2) / (scale or np.sqrt(q.shape[-1]))) @ v
        return found.swapaxes(0, 1).reshape(len(query), -1) @ wo

    return copied


def heads_dealt_out(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    q, k, v = query @ wq, key @ wk, value @ wv
    dealt = (attend(*(p[:, h::num_heads] for p in (q, k, v))) for h in range(num_heads))
    return np.hstack(list(dealt)) @ wo


def heads_with_whole_values(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    q, k = np.split(query @ wq, num_heads, 1), np.split(key @ wk, num_heads, 1)
    return sum(attend(a, b, value @ wv) for a, b in zip(q, k)) / num_heads @ wo


def heads_without_maximum(*given):
    query, key, value, num_heads, wq, wk, wv, wo = given
    q, k, v = (np.split(x @ w, num_heads, axis=1) for x, w in ((query, wq), (key, wk), (value, wv)))
    found = []
    for a, b, c in zip(q, k, v):
        powers = np.exp(a @ b.T / math.sqrt(a.shape[1]))
        found.append(powers / powers.sum(axis=1, keepdims=True) @ c)
    return np.hstack(found) @ wo


def heads_written_over(*given):
    """Forget to collect what the loop finds, so that the last head is left."""
    num_heads, wo = given[3], given[-1]
    for found, rows in zip(heads_of(given), np.split(wo, num_heads)):
        joined = found @ rows
    return joined


RIGHT = [
    ("additive_scores", reference.additive_scores),
    ("additive_scores", additive_by_columns),
    ("additive_scores", additive_with_math),
    ("additive_scores", additive_stacked),
    ("additive_scores", additive_with_the_sigmoid_of_twice),
    (
        "additive_scores",
        lambda q, k, a, b, v: np.einsum("ijh,h", np.tanh((q @ a)[:, None] + k @ b), v),
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: (np.tanh(np.expand_dims(q @ a, 1) + k @ b) * v).sum(-1).tolist(),
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: np.tanh((k @ b)[:, None] + q @ a).dot(v).T.astype(np.float32),
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: np.squeeze(np.tanh((q @ a)[:, None] + k @ b) @ v[:, None], axis=-1),
    ),
    ("softmax_jacobian", jacobian_by_differences(1e-4)),
    ("softmax_jacobian", jacobian_by_differences(1e-6)),
    ("softmax_jacobian", jacobian_one_sided(1e-6)),
    ("softmax_jacobian", jacobian_one_sided(1e-7)),
    ("softmax_jacobian", jacobian_by_cases),
    ("softmax_jacobian", jacobian_by_quotient_rule),
    ("softmax_jacobian", jacobian_complex_step),
    ("softmax_jacobian", lambda s: softmax(s) * (np.eye(len(s)) - softmax(s)[:, None])),
    ("softmax_jacobian", lambda s: (softmax(s)[:, None] * (np.eye(len(s)) - softmax(s))).T),
    ("softmax_jacobian", lambda s: jacobian_by_cases(s.astype(np.float32)).tolist()),
    ("softmax_jacobian", jacobian_as_covariance),
    ("masks_bug", mended_by_rows),
    ("masks_bug", mended_and_cleaned),
    ("masks_bug", mended_by_subtracting),
    ("masks_bug", mended_in_its_first_line),
    ("masks_bug", lambda s, m: reference.softmax(reference.mask_scores(s, m))),
    ("masks_bug", lambda s, m: softmax(np.where(m, s, -1e9)) * m),
    ("masks_bug", lambda s, m: mended_by_rows(s, m).astype(np.float32).tolist()),
    ("masks_bug", lambda s, m: special.softmax(np.where(m, s, -1e30), axis=-1) * m),
    ("self_attention", self_attention_with_einsum),
    ("self_attention", self_attention_through_one_matrix),
    ("self_attention", self_attention_by_columns),
    ("self_attention", self_attention_with_temperature),
    ("self_attention", self_attention_by_token),
    ("self_attention", lambda x, a, b, c: reference.attention(x @ a, x @ b, x @ c)),
    ("self_attention", lambda x, a, b, c: tuple(reference.attention(x @ a, x @ b, x @ c))),
    ("self_attention", lambda x, a, b, c: reference.attention(x @ a, x @ b, x @ c)[2].tolist()),
    ("self_attention", lambda x, a, b, c: tuple(attend(x @ a, x @ b, x @ c))),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x @ b, x @ c).astype(np.float32)),
    ("multi_head_attention", heads_by_slices),
    ("multi_head_attention", heads_as_a_sum),
    ("multi_head_attention", heads_with_einsum),
    ("multi_head_attention", heads_by_recursion),
    ("multi_head_attention", heads_from_the_package),
    ("multi_head_attention", lambda *given: tuple(heads_from_the_package(*given))),
    ("multi_head_attention", lambda *given: heads_from_the_package(*given).output.tolist()),
    ("multi_head_attention", lambda *given: list(heads_from_the_package(*given).output)),
    ("multi_head_attention", lambda *given: np.hstack(heads_of(given)) @ given[-1]),
    ("multi_head_attention", lambda *g: (g[-1].T @ np.hstack(heads_of(g)).T).T.astype("f4")),
]


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_correct_way_to_write_it_is_correct(exercise, answer):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("correct", None), feedback.message


def additive(between, *, bend=np.tanh):
    """Write the additive score with something else between query and key, or around them."""
    return lambda q, k, a, b, v: bend(between((q @ a)[:, None], (k @ b)[None])) @ v


NAMED = [
    ("additive_scores", additive(np.add, bend=lambda hidden: hidden), "no-tanh"),
    ("additive_scores", lambda q, k, a, b, v: (q @ a @ v)[:, None] + k @ b @ v, "no-tanh"),
    ("additive_scores", additive(np.multiply), "product-instead-of-sum"),
    ("additive_scores", additive(np.subtract), "difference-instead-of-sum"),
    ("additive_scores", additive(lambda q, k: k + 0 * q), "query-ignored"),
    ("additive_scores", additive(np.add, bend=special.expit), "another-bend"),
    ("additive_scores", additive(np.add, bend=lambda h: h * (h > 0)), "another-bend"),
    (
        "additive_scores",
        lambda q, k, a, b, v: np.tanh((q @ a @ v)[:, None] + k @ b @ v),
        "tanh-after-score-weight",
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: (np.tanh(q @ a) @ v)[:, None] + np.tanh(k @ b) @ v,
        "tanh-of-each-part",
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: np.tanh((k @ b)[:, None] + q @ a) @ v,
        "transposed",
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: [[np.tanh(x @ a + y @ b).sum() for y in k] for x in q],
        "no-score-weight",
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: [[np.tanh(x @ a + y @ b) for y in k] for x in q],
        "hidden-layer-returned",
    ),
    (
        "additive_scores",
        lambda q, k, a, b, v: softmax(additive_by_columns(q, k, a, b, v)),
        "softmax-applied",
    ),
    ("additive_scores", lambda q, k, a, b, v: np.tanh(q @ a + k @ b) @ v, "only-matching-pairs"),
    ("additive_scores", lambda q, k, a, b, v: np.tanh(q[:, None] + k) @ v, "no-projections"),
    ("additive_scores", lambda q, k, *_: q @ k.T, "dot-product"),
    ("additive_scores", lambda q, k, a, b, v: (q @ a) @ (k @ b).T, "dot-product"),
    (
        "additive_scores",
        lambda q, k, a, b, v: additive_by_columns(q, k, a, b, v) / math.sqrt(len(v)),
        "scaled-like-dot-products",
    ),
    (
        "additive_scores",
        additive(np.add, bend=lambda h: (np.exp(h) - np.exp(-h)) / (np.exp(h) + np.exp(-h))),
        "tanh-overflow",
    ),
    (
        "additive_scores",
        additive(np.add, bend=lambda h: 1 - 2 * np.exp(-2 * h) / (1 + np.exp(-2 * h))),
        "tanh-overflow",
    ),
    ("softmax_jacobian", lambda s: np.diag(softmax(s) - softmax(s) ** 2), "diagonal-alone"),
    ("softmax_jacobian", lambda s: softmax(s) * (1 - softmax(s)), "diagonal-alone"),
    ("softmax_jacobian", jacobian_without_diag, "same-formula-everywhere"),
    (
        "softmax_jacobian",
        lambda s: [[a * (1 - a)] * len(s) for a in softmax(s)],
        "same-formula-everywhere",
    ),
    ("softmax_jacobian", jacobian_by_loop_with_plus, "plus-off-the-diagonal"),
    ("softmax_jacobian", lambda s: -np.array(jacobian_by_cases(s)), "sign-reversed"),
    ("softmax_jacobian", lambda s: softmax(s)[:, None] @ softmax(s)[None], "outer-product-alone"),
    ("softmax_jacobian", lambda s: np.eye(len(s)) * softmax(s), "sum-held-fixed"),
    ("softmax_jacobian", np.exp, "derivative-of-exp"),
    ("softmax_jacobian", lambda s: np.diag(s) - np.outer(s, s), "scores-taken-for-weights"),
    ("softmax_jacobian", special.softmax, "weights-returned"),
    (
        "softmax_jacobian",
        lambda s: np.eye(len(s)) - np.tile(softmax(s), (len(s), 1)),
        "derivative-of-log-softmax",
    ),
    ("softmax_jacobian", lambda s: np.diag(softmax(s)) - softmax(s) ** 2, "no-outer-product"),
    (
        "softmax_jacobian",
        lambda s: np.diag(softmax(s)) - softmax(s).T @ softmax(s),
        "no-outer-product",
    ),
    (
        "softmax_jacobian",
        lambda s: np.identity(len(s)) - np.outer(softmax(s), softmax(s)),
        "identity-instead-of-diagonal",
    ),
    (
        "softmax_jacobian",
        lambda s: np.diag(special.expit(s) * special.expit(-s)),
        "derivative-of-sigmoid",
    ),
    ("softmax_jacobian", lambda s: jacobian_by_cases(s)[0], "first-row-alone"),
    ("softmax_jacobian", jacobian_one_sided(0.1), "coarse-difference"),
    ("softmax_jacobian", jacobian_one_sided(0.001), "coarse-difference"),
    ("softmax_jacobian", jacobian_by_differences(0.1), "coarse-difference"),
    ("softmax_jacobian", jacobian_overflowing, "no-max-subtraction"),
    ("softmax_jacobian", lambda s: np.round(jacobian_by_cases(s), 2), "rounded"),
    ("masks_bug", as_given, "mask-after-softmax"),
    ("masks_bug", set_to_zero, "mask-after-softmax"),
    ("masks_bug", lambda s, m: np.where(m, special.softmax(s, -1), 0), "mask-after-softmax"),
    ("masks_bug", set_to_zero_and_divided, "renormalised-after-softmax"),
    ("masks_bug", set_to_zero_and_divided_with_care, "renormalised-after-softmax"),
    (
        "masks_bug",
        lambda s, m: as_given(s, m) / (as_given(s, m).sum(-1, keepdims=True) + 1e-12),
        "renormalised-after-softmax",
    ),
    (
        "masks_bug",
        lambda s, m: np.nan_to_num(set_to_zero_and_divided(s, m)),
        "renormalised-after-softmax",
    ),
    ("masks_bug", lambda s, m: softmax(s * m), "mask-multiplied-into-scores"),
    ("masks_bug", lambda s, m: softmax(s + m), "mask-added-as-a-number"),
    ("masks_bug", lambda s, m: softmax(s), "mask-ignored"),
    ("masks_bug", lambda s, m: as_given(s, ~m), "mask-inverted"),
    ("masks_bug", lambda s, m: mended_by_rows(s, ~m), "mask-inverted"),
    ("masks_bug", lambda s, m: np.where(m, s, -np.inf), "no-softmax"),
    ("masks_bug", lambda s, m: softmax(np.where(m, s, -np.inf)), "nan-for-a-fully-masked-row"),
    (
        "masks_bug",
        lambda s, m: softmax(np.where(m, s, -1e9)),
        "uniform-for-a-fully-masked-row",
    ),
    ("masks_bug", lambda s, m: softmax(np.where(m, s, -10)), "large-negative-number"),
    ("masks_bug", lambda s, m: softmax(np.where(m, s, -100)), "large-negative-number"),
    ("masks_bug", lambda s, m: special.softmax(np.where(m, s, -1e9), axis=0), "wrong-axis"),
    (
        "self_attention",
        lambda x, a, b, c: softmax(x @ a @ (x @ b).T) @ (x @ c),
        "no-scale",
    ),
    (
        "self_attention",
        lambda x, a, b, c: softmax(x @ a @ b.T @ x.T / math.sqrt(len(a))) @ x @ c,
        "scaled-by-the-inputs-width",
    ),
    (
        "self_attention",
        lambda x, a, b, c: softmax(x @ a @ b.T @ x.T / len(a.T)) @ x @ c,
        "scaled-by-d",
    ),
    (
        "self_attention",
        lambda x, a, b, c: softmax(x @ a @ b.T @ x.T / math.sqrt(len(x))) @ x @ c,
        "scaled-by-another-length",
    ),
    (
        "self_attention",
        lambda x, a, b, c: softmax(x @ a @ (x @ b).T / np.sqrt(4)) @ (x @ c),
        "scale-of-the-example",
    ),
    ("attention", lambda q, k, v: softmax(q @ k.T / np.sqrt(4)) @ v, "scale-of-the-example"),
    ("attention", lambda q, k, v: softmax(q @ k.T / math.sqrt(3)) @ v, "scale-of-the-example"),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x @ b, x), "value-not-projected"),
    ("self_attention", lambda x, a, b, c: attend(x, x @ b, x @ c), "query-not-projected"),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x, x @ c), "key-not-projected"),
    ("self_attention", lambda x, a, b, c: attend(x, x, x), "nothing-projected"),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x @ a, x @ c), "one-weight-for-both"),
    ("self_attention", lambda x, a, b, c: attend(x @ b, x @ a, x @ c), "query-and-key-swapped"),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x @ b, x @ b), "key-used-as-value"),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x @ c, x @ b), "value-used-as-key"),
    (
        "self_attention",
        lambda x, a, b, c: attend(x @ a.T, x @ b.T, x @ c.T),
        "weights-turned-over",
    ),
    (
        "self_attention",
        lambda x, a, b, c: softmax(x @ a @ (x @ b).T / math.sqrt(len(a.T)), axis=0) @ (x @ c),
        "wrong-axis",
    ),
    (
        "self_attention",
        lambda x, a, b, c: special.softmax(x @ a @ (x @ b).T / math.sqrt(len(a.T))) @ (x @ c),
        "normalised-over-everything",
    ),
    ("self_attention", lambda x, a, b, c: attend(x @ a, x @ b, x @ c).T, "transposed"),
    (
        "self_attention",
        lambda x, a, b, c: reference.attention(x @ a, x @ b, x @ c).weights.T @ (x @ c),
        "weights-transposed",
    ),
    (
        "self_attention",
        lambda x, a, b, c: reference.attention(x @ a, x @ b, x @ c)[1],
        "weights-returned",
    ),
    (
        "self_attention",
        lambda x, a, b, c: reference.attention(x @ a, x @ b, x @ c)[::-1],
        "scores-returned",
    ),
    (
        "self_attention",
        lambda x, a, b, c: x @ a @ (x @ b).T / math.sqrt(len(a.T)) @ (x @ c),
        "no-softmax",
    ),
    (
        "self_attention",
        lambda x, a, b, c: reference.attention(x @ a, x @ b, x @ c, is_causal=True).output,
        "masked-unasked",
    ),
    ("self_attention", returned_in_the_loop, "one-output-for-all"),
    (
        "self_attention",
        lambda x, a, b, c: [(x @ c).mean(axis=0)] * len(x),
        "plain-mean",
    ),
    (
        "self_attention",
        lambda x, a, b, c: (
            (powers := np.exp(x @ a @ (x @ b).T / math.sqrt(len(a.T))))
            / powers.sum(-1, keepdims=True)
            @ (x @ c)
        ),
        "no-max-subtraction",
    ),
    ("multi_head_attention", heads_ignored, "one-big-head"),
    ("multi_head_attention", heads_reshaped_at_once, "reshaped-without-transposing"),
    ("multi_head_attention", heads_scaled_by_the_model, "scaled-by-the-whole-width"),
    ("multi_head_attention", heads_dealt_out, "interleaved-columns"),
    ("multi_head_attention", heads_of_the_notebook(scale=2), "scale-of-the-example"),
    ("multi_head_attention", heads_of_the_notebook(heads=2), "two-heads-as-in-the-example"),
    (
        "multi_head_attention",
        heads_of_the_notebook(heads=2, scale=2),
        "two-heads-as-in-the-example",
    ),
    ("multi_head_attention", heads_with_whole_values, "value-not-split"),
    ("multi_head_attention", heads_without_maximum, "no-max-subtraction"),
    ("multi_head_attention", heads_written_over, "one-head-alone"),
    ("multi_head_attention", lambda *given: sum(heads_of(given)), "heads-added-up"),
    ("multi_head_attention", lambda *given: np.mean(heads_of(given), axis=0), "heads-averaged"),
    ("multi_head_attention", lambda *given: np.hstack(heads_of(given)), "no-output-weight"),
    ("multi_head_attention", lambda *given: np.array(heads_of(given)), "heads-not-joined"),
    ("multi_head_attention", lambda *given: heads_of(given), "heads-not-joined"),
    (
        "multi_head_attention",
        lambda *given: np.hstack(heads_of(given)[::-1]) @ given[-1],
        "heads-in-reverse",
    ),
    (
        "multi_head_attention",
        lambda *given: np.reshape(heads_of(given), (len(given[0]), -1)) @ given[-1],
        "joined-without-transposing",
    ),
    (
        "multi_head_attention",
        lambda q, k, v, n, a, b, c, d: heads_by_slices(q, k, v, n, b, a, c, d),
        "query-and-key-swapped",
    ),
    (
        "multi_head_attention",
        lambda q, k, v, *rest: heads_by_slices(q, k, k, *rest),
        "key-used-as-value",
    ),
    (
        "multi_head_attention",
        lambda *given: (np.hstack(heads_of(given)) @ given[-1]).T,
        "transposed",
    ),
    (
        "multi_head_attention",
        lambda *given: heads_from_the_package(*given).weights,
        "weights-returned",
    ),
    (
        "multi_head_attention",
        lambda *given: (
            np.concatenate(
                [
                    attend(*parts)
                    for parts in zip(
                        *(np.split(x @ w, given[3]) for x, w in zip(given[:3], given[4:7]))
                    )
                ]
            )
            @ given[7]
        ),
        "tokens-split-among-heads",
    ),
]


@pytest.mark.parametrize(("exercise", "answer", "name"), NAMED)
def test_misconceptions_are_recognised_however_they_are_written(exercise, answer, name):
    feedback = check(exercise, answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message
    assert check(exercise, answer) == feedback


def test_an_unknown_jacobian_is_told_which_sum_is_not_zero():
    message = check("softmax_jacobian", lambda s: jacobian_by_cases(s) + 0.5).message
    assert "The first row that does so sums to 1; each row sums to 0" in message
    message = check("softmax_jacobian", lambda s: jacobian_by_cases(s) * (1 + s[:, None])).message
    assert "Each column sums to 0 as well, since the weights always sum to 1." in message


def test_the_bug_of_the_notebook_is_shown_on_a_row_that_fits_into_a_line():
    message = check("masks_bug", as_given).message
    assert message.startswith("Your weights still have the bug")
    assert "  scores       [1, 2, 0]\n  mask         [True, False, True]\n" in message


# ---------------------------------------------------------------------------------------------
# Numbers and choices
# ---------------------------------------------------------------------------------------------


def test_the_variance_is_what_random_vectors_show():
    rng = np.random.default_rng(5)
    query, key = rng.choice([-1.0, 1.0], (2, 20_000, 64))
    measured = (query * key).sum(axis=1).var()
    assert check("score_variance", measured).status == "correct"
    assert check("score_variance", measured**0.5).misconception == "standard-deviation"
    products = rng.normal(size=100_000) * rng.normal(size=100_000)
    assert check("score_variance", products.var()).misconception == "variance-of-one-product"
    sums = rng.normal(size=(20_000, 64)) + rng.normal(size=(20_000, 64))
    named = check("score_variance", sums.sum(axis=1).var()).misconception
    assert named == "variances-added-in-a-product"


def test_no_scores_lift_a_weight_over_the_ceiling_and_some_come_as_near_as_one_likes():
    ceiling = BANK["twice_ceiling"].expected
    rng = np.random.default_rng(6)
    scores = rng.normal(size=(2000, 6)) * rng.choice([0.1, 1, 10, 1000], (2000, 1))
    assert softmax(softmax(scores)).max() <= ceiling
    assert ceiling - softmax(softmax(np.array([20.0, 0, 0, 0, 0, 0]))).max() < 1e-7


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (0.312, "counted-itself"),
        (0.167, "equal-weights"),
        (1.0, "softmax-once"),
        (0.453, "others-forgotten"),
        (0.13, "smallest-weight"),
        (0.25, "one-example"),
        (0.73, "two-words"),
        (0.576, "three-words"),
        (0.405, "five-words"),
        (0.518, "example-of-three-words"),
        (0.567, "example-of-three-words"),
        (0.844, "one-softmax"),
        (0.976, "one-softmax"),
        (0.19, "powers-swapped"),
        (35.22, "percent"),
    ],
)
def test_a_wrong_ceiling_is_named_when_it_is_rounded(answer, name):
    feedback = check("twice_ceiling", answer)
    assert (feedback.status, feedback.misconception) == ("incorrect", name), feedback.message


@pytest.mark.parametrize("answer", [0.35, 0.352, 0.3522, np.float32(0.352187), [0.352]])
def test_the_ceiling_may_be_rounded(answer):
    assert check("twice_ceiling", answer).status == "correct"


def test_outputs_swap_along_when_two_words_trade_places():
    rng = np.random.default_rng(7)
    inputs, *weights = rng.normal(size=(5, 3)), *rng.normal(size=(3, 3, 3))
    order = [0, 4, 2, 3, 1]
    before, after = (self_attention_with_einsum(x, *weights) for x in (inputs, inputs[order]))
    np.testing.assert_allclose(after, before[order])
    assert check("position_choice", " Swap along. ").status == "correct"
    for wrong in ("stay", "all change", "later ones change"):
        assert check("position_choice", wrong).status == "incorrect"


def test_different_weights_give_the_same_output_as_the_model_answer_says():
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    one, other = np.array([0.1, 0.1, 0.8]), np.array([0.5, 0.5, 0.0])
    np.testing.assert_allclose(one @ values, other @ values)
    assert "can give the same output" in BANK["explain_weights"].solutions[0]


# ---------------------------------------------------------------------------------------------
# The star
# ---------------------------------------------------------------------------------------------


@pytest.fixture
def star():
    return BANK["star_target"].make()


def judged(explorer, query):
    explorer.query = query
    return check("star_target", explorer)


def test_the_star_lies_inside_the_triangle_and_begins_far_from_the_output(star):
    corners = np.vstack([star.values.T, np.ones(3)])
    shares = np.linalg.solve(corners, [*star.target, 1])
    assert (shares > 0.05).all()
    assert star.distance_to_target > 10 * star.tolerance


def test_the_star_can_be_reached_with_the_keyboard(star):
    """An arrow key moves the query by 0.1."""
    places = np.array(list(itertools.product(np.arange(-40, 41) / 10, repeat=2)))
    outputs = softmax(places @ star.keys.T / np.sqrt(2)) @ star.values
    near = places[np.hypot(*(outputs - star.target).T) <= star.tolerance]
    assert 4 <= len(near) <= 20  # to be found, and not by chance
    assert np.ptp(near, axis=0).max() < 1  # in one spot of the plane
    for query in near:
        assert judged(star, query).status == "correct"


def test_every_query_is_judged_as_the_picture_shows_it(star):
    rng = np.random.default_rng(8)
    names = set()
    for query in rng.uniform(-4, 4, (60, 2)):
        feedback = judged(star, query)
        assert (feedback.status == "correct") == (star.distance_to_target <= star.tolerance)
        names.add(feedback.misconception)
    assert names <= {
        None,
        "query-turned-away",
        "query-too-short",
        "query-too-long",
        "beside-the-star",
    }


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ([0, 0], "query-too-short"),
        ([0.4, 0.4], "query-too-short"),
        ([3, 3.2], "query-too-long"),
        ([1.7, 1.4], "beside-the-star"),
        ([1.2, 1.3], "beside-the-star"),  # a little short, but near
        ([2, 0], "query-turned-away"),
        ([0, 2], "query-turned-away"),
        ([-1.4, -1.5], "query-turned-away"),
    ],
)
def test_a_query_beside_the_star_is_told_how_it_differs(star, query, name):
    assert judged(star, query).misconception == name


def test_whoever_is_near_the_star_is_told_so_whatever_is_off(star):
    rng = np.random.default_rng(9)
    near = 0
    for query in rng.uniform(1, 2, (200, 2)):
        name = judged(star, query).misconception
        if star.tolerance < star.distance_to_target < 0.2:
            near += 1
            assert name == "beside-the-star"
    assert near > 10


def test_the_first_queries_of_additive_scores_show_that_a_row_is_missing():
    def one_row(query, key, wq, wk, w):
        return np.tanh(query[0] @ wq + key @ wk) @ w

    feedback = check("additive_scores", one_row)
    assert feedback.misconception == "only-the-first"
    assert "a return inside a loop" in feedback.message
    assert re.search(r"your answer +\[[^\[]+\]\n +expected +\[\[", feedback.message)


@pytest.mark.parametrize(("query", "way"), [([2, 0], "turn counter-cl"), ([0, 2], "turn clock")])
def test_a_query_is_told_where_to_turn(star, query, way):
    assert way in judged(star, query).message


def test_only_the_query_may_move(star):
    star.query = [1.44, 1.55]
    assert check("star_target", star).status == "correct"
    star.values = [[3, -1], [-3, -2], [0.7, 0.9]]
    feedback = check("star_target", star)
    assert feedback.misconception == "value-moved"
    assert "The value of “mat” is no longer" in feedback.message
    star.keys = [[3, 0], [0, 0], [0, 1]]
    feedback = check("star_target", star)
    assert feedback.misconception == "key-moved"
    assert "The keys of “cat” and “sat” are no longer" in feedback.message


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 0.5), ("mask", [True, False, True]), ("score", "cosine")]
)
def test_settings_stay_as_they_are(star, name, value):
    star.query = [1.44, 1.55]
    setattr(star, name, value)
    assert check("star_target", star).misconception == "setting-changed"


def test_another_picture_is_recognised():
    from attention_edu import VectorExplorer

    other = VectorExplorer([[1, 0], [0, 1]], query=[1, 1])
    assert check("star_target", other).misconception == "another-picture"
