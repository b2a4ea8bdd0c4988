"""What is saved of the widgets: those that the notebook shows, and no others.

The package switches on that JupyterLab keeps the state of widgets in the notebook
(``lab_settings.json``), so that tomorrow's picture is the one that was left. JupyterLab keeps the
state of every widget that its kernel has made, though, and a cell that runs again makes a new one:
a notebook whose cells ran ten times would be saved with ten copies of each picture. So this
package's extension of the server leaves out of the file what no output shows any more.
"""

from __future__ import annotations

from typing import Any

from attention_edu.notebooks import WIDGET_STATE, WIDGET_VIEW, shown_models

__all__ = ["forget_unseen"]

_OURS = "attention_edu."


def forget_unseen(model: dict[str, Any], **_about: Any) -> None:
    """Take out of a notebook that is about to be saved the widgets that no output of it shows.

    Parameters
    ----------
    model : dict
        What the server is about to save; it is changed in place. Whatever is no notebook with
        widgets of this package stays as it is.

    Examples
    --------
    >>> entry = {"model_name": "AnyModel", "state": {"_anywidget_id": "attention_edu.widgets.X"}}
    >>> saved = {"state": {"old": entry}, "version_major": 2, "version_minor": 0}
    >>> notebook = {"cells": [], "metadata": {"widgets": {WIDGET_STATE: saved}}}
    >>> forget_unseen({"type": "notebook", "content": notebook})
    >>> saved["state"]
    {}
    """
    if model.get("type") != "notebook":
        return
    try:
        notebook = model["content"]
        saved = notebook["metadata"]["widgets"][WIDGET_STATE]["state"]
        views = [
            output["data"][WIDGET_VIEW]
            for cell in notebook["cells"]
            for output in cell.get("outputs", [])
            if WIDGET_VIEW in output.get("data", {})
        ]
        ids = [str(entry["state"].get("_anywidget_id", "")) for entry in saved.values()]
        if any(name.startswith(_OURS) for name in ids):
            for name in saved.keys() - set(shown_models(views, saved)):
                del saved[name]
    except (KeyError, TypeError, AttributeError):  # saved as it is, whatever it is
        return
