"""The table of references is well formed, and the course cites nothing else than what it says."""

import json
import re
from collections import Counter
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from attention_edu.references import REFERENCES, TRACKS, Reference, reading_list

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = sorted(
    set((ROOT / "attention_edu").rglob("*.py")) - {ROOT / "attention_edu/references.py"}
)

ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})(v\d+)?|arxiv\.org/abs/(\d{4}\.\d{4,5})")
DOI = re.compile(r"(?<![\w.])10\.\d{4,9}/[^\s\]>\"'`|*]+")
YEAR = re.compile(r"\(((?:18|19|20)\d\d)[a-z]?\)")
AUTHOR = re.compile(r"[\w’'. -]+, [A-ZÀ-ÖØ-ÞŁ](?:\.|-)[A-ZÀ-Þ. -]*|et al\.")

each_reference = pytest.mark.parametrize("work", REFERENCES.values(), ids=REFERENCES)
BY_IDENTIFIER = {work.identifier: work for work in REFERENCES.values() if work.identifier}


def ended(doi):
    """Take off what the sentence or the link around a DOI added."""
    while doi and (doi[-1] in ".,;:" or (doi[-1] == ")" and doi.count(")") > doi.count("("))):
        doi = doi[:-1]
    return doi


def citations(text):
    """Yield each identifier in a text with the words since the identifier before."""
    found = [(m.start(), m.end(), f"arXiv:{m[1] or m[3]}") for m in ARXIV.finditer(text)]
    found += [(m.start(), m.end(), f"doi:{ended(m[0])}") for m in DOI.finditer(text)]
    last = 0
    for start, end, identifier in sorted(found):
        yield identifier, text[last:start]
        last = end


def mistakes(text):
    """Say what is wrong with the citations in a text."""
    for identifier, before in citations(text):
        work = BY_IDENTIFIER.get(identifier)
        if work is None:
            yield f"{identifier} is not in REFERENCES"
            continue
        years = list(YEAR.finditer(before))
        if not years:
            continue
        if int(years[-1][1]) != work.year:
            yield f"{identifier}: {years[-1][1]}, but {work.key}"
        if work.authors[0].partition(",")[0] not in before[: years[-1].start()]:
            yield f"{identifier}: {before[-60:]!r} does not name {work.authors[0]}"


def markdown(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


# ---------------------------------------------------------------------------------------------
# The table
# ---------------------------------------------------------------------------------------------


@each_reference
def test_a_reference_is_complete(work):
    assert REFERENCES[work.key] is work
    assert work.authors
    assert all(AUTHOR.fullmatch(author) for author in work.authors), work.authors
    assert "et al." not in work.authors[:-1]
    assert len(work.authors) <= 8
    assert 1900 < work.year < 2100
    for text in (work.title, work.venue, work.adds, work.note):
        assert text == text.strip()
        assert text
    assert not work.title.endswith(".")
    assert not work.adds.endswith(".")
    assert work.note.endswith((".", "?"))
    assert work.notebooks
    assert list(work.notebooks) == sorted(set(work.notebooks))
    assert all(re.fullmatch(r"0\d|1[0-2]", number) for number in work.notebooks)


@each_reference
def test_the_key_is_the_first_author_and_the_year(work):
    family = work.authors[0].partition(",")[0].lower().replace(" ", "")
    assert re.fullmatch(rf"{re.escape(family)}{work.year}[a-z]*", work.key)


@each_reference
def test_the_identifier_has_its_form(work):
    assert re.fullmatch(
        r"arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,9}/\S+|ISBN 97[89](-\d+){4}|", work.identifier
    )
    if work.identifier.startswith("arXiv:"):
        # An arXiv number begins with the year and month of the first version.
        assert int(work.identifier[6:8]) + 2000 == work.year
        assert 1 <= int(work.identifier[8:10]) <= 12
        assert len(work.identifier.partition(".")[2]) == (4 if work.year < 2015 else 5)
    if work.identifier.startswith("ISBN"):
        digits = [int(digit) for digit in work.identifier if digit.isdigit()]
        assert sum(digits[0::2]) % 10 == -3 * sum(digits[1::2]) % 10, "the check digit"
    if not work.identifier:
        assert re.search(r"\d", work.venue) or "keras.io" in work.venue


@each_reference
def test_a_work_on_the_timeline_has_a_short_label(work):
    assert work.track in {*TRACKS, ""}
    assert bool(work.label) == bool(work.track)
    assert len(work.label) <= 22


def test_no_work_is_there_twice():
    for attribute in ("key", "title"):
        counts = Counter(getattr(work, attribute).lower() for work in REFERENCES.values())
        assert max(counts.values()) == 1
    assert len(BY_IDENTIFIER) == sum(bool(work.identifier) for work in REFERENCES.values())


def test_the_works_on_the_timeline_stand_by_track_and_year():
    order = [(work.track, work.year) for work in REFERENCES.values() if work.track]
    assert order == sorted(order, key=lambda entry: (TRACKS.index(entry[0]), entry[1]))
    assert order[0] == ("psychology", 1953)
    assert max(year for _, year in order) == 2023


def test_what_could_not_be_verified_is_not_there():
    """The source article's history names people who wrote no such work."""
    told = " ".join(
        " ".join(map(str, (getattr(work, field.name) for field in fields(Reference))))
        for work in REFERENCES.values()
    )
    assert "Fienberg" not in told
    assert not any(work.year == 1978 for work in REFERENCES.values())


def test_contested_priority_is_called_contested():
    assert "disputed" in REFERENCES["schmidhuber1992"].adds


def test_a_reference_does_not_change():
    with pytest.raises(FrozenInstanceError):
        REFERENCES["cherry1953"].year = 1954


# ---------------------------------------------------------------------------------------------
# How it is printed
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "cited", "url"),
    [
        (
            "shazeer2019",
            "Shazeer (2019), arXiv:1911.02150",
            "https://arxiv.org/abs/1911.02150",
        ),
        (
            "treisman1980",
            "Treisman & Gelade (1980), 10.1016/0010-0285(80)90005-5",
            "https://doi.org/10.1016/0010-0285(80)90005-5",
        ),
        (
            "bahdanau2014",
            "Bahdanau, Cho & Bengio (2014), arXiv:1409.0473",
            "https://arxiv.org/abs/1409.0473",
        ),
        (
            "mnih2014",
            "Mnih et al. (2014), arXiv:1406.6247",
            "https://arxiv.org/abs/1406.6247",
        ),
        (
            "dosovitskiy2020",
            "Dosovitskiy et al. (2020), arXiv:2010.11929",
            "https://arxiv.org/abs/2010.11929",
        ),
        ("goodfellow2016", "Goodfellow, Bengio & Courville (2016), ISBN 978-0-262-03561-3", ""),
        (
            "watson1964",
            "Watson (1964), Sankhyā: The Indian Journal of Statistics, Series A 26(4), 359–372",
            "",
        ),
    ],
)
def test_a_citation_has_names_year_and_identifier(key, cited, url):
    assert REFERENCES[key].cited == cited
    assert REFERENCES[key].url == url


def test_a_reading_list_is_a_table_by_year_with_links_that_are_only_text():
    shown = reading_list("01")
    lines = [line for line in shown._repr_markdown_().splitlines() if line.startswith("|")]
    rows = [line for line in lines if not line.startswith(("| work |", "|---|"))]

    years = [work.year for work in shown.works]
    assert years == sorted(years)
    assert len(rows) == len(years)
    assert {line.count("|") for line in lines} == {4}
    assert any("[Nadaraya (1964)](https://doi.org/10.1137/1109020) | *On" in row for row in rows)
    watson = next(row for row in rows if "Watson" in row)
    assert watson.startswith("| Watson (1964) | *Smooth regression analysis*, Sankhyā")
    for work in shown.works:
        told = f"{work.cited}: {work.title}. {work.note}"
        assert sum(line.endswith(told) for line in repr(shown).splitlines()) == 1


SOURCE_OF_12 = next(path for path in NOTEBOOKS if path.name.startswith("12")).read_text("utf-8")
LISTS = re.findall(r'reading_list\(\\"(\d\d)\\"\)', SOURCE_OF_12)


@pytest.mark.parametrize("notebook", LISTS)
def test_one_or_two_works_of_a_list_in_notebook_12_are_marked_and_the_others_folded(notebook):
    shown = reading_list(notebook)
    first, folded = shown._repr_markdown_().split("\n\n<details><summary>")

    assert 1 <= len(shown.begin) <= 2
    assert set(shown.begin) < set(shown.works)
    assert first.count("| ★ begin here: ") == len(shown.begin) == len(first.splitlines()) - 2
    assert "★" not in folded
    assert re.match(r"(1 more|\d+ more, by year)</summary>\n\n\| work \|", folded)
    assert folded.endswith("|\n\n</details>"), "Markdown wants an empty line before HTML"
    assert folded.count("\n| ") == 1 + len(shown.works) - len(shown.begin)
    assert repr(shown).count("★ begin here: ") == len(shown.begin)


@pytest.mark.parametrize("key", ["jumper2021", "treisman1980"])
def test_brackets_in_a_doi_do_not_end_its_link(key):
    link = f"({REFERENCES[key].url})"
    assert link.count("(") == link.count(")"), "Markdown ends a link at a bracket without partner"


@pytest.mark.parametrize("notebook", ["", "3", "00", "13", "03_weights", None, 3])
def test_a_reading_list_of_another_notebook_is_refused(notebook):
    with pytest.raises(ValueError, match=r"notebook: wants one of 01, 02, .*, in quotation marks"):
        reading_list(notebook)


# ---------------------------------------------------------------------------------------------
# What the course cites
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_citation_in_a_notebook_is_in_the_table(path):
    assert [mistake for text in markdown(path) for mistake in mistakes(text)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_reference_names_the_notebooks_that_cite_it(path):
    number = path.stem[:2]
    if number == "12":
        pytest.skip("the notebook that lists the references may cite them all")
    cited = {identifier for text in markdown(path) for identifier, _ in citations(text)}
    missing = [
        work.key
        for identifier, work in BY_IDENTIFIER.items()
        if identifier in cited and number not in work.notebooks
    ]
    assert missing == [], f"add {number!r} to `notebooks` of these entries of references.py"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_citation_in_the_package_is_in_the_table(path):
    assert list(mistakes(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Bahdanau, Cho & Bengio (2014), arXiv:1409.0473, Eq. 6.", None),
        ("Bahdanau et al. (2014), [arXiv:1409.0473](https://arxiv.org/abs/1409.0473)", None),
        ("see arXiv:1706.03762, Eq. 1", None),
        ("Treisman & Gelade (1980), 10.1016/0010-0285(80)90005-5.", None),
        ("([doi](https://doi.org/10.1016/0010-0285(80)90005-5))", None),
        ("Bahdanau et al. (2015), arXiv:1409.0473", "2015"),
        ("Vaswani et al. (2014), arXiv:1409.0473", "does not name Bahdanau"),
        ("Cho, Bahdanau (2014), arXiv:1409.9999", "not in REFERENCES"),
        ("Cherry (1953), 10.1121/1.1907228", "not in REFERENCES"),
        ("Cherry (1953), 10.1121/1.1907229; Broadbent (1953), 10.1037/10037-000", "1953"),
    ],
)
def test_the_scan_finds_what_is_wrong(text, wrong):
    found = list(mistakes(text))
    assert len(found) == (wrong is not None)
    assert wrong is None or wrong in found[0]
