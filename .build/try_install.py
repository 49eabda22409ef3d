"""Tries an installed sklearn_w2v; `.build/release` runs it in new environments.

python try_install.py fit RELEASE {0,1} FILE    (is training to be compiled?)
python try_install.py serve FILE                (the FILE of a fit, without torch)
"""

import importlib.util
import sys
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

import sklearn_w2v
from sklearn_w2v import Word2VecVectorizer

TEXTS = ["the cat chased the mouse", "the dog chased the cat"] * 50
TEXTS += ["the bank raised the rate", "the fund sold the bond"] * 50
QUERIES = ["a dog and a mouse", "the bond of the bank"]


def fit(release, compiled, file):
    """Fit a vectorizer and store it with what it answers."""
    # These import torch.
    from sklearn_w2v._skipgram.devices import CPU  # noqa: PLC0415
    from sklearn_w2v._skipgram.library import can_train  # noqa: PLC0415

    assert sklearn_w2v.__version__ == version("sklearn-w2v") == release
    assert can_train(CPU, "sgd") == (compiled == "1"), "compiled, or not, unlike asked"
    vectorizer = Word2VecVectorizer(vector_size=20, random_state=0)
    assert vectorizer.fit_transform(TEXTS).shape == (200, 20)
    similar = {word for word, _ in vectorizer.most_similar("bond", topn=2)}
    assert similar == {"fund", "sold"}, similar
    joblib.dump((vectorizer, vectorizer.transform(QUERIES)), file)


def serve(file):
    """Load a vectorizer without torch, and check what it answers."""
    assert importlib.util.find_spec("torch") is None
    vectorizer, expected = joblib.load(file)
    np.testing.assert_allclose(vectorizer.transform(QUERIES), expected, rtol=1e-5)
    similar = {word for word, _ in vectorizer.most_similar("bond", topn=2)}
    assert similar == {"fund", "sold"}, similar


if __name__ == "__main__":
    assert "site-packages" in Path(sklearn_w2v.__file__).parts
    {"fit": fit, "serve": serve}[sys.argv[1]](*sys.argv[2:])
    releases = [
        f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn")
    ]
    print(f"{sys.argv[1]}: Python {sys.version.split()[0]}", *releases, sep=", ")
