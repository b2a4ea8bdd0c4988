"""Find out whether this machine has what the course needs, and say what to do if not."""

from __future__ import annotations

import html
import importlib.metadata
import json
import os
import platform
import re
import site
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["Report", "Row", "doctor", "install_command"]

DISTRIBUTION = "attention-edu"
LEAST_PYTHON = "3.11"
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")
_COLOURS = {
    "ok": "var(--jp-success-color1, #388e3c)",
    "note": "var(--jp-info-color1, #0288d1)",
    "missing": "var(--jp-error-color1, #d32f2f)",
    "too old": "var(--jp-warn-color1, #f57c00)",
}


@dataclass(frozen=True)
class Row:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What it is.
    found : str
        Its version or state; “missing” if it is not there.
    wanted : str
        The least version or the state that is wanted.
    ok : bool
        Whether it will do.
    advice : str
        What to do; empty if nothing.
    """

    name: str
    found: str
    wanted: str
    ok: bool
    advice: str = ""

    @property
    def status(self) -> str:
        """Say in words how it stands: ok, note, missing or too old."""
        if self.ok:
            return "note" if self.advice else "ok"
        return "too old" if re.match(r"\d", self.found) else "missing"


@dataclass(frozen=True)
class Report:
    """What `doctor` found: a table in a notebook, and plain text when printed.

    Attributes
    ----------
    rows : tuple of Row
        Everything that was looked at.
    """

    rows: tuple[Row, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether everything that is needed is there."""
        return all(row.ok for row in self.rows)

    @property
    def summary(self) -> str:
        """Say in one sentence how it stands."""
        count = sum(not row.ok for row in self.rows)
        if count == 0:
            return "Everything is ready."
        return f"{count} {'thing needs' if count == 1 else 'things need'} attention, see above."

    def __str__(self) -> str:
        """Lay the rows out as plain text, with the summary below."""
        head = ("What", "Found", "Wanted", "Status")
        table = [(row.name, row.found, row.wanted, row.status) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(head, *table)]

        def line(cells: tuple[str, ...]) -> str:
            return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()

        lines = [line(head), "  ".join("-" * width for width in widths)]
        for row, cells in zip(self.rows, table):
            lines.append(line(cells))
            if row.advice:
                lines.append(f"    {row.advice}")
        return "\n".join([*lines, "", self.summary])

    def __repr__(self) -> str:
        """Show the same where no HTML can be shown."""
        return str(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": str(self)}

    def _html(self) -> str:
        cell = 'style="text-align: left; vertical-align: top"'
        parts = [
            '<div style="color: var(--jp-content-font-color1, inherit)"><table>',
            f"<caption {cell}>What this course needs, and what was found</caption>",
            "<thead><tr>",
            *(
                f'<th scope="col" {cell}>{head}</th>'
                for head in ("What", "Found", "Wanted", "Status", "What to do")
            ),
            "</tr></thead><tbody>",
        ]
        for row in self.rows:
            colour = _COLOURS[row.status]
            parts += [
                f'<tr><th scope="row" {cell}>{html.escape(row.name)}</th>',
                f"<td {cell}>{html.escape(row.found)}</td>",
                f"<td {cell}>{html.escape(row.wanted)}</td>",
                '<td style="text-align: left; vertical-align: top; '
                f'border-left: 4px solid {colour}">{row.status}</td>',
                f"<td {cell}>{html.escape(row.advice)}</td></tr>",
            ]
        parts.append(f"</tbody></table><p>{self.summary}</p></div>")
        return "\n".join(parts)


def doctor() -> Report:
    """Look at Python, the packages, the widget support and the notebooks' signatures.

    Nothing is changed and nothing is asked of the network. The report names no folder of this
    machine, so that it can be saved in a notebook.

    Returns
    -------
    Report
        A table when a notebook shows it; ``print`` gives plain text. `Report.ok` says whether
        all that is needed is there.

    Examples
    --------
    >>> from attention_edu import doctor
    >>> doctor().rows[0].name
    'Python'
    """
    return Report(
        (
            _python(),
            *_packages(),
            _lab_extension(
                "Widgets in JupyterLab", "@jupyter-widgets/jupyterlab-manager", "ipywidgets"
            ),
            _lab_extension("anywidget in JupyterLab", "anywidget", "anywidget"),
            _kernel(),
            *_signatures(),
        )
    )


def install_command(name: str) -> str:
    """Give the command that installs a package in the version that the course needs.

    Parameters
    ----------
    name : str
        The package, for example ``jupyterlab``.

    Returns
    -------
    str
        The command; with the least version if the course names one.

    Examples
    --------
    >>> install_command("jupyterlab")  # doctest: +SKIP
    'python -m pip install "jupyterlab>=4.2"'
    """
    bounds = dict(_requirements())
    return f'python -m pip install "{name}{bounds.get(name, "")}"'


def _python() -> Row:
    found = platform.python_version()
    ok = _at_least(found, f">={LEAST_PYTHON}")
    advice = "" if ok else f"Install Python {LEAST_PYTHON} or newer, and the course in it."
    return Row("Python", found, f">={LEAST_PYTHON}", ok, advice)


def _packages() -> Iterator[Row]:
    requirements = _requirements()
    if not requirements:
        yield Row(
            DISTRIBUTION,
            "missing",
            "installed",
            False,
            'In the course\'s folder: python -m pip install -e ".[course]"',
        )
    for name, bounds in requirements:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        ok = found != "missing" and _at_least(found, bounds)
        advice = "" if ok else f'python -m pip install --upgrade "{name}{bounds}"'
        yield Row(name, found, bounds or "any", ok, advice)


def _requirements() -> list[tuple[str, str]]:
    """Read from the installed metadata what the course needs: names and bounds."""
    try:
        texts = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = {}
    for text in texts:
        match = _REQUIREMENT.fullmatch(text.strip())
        if match and _applies((match[3] or "").strip()):
            found[match[1].lower()] = match[2].strip()
    return sorted(found.items())


def _applies(marker: str) -> bool:
    """Whether a requirement with this marker is one of the course, on this machine."""
    if not marker:
        return True
    try:
        markers = import_module("packaging.markers")
    except ImportError:
        return re.fullmatch(r"extra\s*==\s*['\"]course['\"]", marker) is not None
    wanted = markers.Marker(marker)
    return any(wanted.evaluate({"extra": extra}) for extra in ("", "course"))


def _at_least(found: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as ``>=8.1.5``."""
    try:
        specifiers = import_module("packaging.specifiers")
    except ImportError:
        least = re.search(r">=\s*([\d.]+)", bounds)
        return least is None or _numbers(found) >= _numbers(least[1])
    return bool(specifiers.SpecifierSet(bounds, prereleases=True).contains(found))


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in release.group().split(".")) if release else ()


def _lab_extension(name: str, extension: str, package: str) -> Row:
    """Look for a prebuilt extension of JupyterLab in the folders that Jupyter reads from."""
    try:
        paths = import_module("jupyter_core.paths").jupyter_path("labextensions")
    except ImportError:
        paths = []
    for path in paths:
        try:
            described = json.loads((Path(path, extension) / "package.json").read_bytes())
            found = str(described["version"])
        except (OSError, ValueError, KeyError):
            continue
        return Row(name, found, "any", True)
    advice = f'python -m pip install --upgrade --force-reinstall --no-deps "{package}"'
    if package == "ipywidgets":
        advice += ' "jupyterlab_widgets"'
    return Row(name, "missing", "any", False, f"{advice}, then start JupyterLab again.")


def _kernel() -> Row:
    """Look whether notebooks run where the package is installed."""
    wanted = "this environment"
    name = "Kernel of the notebooks"
    if _in_kernel():
        ok = _installed_here()
        advice = (
            "Choose the kernel of the environment in which the course is installed: menu "
            "Kernel, Change Kernel."
        )
    else:
        command = _kernel_command()
        if not command:
            return Row(name, "missing", wanted, False, install_command("ipykernel"))
        ok = _is_this_python(command)
        advice = "python -m ipykernel install --sys-prefix"
    return Row(name, wanted if ok else "another environment", wanted, ok, "" if ok else advice)


def _in_kernel() -> bool:
    shell = sys.modules.get("IPython")
    current = shell.get_ipython() if shell is not None else None
    return hasattr(current, "kernel")


def _installed_here() -> bool:
    """Whether the package is installed in the environment of this Python."""
    try:
        place = importlib.metadata.distribution(DISTRIBUTION).locate_file("")
    except importlib.metadata.PackageNotFoundError:
        return False
    roots = [sys.prefix, sys.base_prefix, *site.getsitepackages(), site.getusersitepackages()]
    here = Path(str(place)).resolve()
    if any(here.is_relative_to(Path(root).resolve()) for root in roots):
        return True
    # An environment can be laid over another one: then this Python itself looks there, unasked.
    asked = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    known = [Path(path).resolve() for path in sys.path if path and path not in asked]
    return here in known


def _kernel_command() -> str:
    """Return the program that the kernel `python3` starts; empty if there is none."""
    try:
        specs = import_module("jupyter_client.kernelspec")
    except ImportError:
        return ""
    try:
        return str(specs.get_kernel_spec("python3").argv[0])
    except (specs.NoSuchKernel, IndexError):
        return ""


def _is_this_python(command: str) -> bool:
    # A bare "python" is replaced by Jupyter with the Python that it runs in itself.
    if re.fullmatch(r"python[\d.]*", command):
        return True
    # Links are not followed: the Python of a virtual environment is a link to the one outside.
    return Path(command).absolute().parent == Path(sys.executable).absolute().parent


def _signatures() -> Iterator[Row]:
    """Say whether the saved widgets would be alive; no row if the course is not found."""
    notebooks = import_module(".notebooks", __package__)
    try:
        paths = notebooks.course_notebooks(notebooks.course_folder())
        unsigned = notebooks.untrusted(paths)
    except (OSError, ImportError, notebooks.NotebookError):
        return
    name, wanted = "Signatures of the notebooks", "all signed"
    if unsigned:
        yield Row(
            name,
            "all missing" if len(unsigned) == len(paths) else "some missing",
            wanted,
            True,
            "attention-edu sign; until then a saved widget is a picture until its cell has run.",
        )
    else:
        yield Row(name, wanted, wanted, True)


class _Doctor(ModuleType):
    """The function and this module share the name ``attention_edu.doctor``."""

    def __call__(self) -> Report:
        """Call `doctor`, whichever of the two the name stands for."""
        return doctor()


sys.modules[__name__].__class__ = _Doctor
