"""The code itself, and what shows it to users: style, types, README and examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sklearn_w2v import LossCurveDisplay, Word2VecVectorizer, WordMapDisplay

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


def run(*command, folder=ROOT):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lint_is_clean():
    run("-m", "ruff", "check", ".")
    run("-m", "ruff", "format", "--check", ".")


def test_types_are_clean():
    run("-m", "mypy")


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_without_a_warning(name, tmp_path):
    # Elsewhere, since some leave pictures behind.
    assert run("-W", "error", str(ROOT / "examples" / name), folder=tmp_path)


def test_readme_lists_every_example():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [name for name in EXAMPLES if f"| `{name}` |" in readme]
    assert set(EXAMPLES) - set(listed) == {"docstrings.py"}  # the others' corpus


def test_readme_shows_pictures_that_are_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[.*\]\((.*)\)", readme)
    assert len(pictures) == 2
    assert all((ROOT / picture).is_file() for picture in pictures)


OWN_METHODS = [
    (owner, name)
    for owner in (Word2VecVectorizer, WordMapDisplay, LossCurveDisplay)
    for name in vars(owner)
    if not name.startswith("_") and callable(getattr(owner, name))
]


@pytest.mark.parametrize(("owner", "name"), OWN_METHODS)
def test_public_docstrings_end_in_an_example_that_runs(owner, name):
    # pytest runs it, as all doctests.
    sections = re.findall(r"^ *(\w+)\n *-+$", getattr(owner, name).__doc__, re.M)
    assert sections[-1] == "Examples"
    assert ">>> " in getattr(owner, name).__doc__
