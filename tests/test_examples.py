"""Each example runs, and the README lists it."""

import importlib
import os
import runpy
import sys
from pathlib import Path

import pytest
from helpers import needs_compiled, output_of
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))

#: The largest number of documents. With so few, each example still runs completely.
FEW = 1500


@pytest.fixture(scope="module")
def few_texts():
    """Limit the texts of the examples, and read them only once."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setenv("EXAMPLES_MAX_DOCUMENTS", str(FEW))
        patch.setenv("MPLBACKEND", "agg")
        patch.syspath_prepend(ROOT / "examples")
        module = importlib.import_module("texts")
        docstrings = list(module.iter_docstrings())
        patch.setattr(module, "iter_docstrings", lambda: iter(docstrings))
        yield
        del sys.modules["texts"]


# Warnings are errors in all tests.
@pytest.mark.usefixtures("few_texts")
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_on_few_texts_without_a_warning(
    name, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)  # since some save pictures
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
    assert "\ntook " in capsys.readouterr().out


def run(script, *arguments, folder):
    command = sys.executable, "-W", "error", ROOT / "examples" / script, *arguments
    return output_of(*command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})


@pytest.mark.gate
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_without_a_warning(name, tmp_path):
    assert run(name, folder=tmp_path)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("the cat sat on the mat\n" * 500, encoding="utf-8")
    return path


@pytest.mark.gate
@pytest.mark.parametrize("name", ["step.py", "train.py"])
def test_a_benchmark_of_the_training_runs(name, corpus, tmp_path):
    run(f"benchmarks/{name}", corpus, folder=tmp_path)


@pytest.mark.gate
@needs_compiled
def test_the_benchmark_of_ranks_runs(corpus):
    torchrun = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2
    script = ROOT / "examples" / "benchmarks" / "ranks.py"
    output = output_of(sys.executable, *torchrun, script, corpus)
    assert "2 ranks: " in output
    assert "64 machines, 1, 10 and 100 Gbit/s: " in output


def test_readme_lists_every_example():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [name for name in EXAMPLES if f"| `{name}` |" in readme]
    assert set(EXAMPLES) - set(listed) == {"texts.py"}  # which loads the texts
