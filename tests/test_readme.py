"""What the README shows and promises exists."""

import re
from pathlib import Path

import pytest

from attention_edu import ScoreExplorer

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_and_pictures_lead_to_files_of_this_project(target):
    assert (REPOSITORY / target).is_file()


def test_the_map_links_every_notebook_that_exists():
    linked = set(re.findall(r"\(notebooks/([^)]+\.ipynb)\)", README))
    assert linked == {path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb")}


def test_the_minutes_are_those_of_the_notebooks():
    for name, minutes in re.findall(r"\(notebooks/([^)]+\.ipynb)\) \|[^|]+\| (\d+) \|", README):
        text = (REPOSITORY / "notebooks" / name).read_text(encoding="utf-8")
        assert f"*Time:* {minutes} minutes" in text


def test_the_two_commands_stand_there_as_users_type_them():
    assert "\npip install uv && uv run attention-edu\n" in README
    assert "\npip install uv && uv run pytest\n" in README


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert isinstance(names["explorer"], ScoreExplorer)
    assert names["explorer"].weights.argmax() == 1
