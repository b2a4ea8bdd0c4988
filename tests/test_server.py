"""The extension of the Jupyter server: what it delays, what it leaves out, what it leaves alone."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from attention_edu import server

REPOSITORY = Path(__file__).parents[1]


def message(kind="status", state="busy", parent="comm_msg", cause="7"):
    parts = (
        {"msg_type": kind},
        {"msg_type": parent, "msg_id": cause},
        {},
        {"execution_state": state} if kind == "status" else {"data": "status comm_msg"},
    )
    return [b"somebody", b"<IDS|MSG>", b"signature", *(json.dumps(p).encode() for p in parts)]


class Connection:
    """The part of the server's own class that matters here."""

    def __init__(self, websocket_handler=None):
        self.websocket_handler = websocket_handler
        self.sent = []
        self.connected = True

    def connect(self):
        return "connected"

    def disconnect(self):
        self.connected = False

    def handle_outgoing_message(self, stream, outgoing_msg):
        self.sent.append((stream, outgoing_msg))


def run(*steps, seconds=0.0):
    """Give messages to a connection, and return what the page got."""

    async def main():
        connection = server.prompt(Connection)()
        for step in steps:
            connection.handle_outgoing_message("iopub", step)
        await asyncio.sleep(seconds)
        return [sent for _, sent in connection.sent], connection

    return asyncio.run(main())


def test_short_messages_are_sent_at_once():
    switched = []
    connection = server.prompt(Connection)(SimpleNamespace(set_nodelay=switched.append))
    assert connection.connect() == "connected"
    assert switched == [True]


def test_a_connection_without_that_switch_connects_all_the_same():
    assert server.prompt(Connection)(SimpleNamespace()).connect() == "connected"


def test_a_busy_that_is_over_at_once_is_left_out():
    answer, idle = message("comm_msg"), message(state="idle")
    sent, _ = run(message(), answer, idle, seconds=2 * server.HELD_BACK)
    assert sent == [answer, idle]


def test_a_busy_that_lasts_is_shown():
    busy, answer = message(), message("comm_msg")
    sent, connection = run(busy, answer, seconds=3 * server.HELD_BACK)
    assert sent == [answer, busy]
    assert connection.held == {}


def test_two_messages_of_widgets_do_not_mix_up_their_states():
    first, second = message(cause="1"), message(cause="2")
    idle = message(state="idle", cause="2")
    sent, _ = run(first, second, idle, seconds=3 * server.HELD_BACK)
    assert sent == [idle, first]


@pytest.mark.parametrize(
    "other",
    [
        message(parent="execute_request"),
        message(state="idle", parent="execute_request"),
        message(state="idle"),
        message("stream"),
        message("comm_msg", parent="execute_request"),
        [b"no delimiter"],
        [b"<IDS|MSG>", b"", b"status", b"comm_msg", b"{", b"{"],
        [b"<IDS|MSG>", b"", b'["status"]', b'["comm_msg"]', b"{}", b"{}"],
        [],
    ],
)
def test_everything_else_goes_through_as_it_is(other):
    sent, _ = run(other)
    assert sent == [other]


def test_nothing_is_sent_after_the_connection_ended():
    async def main():
        connection = server.prompt(Connection)()
        connection.handle_outgoing_message("iopub", message())
        connection.disconnect()
        await asyncio.sleep(2 * server.HELD_BACK)
        return connection

    connection = asyncio.run(main())
    assert not connection.connected
    assert connection.sent == []


def test_the_extension_builds_on_the_class_that_the_server_has():
    app = SimpleNamespace(web_app=SimpleNamespace(settings={server.CONNECTION: Connection}))
    server._load_jupyter_server_extension(app)
    assert issubclass(app.web_app.settings[server.CONNECTION], Connection)


@pytest.mark.parametrize("given", [None, "a name", object])
def test_a_server_that_it_does_not_know_is_left_alone(given):
    app = SimpleNamespace(web_app=SimpleNamespace(settings={server.CONNECTION: given}))
    server._load_jupyter_server_extension(app)
    assert app.web_app.settings[server.CONNECTION] is given


def test_installing_the_package_enables_the_extension():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    data = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    file = "attention_edu/server_extension.json"
    assert data[file].startswith("etc/jupyter/jupyter_server_config.d/")
    config = json.loads((REPOSITORY / file).read_text(encoding="utf-8"))
    assert config == {"ServerApp": {"jpserver_extensions": {server.__name__: True}}}


@pytest.mark.browser
def test_a_real_server_leaves_out_short_busy_states_of_widgets_alone(jupyter_lab):
    from jupyter_client.session import Session
    from websocket import WebSocketTimeoutException, create_connection

    kernel = jupyter_lab.request("/api/kernels", "POST")["id"]
    address = jupyter_lab.url.replace("http://", "ws://")
    session = Session(key=b"")
    socket = create_connection(
        f"{address}/api/kernels/{kernel}/channels?token={jupyter_lab.token}",
        timeout=30,
        http_no_proxy=["127.0.0.1"],
    )

    def states(kind, content):
        sent = session.msg(kind, content)
        socket.send(json.dumps({**sent, "channel": "shell"}, default=str))
        seen = []
        try:
            while "idle" not in seen:
                got = json.loads(socket.recv())
                if (
                    got["msg_type"] == "status"
                    and got["parent_header"].get("msg_id") == (sent["header"]["msg_id"])
                ):
                    seen.append(got["content"]["execution_state"])
        except WebSocketTimeoutException:
            seen.append("nothing more came")
        return seen

    code = {"code": "1 + 1", "silent": False, "store_history": False}
    try:
        assert states("execute_request", code) == ["busy", "idle"]
        assert states("comm_msg", {"comm_id": "none", "data": {}}) == ["idle"]
        assert states("execute_request", code) == ["busy", "idle"]
    finally:
        socket.close()
        jupyter_lab.request(f"/api/kernels/{kernel}", "DELETE")
