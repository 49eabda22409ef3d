"""Transform a file of texts to files of vectors with polars, one batch at a time.

    pip install polars
    python examples/distributed/serve_polars.py TEXTS.txt

Only one batch of texts and vectors is in memory, however large the file is.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from texts import check, fit_on, read_texts, timed

BATCH = 50_000

texts = read_texts()
vectorizer = fit_on(texts)
with TemporaryDirectory() as folder:
    source, target = Path(folder, "texts.parquet"), Path(folder, "vectors")
    pl.DataFrame({"text": texts}).write_parquet(source, row_group_size=BATCH)
    target.mkdir()

    n_batches = -(-len(texts) // BATCH)
    with timed("polars, one process, files included", len(texts)):
        for i in range(n_batches):
            batch = pl.scan_parquet(source).slice(i * BATCH, BATCH).collect()
            vectors = pl.Series("vector", vectorizer.transform(batch["text"]))
            batch.with_columns(vectors).write_parquet(target / f"{i:05}.parquet")

    first = pl.read_parquet(target / "00000.parquet")
    check(first["vector"].to_numpy(), first["text"].to_list(), vectorizer)
