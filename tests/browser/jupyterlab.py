"""Drive a real JupyterLab: start it, open a notebook, run it, ask its kernel for a value."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = "attention"
# Loopback never goes through a proxy.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class JupyterLab:
    """A running server: where it listens, and the folder that it shows."""

    url: str
    token: str
    root: Path
    environment: dict[str, str] = field(repr=False)

    def request(self, path: str, method: str = "GET") -> Any:
        """Ask the server's REST interface, for example for ``/api/status``."""
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with _OPENER.open(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def sign(self, path: str | Path) -> None:
        """Trust the notebook at `path` (relative to the root) in this server's own store."""
        subprocess.run(
            [sys.executable, "-m", "jupyter", "trust", str(self.root / path)],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )


def _own_environment(folder: Path) -> dict[str, str]:
    """Keep everything that Jupyter, IPython and matplotlib read or write inside `folder`."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "JPY_", "IPYTHON", "MPL", "PYTEST", "XDG_"))
    }
    places = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "MPLCONFIGDIR": "matplotlib",
    }
    for name, place in places.items():
        (folder / place).mkdir(parents=True, exist_ok=True)
        environment[name] = str(folder / place)
    # The kernels of this very environment, and its programs, come first.
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    environment["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]
    )
    return environment


def _no_interruptions(config: Path) -> None:
    """Turn off what would put a dialog or a toast in front of the notebook."""
    settings = {
        "default_setting_overrides.json": {
            "@jupyterlab/apputils-extension:notification": {
                "checkForUpdates": False,
                "doNotDisturbMode": True,
                "fetchNews": "false",
            },
            "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
        },
        "page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
        },
    }
    (config / "labconfig").mkdir(parents=True, exist_ok=True)
    for name, content in settings.items():
        (config / "labconfig" / name).write_text(json.dumps(content), encoding="utf-8")


def _copy_notebooks(root: Path) -> None:
    """Copy the notebooks, under the paths that they have in the repository."""
    leave_out = shutil.ignore_patterns(".*", "__pycache__")
    if (REPOSITORY / "notebooks").is_dir():
        shutil.copytree(REPOSITORY / "notebooks", root / "notebooks", ignore=leave_out)
    for notebook in sorted((REPOSITORY / "tests" / "browser").glob("*.ipynb")):
        target = root / notebook.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notebook, target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_lab(folder: Path) -> Iterator[JupyterLab]:
    """Run JupyterLab on a free port of this machine, with all its files inside `folder`."""
    root = folder / "root"
    root.mkdir(parents=True)
    _copy_notebooks(root)
    environment = _own_environment(folder)
    _no_interruptions(folder / "config")
    port = _free_port()
    lab = JupyterLab(f"http://127.0.0.1:{port}", TOKEN, root, environment)
    log = folder / "jupyterlab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--allow-root",
                "--expose-app-in-browser",
                "--ip=127.0.0.1",
                f"--port={port}",
                "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={root}",
                "--ServerApp.terminals_enabled=False",
                "--LabApp.news_url=None",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly",
            ],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_answers(lab, server, log)
        yield lab
    finally:
        _stop(lab, server)


def _wait_until_it_answers(
    lab: JupyterLab, server: subprocess.Popen[bytes], log: Path, timeout: float = 60
) -> None:
    end = time.monotonic() + timeout
    while server.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            lab.request("/api/status")
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')}")


def _stop(lab: JupyterLab, server: subprocess.Popen[bytes]) -> None:
    """End the kernels, then exactly the server that was started."""
    with suppress(OSError):
        for kernel in lab.request("/api/kernels"):
            lab.request(f"/api/kernels/{kernel['id']}", "DELETE")
    server.terminate()
    try:
        server.wait(timeout=15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def open_notebook(page: Any, lab: JupyterLab, path: str, *, timeout: float = 60) -> Any:
    """Open the notebook at `path` (relative to the root), wait for its kernel, return its panel.

    The workspace is a fresh one, so that nothing of an earlier test is open beside it.
    """
    workspace = f"test-{uuid.uuid4().hex}"
    place = urllib.parse.quote(path)
    page.goto(f"{lab.url}/lab/workspaces/{workspace}/tree/{place}?token={lab.token}")
    page.wait_for_function(
        """path => {
            const panel = window.jupyterapp?.shell?.currentWidget;
            return panel?.context?.path === path && panel.context.isReady
                && panel.sessionContext.isReady
                && panel.sessionContext.session?.kernel?.status === 'idle';
        }""",
        arg=path,
        timeout=timeout * 1000,
    )
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.wait_for(state="visible", timeout=timeout * 1000)
    return panel


def reload_if_not_restored(page: Any) -> None:
    """Reload the page once if ipywidgets gave up on a saved widget.

    Where a kernel takes more than two seconds to answer, as the first one on a busy machine does,
    the widget manager of JupyterLab looks for a widget before it has read the saved ones, and says
    "model not found" for good. A student would reload the page; so does a test.
    """
    page.wait_for_timeout(2500)
    if page.get_by_text("model not found").count():
        page.reload()
        page.wait_for_function(
            """() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady""",
            timeout=60_000,
        )
        page.wait_for_timeout(2500)


def run_all(page: Any, *, timeout: float = 120, allow_errors: bool = False) -> None:
    """Run every cell of the current notebook, and wait until the kernel is idle again.

    An error in a cell fails the test with that error, unless `allow_errors`.
    """
    page.evaluate(
        """() => {
            const panel = window.jupyterapp.shell.currentWidget;
            // Counts that were saved with the notebook would pass for those of this run.
            for (const cell of panel.content.model.cells) {
                if (cell.type === 'code') cell.executionCount = null;
            }
            window.attentionTest = {ended: false};
            window.jupyterapp.commands.execute('notebook:run-all-cells')
                .finally(() => { window.attentionTest.ended = true; });
        }"""
    )
    page.wait_for_function(
        """allowErrors => {
            const panel = window.jupyterapp.shell.currentWidget;
            const code = [...panel.content.model.cells].filter(
                cell => cell.type === 'code' && cell.sharedModel.getSource().trim());
            const failed = code.some(cell => cell.sharedModel.getOutputs().some(
                output => output.output_type === 'error'));
            const counted = code.every(cell => cell.executionCount !== null);
            return window.attentionTest.ended && (counted || (failed && !allowErrors))
                && panel.sessionContext.session?.kernel?.status === 'idle';
        }""",
        arg=allow_errors,
        timeout=timeout * 1000,
    )
    errors = page.evaluate(
        """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
            .filter(cell => cell.type === 'code')
            .flatMap(cell => cell.sharedModel.getOutputs())
            .filter(output => output.output_type === 'error')
            .map(output => `${output.ename}: ${output.evalue}`)"""
    )
    assert allow_errors or not errors, f"cells ended with errors: {errors}"


def kernel_value(lab: JupyterLab, path: str, expression: str, *, timeout: float = 30) -> str:
    """Return the `repr` of an expression, evaluated in the running kernel of a notebook."""
    # Plain blocking sockets: Playwright keeps an event loop running in this thread.
    from websocket import create_connection  # a dependency of jupyter-server

    kernels = [
        session["kernel"]["id"]
        for session in lab.request("/api/sessions")
        if session["path"] == path
    ]
    if not kernels:
        raise LookupError(f"no kernel is running for {path}")
    session, message = uuid.uuid4().hex, uuid.uuid4().hex
    channel = create_connection(
        f"{lab.url.replace('http', 'ws', 1)}/api/kernels/{kernels[0]}/channels"
        f"?session_id={session}",
        header=[f"Authorization: token {lab.token}"],
        timeout=timeout,
        http_no_proxy=["127.0.0.1"],
    )
    try:
        channel.send(
            json.dumps(
                {
                    "channel": "shell",
                    "header": {
                        "msg_id": message,
                        "msg_type": "execute_request",
                        "session": session,
                        "username": "",
                        "version": "5.3",
                    },
                    "parent_header": {},
                    "metadata": {},
                    "content": {
                        "code": "",
                        "silent": True,
                        "store_history": False,
                        "user_expressions": {"value": f"repr({expression})"},
                        "allow_stdin": False,
                        "stop_on_error": False,
                    },
                    "buffers": [],
                }
            )
        )
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            received = channel.recv()
            if not isinstance(received, str):  # a widget's message with buffers, for others
                continue
            answer = json.loads(received)
            if (
                answer.get("msg_type") == "execute_reply"
                and answer["parent_header"].get("msg_id") == message
            ):
                value = answer["content"]["user_expressions"]["value"]
                if value["status"] != "ok":
                    raise RuntimeError(f"{expression}: {value['ename']}: {value['evalue']}")
                return str(ast.literal_eval(value["data"]["text/plain"]))
    finally:
        channel.close()
    raise TimeoutError(f"the kernel of {path} did not answer within {timeout} s")


def run_cell(page: Any, cell_id: str) -> list[dict[str, Any]]:
    """Run one cell of the current notebook, wait for its end, and return its outputs."""
    outputs: list[dict[str, Any]] = page.evaluate(
        """async id => {
            const {content} = window.jupyterapp.shell.currentWidget;
            const place = content.widgets.findIndex(cell => cell.model.id === id);
            if (place < 0) throw new Error(`no cell is called ${id}`);
            content.activeCellIndex = place;
            await window.jupyterapp.commands.execute('notebook:run-cell');
            return content.widgets[place].model.sharedModel.getOutputs();
        }""",
        cell_id,
    )
    return outputs


def save(page: Any) -> None:
    """Save the current notebook, as Ctrl + S does; a dialog that comes up is left to the caller."""
    page.evaluate(
        """() => {
            window.attentionTest = {saved: false};
            window.jupyterapp.commands.execute('docmanager:save')
                .finally(() => { window.attentionTest.saved = true; });
        }"""
    )
    page.wait_for_function(
        "() => window.attentionTest.saved || document.querySelector('.jp-Dialog')", timeout=30_000
    )


def end_kernel(lab: JupyterLab, path: str) -> None:
    """End the kernel of a notebook, as closing JupyterLab for the day does."""
    for session in lab.request("/api/sessions"):
        if session["path"] == path:
            lab.request(f"/api/sessions/{session['id']}", "DELETE")
