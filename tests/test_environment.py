"""environment.yml asks for what pyproject.toml asks for, and its list can be installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[1]


def project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def environment():
    return yaml.safe_load((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))


def conda_lines():
    return [line for line in environment()["dependencies"] if isinstance(line, str)]


def pip_lines():
    (section,) = [part for part in environment()["dependencies"] if isinstance(part, dict)]
    assert list(section) == ["pip"]
    return section["pip"]


def bounds(requirements):
    """Return the bounds by canonical name; a name may stand only once."""
    found = {}
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        assert name not in found, f"{name} is listed twice"
        found[name] = f"{requirement.specifier}; {requirement.marker}"
    return found


def listed_requirements():
    """Return what environment.yml lists; its names are those of the Python package index too.

    Python and pip themselves are conda's to bring.
    """
    from_conda = map(
        Requirement, (line for line in conda_lines() if not line.startswith("python="))
    )
    requirements = [one for one in from_conda if one.name != "pip"]
    return requirements + [Requirement(line) for line in pip_lines() if line != "-e ."]


def wanted_requirements():
    """Return what pyproject.toml wants for the package, the course and the tests."""
    extras = project()["optional-dependencies"]  # what is only measured beside ours is not wanted
    lines = [*project()["dependencies"], *extras["course"], *extras["test"]]
    requirements = map(Requirement, lines)
    own = canonicalize_name(project()["name"])
    return [one for one in requirements if canonicalize_name(one.name) != own]


def test_environment_and_project_ask_for_the_same_names_and_bounds():
    assert bounds(listed_requirements()) == bounds(wanted_requirements())


def test_the_python_of_the_environment_is_one_that_the_project_takes():
    # The form in which Binder finds the version: name, equals sign, digits and dots.
    (line,) = [line for line in conda_lines() if re.match(r"python\s*=", line)]
    match = re.fullmatch(r"python=(\d+\.\d+)", line)
    assert match
    assert match.group(1) in SpecifierSet(project()["requires-python"])


def test_the_environment_installs_this_checkout_from_conda_forge_alone():
    assert "-e ." in pip_lines()
    assert "pip" in conda_lines()
    assert environment()["channels"] == ["conda-forge"]
    assert environment()["name"] == "attention_edu"


# ---------------------------------------------------------------------------------------------
# The list, installed into an empty environment
# ---------------------------------------------------------------------------------------------

# Run by the new environment's own Python: which modules does each listed distribution bring, and
# can they be imported? Names that begin with an underscore are a distribution's own affair.
IMPORT_ALL = """
import importlib, importlib.metadata as metadata, json, re, sys

def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()

modules = {}
for module, owners in metadata.packages_distributions().items():
    for owner in owners:
        modules.setdefault(canonical(owner), set()).add(module)
report = {}
for name in json.loads(sys.argv[1]):
    report[name] = {}
    for module in sorted(modules.get(canonical(name), ())):
        # A file name such as "a-b.pth" is no module.
        if module.isidentifier() and not module.startswith("_"):
            try:
                importlib.import_module(module)
                report[name][module] = "imported"
            except BaseException as error:
                report[name][module] = f"{type(error).__name__}: {error}"
own = importlib.import_module(sys.argv[2])  # an editable installation lists no modules
own.softmax  # loaded when it is first used
print(json.dumps({"listed": report, "own": own.__file__}))
"""

NO_NETWORK = re.compile(
    r"dns error|name resolution|failed to lookup address|Network is unreachable|ConnectError"
    r"|network was disabled|Cannot connect to proxy|Connection refused|client error \(Connect\)"
    r"|NewConnectionError|timed out|Temporary failure",
    re.IGNORECASE,
)


def run(*command, **options):
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1200, **options
    )


def installed_python(folder, requirements):
    """Make an empty environment, install, and return its Python.

    It uses the interpreter that runs this test; that of environment.yml comes from conda.
    """
    venv = folder / "venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    outside = {  # what would lead back to the environment of the tests
        name: value
        for name, value in os.environ.items()
        if name not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT"}
    }
    uv = shutil.which("uv")
    if uv:
        steps = [
            (uv, "venv", "--python", sys.executable, str(venv)),
            (uv, "pip", "install", "--python", str(python), *requirements),
        ]
    else:
        steps = [
            (sys.executable, "-m", "venv", str(venv)),
            (str(python), "-m", "pip", "install", "--quiet", *requirements),
        ]
    for step in steps:
        done = run(*step, cwd=folder, env=outside)
        said = done.stdout + done.stderr
        if done.returncode != 0 and NO_NETWORK.search(said) and os.environ.get("CI") != "true":
            pytest.skip(f"packages cannot be fetched, there is no network: {said[-300:]}")
        assert done.returncode == 0, f"{' '.join(step[:3])}:\n{said}"
    return python, outside


@pytest.mark.slow
def test_the_list_installs_into_an_empty_environment_and_all_of_it_imports(tmp_path):
    requirements = listed_requirements()
    here = [one for one in requirements if one.marker is None or one.marker.evaluate()]
    assert {"tensorflow", "tensorflow-cpu"} & {one.name for one in here}
    names = [requirement.name for requirement in here]

    python, outside = installed_python(
        tmp_path, [*map(str, requirements), "--editable", str(REPOSITORY)]
    )
    done = run(
        str(python),
        "-c",
        IMPORT_ALL,
        json.dumps(names),
        "attention_edu",
        cwd=tmp_path,
        env=outside | {"MPLCONFIGDIR": str(tmp_path / "matplotlib")},
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert [name for name, modules in report["listed"].items() if not modules] == []
    failed = {
        module: outcome
        for modules in report["listed"].values()
        for module, outcome in modules.items()
        if outcome != "imported"
    }
    assert failed == {}
    assert Path(report["own"]).is_relative_to(REPOSITORY)
