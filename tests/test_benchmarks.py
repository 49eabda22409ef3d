"""The benchmarks of training run."""

import os
import sys
from pathlib import Path

import pytest
from helpers import needs_compiled, output_of

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "benchmarks"


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("the cat sat on the mat\n" * 500, encoding="utf-8")
    return path


@pytest.mark.gate
@pytest.mark.parametrize("name", ["step.py", "train.py"])
def test_a_benchmark_of_the_training_runs(name, corpus, tmp_path):
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = sys.executable, "-W", "error", FOLDER / name, corpus
    output_of(*command, cwd=tmp_path, env=env)


@pytest.mark.gate
@needs_compiled
def test_the_benchmark_of_ranks_runs(corpus):
    torchrun = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2
    output = output_of(sys.executable, *torchrun, FOLDER / "ranks.py", corpus)
    assert "2 ranks: " in output
    assert "64 machines, 1, 10 and 100 Gbit/s: " in output
