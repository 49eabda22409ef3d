"""Ids -> document vectors."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sklearn_w2v._vocabulary import Corpus

#: Documents pooled in one go, which bounds the memory of the sparse matrix beside ids.
DOCUMENTS_AT_ONCE = 8192


def mean_vectors(
    corpus: Corpus, embedding_matrix: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Average the word vectors of each document; a document without words is zero.

    Every row is summed on its own, in the order of its tokens, so it does not depend on
    the documents beside it.
    """
    n_documents = len(corpus.offsets) - 1
    n_words, vector_size = embedding_matrix.shape
    means = np.zeros((n_documents, vector_size), dtype=np.float32)
    for first in range(0, n_documents, DOCUMENTS_AT_ONCE):
        offsets = corpus.offsets[first : first + DOCUMENTS_AT_ONCE + 1]
        ids = corpus.ids[offsets[0] : offsets[-1]]
        lengths = np.diff(offsets)
        occurrences = csr_array(
            (np.ones(len(ids), dtype=np.float32), ids, offsets - offsets[0]),
            shape=(len(lengths), n_words),
        )
        sums = occurrences @ embedding_matrix  # (documents at once, vector_size)
        means[first : first + len(lengths)] = sums / np.maximum(lengths, 1)[:, None]
    return means
