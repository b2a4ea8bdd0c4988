"""The tree is clean: linted, formatted, typed, and free of what must not be published."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# Written in parts, so that this file does not contain what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("conda", "anaconda", "org"),
        ("repo", "anaconda", "com"),
    )
]
NOT_IN_THE_PACKAGE = {
    "inner" + "HTML": "text reaches the page through textContent alone",
    "outer" + "HTML": "text reaches the page through textContent alone",
    "insertAdjacent" + "HTML": "text reaches the page through textContent alone",
    "document" + ".write": "text reaches the page through textContent alone",
    "eval" + "(": "nothing that a student writes is run from a string",
    "new " + "Function(": "nothing that a student writes is run from a string",
    "cdn" + ".": "a widget works without a network",
    "un" + "pkg": "a widget works without a network",
    "js" + "delivr": "a widget works without a network",
    "esm" + ".sh": "a widget works without a network",
    "sky" + "pack": "a widget works without a network",
}
# Names of things, not addresses that are fetched.
NAMESPACES = ("http:" + "//www.w3.org/",)
TEXT = {".css", ".html", ".ipynb", ".js", ".json", ".md", ".mjs", ".py", ".svg", ".toml", ".txt"}


def in_repository(*command):
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600
    )


def published_files():
    """List what is or would be committed."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    listed = in_repository("git", "ls-files", "-z", "-co", "--exclude-standard")
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    paths = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--check", "--diff", "--no-cache", "."),
        ("mypy",),
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_the_checkers_have_nothing_to_say(arguments):
    done = in_repository(sys.executable, "-m", *arguments)
    assert done.returncode == 0, f"{' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"


def test_no_file_names_a_package_registry():
    found = [
        f"{path.relative_to(REPOSITORY)}: {host}"
        for path in published_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def complaints(path, text):
    """Return what must not be in a file of the package, with its line."""
    for number, line in enumerate(text.splitlines(), start=1):
        for part, reason in NOT_IN_THE_PACKAGE.items():
            if part in line:
                yield f"{path}:{number}: {part} ({reason})"
        rest = line
        for namespace in NAMESPACES:
            rest = rest.replace(namespace, "")
        if "http:" + "//" in rest and "127.0.0.1" not in rest and "localhost" not in rest:
            yield f"{path}:{number}: an unencrypted address"


def test_the_package_uses_no_raw_markup_no_evaluation_and_no_network():
    package = REPOSITORY / "attention_edu"
    files = [
        path
        for path in package.rglob("*")
        if path.suffix in TEXT and "__pycache__" not in path.parts
    ]
    assert files

    found = [
        complaint
        for path in files
        for complaint in complaints(path.relative_to(REPOSITORY), path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("node.inner" + "HTML = text", True),
        ("import x from 'https:" + "//cdn" + ".example/x.js'", True),
        ("fetch('http:" + "//example.org')", True),
        ("document.createElementNS('http:" + "//www.w3.org/2000/svg', 'g')", False),
        ("node.textContent = text", False),
    ],
)
def test_the_scan_tells_bad_lines_from_good_ones(line, bad):
    assert bool(list(complaints("file.js", line))) is bad


def test_the_lock_file_is_ignored():
    """It holds the addresses from which this machine installs."""
    assert REPOSITORY / "uv.lock" not in published_files()
    assert in_repository("git", "check-ignore", "uv.lock").returncode == 0


def declared(path, name):
    """What the rules of a style sheet set whose selector is one class alone."""
    text = path.read_text(encoding="utf-8")
    rules = re.findall(rf"^\.{name}(?: \{{|,)([^}}]*)", text, re.MULTILINE)
    return set(re.findall(r"([\w-]+):", "".join(rules)))


def test_no_rule_of_one_widget_depends_on_the_order_of_style_sheets():
    """Two widgets on a page bring the shared rules twice: the later copy beats the earlier widget.

    So where an element has a shared class and one of its widget, the widget's rule names both.
    """
    folder = REPOSITORY / "attention_edu" / "widgets"
    shared = set(re.findall(r"\.(ae-[\w-]+)", (folder / "page.css").read_text(encoding="utf-8")))
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.js"))
    together = re.findall(r'class: [`"](ae-[\w-]+) (ae-[\w-]+)[`"]', code)
    together += [("ae-slider", name) for name in re.findall(r'className: "([\w -]+)"', code)]
    for one, other in together:
        for shared_class, own in ((one, other), (other, one)):
            if shared_class not in shared or own in shared or shared_class == "ae-root":
                continue
            for path in folder.glob("*_*.css"):
                both = declared(path, own) & declared(folder / "page.css", shared_class)
                assert not both, f"{path.name}: .{own} wants .{shared_class} before it for {both}"
