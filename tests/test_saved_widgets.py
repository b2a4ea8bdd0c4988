"""A notebook is saved with the widgets that it shows, not with all that its kernel ever made."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import pytest

from attention_edu import server
from attention_edu.notebooks import WIDGET_STATE, WIDGET_VIEW
from attention_edu.saved_widgets import forget_unseen


def widget(name, **references):
    state = {"_anywidget_id": f"attention_edu.widgets.{name}", **references}
    return {"model_name": "AnyModel", "model_module": "anywidget", "state": state}


def other(kind, **state):
    return {"model_name": kind, "model_module": "@jupyter-widgets/base", "state": state}


STATES = {
    "shown": widget("ScoreExplorer", layout="IPY_MODEL_layout-1"),
    "layout-1": other("LayoutModel"),
    "old": widget("ScoreExplorer", layout="IPY_MODEL_layout-2"),
    "layout-2": other("LayoutModel"),
    "box": other("VBoxModel", children=["IPY_MODEL_line"]),
    "line": widget("LiveInput"),
    "old-box": other("VBoxModel", children=["IPY_MODEL_old-line"]),
    "old-line": widget("LiveInput"),
    "link": other("LinkModel", source=["IPY_MODEL_shown", "scores"]),
}
KEPT = {"shown", "layout-1", "box", "line", "link"}


def saved(states=STATES, shown=("shown", "box"), **more):
    outputs = [{"output_type": "stream", "text": "no data"}]
    outputs += [{"data": {WIDGET_VIEW: {"model_id": model}}} for model in shown]
    cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]
    state = {WIDGET_STATE: {"state": copy.deepcopy(states)}}
    content = {"cells": cells, "metadata": {"widgets": state}}
    return {"type": "notebook", "content": content, **more}


def states_of(model):
    return model["content"]["metadata"]["widgets"][WIDGET_STATE]["state"]


def test_what_no_output_shows_any_more_is_not_saved():
    model = saved()
    forget_unseen(model, path="x.ipynb", contents_manager=None)
    assert set(states_of(model)) == KEPT
    assert all(states_of(model)[name] == STATES[name] for name in KEPT)
    again = copy.deepcopy(model)
    forget_unseen(again)
    assert again == model


def test_notebooks_without_our_widgets_stay_as_they_are():
    theirs = {name: entry for name, entry in STATES.items() if entry["model_name"] != "AnyModel"}
    model = saved(theirs, shown=())
    before = copy.deepcopy(model)
    forget_unseen(model)
    assert model == before


@pytest.mark.parametrize(
    "model",
    [
        {"type": "file", "content": "text"},
        {"type": "directory"},
        {"type": "notebook", "content": None},
        {"type": "notebook", "content": {"cells": [], "metadata": {}}},
        {"type": "notebook", "content": {"metadata": {"widgets": {WIDGET_STATE: 3}}}},
        saved({"old": {"state": None}}),
        saved({"old": widget("X")}) | {"type": "file"},
        {},
    ],
)
def test_whatever_it_does_not_know_is_saved_as_it_is(model):
    before = json.dumps(model)
    forget_unseen(model)
    assert json.dumps(model) == before


def test_the_servers_extension_looks_at_what_is_saved():
    asked = []
    contents = SimpleNamespace(register_pre_save_hook=asked.append)
    server._load_jupyter_server_extension(
        SimpleNamespace(web_app=SimpleNamespace(settings={}), contents_manager=contents)
    )
    assert asked == [forget_unseen]
