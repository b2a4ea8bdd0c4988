"""The command ``attention-edu``: start the course, check the machine, export and refresh."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from . import __version__
from .notebooks import (
    FIRST_NOTEBOOK,
    NotebookError,
    course_folder,
    course_notebooks,
    find_notebooks,
    refreshing,
    sign,
)

__all__ = ["main"]

_FOLDER = ("--ServerApp.root_dir", "--notebook-dir", "--ServerApp.notebook_dir")
_URL = ("--LabApp.default_url", "--ServerApp.default_url")
_IP = ("--ServerApp.ip", "--ip")
_NEWS = ("--LabApp.news_url",)
_UPDATES = ("--LabApp.check_for_updates_class",)
_ROOT = ("--allow-root", "--ServerApp.allow_root")


def main(argv: list[str] | None = None) -> int:
    """Run the command ``attention-edu``.

    Parameters
    ----------
    argv : list of str, optional
        The arguments after the command's name; those of this process if not given. Without a
        sub-command, options that are not known here are passed on to JupyterLab.

    Returns
    -------
    int
        The exit code: 0 if all went well, 1 if not.

    Raises
    ------
    SystemExit
        If the arguments are wrong, or only ask for help.

    Examples
    --------
    >>> main(["doctor"])  # doctest: +SKIP
    """
    argv = sys.argv[1:] if argv is None else argv
    start = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    start.add_argument("--course", type=Path)
    given, rest = start.parse_known_args(argv)
    first = rest[0] if rest else "-"
    try:
        if not first.startswith("-") or first in ("-h", "--help", "--version"):
            options = _parser().parse_args(argv)
            answer: int = options.run(options)
            return answer
        return _start(given.course, rest)
    except ModuleNotFoundError as error:
        missing = (error.name or "a package").split(".")[0]
        command = import_module(".doctor", __package__).install_command(missing)
        return _fail(f"{missing} is not installed. Install it with: {command}")
    except (NotebookError, OSError, ValueError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("Stopped.")


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--course",
        type=Path,
        metavar="FOLDER",
        default=argparse.SUPPRESS,
        help=f"the folder of the notebooks, which holds {FIRST_NOTEBOOK}, if it is not found",
    )
    parser = argparse.ArgumentParser(
        prog="attention-edu",
        parents=[common],
        description="Without a command: sign the notebooks of the course and start JupyterLab. "
        "Options that are not listed here, such as --no-browser or --port 9999, are then passed "
        "on to JupyterLab.",
    )
    parser.add_argument("--version", action="version", version=f"attention-edu {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="", required=True)

    def command(name: str, run: Any, what: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=what, description=what)
        added.set_defaults(run=run)
        return added

    command("doctor", _doctor, "Check whether this machine has what the course needs.")
    command("sign", _sign, "Sign the notebooks, so that their saved widgets are alive at once.")
    added = command("export", _export, "Write the notebooks as HTML that is alive offline.")
    added.add_argument("folder", type=Path, metavar="FOLDER", help="where to write")
    added.add_argument(
        "--notebooks",
        nargs="+",
        default=[],
        metavar="NAME",
        help="only these, by path or name; otherwise the whole course",
    )
    added = command("refresh", _refresh, "Run the notebooks again and bring them to normal form.")
    added.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file would change"
    )
    added.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="only these, by path or name; otherwise the whole course",
    )
    return parser


# ---------------------------------------------------------------------------------------------
# Commands
# ---------------------------------------------------------------------------------------------


def _start(course: Path | None, options: list[str]) -> int:
    """Sign the notebooks, then be JupyterLab until it is stopped."""
    folder = _course(course)
    labapp: Any = import_module("jupyterlab.labapp")
    try:
        _say_signed(sign(course_notebooks(folder)))
    except OSError as error:  # a widget then waits for its cell to run: no reason not to start
        print(f"The notebooks were not signed: {error}")
    defaults = [
        (_FOLDER, f"--ServerApp.root_dir={folder.resolve()}"),
        (_URL, f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}"),
        (_IP, "--ServerApp.ip=127.0.0.1"),
        # The course asks nothing of the network, and no question stands before the first picture.
        (_NEWS, f"{_NEWS[0]}=None"),
        (_UPDATES, f"{_UPDATES[0]}=jupyterlab.handlers.announcements.NeverCheckForUpdate"),
    ]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        defaults.append((_ROOT, "--allow-root"))
        if not _named(_ROOT, options):
            print("Started as root, as in a container: JupyterLab is told to allow it.")
    arguments = [default for names, default in defaults if not _named(names, options)]
    print(f"Starting JupyterLab at {FIRST_NOTEBOOK}. Stop it with Ctrl-C.", flush=True)
    labapp.LabApp.launch_instance(argv=[*arguments, *options])
    return 0


def _named(names: tuple[str, ...], options: list[str]) -> bool:
    return any(option.split("=", 1)[0] in names for option in options)


def _doctor(options: argparse.Namespace) -> int:
    report = import_module(".doctor", __package__).doctor()
    print(report)
    return 0 if report.ok else 1


def _sign(options: argparse.Namespace) -> int:
    _say_signed(sign(course_notebooks(_course(_given(options)))))
    return 0


def _export(options: argparse.Namespace) -> int:
    export = import_module(".export", __package__).export
    paths = find_notebooks(options.notebooks, _given(options))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        written = export(options.folder, paths)
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            print(warning.message, file=sys.stderr)
    for path in written:
        print(f"Wrote {path}")
    return 0


def _refresh(options: argparse.Namespace) -> int:
    changed = 0
    for result in refreshing(find_notebooks(options.names, _given(options)), options.check):
        changed += result.changed
        told = "unchanged"
        if result.changed:
            told = f"{'would change' if options.check else 'written'} (first: {result.where})"
        print(f"{result.path.name}: {told}", flush=True)
    return 1 if options.check and changed else 0


def _given(options: argparse.Namespace) -> Path | None:
    """Return the folder that was given by --course, if it was."""
    course = getattr(options, "course", None)
    return None if course is None else _course(course)


def _course(given: Path | None) -> Path:
    if given is None:
        return course_folder()
    if not (given / FIRST_NOTEBOOK).is_file():
        raise FileNotFoundError(
            f"--course: wants a folder that holds {FIRST_NOTEBOOK}; got {given}"
        )
    return given


def _say_signed(count: int) -> None:
    notebooks = "notebook" if count == 1 else "notebooks"
    print(f"Signed {count} {notebooks} of the course, so that their widgets are alive at once.")


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
