"""Pictures made with matplotlib, for pages, prints and wherever a widget cannot live.

Every function returns a `Picture`: a figure that carries a text alternative.
"""

from __future__ import annotations

import io
import warnings
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from numpy.typing import ArrayLike

from attention_edu.attention import as_numbers, shown
from attention_edu.references import REFERENCES, TRACKS, Reference

__all__ = ["COLOURS", "Picture", "bars", "curves", "heat_map", "score_table", "timeline"]

#: Okabe and Ito's colours, in the order in which the course uses them: scores, weights, output.
COLOURS = ("#0072B2", "#C44E00", "#007A5A", "#CC79A7", "#56B4E9", "#E69F00")
_GREY = "#8A8A8A"
_DPI = 144
_SCRIPTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "PingFang SC", "Microsoft YaHei", "Noto Emoji")


class Picture(Figure):
    """A matplotlib figure with a text alternative.

    Parameters
    ----------
    description : str
        One paragraph that says what the picture shows.
    **options
        Passed on to `matplotlib.figure.Figure`.

    Attributes
    ----------
    description : str
        The text alternative. It becomes the alt text of the image in an HTML export.

    Examples
    --------
    >>> picture = Picture("An empty picture.", figsize=(2, 1))
    >>> data, metadata = picture._repr_mimebundle_()
    >>> metadata["image/png"]["alt"]
    'An empty picture.'
    """

    def __init__(self, description: str, **options: Any) -> None:
        super().__init__(dpi=_DPI, layout="constrained", **options)
        FigureCanvasAgg(self)
        self.description = description

    def __repr__(self) -> str:
        """Return the description."""
        return self.description

    def png(self) -> bytes:
        """Return the picture as PNG, the same bytes at every call."""
        target = io.BytesIO()
        with _boxes_for_unknown_signs():
            # Without the program's version the file depends on the picture alone.
            self.savefig(target, format="png", metadata={"Software": None})
        return target.getvalue()

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = self.get_size_inches() * self.dpi
        about = {"alt": self.description, "width": int(width // 2), "height": int(height // 2)}
        image = b64encode(self.png()).decode("ascii")
        return {"image/png": image, "text/plain": self.description}, {"image/png": about}


@contextmanager
def _boxes_for_unknown_signs() -> Iterator[None]:
    """Let a sign that no font here knows become a box; the description still has it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        yield


@cache
def _fonts() -> list[str]:
    """Matplotlib's own font, then those of this machine that know other scripts."""
    known = set(get_font_names())
    return ["DejaVu Sans", *(name for name in _SCRIPTS if name in known)]


def _axes(picture: Picture, *, title: str = "", x: str = "", y: str = "") -> Any:
    axes = picture.subplots()
    axes.set_title(title, fontsize=12, loc="left", parse_math=False)
    axes.set_xlabel(x, fontsize=11, parse_math=False)
    axes.set_ylabel(y, fontsize=11, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _one_row(name: str, given: ArrayLike) -> Any:
    row = as_numbers(name, given, least_axes=1)
    if row.ndim != 1:
        raise ValueError(f"{name}: wants one row of numbers; got shape {row.shape}")
    return row


def _labels(name: str, given: Sequence[str], count: int, *, most: int = 24) -> list[str]:
    labels = [str(label) for label in given]
    if len(labels) != count:
        raise ValueError(f"{name}: wants {count} labels; got {len(labels)}")
    return [label if len(label) <= most else label[: most - 1] + "…" for label in labels]


def bars(
    labels: Sequence[str],
    numbers: ArrayLike,
    *,
    description: str,
    title: str = "",
    axis: str = "",
    colour: str = COLOURS[0],
) -> Picture:
    """Draw one horizontal bar a token.

    Parameters
    ----------
    labels : sequence of str
        The tokens, from top to bottom.
    numbers : array_like, shape (n,)
        Their scores or weights.
    description : str
        The text alternative.
    title, axis : str
        What stands above and below.
    colour : str
        Any colour that matplotlib knows.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If the numbers are none, or their count is not that of the labels.

    Examples
    --------
    >>> picture = bars(["the", "cat"], [0.3, 0.7], description="Weights of two tokens.")
    >>> len(picture.axes)
    1
    """
    heights = _one_row("numbers", numbers)
    names = _labels("labels", labels, len(heights))
    picture = Picture(description, figsize=(6, 0.7 + 0.36 * len(names)))
    axes = _axes(picture, title=title, x=axis)
    places = np.arange(len(names))
    axes.barh(places, heights, color=colour, height=0.7)
    axes.set_yticks(places, names, fontsize=12, fontfamily=_fonts(), parse_math=False)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    return picture


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    numbers: ArrayLike,
    *,
    description: str,
    title: str = "",
    row_axis: str = "query",
    column_axis: str = "key",
) -> Picture:
    """Draw a matrix of scores or weights with its numbers.

    Parameters
    ----------
    rows, columns : sequence of str
        The queries and the keys.
    numbers : array_like, shape (n_query, n_key)
        Scores or weights.
    description : str
        The text alternative.
    title, row_axis, column_axis : str
        What stands above, at the left and below.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If the numbers are none, or do not fit the labels.

    Examples
    --------
    >>> picture = heat_map(["a"], ["b", "c"], [[0.2, 0.8]], description="One row of weights.")
    >>> [text.get_text() for text in picture.axes[0].texts]
    ['0.2', '0.8']
    """
    matrix = as_numbers("numbers", numbers, least_axes=2)
    if matrix.ndim != 2:
        raise ValueError(f"numbers: want shape (n_query, n_key); got {matrix.shape}")
    row_names = _labels("rows", rows, matrix.shape[0])
    column_names = _labels("columns", columns, matrix.shape[1], most=7)
    longest = max(len(name) for name in row_names)
    size = (1.2 + 0.16 * longest + 0.75 * matrix.shape[1], 1.1 + 0.5 * matrix.shape[0])
    picture = Picture(description, figsize=size)
    axes = _axes(picture, title=title, x=column_axis, y=row_axis)
    axes.imshow(matrix, cmap="cividis", aspect="auto")
    for ticks, names in (
        (axes.set_xticks, column_names),
        (axes.set_yticks, row_names),
    ):
        ticks(range(len(names)), names, fontsize=12, fontfamily=_fonts(), parse_math=False)
    middle = (float(matrix.min()) + float(matrix.max())) / 2
    for (i, j), number in np.ndenumerate(matrix):
        ink = "black" if number > middle else "white"
        axes.text(j, i, f"{number:.3g}", ha="center", va="center", color=ink, fontsize=12)
    return picture


def curves(
    x: ArrayLike,
    lines: dict[str, ArrayLike],
    *,
    description: str,
    title: str = "",
    x_axis: str = "",
    y_axis: str = "",
    log_x: bool = False,
) -> Picture:
    """Draw several lines over one axis, each labelled at its end.

    Parameters
    ----------
    x : array_like, shape (n,)
        Where the lines are measured.
    lines : dict of str to array_like, shape (n,)
        Each line by its name.
    description : str
        The text alternative.
    title, x_axis, y_axis : str
        What stands above, below and at the left.
    log_x : bool, default False
        Whether equal steps to the right are equal factors.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If a line is no line of numbers over `x`.

    Examples
    --------
    >>> picture = curves([1, 2], {"cat": [0.5, 0.6]}, description="A line that rises.")
    >>> len(picture.axes[0].lines)
    1
    """
    at = as_numbers("x", x, least_axes=1)
    if not isinstance(lines, dict) or not lines:
        raise TypeError(f"lines: want a dict of names and numbers; got {shown(lines)}")
    picture = Picture(description, figsize=(7, 3.6))
    axes = _axes(picture, title=title, x=x_axis, y=y_axis)
    styles: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (8, 2, 1, 2, 1, 2)))
    drawn = []
    for number, (name, given) in enumerate(lines.items()):
        line = as_numbers(f"lines[{name!r}]", given, least_axes=1)
        if line.shape != at.shape:
            raise ValueError(f"lines[{name!r}]: wants shape {at.shape}, as x; got {line.shape}")
        colour = COLOURS[number % len(COLOURS)]
        style = styles[number % len(styles)]
        drawn += axes.plot(at, line, color=colour, linestyle=style, linewidth=2.2)
    if log_x:
        axes.set_xscale("log")
    places = [f"line {number}" for number in range(len(drawn))]
    legend = axes.legend(
        drawn, places, frameon=False, fontsize=11, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    for text, name in zip(legend.get_texts(), lines):
        text.set(text=str(name), parse_math=False)  # any name, also one that begins with _ or $
    for line, name in zip(drawn, lines):
        line.set_label(str(name))
    return picture


def score_table(
    tokens: Sequence[str],
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    values: ArrayLike | None = None,
    output: ArrayLike | None = None,
    *,
    mask: Sequence[bool] | None = None,
    description: str,
) -> Picture:
    """Draw the three steps as a table of bars: one row a token, one column a step.

    Parameters
    ----------
    tokens : sequence of str
        The rows.
    scores : array_like, shape (n,)
        Step 1; -inf is left empty.
    weights : array_like, shape (n,), optional
        Step 2.
    values : array_like, shape (n, d), optional
        What is summed in step 3.
    output : array_like, shape (d,), optional
        The sum.
    mask : sequence of bool, optional
        True = may attend; other rows are hatched.
    description : str
        The text alternative.

    Returns
    -------
    Picture

    Examples
    --------
    >>> picture = score_table(["a", "b"], [0, 1], [0.3, 0.7], description="Two tokens.")
    >>> len(picture.axes)
    2
    """
    most = 24
    count = min(len(tokens), most)
    for name, given in (("scores", scores), ("weights", weights)):
        if given is not None and np.shape(given) != (len(tokens),):
            raise ValueError(
                f"{name}: want one number for each of the {len(tokens)} tokens; "
                f"got shape {np.shape(given)}"
            )
    names = _labels("tokens", list(tokens)[:most], count)
    allowed = [True] * count if mask is None else [bool(may) for may in list(mask)[:most]]
    show_output = values is not None and weights is not None and output is not None
    columns = 1 + (weights is not None) + show_output
    size = (2.2 + 2.6 * columns, 1.1 + 0.36 * count + (0.3 if len(tokens) > most else 0))
    picture = Picture(description, figsize=size)
    axes = np.atleast_1d(picture.subplots(1, columns, sharey=True))
    places = np.arange(count)
    finite = np.asarray(scores, dtype=float)[:most]
    finite = np.where(np.isfinite(finite), finite, np.nan)
    column = [("1  score", finite, COLOURS[0])]
    if weights is not None:
        column.append(("2  weight", np.asarray(weights, dtype=float)[:most], COLOURS[1]))
    for axis, (title, lengths, colour) in zip(axes, column):
        # Beyond ±1e100 matplotlib's own arithmetic overflows; the numbers beside the bars stay.
        ends = np.clip(lengths, -1e100, 1e100)
        drawn = axis.barh(places, ends, color=colour, height=0.62)
        for bar, may in zip(drawn, allowed):
            if not may:
                bar.set(facecolor="white", edgecolor=_GREY, hatch="////")
        axis.set_title(title, fontsize=12, loc="left")
        axis.axvline(0, color="black", linewidth=0.8)
        for place, length, end in zip(places, lengths, ends):
            number = f"{100 * length:.1f} %" if colour == COLOURS[1] else f"{length:.3g}"
            number = "−∞" if np.isnan(length) else number.replace("-", "−")
            axis.annotate(
                number,
                (0 if np.isnan(length) else max(end, 0), place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=11,
            )
        axis.margins(x=0.3)
    if show_output:
        _draw_products(
            axes[-1], places, np.asarray(weights), np.asarray(values), np.asarray(output)
        )
    for axis in axes:
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(left=False)
        axis.set_xticks([])
        axis.spines["bottom"].set_visible(False)
    axes[0].set_yticks(places, names, fontsize=12, fontfamily=_fonts(), parse_math=False)
    axes[0].set_ylim(count - 0.4, -0.6)
    if len(tokens) > most:
        picture.supxlabel(f"… and {len(tokens) - most} more tokens", fontsize=11)
    if show_output:
        # A second run makes room for what the first one's narrower columns push over the edge.
        with _boxes_for_unknown_signs():
            picture.draw_without_rendering()
    return picture


def _draw_products(axis: Any, places: Any, weights: Any, values: Any, output: Any) -> None:
    """Draw weight × value, one block a component, and name the sum."""
    width = min(values.shape[1], 16)
    products = (weights[:, None] * values)[: len(places), :width]
    largest = np.abs(values).max() or 1.0
    for c in range(width):
        axis.bar(
            np.full(len(places), float(c)),
            -0.42 * products[:, c] / largest,
            bottom=places,
            width=0.8,
            color=COLOURS[2],
        )
    for place, product in zip(places, weights[:, None] * values):
        axis.plot([-0.5, width - 0.5], [place, place], color=_GREY, linewidth=0.6)
        axis.text(width - 0.2, place, _vector(product), va="center", fontsize=11)
    axis.set_title("3  weight × value", fontsize=12, loc="left")
    # No label of the axis: the layout would not make room for the whole width of one.
    axis.annotate(
        f"Σ = output {_vector(output)}",
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -4),
        textcoords="offset points",
        va="top",
        fontsize=12,
        annotation_clip=False,
    )
    axis.set_xlim(-0.6, width + 2 + 0.6 * min(width, 4))


def _vector(numbers: Any) -> str:
    """Write the first components as text."""
    told = [f"{x:.2f}" for x in numbers[:4]] + (["…"] if len(numbers) > 4 else [])
    return f"({', '.join(told)})".replace("-", "−")


def timeline(
    references: Iterable[Reference] | None = None,
    *,
    title: str = "Weighting what matters is old; learning what to weight is new",
    description: str | None = None,
) -> Picture:
    """Draw who added what and when: psychology, statistics and machines side by side.

    The years run downwards, and only years with a work have a line. Below the last year in which
    the other two tracks have a work, the machines get the whole width, under a
    head of its own. A filled dot stands for a work on attention whose scores are learned; weights
    are computed everywhere.

    Parameters
    ----------
    references : iterable of Reference, optional
        What to draw; as a rule every work of `attention_edu.references.REFERENCES` with a track.
    title : str
        What stands above.
    description : str, optional
        The text alternative; as a rule all the works in words, made from the data.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If something is no `Reference`, has no track, or there is nothing to draw.

    Examples
    --------
    >>> works = [REFERENCES["cherry1953"], REFERENCES["luong2015"]]
    >>> timeline(works, title="Early and late").description[:57]
    'Early and late. Psychology: 1953 Cherry (cocktail party).'
    """
    works = _dated(references)
    picture = Picture(description or _timeline_in_words(works, title))
    entries = {work.key: _entry(work) for work in works}
    widths = {key: _width(picture, label, 11) for key, (label, _) in entries.items()}
    widest = max(widths[key] + _width(picture, name, 10) for key, (_, name) in entries.items())
    left, column = 0.72, max(widest + 0.45, 3.05)
    ticks, places, turn, bottom = _timeline_places(works)
    width = left + len(TRACKS) * column
    height = bottom + 0.32
    picture.set_size_inches(width, height)
    picture.set_layout_engine("none")  # the axes measure inches
    axes = picture.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    axes.text(0.1, 0.24, title, fontsize=13, va="center", parse_math=False)
    for number, (head, colour) in enumerate(zip(_TRACK_HEADS, _TRACK_COLOURS)):
        sides = [left + number * column, left + (number + 1) * column]
        axes.fill_between(sides, 0.45, turn, color=colour, alpha=0.09, linewidth=0)
        axes.text(sides[0] + 0.1, 0.62, head, fontsize=11, color=colour, va="center", weight="bold")
    # Below the turn there are only machines.
    axes.fill_between([left, width], turn, bottom, color=colour, alpha=0.09, linewidth=0)
    if turn < bottom:
        head = f"{_ALONE_HEAD} {next(year for year, y in ticks if y > turn)}"
        below = turn + 0.17
        axes.text(left + 0.1, below, head, fontsize=11, color=colour, va="center", weight="bold")
    axes.text(left + 0.05, bottom + 0.16, _TIMELINE_KEY, fontsize=10, color="#555555", va="center")
    for year, y in ticks:
        axes.text(0.1, y, str(year), fontsize=11, va="center", weight="bold")
    for work, (place, y) in zip(works, places):
        x, colour = left + place * column, _TRACK_COLOURS[TRACKS.index(work.track)]
        inside = colour if work.track == TRACKS[-1] else "white"
        axes.plot(x + 0.13, y, "o", color=colour, markerfacecolor=inside, ms=6, mew=1.6)
        label, name = entries[work.key]
        axes.text(x + 0.26, y, label, fontsize=11, va="center", parse_math=False)
        after = x + 0.34 + widths[work.key]
        axes.text(after, y, name, fontsize=10, va="center", color="#555555", parse_math=False)
    return picture


#: Psychology, statistics, machines.
_TRACK_COLOURS = (COLOURS[0], COLOURS[2], COLOURS[1])
_TRACK_HEADS = (
    "Psychology: what people select",
    "Statistics: weights by formula",
    "Machines: scores are learned",
)
_ALONE_HEAD = "Machines, in all columns from"
_TIMELINE_KEY = (
    "○ on attention as found or designed    ● on attention whose scores are learned    "
    "Years without a work here are left out."
)


def _dated(references: Iterable[Reference] | None) -> list[Reference]:
    """Return the works to draw by year, or say what is wrong with them."""
    if references is None:
        works = [work for work in REFERENCES.values() if work.track]
    else:
        works = list(references)
    for work in works:
        if not isinstance(work, Reference):
            raise TypeError(f"references: want entries of REFERENCES; got {shown(work)}")
        if work.track not in TRACKS:
            raise ValueError(
                f"references: {work.key} has no track; a timeline wants one of {', '.join(TRACKS)}"
            )
    if not works:
        raise ValueError("references: wants at least one work")
    return sorted(works, key=lambda work: work.year)


def _entry(work: Reference) -> tuple[str, str]:
    """Say what a work added, and name its authors as shortly as can be."""
    families = [author.partition(",")[0] for author in work.authors]
    name = " & ".join(families) if len(families) < 3 else f"{families[0]} et al."
    return work.label, name.replace(" & et al.", " et al.")


def _timeline_places(
    works: list[Reference],
) -> tuple[list[tuple[int, float]], list[tuple[int, float]], float, float]:
    """Place the years, then each work by column and height, in inches from the top.

    Also returned are the height at which the machines get the whole width, and the last one.
    """
    step, y = 0.255, 0.92
    others = max((work.year for work in works if work.track != TRACKS[-1]), default=0)
    ticks: list[tuple[int, float]] = []
    place: dict[str, tuple[int, float]] = {}
    turn = None
    for year in sorted({work.year for work in works}):
        if ticks and year - ticks[-1][0] > 4:
            y += 0.4 * step
        if year > others and turn is None:
            turn, y = y - 0.5 * step, y + 1.1 * step
        ticks.append((year, y))
        now = [work for work in works if work.year == year]
        if year > others:
            spots = [divmod(number, len(TRACKS)) for number in range(len(now))]
        else:
            tracks = [work.track for work in now]
            spots = [
                (tracks[:number].count(track), TRACKS.index(track))
                for number, track in enumerate(tracks)
            ]
        place.update(
            {work.key: (column, y + step * line) for work, (line, column) in zip(now, spots)}
        )
        y += step * (1 + max(line for line, _ in spots))
    return ticks, [place[work.key] for work in works], y if turn is None else turn, y


def _timeline_in_words(works: list[Reference], title: str) -> str:
    tracks = []
    for track in TRACKS:
        told = [
            f"{work.year} {name} ({label})"
            for work in works
            if work.track == track
            for label, name in [_entry(work)]
        ]
        if told:
            tracks.append(f"{track.capitalize()}: {', '.join(told)}.")
    return f"{title}. {' '.join(tracks)}"


def _width(picture: Picture, text: str, size: float) -> float:
    """Measure a text in inches."""
    drawn = picture.text(0, 0, text, fontsize=size, parse_math=False)
    width = drawn.get_window_extent().width / picture.dpi
    drawn.remove()
    return float(width)
