"""What others wrote, and what others printed, is what `attention_edu` computes.

SciPy is here always. PyTorch is none of the course's packages: where it is missing, its tests say
how to install it. Keras's layers have a file of their own, test_keras_layers.py.
"""

import json
import math
import re
import sys
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal

from attention_edu import KernelExplorer
from attention_edu.attention import (
    attention,
    causal_mask,
    multi_head_attention,
    softmax,
)
from attention_edu.example import KEYS, QUERY, VALUES, WHERE_QUERY

pytestmark = pytest.mark.long  # Keras trains and predicts

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
PYTORCH = "PyTorch is not installed: `pip install torch==2.13.0`"

# The same examples on every machine, however slow it is.
TRIED = settings(derandomize=True, deadline=None, max_examples=50)
FLOATS = (np.float16, np.float32, np.float64)

# Sizes that all differ, so that a transposition shows.
BATCH, HEADS, N_QUERY, N_KEY, D, D_VALUE = 2, 3, 4, 6, 5, 7
LENGTHS = [(N_QUERY, N_KEY), (N_KEY, N_KEY), (N_KEY, N_QUERY)]


def inputs(n_query=N_QUERY, n_key=N_KEY, dtype=np.float64):
    random = np.random.default_rng(0)
    sizes = ((n_query, D), (n_key, D), (n_key, D_VALUE))
    return tuple(random.normal(size=(BATCH, HEADS, *size)).astype(dtype) for size in sizes)


# ---------------------------------------------------------------------------------------------
# Softmax: SciPy's, and sixty digits
# ---------------------------------------------------------------------------------------------


@TRIED
@given(st.data(), st.sampled_from(FLOATS), st.sampled_from([0, 1, 2, -1, -2, -3]))
def test_softmax_is_scipys(data, dtype, axis):
    elements = st.floats(-6e4, 6e4, width=16) | st.just(-np.inf)
    shape = data.draw(npst.array_shapes(min_dims=3, max_dims=3, max_side=5))
    scores = data.draw(npst.arrays(dtype, shape, elements=elements))
    scores[np.isneginf(scores).all(axis=axis, keepdims=True) & np.isneginf(scores)] = 0

    got = softmax(scores, axis=axis)

    eps = np.finfo(dtype).eps
    assert got.dtype == dtype
    assert_allclose(
        got,
        scipy.special.softmax(scores.astype(np.float64), axis=axis),
        rtol=4 * eps,
        atol=np.finfo(dtype).smallest_subnormal,
    )


@TRIED
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8),
    st.floats(1e-3, 1e3),
)
def test_softmax_is_the_quotient_of_exponentials_in_sixty_digits(scores, temperature):
    """No peak is subtracted here: `Decimal` has room for e to the power of 10⁹."""
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 60, 10**15, -(10**15)
        powers = [(Decimal(score) / Decimal(temperature)).exp() for score in scores]
        exact = [float(power / sum(powers)) for power in powers]
    # A rounded exponent is wrong by its size; one beyond 800 below the peak is a weight of 0.
    exponent = min(np.ptp(scores) / temperature, 800.0)
    if temperature > 1:  # here the scores are divided first, and then the peak is subtracted
        exponent += np.abs(scores).max() / temperature
    assert_allclose(
        softmax(scores, temperature=temperature), exact, rtol=1e-14 + 4e-16 * exponent, atol=1e-300
    )


# ---------------------------------------------------------------------------------------------
# PyTorch
# ---------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    """PyTorch, or a skipped test whose reason is the line that installs it."""
    return pytest.importorskip("torch", reason=PYTORCH)


def test_without_pytorch_the_reason_is_the_line_that_installs_it(monkeypatch, request):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(pytest.skip.Exception, match=r"pip install torch==2\.13\.0"):
        request.getfixturevalue("torch")


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("masks", ["none", "mask", "causal", "mask and causal"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_attention_is_pytorchs_scaled_dot_product_attention(torch, lengths, scale, masks, dtype):
    """True = may attend in both; the causal mask is aligned at the top left in both."""
    masked, causal = "mask" in masks, "causal" in masks
    query, key, value = inputs(*lengths, dtype)
    mask = np.random.default_rng(1).random((BATCH, 1, *lengths)) > 0.4 if masked else None
    if masked:
        mask[0, 0, 1] = False  # a query that may attend to nothing
    if masked and causal:  # PyTorch refuses both at once
        theirs = {"attn_mask": torch.tensor(mask & causal_mask(*lengths))}
    else:
        theirs = {"attn_mask": torch.tensor(mask) if masked else None, "is_causal": causal}

    expected = torch.nn.functional.scaled_dot_product_attention(
        *map(torch.tensor, (query, key, value)), scale=scale, **theirs
    ).numpy()

    got = attention(query, key, value, mask=mask, is_causal=causal, scale=scale).output
    assert got.dtype == expected.dtype
    near = 100 * np.finfo(dtype).eps
    assert_allclose(got, expected, rtol=near, atol=near)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax_is_pytorchs(torch, dtype, axis):
    scores = (20 * np.random.default_rng(2).normal(size=(3, 4, 5))).astype(dtype)
    scores[0, 0, 0] = -np.inf
    expected = torch.softmax(torch.tensor(scores), axis).numpy()
    eps = np.finfo(dtype).eps
    assert_allclose(softmax(scores, axis=axis), expected, rtol=8 * eps, atol=eps**2)


@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_is_pytorchs_with_its_weights_copied(torch, masked):
    """PyTorch's layer means by True what may *not* be attended to, and has biases."""
    width = 12  # of HEADS heads
    torch.manual_seed(0)
    layer = torch.nn.MultiheadAttention(
        width, HEADS, kdim=D, vdim=D_VALUE, batch_first=True, dtype=torch.float64
    )
    random = np.random.default_rng(3)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.tensor(random.normal(size=tuple(parameter.shape))))
    query, key, value = (
        random.normal(size=(BATCH, *size))
        for size in ((N_QUERY, width), (N_KEY, D), (N_KEY, D_VALUE))
    )
    mask = random.random((N_QUERY, N_KEY)) > 0.4 if masked else None
    if masked:
        mask[:, 0] = True

    output, weights = layer(
        *map(torch.tensor, (query, key, value)),
        attn_mask=torch.tensor(~mask) if masked else None,
        average_attn_weights=False,
    )

    def with_one(array):  # a component of 1 takes the bias in
        return np.concatenate([array, np.ones((*array.shape[:-1], 1))], axis=-1)

    biases = np.split(layer.in_proj_bias.detach().numpy(), 3)
    matrices = (layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)
    projections = [
        np.vstack([matrix.detach().numpy().T, bias]) for matrix, bias in zip(matrices, biases)
    ]
    steps = multi_head_attention(
        with_one(query),
        with_one(key),
        with_one(value),
        num_heads=HEADS,
        query_weight=projections[0],
        key_weight=projections[1],
        value_weight=projections[2],
        output_weight=layer.out_proj.weight.detach().numpy().T,
        mask=mask,
    )
    assert_allclose(steps.weights, weights.detach().numpy(), rtol=1e-12, atol=1e-14)
    bias = layer.out_proj.bias.detach().numpy()
    assert_allclose(steps.output + bias, output.detach().numpy(), rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------------------------------------
# Published numbers, and what the notebooks print of them: arithmetic of `math` alone
# ---------------------------------------------------------------------------------------------


def printed(name, cell_id):
    """Return all numbers of the output that is saved with a cell of a notebook."""
    (path,) = NOTEBOOKS.glob(f"{name}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [cell for cell in cells if cell["id"] == cell_id]
    assert found, f"{path.name} has no cell {cell_id} any more"
    text = "".join(part for out in found[0]["outputs"] for part in out.get("text", ()))
    return [float(number) for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d*)?", text)]


def shares(numbers):
    return [number / math.fsum(numbers) for number in numbers]


def softmax_on_paper(scores):
    return shares([math.exp(score) for score in scores])


def test_the_articles_second_softmax_of_3_1_0():
    once = softmax_on_paper([3, 1, 0])
    twice = softmax_on_paper(once)

    assert_allclose(softmax([3, 1, 0]), once, rtol=1e-15)
    assert_allclose(softmax(softmax([3, 1, 0])), twice, rtol=1e-15)
    assert printed("03", "03-source-code") == [round(weight, 3) for weight in once + twice]


def test_a_second_softmax_has_the_ceiling_e_over_e_plus_n_minus_1():
    seen = []
    for n in (5, 10, 50):
        ceiling = math.e / (math.e + n - 1)
        certain = [1000.0] + [0.0] * (n - 1)
        assert softmax(softmax(certain)).max() == pytest.approx(ceiling, rel=1e-15)
        seen += [n, round(ceiling, 3), round(ceiling, 3)]
    assert seen[1::3] == [0.405, 0.232, 0.053]
    assert printed("03", "03-source-ceiling") == seen


def test_the_products_of_random_vectors_vary_as_vaswanis_footnote_4_says():
    """The variance of q · k is d, so that of the scores of attention is 1, for every d."""
    numbers = iter(printed("05", "05-root-measure-code"))
    for d in (1, 4, 16, 64, 256):
        random = np.random.default_rng(d)
        query, key = random.normal(size=(2, 20_000, 1, d))
        scores = attention(query, key, key).scores
        assert scores.var() == pytest.approx(1, rel=0.05)
        assert next(numbers) == d
        assert next(numbers) == pytest.approx(d, rel=0.05)
        assert next(numbers) == pytest.approx(1, rel=0.05)
        assert next(numbers) == pytest.approx(1 / d, rel=0.05, abs=5e-4)


def test_the_kernel_mean_of_1964_is_that_of_scipys_normal_density():
    hours, levels = [0.0, 1.0, 2.0], [1.0, 3.0, 2.0]
    for x, bandwidth in ((1, 1), (0.3, 0.4), (5, 2)):
        weights = shares(scipy.stats.norm.pdf(x, loc=hours, scale=bandwidth))
        mean = math.fsum(weight * level for weight, level in zip(weights, levels))
        explorer = KernelExplorer(hours, levels, query=x, bandwidth=bandwidth)
        assert_allclose(explorer.weights, weights, rtol=1e-12)
        assert explorer.prediction == pytest.approx(mean, rel=1e-12)
        if (x, bandwidth) == (1, 1):
            assert printed("01", "01-mean-loop-code") == [round(mean, 3)]


def test_the_courses_six_words_on_paper():
    """Notebook 04 without a scale, notebook 05 with 1/√4; no array takes part."""
    rows = [[float(k) for k in key] for key in KEYS]
    columns = list(zip(*[[float(v) for v in value] for value in VALUES]))
    for query, scale in ((QUERY, 1.0), (QUERY, 0.5), (WHERE_QUERY, 1.0), (WHERE_QUERY, 0.5)):
        scores = [scale * math.fsum(float(q) * k for q, k in zip(query, row)) for row in rows]
        weights = softmax_on_paper(scores)
        output = [math.fsum(w * v for w, v in zip(weights, column)) for column in columns]
        steps = attention(query[None, :], KEYS, VALUES, scale=None if scale == 0.5 else scale)
        assert_array_equal(steps.scores, [scores])
        assert_allclose(steps.weights, [weights], rtol=1e-14)
        assert_allclose(steps.output, [output], rtol=1e-14)
        if query is QUERY and scale == 1.0:
            assert printed("04", "04-hand-code") == [round(number, 3) for number in output]
        if query is QUERY and scale == 0.5:
            assert printed("05", "05-hand-code")[-1] == round(math.fsum(map(math.exp, scores)), 3)
