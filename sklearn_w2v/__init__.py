"""Word2vec for scikit-learn: raw documents in, mean word vectors out."""

from sklearn_w2v._displays.contributions import ContributionsDisplay
from sklearn_w2v._displays.document_map import DocumentMapDisplay
from sklearn_w2v._displays.loss_curve import LossCurveDisplay
from sklearn_w2v._displays.word_map import WordMapDisplay
from sklearn_w2v._explanations import explain_class, explain_document
from sklearn_w2v._group_choice import use_group
from sklearn_w2v._vectorizer import Word2VecVectorizer
from sklearn_w2v._version import __version__
from sklearn_w2v._warnings import DocumentWarning

__all__ = [
    "ContributionsDisplay",
    "DocumentMapDisplay",
    "DocumentWarning",
    "LossCurveDisplay",
    "Word2VecVectorizer",
    "WordMapDisplay",
    "__version__",
    "explain_class",
    "explain_document",
    "use_group",
]
