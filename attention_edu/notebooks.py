"""Find, sign, re-execute and normalise the notebooks of the course.

A notebook is kept like code: `refresh` runs it from a fresh kernel and writes it in one normal
form, so that doing so twice gives the same bytes. Every identifier that Jupyter draws at random
is replaced by one that follows from the notebook's name and the order of appearance.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from attention_edu.record import SWITCH

__all__ = [
    "FIRST_NOTEBOOK",
    "NotebookError",
    "Refreshed",
    "course_folder",
    "course_notebooks",
    "find_notebooks",
    "normalise",
    "refresh",
    "refreshing",
    "sign",
    "untrusted",
]

FIRST_NOTEBOOK = "00_start_here.ipynb"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_COURSE_NAME = re.compile(r"\d\d_.*\.ipynb")
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ADDRESS = re.compile(r"\b0x7f[0-9a-fA-F]{6,}|\bat 0x[0-9a-fA-F]{6,}")
_FOREIGN_PATH = re.compile(r"(?<![\w.])(?:/(?:home|Users|root)/|[A-Z]:\\+Users\\)|ipykernel_\d+")
_REFERENCES = ("IPY_MODEL_", "anywidget:", "")
_LINKS = ("LinkModel", "DirectionalLinkModel")
_NOT_TEXT = ("image/png", "image/jpeg", "image/gif", "application/pdf", WIDGET_VIEW)


class NotebookError(RuntimeError):
    """A notebook cannot be kept as it is; the message names the notebook and the cell."""


class Refreshed(NamedTuple):
    """What `refresh` found out about one notebook.

    Attributes
    ----------
    path : Path
        The notebook.
    changed : bool
        Whether its normal form differs from the file as it was.
    where : str
        Where the first difference is; empty if there is none.
    """

    path: Path
    changed: bool
    where: str = ""


# ---------------------------------------------------------------------------------------------
# Find
# ---------------------------------------------------------------------------------------------


def course_folder() -> Path:
    """Find the folder of the course's notebooks.

    It is the folder ``notebooks`` beside the package, else the one in the current folder, else
    the current folder itself: the first of them that holds ``00_start_here.ipynb``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileNotFoundError
        If none of them holds that notebook.

    Examples
    --------
    >>> course_folder().name  # doctest: +SKIP
    'notebooks'
    """
    here = Path.cwd()
    for folder in (Path(__file__).parent.parent / "notebooks", here / "notebooks", here):
        if (folder / FIRST_NOTEBOOK).is_file():
            return folder
    raise FileNotFoundError(
        f"the notebooks of the course were not found: want {FIRST_NOTEBOOK} in the folder "
        "'notebooks' beside the package, in 'notebooks' in the current folder, or in the "
        "current folder. Change to the course's folder and try again."
    )


def course_notebooks(folder: str | os.PathLike[str]) -> list[Path]:
    """List the notebooks of the course, in the order in which they are taught.

    Parameters
    ----------
    folder : path
        The folder in which they are, as `course_folder` gives it.

    Returns
    -------
    list of Path
        The files whose names begin with two digits and an underscore, sorted.

    Raises
    ------
    NotADirectoryError
        If `folder` is not a folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"folder: wants a folder with notebooks; got {str(folder)!r}")
    return sorted(path for path in folder.iterdir() if _COURSE_NAME.fullmatch(path.name))


def find_notebooks(names: Sequence[str], folder: Path | None = None) -> list[Path]:
    """Turn names of notebooks into paths.

    Parameters
    ----------
    names : sequence of str
        Paths, file names or names without ``.ipynb`` of notebooks in `folder`. None given means
        all notebooks of the course.
    folder : Path, optional
        Where the course is; looked for if not given and needed.

    Returns
    -------
    list of Path
        One path for each name.

    Raises
    ------
    FileNotFoundError
        If there is no such notebook; the message lists those that there are.
    """
    if not names:
        return course_notebooks(folder or course_folder())
    found = []
    for name in names:
        path = Path(name)
        if not (path.suffix == ".ipynb" and path.is_file()):
            folder = folder or course_folder()
            path = folder / (path.name if path.suffix == ".ipynb" else f"{path.name}.ipynb")
        if not path.is_file():
            known = ", ".join(one.stem for one in course_notebooks(path.parent)) or "none"
            raise FileNotFoundError(f"names: want notebooks of the course ({known}); got {name!r}")
        found.append(path)
    return found


# ---------------------------------------------------------------------------------------------
# Sign
# ---------------------------------------------------------------------------------------------


def sign(paths: Iterable[str | os.PathLike[str]]) -> int:
    """Sign notebooks in Jupyter's own trust store, so that their saved widgets are alive.

    Parameters
    ----------
    paths : iterable of paths
        The notebooks. Their files are not changed.

    Returns
    -------
    int
        How many were signed.

    Raises
    ------
    OSError
        If a notebook cannot be read, or the signatures cannot be kept.
    NotebookError
        If a file is not a notebook.
    ImportError
        If nbformat is not installed.
    """
    files = [Path(path) for path in paths]
    notebooks = [_read(path) for path in files]
    notary = _notary(make=True)
    try:
        for notebook in notebooks:
            notary.sign(notebook)
    finally:
        notary.store.close()
    # Where its database cannot be opened, nbformat goes on in memory, and forgets.
    if untrusted(files):
        raise OSError(
            "the signatures could not be kept: Jupyter's data folder cannot be written to"
        )
    return len(notebooks)


def untrusted(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """List the notebooks that are not signed in Jupyter's trust store.

    Parameters
    ----------
    paths : iterable of paths
        The notebooks.

    Returns
    -------
    list of Path
        Those of them whose widgets Jupyter would not show before their cells have run.

    Raises
    ------
    NotebookError
        If a file is not a notebook.
    ImportError
        If nbformat is not installed.
    """
    notary = _notary(make=False)
    if notary is None:
        return [Path(path) for path in paths]
    try:
        return [Path(path) for path in paths if not notary.check_signature(_read(Path(path)))]
    finally:
        notary.store.close()


def _notary(*, make: bool) -> Any:
    """Open Jupyter's trust store; None if there is none yet and none shall be made."""
    folder = Path(import_module("jupyter_core.paths").jupyter_data_dir())
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        return None
    return import_module("nbformat.sign").NotebookNotary()


def _read(path: Path) -> Any:
    nbformat: Any = import_module("nbformat")
    try:
        return nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise NotebookError(f"{path.name}: wants a Jupyter notebook; {reason}") from error


# ---------------------------------------------------------------------------------------------
# Re-execute
# ---------------------------------------------------------------------------------------------


def refresh(paths: Iterable[str | os.PathLike[str]], check: bool = False) -> list[Refreshed]:
    """Run notebooks from a fresh kernel each and bring them to their normal form.

    Parameters
    ----------
    paths : iterable of paths
        The notebooks. Each runs in its own folder.
    check : bool, default False
        Only find out whether the files would change; write none of them.

    Returns
    -------
    list of Refreshed
        One for each notebook, in the same order.

    Raises
    ------
    NotebookError
        If a cell fails that is not tagged ``raises-exception``, or an output holds something
        that differs from machine to machine. The file then stays as it was.
    ImportError
        If nbclient or nbformat is not installed.

    Notes
    -----
    A notebook that was written is signed. The other notebooks of a course are signed first, so
    that what a cell says about them does not depend on when it was last run.

    Examples
    --------
    >>> refresh(course_notebooks("notebooks"), check=True)  # doctest: +SKIP
    [Refreshed(path=PosixPath('notebooks/00_start_here.ipynb'), changed=False, where='')]
    """
    return list(refreshing(paths, check))


def refreshing(paths: Iterable[str | os.PathLike[str]], check: bool = False) -> Iterator[Refreshed]:
    """Do what `refresh` does, and tell about each notebook as soon as it is done.

    Parameters
    ----------
    paths : iterable of paths
        The notebooks.
    check : bool, default False
        Only find out whether the files would change; write none of them.

    Yields
    ------
    Refreshed
        One for each notebook, in the same order.

    Raises
    ------
    NotebookError
        As `refresh` does; the notebooks before it are written by then.
    """
    files = [Path(path) for path in paths]
    for folder in dict.fromkeys(path.parent for path in files):
        if (folder / FIRST_NOTEBOOK).is_file():
            sign(course_notebooks(folder))
    for path in files:
        yield _refresh_one(path, check)


def _refresh_one(path: Path, check: bool) -> Refreshed:
    nbformat: Any = import_module("nbformat")
    before = path.read_bytes()
    notebook = _with_cell_ids(before, path)
    _execute(notebook, path)
    normalise(notebook, path.stem)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise NotebookError(f"{path.name}: {str(error).splitlines()[0]}") from error
    text: str = nbformat.writes(notebook)
    after = (text.rstrip("\n") + "\n").encode("utf-8")
    changed = after != before
    where = _first_difference(before, after) if changed else ""
    if changed and not check:
        _write(path, after)
    if not check:
        sign([path])
    return Refreshed(path, changed, where)


def _with_cell_ids(content: bytes, path: Path) -> Any:
    """Read a notebook; nbformat would give cells without an id a random one."""
    nbformat: Any = import_module("nbformat")
    try:
        raw = json.loads(content)
        cells = raw["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotebookError(f"{path.name}: wants a Jupyter notebook of version 4") from error
    _name_cells(cells, path.stem)
    raw["nbformat_minor"] = max(5, raw.get("nbformat_minor", 0))
    return nbformat.reads(json.dumps(raw), as_version=4)


def _execute(notebook: Any, path: Path) -> None:
    """Run all cells; the state of the widgets ends up in the notebook's metadata."""
    nbclient: Any = import_module("nbclient")
    failures: Any = import_module("nbclient.exceptions")
    specs: Any = import_module("jupyter_client.kernelspec")
    notebook.metadata.pop("widgets", None)
    running = {"number": 0}
    client = nbclient.NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=True,
        resources={"metadata": {"path": str(path.parent.resolve())}},
        on_cell_start=lambda cell, cell_index: running.update(number=cell_index + 1),
    )
    try:
        client.execute(env={**os.environ, SWITCH: "off"})  # whose progress would be saved?
    except failures.CellExecutionError as error:
        raise NotebookError(
            f"{path.name}, cell {running['number']}: raised {error.ename}: {error.evalue}. Only "
            "cells tagged 'raises-exception' may fail."
        ) from error
    except specs.NoSuchKernel as error:
        raise NotebookError(
            f"{path.name}: wants the kernel 'python3', and there is none. Make one with: "
            "python -m ipykernel install --sys-prefix"
        ) from error
    except failures.DeadKernelError as error:
        raise NotebookError(
            f"{path.name}, cell {running['number']}: the kernel ended while it ran"
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step: it is never half written."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _first_difference(before: bytes, after: bytes) -> str:
    """Say where two versions of a notebook begin to differ."""
    old, new = json.loads(before), json.loads(after)
    for number, (one, other) in enumerate(zip(old["cells"], new["cells"]), start=1):
        for part in sorted({*one, *other}):
            if one.get(part) != other.get(part):
                return f"cell {number}, {part.replace('_', ' ')}"
    if len(old["cells"]) != len(new["cells"]):
        return "number of cells"
    for part in sorted({*old["metadata"], *new["metadata"]}):
        if old["metadata"].get(part) != new["metadata"].get(part):
            return f"metadata, {part}"
    return "layout of the file"


# ---------------------------------------------------------------------------------------------
# Normalise
# ---------------------------------------------------------------------------------------------


def normalise(nb: Any, name: str) -> Any:
    """Bring an executed notebook to its normal form, in place.

    Parameters
    ----------
    nb : NotebookNode
        The notebook, of format 4.
    name : str
        Its name without ``.ipynb``; identifiers are made from it.

    Returns
    -------
    NotebookNode
        The same object.

    Raises
    ------
    NotebookError
        If an output holds a path or an address of this machine, an error stands in a cell not
        tagged ``raises-exception``, or an output shows a widget that was closed.

    Notes
    -----
    Doing it twice changes nothing. Links between widgets are kept, and every model that an
    output shows, directly or through other models; models that nothing shows are dropped.

    Examples
    --------
    >>> import nbformat.v4 as v4
    >>> notebook = v4.new_notebook(cells=[v4.new_code_cell("1 + 1", execution_count=7)])
    >>> normalise(notebook, "02_scores").cells[0].execution_count
    1
    """
    nb.nbformat, nb.nbformat_minor = 4, max(5, nb.nbformat_minor)
    nb.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nb.metadata["language_info"] = {"name": "python"}
    nb.metadata.pop("signature", None)
    _name_cells(nb.cells, name)
    count = 0
    for number, cell in enumerate(nb.cells, start=1):
        for key in ("execution", "ExecuteTime", "trusted"):
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        where = f"{name}.ipynb, cell {number}"
        ran = cell.source.strip() and "skip-execution" not in cell.metadata.get("tags", [])
        count += bool(ran)
        cell.execution_count = count if ran else None
        cell.outputs = _merge_streams(cell.outputs)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = cell.execution_count
            _refuse_error(output, cell, where)
            for part, text in _texts(output):
                _refuse_machine(text, f"{where}, {part}")
    _name_widgets(nb, name)
    return nb


def _name_cells(cells: list[Any], name: str) -> None:
    """Keep the ids that are valid and come first; make the others from the cell's position."""
    taken: set[str] = set()
    unnamed = []
    for number, cell in enumerate(cells, start=1):
        given = cell.get("id")
        if isinstance(given, str) and _CELL_ID.fullmatch(given) and given not in taken:
            taken.add(given)
        else:
            unnamed.append((number, cell))
    stem = re.sub(r"[^a-zA-Z0-9_-]", "-", name)[:48]
    for number, cell in unnamed:
        new = f"{stem}-{number:03d}"
        while new in taken:
            new += "x"
        cell["id"] = new
        taken.add(new)


def _merge_streams(outputs: list[Any]) -> list[Any]:
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _refuse_error(output: Any, cell: Any, where: str) -> None:
    if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
        raise NotebookError(
            f"{where}: holds {output.ename}: {output.evalue}. Only cells tagged "
            "'raises-exception' may fail."
        )


def _texts(output: Any) -> Iterator[tuple[str, str]]:
    """Give every text of an output that a reader could see, with what it is."""
    if output.output_type == "stream":
        yield output.name, output.text
    elif output.output_type == "error":
        yield "error", "\n".join([output.evalue, *output.traceback])
    else:
        for kind, data in output.data.items():
            if kind not in _NOT_TEXT:
                yield kind, data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        yield "metadata", json.dumps(output.metadata, ensure_ascii=False)


def _machine_paths() -> list[str]:
    """List the folders that are there on this machine only."""
    places = [
        Path.home(),
        Path.cwd(),
        Path(__file__).parent.parent,
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(tempfile.gettempdir()),
    ]
    texts = {str(form) for place in places for form in (place, place.resolve())}
    # A short one such as "/" or "/usr" would be found in texts that are about something else.
    return sorted(text for text in texts if len(Path(text).parts) > 2 or text == "/tmp")


def _refuse_machine(text: str, where: str) -> None:
    """Refuse what differs from machine to machine or from run to run."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    found = _ADDRESS.search(plain) or _FOREIGN_PATH.search(plain)
    shown = found.group() if found else ""
    if not found:
        for path in _machine_paths():
            if re.search(rf"(?<![\w.]){re.escape(path)}(?![\w-])", plain):
                shown = path
                break
    if shown:
        start = plain.index(shown)
        line = plain[plain.rfind("\n", 0, start) + 1 :].split("\n", 1)[0].strip()
        raise NotebookError(
            f"{where}: wants text that is the same on every machine and in every run; got "
            f"{shown!r} in {line[:160]!r}. Change the cell so that it does not show it."
        )


def _name_widgets(nb: Any, name: str) -> None:
    """Give widget models ids that follow from the notebook, everywhere at once."""
    saved: dict[str, Any] = nb.metadata.pop("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    views = []
    for number, cell in enumerate(nb.cells, start=1):
        for output in cell.get("outputs", []):
            view = output.get("data", {}).get(WIDGET_VIEW)
            if view is None:
                continue
            if view.get("model_id") not in saved:
                raise NotebookError(
                    f"{name}.ipynb, cell {number}: shows a widget whose state was not saved, "
                    "for instance because a later cell closed it"
                )
            views.append(view)
    order = shown_models(views, saved)
    for model in order:
        for key, value in saved[model]["state"].items():
            if key not in ("_esm", "_css", "_code"):
                where = f"{name}.ipynb, widget {saved[model]['model_name']}, {key!r}"
                _refuse_machine(json.dumps(value, ensure_ascii=False), where)
    ids = {
        old: uuid.uuid5(uuid.NAMESPACE_OID, f"attention_edu/{name}/{number}").hex
        for number, old in enumerate(order)
    }
    for view in views:
        view["model_id"] = ids[view["model_id"]]
    state = {ids[old]: _renamed(saved[old], ids) for old in order}
    for entry in state.values():
        entry.get("buffers", []).sort(key=lambda buffer: json.dumps(buffer["path"]))
    if state:
        nb.metadata["widgets"] = {
            WIDGET_STATE: {
                "state": {key: state[key] for key in sorted(state)},
                "version_major": 2,
                "version_minor": 0,
            }
        }


def shown_models(views: list[Any], saved: dict[str, Any]) -> list[str]:
    """List the models that outputs show, in order of appearance, then the links between them."""
    order: list[str] = []

    def visit(value: Any) -> None:
        for model in _references(value, saved):
            if model not in order:
                order.append(model)
                visit(saved[model])

    visit(views)
    # No output shows a link, but it works on models that are shown.
    shown = {model: str(place) for place, model in enumerate(order)}
    links = [
        model
        for model, entry in saved.items()
        if entry["model_name"] in _LINKS and any(_references(entry, shown))
    ]
    for model in sorted(links, key=lambda model: json.dumps(_renamed(saved[model], shown))):
        visit([model])
    return order


def _reference(text: str, known: Iterable[str]) -> tuple[str, str] | None:
    """Split a text that refers to a widget model into what stands before the id, and the id."""
    for prefix in _REFERENCES:
        if text.startswith(prefix) and text[len(prefix) :] in known:
            return prefix, text[len(prefix) :]
    return None


def _references(value: Any, known: dict[str, Any]) -> Iterator[str]:
    """Give the models that a value refers to, in a fixed order."""
    if isinstance(value, str):
        reference = _reference(value, known)
        if reference:
            yield reference[1]
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _references(value[key], known)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, known)


def _renamed(value: Any, ids: dict[str, str]) -> Any:
    """Copy a value with new ids of models, and its keys in order."""
    if isinstance(value, str):
        reference = _reference(value, ids)
        return reference[0] + ids[reference[1]] if reference else value
    if isinstance(value, dict):
        return {key: _renamed(value[key], ids) for key in sorted(value)}
    if isinstance(value, list):
        return [_renamed(item, ids) for item in value]
    return value
