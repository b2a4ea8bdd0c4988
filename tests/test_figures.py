"""Pictures: their words, their bytes, their labels, and that they draw the numbers given."""

import base64
import io
import re
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread
from numpy.testing import assert_allclose

from attention_edu.attention import softmax, weighted_sum
from attention_edu.figures import COLOURS, Picture, bars, curves, heat_map, score_table, timeline
from attention_edu.references import REFERENCES, TRACKS

INF = float("inf")
NAN = float("nan")
TOKENS = ["the", "cat", "sat"]
SCORES = np.array([0.5, 2.0, -1.0])
VALUES = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, -3.0]])
WEIGHTS = softmax(SCORES)
OUTPUT = weighted_sum(WEIGHTS, VALUES)

MAKERS = {
    "bars": lambda labels=TOKENS: bars(labels, SCORES, description="What it shows."),
    "heat_map": lambda labels=TOKENS: heat_map(
        labels, labels, np.outer(SCORES, SCORES), description="What it shows."
    ),
    "curves": lambda labels=TOKENS: curves(
        [1, 2, 3], dict.fromkeys(labels, SCORES), description="What it shows."
    ),
    "score_table": lambda labels=TOKENS: score_table(
        labels, SCORES, WEIGHTS, VALUES, OUTPUT, description="What it shows."
    ),
    "timeline": lambda: timeline(description="What it shows."),
}
every_picture = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
every_labelled_picture = pytest.mark.parametrize(
    "make", [MAKERS[name] for name in ("bars", "heat_map", "score_table")]
)


def drawn(picture):
    """Return the picture as it is displayed: width, height and colours."""
    return imread(io.BytesIO(picture.png()))


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


# ---------------------------------------------------------------------------------------------
# Every picture
# ---------------------------------------------------------------------------------------------


@every_picture
def test_the_description_is_the_alternative_text_of_the_image(make):
    picture = make()

    data, metadata = picture._repr_mimebundle_()

    assert isinstance(picture, Picture)
    assert metadata["image/png"]["alt"] == "What it shows."
    assert data["text/plain"] == repr(picture) == "What it shows."
    assert base64.b64decode(data["image/png"]) == picture.png()


@every_picture
def test_the_image_is_shown_at_half_its_pixels(make):
    """It stays sharp on screens with twice as many."""
    picture = make()
    about = picture._repr_mimebundle_()[1]["image/png"]

    height, width = drawn(picture).shape[:2]

    assert abs(width - 2 * about["width"]) <= 2
    assert abs(height - 2 * about["height"]) <= 2


@every_picture
def test_the_bytes_are_the_same_at_every_call_and_name_no_program(make):
    """A notebook that is made again is the same, byte for byte."""
    picture = make()

    assert picture.png() == picture.png() == make().png()
    assert picture.png().startswith(b"\x89PNG\r\n\x1a\n")
    assert b"tEXt" not in picture.png()


@every_picture
def test_a_picture_is_not_kept_by_pyplot(make):
    """Pyplot would keep every figure of a long session, and show it a second time."""
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    make().png()

    assert pyplot.get_fignums() == before


@every_picture
def test_something_is_drawn(make):
    assert drawn(make()).std() > 0.05


@pytest.mark.parametrize("setting", [{"text.usetex": False}, {"axes.unicode_minus": False}])
def test_pictures_do_not_change_the_settings_of_others(setting):
    with mpl.rc_context(setting):
        before = dict(mpl.rcParams)
        for make in MAKERS.values():
            make().png()
        assert dict(mpl.rcParams) == before


@every_labelled_picture
@pytest.mark.parametrize(
    "label",
    [
        "$x^$",
        "$\\frac{$",
        "a $b$ c",
        "_hidden",
        "注意",
        "👩‍👩‍👧‍👦",
        "שלום\u202e",
        "",
        "<b>",
        "\x00",
        "%s {0}",
    ],
)
def test_labels_are_drawn_as_they_are(make, label):
    """Signs that mean mathematics or formatting elsewhere are just signs in a token."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = make([label, "b", "c"])
        picture.png()

    labels = picture.axes[0].yaxis.get_ticklabels()
    assert labels[0].get_text() == label
    assert not any(text.get_parse_math() for text in labels)


@every_labelled_picture
def test_a_long_label_is_cut_with_a_sign(make):
    labels = tick_labels(make(["x" * 25, "y" * 24, "z"]).axes[0].yaxis)

    assert labels == ["x" * 23 + "…", "y" * 24, "z"]


@pytest.mark.parametrize(
    "name",
    [
        "bars",
        "score_table",
        pytest.param(
            "heat_map",
        ),
    ],
)
def test_a_long_label_does_not_leave_the_picture(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = drawn(MAKERS[name](["W" * 1000] * 3))

    for edge in (image[:, 0], image[:, -1], image[0], image[-1]):
        assert (edge[:, :3] == 1).all(), "something touches the edge"


def test_a_line_may_have_a_dollar_in_its_name():
    curves([1, 2], {"$x^$": [1, 2]}, description="A line.").png()


def test_a_line_whose_name_begins_with_an_underscore_is_named():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = curves([1, 2], {"_x": [1, 2]}, description="A line.")

    assert [text.get_text() for text in picture.axes[0].get_legend().get_texts()] == ["_x"]


@pytest.mark.parametrize("place", ["title", "axis"])
def test_a_title_may_hold_a_dollar(place):
    bars(["a"], [1], description="One.", **{place: "$x^$"}).png()


# ---------------------------------------------------------------------------------------------
# Bars
# ---------------------------------------------------------------------------------------------


def test_bars_are_as_long_as_the_numbers_and_in_the_order_of_the_labels():
    axes = bars(TOKENS, SCORES, description="Scores.", title="Scores", axis="score").axes[0]

    assert_allclose([bar.get_width() for bar in axes.patches], SCORES)
    assert tick_labels(axes.yaxis) == TOKENS
    assert_allclose([bar.get_y() + bar.get_height() / 2 for bar in axes.patches], axes.get_yticks())
    top, bottom = axes.get_ylim()
    assert top > bottom, "the first token is at the top"
    assert axes.get_title(loc="left") == "Scores"
    assert axes.get_xlabel() == "score"


def test_bars_take_a_colour():
    assert bars(["a"], [1], description="One.", colour="red").axes[0].patches[
        0
    ].get_facecolor() == (
        1.0,
        0.0,
        0.0,
        1.0,
    )


@pytest.mark.parametrize(
    ("labels", "numbers", "kind", "words"),
    [
        (["a", "b"], "ab", TypeError, "numbers: wants numbers; got"),
        (["a", "b"], [None, 1], TypeError, "numbers: wants numbers; got"),
        (["a", "b"], [True, False], TypeError, "numbers: wants numbers; got booleans"),
        (["a", "b"], [1, NAN], ValueError, "numbers: wants finite numbers; got nan"),
        (["a", "b"], [1, -INF], ValueError, "numbers: wants finite numbers; got -inf"),
        (["a", "b"], [1], ValueError, "labels: wants 1 labels; got 2"),
        (["a"], [1, 2], ValueError, "labels: wants 2 labels; got 1"),
        ([], [], ValueError, "numbers: wants at least one"),
        (["a"], 3, ValueError, "numbers: wants at least 1 axis"),
        pytest.param(
            ["a", "b"],
            [[1, 2], [3, 4]],
            ValueError,
            "numbers: ",
        ),
    ],
)
def test_wrong_bars_are_named(labels, numbers, kind, words):
    with pytest.raises(kind, match=words):
        bars(labels, numbers, description="Bars.")


# ---------------------------------------------------------------------------------------------
# Heat maps
# ---------------------------------------------------------------------------------------------


def test_a_heat_map_shows_every_number_in_its_place():
    matrix = np.array([[0.125, 0.5, 0.375], [1.0, 0.0, 0.25]])

    axes = heat_map(["q", "r"], TOKENS, matrix, description="Weights.").axes[0]

    assert_allclose(axes.images[0].get_array(), matrix)
    seen = {text.get_position(): text.get_text() for text in axes.texts}
    assert seen == {(j, i): f"{x:.3g}" for (i, j), x in np.ndenumerate(matrix)}
    assert tick_labels(axes.yaxis) == ["q", "r"]
    assert tick_labels(axes.xaxis) == TOKENS
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("query", "key")


def luminance(colour):
    channels = np.asarray(colour[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize(
    "matrix", [np.linspace(0, 1, 25).reshape(5, 5), np.full((2, 2), 0.5), [[-3.0, 5.0]]]
)
def test_the_numbers_of_a_heat_map_can_be_read(matrix):
    """Ink and ground differ by 3 : 1 at least, which is enough for large print."""
    matrix = np.asarray(matrix)
    axes = heat_map(
        range(matrix.shape[0]), range(matrix.shape[1]), matrix, description="Numbers."
    ).axes[0]
    image = axes.images[0]

    for text, number in zip(axes.texts, matrix.ravel(), strict=True):
        ground = luminance(image.cmap(image.norm(number)))
        ink = luminance(mpl.colors.to_rgb(text.get_color()))
        low, high = sorted((ground, ink))
        assert (high + 0.05) / (low + 0.05) >= 3, (number, text.get_color())


@pytest.mark.parametrize(
    ("rows", "columns", "matrix", "kind", "words"),
    [
        (["a"], ["b", "c"], [[1, 2, 3]], ValueError, "columns: wants 3 labels; got 2"),
        (["a", "b"], ["b"], [[1]], ValueError, "rows: wants 1 labels; got 2"),
        (["a"], ["b"], [1], ValueError, "numbers: wants at least 2 axes"),
        (["a"], ["b"], [[[1]]], ValueError, "numbers: want shape"),
        (["a"], ["b"], [["x"]], TypeError, "numbers: wants numbers"),
        (["a"], ["b"], [[NAN]], ValueError, "numbers: wants finite numbers"),
        (["a", "b"], ["b"], [[1], [2, 3]], ValueError, "numbers: wants rows of equal length"),
    ],
)
def test_a_wrong_heat_map_is_named(rows, columns, matrix, kind, words):
    with pytest.raises(kind, match=words):
        heat_map(rows, columns, matrix, description="Map.")


# ---------------------------------------------------------------------------------------------
# Curves
# ---------------------------------------------------------------------------------------------


def test_curves_go_through_the_numbers_and_are_named():
    x, lines = [0.1, 1.0, 10.0], {"cat": [1, 2, 3], "sat": [3, 2, 1], "mat": [0, 0, 1]}

    axes = curves(x, lines, description="Lines.", x_axis="temperature", log_x=True).axes[0]

    assert len(axes.lines) == 3
    for line, (name, y) in zip(axes.lines, lines.items(), strict=True):
        assert_allclose(line.get_xydata(), np.stack([x, y], axis=1))
        assert line.get_label() == name
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(lines)
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "temperature"
    assert curves(x, lines, description="Lines.").axes[0].get_xscale() == "linear"


def test_curves_differ_in_more_than_colour():
    lines = {str(number): [0, number] for number in range(12)}

    drawn_lines = curves([0, 1], lines, description="Lines.").axes[0].lines

    styles = {(line.get_color(), line.get_linestyle()) for line in drawn_lines}
    assert len(styles) == 12
    assert len({line.get_linestyle() for line in drawn_lines[:4]}) == 4


@pytest.mark.parametrize(
    ("x", "lines", "kind", "words"),
    [
        (
            [1, 2],
            {"a": [1]},
            ValueError,
            "lines\\['a'\\]: wants shape \\(2,\\), as x; got \\(1,\\)",
        ),
        ([1, 2], {"a": ["x", "y"]}, TypeError, "lines\\['a'\\]: wants numbers"),
        ([1, 2], {"a": [1, NAN]}, ValueError, "lines\\['a'\\]: wants finite numbers"),
        ([1, 2], {}, TypeError, "lines: want a dict"),
        ([1, 2], [[1, 2]], TypeError, "lines: want a dict"),
        ("ab", {"a": [1, 2]}, TypeError, "x: wants numbers"),
        (3, {"a": [1, 2]}, ValueError, "x: wants at least 1 axis"),
    ],
)
def test_wrong_curves_are_named(x, lines, kind, words):
    with pytest.raises(kind, match=words):
        curves(x, lines, description="Lines.")


# ---------------------------------------------------------------------------------------------
# The table of scores, weights and output
# ---------------------------------------------------------------------------------------------


def table(**options):
    given = {"weights": WEIGHTS, "values": VALUES, "output": OUTPUT, **options}
    return score_table(TOKENS, SCORES, **given, description="The table.")


def test_the_table_draws_scores_weights_and_products_as_long_as_they_are():
    scores, weights, products = table().axes

    assert_allclose([bar.get_width() for bar in scores.patches], SCORES)
    assert_allclose([bar.get_width() for bar in weights.patches], WEIGHTS)
    heights = np.array([bar.get_height() for bar in products.patches]).reshape(2, 3).T
    expected = WEIGHTS[:, None] * VALUES
    # Upwards is towards smaller rows: the first token is at the top.
    assert_allclose(heights, -0.42 * expected / np.abs(VALUES).max(), atol=1e-15)
    for column, colour in zip((scores, weights, products), COLOURS, strict=False):
        assert column.patches[0].get_facecolor() == mpl.colors.to_rgba(colour)


def test_the_table_writes_every_number():
    scores, weights, products = table().axes

    assert [text.get_text() for text in scores.texts] == ["0.5", "2", "−1"]
    assert [text.get_text() for text in weights.texts] == [f"{100 * w:.1f} %" for w in WEIGHTS]
    *rows, total = (text.get_text() for text in products.texts)
    assert rows == [f"({a:.2f}, {b:.2f})".replace("-", "−") for a, b in WEIGHTS[:, None] * VALUES]
    assert total == f"Σ = output ({OUTPUT[0]:.2f}, {OUTPUT[1]:.2f})".replace("-", "−")
    assert tick_labels(scores.yaxis) == TOKENS


def test_the_first_token_is_at_the_top_and_rows_line_up_across_the_columns():
    columns = table().axes

    for column in columns:
        bottom, top = column.get_ylim()
        assert bottom > top
        assert (bottom, top) == columns[0].get_ylim()
    for one, other in zip(columns[0].patches, columns[1].patches, strict=True):
        assert one.get_y() == other.get_y()


@pytest.mark.parametrize(
    ("left_out", "panels"),
    [
        (["weights"], 1),
        (["values"], 2),
        (["output"], 2),
        (["weights", "values", "output"], 1),
        ([], 3),
    ],
)
def test_the_table_has_a_column_for_each_step_that_is_given(left_out, panels):
    assert len(table(**dict.fromkeys(left_out)).axes) == panels


def test_masked_rows_are_hatched():
    """Colour alone would not tell them apart."""
    for column in table(mask=[True, False, True]).axes[:2]:
        hatched = [bool(bar.get_hatch()) for bar in column.patches]
        assert hatched == [False, True, False]


def test_minus_infinity_is_written_and_has_no_bar():
    scores = score_table(["a", "b"], [-INF, 1.0], description="Two.").axes[0]

    assert [text.get_text() for text in scores.texts] == ["−∞", "1"]
    assert np.isnan(scores.patches[0].get_width())


@pytest.mark.parametrize("scores", [[-INF, -INF], [0, 0], [1e-320, -5e-324], [1e15, -1e15]])
def test_a_table_of_unusual_scores_is_drawn_without_a_warning(scores):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score_table(
            ["a", "b"], scores, softmax(scores), [[0.0], [0.0]], [0.0], description="Two."
        ).png()


@pytest.mark.parametrize(
    ("tokens", "output"), [(["W" * 30] * 3, [1, 2]), (TOKENS, [-123.45] * 5)], ids=["names", "sum"]
)
def test_the_sum_is_written_to_its_last_bracket(tokens, output):
    picture = score_table(
        tokens, SCORES, WEIGHTS, np.ones((3, len(output))), output, description="The table."
    )
    picture.draw_without_rendering()  # the layout is made now

    total = picture.axes[2].texts[-1]
    assert total.get_text().startswith("Σ = output (")
    assert total.get_window_extent().x1 <= picture.bbox.width


@pytest.mark.parametrize("components", [1, 2, 4, 5, 16, 64])
def test_values_with_many_components_are_drawn_and_told_in_part(components):
    values = np.arange(3.0 * components).reshape(3, components)
    products = table(values=values, output=weighted_sum(WEIGHTS, values)).axes[2]

    assert len(products.patches) == 3 * min(components, 16)
    assert ("…" in products.texts[-1].get_text()) == (components > 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        products.figure.png()


def test_a_long_table_shows_its_first_rows_and_says_how_many_are_left():
    n = 512
    picture = score_table(
        [f"token {i}" for i in range(n)],
        np.arange(n),
        np.full(n, 1 / n),
        np.ones((n, 2)),
        np.ones(2),
        mask=[True] * n,
        description="Many.",
    )

    assert len(tick_labels(picture.axes[0].yaxis)) == 24
    assert "488 more tokens" in picture.get_supxlabel()
    assert picture.get_size_inches()[1] < 12


@pytest.mark.parametrize(
    ("scores", "options"),
    [([1, 2], {}), ([1, 2, 3, 4], {}), ([1, 2, 3], {"weights": [0.5, 0.5]})],
)
def test_numbers_that_do_not_fit_the_tokens_are_named(scores, options):
    with pytest.raises(ValueError, match=r"^(scores|weights): want"):
        score_table(TOKENS, scores, **options, description="Wrong.")


# ---------------------------------------------------------------------------------------------
# The timeline
# ---------------------------------------------------------------------------------------------

DATED = [work for work in REFERENCES.values() if work.track]


def written(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def boxes(picture):
    picture.canvas.draw()
    return [text.get_window_extent() for text in picture.axes[0].texts]


def test_the_timeline_draws_every_work_that_has_a_track():
    words = written(timeline())

    assert [words.count(work.label) for work in DATED] == [
        sum(other.label == work.label for other in DATED) for work in DATED
    ]
    years = [word for word in words if word.isdigit()]
    assert years == sorted({str(work.year) for work in DATED})
    assert (years[0], years[-1]) == ("1953", "2023")
    assert not any(
        work.label and work.label in words for work in REFERENCES.values() if not work.track
    )


@pytest.mark.parametrize(
    "works",
    [
        DATED,
        DATED[:1],
        [REFERENCES["cherry1953"], REFERENCES["bahdanau2014"]],
        [work for work in DATED if work.track == "machines"],
        [work for work in DATED if work.track != "machines"],
    ],
    ids=["all", "one", "two", "machines", "the others"],
)
def test_no_two_texts_of_the_timeline_overlap_and_none_leaves_it(works):
    picture = timeline(works, title="Timeline")
    drawn_boxes = boxes(picture)
    width, height = picture.get_size_inches() * picture.dpi

    for number, box in enumerate(drawn_boxes):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
        for other in drawn_boxes[number + 1 :]:
            assert not box.overlaps(other)


def test_works_of_one_year_stand_on_its_lines_in_the_order_given():
    picture = timeline([REFERENCES["vaswani2017"], REFERENCES["cherry1953"]])
    place = {text.get_text(): text.get_position() for text in picture.axes[0].texts}

    assert place["cocktail party"][1] == place["1953"][1]
    assert place["the Transformer"][1] == place["2017"][1]
    bottom, top = picture.axes[0].get_ylim()
    assert bottom > top, "the first year is at the top"


def test_attention_whose_scores_are_learned_has_a_filled_dot():
    """Colour alone would not tell the tracks apart."""
    picture = timeline([REFERENCES["cherry1953"], REFERENCES["watson1964"], REFERENCES["mnih2014"]])

    assert [line.get_markerfacecolor() == "white" for line in picture.axes[0].lines] == [
        True,
        True,
        False,
    ]


def test_the_timeline_is_told_in_words():
    words = timeline().description

    for work in DATED:
        assert f"{work.year} {work.authors[0].partition(',')[0]}" in words
        assert work.label in words
    assert all(f"{track.capitalize()}: " in words for track in TRACKS)
    assert timeline(description="Mine.").description == "Mine."


def test_the_timeline_does_not_call_the_weights_learned():
    """Weights are computed for every input; what is learned is how to score."""
    picture = timeline()

    for words in (picture.description, " ".join(written(picture))):
        assert "learning what to weight is new" in words
        assert not re.search(r"weights (are |not )?learned|learning the weights", words)
    assert "attention whose scores are learned" in " ".join(written(picture))


def test_the_timeline_fits_a_page_and_a_slide():
    about = timeline()._repr_mimebundle_()[1]["image/png"]

    assert about["width"] <= 800
    assert about["height"] <= 620


@pytest.mark.parametrize(
    ("works", "kind", "words"),
    [
        (["cherry1953"], TypeError, "references: want entries of REFERENCES; got 'cherry1953'"),
        ([REFERENCES["goodfellow2016"]], ValueError, "goodfellow2016 has no track"),
        ([], ValueError, "references: wants at least one work"),
    ],
)
def test_a_wrong_timeline_is_named(works, kind, words):
    with pytest.raises(kind, match=words):
        timeline(works)
