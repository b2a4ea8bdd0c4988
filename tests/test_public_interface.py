"""What a user may rely on: names, signatures, docstrings, and an import that costs little."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import attention_edu
from attention_edu.attention import __all__ as attention_names
from attention_edu.cost import __all__ as cost_names

REQUIRED, NONE = inspect.Parameter.empty, None

# Name: positional parameters, then parameters by keyword alone; each with its default.
SIGNATURES = {
    "softmax": ({"scores": REQUIRED}, {"axis": -1, "temperature": 1.0}),
    "linear_scores": ({"inputs": REQUIRED, "weight": REQUIRED, "bias": 0.0}, {}),
    "dot_product_scores": ({"query": REQUIRED, "key": REQUIRED}, {"scale": 1.0}),
    "bilinear_scores": ({"query": REQUIRED, "key": REQUIRED, "weight": REQUIRED}, {}),
    "additive_scores": (
        {
            "query": REQUIRED,
            "key": REQUIRED,
            "query_weight": REQUIRED,
            "key_weight": REQUIRED,
            "score_weight": REQUIRED,
        },
        {},
    ),
    "mask_scores": ({"scores": REQUIRED, "mask": REQUIRED}, {}),
    "causal_mask": ({"n_query": REQUIRED, "n_key": REQUIRED}, {}),
    "weighted_sum": ({"weights": REQUIRED, "values": REQUIRED}, {}),
    "attention": (
        {"query": REQUIRED, "key": REQUIRED, "value": REQUIRED},
        {"mask": NONE, "is_causal": False, "scale": NONE, "temperature": 1.0},
    ),
    "multi_head_attention": (
        {"query": REQUIRED, "key": REQUIRED, "value": REQUIRED},
        {
            "num_heads": REQUIRED,
            "query_weight": REQUIRED,
            "key_weight": REQUIRED,
            "value_weight": REQUIRED,
            "output_weight": REQUIRED,
            "mask": NONE,
            "is_causal": False,
        },
    ),
}
SIGNATURES_OF_COST = {
    "operations": ({"n_query": REQUIRED, "n_key": REQUIRED, "d": REQUIRED, "heads": 1}, {}),
    "memory_bytes": (
        {"n_query": REQUIRED, "n_key": REQUIRED, "d": REQUIRED, "heads": 1},
        {"dtype": "float32", "chunk_size": NONE, "threads": 1},
    ),
    "cache_bytes": (
        {
            "layers": REQUIRED,
            "heads": REQUIRED,
            "key_value_heads": REQUIRED,
            "d": REQUIRED,
            "n": REQUIRED,
            "dtype": "float16",
        },
        {},
    ),
    "chunked_attention": (
        {"query": REQUIRED, "key": REQUIRED, "value": REQUIRED},
        {"chunk_size": 512, "mask": NONE, "is_causal": False, "scale": NONE},
    ),
}
FUNCTIONS = [
    *(("attention", name) for name in SIGNATURES),
    *(("cost", name) for name in SIGNATURES_OF_COST),
]


def run_python(code):
    """Run a program in a fresh interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", attention_edu.__all__)
def test_every_public_name_can_be_imported(name):
    exec(f"from attention_edu import {name}", {})
    assert getattr(attention_edu, name) is not None


def test_the_public_names_are_sorted_unique_listed_and_complete():
    assert list(attention_edu.__all__) == sorted(set(attention_edu.__all__))
    assert set(attention_edu.__all__) <= set(dir(attention_edu))
    assert set(attention_names) <= set(attention_edu.__all__)
    assert set(attention_names) - {"AttentionSteps"} == set(SIGNATURES)
    assert set(cost_names) >= set(SIGNATURES_OF_COST)
    assert set(attention_edu.__all__) >= set(SIGNATURES_OF_COST)


def test_a_name_that_does_not_exist_is_an_ordinary_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        attention_edu.no_such_name  # noqa: B018
    with pytest.raises(ImportError):
        exec("from attention_edu import no_such_name", {})


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import attention_edu", {"numpy", "matplotlib", "ipywidgets", "anywidget", "IPython"}),
        ("import attention_edu.attention", {"matplotlib", "ipywidgets", "anywidget", "IPython"}),
        ("from attention_edu import chunked_attention", {"matplotlib", "ipywidgets", "IPython"}),
        ("from attention_edu import ScoreExplorer", {"matplotlib"}),
    ],
)
def test_an_import_loads_only_what_it_needs(statement, absent):
    code = f"{statement}\nimport sys\nprint(*sorted({absent!r} & set(sys.modules)))"
    assert run_python(code) == ""


@pytest.mark.parametrize(
    "statements",
    [
        "from attention_edu import attention",
        "import attention_edu.attention; from attention_edu import attention",
        "from attention_edu import softmax; from attention_edu import attention",
        "from attention_edu.attention import softmax; from attention_edu import attention",
        "from attention_edu import attention; import attention_edu.attention",
        "import attention_edu; attention = attention_edu.attention",
        "from attention_edu import *",
    ],
)
def test_attention_is_a_function_and_a_module_in_any_order_of_imports(statements):
    code = f"""{statements}
print(attention([[1.0]], [[1.0]], [[2.0]]).output.tolist(), attention.softmax([0.0]).tolist())"""
    assert run_python(code) == "[[2.0]] [1.0]"


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_signatures_are_those_of_the_design(module, name):
    positional, by_keyword = (SIGNATURES | SIGNATURES_OF_COST)[name]
    function = getattr(importlib.import_module(f"attention_edu.{module}"), name)

    parameters = inspect.signature(function).parameters.values()
    kinds = {inspect.Parameter.POSITIONAL_OR_KEYWORD: {}, inspect.Parameter.KEYWORD_ONLY: {}}
    for parameter in parameters:
        kinds[parameter.kind][parameter.name] = parameter.default

    found_positional, found_by_keyword = kinds.values()
    assert list(found_positional.items()) == list(positional.items())
    assert list(found_by_keyword.items()) == list(by_keyword.items())
    assert {type(value) for value in found_by_keyword.values()} == {
        type(value) for value in by_keyword.values()
    }


def sections(docstring):
    """Return the numpydoc sections of a docstring by title."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_every_function_documents_shapes_errors_equation_and_an_example(module, name):
    function = getattr(importlib.import_module(f"attention_edu.{module}"), name)
    found = sections(function.__doc__)

    assert list(found) == ["Parameters", "Returns", "Raises", "Notes", "Examples"]
    documented = re.findall(r"^(\w+) : ", found["Parameters"], flags=re.MULTILINE)
    assert documented == list(inspect.signature(function).parameters)
    assert "Equation:" in found["Notes"]
    assert {"TypeError", "ValueError"} <= set(found["Raises"].split())
    assert ">>> " in found["Examples"]
    summary = function.__doc__.splitlines()[0]
    assert summary.endswith(".")


def test_attention_steps_documents_its_attributes():
    steps = importlib.import_module("attention_edu.attention").AttentionSteps
    found = sections(steps.__doc__)
    documented = re.findall(r"^(\w+) : ", found["Attributes"], flags=re.MULTILINE)
    assert tuple(documented) == steps._fields == ("scores", "weights", "output")


MODULES = sorted(
    {"attention_edu"}
    | {
        module.name
        for module in pkgutil.walk_packages(attention_edu.__path__, "attention_edu.")
        if not module.name.endswith("__main__")
    }
)


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_gives_what_it_shows(name):
    module = importlib.import_module(name)
    failed, tried = doctest.testmod(module)
    assert failed == 0
    if name == "attention_edu.attention":
        assert tried >= len(SIGNATURES)
