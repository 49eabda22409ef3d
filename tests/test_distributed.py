"""The scripts of examples/distributed, with the engines they are for."""

import os
import re
import sys
from pathlib import Path

import pytest
from helpers import TOPICS, output_of

FOLDER = Path(__file__).parents[1] / "examples" / "distributed"

#: Seconds: engines take half a minute to start.
AT_MOST = 300


@pytest.fixture
def texts_file(texts, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts))
    return path


def run(*command):
    # The processes of an engine import the same package as this test.
    path = os.pathsep.join(filter(None, sys.path))
    env = os.environ | {"PYTHONPATH": path, "PYSPARK_PYTHON": sys.executable}
    return output_of(sys.executable, *command, env=env, timeout=AT_MOST)


def assert_learned(output, who):
    assert f"{who}, {sum(map(len, TOPICS))} words; near " in output
    word, nearest = re.search(r"near '(\w+)':\s*(.*)", output).groups()
    (topic,) = (topic for topic in TOPICS if word in topic)
    assert set(re.findall(r"\('(\w+)'", nearest)) < set(topic)


def test_torchrun_fits(texts_file):
    script = FOLDER / "fit_torchrun.py"
    torchrun = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2
    assert_learned(run(*torchrun, script, texts_file), "2 processes")


@pytest.mark.gate
def test_ray_train_fits(texts_file):
    pytest.importorskip("ray.train.torch", reason="needs the extra `ray`")
    assert_learned(run(FOLDER / "fit_ray.py", texts_file), "2 workers")


@pytest.mark.gate
def test_spark_fits(texts_file):
    pytest.importorskip("pyspark", reason="needs the extra `spark`")
    assert_learned(run(FOLDER / "fit_spark.py", texts_file), "2 tasks")


# The scripts that serve check that the vectors equal those of a plain `transform`.
def test_polars_serves(texts_file):
    output = run(FOLDER / "serve_polars.py", texts_file)
    assert "polars, one process, files included: " in output


@pytest.mark.gate
def test_ray_data_serves(texts_file):
    pytest.importorskip("ray.data", reason="needs the extra `ray`")
    assert "Ray, two actors: " in run(FOLDER / "serve_ray.py", texts_file)


@pytest.mark.gate
def test_spark_serves(texts_file):
    pytest.importorskip("pyspark", reason="needs the extra `spark`")
    pytest.importorskip("pyarrow", reason="a pandas_udf needs it")
    assert "Spark, two workers: " in run(FOLDER / "serve_spark.py", texts_file)
