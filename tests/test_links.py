"""Where the course sends a reader on, there is something: every notebook, and every part of it."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = sorted((ROOT / "attention_edu").rglob("*.py"))
PAGES = [ROOT / "README.md"]

NUMBER = r"\d+(?!\d|\.\d)"
PARTS = rf"parts?\s+({NUMBER}(?:(?:,\s*|\s+and\s+|,\s+and\s+|\s+to\s+){NUMBER}(?!\s*minutes))*)"
# “[05_mathematics](05_mathematics.ipynb), part 9” and “notebook 05, part 9”
ELSEWHERE = re.compile(
    rf"(?:\]\((\d\d)_\w+\.ipynb\)|\bnotebook\s+(\d\d)|\b(\d\d)_\w+`?),?\s+(?:\()?{PARTS}"
)
HERE = re.compile(rf"\b{PARTS}", re.IGNORECASE)


def parts_named(words):
    """Return the numbers that “3”, “3 and 5”, “2, 3 and 9” or “3 to 5” name."""
    ends = [(int(a), int(b)) for a, b in re.findall(r"(\d+)\s+to\s+(\d+)", words)]
    inside = {number for first, last in ends for number in range(first, last + 1)}
    return inside | {int(number) for number in re.findall(r"\d+", words)}


def sources(path):
    return [
        "".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]


def headings(path):
    """Return the numbers of a notebook's parts, in order."""
    text = "\n".join(sources(path))
    return [int(number) for number in re.findall(r"^## (\d+) · ", text, re.MULTILINE)]


KNOWN = {path.name[:2]: headings(path) for path in NOTEBOOKS}


def wrong_parts(text, number=None):
    """Yield every part named in a text that does not exist; `number` is the text's notebook."""
    for found in ELSEWHERE.finditer(text):
        notebook = found[1] or found[2] or found[3]
        for part in sorted(parts_named(found[4]) - set(KNOWN.get(notebook, ()))):
            yield f"{notebook}, part {part}: {found[0]!r}"
    if number is not None:
        for found in HERE.finditer(ELSEWHERE.sub(" ", text)):
            for part in sorted(parts_named(found[1]) - set(KNOWN[number])):
                yield f"part {part} of this notebook: {found[0]!r}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_parts_of_a_notebook_are_numbered_from_1(path):
    assert headings(path) == list(range(1, len(headings(path)) + 1))
    assert headings(path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_part_that_a_notebook_names_exists(path):
    wrong = [told for text in sources(path) for told in wrong_parts(text, path.name[:2])]
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_part_that_the_package_names_exists(path):
    """Feedback and hints send on to parts; long texts are joined from several lines."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert [told for text in texts for told in wrong_parts(text)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_part_that_a_page_names_exists(path):
    assert list(wrong_parts(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[02_scores](02_scores.ipynb), part 1.", 0),
        ("[02_scores](02_scores.ipynb),\npart 99.", 1),
        ("[02_scores](02_scores.ipynb), parts 1, 2 and 98.", 1),
        ("[02_scores](02_scores.ipynb), parts 1 to 98", 98 - len(KNOWN["02"])),
        ("as notebook 02, part 77, shows", 1),
        ("in notebook 13, part 1", 1),
        ("what part 97 says", 1),
        ("Part 1, and parts 96 and 95", 2),
        ("in [02_scores](02_scores.ipynb), part 7; here part 1", 0),
        ("part of it, 3 parts, in parts", 0),
    ],
)
def test_the_scan_finds_a_part_that_is_missing(text, wrong):
    assert len(list(wrong_parts(text, "00"))) == wrong
