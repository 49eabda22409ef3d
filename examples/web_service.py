"""
A small web service
===================

This page is for people who want to ask a fitted model over HTTP. It stores a pipeline,
loads it in a server of the standard library, sends texts to it, and measures how many
it answers per second. How to store, load and check models: :doc:`/serving`.
"""

# %%
# Fit and store
# -------------
# The pipeline learns the classes of texts, here from every second one. It is stored
# once, by a process that has torch.
import json
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
    Word2VecVectorizer(random_state=0),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
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
# known word has a vector of zeros, and a prediction for it has no meaning. So it gets
# the answer ``None`` (``null`` in JSON).
served = joblib.load(path)
folder.cleanup()


class Answer(BaseHTTPRequestHandler):
    """Answer a JSON list of texts by a list of their classes."""

    protocol_version = "HTTP/1.1"  # a connection can be used again
    disable_nagle_algorithm = True  # no part of an answer waits for another

    def do_POST(self):
        """Answer a request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = served.predict(asked).tolist()
        for number in np.flatnonzero(served[0].coverage(asked) == 0):
            answers[number] = None
        body = json.dumps(answers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Print nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever).start()

# %%
# Ask
# ---
connection = HTTPConnection("127.0.0.1", server.server_port)


def ask(asked):
    """Return the server's answers for some texts."""
    connection.request("POST", "/", json.dumps(asked))
    return json.loads(connection.getresponse().read())


asked = ["rows of a sparse matrix", "a cumulative distribution", "zzzzz"]
for text, answer in zip(asked, ask(asked), strict=True):
    print(f"{text:32}{answer}")

# %%
# How long it takes
# -----------------
# The first lines of texts, some of them in each request. Server and client share the
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
# - It does not learn. Fit again elsewhere, store a new file, and let the server load
#   it.
# - The threads of one Python process share its interpreter lock. For more requests per
#   second, start several processes. Figures with several clients: :doc:`/serving`.
