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
@pytest.mark.parametrize(
    ("name", "printed"),
    [("ranks.py", "2 ranks: "), ("machines.py", "computed from 2 ranks: ")],
)
def test_a_benchmark_of_ranks_runs(name, printed, corpus):
    torchrun = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2
    assert printed in output_of(sys.executable, *torchrun, FOLDER / name, corpus)
