"""Transform a Ray Dataset of texts to vectors, with `transform` in map_batches.

    pip install "ray[data]"
    python examples/distributed/serve_ray.py TEXTS.txt

The vectorizer is put into Ray's object store once, and each actor reads it from there.
`transform` needs numpy, scipy and scikit-learn, and does not import torch.
"""

import ray
from texts import check, fit_on, read_texts, timed

texts = read_texts()
vectorizer = fit_on(texts)
with timed("transform, one process", len(texts)):
    vectorizer.transform(texts)

ray.init(num_cpus=3, logging_level="ERROR", log_to_driver=False)
ray.data.DataContext.get_current().enable_progress_bars = False
learned = ray.put(vectorizer)


class Transform:
    """An actor with the vectorizer."""

    def __init__(self):
        self.vectorizer = ray.get(learned)

    def __call__(self, batch):
        """Add the vectors to a batch of texts."""
        return batch | {"vector": self.vectorizer.transform(batch["text"])}


dataset = ray.data.from_items([{"text": text} for text in texts]).repartition(8)
dataset = dataset.materialize()
with timed("Ray, two actors", len(texts)):
    pool = ray.data.ActorPoolStrategy(size=2)
    vectors = dataset.map_batches(Transform, batch_size=4096, compute=pool)
    vectors = vectors.materialize()
rows = vectors.take(1000)
check([row["vector"] for row in rows], [row["text"] for row in rows], vectorizer)
