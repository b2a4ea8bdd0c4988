"""Any matrix of attention weights, with its tokens or its image: point at a row and read it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from attention_edu.attention import (
    BoolArray,
    FloatArray,
    as_boolean,
    as_integer,
    as_mask,
    as_numbers,
    mask_scores,
    shown,
    softmax,
    weighted_sum,
)

from .base import (
    MOST_COMPONENTS,
    MOST_TOKENS,
    Checked,
    Explorer,
    Numbers,
    as_language,
    as_one_of,
    as_title,
    as_tokens,
    code,
    strings,
    style,
)

if TYPE_CHECKING:
    from attention_edu.figures import Picture

MOST_HEADS = 64
MOST_NUMBERS = 2**21  # of all heads together: 16 MB
MOST_EDITABLE = 32  # queries and keys whose scores can be dragged
MOST_EDITABLE_NUMBERS = 2**14  # of all heads together: what travels at every move
MOST_PIXELS = 1024  # in each direction
MOST_SIZE = 1e100  # of a weight or a value, so that no weighted sum overflows
MOST_RANGE = 1e6  # scores beyond it are shown at the end of the track
COLOURINGS = ("linear", "rank")
DESCRIBED_KEYS = 5
LABELLED = 40  # more rows or columns than this are drawn without their names
NUMBERED = 12
_TYPES = {"float32": np.float32, "float64": np.float64, "uint8": np.uint8, "bool": np.bool_}


# ---------------------------------------------------------------------------------------------
# Arrays on their way to the page and back: as bytes, which are small, exact and quick
# ---------------------------------------------------------------------------------------------


def pack(array: NDArray[Any] | None, _widget: Any = None) -> dict[str, Any] | None:
    """Turn an array into its shape, its type and its bytes, which travel beside the JSON."""
    if array is None:
        return None
    whole = np.ascontiguousarray(array)
    whole = whole.astype(whole.dtype.newbyteorder("<"), copy=False)
    data: Any = whole.reshape(-1).view(np.uint8)
    return {"shape": list(array.shape), "type": array.dtype.name, "data": memoryview(data)}


def unpack(sent: Any, _widget: Any = None) -> Any:
    """Turn what `pack` made back into an array."""
    if sent is None:
        return None
    if not isinstance(sent, dict) or sent.keys() != {"shape", "type", "data"}:
        raise TypeError(f"a page's array: wants shape, type and data; got {shown(sent)}")
    if sent["type"] not in _TYPES:
        raise ValueError(f"a page's array: wants a type of {list(_TYPES)}; got {sent['type']!r}")
    kind = np.dtype(_TYPES[sent["type"]]).newbyteorder("<")
    return np.frombuffer(bytes(sent["data"]), dtype=kind).reshape(sent["shape"])


# ---------------------------------------------------------------------------------------------
# What the traits and arguments accept
# ---------------------------------------------------------------------------------------------


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = array.copy()
    array.setflags(write=False)
    return array


def _matrix(name: str, given: Any) -> FloatArray:
    """Return numbers of shape (n_query, n_key) or (heads, n_query, n_key) within the limits."""
    array = as_numbers(name, given, least_axes=2, check_finite=False)
    if array.ndim > 3:
        raise ValueError(
            f"{name}: want shape (n_query, n_key) or (heads, n_query, n_key); got {array.shape}"
        )
    if max(array.shape[-2:]) > MOST_TOKENS:
        raise ValueError(
            f"{name}: want at most {MOST_TOKENS} queries and {MOST_TOKENS} keys; got {array.shape}"
        )
    if array.ndim == 3 and len(array) > MOST_HEADS:
        raise ValueError(f"{name}: want at most {MOST_HEADS} heads; got {len(array)}")
    if array.size > MOST_NUMBERS:
        raise ValueError(
            f"{name}: want at most {MOST_NUMBERS} numbers in all heads together; got {array.size}"
        )
    return array


def _place_of(wrong: BoolArray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(wrong)[0])


def _as_weights(name: str, given: Any) -> FloatArray:
    array = _matrix(name, given)
    wrong = ~((array >= 0) & (array.astype(np.float64) <= MOST_SIZE))
    if wrong.any():
        place = _place_of(wrong)
        raise ValueError(
            f"{name}: want finite numbers from 0 to {MOST_SIZE:g}; "
            f"got {float(array[place])} at index {place}"
        )
    return array.astype(np.float64 if array.dtype == np.float64 else np.float32, copy=False)


def _as_scores(name: str, given: Any) -> FloatArray:
    array = _matrix(name, given).astype(np.float64)
    wrong = np.isnan(array) | (array == np.inf)
    if wrong.any():
        place = _place_of(wrong)
        raise ValueError(
            f"{name}: want finite numbers or -inf; got {array[place]} at index {place}"
        )
    return array


def _as_values(name: str, given: Any, n_key: int) -> FloatArray:
    array = as_numbers(name, given, least_axes=2)
    if array.ndim != 2 or array.shape[0] != n_key or array.shape[1] > MOST_COMPONENTS:
        raise ValueError(
            f"{name}: want shape ({n_key}, d), one row for each key, with d at most "
            f"{MOST_COMPONENTS}; got {array.shape}"
        )
    if np.abs(array).max() > MOST_SIZE:
        raise ValueError(f"{name}: want numbers within ±{MOST_SIZE:g}; got {np.abs(array).max():g}")
    return array


def _as_shaped_mask(name: str, given: Any, shape: tuple[int, ...]) -> BoolArray:
    mask = as_mask(name, given, shape)
    kept: BoolArray = np.broadcast_to(mask, shape if mask.ndim > 2 else shape[-2:])
    return kept


def _as_index(name: str, given: Any, count: int, what: str) -> int:
    index = as_integer(name, given)
    if not 0 <= index < count:
        raise ValueError(
            f"{name}: wants a whole number from 0 to {count - 1}, one of the {what}; got {index}"
        )
    return index


def _as_colouring(name: str, given: Any, _map: Any = None) -> str:
    return as_one_of(name, given, COLOURINGS)


def _as_image(given: Any) -> NDArray[np.uint8]:
    """Return an image as bytes, of shape (height, width) or (height, width, 3)."""
    array = np.asarray(given)
    if array.dtype != np.uint8:
        array = as_numbers("image", given, least_axes=2)
        if array.min() < 0 or array.max() > 1:
            raise ValueError(
                "image: wants numbers from 0 to 1, or uint8; "
                f"got numbers from {array.min():g} to {array.max():g}"
            )
        array = np.rint(255 * array.astype(np.float64)).astype(np.uint8)
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)) or 0 in array.shape:
        raise ValueError(
            f"image: wants shape (height, width) or (height, width, 3); got {array.shape}"
        )
    if max(array.shape[:2]) > MOST_PIXELS:
        raise ValueError(
            f"image: wants at most {MOST_PIXELS} pixels in each direction; got {array.shape}"
        )
    kept: NDArray[np.uint8] = _frozen(array)
    return kept


def _as_patches(given: Any, n_key: int) -> list[int]:
    try:
        rows, columns = given
    except (TypeError, ValueError):
        raise TypeError(f"patches: want a pair (rows, columns); got {shown(given)}") from None
    rows, columns = as_integer("patches", rows, least=1), as_integer("patches", columns, least=1)
    if rows * columns != n_key:
        raise ValueError(
            f"patches: want rows × columns = {n_key}, one patch for each key; "
            f"got {rows} × {columns} = {rows * columns}"
        )
    return [rows, columns]


def _labels(name: str, given: Any, count: int) -> list[str]:
    labels = as_tokens(name, given)
    if len(labels) != count:
        raise ValueError(f"{name}: want {count}, one for each of them; got {len(labels)}")
    return labels


# The same for traits, which know their map.


def _weights_trait(name: str, given: Any, owner: Any) -> FloatArray | None:
    if given is None and not owner.made:
        return None
    if owner.made and owner.scores is not None and not owner._following:
        raise ValueError(
            f"{name}: follow from the scores here, so the map wants new scores instead; "
            f"got {shown(given)}"
        )
    return owner._same_shape(name, _as_weights(name, given))  # type: ignore[no-any-return]


def _scores_trait(name: str, given: Any, owner: Any) -> FloatArray | None:
    if given is None and not owner.made:
        return None
    if owner.made and owner.scores is None:
        if given is None:
            return None
        raise ValueError(
            f"{name}: this map was made of weights and wants new weights instead; "
            f"got {shown(given)}"
        )
    return owner._same_shape(name, _as_scores(name, given))  # type: ignore[no-any-return]


def _mask_trait(name: str, given: Any, owner: Any) -> BoolArray | None:
    if given is None:
        return None
    mask: BoolArray = _frozen(_as_shaped_mask(name, given, owner.shape))
    return mask


def _values_trait(owner: Any, values: FloatArray | None) -> None:
    had = owner.values.shape if owner.made and owner.values is not None else None
    if values is not None:
        _as_values("values", values, owner.shape[-1])
    got = None if values is None else values.shape
    if owner.made and got != had:
        raise ValueError(f"values: want shape {had}, as before; got {got}")


def _head_trait(name: str, given: Any, owner: Any) -> int:
    return _as_index(name, given, owner.heads, "heads")


def _row_trait(name: str, given: Any, owner: Any) -> int:
    return _as_index(name, given, owner.shape[-2], "queries")


class AttentionMap(Explorer):
    """A map of attention weights: point at a row and see where its query looks.

    Parameters
    ----------
    weights : array_like, shape (n_query, n_key) or (heads, n_query, n_key), optional
        Finite and at least 0; at most 512 queries, 512 keys, 64 heads and 2,097,152 numbers in
        all. Rows need not sum to 1: the sum is shown.
    queries : sequence of str, optional
        The labels of the rows; “query 1” and so on unless given.
    keys : sequence of str, optional
        The labels of the columns. Unless given: the queries, if these are given and there are as
        many; the places of the patches of an image; else “key 1” and so on.
    scores : array_like, same shapes as `weights`, optional
        Instead of the weights: the map computes ``softmax(mask_scores(scores, mask))``. Finite or
        -inf.
    values : array_like, shape (n_key, d), optional
        One row a key, d at most 64: adds the output of the chosen row.
    image : array_like, shape (height, width) or (height, width, 3), optional
        Numbers from 0 to 1, or uint8; at most 1024 pixels in each direction. Its patches are the
        keys.
    patches : pair of int, optional
        (rows, columns) of the patches, in reading order; wanted with `image`.
    mask : array_like of bool, shape that broadcasts to that of `weights`, optional
        True = may attend. What may not be attended to is hatched.
    head : int, default 0
        The head that is shown.
    row : int, default 0
        The query that is chosen.
    colouring : {'linear', 'rank'}, default 'linear'
        Colour each weight by its size, or by its rank within its row.
    editable : bool, default False
        Let each score be dragged; wants `scores` of at most 32 queries, 32 keys and 16,384 numbers
        in all.
    head_names : sequence of str, optional
        One name for each head.
    title : str, optional
        The widget's name for screen readers.
    language : str, default 'en'
        The language of its words.

    Attributes
    ----------
    weights : ndarray, shape as given
        The weights. Assign to them if the map was made of weights; those of a map that was made
        of scores follow from these. float32 is kept, which halves what a notebook saves.
    scores : ndarray, shape as given, or None
        The scores; assign to them and the weights follow, also right after a drag.
    head, row, colouring, mask, values
        As above; assign to them and the picture moves.
    output : ndarray, shape (d,), or None
        The weighted sum of the values under the weights of the chosen row.
    queries, key_names, head_names : list of str
        The labels. (`keys` means something else in every widget of Jupyter.)
    shape : tuple of int
        That of the weights.
    heads : int
        How many heads there are.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument does not fit or is out of range.

    Notes
    -----
    Equation: αᵢⱼ = exp(eᵢⱼ) / Σₖ exp(eᵢₖ) and cᵢ = Σⱼ αᵢⱼ vⱼ; Bahdanau et al. (2014),
    arXiv:1409.0473, Eq. 5 and 6, whose Figure 3 shows such maps. On the page, cells carry
    `data-row`, `data-column` and `data-weight`; beyond 32 × 32 the map is drawn at once, and the
    cell that is pointed at is shown in an element with these attributes. Arrays travel and are
    saved as bytes.

    Examples
    --------
    >>> shown = AttentionMap([[0.9, 0.1], [0.4, 0.6]], queries=["le", "chat"], keys=["the", "cat"])
    >>> shown.row = 1
    >>> print(shown.describe())
    Attention map with 2 queries and 2 keys. Query chat: row sum 1.00; largest weights: \
cat 60.0 %, the 40.0 %.
    >>> AttentionMap(scores=[[0, 0, 1]], values=[[1], [2], [3]]).output.round(2)
    array([2.36])
    """

    _code = code("attention.js", "page.js", "dialogue.js", "attention_map.js")
    _css = style("page.css", "attention_map.css")

    weights = Checked(_weights_trait).tag(
        to_json=lambda weights, owner: None if owner.scores is not None else pack(weights),
        from_json=unpack,
    )
    scores = Checked(_scores_trait).tag(to_json=pack, from_json=unpack)
    mask = Checked(_mask_trait).tag(to_json=pack, from_json=unpack)
    values = Numbers(_values_trait, axes=2)
    head = Checked(_head_trait, 0)
    row = Checked(_row_trait, 0)
    colouring = Checked(_as_colouring, "linear")
    output = traitlets.Instance(np.ndarray, allow_none=True, read_only=True)

    queries = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    key_names = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    head_names = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    patches = traitlets.List(traitlets.Int(), read_only=True).tag(sync=True)
    image = traitlets.Instance(np.ndarray, allow_none=True, read_only=True).tag(
        sync=True, to_json=pack
    )
    editable = traitlets.Bool(read_only=True).tag(sync=True)

    _score_range = traitlets.List(traitlets.Float()).tag(sync=True)
    _of_patches = traitlets.Bool().tag(sync=True)  # queries are the patches themselves
    _initial_scores = traitlets.Any().tag(sync=True, to_json=pack)
    _version = traitlets.Int(0).tag(sync=True)  # counts what was shown in this place

    shape: tuple[int, ...] = ()
    heads = 1
    _following = False

    def __init__(
        self,
        weights: ArrayLike | None = None,
        queries: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        *,
        scores: ArrayLike | None = None,
        values: ArrayLike | None = None,
        image: ArrayLike | None = None,
        patches: tuple[int, int] | None = None,
        mask: ArrayLike | None = None,
        head: int = 0,
        row: int = 0,
        colouring: str = "linear",
        editable: bool = False,
        head_names: Sequence[str] | None = None,
        title: str = "",
        language: str = "en",
    ) -> None:
        self._set_up(
            weights,
            queries,
            keys,
            scores=scores,
            values=values,
            image=image,
            patches=patches,
            mask=mask,
            head=head,
            row=row,
            colouring=colouring,
            editable=editable,
            head_names=head_names,
            title=title,
            language=language,
        )
        self.made = True
        super().__init__()
        self.observe(self._recompute, names=["scores", "mask"])
        self.observe(self._mix, names=["weights", "values", "head", "row"])

    def show(
        self,
        weights: ArrayLike | None = None,
        queries: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        *,
        scores: ArrayLike | None = None,
        values: ArrayLike | None = None,
        image: ArrayLike | None = None,
        patches: tuple[int, int] | None = None,
        mask: ArrayLike | None = None,
        head: int = 0,
        row: int = 0,
        head_names: Sequence[str] | None = None,
    ) -> None:
        """Show another matrix in the place of this one, with tokens and an image of its own.

        Parameters
        ----------
        weights, queries, keys, scores, values, image, patches, mask, head, row, head_names
            As for a new map. What is not given is not kept from before.

        Raises
        ------
        TypeError, ValueError
            As for a new map; the picture then stays as it was.

        Examples
        --------
        >>> shown = AttentionMap([[0.9, 0.1]], keys=["the", "cat"])
        >>> shown.show([[0.2, 0.3, 0.5]], keys=["the", "cat", "sat"])
        >>> shown.key_names
        ['the', 'cat', 'sat']
        """
        before = self.shape, self.heads
        self.made = False
        try:
            with self.hold_sync():
                self._set_up(
                    weights,
                    queries,
                    keys,
                    scores=scores,
                    values=values,
                    image=image,
                    patches=patches,
                    mask=mask,
                    head=head,
                    row=row,
                    colouring=self.colouring,
                    editable=self.editable,
                    head_names=head_names,
                    title=self.title,
                    language=self.language,
                )
                self._version += 1
        except Exception:
            self.shape, self.heads = before
            raise
        finally:
            self.made = True

    def _set_up(
        self,
        weights: ArrayLike | None,
        queries: Sequence[str] | None,
        keys: Sequence[str] | None,
        *,
        scores: ArrayLike | None,
        values: ArrayLike | None,
        image: ArrayLike | None,
        patches: tuple[int, int] | None,
        mask: ArrayLike | None,
        head: int,
        row: int,
        colouring: str,
        editable: bool,
        head_names: Sequence[str] | None,
        title: str,
        language: str,
    ) -> None:
        # Everything is checked before anything is set, so that nothing is half-made.
        if weights is None and scores is None:
            raise TypeError("weights: wants numbers, unless scores are given; got None")
        if weights is not None and scores is not None:
            raise ValueError("weights: wants None where scores are given, or no scores; got both")
        language = as_language(language)
        given = _as_weights("weights", weights) if scores is None else _as_scores("scores", scores)
        self.shape = given.shape
        self.heads = given.shape[0] if given.ndim == 3 else 1
        n_query, n_key = given.shape[-2:]
        if as_boolean("editable", editable):
            _check_editable(scores, given.shape)
        grid: list[int] = []
        picture = None
        if image is not None:
            picture = _as_image(image)
            if patches is None:
                raise TypeError("patches: want a pair (rows, columns) with the image; got None")
            grid = _as_patches(patches, n_key)
        elif patches is not None:
            raise ValueError(f"patches: want an image to lie on; got {shown(patches)} and no image")
        query_names, key_names = _names(queries, keys, (n_query, n_key), grid, language)
        name_of_head = strings()[language]["map_head_number"]
        state: dict[str, Any] = {
            "queries": query_names,
            "key_names": key_names,
            "head_names": [name_of_head.format(number=h + 1) for h in range(self.heads)]
            if head_names is None
            else _labels("head_names", head_names, self.heads),
            "image": picture,
            "patches": grid,
            "editable": bool(editable),
            "title": as_title(title),
            "language": language,
        }
        moving: dict[str, Any] = {
            "head": _head_trait("head", head, self),
            "row": _row_trait("row", row, self),
            "colouring": _as_colouring("colouring", colouring),
            "mask": None if mask is None else _as_shaped_mask("mask", mask, self.shape),
            "values": None if values is None else _as_values("values", values, n_key),
        }
        with self.hold_trait_notifications():
            for name, value in state.items():
                self.set_trait(name, value)
            self.scores = None if scores is None else given
            if scores is None:
                self.weights = given
            for name, value in moving.items():
                setattr(self, name, value)
            self._initial_scores = self.scores if editable else None
            self._score_range = _range(given) if editable else []
            self._of_patches = bool(grid) and queries is None and n_query == n_key
        self._recompute()

    def reset(self) -> None:
        """Go back to the scores of the beginning.

        Examples
        --------
        >>> shown = AttentionMap(scores=[[1, 2]], editable=True)
        >>> shown.scores = [[5, 5]]
        >>> shown.reset()
        >>> shown.scores
        array([[1., 2.]])
        """
        if self._initial_scores is not None:
            self.scores = self._initial_scores

    # ------------------------------------------------------------------ the steps

    def _same_shape(self, name: str, array: FloatArray) -> FloatArray:
        if array.shape != self.shape:
            raise ValueError(f"{name}: want shape {self.shape}, as before; got {array.shape}")
        return _frozen(array)

    def _recompute(self, _change: Any = None) -> None:
        """Compute the weights where they follow from scores."""
        if self.scores is not None:
            allowed = self.scores if self.mask is None else mask_scores(self.scores, self.mask)
            self._following = True
            try:
                self.weights = softmax(allowed)
            finally:
                self._following = False
        self._mix()

    def _mix(self, _change: Any = None) -> None:
        """Compute the output of the chosen row."""
        output = None
        if self.values is not None:
            output = weighted_sum(self._of_head(self.weights)[self.row], self.values)
            output.setflags(write=False)
        self.set_trait("output", output)

    def _of_head(self, array: NDArray[Any]) -> NDArray[Any]:
        return array[self.head] if array.ndim == 3 else array

    # ------------------------------------------------------------------ picture and words

    def figure(self) -> Picture:
        """Draw the map as it stands now, and the image with the chosen row if there is one.

        Returns
        -------
        Picture
            A matplotlib figure that carries `describe()` as its text alternative.

        Examples
        --------
        >>> AttentionMap([[0.5, 0.5]]).figure().description[:34]
        'Attention map with 1 query and 2 k'
        """
        return _draw(self)

    def describe(self) -> str:
        """Say in one paragraph what the map shows now.

        Returns
        -------
        str
            The size, the head, and the chosen row: its sum and its largest weights.

        Examples
        --------
        >>> print(AttentionMap([[0.25, 0.75]], keys=["the", "cat"]).describe())
        Attention map with 1 query and 2 keys. Query 1: row sum 1.00; largest weights: \
cat 75.0 %, the 25.0 %.
        """
        say = strings()[self.language]
        weights = self._of_head(self.weights)
        chosen = weights[self.row].astype(np.float64)
        allowed = self._allowed()[self.row]
        parts = [
            say["map_describe_start"].format(
                queries=say["map_one_query" if len(weights) == 1 else "map_queries"].format(
                    n=len(weights)
                ),
                keys=say["map_one_key" if len(chosen) == 1 else "map_keys"].format(n=len(chosen)),
            )
        ]
        if self.heads > 1:
            parts.append(
                say["map_describe_head"].format(name=self.head_names[self.head], n=self.heads)
            )
        order = np.argsort(-chosen, kind="stable")[:DESCRIBED_KEYS]
        named = [j for j in order if allowed[j] or chosen[j]]
        told = [f"{self._name(self.key_names[j])} {_percent(chosen[j])}" for j in named]
        query = self._name(self.queries[self.row])
        plain = say["map_query"].partition(" ")[0]  # a name such as “query 1” says it already
        parts.append(
            say["map_describe_row"].format(
                query=query.removeprefix(plain) if query.startswith(plain) else f" {query}",
                total=_decimal(float(chosen.sum())),
                list=", ".join(told) or say["map_nothing"],
            )
        )
        masked = int((~allowed).sum())
        if masked:
            parts.append(say["map_describe_masked"].format(n=masked))
        if self.output is not None:
            numbers = ", ".join(_decimal(float(x)) for x in self.output[:4])
            more = ", …" if len(self.output) > 4 else ""
            parts.append(say["output_is"].format(numbers=f"({numbers}{more})") + ".")
        return " ".join(parts)

    def _name(self, label: str) -> str:
        return label.strip() or strings()[self.language]["empty_token"]

    def _allowed(self) -> BoolArray:
        """Return the mask of the shown head, True everywhere if there is none."""
        if self.mask is None:
            return np.ones(self.shape[-2:], dtype=np.bool_)
        return self._of_head(self.mask)


# ---------------------------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------------------------


def _check_editable(scores: Any, shape: tuple[int, ...]) -> None:
    if scores is None:
        raise ValueError("editable: wants scores, for they are what is dragged; got weights")
    if max(shape[-2:]) > MOST_EDITABLE or math.prod(shape) > MOST_EDITABLE_NUMBERS:
        raise ValueError(
            f"editable: wants at most {MOST_EDITABLE} queries, {MOST_EDITABLE} keys and "
            f"{MOST_EDITABLE_NUMBERS} scores in all; got shape {shape}"
        )


def _names(
    queries: Any, keys: Any, counts: tuple[int, ...], grid: list[int], language: str
) -> tuple[list[str], list[str]]:
    """Return the labels of the rows and of the columns."""
    say = strings()[language]
    n_query, n_key = counts
    places = []
    if grid:
        rows, columns = range(1, grid[0] + 1), range(1, grid[1] + 1)
        places = [say["map_patch"].format(row=r, column=c) for r in rows for c in columns]
    query_names = None if queries is None else _labels("queries", queries, n_query)
    if keys is not None:
        key_names = _labels("keys", keys, n_key)
    elif places:
        key_names = places
    elif query_names is not None and n_query == n_key:
        key_names = query_names
    else:
        key_names = [say["map_key"].format(number=j + 1) for j in range(n_key)]
    if query_names is None:
        numbered = [say["map_query"].format(number=i + 1) for i in range(n_query)]
        query_names = places if places and n_query == n_key else numbered
    return query_names, key_names


def _range(scores: FloatArray) -> list[float]:
    finite = scores[np.isfinite(scores)]
    most = float(max(4, math.ceil(min(np.abs(finite).max(initial=0), MOST_RANGE))))
    return [-most, most]


def _percent(weight: float) -> str:
    if weight >= 1e4:
        return f"{100 * weight:.3g} %"
    return "<0.1 %" if 0 < weight < 0.0005 else f"{100 * weight:.1f} %"


def _decimal(number: float) -> str:
    return f"{number:.2f}" if abs(number) < 1e6 else f"{number:.3g}"


# ---------------------------------------------------------------------------------------------
# The picture
# ---------------------------------------------------------------------------------------------


def _ranks(weights: FloatArray, allowed: BoolArray) -> FloatArray:
    """Return each weight's rank within its row, 0 to 1; equal weights share the middle one."""
    ranks = np.full(weights.shape, 0.5)
    for row, may, ranked in zip(weights, allowed, ranks):
        if may.sum() < 2:
            continue
        ordered = np.sort(row[may])
        below = np.searchsorted(ordered, row, side="left")
        upto = np.searchsorted(ordered, row, side="right")
        ranked[:] = (below + upto - 1) / 2 / (len(ordered) - 1)
    return ranks


def _draw(shown_map: AttentionMap) -> Picture:
    from attention_edu.figures import COLOURS, Picture, _fonts
    from attention_edu.figures import _labels as shortened

    say = strings()[shown_map.language]
    weights = shown_map._of_head(shown_map.weights).astype(np.float64)
    allowed = shown_map._allowed()
    n_query, n_key = weights.shape
    by_rank = shown_map.colouring == "rank"
    most = 1.0 if by_rank or shown_map.editable else float(weights.max()) or 1.0
    numbered = n_key <= NUMBERED and n_query <= 2 * NUMBERED
    labelled = max(weights.shape) <= LABELLED
    cell = 0.62 if numbered else 0.3 if labelled else 5.0 / max(weights.shape)
    rows = shortened("queries", shown_map.queries, n_query, most=14)
    columns = shortened("keys", shown_map.key_names, n_key, most=14)
    margin = 0.5 + 0.1 * max(map(len, rows)) if labelled else 0.6
    size = [max(margin + cell * n_key + 1.3, 3.6), max(cell * 0.8 * n_query + 1.6, 2.0)]
    has_image = shown_map.image is not None
    if has_image:  # below the map there are names, and the image is as high as the map
        size[1] = max(size[1], 4.2)
    panel = size[1] - 1.4 if has_image else 0.0
    picture = Picture(shown_map.describe(), figsize=(size[0] + panel, size[1]))
    ratios = [size[0], panel] if has_image else None
    panels = picture.subplots(1, 1 + has_image, squeeze=False, width_ratios=ratios)[0]
    axes = panels[0]
    # What is masked is left out, so that the hatched ground shows through.
    axes.patch.set(facecolor="white", edgecolor="#8A8A8A", hatch="////", linewidth=0)
    coloured = _ranks(weights, allowed) if by_rank else weights
    drawn = axes.imshow(
        np.ma.masked_array(coloured, mask=~allowed),
        cmap="cividis",
        vmin=0,
        vmax=most,
        aspect="auto",
        interpolation="nearest",
    )
    _colour_bar(picture, axes, drawn, say, by_rank=by_rank)
    axes.set_ylabel(say["map_queries_axis"], fontsize=11)
    axes.set_xlabel(say["map_keys_axis"], fontsize=11)
    # Numbers, hostile signs and all: any label is only text.
    text: dict[str, Any] = {"fontsize": 11, "fontfamily": _fonts(), "parse_math": False}
    if labelled:
        axes.set_yticks(range(n_query), rows, **text)
        longest = max(map(len, columns))
        turned = 90 if longest * 0.1 > cell else 0
        axes.set_xticks(range(n_key), columns, rotation=turned, **text)
    else:
        _whole_numbers(axes, n_query, n_key)
    if shown_map.heads > 1:
        axes.set_title(
            shown_map.head_names[shown_map.head][:60],
            fontsize=12,
            loc="left",
            parse_math=False,
            fontfamily=_fonts(),
        )
    if numbered:
        for (i, j), weight in np.ndenumerate(weights):
            if allowed[i, j] or weight:
                light = not allowed[i, j] or coloured[i, j] > 0.5 * most
                number = _percent(weight).removesuffix(" %")
                ink = "black" if light else "white"
                axes.text(j, i, number, ha="center", va="center", color=ink, fontsize=11)
    if n_query > 1:
        axes.axhspan(
            shown_map.row - 0.5,
            shown_map.row + 0.5,
            fill=False,
            edgecolor=COLOURS[1],
            linewidth=2.5,
            clip_on=False,
            zorder=3,
        )
    axes.set_ylim(n_query - 0.5, -0.5)
    if has_image:
        _draw_image(panels[1], shown_map, weights[shown_map.row], allowed[shown_map.row], _fonts())
    return picture


def _whole_numbers(axes: Any, n_query: int, n_key: int) -> None:
    """Count rows and columns that are too many for their names."""
    from matplotlib.ticker import MaxNLocator

    for axis, count in ((axes.yaxis, n_query), (axes.xaxis, n_key)):
        nice = MaxNLocator(integer=True).tick_values(1, count)
        numbers = [1, *(int(number) for number in nice if 1 < number <= count)]
        axis.set_ticks([number - 1 for number in numbers], labels=numbers)


def _colour_bar(
    picture: Picture, axes: Any, drawn: Any, say: dict[str, str], *, by_rank: bool
) -> None:
    from matplotlib.ticker import FuncFormatter

    bar = picture.colorbar(drawn, ax=axes, pad=0.02, fraction=0.08)
    bar.set_label(say["map_rank_words" if by_rank else "weight"], fontsize=11)
    if by_rank:
        bar.set_ticks([0, 1], labels=[say["map_rank_low"], say["map_rank_high"]])
    else:
        bar.formatter = FuncFormatter(lambda weight, _: f"{100 * weight:.3g} %")


def _draw_image(
    axes: Any, shown_map: AttentionMap, row: FloatArray, allowed: BoolArray, fonts: list[str]
) -> None:
    """Draw the image with its patches, more covered the more weight they have."""
    from matplotlib.patches import Rectangle

    rows, columns = shown_map.patches
    picture: Any = shown_map.image
    height, width = picture.shape[:2]
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    largest = float(row.max())
    tall, wide = height / rows, width / columns
    for j, weight in enumerate(row):
        y, x = divmod(j, columns)
        corner = (x * wide - 0.5, y * tall - 0.5)
        share = float(weight) / largest if largest else 0.0
        look: dict[str, Any]
        if allowed[j]:
            look = {"facecolor": (1.0, 0.55, 0.1, 0.72 * share), "edgecolor": (1, 1, 1, 0.35)}
        else:
            look = {"fill": False, "hatch": "////", "edgecolor": "#B0B0B0"}
        axes.add_patch(Rectangle(corner, wide, tall, linewidth=0.6, **look))
        if share >= 0.1 and columns <= 8:
            axes.text(
                corner[0] + wide / 2,
                corner[1] + tall / 2,
                f"{100 * weight:.0f} %",
                ha="center",
                va="center",
                fontsize=11,
                color="white",
                bbox={"facecolor": (0, 0, 0, 0.7), "edgecolor": "none", "pad": 1.5},
            )
    if largest:
        y, x = divmod(int(row.argmax()), columns)
        for colour, line in (("black", 4.5), ("white", 2)):
            corner = (x * wide - 0.5, y * tall - 0.5)
            box = Rectangle(corner, wide, tall, fill=False, edgecolor=colour, linewidth=line)
            axes.add_patch(box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    query = shown_map._name(shown_map.queries[shown_map.row])
    axes.set_title(query[:40], fontsize=12, loc="left", parse_math=False, fontfamily=fonts)
