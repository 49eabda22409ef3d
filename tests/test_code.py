"""Linters, the floors of the modules, and the documentation."""

import inspect
import re
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest
from helpers import output_of

import sklearn_w2v
from sklearn_w2v._displays.maps import MapDisplay
from sklearn_w2v._vector_files import VectorFiles
from sklearn_w2v._word_vectors import WordVectors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "command",
    ["ruff check .", "ruff format --check .", "mypy", "lint-imports --no-cache"],
)
def test_linters_find_nothing(command):
    tool, *arguments = command.split()
    output_of(Path(sys.executable).with_name(tool), *arguments, cwd=ROOT)


# --- the floors of the modules: see CONTRIBUTING.md


def floors_of_the_linter():
    """Return the modules of each floor, from the top, by pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    return [set(layer.split(" | ")) for layer in layers]


def floors_of_the_table():
    """Return the modules of each floor, from the top, by CONTRIBUTING.md."""
    page = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    floors = []
    for floor, modules in re.findall(r"^\| (\d*) *\| (`_.*?) \|", page, re.M):
        if floor:
            floors.append(set())
        paths = re.findall(r"`(\S+)\.py`", modules)
        floors[-1].update(path.replace("/", ".") for path in paths)
    return floors


def test_the_table_of_modules_has_the_floors_of_the_linter():
    assert floors_of_the_table() == floors_of_the_linter()


def test_every_module_has_a_floor():
    package = ROOT / "sklearn_w2v"
    modules = {
        ".".join(path.relative_to(package).with_suffix("").parts)
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert modules == set().union(*floors_of_the_linter())


def test_no_module_uses_the_dict_of_an_object():
    for path in (ROOT / "sklearn_w2v").rglob("*.py"):
        assert "__dict__" not in path.read_text(encoding="utf-8"), path


# --- documentation


PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ["*.md", ".github/*.md", "examples/**/*.md"]
    for path in ROOT.glob(pattern)
)


def links_of(text):
    """Return the links and pictures of a page that lead to files or headings."""
    return re.findall(r"\]\((?!https?://)([^)\s]+)\)", text)


def anchors_of(text):
    """Return the anchors of a page's headings."""
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.M)
    }


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_existing_files_and_headings(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in links_of(text):
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), link


def test_the_description_for_a_package_index_has_no_links_to_files():
    description = metadata("sklearn-w2v").get_payload()
    assert "\n## Install\n" in description
    for link in links_of(description):
        assert link.startswith("#")
        assert link[1:] in anchors_of(description)


PUBLIC = [getattr(sklearn_w2v, name) for name in sklearn_w2v.__all__]
OWNERS = [*filter(inspect.isclass, PUBLIC), WordVectors, VectorFiles, MapDisplay]
OWN_METHODS = [
    (owner, name)
    for owner in OWNERS
    for name in vars(owner)
    if not name.startswith("_") and callable(getattr(owner, name))
]


FUNCTIONS = [
    (sklearn_w2v, name)
    for name in sklearn_w2v.__all__
    if inspect.isfunction(getattr(sklearn_w2v, name))
]


@pytest.mark.parametrize(("owner", "name"), OWN_METHODS + FUNCTIONS)
def test_public_docstrings_end_in_an_example_that_runs(owner, name):
    # pytest runs the examples as doctests.
    sections = re.findall(r"^ *(\w+)\n *-+$", getattr(owner, name).__doc__, re.M)
    assert sections[-1] == "Examples"
    assert ">>> " in getattr(owner, name).__doc__
