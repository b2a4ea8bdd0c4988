"""A student's function may compute with another library and return that library's tensor."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attention_edu import KernelExplorer, ScoreExplorer, VectorExplorer
from attention_edu.attention import softmax

SCORES = [0.0, 2.0, 1.0]
KEYS = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]


class Tensor:
    """What tensors of other libraries have in common: a shape, and a way to become an array."""

    def __init__(self, numbers, *, tracked=False):
        self.numbers = np.asarray(numbers, dtype=np.float32)
        self.shape = self.numbers.shape
        self.tracked = tracked

    def __array__(self, dtype=None, copy=None):
        if self.tracked:
            raise RuntimeError("Can't call numpy() on a tensor that requires grad.")
        return self.numbers.astype(dtype or self.numbers.dtype)

    def __bool__(self):
        raise RuntimeError("the truth of several numbers is ambiguous")

    def __eq__(self, other):
        return Tensor(self.numbers == np.asarray(other))

    __hash__ = None


def explorers(wrap):
    """Each widget that takes a function of a student's, with one that returns a tensor."""
    return (
        ScoreExplorer(["a", "b", "c"], SCORES, softmax=lambda s: wrap(softmax(s))),
        VectorExplorer(KEYS, (1, 2), scores=lambda query, keys: wrap(keys @ query)),
        KernelExplorer([1, 2, 3], [1, 2, 1], kernel=lambda d: wrap(np.exp(-(d**2) / 2))),
    )


@pytest.mark.parametrize("number", range(3))
def test_a_tensor_is_taken_for_the_numbers_that_it_holds(number):
    with_tensor, with_array = explorers(Tensor)[number], explorers(np.asarray)[number]
    assert with_tensor.error == ""
    assert_allclose(with_tensor.weights, with_array.weights, atol=1e-6)


@pytest.mark.parametrize("number", range(3))
def test_a_tensor_that_cannot_become_an_array_is_named_and_breaks_nothing(number):
    explorer = explorers(lambda numbers: Tensor(numbers, tracked=True))[number]
    assert "Tensor" in explorer.error
    assert "Traceback" not in explorer.error
    assert "wanted: an array of shape (3,)" in explorer.error


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    ("library", "make", "install"),
    [
        ("torch", "tensor", "PyTorch is not installed: `pip install torch==2.13.0`"),
        ("tensorflow", "constant", 'TensorFlow is not installed: `pip install -e ".[course]"`'),
    ],
    ids=["PyTorch", "TensorFlow"],
)
def test_tensors_of_real_libraries_are_taken(number, library, make, install):
    module = pytest.importorskip(library, reason=install)
    with_tensor = explorers(getattr(module, make))[number]
    with_array = explorers(np.asarray)[number]
    assert with_tensor.error == ""
    assert_allclose(with_tensor.weights, with_array.weights, atol=1e-6)
