"""Training with a bar, interrupted and continued; saving and loading; Keras without its noise."""

import os
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from attention_edu import tasks
from attention_edu.tasks import PlainError, training
from attention_edu.tasks.training import Training, load, save, train

pytestmark = pytest.mark.long  # Keras trains and predicts

ROWS, BATCH, EPOCHS = 480, 48, 3
STEPS = ROWS // BATCH


@pytest.fixture(scope="module")
def examples():
    x = np.random.default_rng(0).normal(size=(ROWS, 8)).astype(np.float32)
    return x, (x.sum(axis=1) > 0).astype(np.float32)


def build():
    """Make a small model with everything that a step changes: weights, optimizer, dropout."""
    keras = tasks.keras
    keras.utils.set_random_seed(0)
    given = keras.Input((8,))
    hidden = keras.layers.Dropout(0.1)(keras.layers.Dense(16, activation="relu")(given))
    model = keras.Model(given, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def trained(model, examples, epochs=EPOCHS, **arguments):
    return train(model, *examples, epochs=epochs, batch_size=BATCH, **arguments)


@pytest.fixture(scope="module")
def whole(examples):
    """A model that was trained without an interrupt, and its training."""
    model = build()
    return model, trained(model, examples)


def same(one, other):
    return all(map(np.array_equal, one.get_weights(), other.get_weights()))


# Training --------------------------------------------------------------------------------------


def test_training_learns_and_keeps_what_keras_measured(whole):
    _, done = whole
    assert done.status == "done"
    assert len(done.history) == EPOCHS
    assert all(set(entry) == {"accuracy", "loss"} for entry in done.history)
    assert done.history[-1]["loss"] < done.history[0]["loss"]
    assert str(done).startswith(f"Trained for {EPOCHS} epochs (accuracy 0.")


def test_the_same_seed_gives_the_same_model(whole, examples):
    again = build()
    assert trained(again, examples).history == whole[1].history
    assert same(again, whole[0])
    other = build()
    trained(other, examples, seed=1)
    assert not same(other, whole[0])


def test_a_training_that_is_done_does_nothing_again(whole, examples):
    model, done = whole
    before = model.get_weights()
    model.fit = None  # would raise if it were called
    try:
        again = trained(model, examples)
        fewer = trained(model, examples, epochs=1)
    finally:
        del model.fit
    assert again is fewer is done
    assert (done.status, done.epochs, len(done.history)) == ("done", EPOCHS, EPOCHS)
    assert all(map(np.array_equal, before, model.get_weights()))


def interrupt(monkeypatch, name, place):
    """Let the call number `place` of a function or method of the module be interrupted."""
    owner = training._Screen if name == "show" else training
    real, calls = getattr(owner, name), []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == place:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize(
    ("where", "finished"),
    [
        (("show", 1), 0),
        (("show", STEPS + 4), 1),
        (("show", 2 * STEPS), 1),  # the last step of the second epoch
        (("_state", 1), 0),
        (("_state", 2), 0),  # the epoch was noted just now, but its weights are not yet kept
    ],
    ids=str,
)
def test_an_interrupted_training_ends_where_it_would_have_ended(
    whole, examples, monkeypatch, where, finished
):
    model = build()
    first = model.get_weights()
    interrupt(monkeypatch, *where)
    stopped = trained(model, examples)
    assert (stopped.status, len(stopped.history), stopped.part) == ("interrupted", finished, 0.0)
    assert str(stopped).startswith(f"Interrupted after {finished} of {EPOCHS} epochs")
    assert stopped.history == whole[1].history[:finished]
    if not finished:
        assert all(map(np.array_equal, first, model.get_weights()))

    going_on = trained(model, examples)
    assert going_on is stopped
    assert going_on.status == "done"
    assert going_on.history == whole[1].history
    assert same(model, whole[0])


def test_more_epochs_go_on_from_where_the_model_is(whole, examples):
    model = build()
    assert len(trained(model, examples, epochs=1).history) == 1
    assert trained(model, examples).history == whole[1].history
    assert same(model, whole[0])


def test_several_inputs_come_as_a_list_or_by_name(examples):
    x, y = examples
    ends = []
    for inputs in ([x, -x], {"one": x, "other": -x}):
        keras = tasks.keras
        keras.utils.set_random_seed(0)
        one, other = keras.Input((8,), name="one"), keras.Input((8,), name="other")
        answer = keras.layers.Dense(1)(keras.layers.Subtract()([one, other]))
        model = keras.Model({"one": one, "other": other}, answer)
        if isinstance(inputs, list):
            model = keras.Model([one, other], answer)
        model.compile("sgd", "mse")
        ends.append(train(model, inputs, y, epochs=2).history)
    assert ends[0] == ends[1]
    assert ends[0][1]["loss"] < ends[0][0]["loss"]


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"epochs": 0}, ValueError, "epochs: wants a whole number of at least 1"),
        ({"epochs": 1.5}, TypeError, "epochs: wants a whole number"),
        ({"batch_size": 0}, ValueError, "batch_size: wants a whole number of at least 1"),
        ({"seed": -1}, ValueError, "seed: wants a whole number of at least 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(wrong, error, told):
    with pytest.raises(error, match=told):
        train(None, None, None, **{"epochs": 1, **wrong})


# What is shown ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (Training(5), "Epoch 1 of 5"),
        (Training(5, [{"loss": 0.5}]), "Epoch 2 of 5 (loss 0.500)"),
        (Training(5, [{"loss": 0.5}], left=7.6), "Epoch 2 of 5 (loss 0.500), about 8 s to go"),
        (Training(5, left=0.1), "Epoch 1 of 5, about 1 s to go"),
        (Training(1, [{"loss": 0.5}]), "Epoch 1 of 1 (loss 0.500)"),
        (
            Training(2, [{"loss": 0.5}], "interrupted"),
            "Interrupted after 1 of 2 epochs (loss 0.500). Nothing is lost: run this cell again "
            "to go on, and the result will be the same.",
        ),
        (Training(1, [{"loss": 0.5}], "done"), "Trained for 1 epochs (loss 0.500)."),
    ],
)
def test_the_status_in_words(state, told):
    assert str(state) == told
    assert state._repr_mimebundle_()["text/plain"] == told


def test_the_bundle_has_a_bar_until_all_is_done():
    page = Training(4, [{"loss": 0.5}], part=0.5)._repr_mimebundle_()["text/html"]
    assert '<progress max="1" value="0.3750" aria-label="training"' in page
    assert 'data-training="running"' in page
    assert "var(--jp-" in page  # readable in the dark theme
    page = Training(4, [{"loss": 0.5}], "interrupted")._repr_mimebundle_()["text/html"]
    assert 'value="0.2500"' in page
    page = Training(1, [{"a<b": 0.5}], "done")._repr_mimebundle_()["text/html"]
    assert "<progress" not in page
    assert "a&lt;b 0.500" in page


class Handle:
    """What IPython gives back for a display that can change."""

    def __init__(self):
        self.shown = []

    def update(self, state):
        self.shown.append(str(state))


@pytest.mark.parametrize("shell", [None, SimpleNamespace(), SimpleNamespace(kernel=object())])
def test_only_a_notebook_shows_the_training(examples, monkeypatch, shell):
    handles = []

    def display(state, display_id):
        assert (str(state), display_id) == ("Epoch 1 of 1", True)
        handles.append(Handle())
        return handles[-1]

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(training, "_REDRAW", 0.0)
    done = trained(build(), examples, epochs=1)
    if not hasattr(shell, "kernel"):
        assert handles == []
        return
    assert len(handles) == 1
    assert len(handles[0].shown) == STEPS + 1
    assert handles[0].shown[-1] == str(done)


def test_nothing_is_printed_outside_a_notebook(examples, capfd):
    trained(build(), examples, epochs=1)
    assert capfd.readouterr() == ("", "")


# Saving and loading ----------------------------------------------------------------------------


def test_a_saved_model_comes_back_with_what_it_learned(whole, examples, tmp_path):
    model, _ = whole
    path = save(model, str(tmp_path / "model.keras"))
    assert path == tmp_path / "model.keras"
    back = load(path)
    x, _ = examples
    assert same(model, back)
    assert np.array_equal(model.predict(x, verbose=0), back.predict(x, verbose=0))
    assert len(trained(back, examples, epochs=1).history) == 1  # still compiled


@pytest.mark.parametrize("path", ["model.h5", "model", "", None, 3, b"model.keras"])
def test_another_kind_of_name_is_refused(path):
    for use in (load, lambda path: save(None, path)):
        with pytest.raises(PlainError, match=r"path: wants the name of a file that ends in \.ker"):
            use(path)


@pytest.mark.parametrize("name", ["missing", "folder", "n" * 300])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(PlainError, match=f"There is no file .*{name}.keras. Train the model"):
        load(tmp_path / f"{name}.keras")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "changed", "archive", "no model"])
def test_a_damaged_file_is_told_in_one_sentence(whole, tmp_path, damage):
    path = save(whole[0], tmp_path / "model.keras")
    content = path.read_bytes()
    if damage in ("archive", "no model"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", "{}")
            if damage == "no model":
                archive.writestr("config.json", '{"class_name": "Nothing"}')
    else:
        middle = len(content) // 2
        path.write_bytes(
            {
                "empty": b"",
                "text": b"loss 0.5",
                "cut": content[:middle],
                "changed": content[:100] + bytes(400) + content[500:],
            }[damage]
        )
    with pytest.raises(PlainError, match=r"model\.keras cannot be read as a Keras model") as told:
        load(path)
    assert "\n" not in str(told.value)
    assert told.value.__suppress_context__


@pytest.mark.parametrize(
    "place", ["missing/model.keras", "file/model.keras", "folder.keras", f"{'n' * 300}.keras"]
)
def test_a_file_that_cannot_be_written_is_told(whole, tmp_path, place):
    (tmp_path / "file").write_text("here")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(PlainError, match=r"keras could not be written: \w"):
        save(whole[0], tmp_path / place)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.keras"}


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="may write anywhere")
def test_a_folder_without_permission_is_told(whole, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PlainError, match=r"could not be written: Permission denied"):
            save(whole[0], tmp_path / "model.keras")
    finally:
        tmp_path.chmod(0o700)


# Keras and plain errors ------------------------------------------------------------------------


def python(*arguments, **environment):
    """Run another Python, without what this one has set for Keras."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TF_", "KERAS_", "ABSL_"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**inherited, **environment},
    )


def test_the_package_does_not_import_keras():
    done = python(
        "-c",
        "import sys, attention_edu, attention_edu.tasks\n"
        "import attention_edu.tasks.training, attention_edu.tasks.dates\n"
        "import attention_edu.tasks.reversal, attention_edu.tasks.digits\n"
        "print({'keras', 'tensorflow', 'sklearn', 'babel', 'IPython'} & set(sys.modules))",
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


QUIET = """
from attention_edu.tasks import keras, training
import numpy as np
x = np.ones((4, 2))
for units in range(1, 8):  # TensorFlow warns of the fifth new model
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    model.predict_on_batch(x)
model.compile("adam", "mse")
print(training.train(model, x, np.ones((4, 7)), epochs=1).status, keras.backend.backend())
"""


def test_keras_comes_without_a_word_on_the_error_output():
    done = python("-c", QUIET)
    assert (done.stdout, done.stderr) == ("done tensorflow\n", "")


def test_errors_are_dropped_only_while_keras_is_imported(capfd):
    os.write(2, b"before ")
    with tasks._silent_errors():
        os.write(2, b"dropped")
    os.write(2, b"after")
    with pytest.raises(KeyError), tasks._silent_errors():
        raise KeyError
    os.write(2, b" both")
    assert capfd.readouterr().err == "before after both"


def test_without_keras_the_way_out_is_told(monkeypatch):
    def absent(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(tasks, "import_module", absent)
    with pytest.raises(ImportError, match=r"No module named 'keras'.*attention-edu\[course\]"):
        tasks._quiet_keras()


def test_the_tasks_have_no_other_surprises():
    with pytest.raises(AttributeError, match="has no attribute 'kears'"):
        tasks.kears  # noqa: B018
    assert tasks.keras is tasks.keras


def test_a_plain_error_shows_no_traceback(tmp_path):
    told = "Type a date, such as 3 mars 1847."
    code = f"from attention_edu.tasks import PlainError\nraise PlainError({told!r})"
    done = python(
        "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code, IPYTHONDIR=str(tmp_path)
    )
    shown = done.stdout + done.stderr
    assert shown.strip() == told
    assert issubclass(PlainError, ValueError)
