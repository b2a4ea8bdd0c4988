"""Attention in 1964: drag a query along the data, and see the weighted mean answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from attention_edu import student
from attention_edu.attention import (
    FloatArray,
    as_boolean,
    as_number,
    as_numbers,
    shown,
    softmax,
    weighted_sum,
)

from .base import (
    MOST_CHARACTERS,
    MOST_TOKENS,
    Checked,
    Explorer,
    Numbers,
    as_choice,
    as_language,
    as_one_of,
    as_title,
    as_tokens,
    code,
    encode,
    strings,
    style,
)

if TYPE_CHECKING:
    from attention_edu.figures import Picture

KERNELS = ("gaussian", "boxcar", "epanechnikov")
CONTROLS = ("bandwidth", "kernel", "effective", "reset")
LARGEST = 1e100  # of x, y, query and bandwidth: their squares are still numbers
GRID = 200  # where the curve is computed
MOST_TRACED = 400
DESCRIBED_POINTS = 5


# --------------------------------------------------------------------------- the mathematics


def distance_scores(query: float, keys: FloatArray) -> FloatArray:
    """Score each key by how near it is: −(query − key)² / 2, at most 0."""
    distances = query - keys
    return -distances * distances / 2


def kernel_weights(kernel: str, query: float, keys: FloatArray, bandwidth: float) -> FloatArray:
    """Share out one unit of weight among the keys; all are 0 where no key is near enough."""
    if kernel == "gaussian":
        return _gaussian_weights(query, keys, bandwidth)
    distances = _scaled_distances(query, keys, bandwidth)
    inside = np.abs(distances) <= 1
    if kernel == "boxcar":
        return share_out(inside.astype(np.float64))
    near = np.where(inside, distances, 1.0)
    return share_out(0.75 * (1 - near * near))


def share_out(kernel_values: FloatArray) -> FloatArray:
    """Divide kernel values by their sum; where all are 0, so are the weights."""
    most = float(kernel_values.max())
    if most <= 0:
        return np.zeros_like(kernel_values)
    parts = kernel_values / most  # the sum of the largest numbers would overflow
    weights: FloatArray = parts / parts.sum()
    return weights


def _gaussian_weights(query: float, keys: FloatArray, bandwidth: float) -> FloatArray:
    """Softmax of `distance_scores` at temperature bandwidth².

    The nearest key's score is subtracted before anything is squared. That changes no weight, and
    keys are told apart even if the query is so far away that their squared distances are equal.
    """
    if query >= keys.max():
        nearest = keys.max()
    elif query <= keys.min():
        nearest = keys.min()
    else:
        nearest = keys[np.argmin(np.abs(query - keys))]
    scores = -(nearest - keys) * ((query - keys) + (query - nearest)) / 2
    return softmax(scores, temperature=bandwidth * bandwidth)


def _scaled_distances(query: float, keys: FloatArray, bandwidth: float) -> FloatArray:
    return (query - keys) / bandwidth


def prediction_of(weights: FloatArray, values: FloatArray) -> float | None:
    """Return the mean of the values under the weights, or None where every weight is 0."""
    if not weights.any():
        return None
    return float(weighted_sum(weights, values[:, None])[0])


# --------------------------------------------------------------------------- arguments


def _check_data(name: str, explorer: Any, numbers: FloatArray | None) -> None:
    if numbers is None:
        if explorer.made:
            raise TypeError(f"{name}: wants numbers; got None")
        return
    n = explorer.count
    if numbers.shape != (n,):
        raise ValueError(f"{name}: wants shape ({n},), as before; got {numbers.shape}")
    _no_giants(name, numbers)


def _check_x(explorer: Any, numbers: FloatArray | None) -> None:
    _check_data("x", explorer, numbers)


def _check_y(explorer: Any, numbers: FloatArray | None) -> None:
    _check_data("y", explorer, numbers)


def _no_giants(name: str, numbers: FloatArray) -> None:
    wrong = ~(np.abs(numbers) <= LARGEST)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(
            f"{name}: wants finite numbers from {-LARGEST:g} to {LARGEST:g}; "
            f"got {numbers[place]} at index {place}"
        )


def _data(name: str, given: Any) -> FloatArray:
    numbers = as_numbers(name, given, least_axes=1, check_finite=False).astype(np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"{name}: wants one row of numbers; got shape {numbers.shape}")
    if len(numbers) > MOST_TOKENS:
        raise ValueError(f"{name}: wants 1 to {MOST_TOKENS} numbers; got {len(numbers)}")
    _no_giants(name, numbers)
    return numbers


def _query(name: str, given: Any, _explorer: Any) -> float:
    query = as_number(name, given)
    if abs(query) > LARGEST:
        raise ValueError(
            f"{name}: wants a number from {-LARGEST:g} to {LARGEST:g}; got {shown(given)}"
        )
    return query


def _bandwidth(name: str, given: Any, _explorer: Any) -> float:
    bandwidth = as_number(name, given)
    if not 1 / LARGEST <= bandwidth <= LARGEST:
        raise ValueError(
            f"{name}: wants a number above 0, from {1 / LARGEST:g} to {LARGEST:g}; "
            f"got {shown(given)}"
        )
    return bandwidth


def _kernel(name: str, given: Any, explorer: Any) -> str:
    own = explorer.own_kernel
    if own is not None:
        wanted = student.name_of(own)
        if given != wanted:
            raise ValueError(
                f"{name}: wants {wanted!r}, for it was made with a function of your own; "
                f"got {shown(given)}"
            )
        return wanted
    return _kernel_name(name, given)


def _kernel_name(name: str, given: Any) -> str:
    return as_one_of(name, given, KERNELS, more=", or a function")


def _axis_name(name: str, given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{name}: wants a string; got {shown(given)}")
    if len(given) > MOST_CHARACTERS:
        raise ValueError(
            f"{name}: wants at most {MOST_CHARACTERS} characters; got {len(given)} of them"
        )
    (kept,) = as_tokens(name, [given])
    return kept


def _point_names(given: Any, n: int) -> list[str]:
    if given is None:
        return []
    names = as_tokens("labels", given)
    if len(names) != n:
        raise ValueError(f"labels: want one for each of the {n} points; got {len(names)}")
    return names


def _wider(numbers: FloatArray, margin: float) -> list[float]:
    """Return a range that holds the numbers, with a margin in parts of it."""
    low, high = float(numbers.min()), float(numbers.max())
    room = margin * (high - low)
    if not low - room < low:  # one point, or points too near to be told apart
        room = max(1.0, abs(low) / 2)
    return [max(low - room, -LARGEST), min(high + room, LARGEST)]


class KernelExplorer(Explorer):
    """Data points and a query to be dragged: the prediction is a weighted mean of the values.

    Parameters
    ----------
    x : array_like, shape (n,)
        The keys: where the data points stand. 1 to 512 numbers, within ±1e100; the same number
        may come again.
    y : array_like, shape (n,)
        The values: what was measured there.
    query : float, optional
        Where a prediction is wanted; the middle of `x` unless given.
    bandwidth : float, optional
        How far the kernel reaches, in the units of `x`, from 1e-100 to 1e100; a tenth of the
        range of `x` unless given.
    kernel : {'gaussian', 'boxcar', 'epanechnikov'} or callable, default 'gaussian'
        How weight falls off with distance. A function of your own takes the distances
        (query − x) / bandwidth, shape (n,), and returns kernel values of at least 0 in the same
        shape; they are divided by their sum.
    curve : bool, default True
        Draw the prediction for every query, faintly. For a function of your own, draw a dot for
        each prediction that it has made.
    truth : callable or array_like, shape (200,), optional
        The true curve, drawn dashed: a function of `grid`, or its values there.
    labels : sequence of str, optional
        One name for each point, of 1,000 characters at most.
    controls : sequence of str, optional
        What else can be tried, of 'bandwidth', 'kernel', 'effective' and 'reset'. All unless
        given.
    x_name, y_name : str
        The names of the axes.
    title : str, optional
        The widget's name for screen readers.
    language : str, default 'en'
        The language of its words.

    Attributes
    ----------
    x, y, query, bandwidth, kernel
        As above; assign to them and the picture moves. With a function of your own, `kernel` is
        its name and stays.
    scores : ndarray, shape (n,), or None
        −(query − x)² / 2 for the Gaussian kernel; None for all others, which have no scores.
    weights : ndarray, shape (n,)
        What each point counts; all 0 if no point is near enough. None before a function of your
        own has given its first good answer.
    prediction : float or None
        The weighted mean of `y`; None if no point is near enough.
    grid : ndarray, shape (200,)
        Where the curves are drawn.
    error, printed : str
        What went wrong in, and what was printed by, a function of your own. While `error` is not
        empty, `weights` and `prediction` are those of the last good answer.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument does not fit or is out of range.

    Notes
    -----
    Equation: f(x) = Σᵢ αᵢ yᵢ with αᵢ = K((x − xᵢ) / h) / Σⱼ K((x − xⱼ) / h); Nadaraya (1964), "On
    Estimating Regression", and Watson (1964), "Smooth Regression Analysis". The query is x, the
    keys are xᵢ, the values yᵢ, the output is f(x). With the Gaussian kernel K(u) = exp(−u² / 2)
    the weights are the softmax of the scores −(x − xᵢ)² / 2 at temperature h². On the page the
    query and then the bandwidth are elements with the role slider, weights carry `data-weight`
    in the order of the data, the prediction carries `data-output`, and an error `role="alert"`.

    Examples
    --------
    >>> explorer = KernelExplorer([0, 1, 2], [1, 3, 2], query=1, bandwidth=0.5)
    >>> explorer.weights.round(3)
    array([0.107, 0.787, 0.107])
    >>> round(explorer.prediction, 3)
    2.68
    >>> explorer.kernel = "boxcar"
    >>> explorer.prediction
    3.0
    >>> explorer.query = 10
    >>> explorer.prediction is None
    True
    """

    _code = code("attention.js", "page.js", "dialogue.js", "kernel_explorer.js")
    _css = style("page.css", "kernel_explorer.css")

    x = Numbers(_check_x, axes=1)
    y = Numbers(_check_y, axes=1)
    query = Checked(_query, 0.0)
    bandwidth = Checked(_bandwidth, 1.0)
    kernel = Checked(_kernel, "gaussian")
    scores = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)
    weights = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)
    prediction = traitlets.Float(None, allow_none=True, read_only=True)

    curve = traitlets.Bool(True, read_only=True).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    controls = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    x_name = traitlets.Unicode("x", read_only=True).tag(sync=True)
    y_name = traitlets.Unicode("y", read_only=True).tag(sync=True)
    x_range = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)
    y_range = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)

    _bandwidths = traitlets.List(traitlets.Float()).tag(sync=True)  # the ends of its slider
    _truth = traitlets.List(traitlets.List(traitlets.Float())).tag(
        sync=True
    )  # [x, y] of the true curve, or empty
    _initial = traitlets.Dict().tag(sync=True)

    count = 0
    own_kernel: Callable[..., Any] | None = None

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        query: float | None = None,
        bandwidth: float | None = None,
        kernel: str | Callable[[FloatArray], ArrayLike] = "gaussian",
        curve: bool = True,
        truth: Callable[[FloatArray], ArrayLike] | ArrayLike | None = None,
        labels: Sequence[str] | None = None,
        controls: Sequence[str] | None = None,
        x_name: str = "x",
        y_name: str = "y",
        title: str = "",
        language: str = "en",
    ) -> None:
        # Everything is checked before the widget exists, so that nothing is half-made.
        keys, values = _data("x", x), _data("y", y)
        n = len(keys)
        if values.shape != (n,):
            raise ValueError(f"y: wants shape ({n},), one number for each x; got {values.shape}")
        low, high = float(keys.min()), float(keys.max())
        reach = (high - low) / 10
        if bandwidth is None:
            bandwidth = reach if reach >= 1 / LARGEST else 1.0
        own = kernel if callable(kernel) else None
        if controls is None:
            controls = [c for c in CONTROLS if own is None or c != "kernel"]
        moving = {
            "query": low / 2 + high / 2 if query is None else _query("query", query, None),
            "bandwidth": _bandwidth("bandwidth", bandwidth, None),
            "kernel": _kernel_name("kernel", kernel) if own is None else student.name_of(own),
        }
        offered = as_choice("controls", controls, CONTROLS)
        state = {
            "curve": as_boolean("curve", curve),
            "labels": _point_names(labels, n),
            "controls": offered,
            "x_name": _axis_name("x_name", x_name),
            "y_name": _axis_name("y_name", y_name),
            "title": as_title(title),
            "language": as_language(language),
        }
        if own is not None and "kernel" in offered:
            raise ValueError("controls: want no 'kernel' beside a function of your own; got both")
        self.count = n
        self.own_kernel = own
        self._true_function = truth if callable(truth) else None
        self._last: tuple[Any, ...] | None = None
        self._trace: list[tuple[float, float]] = []
        x_range = _wider(keys, 0.06)
        given_truth = self._true_curve(truth, _places(x_range))
        with self.hold_trait_notifications():
            for name, value in state.items():
                self.set_trait(name, value)
            for name, value in moving.items():
                setattr(self, name, value)
            self.x, self.y = keys, values
            self._truth = given_truth
            self._name_yours(kernel=own)
            self._initial = moving
            width = x_range[1] - x_range[0]
            self._bandwidths = [
                min(max(width / 300, 1 / LARGEST), self.bandwidth),
                max(min(1.5 * width, LARGEST), self.bandwidth),
            ]
        self._recompute()
        self.made = True
        super().__init__()
        self.observe(self._recompute, names=[*moving, "x", "y", "_request"])

    @property
    def grid(self) -> FloatArray:
        """The 200 places at which curves are drawn."""
        return _places(self.x_range)

    def reset(self) -> None:
        """Go back to the query, bandwidth and kernel of the beginning.

        Examples
        --------
        >>> explorer = KernelExplorer([0, 1, 2], [1, 3, 2])
        >>> explorer.query = 2
        >>> explorer.reset()
        >>> explorer.query
        1.0
        """
        with self.hold_sync():
            for name, value in self._initial.items():
                setattr(self, name, value)

    # ------------------------------------------------------------------ the steps

    def _recompute(self, _change: Any = None) -> None:
        """Compute scores, weights and prediction from the present state."""
        data = (self.x.tobytes(), self.y.tobytes(), self.bandwidth, self.kernel)
        inputs = (*data, self.query)
        if inputs == self._last:
            if self._answer:
                self._answer = {**self._answer, "request": self._request}
            return
        if self._last is None or data != self._last[:4]:
            self._trace = []
            self._fit_ranges()
        self._last = inputs
        if self.own_kernel is not None:
            self._ask_student(self.own_kernel)
            return
        gaussian = self.kernel == "gaussian"
        self._keep("scores", distance_scores(self.query, self.x) if gaussian else None)
        weights = kernel_weights(self.kernel, self.query, self.x, self.bandwidth)
        self._keep("weights", weights)
        self.set_trait("prediction", prediction_of(weights, self.y))

    def _fit_ranges(self) -> None:
        """Make room for all points, and for the true curve."""
        x_range = _wider(self.x, 0.06)
        if self.made and self._true_function is not None and x_range != self.x_range:
            self._truth = self._true_curve(self._true_function, _places(x_range))
        true = np.array(self._truth[1]) if self._truth else self.y
        self.set_trait("x_range", x_range)
        self.set_trait("y_range", _wider(np.concatenate([self.y, true]), 0.08))

    def _true_curve(self, truth: Any, grid: FloatArray) -> list[list[float]]:
        if truth is None:
            return []
        told = as_numbers(
            "truth", truth(grid.copy()) if callable(truth) else truth, least_axes=1
        ).astype(np.float64)
        if told.shape != grid.shape:
            raise ValueError(
                f"truth: wants shape {grid.shape}, one number for each place of the grid; "
                f"got {told.shape}"
            )
        _no_giants("truth", told)
        return [grid.tolist(), told.tolist()]

    def _ask_student(self, function: Callable[..., Any]) -> None:
        """Let the student's kernel answer; a wrong answer leaves the last good one standing."""
        printed: list[str] = []
        distances = _scaled_distances(self.query, self.x, self.bandwidth)
        values, error = self._ask(function, (distances,), (self.count,), "kernel_one_each", printed)
        if values is not None and (values < 0).any():
            place = int(np.argmax(values < 0))
            say = strings()[self.language]
            error = say["kernel_negative"].format(
                name=student.name_of(function), got=f"{values[place]:.4g}", position=place
            )
        before = self._answer
        if values is None or error:
            good = {name: before.get(name) for name in ("weights", "prediction", "query")}
        else:
            weights = share_out(values)
            prediction = prediction_of(weights, self.y)
            self._keep("weights", weights)
            self.set_trait("prediction", prediction)
            if prediction is not None:
                self._trace = [*self._trace[1 - MOST_TRACED :], (self.query, prediction)]
            good = {"weights": encode(weights), "prediction": prediction, "query": self.query}
        self._answer = {
            **good,
            "request": self._request,
            "error": error,
            "printed": "".join(printed),
        }

    def _keep(self, name: str, array: FloatArray | None) -> None:
        if array is not None:
            array.setflags(write=False)
        self.set_trait(name, array)

    # ------------------------------------------------------------------ picture and words

    def figure(self) -> Picture:
        """Draw points, query, prediction and weights as they stand now.

        Returns
        -------
        Picture
            A matplotlib figure that carries `describe()` as its text alternative.

        Examples
        --------
        >>> KernelExplorer([0, 1], [2, 3]).figure().description[:29]
        'Kernel explorer with 2 points'
        """
        from attention_edu.figures import COLOURS, Picture, _fonts

        say = strings()[self.language]
        blue, orange, green = COLOURS[:3]
        grey = "#6E6E6E"
        picture = Picture(self.describe(), figsize=(7.2, 4.6))
        above, below = picture.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        words = {"fontsize": 12, "parse_math": False, "fontfamily": _fonts()}
        if self._truth:
            above.plot(*self._truth, color=grey, linestyle="--", linewidth=1.5)
        if self.curve and self.own_kernel is None:
            above.plot(self.grid, self._curve(), color=green, alpha=0.45, linewidth=2.2)
        elif self.curve and self._trace:
            above.plot(*zip(*self._trace), ".", color=green, alpha=0.45)
        if self.own_kernel is None:
            least, most = self.y_range
            high = least + 0.42 * (most - least) * self._window()
            above.fill_between(self.grid, least, high, color=blue, alpha=0.15, linewidth=0)
        weights = np.zeros(self.count) if self.weights is None else self.weights
        shares = weights / (weights.max() or 1.0)
        size = 34 if self.count <= 64 else 12
        above.scatter(self.x, self.y, s=size, facecolor="white", edgecolor=grey, zorder=2)
        above.scatter(
            self.x,
            self.y,
            s=size * (1 + 1.6 * shares),
            color=orange,
            alpha=shares,
            linewidth=0,
            zorder=3,
        )
        for axis in (above, below):
            axis.axvline(self.query, color=blue, linewidth=2)
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=11)
        if self.prediction is not None:
            at = self._at
            low = self.x_range[0]
            above.plot([low, at], [self.prediction] * 2, color=green, linestyle=":", linewidth=2)
            above.plot([at], [self.prediction], "o", color=green, markersize=11, zorder=4)
        below.vlines(self.x, 0, weights, color=orange, linewidth=max(1.5, min(8, 120 / self.count)))
        above.set_title(self._headline(), loc="left", **words)
        below.set_ylim(0, (float(weights.max()) or 1.0) * 1.1)
        below.yaxis.set_major_formatter(lambda number, _place: f"{100 * number:g} %")
        below.locator_params(axis="y", nbins=2)
        below.set_ylabel(say["weight"], fontsize=12)
        below.set_xlabel(_short(self.x_name), **words)
        above.set_ylabel(_short(self.y_name), **words)
        reach = [min(self.x_range[0], self.query), max(self.x_range[1], self.query)]
        above.set_xlim(*reach)
        above.set_ylim(*self.y_range)
        return picture

    @property
    def _at(self) -> float:
        """The query that the prediction is for: an earlier one while a student's kernel fails."""
        at = self._answer.get("query")
        return self.query if at is None else float(at)

    def _headline(self) -> str:
        say = strings()[self.language]
        at = self._at
        told = say["kernel_query_is"].format(x=_short(self.x_name)) + f" {_number(at)}"
        if self.weights is None:
            return told
        if self.prediction is None:
            return told + "   " + say["kernel_nothing_short"]
        predicted = say["kernel_prediction_is"].format(y=_short(self.y_name))
        return f"{told}   {predicted} {_number(self.prediction)}"

    def _window(self) -> FloatArray:
        """Return the kernel around the query at each place of the grid, 1 at its peak."""
        distances = np.clip(_scaled_distances(self.query, self.grid, self.bandwidth), -40, 40)
        if self.kernel == "gaussian":
            bell: FloatArray = np.exp(distance_scores(0.0, distances))
            return bell
        inside = np.abs(distances) <= 1
        return np.where(inside, 1.0 if self.kernel == "boxcar" else 1 - distances**2, 0.0)

    def _curve(self) -> FloatArray:
        """Return the prediction at each place of the grid; NaN leaves a gap in a picture."""
        told = [
            prediction_of(kernel_weights(self.kernel, at, self.x, self.bandwidth), self.y)
            for at in self.grid.tolist()
        ]
        return np.array([np.nan if number is None else number for number in told])

    def describe(self) -> str:
        """Say in one paragraph what the picture shows now.

        Returns
        -------
        str
            Query, prediction and the largest weights in words and numbers.

        Examples
        --------
        >>> print(KernelExplorer([0, 1], [2, 4], query=0.5, bandwidth=1).describe())
        Kernel explorer with 2 points, Gaussian kernel, bandwidth 1. At the query x = 0.5 the \
prediction is y = 3, and the weights count like 2.0 points. The largest weights are: point 1 \
(0, 2): 50.0 %; point 2 (1, 4): 50.0 %.
        """
        say = strings()[self.language]
        kernels = {
            "gaussian": say["kernel_gaussian"],
            "boxcar": say["kernel_boxcar"],
            "epanechnikov": say["kernel_epanechnikov"],
        }
        if self.own_kernel is None:
            kernel = say["kernel_called"].format(name=kernels[self.kernel])
        else:
            kernel = say["yours"].format(name=self.kernel)
        parts = [
            say["kernel_describe_start"].format(
                n=self.count, kernel=kernel, bandwidth=f"{self.bandwidth:.4g}"
            )
        ]
        x_name, y_name = self.x_name.strip() or "x", self.y_name.strip() or "y"
        if self.weights is None:
            parts.append(say["kernel_no_answer"])
        elif self.prediction is None:
            parts.append(
                say["kernel_describe_query"].format(x=x_name, query=f"{self.query:.4g}")
                + " "
                + say["kernel_nothing"]
            )
        else:
            parts.append(
                say["kernel_describe_prediction"].format(
                    x=x_name,
                    query=f"{self._at:.4g}",
                    y=y_name,
                    prediction=f"{self.prediction:.4g}",
                    points=f"{1 / (self.weights**2).sum():.1f}",
                )
            )
            largest = np.argsort(-self.weights, kind="stable")[:DESCRIBED_POINTS]
            told = [
                say["kernel_describe_point"].format(
                    name=self._point_name(int(i)),
                    x=f"{self.x[i]:.4g}",
                    y=f"{self.y[i]:.4g}",
                    weight=_percent(self.weights[i]),
                )
                for i in largest
                if self.weights[i] > 0
            ]
            parts.append(say["kernel_describe_weights"].format(list="; ".join(told)))
        if self.error:
            parts.append(self.error)
        return " ".join(parts)

    def _point_name(self, i: int) -> str:
        name = self.labels[i].strip() if self.labels else ""
        return name or strings()[self.language]["kernel_point"].format(number=i + 1)


def _places(ends: list[float]) -> FloatArray:
    return np.linspace(ends[0], ends[1], GRID)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _number(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _percent(weight: float) -> str:
    return "<0.1 %" if 0 < weight < 0.0005 else f"{100 * weight:.1f} %"
