"""The committed notebooks as HTML: alive without a kernel and without a network."""

import pytest

from attention_edu.attention import softmax
from attention_edu.export import export
from browser.jupyterlab import REPOSITORY

pytestmark = pytest.mark.browser


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
        page.locator("[data-widget='ScoreExplorer']").first.wait_for()
        slider = page.get_by_role("slider", name="Score of mat", exact=True).first
        before = slider.get_attribute("aria-valuenow")
        slider.press("End")
        assert slider.get_attribute("aria-valuenow") == "4" != before
        assert page.locator("math").count() > 0 or path.stem.startswith("00")
    assert {url.split(":")[0] for url in page.record.requests} <= {"file", "blob", "data"}
    assert page.record.console_errors == []
    assert page.record.page_errors == []


def test_weights_answer_in_the_exported_page(page, exported):
    (path,) = (path for path in exported if path.stem == "04_weighted_sum")
    page.goto(path.as_uri())
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
