"""Break the code on purpose, one line at a time, and see that a test notices.

    uv run python -m tests.mutants [WORDS OF A TITLE …]

Each mutant is written into a copy of the project, in which the tests of that part run until the
first one fails. A mutant that survives is a test that is missing; then the command ends with 1.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".*_cache", ".venv", ".git", ".hypothesis", "__pycache__")
MATHEMATICS = ("tests/test_attention.py", "tests/test_attention_properties.py")
IN_JAVASCRIPT = ("tests/browser/test_javascript_mathematics.py",)
MAPS = ("tests/browser/test_attention_map_page.py",)
SCORES = ("tests/browser/test_score_explorer_page.py",)
CHECKER = ("tests/test_exercises.py",)


@dataclass(frozen=True)
class Mutant:
    """One deliberate mistake: where it is made, and the tests that have to notice."""

    title: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "softmax does not subtract the maximum",
        "attention.py",
        "np.subtract(scores, peak, out=weights)",
        "np.subtract(scores, 0 * peak, out=weights)",
        MATHEMATICS,
    ),
    Mutant(
        "a row in which everything is masked gets 0 / 0",
        "attention.py",
        "            total[nothing] = 1.0\n",
        "            pass\n",
        MATHEMATICS,
    ),
    Mutant(
        "a mask hides what may be attended to",
        "attention.py",
        'np.where(as_mask("mask", mask, scores.shape), scores,',
        'np.where(~as_mask("mask", mask, scores.shape), scores,',
        MATHEMATICS,
    ),
    Mutant(
        "the causal mask shows the next token",
        "attention.py",
        "return np.arange(columns)[None, :] <= np.arange(rows)[:, None]",
        "return np.arange(columns)[None, :] <= np.arange(rows)[:, None] + 1",
        MATHEMATICS,
    ),
    Mutant(
        "scores are divided by d, not by its root",
        "attention.py",
        "1.0 / np.sqrt(query.shape[-1]) if given is None",
        "1.0 / query.shape[-1] if given is None",
        MATHEMATICS,
    ),
    Mutant(
        "heads are joined in the wrong order",
        "attention.py",
        "joined = np.swapaxes(steps.output, -2, -3)",
        "joined = np.swapaxes(steps.output, -2, -3)[..., ::-1, :]",
        MATHEMATICS,
    ),
    Mutant(
        "attention in chunks forgets to shrink what came before",
        "cost.py",
        "            result *= shrink\n",
        "",
        ("tests/test_cost.py",),
    ),
    Mutant(
        "JavaScript multiplies by the temperature",
        "widgets/attention.js",
        ": (score) => (score - peak) / temperature;",
        ": (score) => (score - peak) * temperature;",
        IN_JAVASCRIPT,
    ),
    Mutant(
        "JavaScript shows what is masked",
        "widgets/attention.js",
        "(mask[i] ? score : -Infinity)",
        "(mask[i] ? score : score)",
        IN_JAVASCRIPT,
    ),
    Mutant(
        "the weighted sum of JavaScript ignores the last value",
        "widgets/attention.js",
        "weights.forEach((weight, i) => values[i]",
        "weights.slice(0, -1).forEach((weight, i) => values[i]",
        IN_JAVASCRIPT,
    ),
    Mutant(
        "pointing at a cell shows the row of its column",
        "widgets/attention_map.js",
        "actions.hover(at && { row: at.row, column: at.column });",
        "actions.hover(at && { row: at.column, column: at.row });",
        MAPS,
    ),
    Mutant(
        "JupyterLab gets the keys that are meant for a widget",
        "widgets/attention_map.js",
        '        class: "ae-map-cell",\n        [SUPPRESS]: "true",\n',
        '        class: "ae-map-cell",\n',
        MAPS,
    ),
    Mutant(
        "a late answer of a student's function passes for the newest",
        "widgets/dialogue.js",
        'model.get("_answer").request !== model.get("_request");',
        "false;",
        SCORES,
    ),
    Mutant(
        "a view that ends leaves its page behind",
        "widgets/loader.js",
        "    el.replaceChildren(); //",
        "    //",
        ("tests/browser/test_long_use.py",),
    ),
    Mutant(
        "a wrong answer passes if it is near",
        "exercises/checker.py",
        "(1e-4, 1e-6)",
        "(0.5, 0.5)",
        CHECKER,
    ),
    Mutant(
        "a student's function gets the array itself and not a copy",
        "exercises/checker.py",
        "given.copy() if isinstance(given, np.ndarray)",
        "given if isinstance(given, np.ndarray)",
        CHECKER,
    ),
    Mutant(
        "an endless loop gets half a minute",
        "exercises/checker.py",
        "TIME_LIMIT = 1.0",
        "TIME_LIMIT = 30.0",
        CHECKER,
    ),
    Mutant(
        "an exception is no trouble, and passes for a match",
        "exercises/checker.py",
        "    if result is None:\n        return True\n",
        "    return True\n",
        CHECKER,
    ),
    Mutant(
        "what a student wrote becomes part of the page",
        "exercises/feedback.py",
        "        escaped = html.escape(paragraph)\n",
        "        escaped = paragraph\n",
        CHECKER,
    ),
    Mutant(
        "a line of progress that was cut off swallows the next one",
        "record.py",
        "        if torn:\n",
        "        if False:\n",
        ("tests/test_progress.py",),
    ),
    Mutant(
        "a model attends to the filling",
        "tasks/markers.py",
        "        mask=[None, tokens != 0],",
        "        mask=[None, tokens != -1],",
        ("tests/test_tasks_markers.py",),
    ),
    Mutant(
        "reports to train on are held out, too",
        "tasks/reports.py",
        "_examples(written[train:])",
        "_examples(written[:test])",
        ("tests/test_tasks_reports.py",),
    ),
)


def caught(mutant: Mutant, folder: Path) -> str:
    """Return the test that notices a mutant, or an empty text if none does."""
    path = folder / "attention_edu" / mutant.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.right) != 1:
        raise SystemExit(f"{mutant.title}: {mutant.file} has the line not once")
    path.write_text(source.replace(mutant.right, mutant.wrong), encoding="utf-8")
    # In that folder, `attention_edu` is the copy, also where the project is installed.
    options = ["-x", "-q", "-n0", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *mutant.tests],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(source, encoding="utf-8")
    if done.returncode == 0:
        return ""
    named = re.search(r"^(?:FAILED|ERROR) \S*?([^/\s]+\.py::.*?)(?: - .*)?$", done.stdout, re.M)
    if done.returncode != 1 or named is None:
        raise SystemExit(f"{mutant.title}: the tests did not run\n{done.stdout[-2000:]}")
    return named[1]


def main(words: Sequence[str]) -> int:
    """Try the mutants whose titles contain all words."""
    chosen = [mutant for mutant in MUTANTS if all(word in mutant.title for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "copy"
        shutil.copytree(REPOSITORY, folder, ignore=LEFT_OUT)
        for mutant in chosen:
            test = caught(mutant, folder)
            survivors += not test
            print(f"{mutant.title}: {test or 'SURVIVES'}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} are caught")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
