"""Word2vec for scikit-learn: raw documents in, mean word vectors out."""

from sklearn_w2v._vectorizer import Word2VecVectorizer

__all__ = ["Word2VecVectorizer"]
__version__ = "0.1.0"
