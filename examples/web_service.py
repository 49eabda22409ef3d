"""
A small web service
===================

This page is for people who want to ask a fitted model over HTTP. It stores a pipeline,
loads it in a server of the standard library, sends texts to it, and measures how many
it answers per second. How to store, load and check models: :doc:`/serving`.

:download:`texts.py <../../examples/texts.py>` loads the texts: save it next to this
script.
"""

# %%
# Fit and store
# -------------
# The pipeline learns the classes of texts, here from every second one. It is stored
# once, by a process that has torch. With few labels, fit the vectorizer to all texts
# first, and freeze it: :doc:`few_labels`.
import json
import os
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from texts import load_texts
from threadpoolctl import threadpool_limits

from sklearn_w2v import Word2VecVectorizer

texts, labels, *_ = load_texts()
model = make_pipeline(
    Word2VecVectorizer(stop_words="english", random_state=0),
    StandardScaler(),
    LogisticRegression(C=0.01),
).fit(texts[::2], labels[::2])
folder = TemporaryDirectory()
path = Path(folder.name, "model.joblib")
joblib.dump(model, path)
print(f"{path.stat().st_size / 1e6:.1f} MB")

# %%
# Serve
# -----
# The process that serves loads the file, and does not need torch. Each connection has a
# thread: ``predict`` and ``transform`` are safe from several threads. A text without a
# known word has a vector of zeros, and a prediction for it has no meaning. It gets the
# answer ``None`` (``null`` in JSON). Stop words are left out, so that "how is it" is
# such a text, too.
served = joblib.load(path)


class Handler(BaseHTTPRequestHandler):
    """Answer a JSON list of texts by a list of their classes."""

    protocol_version = "HTTP/1.1"  # a connection can be used again
    disable_nagle_algorithm = True  # no part of an answer waits for another

    def do_POST(self):
        """Answer a request, a wrong one with the reason."""
        try:
            status, answers = 200, self.classes()
        except (TypeError, ValueError) as error:
            status, answers = 400, str(error)
        body = json.dumps(answers).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def classes(self):
        """Return the classes of the texts in the request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = served  # the same one for both calls, also if it is replaced meanwhile
        answers = model.predict(asked).tolist()
        for number in np.flatnonzero(model[0].coverage(asked) == 0):
            answers[number] = None
        return answers

    def log_message(self, format, *args):
        """Print nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever).start()

# %%
# Ask
# ---
connection = HTTPConnection("127.0.0.1", server.server_port)


def ask(asked):
    """Return the server's answers for some texts."""
    connection.request("POST", "/", json.dumps(asked))
    return json.loads(connection.getresponse().read())


asked = ["rows of a sparse matrix", "a cumulative distribution", "zzzzz", "how is it"]
for text, answer in zip(asked, ask(asked), strict=True):
    print(f"{text:32}{answer}")
for wrong in ["a text that is not in a list", [], [None]]:
    print(wrong, "->", ask(wrong).split(".")[0])

# %%
# Replace the model
# -----------------
# Never write to the file that is served. Write the new model to another name in the
# same folder, then rename it, which takes the place of the old file at once. The
# service loads it, and uses it from the next request on.
model[-1].fit(model[:-1].transform(texts[1::2]), labels[1::2])
new_path = path.with_suffix(".new")
joblib.dump(model, new_path)
os.replace(new_path, path)
served = joblib.load(path)
folder.cleanup()
print(ask(asked))

# %%
# How long it takes
# -----------------
# Each request has the first lines of some texts. Server and client share the
# cores of one machine. So the BLAS gets one thread, as ``OPENBLAS_NUM_THREADS=1`` gives
# it in a service that answers several requests at once.
first_lines = [text.splitlines()[0] for text in texts]
sizes, speeds = [1, 4, 16, 64, 256], []
for size in sizes:
    n_requests, start = 0, perf_counter()
    with threadpool_limits(1):
        while perf_counter() < start + 0.5:
            first = n_requests % (len(texts) - size)
            ask(first_lines[first : first + size])
            n_requests += 1
    seconds = perf_counter() - start
    speeds.append(n_requests * size / seconds)
    print(f"{size:4} texts: {1000 * seconds / n_requests:.2f} ms for a request")
connection.close()
server.shutdown()
server.server_close()

figure, axes = plt.subplots()
axes.plot(sizes, speeds, marker="o")
axes.set(xscale="log", xlabel="texts in a request", ylabel="texts per second")
axes.set_xticks(sizes, sizes)
axes.minorticks_off()
axes.set_ylim(0, None)
plt.show()

# %%
# A request has a cost of its own, so several texts in one request are answered faster
# than as many requests.
#
# What it cannot do
# -----------------
# - Python's documentation advises against ``http.server`` in production. It has no
#   encryption, no login and no limits here. In a server for production, load the model
#   once in each process, and answer with the same calls.
# - It does not learn. Fit again elsewhere, and replace the model.
# - The threads of one Python process share its interpreter lock. For more requests per
#   second, start several processes. Figures with several clients: :doc:`/serving`.
