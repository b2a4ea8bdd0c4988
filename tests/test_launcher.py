"""The command ``attention-edu`` starts the course on any machine with one word."""

import builtins
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from nbformat import v4

from attention_edu import __main__ as command
from attention_edu import notebooks
from attention_edu.notebooks import FIRST_NOTEBOOK, untrusted

PATIENCE = 60  # seconds


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two notebooks, and a Jupyter that knows nothing yet."""
    folder = tmp_path / "copy of notebooks 注意力"
    folder.mkdir()
    for name in (FIRST_NOTEBOOK, "01_more.ipynb", "notes.ipynb"):
        shown = v4.new_output("display_data", {"text/html": "<b>shown</b>"})
        cell = v4.new_code_cell("x", outputs=[shown])
        nbformat.write(v4.new_notebook(cells=[cell]), folder / name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("DATA", "CONFIG", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(home / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    return folder


@pytest.fixture
def launched(course, monkeypatch):
    """What JupyterLab would have been started with."""
    from jupyterlab.labapp import LabApp

    seen = []
    monkeypatch.setattr(LabApp, "launch_instance", lambda argv: seen.extend(argv))  # noqa: PLW0108
    return seen


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answer(port, path):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": "token x"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def wait_for(port, process):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode}: {process.stdout.read()}")
        try:
            return answer(port, "/api/status")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("JupyterLab did not answer in time")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="ends the process by a signal")
def test_it_starts_jupyterlab_with_trusted_notebooks_and_ends_by_ctrl_c(course):
    port = free_port()
    # A shell that starts the tests in the background makes them, and what they start, deaf to it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "attention_edu", "--course", str(course), "--no-browser"),
            *("--port", str(port), "--ServerApp.port_retries=0", "--ServerApp.token=x"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    try:
        wait_for(port, process)
        for name in (FIRST_NOTEBOOK, "01_more.ipynb"):
            content = answer(port, f"/api/contents/{name}?content=1")["content"]
            assert [cell["metadata"]["trusted"] for cell in content["cells"]] == [True]
        other = answer(port, "/api/contents/notes.ipynb?content=1")["content"]
        assert not other["cells"][0]["metadata"]["trusted"], "signed what is not the course's"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/?token=x", timeout=10) as page:
            assert page.url.split("?")[0].endswith(f"/lab/tree/{FIRST_NOTEBOOK}")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        if process.poll() is None:  # it asks whether that was meant; a second one answers
            process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Signed 2 notebooks of the course, so that their widgets are alive at once." in told
    assert f"Starting JupyterLab at {FIRST_NOTEBOOK}" in told
    assert "Traceback" not in told


def test_it_opens_the_first_notebook_and_listens_to_this_machine_only(course, launched, capsys):
    assert command.main(["--course", str(course)]) == 0
    assert f"--ServerApp.root_dir={course}" in launched
    assert f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}" in launched
    assert "--ServerApp.ip=127.0.0.1" in launched
    assert untrusted(notebooks.course_notebooks(course)) == []
    assert "Signed 2 notebooks" in capsys.readouterr().out


def test_jupyterlab_asks_the_network_for_nothing(course, launched):
    """No news and no updates: neither a request nor a question stands before the first picture."""
    command.main(["--course", str(course)])
    assert "--LabApp.news_url=None" in launched
    assert any(option.endswith("NeverCheckForUpdate") for option in launched)


def test_options_of_jupyterlab_are_passed_on_and_win(course, launched):
    options = ["--no-browser", "--port", "9999", "--ip=0.0.0.0", "--ServerApp.token=x"]
    assert command.main([*options, "--course", str(course)]) == 0
    assert launched[-len(options) :] == options
    assert "--ServerApp.ip=127.0.0.1" not in launched


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False), (None, False)])
def test_root_is_allowed_to_and_told_so(course, launched, capsys, user, allowed):
    with pytest.MonkeyPatch.context() as patch:
        if user is None:
            patch.delattr(os, "geteuid", raising=False)
        else:
            patch.setattr(os, "geteuid", lambda: user, raising=False)
        assert command.main(["--course", str(course)]) == 0
    assert ("--allow-root" in launched) is allowed
    assert ("root" in capsys.readouterr().out) is allowed


def test_root_that_has_thought_of_it_is_told_nothing(course, launched, capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert command.main(["--allow-root", "--course", str(course)]) == 0
    assert launched.count("--allow-root") == 1
    assert "root" not in capsys.readouterr().out.replace(str(course), "")


def test_ctrl_c_is_one_word_and_no_traceback(course, monkeypatch, capsys):
    def interrupted(paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "sign", interrupted)
    assert command.main(["sign", "--course", str(course)]) == 1
    assert capsys.readouterr().err == "Stopped.\n"


def test_signatures_that_cannot_be_kept_do_not_stop_it(course, launched, monkeypatch, capsys):
    (course / "file").touch()
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(course / "file" / "data"))
    assert command.main(["--course", str(course)]) == 0
    assert launched
    assert "were not signed" in capsys.readouterr().out


def test_sign_only_signs(course, launched, capsys):
    assert command.main(["sign", "--course", str(course)]) == 0
    assert launched == []
    assert untrusted([course / FIRST_NOTEBOOK]) == []
    assert "Signed 2 notebooks" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "package"),
    [([], "jupyterlab"), (["sign"], "nbformat"), (["refresh"], "nbclient")],
)
def test_a_missing_package_is_one_plain_sentence(course, monkeypatch, capsys, arguments, package):
    real = importlib.import_module

    def absent(name, *rest):
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    for module in (command, notebooks):
        monkeypatch.setattr(module, "import_module", absent)
    assert command.main([*arguments, "--course", str(course)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"{package} is not installed. Install it with: python -m pip install")
    assert f'"{package}>=' in told
    assert told.count("\n") == 1


def test_a_missing_nbconvert_is_one_plain_sentence(course, monkeypatch, capsys):
    real = builtins.__import__

    def absent(name, *rest, **options):
        if name.split(".")[0] == "nbconvert":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **options)

    monkeypatch.delitem(sys.modules, "attention_edu.export", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
    assert command.main(["export", str(course / "out"), "--course", str(course)]) == 1
    told = capsys.readouterr().err
    assert told.startswith('nbconvert is not installed. Install it with: python -m pip install "')


def test_a_course_that_is_not_there_is_a_plain_sentence(tmp_path, monkeypatch, launched, capsys):
    monkeypatch.setattr(notebooks, "__file__", str(tmp_path / "p" / "q" / "notebooks.py"))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert command.main([]) == 1
    assert "the notebooks of the course were not found" in capsys.readouterr().err
    assert command.main(["sign", "--course", str(tmp_path / "empty")]) == 1
    assert capsys.readouterr().err.startswith("--course: wants a folder")
    assert launched == []


def test_a_mistyped_command_is_not_passed_on_to_jupyterlab(launched, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["expotr", "folder"])
    assert ended.value.code == 2
    assert "expotr" in capsys.readouterr().err
    assert launched == []


def test_help_is_about_this_command(launched, capsys):
    for arguments in (["--help"], ["export", "--help"]):
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        assert ended.value.code == 0
        assert "usage: attention-edu" in capsys.readouterr().out
    assert launched == []


@pytest.mark.slow
def test_refresh_says_what_changed_and_check_fails_if_something_would(tmp_path, course, capsys):
    path = tmp_path / "one.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("1 + 1")]), path)
    assert command.main(["refresh", "--check", str(path)]) == 1
    assert "one.ipynb: would change (first: cell 1" in capsys.readouterr().out
    assert command.main(["refresh", str(path)]) == 0
    assert "one.ipynb: written" in capsys.readouterr().out
    assert command.main(["refresh", "--check", str(path)]) == 0
    assert "one.ipynb: unchanged" in capsys.readouterr().out


def test_starting_the_command_imports_nothing_heavy():
    code = (
        "import sys, attention_edu.__main__; "
        "print([name for name in ('nbformat', 'nbconvert', 'jupyterlab', 'numpy', 'ipywidgets') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
