"""Requests per second of a vectorizer behind a web service, while it is fitted again.

    python examples/benchmarks/service.py [--seconds 20] [--words 49000] [--clients 4]

A server of the standard library has a thread for each client, which is a process. In
the middle of each run the vectorizer is fitted again, on the same documents with other
vectors: each answer must be that of the first fit or that of the second.
"""

import json
import threading
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from time import perf_counter, sleep

import numpy as np
from runner import benchmark, progress

from sklearn_w2v import Word2VecVectorizer

METHODS = ["transform", "most_similar", "most_likely_context"]


def answer(vectorizer, method, word):
    """Return what the service answers, as json."""
    if method == "transform":
        result = vectorizer.transform([[word, word]]).tolist()
    else:
        result = getattr(vectorizer, method)(word)
    return json.dumps(result).encode()


def serve(vectorizer):
    """Start a server in threads, and return its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for an answer: a second would wait for 40 ms

        def do_GET(self):
            method, word = self.path.strip("/").split("/")
            body = answer(vectorizer, method, int(word))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def ask(port, method, seconds, allowed):
    """Ask until the time is over; return the numbers of answers and of wrong ones."""
    n_answers, n_wrong, words = 0, 0, list(allowed)
    end = perf_counter() + seconds
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        while perf_counter() < end:
            word = words[n_answers % len(words)]
            connection.request("GET", f"/{method}/{word}")
            n_wrong += connection.getresponse().read() not in allowed[word]
            n_answers += 1
    return n_answers, n_wrong


def measure(options):
    """Return the table."""
    rng = np.random.default_rng(0)
    sessions = rng.permutation(options.words).reshape(-1, 10).tolist() * 5
    parameters = {"vector_size": 64, "sample": None, "epochs": 1, "analyzer": list}
    served, *fits = (
        Word2VecVectorizer(**parameters, store_matrices=True, random_state=seed)
        for seed in (0, 0, 1)
    )
    for one in (served, *fits):
        one.fit(sessions)
    words = rng.integers(options.words, size=50).tolist()
    port, rows = serve(served), []
    for method in METHODS:
        allowed = {word: [answer(fit, method, word) for fit in fits] for word in words}
        task, n_wrong_of_all = (port, method, options.seconds, allowed), 0
        rows.append([method])
        for n_clients in (1, options.clients):
            served.set_params(random_state=0).fit(sessions)
            with get_context("spawn").Pool(n_clients) as pool:
                asked = pool.starmap_async(ask, [task] * n_clients)
                sleep(options.seconds / 2)
                served.set_params(random_state=1).fit(sessions)
                n_answers, n_wrong = np.sum(asked.get(), axis=0)
            rows[-1].append(f"{n_answers / options.seconds:,.0f}")
            n_wrong_of_all += n_wrong
        rows[-1].append(str(n_wrong_of_all))
        progress(" ".join(rows[-1]))
    settings = f"requests/s, {options.words:,} words of 64 dimensions"
    header = ["method", "one client", f"{options.clients} clients", "wrong answers"]
    return settings, header, rows


if __name__ == "__main__":
    benchmark(measure, __doc__, seconds=20.0, words=49_000, clients=4)
