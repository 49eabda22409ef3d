"""The code itself, and what shows it to users: style, types, README and examples."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


def run(*command):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
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
def test_example_runs_without_a_warning(name):
    assert run("-W", "error", f"examples/{name}")


def test_readme_lists_every_example():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [name for name in EXAMPLES if f"| `{name}` |" in readme]
    assert set(EXAMPLES) - set(listed) == {"docstrings.py"}  # the others' corpus
