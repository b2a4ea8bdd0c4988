"""An extension of the Jupyter server: what a widget hears from the kernel reaches the page sooner.

A step that a student wrote runs in the kernel at every move of a drag. Two things on the way back
cost more than the step itself, and this takes both away:

- The kernel's answer is the second of three short messages, and waits until the browser's system
  has acknowledged the first: up to 40 milliseconds (Nagle's algorithm against delayed
  acknowledgements). So messages are sent at once.
- Before and after every widget's message the kernel says "busy" and "idle", and JupyterLab redraws
  its toolbar each time, which takes it as long as the answer. So a "busy" that a widget's message
  caused is held back for 50 milliseconds, and is left out if the kernel is idle again by then.

Nothing else is changed, and the widgets work without it, only slower. It also sees to what is saved
of the widgets in a notebook: see `attention_edu.saved_widgets`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from attention_edu.saved_widgets import forget_unseen

CONNECTION = "kernel_websocket_connection_class"
HELD_BACK = 0.05  # seconds


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "attention_edu.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Make connections prompt, and look at notebooks before they are saved."""
    settings = server.web_app.settings
    given = settings.get(CONNECTION)
    if isinstance(given, type) and hasattr(given, "handle_outgoing_message"):
        settings[CONNECTION] = prompt(given)
    register = getattr(getattr(server, "contents_manager", None), "register_pre_save_hook", None)
    if register is not None:
        register(forget_unseen)


def prompt(connection_class: type[Any]) -> type[Any]:
    """Return a connection between page and kernel that is like the given one, but prompt.

    Parameters
    ----------
    connection_class : type
        A class with the interface of `jupyter_server`'s ``KernelWebsocketConnectionABC``.

    Returns
    -------
    type
        A subclass of it.
    """

    class PromptConnection(connection_class):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.held: dict[str, asyncio.TimerHandle] = {}

        def connect(self) -> Any:
            set_nodelay = getattr(self.websocket_handler, "set_nodelay", None)
            if set_nodelay is not None:
                set_nodelay(True)
            return super().connect()

        def disconnect(self) -> Any:
            for timer in self.held.values():
                timer.cancel()
            self.held.clear()
            return super().disconnect()

        def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
            state, cause = status_of(outgoing_msg)
            if cause and state == "busy":
                loop = asyncio.get_running_loop()
                self.held[cause] = loop.call_later(
                    HELD_BACK, self.release, cause, stream, outgoing_msg
                )
                return
            if cause in self.held:  # idle again: nobody needs to know that it was busy
                self.held.pop(cause).cancel()
            super().handle_outgoing_message(stream, outgoing_msg)

        def release(self, cause: str, stream: Any, message: list[Any]) -> None:
            self.held.pop(cause, None)
            super().handle_outgoing_message(stream, message)

    return PromptConnection


def status_of(message: list[Any]) -> tuple[str, str]:
    """Read the kernel's state off a message, and the id of the widget's message that caused it.

    Parameters
    ----------
    message : list of bytes
        A message of the kernel as it comes from its socket: identities, the delimiter, a signature,
        then header, parent's header, metadata and content as JSON.

    Returns
    -------
    tuple of str
        Two empty strings for everything that is not a status caused by a widget's message.

    Examples
    --------
    >>> message = [b"<IDS|MSG>", b"", b'{"msg_type": "status"}',
    ...     b'{"msg_type": "comm_msg", "msg_id": "7"}', b"{}", b'{"execution_state": "busy"}']
    >>> status_of(message)
    ('busy', '7')
    """
    nothing = ("", "")
    try:
        start = message.index(b"<IDS|MSG>")
        header, parent, _metadata, content = (
            bytes(part) for part in message[start + 2 : start + 6]
        )
        if b"status" not in header or b"comm_msg" not in parent:
            return nothing
        about = json.loads(parent)
        if json.loads(header)["msg_type"] != "status" or about["msg_type"] != "comm_msg":
            return nothing
        return str(json.loads(content)["execution_state"]), str(about["msg_id"])
    except (ValueError, KeyError, TypeError):  # not for us to judge: it goes on as it is
        return nothing
