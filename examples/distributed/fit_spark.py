"""Fit one vectorizer in the tasks of Spark, each on its share of the texts.

    pip install "sklearn-w2v[spark]"
    python examples/distributed/fit_spark.py TEXTS.txt

TorchDistributor runs a function in several tasks of one stage, with the environment
variables of torchrun. Each task reads its share of the file, which has to be readable
on all machines.
"""

import sys
from pathlib import Path

from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession


def fit_share(path):
    """Fit on the share of this task; the driver gets the result of the first task."""
    from itertools import islice  # noqa: PLC0415, only the function is sent

    import torch.distributed as dist  # noqa: PLC0415

    from sklearn_w2v import Word2VecVectorizer  # noqa: PLC0415

    dist.init_process_group("gloo")
    with open(path, encoding="utf-8") as texts:
        share = islice(texts, dist.get_rank(), None, dist.get_world_size())
        vectorizer = Word2VecVectorizer(random_state=0, n_jobs=1).fit(share)
    dist.destroy_process_group()
    return vectorizer


session = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.showConsoleProgress", "false")
    .getOrCreate()
)
session.sparkContext.setLogLevel("ERROR")
distributor = TorchDistributor(num_processes=2, local_mode=False, use_gpu=False)
vectorizer = distributor.run(fit_share, str(Path(sys.argv[1]).resolve()))
session.stop()

word = next(iter(vectorizer.vocabulary_))
print(f"2 tasks, {len(vectorizer.vocabulary_)} words; near {word!r}:")
print(vectorizer.most_similar(word, topn=3))
