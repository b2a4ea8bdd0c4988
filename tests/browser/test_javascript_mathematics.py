"""The mathematics in JavaScript is that of attention.py, to 1e-12."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu.attention import dot_product_scores, mask_scores, softmax, weighted_sum
from attention_edu.widgets import base

pytestmark = pytest.mark.browser

INF = float("inf")
SOURCE = (base._FOLDER / "attention.js").read_text(encoding="utf-8")
TEMPERATURES = (1e-6, 0.01, 0.1, 0.5, 1.0, 1.0000001, 2.0, 10.0, 1e3, 1e100, 1e308)

RUN = """
async ({source, cases}) => {
    const address = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
    const module = await import(address);
    const receive = (x) => Array.isArray(x) ? x.map(receive)
        : typeof x === "string" ? Number(x.replace("inf", "Infinity")) : x;
    const send = (x) => Array.isArray(x) ? x.map(send)
        : typeof x === "number" && !Number.isFinite(x) ? String(x).replace("Infinity", "inf") : x;
    const freeze = (x) => Array.isArray(x) ? Object.freeze(x.map(freeze)) : x;
    return cases.map(({scores, temperature, mask, values}) => {
        // Frozen: a function that changed its argument would throw.
        const [given, rows] = [freeze(receive(scores)), freeze(receive(values))];
        const before = JSON.stringify([send(given), send(rows), mask]);
        const masked = module.maskScores(given, freeze(mask));
        const weights = module.softmax(Object.freeze(masked), temperature);
        const answer = {
            masked: send(masked),
            plain: send(module.softmax(given)),
            weights: send(weights),
            output: send(module.weightedSum(freeze(weights), rows)),
            bits: send(module.entropy(freeze(weights))),
            ceiling: module.secondSoftmaxCeiling(given.length),
        };
        answer.unchanged = before === JSON.stringify([send(given), send(rows), mask]);
        return answer;
    });
}
"""


def cases():
    """Make random and extreme inputs: the same ones at every run."""
    random = np.random.default_rng(170603762)
    made = []

    def add(scores, *, temperature=1.0, mask=None, width=2, spread=1.0):
        scores = np.asarray(scores, dtype=float)
        mask = np.ones(len(scores), bool) if mask is None else np.asarray(mask, bool)
        made.append(
            (scores, float(temperature), mask, random.normal(0, spread, (len(scores), width)))
        )

    for number in range(420):
        n = int(random.integers(1, 17))
        scores = random.normal(scale=10.0 ** random.uniform(-3, 3), size=n)
        if number % 4 == 1:
            scores[random.random(n) < 0.3] = -INF
        if number % 4 == 2:  # ties
            scores = np.round(scores)
        add(
            scores,
            temperature=1.0 if number % 3 == 0 else 10.0 ** random.uniform(-6, 6),
            mask=random.random(n) < 0.75 if number % 2 else None,
            width=int(random.integers(1, 6)),
            spread=10.0 ** random.uniform(-3, 3),
        )
    extremes = [
        [1e308, -1e308, 0.0],
        [1e308, 1e308, 1e308],
        [-1e308, -1e308, -1e308],
        [1e308, 9e307, -INF],
        [-1e308, -INF, -INF],
        [5e-324, 0.0, -5e-324],
        [2e-310, 1e-310, 0.0],
        [-INF, -INF, -INF],
        [-INF, 0.0, -INF],
        [0.0, 0.0, 0.0],
        [700.0, 710.0, 720.0],
        [-745.0, 0.0, -746.0],
        [1e-6, 0.0, -1e-6],
    ]
    for scores in extremes:
        for temperature in TEMPERATURES:
            add(scores, temperature=temperature)
    for scores in extremes:
        add(scores, mask=[False, False, False])
        add(scores, mask=[False, True, False])
    for only in (0.0, 1e308, -1e308, -INF, 5e-324):
        add([only])
        add([only], mask=[False])
    for temperature in TEMPERATURES:
        add(random.normal(scale=5, size=512), temperature=temperature, width=4)
    add(np.zeros(512), width=64)
    add(np.full(512, 1e308), mask=np.arange(512) % 2 == 0, width=64)
    return made


def entropy_in_bits(weights):
    positive = weights[weights > 0]
    return max(float(-(positive * np.log2(positive)).sum()), 0.0)


@pytest.fixture(scope="module")
def compared(chromium):
    """Everything that JavaScript makes of the inputs, asked for in one go."""
    given = cases()
    context = chromium.new_context(offline=True)
    page = context.new_page()
    answers = page.evaluate(
        RUN,
        {
            "source": SOURCE,
            "cases": [
                {
                    "scores": base.encode(scores),
                    "temperature": temperature,
                    "mask": mask.tolist(),
                    "values": base.encode(values),
                }
                for scores, temperature, mask, values in given
            ],
        },
    )
    context.close()
    return [
        (case, {name: numbers(answer[name]) for name in answer})
        for case, answer in zip(given, answers, strict=True)
    ]


def numbers(sent):
    return sent if isinstance(sent, bool) else np.array(sent, dtype=float)


def test_there_are_enough_inputs_and_the_extreme_ones_are_among_them(compared):
    assert len(compared) >= 500
    scores = np.concatenate([case[0] for case, _ in compared])
    assert scores.max() == 1e308
    assert np.isneginf(scores.min())
    assert 5e-324 in scores
    assert {1e-6, 1e308} <= {case[1] for case, _ in compared}
    assert any(not case[2].any() for case, _ in compared)
    assert {len(case[0]) for case, _ in compared} >= {1, 2, 3, 512}


def test_softmax_with_mask_and_temperature_is_the_same(compared):
    for (scores, temperature, mask, _), got in compared:
        expected = softmax(mask_scores(scores, mask), temperature=temperature)
        assert_allclose(
            got["weights"],
            expected,
            rtol=0,
            atol=1e-12,
            err_msg=f"{scores} / {temperature}, {mask}",
        )


def test_softmax_has_a_temperature_of_one_unless_given(compared):
    for (scores, _, _, _), got in compared:
        assert_allclose(got["plain"], softmax(scores), rtol=0, atol=1e-12, err_msg=str(scores))


def test_masking_is_the_same_to_the_last_bit(compared):
    for (scores, _, mask, _), got in compared:
        assert_array_equal(got["masked"], mask_scores(scores, mask))


def test_the_weighted_sum_is_the_same(compared):
    for (scores, temperature, mask, values), got in compared:
        expected = weighted_sum(softmax(mask_scores(scores, mask), temperature=temperature), values)
        assert_allclose(
            got["output"],
            expected,
            rtol=0,
            atol=1e-12 * max(1.0, np.abs(values).max()),
            err_msg=f"{scores} / {temperature}, {mask}",
        )


def test_entropy_is_the_same_and_between_nothing_and_all_equal(compared):
    for (scores, temperature, mask, _), got in compared:
        expected = entropy_in_bits(softmax(mask_scores(scores, mask), temperature=temperature))
        assert got["bits"] == pytest.approx(expected, rel=0, abs=1e-12 * len(scores))
        assert 0 <= got["bits"] <= np.log2(len(scores)) + 1e-9


def test_the_ceiling_of_a_second_softmax_is_what_a_second_softmax_gives(compared):
    for (scores, *_), got in compared:
        once = np.eye(1, len(scores)).ravel()
        assert got["ceiling"] == pytest.approx(softmax(once).max(), rel=1e-12)


def test_weights_are_a_share_of_one_whole_and_never_nan(compared):
    for (scores, _, mask, _), got in compared:
        weights = got["weights"]
        nothing = not np.isfinite(scores[mask]).any()
        assert ((weights >= 0) & (weights <= 1)).all()
        assert weights.sum() == pytest.approx(0 if nothing else 1, abs=1e-12)
        assert (weights[~mask] == 0).all()


def test_arguments_are_left_as_they_were(compared):
    assert all(got["unchanged"] for _, got in compared)


def test_the_file_stands_alone():
    """It is loaded here just as it is, so it can import nothing."""
    assert "import " not in SOURCE


# ---------------------------------------------------------------------------------------------
# Scores of vectors
# ---------------------------------------------------------------------------------------------

SCORE = """
async ({source, cases}) => {
    const address = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
    const module = await import(address);
    return cases.map(({query, keys, scale}) => ({
        dot: module.dotProductScores(Object.freeze(query), Object.freeze(keys), scale),
        plain: module.dotProductScores(query, keys),
        cosine: module.cosineScores(query, keys),
        distance: module.distanceScores(query[0], keys.map((key) => key[0])),
    }));
}
"""


def vectors():
    random = np.random.default_rng(14090473)
    for number in range(200):
        d, size = int(random.integers(1, 9)), 10.0 ** random.uniform(-6, 6)
        keys = random.normal(0, size, (int(random.integers(1, 25)), d))
        query = random.normal(0, size, d) * (0 if number % 20 == 0 else 1)
        yield query, keys, float(random.choice([1.0, d**-0.5, 0.1]))
    for size in (0.0, 5e-324, 1e-200, 1e-160, 1e150, 1e153):
        yield np.array([size, -size]), np.array([[size, size], [0.0, 0.0], [-size, size]]), 0.5


@pytest.fixture(scope="module")
def scored(chromium):
    given = list(vectors())
    context = chromium.new_context(offline=True)
    answers = context.new_page().evaluate(
        SCORE,
        {
            "source": SOURCE,
            "cases": [
                {"query": query.tolist(), "keys": keys.tolist(), "scale": scale}
                for query, keys, scale in given
            ],
        },
    )
    context.close()
    return list(zip(given, answers, strict=True))


def test_dot_products_are_the_same(scored):
    for (query, keys, scale), got in scored:
        most = max(1e-300, np.abs(query).max() * np.abs(keys).max() * len(query))
        for name, factor in (("dot", scale), ("plain", 1.0)):
            expected = dot_product_scores(query[None], keys, scale=factor)[0]
            assert_allclose(got[name], expected, rtol=0, atol=1e-12 * most)


def test_cosines_are_dot_products_of_vectors_of_length_one(scored):
    for (query, keys, _), got in scored:
        rows = [query, *keys]
        largest = [max(np.abs(row).max(), 5e-324) for row in rows]
        near = [row / most for row, most in zip(rows, largest)]
        units = [row / (np.linalg.norm(row) or 1.0) for row in near]
        expected = dot_product_scores(np.array(units[:1]), np.array(units[1:]))[0]
        assert_allclose(got["cosine"], expected, rtol=0, atol=1e-12)


def test_scores_of_nearness_are_half_the_squared_distance_below_zero(scored):
    for (query, keys, _), got in scored:
        expected = -((query[0] - keys[:, 0]) ** 2) / 2
        assert_allclose(got["distance"], expected, rtol=1e-12, atol=1e-300)
