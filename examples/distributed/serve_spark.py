"""Transform a Spark column of texts to vectors, with `transform` in a pandas_udf.

    pip install pyspark pandas pyarrow
    python examples/distributed/serve_spark.py TEXTS.txt

The vectorizer is broadcast to each worker once. `transform` needs numpy, scipy and
scikit-learn there, and does not import torch.
"""

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
from texts import check, fit_on, read_texts, timed

texts = read_texts()
vectorizer = fit_on(texts)
with timed("transform, one process", len(texts)):
    vectorizer.transform(texts)

session = (
    SparkSession.builder.master("local[2]")
    .config("spark.driver.memory", "4g")
    .config("spark.ui.showConsoleProgress", "false")
    .getOrCreate()
)
session.sparkContext.setLogLevel("ERROR")
learned = session.sparkContext.broadcast(vectorizer)


@pandas_udf("array<float>")
def vectors_of(column: pd.Series) -> pd.Series:
    """Return the vectors of a batch of texts."""
    return pd.Series(list(learned.value.transform(column)))


frame = session.createDataFrame(pd.DataFrame({"text": texts})).repartition(4)
frame = frame.withColumn("vector", vectors_of("text")).cache()
with timed("Spark, two workers", len(texts)):
    frame.count()
rows = frame.limit(1000).collect()
check([row.vector for row in rows], [row.text for row in rows], vectorizer)
session.stop()
