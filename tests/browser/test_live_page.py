"""The live question on a plain page: typing, dragging, waiting, hostile text."""

import pytest

from attention_edu import Live, Reply
from browser.plain_page import HOSTILE, Site, empty_site, one_page, violations

pytestmark = pytest.mark.browser


def spell(text):
    if not text:
        raise ValueError("Type something.")
    return Reply(text.upper(), {"weights": [[1.0] * len(text)], "keys": [*text]})


def place(at):
    return Reply(f"column {at[0]}, row {at[1]}", {"weights": [[1.0]]})


class LiveSite(Site):
    def make(self, **options):
        given = {"label": "A word", "examples": ["dog", "<b>ox</b>"], **options}
        if "size" in given:
            self.live = Live(place, (2, 1), **given)
        else:
            self.live = Live(spell, "cat", **given)
        return self.live._line


@pytest.fixture(scope="module")
def shared_page(chromium):
    with one_page(chromium) as page:
        yield page


@pytest.fixture
def site(shared_page):
    with empty_site(shared_page, LiveSite) as made:
        yield made


def answer(view):
    """Let the kernel answer what the page asked."""
    sent = view.sync()
    view.receive_from_python("_answer")
    return sent


def says(view):
    return view.text(".ae-live-answer")


def test_typing_is_answered(site):
    view = site.show()
    assert says(view) == "CAT"
    box = view.root.get_by_role("textbox", name="A word")
    assert box.input_value() == "cat"

    box.fill("horse")
    answer(view)

    assert says(view) == "HORSE"
    assert site.live.map.key_names == [*"horse"]


def test_while_one_question_is_under_way_the_newest_one_waits_and_wins(site):
    view = site.show()
    box = view.root.get_by_role("textbox")
    box.press("End")
    for letter in "alogue":
        box.press(letter)

    first = view.sync()
    assert [changes["input"] for changes in first] == ["cata"]
    view.receive_from_python("_answer")
    second = view.sync()
    assert [changes["input"] for changes in second] == ["catalogue"]
    view.receive_from_python("_answer")
    assert says(view) == "CATALOGUE"
    assert view.unsent() == []
    assert box.input_value() == "catalogue"


def test_an_example_fills_the_line_and_asks(site):
    view = site.show()
    view.root.get_by_role("button", name="<b>ox</b>").click()
    answer(view)
    assert view.root.get_by_role("textbox").input_value() == "<b>ox</b>"
    assert says(view) == "<B>OX</B>"
    assert view.root.locator("b").count() == 0


def test_no_answer_is_told_in_words(site):
    view = site.show()
    view.root.get_by_role("textbox").fill("")
    answer(view)
    assert says(view) == "Type something."


def test_without_a_kernel_the_page_says_what_to_do(site):
    view = site.show()
    view.root.get_by_role("textbox").fill("dog")
    view.root.get_by_text("Run the notebook's cells").wait_for(timeout=6000)
    answer(view)
    assert view.root.get_by_text("Run the notebook's cells").count() == 0
    assert says(view) == "DOG"


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_stays_text(site, kind):
    view = site.show(examples=[])
    for text in HOSTILE[kind]:
        view.root.get_by_role("textbox").fill(text)
        answer(view)
    assert view.root.locator("img, script, b").count() == 0


def test_the_handle_moves_by_arrow_keys_and_by_dragging(site):
    view = site.show(size=(5, 4), examples=[])
    handle = view.root.get_by_role("slider", name="A word")
    assert handle.get_attribute("aria-valuetext") == "column 3, row 2"
    assert handle.get_attribute("data-lm-suppress-shortcuts") == "true"
    handle.press("ArrowRight")
    handle.press("ArrowDown")
    answer(view)
    answer(view)
    assert site.live.input == (3, 2)
    assert handle.get_attribute("aria-valuetext") == "column 4, row 3"

    box = view.root.locator(".ae-live-pad").bounding_box()
    mouse = site.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] - 50, box["y"] - 50)
    mouse.up()
    answer(view)
    answer(view)
    assert site.live.input == (0, 0)
    assert says(view) == "column 0, row 0"
    handle.press("ArrowLeft")
    assert view.unsent() == []


def test_axe_finds_nothing(site):
    site.show(title="Ask the model")
    site.show(title="A long text", rows=4)
    assert violations(site) == []


def test_axe_finds_nothing_at_a_field(site):
    site.show(size=(5, 4))
    assert violations(site) == []


def test_a_view_that_ends_listens_no_more(site):
    view = site.show()
    heard = site.page.evaluate("n => models[n].heard.length", view.model)
    view.again()
    site.page.evaluate("() => cleanups[1]()")
    assert site.page.evaluate("n => models[n].heard.length", view.model) == heard
