"""A query, keys and values in the plane: drag an arrow; scores, weights and output answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from attention_edu.attention import (
    FloatArray,
    as_mask,
    as_number,
    as_numbers,
    dot_product_scores,
    mask_scores,
    shown,
    softmax,
    weighted_sum,
)

from .base import (
    Checked,
    Explorer,
    Numbers,
    as_choice,
    as_function,
    as_language,
    as_one_of,
    as_temperature,
    as_title,
    as_token_mask,
    as_tokens,
    code,
    encode,
    strings,
    style,
)

if TYPE_CHECKING:
    from attention_edu.figures import Picture

SCORES = ("dot", "scaled", "cosine")
CONTROLS = ("score", "temperature", "mask", "reset")
MOST_KEYS = 24
MOST_COORDINATE = 1e6
LEAST_WIDTH = 1e-3
DESCRIBED_KEYS = 12
_SCALES = {"dot": 1.0, "scaled": 1 / math.sqrt(2)}  # d = 2
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def compare(query: FloatArray, keys: FloatArray, score: str) -> FloatArray:
    """Score keys of shape (n, 2) for one query of shape (2,) in one of the ways of `SCORES`."""
    if score == "cosine":
        (scores,) = dot_product_scores(_unit(query[None, :]), _unit(keys))
    else:
        (scores,) = dot_product_scores(query[None, :], keys, scale=_SCALES[score])
    return np.array(scores)


def _unit(vectors: FloatArray) -> FloatArray:
    """Divide rows by their lengths; a row of zeros stays."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    near = vectors / np.where(largest == 0, 1.0, largest)  # so that no tiny number is squared
    lengths = np.hypot(near[:, :1], near[:, 1:])
    return np.asarray(near / np.where(lengths == 0, 1.0, lengths))


# ---------------------------------------------------------------------------------------------
# What fits
# ---------------------------------------------------------------------------------------------


def _vectors(name: str, given: Any, shape: tuple[int | None, ...]) -> FloatArray:
    """Return numbers of a shape, in which None stands for 1 to 24, or say what is wrong."""
    array = as_numbers(name, given, least_axes=len(shape))
    _fit(name, array, shape)
    return array.astype(np.float64)


def _fit(name: str, array: FloatArray, shape: tuple[int | None, ...]) -> None:
    verb = "wants" if name in ("query", "target") else "want"
    fits = array.ndim == len(shape) and all(
        have == want if want is not None else have <= MOST_KEYS
        for have, want in zip(array.shape, shape)
    )
    if not fits:
        wanted = f"shape {shape}" if None not in shape else f"shape (n, 2), n at most {MOST_KEYS}"
        raise ValueError(f"{name}: {verb} {wanted}; got shape {array.shape}")
    far = ~(np.abs(array) <= MOST_COORDINATE)
    if far.any():
        raise ValueError(
            f"{name}: {verb} numbers from {-MOST_COORDINATE:g} to {MOST_COORDINATE:g}; "
            f"got {array[far][0]}"
        )


def _check_query(explorer: Any, query: FloatArray | None) -> None:
    if query is not None:
        _fit("query", query, (2,))
    elif explorer.made:
        raise TypeError("query: wants two numbers; got None")


def _check_keys(explorer: Any, keys: FloatArray | None) -> None:
    if keys is not None:
        _fit("keys", keys, (len(explorer.tokens), 2))
    elif explorer.made:
        raise TypeError("keys: want numbers; got None")


def _check_values(explorer: Any, values: FloatArray | None) -> None:
    if values is None:
        if explorer.made:
            raise TypeError("values: want numbers; got None")
        return
    _fit("values", values, (len(explorer.tokens), 2))
    if explorer.made and explorer._joined and not np.array_equal(values, explorer.keys):
        raise ValueError(
            "values: want to be the keys, for the explorer was made without values; "
            f"got {shown(values.tolist())}"
        )


def _score(name: str, given: Any, _explorer: Any) -> str:
    return as_one_of(name, given, SCORES)


class _WithKeys(Explorer):
    """An explorer whose `keys` are vectors.

    To every other widget of ipywidgets, `keys` is the list of its synchronised traits' names. What
    asks for that list there is told here without it.
    """

    @traitlets.default("keys")
    def _default_keys(self) -> None:
        """Have no vectors before they are given."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """Return the state that is sent to the page, or a part of it."""
        return super().get_state(
            list(self.traits(sync=True)) if key is None else key, drop_defaults
        )

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the page sent; nothing of it is ever echoed."""
        with self._lock_property(**sync_data), self.hold_trait_notifications():
            for name, sent in sync_data.items():
                if name in self.traits(sync=True):
                    decode = self.trait_metadata(name, "from_json", self._trait_from_json)
                    self.set_trait(name, decode(sent, self))

    def add_traits(self, **traits: Any) -> None:
        """Add traits, of which anywidget has some."""
        traitlets.HasTraits.add_traits(self, **traits)
        self.send_state([name for name in traits if self.trait_metadata(name, "sync")])

    def notify_change(self, change: Any) -> None:
        """Send what changed to the page, then tell those who observe it."""
        name = change["name"]
        listens = self.comm is not None and getattr(self.comm, "kernel", True) is not None
        if listens and self.trait_metadata(name, "sync"):  # noqa: SIM102 - the question has effects
            if self._should_send_property(name, getattr(self, name)):
                self.send_state(key=name)
        traitlets.HasTraits.notify_change(self, change)


class VectorExplorer(_WithKeys):
    """The plane: a query, keys and values to be dragged; scores, weights and output follow.

    Parameters
    ----------
    keys : array_like, shape (n, 2)
        One key a token, 1 to 24 of them. Coordinates of everything are within ±1e6.
    query : array_like, shape (2,), optional
        (1, 0) unless given.
    values : array_like, shape (n, 2), optional
        One value a token. Unless given, every key is its own value: they are drawn once, and
        moving a key moves its value.
    tokens : sequence of str, optional
        Their labels, 1,000 characters each at most; A, B, C and so on unless given.
    score : {'dot', 'scaled', 'cosine'}, default 'dot'
        How a key is scored: by its dot product with the query, by that divided by √d = √2, or by
        the cosine of the angle between the two (0 for a vector without length).
    scores : callable, optional
        Your own step 1 instead: takes the query, shape (2,), and the keys, shape (n, 2), and
        returns the scores, shape (n,). `score` then changes nothing.
    temperature : float, default 1.0
        Scores are divided by it before softmax.
    mask : array_like of bool, shape (n,), optional
        True = may attend.
    target : pair of float, optional
        Puts a star in the plane, for the output to reach.
    controls : sequence of str, optional
        What else can be tried, of 'score', 'temperature', 'mask' and 'reset'. All unless given.
    limits : pair of float, optional
        Where both axes begin and end; fits everything unless given. Arrows cannot be dragged
        beyond.
    title : str, optional
        The widget's name for screen readers.
    language : str, default 'en'
        The language of its words.

    Attributes
    ----------
    query, keys, values, score, temperature, mask
        As above; assign to them and the picture moves.
    scores : ndarray, shape (n,)
        What step 1 gives for the present state, before the mask, also right after a drag.
    weights : ndarray, shape (n,)
        What step 2 gives.
    output : ndarray, shape (2,)
        What step 3 gives: never outside the convex hull of the values that have weight.
    distance_to_target : float or None
        How far the output is from the target; None without one.
    tolerance : float
        The target is reached where `distance_to_target` is at most this: an eightieth of the
        plane's width, rounded to one digit.
    error, printed : str
        What went wrong in, and what was printed by, a function of your own. While `error` is not
        empty, scores, weights and output are those of the last good answer (None before one).

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument does not fit or is out of range.

    Notes
    -----
    Equation: sᵢ = q · kᵢ = |q| |kᵢ| cos θᵢ, divided by √d_k where scaled, and
    c = Σᵢ softmax(s / T)ᵢ vᵢ. Vaswani et al. (2017), arXiv:1706.03762, Eq. 1, for one query with
    d_k = 2. The page computes it itself, so the picture answers while the kernel is busy or gone.
    On the page, the query, each key and each separate value are elements with the role slider;
    scores carry `data-score`, weights `data-weight`, output components `data-output`, and an error
    `role="alert"`. `keys` are vectors here, where other widgets of ipywidgets list the names of
    their traits. `ipywidgets.link` joins single numbers such as `temperature`; join arrays such as
    `query` with `ipywidgets.dlink` or `jslink`.

    Examples
    --------
    >>> explorer = VectorExplorer([[1, 0], [0, 1], [2, 0]], query=[1, 0])
    >>> explorer.scores
    array([1., 0., 2.])
    >>> explorer.weights.round(3)
    array([0.245, 0.09 , 0.665])
    >>> explorer.score = "cosine"
    >>> explorer.scores
    array([1., 0., 1.])
    """

    _code = code("attention.js", "page.js", "dialogue.js", "vector_explorer.js")
    _css = style("page.css", "vector_explorer.css")

    tokens = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    query = Numbers(_check_query, axes=1)
    keys = Numbers(_check_keys, axes=2)
    values = Numbers(_check_values, axes=2)
    score = Checked(_score, "dot")
    temperature = Checked(as_temperature, 1.0)
    mask = Checked(as_token_mask).tag(to_json=lambda mask, _widget: mask.tolist())
    scores = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)
    weights = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)
    output = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)
    distance_to_target = traitlets.Float(None, allow_none=True, read_only=True)

    target = traitlets.List(traitlets.Float(), None, allow_none=True, read_only=True).tag(sync=True)
    tolerance = traitlets.Float(read_only=True).tag(sync=True)
    controls = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    limits = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)

    _joined = traitlets.Bool(read_only=True).tag(sync=True)  # every key is its own value
    _initial = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        keys: ArrayLike,
        query: ArrayLike | None = None,
        values: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        score: str = "dot",
        scores: Callable[[FloatArray, FloatArray], ArrayLike] | None = None,
        temperature: float = 1.0,
        mask: ArrayLike | None = None,
        target: ArrayLike | None = None,
        controls: Sequence[str] | None = None,
        limits: tuple[float, float] | None = None,
        title: str = "",
        language: str = "en",
    ) -> None:
        # Everything is checked before the widget exists, so that nothing is half-made.
        given_keys = _vectors("keys", keys, (None, 2))
        n = len(given_keys)
        given_query = _vectors("query", (1.0, 0.0) if query is None else query, (2,))
        given_values = given_keys if values is None else _vectors("values", values, (n, 2))
        goal = None if target is None else _vectors("target", target, (2,))
        names = [chr(ord("A") + i) for i in range(n)] if tokens is None else _names(tokens, n)
        self._scores = as_function("scores", scores)
        offered = as_choice("controls", CONTROLS if controls is None else controls, CONTROLS)
        everything = [given_query[None, :], given_keys, given_values]
        ends = _ends(limits, np.concatenate([*everything, *([] if goal is None else [goal[None]])]))
        if goal is not None and not ((goal >= ends[0]) & (goal <= ends[1])).all():
            raise ValueError(f"target: wants a place within limits {ends}; got {goal.tolist()}")
        state = {
            "tokens": names,
            "target": None if goal is None else goal.tolist(),
            "tolerance": float(f"{(ends[1] - ends[0]) / 80:.0e}"),
            "controls": [c for c in offered if c != "score" or scores is None],
            "limits": ends,
            "title": as_title(title),
            "language": as_language(language),
            "_joined": values is None,
        }
        moving = {
            "query": given_query,
            "keys": given_keys,
            "values": given_values,
            "score": as_one_of("score", score, SCORES),
            "temperature": as_temperature("temperature", temperature),
            "mask": np.full(n, True) if mask is None else as_mask("mask", mask, (n,)),
        }
        self._last: tuple[Any, ...] | None = None
        with self.hold_trait_notifications():
            for name, value in state.items():
                self.set_trait(name, value)
            for name, value in moving.items():
                setattr(self, name, value)
            self._name_yours(scores=scores)
            first = {name: getattr(self, name) for name in moving}
            first |= {name: encode(first[name]) for name in ("query", "keys", "values")}
            first["mask"] = self.mask.tolist()
            if self._joined:
                del first["values"]
            self._initial = first
        self._recompute()
        self.made = True
        super().__init__()
        self.observe(self._recompute, names=[*moving, "_request"])

    def reset(self) -> None:
        """Go back to the arrows, the score, the temperature and the mask of the beginning.

        Examples
        --------
        >>> explorer = VectorExplorer([[1, 0], [0, 1]], query=[1, 1])
        >>> explorer.query = [-1, 0]
        >>> explorer.reset()
        >>> explorer.query
        array([1., 1.])
        """
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in self._initial.items():
                setattr(self, name, value)

    # ------------------------------------------------------------------ the steps

    def _recompute(self, _change: Any = None) -> None:
        """Compute scores, weights and output from the present state."""
        if self._joined and not np.array_equal(self.values, self.keys):
            self.values = self.keys
        inputs = (
            *(array.tobytes() for array in (self.query, self.keys, self.values, self.mask)),
            (self.score, self.temperature),
        )
        if inputs == self._last:
            if self._answer:
                self._answer = {**self._answer, "request": self._request}
            return
        self._last = inputs
        if self._scores is None:
            self._keep(compare(self.query, self.keys, self.score))
            return
        # A wrong answer leaves the last good one standing.
        printed: list[str] = []
        scores, error = self._ask(
            self._scores,
            (self.query, self.keys),
            (len(self.tokens),),
            "vector_one_score_each",
            printed,
        )
        if scores is not None:
            self._keep(scores)
        self._answer = {
            "request": self._request,
            "scores": encode(self.scores),
            "weights": encode(self.weights),
            "output": encode(self.output),
            "error": error,
            "printed": "".join(printed),
        }

    def _keep(self, scores: FloatArray) -> None:
        weights = softmax(mask_scores(scores, self.mask), temperature=self.temperature)
        output = weighted_sum(weights, self.values)
        distance = None
        if self.target is not None:
            distance = math.hypot(*(output - self.target))
        for array in (scores, weights, output):
            array.setflags(write=False)
        self.set_trait("distance_to_target", distance)
        self.set_trait("scores", scores)
        self.set_trait("weights", weights)
        self.set_trait("output", output)

    # ------------------------------------------------------------------ picture and words

    def figure(self) -> Picture:
        """Draw the plane and the weights as they stand now.

        Returns
        -------
        Picture
            A matplotlib figure that carries `describe()` as its text alternative.

        Examples
        --------
        >>> VectorExplorer([[1, 0], [0, 1]]).figure().description[:28]
        'Vector explorer with 2 keys.'
        """
        return _draw(self)

    def describe(self) -> str:
        """Say in one paragraph what the plane shows now.

        Returns
        -------
        str
            Query, keys, scores, weights and output in words and numbers.

        Examples
        --------
        >>> print(VectorExplorer([[1, 0], [0, 1]], tokens=["cat", "mat"]).describe())
        Vector explorer with 2 keys. The query is (1.00, 0.00). The score is the dot product. \
cat: key (1.00, 0.00), score 1.00, weight 73.1 %; mat: key (0.00, 1.00), score 0.00, \
weight 26.9 %. Every key is its own value. Output: (0.73, 0.27).
        """
        say = strings()[self.language]
        told = []
        for i, token in enumerate(self.tokens[:DESCRIBED_KEYS]):
            words = say["vector_describe_key"].format(
                token=token.strip() or say["empty_token"], place=_place(self.keys[i])
            )
            if not self._joined:
                words += say["vector_describe_value"].format(place=_place(self.values[i]))
            if self.scores is not None and self.weights is not None:
                words += say["vector_describe_score"].format(score=_two(self.scores[i]))
                words += say["describe_weight"].format(weight=_percent(self.weights[i]))
            told.append(words)
        rest = len(self.tokens) - DESCRIBED_KEYS
        if rest > 0:
            told.append(say["describe_more"].format(n=rest))
        parts = [
            say["vector_describe_start"].format(n=len(self.tokens)),
            say["vector_describe_query"].format(place=_place(self.query)),
            _told_score(self, say),
            "; ".join(told) + ".",
        ]
        if self._joined:
            parts.append(say["vector_describe_joined"])
        if self.temperature != 1:
            parts.append(say["describe_temperature"].format(temperature=f"{self.temperature:g}"))
        masked = [
            token.strip() or say["empty_token"]
            for token, may in zip(self.tokens, self.mask)
            if not may
        ]
        if masked:
            parts.append(say["describe_masked"].format(tokens=", ".join(masked[:DESCRIBED_KEYS])))
        if self.output is not None:
            parts.append(say["output_is"].format(numbers=_place(self.output)) + ".")
        if self.target is not None and self.distance_to_target is not None:
            parts.append(
                say["vector_describe_target"].format(
                    place=_place(self.target), distance=_two(self.distance_to_target)
                )
            )
        if self.error:
            parts.append(self.error)
        return " ".join(parts)


def _told_score(explorer: VectorExplorer, say: dict[str, str]) -> str:
    if explorer._yours:
        return say["vector_describe_yours"].format(name=explorer._yours["scores"])
    return {
        "dot": say["vector_describe_dot"],
        "scaled": say["vector_describe_scaled"],
        "cosine": say["vector_describe_cosine"],
    }[str(explorer.score)]


def _names(tokens: Any, n: int) -> list[str]:
    names = as_tokens("tokens", tokens)
    if len(names) != n:
        raise ValueError(f"tokens: want one for each of the {n} keys; got {len(names)}")
    return names


def _ends(given: Any, points: FloatArray) -> list[float]:
    """Return where the axes begin and end: where they are told to, or a little beyond it all."""
    if given is None:
        most = 1.3 * float(np.abs(points).max())
        if most < LEAST_WIDTH:
            return [-2.0, 2.0]
        power = 10.0 ** math.floor(math.log10(most))
        end = next((r * power for r in _ROUND if r * power >= most), 10 * power)
        end = min(float(f"{end:.3g}"), MOST_COORDINATE)
        return [-end, end]
    try:
        low, high = given
    except (TypeError, ValueError):
        raise TypeError(f"limits: want a pair (low, high); got {shown(given)}") from None
    low, high = as_number("limits", low), as_number("limits", high)
    if not -MOST_COORDINATE <= low <= high - LEAST_WIDTH <= MOST_COORDINATE - LEAST_WIDTH:
        raise ValueError(
            f"limits: want low below high by at least {LEAST_WIDTH:g}, from "
            f"{-MOST_COORDINATE:g} to {MOST_COORDINATE:g}; got {shown(given)}"
        )
    return [low, high]


def _two(number: float) -> str:
    text = f"{number:.2f}" if abs(number) < 1e6 else f"{number:.3g}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def _place(point: Any) -> str:
    return f"({', '.join(_two(x) for x in point)})"


def _percent(weight: float) -> str:
    return "<0.1 %" if 0 < weight < 0.0005 else f"{100 * weight:.1f} %"


# ---------------------------------------------------------------------------------------------
# The picture
# ---------------------------------------------------------------------------------------------


def _hull(points: FloatArray) -> FloatArray:
    """Return the corners of the smallest convex shape around points, by the monotone chain."""
    rows = sorted({(float(a), float(b)) for a, b in points})
    if len(rows) < 3:
        return np.array(rows)
    halves = []
    for row in (rows, rows[::-1]):
        chain: list[tuple[float, float]] = []
        for a, b in row:
            while len(chain) > 1:
                (a0, b0), (a1, b1) = chain[-2:]
                if (a1 - a0) * (b - b0) - (b1 - b0) * (a - a0) > 0:
                    break
                chain.pop()
            chain.append((a, b))
        halves += chain[:-1]
    return np.array(halves)


def _draw(explorer: VectorExplorer) -> Picture:
    from attention_edu.figures import Picture

    n = len(explorer.tokens)
    picture = Picture(explorer.describe(), figsize=(9.6, max(4.6, 0.9 + 0.3 * n)))
    plane, table = picture.subplots(1, 2, width_ratios=(1.25, 1))
    names = [token if len(token) <= 12 else token[:11] + "…" for token in explorer.tokens]
    weights = explorer.weights if explorer.weights is not None else np.zeros(n)
    _draw_plane(plane, explorer, names, weights)
    _draw_weights(table, explorer, names, weights)
    return picture


def _draw_plane(
    plane: Any, explorer: VectorExplorer, names: list[str], weights: FloatArray
) -> None:
    from matplotlib.patheffects import withStroke

    from attention_edu.figures import COLOURS, _fonts

    font = {"fontfamily": _fonts(), "parse_math": False, "fontsize": 11}
    halo = [withStroke(linewidth=2.5, foreground="white")]
    grey = "#8A8A8A"

    def arrow(tip: FloatArray, **look: Any) -> None:
        if np.hypot(*tip) > 0:
            about = {"arrowstyle": "-|>,head_width=0.35,head_length=0.6", "shrinkA": 0} | look
            plane.annotate("", tip, (0, 0), arrowprops=about | {"shrinkB": 0}, zorder=3)

    def label(text: str, tip: FloatArray, **look: Any) -> None:
        length = float(np.hypot(*tip))
        away = tip / length if length > 0 else np.array([0.0, 1.0])
        middle = {"ha": "center", "va": "center", "textcoords": "offset points"}
        reach = away * (9 + 3.2 * min(len(text), 12), 12)
        plane.annotate(text, tip, reach, zorder=6, path_effects=halo, **middle, **font, **look)

    say = strings()[explorer.language]
    low, high = explorer.limits
    plane.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    plane.grid(color="#e4e4e4", linewidth=0.8)
    plane.set_axisbelow(True)
    plane.axhline(0, color=grey, linewidth=0.9, zorder=1)
    plane.axvline(0, color=grey, linewidth=0.9, zorder=1)
    plane.spines[:].set_visible(False)
    plane.tick_params(length=0, labelsize=9, labelcolor="#545454")
    corners = _hull(explorer.values[explorer.mask])
    if len(corners):
        plane.fill(*corners.T, facecolor=COLOURS[2], alpha=0.12, zorder=1)
        plane.plot(*np.vstack([corners, corners[:1]]).T, ":", color=COLOURS[2], zorder=1)
    for i, key in enumerate(explorer.keys):
        may = explorer.mask[i]
        colour, of_value = (COLOURS[0], COLOURS[2]) if may else (grey, grey)
        arrow(key, color=colour, linewidth=1.2 + 4.5 * min(max(float(weights[i]), 0), 1))
        label(names[i], key, color=colour)
        if not explorer._joined:
            value = explorer.values[i]
            plane.plot(*value, "s", color="white", markeredgecolor=of_value, zorder=4)
            label(names[i], value, color=of_value)
    dashed = {"linewidth": 2.6, "linestyle": (0, (3, 1.6)), "arrowstyle": "->,head_width=0.4"}
    arrow(explorer.query, color=COLOURS[0], **dashed)
    label(say["vector_query_word"], explorer.query, weight="bold", color=COLOURS[0])
    if explorer.target is not None:
        star = {"markersize": 17, "color": "white", "markeredgecolor": "black"}
        plane.plot(*explorer.target, "*", zorder=4, **star)
    if explorer.output is not None:
        tips = np.vstack([np.zeros(2), np.cumsum(weights[:, None] * explorer.values, axis=0)])
        plane.plot(*tips.T, "o-", color=COLOURS[2], linewidth=2, markersize=3, zorder=5)
        output = np.asarray(explorer.output)
        plane.plot(*output, "o", color=COLOURS[2], markersize=11, markeredgecolor="white", zorder=6)
        plane.annotate(
            say["output"], output, (0, -15), textcoords="offset points", zorder=7, ha="center",
            va="center", color=COLOURS[2], fontsize=11, weight="bold", path_effects=halo,
        )  # fmt: skip


def _draw_weights(
    table: Any, explorer: VectorExplorer, names: list[str], weights: FloatArray
) -> None:
    from attention_edu.figures import COLOURS, _fonts

    say = strings()[explorer.language]
    n = len(names)
    places = np.arange(n)
    table.barh(places, weights, color=COLOURS[1], height=0.55)
    table.set(xlim=(0, 1.3), ylim=(n - 0.4, -0.6))
    table.set_xticks([])
    table.spines[:].set_visible(False)
    table.tick_params(length=0)
    rows = names
    if explorer.scores is not None:
        rows = [f"{name}   {_two(score)}" for name, score in zip(names, explorer.scores)]
        for place, weight in zip(places, weights):
            table.text(weight + 0.02, place, _percent(weight), va="center", fontsize=11)
    table.set_yticks(places, rows, fontfamily=_fonts(), parse_math=False, fontsize=11)
    table.set_title(f"{say['score']} → {say['weight']}", fontsize=12, loc="left")
