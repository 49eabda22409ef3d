"""The examples: each runs, and the README lists it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))

#: Documents at most, with which each example still has all that it shows.
FEW = 1500


def run(script, *arguments, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / script), *arguments],
        cwd=folder,  # since some leave pictures behind
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_on_few_texts_without_a_warning(name, tmp_path):
    assert run(name, folder=tmp_path, EXAMPLES_MAX_DOCUMENTS=str(FEW))


@pytest.mark.gate
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_without_a_warning(name, tmp_path):
    assert run(name, folder=tmp_path)


@pytest.mark.gate
@pytest.mark.parametrize("name", ["step.py", "train.py"])
def test_a_benchmark_of_the_training_runs(name, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the cat sat on the mat\n" * 500, encoding="utf-8")
    run(f"benchmarks/{name}", str(corpus), folder=tmp_path)


def test_readme_lists_every_example():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [name for name in EXAMPLES if f"| `{name}` |" in readme]
    assert set(EXAMPLES) - set(listed) == {"texts.py"}  # the others' texts
