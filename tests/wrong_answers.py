"""Wrong answers as students write them: code, and the name of what is wrong with it."""

SOFTMAX = """
def softmax(s):
    p = np.exp(s - s.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)
"""

# exercise: (code, misconception); the function to be checked is f.
NAMED = {
    "softmax": [
        (
            "def f(s):\n"
            "    low = s.min(-1, keepdims=True)\n"
            "    return (s - low) / (s.max(-1, keepdims=True) - low)",
            "rescaled-without-exp",
        ),
        (
            "def f(s):\n"
            "    t = s - s.min(-1, keepdims=True)\n"
            "    return t / t.sum(-1, keepdims=True)",
            "rescaled-without-exp",
        ),
        ("def f(s):\n    return s ** 2 / (s ** 2).sum(-1, keepdims=True)", "absolute-values"),
        (
            "def f(s):\n    return (s - s.mean(-1, keepdims=True)) / s.std(-1, keepdims=True)",
            "rescaled-without-exp",
        ),
        (
            "def f(s):\n    return s / np.linalg.norm(s, axis=-1, keepdims=True)",
            "rescaled-without-exp",
        ),
        ("def f(s):\n    return s / s.max(-1, keepdims=True)", "rescaled-without-exp"),
        ("def f(s):\n    return np.exp(s) / len(s)", "divided-by-n"),
        ("def f(s):\n    return np.exp(s) / s.shape[-1]", "divided-by-n"),
        ("def f(s):\n    return np.exp(s) / s.sum(-1, keepdims=True)", "exp-on-one-side"),
        (
            "def f(s):\n    return np.exp(s) / np.exp(s).max(-1, keepdims=True)",
            "exp-without-dividing",
        ),
        ("def f(s):\n    return s / np.exp(s).sum(-1, keepdims=True)", "exp-on-one-side"),
        (
            "def f(s):\n    p = np.exp(s - s.max(axis=0))\n    return p / p.sum(-1, keepdims=True)",
            "maximum-along-the-wrong-axis",
        ),
        (
            "def f(s):\n"
            "    p = np.exp(s - s.max(axis=-1))\n"
            "    return p / p.sum(-1, keepdims=True)",
            "missing-keepdims",
        ),
        (
            "def f(s):\n    p = np.exp(s - s.max(axis=-1, keepdims=True))\n    return p / sum(p)",
            "wrong-axis",
        ),
        ("def f(s):\n    p = np.exp(s)\n    return p / sum(p)", "wrong-axis"),
        (
            "def f(s):\n"
            "    for r in np.atleast_2d(s):\n"
            "        p = np.exp(r - r.max())\n"
            "        return p / p.sum()",
            "only-the-first",
        ),
        (
            "def f(s):\n"
            "    for r in np.atleast_2d(s):\n"
            "        p = np.exp(r - r.max())\n"
            "        w = p / p.sum()\n"
            "    return w",
            "only-the-last",
        ),
        (
            "def f(s):\n"
            "    s = np.atleast_2d(s)\n"
            "    p = np.exp(s - s.max(-1, keepdims=True))\n"
            "    return p / p.sum(-1, keepdims=True)",
            "one-axis-too-many",
        ),
        (
            "def f(s):\n    p = 2.718 ** s\n    return p / p.sum(axis=-1, keepdims=True)",
            "rounded-base",
        ),
        ("def f(s):\n    p = 10.0 ** s\n    return p / p.sum(axis=-1, keepdims=True)", "base-ten"),
        (
            "def f(s):\n    s -= s.max()\n    p = np.exp(s)\n    p /= p.sum()\n    return p",
            "normalised-over-everything",
        ),
        (
            "scores = np.array([1.0, 2.0, 3.0])\n"
            "\n"
            "def f(s):\n"
            "    p = np.exp(scores)\n"
            "    return p / p.sum()",
            "parameter-unused",
        ),
        (
            "def f(s):\n"
            "    p = np.exp(s - s.max(-1, keepdims=True))\n"
            "    return np.sort(p / p.sum(-1, keepdims=True))",
            "sorted",
        ),
        (
            "def f(s):\n    t = np.maximum(s, 0)\n    return t / t.sum(-1, keepdims=True)",
            "divide-without-exp",
        ),
        (
            "def f(s):\n    t = np.log(1 + np.exp(s))\n    return t / t.sum(-1, keepdims=True)",
            "other-function-than-exp",
        ),
        (
            "def f(s):\n    t = np.tanh(s)\n    return t / t.sum(-1, keepdims=True)",
            "other-function-than-exp",
        ),
        ("def f(s):\n    return np.tanh(s)", "other-function-than-exp"),
        ("def f(s):\n    p = np.exp(s)\n    return p.sum(-1, keepdims=True) / p", "upside-down"),
        (
            "def f(s):\n    p = np.exp(2 * s)\n    return p / p.sum(-1, keepdims=True)",
            "temperature-left-in",
        ),
        (
            "def f(s):\n    p = np.exp(s / 2)\n    return p / p.sum(-1, keepdims=True)",
            "temperature-left-in",
        ),
        (
            "def f(s):\n"
            "    p = np.exp(s - s.max(-1, keepdims=True))\n"
            "    return p / (p.sum(-1, keepdims=True) + 0.001)",
            "something-added-to-the-sum",
        ),
        ("def f(s):\n    return s.argmax(-1)", "largest-alone"),
        (
            "def f(s):\n"
            "    p = np.exp(s - s.max(-1, keepdims=True))\n"
            "    return (p / p.sum(-1, keepdims=True)).max(-1)",
            "largest-alone",
        ),
        ("def helper(s):\n    p = np.exp(s)\n\ndef f(s):\n    return helper(s)", "no-return"),
        ("def f(s):\n    p = np.exp(s)\n    print(p / p.sum())", "no-return"),
        ("def f(s):\n    p = np.exp(s)\n    return print(p / p.sum())", "no-return"),
    ],
    "weighted_sum": [
        (
            "def f(w, v):\n"
            "    o = 0\n"
            "    for a, b in zip(w, v):\n"
            "        o = o + a * b\n"
            "    return o",
            "written-for-one-query",
        ),
        (
            "def f(w, v):\n"
            "    o = np.zeros(v.shape[1])\n"
            "    for j in range(len(v)):\n"
            "        o += w[j] * v[j]\n"
            "    return o",
            "written-for-one-query",
        ),
        ("def f(w, v):\n    return sum((a * b for a, b in zip(w, v)))", "written-for-one-query"),
        ("def f(w, v):\n    return v @ w", "values-weighted-along-the-wrong-axis"),
        ("def f(w, v):\n    return v.T @ w", "values-weighted-along-the-wrong-axis"),
        ("def f(w, v):\n    return np.dot(v, w)", "values-weighted-along-the-wrong-axis"),
        ("def f(w, v):\n    return w[:, None] * v", "product-without-sum"),
        ("def f(w, v):\n    return (w[:, None] * v).sum(axis=0)", "written-for-one-query"),
        ("def f(w, v):\n    return (w[:, None] * v).sum()", "everything-added-up"),
        ("def f(w, v):\n    return (w * v).sum(axis=0)", "values-weighted-along-the-wrong-axis"),
        (
            "def f(w, v):\n    for r in np.atleast_2d(w):\n        o = r @ v\n    return o",
            "only-the-last",
        ),
        ("def f(w, v):\n    return (w @ v).sum()", "everything-added-up"),
        ("def f(w, v):\n    return np.outer(w, v)", "product-without-sum"),
        ("def f(w, v):\n    return w.sum() * v.sum(axis=0)", "plain-sum"),
        ("def f(w, v):\n    return w.mean() * v.sum(axis=0)", "plain-mean"),
        ("def f(w, v):\n    return v[np.argmax(w)]", "hard-attention"),
        ("def f(w, v):\n    return w + v", "added-instead-of-multiplied"),
        ("def f(w, v):\n    return w.T @ v", "weights-transposed"),
        ("def f(w, v):\n    return w @ v[:, 0]", "only-the-first"),
        ("values = np.eye(2)\n\ndef f(w, v):\n    return w @ values", "parameter-unused"),
    ],
    "dot_product_scores": [
        ("def f(q, k):\n    return np.array([np.sum(q * r) for r in k])", "written-for-one-query"),
        ("def f(q, k):\n    return [sum(q * r) for r in k]", "written-for-one-query"),
        ("def f(q, k):\n    return [np.dot(q, r) for r in k]", "transposed"),
        ("def f(q, k):\n    return np.array([r @ q for r in k])", "key-first"),
        ("def f(q, k):\n    return [np.dot(a, b) for a, b in zip(q, k)]", "only-matching-pairs"),
        ("def f(q, k):\n    return sum((a * b for a, b in zip(q, k)))", "only-matching-pairs"),
        ("def f(q, k):\n    return np.dot(q, k)", "missing-transpose"),
        ("def f(q, k):\n    return q.T @ k", "query-transposed"),
        ("def f(q, k):\n    return q.T @ k.T", "query-transposed"),
        ("def f(q, k):\n    return np.abs(q @ k.T)", "sign-lost"),
        ("def f(q, k):\n    return -(q @ k.T)", "sign-lost"),
        ("def f(q, k):\n    return q @ k.T / np.linalg.norm(k, axis=-1)", "cosine-similarity"),
        (
            "def f(q, k):\n    return q @ k.T / np.linalg.norm(q, axis=-1, keepdims=True)",
            "cosine-similarity",
        ),
        (
            "def f(q, k):\n    for a in q:\n        o = [a @ b for b in k]\n    return o",
            "only-the-last",
        ),
        (
            "def f(q, k):\n"
            "    o = []\n"
            "    for a in q:\n"
            "        for b in k:\n"
            "            o.append(a @ b)\n"
            "    return o",
            "flattened",
        ),
        (
            "def f(q, k):\n    o = []\n    for a in q:\n        o = o.append(k @ a)\n    return o",
            "no-return",
        ),
        ("def f(q, k):\n    return (q @ k.T).argmax(-1)", "one-number-a-query"),
        ("def f(q, k):\n    return (q @ k.T).sum(-1)", "one-number-a-query"),
        ("def f(q, k):\n    return (q @ k.T).mean(-1)", "one-number-a-query"),
        ("def f(q, k):\n    return np.sum(q * k)", "everything-added-up"),
        ("def f(q, k):\n    return np.outer(q[:, 0], k[:, 0])", "only-one-component"),
        (
            "def f(q, k):\n"
            "    s = np.zeros((len(q), len(k)))\n"
            "    for i in range(len(q)):\n"
            "        for j in range(len(k)):\n"
            "            for c in range(q.shape[1]):\n"
            "                s[i, j] = q[i, c] * k[j, c]\n"
            "    return s",
            "only-one-component",
        ),
        (
            "def f(q, k):\n"
            "    s = np.zeros((len(q), len(k)))\n"
            "    for i in range(len(q)):\n"
            "        for j in range(len(k)):\n"
            "            s[j, i] = q[i] @ k[j]\n"
            "    return s",
            "transposed",
        ),
        ("def f(q, k):\n    return (q[:, None] + k).sum(-1)", "added-instead-of-multiplied"),
        (
            "def f(q, k):\n    return q @ k.T / (np.linalg.norm(q) * np.linalg.norm(k))",
            "cosine-similarity",
        ),
        ("def f(q, k):\n    return np.exp(q @ k.T)", "exp-already-applied"),
        ("QUERY = np.ones(4)\n\ndef f(q, k):\n    return k @ QUERY", "parameter-unused"),
    ],
    "attention": [
        (
            "def f(q, k, v):\n    return softmax(q @ k / np.sqrt(q.shape[-1])) @ v",
            "missing-transpose",
        ),
        (
            "def f(q, k, v):\n    return softmax(q @ k.T / np.sqrt(len(q))) @ v",
            "scaled-by-another-length",
        ),
        ("def f(q, k, v):\n    return v @ softmax(q @ k.T / np.sqrt(q.shape[-1]))", "value-first"),
        (
            "def f(q, k, v):\n    return softmax(q @ k.T / np.sqrt(q.shape[-1])).T @ v",
            "weights-transposed",
        ),
        (
            "def f(q, k, v):\n    return softmax(q @ k.T / np.sqrt(q.shape[-1])) * v",
            "product-without-sum",
        ),
        (
            "def f(q, k, v):\n"
            "    for r in q:\n"
            "        return softmax(r @ k.T / np.sqrt(len(r))) @ v",
            "only-the-first",
        ),
        (
            "def f(q, k, v):\n"
            "    for r in q:\n"
            "        o = softmax(r @ k.T / np.sqrt(len(r))) @ v\n"
            "    return o",
            "only-the-last",
        ),
        (
            "def f(q, k, v):\n"
            "    w = softmax(q @ k.T / np.sqrt(q.shape[-1]))\n"
            "    return (w @ v).sum(0)",
            "rows-added-up",
        ),
        (
            "def f(q, k, v):\n"
            "    w = softmax(q @ k.T / np.sqrt(q.shape[-1]))\n"
            "    return softmax(w @ v)",
            "softmax-at-the-end",
        ),
        (
            "def f(q, k, v):\n    w = softmax(q @ k.T / np.sqrt(2))\n    return w @ v",
            "scale-of-the-example",
        ),
        (
            "def f(q, k, v):\n    w = softmax(q @ k.T / q.shape[-1] ** 2)\n    return w @ v",
            "power-without-brackets",
        ),
        (
            "def f(q, k, v):\n    w = softmax(q @ k.T / len(k))\n    return w @ v",
            "scaled-by-another-length",
        ),
        (
            "def f(q, k, v):\n    w = softmax(q @ k.T / q.shape[-1] ** 1 / 2)\n    return w @ v",
            "power-without-brackets",
        ),
        (
            "def f(q, k, v):\n    w = softmax(-((q[:, None] - k) ** 2).sum(-1))\n    return w @ v",
            "distance",
        ),
        (
            "def f(q, k, v):\n"
            "    s = q @ k.T / np.sqrt(q.shape[-1])\n"
            "    w = s / s.sum(-1, keepdims=True)\n"
            "    return w @ v",
            "divide-without-exp",
        ),
        (
            "def f(q, k, v):\n"
            "    s = np.exp(q @ k.T / np.sqrt(q.shape[-1]))\n"
            "    w = s / s.sum(-1)\n"
            "    return w @ v",
            "missing-keepdims",
        ),
        (
            "def f(q, k, v):\n"
            "    s = np.exp(q @ k.T / np.sqrt(q.shape[-1]))\n"
            "    w = s / sum(s)\n"
            "    return w @ v",
            "wrong-axis",
        ),
        (
            "def f(q, k, v):\n"
            "    s = np.exp(q @ k.T / np.sqrt(q.shape[-1]))\n"
            "    w = s / s.sum()\n"
            "    return w @ v",
            "normalised-over-everything",
        ),
        (
            "def f(q, k, v):\n"
            "    s = 1 / (1 + np.exp(-q @ k.T / np.sqrt(q.shape[-1])))\n"
            "    return s @ v",
            "sigmoid",
        ),
        ("def f(q, k, v):\n    return softmax(q @ k.T) @ v / len(k)", "divided-by-n"),
    ],
    "masked_softmax": [
        ("def f(s, m):\n    return softmax(s + m * -np.inf)", "zero-times-infinity"),
        ("def f(s, m):\n    return softmax(s + ~m * -np.inf)", "zero-times-infinity"),
        (
            "def f(s, m):\n    return softmax(s - 1000000000.0 * (1 - m))",
            "uniform-for-a-fully-masked-row",
        ),
        (
            "def f(s, m):\n    t = s.astype(float)\n    t[~m] = -np.inf\n    return softmax(t)",
            "nan-for-a-fully-masked-row",
        ),
        (
            "def f(s, m):\n    t = s.astype(float)\n    t[m] = -np.inf\n    return softmax(t)",
            "mask-inverted",
        ),
        ("def f(s, m):\n    return softmax(s[m])", "masked-left-out"),
        ("def f(s, m):\n    return softmax(np.where(m, s, 0))", "mask-multiplied-into-scores"),
        ("def f(s, m):\n    return softmax(np.where(m, s, np.inf))", "infinity-without-minus"),
        ("def f(s, m):\n    return softmax(np.where(m, s, np.nan))", "infinity-without-minus"),
        (
            "def f(s, m):\n    return np.nan_to_num(softmax(np.where(m, s, np.nan)))",
            "infinity-without-minus",
        ),
        ("def f(s, m):\n    return np.where(m, softmax(s), 0)", "mask-after-softmax"),
        ("def f(s, m):\n    return np.where(m, softmax(s), -np.inf)", "mask-after-softmax"),
        (
            "def f(s, m):\n    e = np.exp(s) * m\n    return e / e.sum(-1, keepdims=True)",
            "no-max-subtraction",
        ),
        (
            "def f(s, m):\n"
            "    e = np.exp(s - s.max(-1, keepdims=True)) * m\n"
            "    return e / e.sum(-1, keepdims=True)",
            "nan-for-a-fully-masked-row",
        ),
        (
            "def f(s, m):\n    w = softmax(s) * m\n    return w / w.sum(-1, keepdims=True)",
            "nan-for-a-fully-masked-row",
        ),
        (
            "def f(s, m):\n"
            "    w = softmax(s) * m\n"
            "    return w / (w.sum(-1, keepdims=True) + 1e-09)",
            "large-negative-number",
        ),
        ("def f(s, m):\n    return softmax(np.where(m, s, -100))", "large-negative-number"),
        ("def f(s, m):\n    return softmax(np.where(m, s, -1000.0))", "large-negative-number"),
        ("def f(s, m):\n    return softmax(np.where(m, s, s.min()))", "smallest-score-for-masked"),
        (
            "def f(s, m):\n    return softmax(np.where(m, s, s.min() - 10000.0))",
            "uniform-for-a-fully-masked-row",
        ),
    ],
    "causal_mask": [
        ("def f(n, m):\n    return np.triu(np.ones((n, m)))", "future-instead-of-past"),
        ("def f(n, m):\n    return np.triu(np.ones((n, m)), k=1).astype(bool)", "mask-inverted"),
        ("def f(n, m):\n    return np.tril(np.ones((n, m), bool), -1)", "itself-excluded"),
        (
            "def f(n, m):\n"
            "    r = np.zeros((n, m))\n"
            "    for i in range(n):\n"
            "        for j in range(m):\n"
            "            r[i, j] = i > j\n"
            "    return r",
            "itself-excluded",
        ),
        (
            "def f(n, m):\n    for i in range(n):\n        return [j <= i for j in range(m)]",
            "only-the-first",
        ),
        ("def f(n, m):\n    return [j <= i for i in range(n) for j in range(m)]", "flattened"),
        ("def f(n, m):\n    return np.arange(n) <= np.arange(m)", "compared-pairwise"),
        (
            "def f(n, m):\n    return np.arange(n)[:, None] <= np.arange(m)",
            "future-instead-of-past",
        ),
        (
            "def f(n, m):\n"
            "    r = np.zeros((n, m), bool)\n"
            "    for i in range(n):\n"
            "        r[i, :i] = True\n"
            "    return r",
            "itself-excluded",
        ),
        (
            "def f(n, m):\n"
            "    r = np.zeros((n, m), bool)\n"
            "    for i in range(n):\n"
            "        r[i, i:] = True\n"
            "    return r",
            "future-instead-of-past",
        ),
    ],
}
