"""The heart of the course: drag a score; weights and weighted sum answer at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from attention_edu.attention import (
    FloatArray,
    as_boolean,
    as_mask,
    as_number,
    as_numbers,
    mask_scores,
    shown,
    softmax,
    weighted_sum,
)

from .base import (
    MOST_COMPONENTS,
    Checked,
    Explorer,
    Numbers,
    as_choice,
    as_function,
    as_language,
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

STEPS = ("scores", "exponentials", "weights", "values", "output")
CONTROLS = ("temperature", "mask", "constant", "twice", "entropy", "reset")
MOST_CONSTANT = 1e6
MOST_RANGE = 1e6  # scores beyond it are shown at the end of the track
DESCRIBED_TOKENS = 12


def _check_scores(explorer: Any, scores: FloatArray | None) -> None:
    if scores is None:
        if explorer.made:
            raise TypeError("scores: want numbers; got None")
        return
    _one_a_token("scores", explorer, scores)
    _no_score("scores", scores)


def _check_values(explorer: Any, values: FloatArray | None) -> None:
    had = explorer.values.shape if explorer.made and explorer.values is not None else None
    if values is None:
        if had is not None:
            raise TypeError(f"values: want numbers of shape {had}; got None")
        return
    _fit_values(len(explorer.tokens), values)
    if explorer.made and values.shape != had:
        wanted = (
            "None, for it was made without values" if had is None else f"shape {had}, as before"
        )
        raise ValueError(f"values: want {wanted}; got shape {values.shape}")


def _check_weights(explorer: Any, weights: FloatArray | None) -> None:
    if weights is not None:
        _one_a_token("weights", explorer, weights)


def _check_shares(explorer: Any, guess: FloatArray | None) -> None:
    if guess is None:
        return
    _one_a_token("guess", explorer, guess)
    if not ((guess >= 0) & (guess <= 1)).all():
        raise ValueError(f"guess: wants numbers from 0 to 1; got {shown(guess.tolist())}")


def _one_a_token(name: str, explorer: Any, numbers: FloatArray) -> None:
    if len(numbers) != len(explorer.tokens):
        raise ValueError(
            f"{name}: want one number for each of the {len(explorer.tokens)} tokens; "
            f"got {len(numbers)}"
        )


def _no_score(name: str, scores: FloatArray) -> None:
    wrong = np.isnan(scores) | (scores == np.inf)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ValueError(f"{name}: want finite numbers or -inf; got {scores[place]} at {place}")


def _fit_values(n: int, values: FloatArray) -> None:
    if values.shape[0] != n or values.shape[1] > MOST_COMPONENTS:
        raise ValueError(
            f"values: want shape ({n}, d), one row for each token, with d at most "
            f"{MOST_COMPONENTS}; got {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("values: want finite numbers; got NaN or an infinity")


def _constant(name: str, given: Any, _explorer: Any) -> float:
    constant = as_number(name, given)
    if abs(constant) > MOST_CONSTANT:
        raise ValueError(
            f"{name}: wants a number from {-MOST_CONSTANT:g} to {MOST_CONSTANT:g}; "
            f"got {shown(given)}"
        )
    return constant


def _switch(name: str, given: Any, _explorer: Any) -> bool:
    return as_boolean(name, given)


class ScoreExplorer(Explorer):
    """A living table: one row a token, one column a step, scores to be dragged.

    Parameters
    ----------
    tokens : sequence of str
        The labels of the rows: 1 to 512 of them, 1,000 characters each at most.
    scores : array_like, shape (n,), optional
        One score a token, finite or -inf; zeros unless given.
    values : array_like, shape (n, d), optional
        One row a token, d at most 64. With d = 2 the output is also drawn in the plane.
    temperature : float, default 1.0
        Scores are divided by it before softmax.
    mask : array_like of bool, shape (n,), optional
        True = may attend.
    softmax : callable, optional
        Your own step 2: takes an array of shape (n,), the scores after constant, temperature and
        mask, and returns the weights in the same shape.
    weighted_sum : callable, optional
        Your own step 3: takes weights (n,) and values (n, d), and returns the output (d,).
    predict : bool, default False
        Hide the weights until the student has guessed and locked the guess.
    steps : sequence of str, optional
        The columns to show, of 'scores', 'exponentials', 'weights', 'values' and 'output'.
        All that the arguments allow unless given.
    controls : sequence of str, optional
        What else can be tried, of 'temperature', 'mask', 'constant', 'twice',
        'entropy' and 'reset'. All unless given.
    constant : float, default 0.0
        Added to every score, within ±1e6. Weights do not answer: that is the lesson.
    twice : bool, default False
        Apply softmax to the weights once more (the mistake of the source article).
    score_range : pair of float, optional
        How far the scores can be dragged; fits the scores, and is at least (-4, 4), unless given.
    value_names : sequence of str, optional
        One name for each component of the values.
    plane : bool, default True
        Draw two-dimensional values in the plane.
    title : str, optional
        The widget's name for screen readers.
    language : str, default 'en'
        The language of its words.

    Attributes
    ----------
    scores, values, temperature, mask, constant, twice
        As above; assign to them and the picture moves.
    weights : ndarray, shape (n,)
        What step 2 gives for the present state, also right after a drag.
    output : ndarray, shape (d,), or None
        What step 3 gives.
    guess : ndarray, shape (n,), or None
        The student's guess, once it was moved.
    locked : bool
        Whether the guess is locked and the weights are shown.
    error, printed : str
        What went wrong in, and what was printed by, a function of your own. While `error` is not
        empty, `weights` and `output` are those of the last good answer.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument does not fit or is out of range.

    Notes
    -----
    Equation: αᵢ = exp(aᵢ / T) / Σⱼ exp(aⱼ / T) and c = Σᵢ αᵢ vᵢ; Bahdanau et al. (2014),
    arXiv:1409.0473, Eq. 5 and 6. The page computes it itself, so the table answers while the
    kernel is busy or gone. On the page, scores are elements with the role slider, in token order;
    weights carry `data-weight`, output components `data-output`, and an error `role="alert"`.
    `ipywidgets.link` joins single numbers such as `temperature`; join arrays such as `scores` with
    `ipywidgets.dlink` or `jslink`, since a two-way link compares with ``!=``, as arrays do not.

    Examples
    --------
    >>> explorer = ScoreExplorer(["the", "cat", "sat"], scores=[0, 1, 3])
    >>> explorer.weights.round(3)
    array([0.042, 0.114, 0.844])
    >>> explorer.scores = [0, 0, 0]
    >>> explorer.weights.round(3)
    array([0.333, 0.333, 0.333])
    """

    _code = code("attention.js", "page.js", "dialogue.js", "score_explorer.js")
    _css = style("page.css", "score_explorer.css")

    tokens = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    scores = Numbers(_check_scores, axes=1)
    values = Numbers(_check_values, axes=2)
    temperature = Checked(as_temperature, 1.0)
    mask = Checked(as_token_mask).tag(to_json=lambda mask, _widget: mask.tolist())
    constant = Checked(_constant, 0.0)
    twice = Checked(_switch, False)
    guess = Numbers(_check_shares, axes=1)
    locked = Checked(_switch, False)
    weights = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)
    output = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)

    predict = traitlets.Bool(read_only=True).tag(sync=True)
    steps = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    controls = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    score_range = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)
    value_names = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    plane = traitlets.Bool(True, read_only=True).tag(sync=True)

    _initial = traitlets.Dict().tag(sync=True)
    _locked_weights = Numbers(_check_weights, axes=1)

    def __init__(
        self,
        tokens: Sequence[str],
        scores: ArrayLike | None = None,
        values: ArrayLike | None = None,
        *,
        temperature: float = 1.0,
        mask: ArrayLike | None = None,
        softmax: Callable[[FloatArray], ArrayLike] | None = None,
        weighted_sum: Callable[[FloatArray, FloatArray], ArrayLike] | None = None,
        predict: bool = False,
        steps: Sequence[str] | None = None,
        controls: Sequence[str] | None = None,
        constant: float = 0.0,
        twice: bool = False,
        score_range: tuple[float, float] | None = None,
        value_names: Sequence[str] | None = None,
        plane: bool = True,
        title: str = "",
        language: str = "en",
    ) -> None:
        # Everything is checked before the widget exists, so that nothing is half-made.
        names = as_tokens("tokens", tokens)
        n = len(names)
        if scores is None:
            scores = np.zeros(n)
        given_scores = as_numbers("scores", scores, least_axes=1, check_finite=False)
        if given_scores.shape != (n,):
            raise ValueError(
                f"scores: want shape ({n},), one for each token; got {given_scores.shape}"
            )
        _no_score("scores", given_scores)
        width = 0
        given_values = None
        if values is not None:
            given_values = as_numbers("values", values, least_axes=2)
            if given_values.ndim != 2:
                raise ValueError(f"values: want shape ({n}, d); got {given_values.shape}")
            _fit_values(n, given_values)
            width = given_values.shape[1]
        self._softmax = as_function("softmax", softmax)
        self._weighted_sum = as_function("weighted_sum", weighted_sum)
        chosen = _choose_steps(steps, has_values=width > 0, own_softmax=softmax is not None)
        if weighted_sum is not None and "output" not in chosen:
            raise ValueError("weighted_sum: wants values, and 'output' among the steps")
        if as_boolean("predict", predict) and "weights" not in chosen:
            raise ValueError("predict: wants 'weights' among the steps, for they are to be guessed")
        if controls is None:
            controls = CONTROLS if "weights" in chosen else ("reset",)
        offered = as_choice("controls", controls, CONTROLS)
        language = as_language(language)
        state = {
            "tokens": names,
            "predict": bool(predict),
            "steps": chosen,
            "controls": offered,
            "score_range": _range(score_range, given_scores),
            "value_names": _value_names(value_names, width, language),
            "plane": as_boolean("plane", plane),
            "title": as_title(title),
            "language": language,
        }
        moving = {
            "scores": given_scores,
            "temperature": as_temperature("temperature", temperature),
            "mask": np.full(n, True) if mask is None else as_mask("mask", mask, (n,)),
            "constant": _constant("constant", constant, None),
            "twice": as_boolean("twice", twice),
        }
        self._last: tuple[Any, ...] | None = None
        with self.hold_trait_notifications():
            for name, value in state.items():
                self.set_trait(name, value)
            for name, value in moving.items():
                setattr(self, name, value)
            self.values = given_values
            self._name_yours(softmax=softmax, weighted_sum=weighted_sum)
            self._initial = {name: getattr(self, name) for name in moving}
            self._initial |= {"scores": encode(self.scores), "mask": self.mask.tolist()}
        self._recompute()
        self.made = True
        super().__init__()
        changing = [*moving, "values", "_request"]
        self.observe(self._recompute, names=changing)
        self.observe(self._remember_what_was_locked, names=["locked"])

    def reset(self) -> None:
        """Go back to the scores, temperature, mask and switches of the beginning.

        Examples
        --------
        >>> explorer = ScoreExplorer(["a", "b"], scores=[1, 2])
        >>> explorer.scores = [5, 5]
        >>> explorer.reset()
        >>> explorer.scores
        array([1., 2.])
        """
        with self.hold_sync():
            for name, value in self._initial.items():
                setattr(self, name, np.array(value, float) if name == "scores" else value)

    # ------------------------------------------------------------------ the steps

    def _recompute(self, _change: Any = None) -> None:
        """Compute weights and output from the present state."""
        inputs = (
            self.scores.tobytes(),
            None if self.values is None else self.values.tobytes(),
            self.mask.tobytes(),
            (self.temperature, self.constant, self.twice),
        )
        if inputs == self._last:
            if self._answer:
                self._answer = {**self._answer, "request": self._request}
            return
        self._last = inputs
        scores = mask_scores(self.scores + self.constant, self.mask)
        if self._softmax or self._weighted_sum:
            self._ask_student(scores)
            return
        weights = self._own_weights(scores)
        self._keep(weights, weighted_sum(weights, self.values) if self.values is not None else None)

    def _own_weights(self, scores: FloatArray) -> FloatArray:
        weights = softmax(scores, temperature=self.temperature)
        return softmax(mask_scores(weights, self.mask)) if self.twice else weights

    def _ask_student(self, scores: FloatArray) -> None:
        """Let the student's functions answer; a wrong answer leaves the last good one standing."""
        n = len(self.tokens)
        printed: list[str] = []
        error = ""
        weights: FloatArray | None
        if self._softmax is None:
            weights = self._own_weights(scores)
        else:
            weights, error = self._ask(
                self._softmax, (self._heated(scores),), (n,), "one_weight_each", printed
            )
            if weights is not None and self.twice:
                again = mask_scores(weights, self.mask)
                weights, error = self._ask(
                    self._softmax, (again,), (n,), "one_weight_each", printed
                )
        output = None
        if weights is not None and self.values is not None:
            if self._weighted_sum is None:
                try:
                    output = weighted_sum(weights, self.values)
                except ValueError as problem:  # only weights of a student's can be that large
                    error = str(problem)
            else:
                output, error = self._ask(
                    self._weighted_sum,
                    (weights, self.values),
                    (self.values.shape[1],),
                    "one_number_each",
                    printed,
                )
        if weights is not None:  # where only step 3 went wrong, step 2 is still worth seeing
            self._keep(weights, self.output if error else output)
        self._answer = {
            "request": self._request,
            "weights": encode(self.weights),
            "output": encode(self.output),
            "error": error,
            "printed": "".join(printed),
        }

    def _heated(self, scores: FloatArray) -> FloatArray:
        """Divide by the temperature; what would overflow stays the largest number that there is."""
        if self.temperature == 1:
            return scores
        with np.errstate(over="ignore"):
            heated = scores / self.temperature
        most = np.finfo(heated.dtype).max
        clipped: FloatArray = np.where(np.isfinite(scores), np.clip(heated, -most, most), heated)
        return clipped

    def _keep(self, weights: FloatArray | None, output: FloatArray | None) -> None:
        for name, array in (("weights", weights), ("output", output)):
            if array is not None and array.flags.writeable:
                array.setflags(write=False)
            self.set_trait(name, array)

    def _remember_what_was_locked(self, _change: Any) -> None:
        if not self.locked:
            self._locked_weights = None
        elif self._locked_weights is None and self.weights is not None:
            self._locked_weights = self.weights
        if self.locked and self.guess is None:
            self.guess = np.full(len(self.tokens), 1 / len(self.tokens))

    # ------------------------------------------------------------------ picture and words

    @property
    def _revealed(self) -> bool:
        return not self.predict or bool(self.locked)

    def figure(self) -> Picture:
        """Draw the table as it stands now.

        Returns
        -------
        Picture
            A matplotlib figure that carries `describe()` as its text alternative.

        Examples
        --------
        >>> ScoreExplorer(["the", "cat"], scores=[0, 1]).figure().description[:31]
        'Score explorer with 2 tokens. T'
        """
        from attention_edu.figures import score_table

        return score_table(
            self.tokens,
            self.scores,
            self.weights if self._revealed and "weights" in self.steps else None,
            self.values if "output" in self.steps else None,
            self.output if self._revealed and "output" in self.steps else None,
            mask=self.mask,
            description=self.describe(),
        )

    def describe(self) -> str:
        """Say in one paragraph what the table shows now.

        Returns
        -------
        str
            Scores, weights and output in words and numbers.

        Examples
        --------
        >>> print(ScoreExplorer(["the", "cat"], scores=[0, 1]).describe())
        Score explorer with 2 tokens. The scores and weights are: the: score 0, weight 26.9 %; \
cat: score 1, weight 73.1 %.
        """
        say = strings()[self.language]
        weights = self.weights if self._revealed and "weights" in self.steps else None
        told = []
        for i, token in enumerate(self.tokens[:DESCRIBED_TOKENS]):
            words = say["describe_token"].format(
                token=token.strip() or say["empty_token"], score=f"{self.scores[i]:g}"
            )
            if weights is not None:
                words += say["describe_weight"].format(weight=_percent(weights[i]))
            told.append(words)
        rest = len(self.tokens) - DESCRIBED_TOKENS
        if rest > 0:
            told.append(say["describe_more"].format(n=rest))
        list_of = say["describe_scores" if weights is None else "describe_both"]
        parts = [
            say["describe_start"].format(n=len(self.tokens)),
            list_of.format(list="; ".join(told)),
        ]
        if not self._revealed:
            parts.append(say["describe_hidden"])
        if self.temperature != 1 and weights is not None:
            parts.append(say["describe_temperature"].format(temperature=f"{self.temperature:g}"))
        if self.twice and weights is not None:
            parts.append(say["describe_twice"])
        masked = [
            token.strip() or say["empty_token"]
            for token, may in zip(self.tokens, self.mask)
            if not may
        ]
        if masked:
            listed = ", ".join(masked[:DESCRIBED_TOKENS])
            parts.append(say["describe_masked"].format(tokens=listed))
        if self._revealed and self.output is not None and "output" in self.steps:
            numbers = ", ".join(f"{x:.2f}" if abs(x) < 1e6 else f"{x:.3g}" for x in self.output)
            parts.append(say["output_is"].format(numbers=f"({numbers})") + ".")
        if self.error:
            parts.append(self.error)
        return " ".join(parts)


def _percent(weight: float) -> str:
    return "<0.1 %" if 0 < weight < 0.0005 else f"{100 * weight:.1f} %"


def _choose_steps(given: Any, *, has_values: bool, own_softmax: bool) -> list[str]:
    possible = STEPS if has_values else STEPS[:3]
    if given is None:
        # The exponentials are ours: beside a student's own softmax they would mislead.
        return [step for step in possible if not (own_softmax and step == "exponentials")]
    chosen = as_choice("steps", given, STEPS)
    if not chosen:
        raise ValueError(f"steps: want at least one of {STEPS}; got none")
    if not has_values and set(chosen) & {"values", "output"}:
        raise ValueError("steps: 'values' and 'output' want the argument values; got None")
    return chosen


def _range(given: Any, scores: FloatArray) -> list[float]:
    if given is None:
        finite = scores[np.isfinite(scores)]
        most = float(max(4, math.ceil(min(np.abs(finite).max(initial=0), MOST_RANGE))))
        return [-most, most]
    try:
        low, high = given
    except (TypeError, ValueError):
        raise TypeError(f"score_range: wants a pair (low, high); got {shown(given)}") from None
    low, high = as_number("score_range", low), as_number("score_range", high)
    if not low < high or not math.isfinite(high - low):
        raise ValueError(f"score_range: wants low below high; got {shown(given)}")
    return [low, high]


def _value_names(given: Any, width: int, language: str) -> list[str]:
    if given is None:
        axis = strings()[language]["axis"]
        return [axis.format(number=c + 1) for c in range(width)] if width == 2 else []
    names = as_tokens("value_names", given)
    if len(names) != width:
        raise ValueError(
            f"value_names: want one for each of the {width} components; got {len(names)}"
        )
    return names
