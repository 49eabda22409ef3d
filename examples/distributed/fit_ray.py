"""Fit one vectorizer in the workers of Ray Train, each on its shard of a dataset.

    pip install "sklearn-w2v[ray]"
    python examples/distributed/fit_ray.py TEXTS.txt

TorchTrainer starts the workers and the torch.distributed group that `fit` needs.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import ray
from ray import train
from ray.train.torch import TorchConfig, TorchTrainer

from sklearn_w2v import Word2VecVectorizer


def fit_shard():
    """Fit on the shard of this worker."""
    rows = train.get_dataset_shard("texts").iter_rows()
    texts = (row["text"] for row in rows)
    vectorizer = Word2VecVectorizer(random_state=0, n_jobs=1).fit(texts)
    # All workers have the same vectorizer now. One of them stores it.
    if train.get_context().get_world_rank():
        train.report({})
        return
    with TemporaryDirectory() as folder:
        joblib.dump(vectorizer, Path(folder, "vectorizer.joblib"))
        train.report({}, checkpoint=train.Checkpoint.from_directory(folder))


ray.init(num_cpus=4, logging_level="ERROR", log_to_driver=False)
ray.data.DataContext.get_current().enable_progress_bars = False
with TemporaryDirectory() as results:
    trainer = TorchTrainer(
        fit_shard,
        datasets={"texts": ray.data.read_text(sys.argv[1])},
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=train.ScalingConfig(num_workers=2),
        run_config=train.RunConfig(storage_path=results),
    )
    with trainer.fit().checkpoint.as_directory() as folder:
        vectorizer = joblib.load(Path(folder, "vectorizer.joblib"))
ray.shutdown()

word = next(iter(vectorizer.vocabulary_))
print(f"2 workers, {len(vectorizer.vocabulary_)} words; near {word!r}:")
print(vectorizer.most_similar(word, topn=3))
