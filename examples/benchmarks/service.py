"""Requests per second of a vectorizer behind a web service, while it is fitted again.

    python examples/benchmarks/service.py [--seconds 20] [--words 49000] [--clients 4]

A server of the standard library answers on the loopback interface, a thread for each
connection. Each method is asked by one client and by several, which are processes. In
the middle of each run the vectorizer is fitted again, on the same documents with other
vectors: each answer must be that of the first fit or that of the second.
"""

import argparse
import json
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from time import perf_counter, sleep

import numpy as np

from sklearn_w2v import Word2VecVectorizer

METHODS = ["transform", "most_similar", "most_likely_context"]


def answer(vectorizer, method, word):
    """Return what the service answers, which json can write."""
    if method == "transform":
        return vectorizer.transform([[word, word]]).tolist()
    return getattr(vectorizer, method)(word)


def serve(vectorizer):
    """Start a server in threads, and return it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for an answer: a second would wait for 40 ms

        def do_GET(self):
            method, word = self.path.strip("/").split("/")
            body = json.dumps(answer(vectorizer, method, int(word))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def ask(port, method, words, seconds, allowed):
    """Ask until the time is over; return the numbers of answers and of wrong ones."""
    connection = HTTPConnection("127.0.0.1", port)
    n_answers = n_wrong = 0
    end = perf_counter() + seconds
    while perf_counter() < end:
        word = words[n_answers % len(words)]
        connection.request("GET", f"/{method}/{word}")
        response = connection.getresponse().read()
        n_answers += 1
        n_wrong += json.loads(response) not in allowed[word]
    return n_answers, n_wrong


def main():
    """Print requests per second for each method and number of clients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--words", type=int, default=49_000)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    sessions = [*rng.permutation(options.words).reshape(-1, 10)] * 5
    sessions = [session.tolist() for session in sessions]
    fits = [
        Word2VecVectorizer(
            analyzer=list,
            vector_size=64,
            sample=None,
            epochs=1,
            store_matrices=True,
            random_state=seed,
        ).fit(sessions)
        for seed in (0, 1)
    ]
    served = Word2VecVectorizer(**fits[0].get_params()).fit(sessions)
    words = rng.integers(options.words, size=50).tolist()
    server = serve(served)
    context = get_context("spawn")
    for method in METHODS:
        allowed = {
            word: [json.loads(json.dumps(answer(fit, method, word))) for fit in fits]
            for word in words
        }
        for n_clients in (1, options.clients):
            served.set_params(random_state=0).fit(sessions)
            task = server.server_port, method, words, options.seconds, allowed
            with context.Pool(n_clients) as pool:
                asked = pool.starmap_async(ask, [task] * n_clients)
                sleep(options.seconds / 2)
                start = perf_counter()
                served.set_params(random_state=1).fit(sessions)
                took = perf_counter() - start
                n_answers, n_wrong = np.sum(asked.get(), axis=0)
            print(
                f"{method:20}{n_clients} clients{n_answers / options.seconds:8.0f} "
                f"requests/s, {n_wrong} wrong answers, a fit of {took:.1f} s between",
                flush=True,
            )


if __name__ == "__main__":
    main()
