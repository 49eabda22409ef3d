"""Word2vec for scikit-learn: raw documents in, mean word vectors out."""

from sklearn_w2v._plot import LossCurveDisplay, WordMapDisplay
from sklearn_w2v._vectorizer import Word2VecVectorizer

__all__ = ["LossCurveDisplay", "Word2VecVectorizer", "WordMapDisplay"]
__version__ = "0.1.0"
