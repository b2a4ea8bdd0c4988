"""The committed notebooks as HTML: alive without a kernel and without a network."""

import re

import nbformat
import pytest

from attention_edu.attention import softmax
from attention_edu.export import export
from browser.jupyterlab import REPOSITORY

pytestmark = pytest.mark.browser


def unfold(page):
    """Open every folded answer; some hold a picture."""
    answers = page.locator("details.course-answer")
    answers.evaluate_all("all => all.forEach(answer => { answer.open = true; })")


def answer_to_a_key(root):
    """Press a key on the widget's first slider, or in its table; say whether it answered."""
    if root.get_attribute("data-widget") == "AttentionMap":
        table = root.locator("[role=gridcell][data-weight], [role=application]").first
        if not table.count():
            return False
        table.focus()
        shown = []
        for key in ("Home", "ArrowRight"):
            page = table.page
            page.keyboard.press(key)
            cell = root.locator("[data-weight]:focus, :not([role=gridcell])[data-column]").first
            shown.append(cell.get_attribute("data-column"))
        return shown[0] != shown[1]
    slider = root.locator("[role=slider]").first
    if not slider.count():
        return False
    before = slider.get_attribute("aria-valuenow")
    slider.press("End" if before != slider.get_attribute("aria-valuemax") else "Home")
    return slider.get_attribute("aria-valuenow") != before


def has_formulas(name):
    notebook = nbformat.read(REPOSITORY / "notebooks" / f"{name}.ipynb", as_version=4)
    text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return any(re.search(r"\$[^$\n]+\$|\$\$", source) for source in text)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export(
        tmp_path_factory.mktemp("export"), sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
    )


def test_every_page_of_the_course_is_alive_and_fetches_nothing(page, exported):
    pages = [path for path in exported if path.stem[:2].isdigit()]
    assert len(pages) == len(list((REPOSITORY / "notebooks").glob("*.ipynb")))
    page.context.set_offline(True)
    for path in pages:
        page.goto(path.as_uri())
        unfold(page)
        page.locator("[data-widget]").first.wait_for()
        roots = page.locator("[data-widget]:visible").all()
        # What waits for a student's function, or for a model, needs a kernel; the rest does not.
        answers = [answer_to_a_key(root) for root in roots]
        assert any(answers), path.stem
        assert bool(page.locator("math").count()) == has_formulas(path.stem), path.stem
    assert {url.split(":")[0] for url in page.record.requests} <= {"file", "blob", "data"}
    assert page.record.console_errors == []
    assert page.record.page_errors == []


def test_weights_answer_in_the_exported_page(page, exported):
    (path,) = (path for path in exported if path.stem == "04_weighted_sum")
    page.goto(path.as_uri())
    unfold(page)
    root = page.locator("[data-widget='ScoreExplorer']").first
    root.get_by_role("slider", name="Score of cat", exact=True).press("Home")
    shown = root.locator("[data-weight]").evaluate_all("all => all.map(e => +e.dataset.weight)")
    assert shown == pytest.approx(softmax([-1, -4, 1, -1.5, -1, 0]), abs=1e-12)


def test_answers_to_predictions_are_folded(page, exported):
    (path,) = (path for path in exported if path.stem == "03_weights")
    page.goto(path.as_uri())
    answers = page.locator("details.course-answer")
    assert answers.count() >= 5
    assert not answers.first.locator("pre").first.is_visible()
    answers.first.locator("summary").click()
    assert answers.first.locator("pre").first.is_visible()
