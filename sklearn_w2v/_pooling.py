"""Ids -> document vectors: weighted means, without common directions, scaled.

All steps but the last are linear, and each document is computed separately. So its
vector does not depend on other documents, and is exactly a sum over its words.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from sklearn_w2v._corpus import Corpus, WordCounts
from sklearn_w2v._locks import ForkSafeLock
from sklearn_w2v._numbers import ignore_underflow

#: If the removal of directions leaves less than this share of a vector's length, the
#: rest is a rounding error, and the vector becomes zero.
ROUNDING = 1e-6

#: If it leaves less than this share, float32 has lost three digits or more to rounding,
#: and the rest is computed again in float64.
INEXACT = 1e-3

_blas_lock = ForkSafeLock()


class Pooling(NamedTuple):
    """How the vector of a document is computed from the vectors of its words."""

    embedding_matrix: NDArray[np.float32]  # (n_words, d)
    word_weights: NDArray[np.float32]  # (n_words,)
    #: Whether the weighted vectors are divided by the sum of their weights, as in a
    #: weighted mean, or by the number of words, as in SIF.
    divides_by_weights: bool
    common_components: NDArray[np.float32]  # (n_removed, d), orthonormal
    norm: Literal["l2"] | None

    def document_vectors(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the vector of each document; zeros for a document without words."""
        shape = len(corpus.offsets) - 1, self.embedding_matrix.shape[1]
        vectors = np.empty(shape, dtype=np.float32)  # (n_documents, d)
        first = 0
        with np.errstate(under="ignore"):  # faster than ignore_underflow
            for batch in corpus.batches():
                means = self._means(batch, self.embedding_matrix, self.word_weights)
                self._remove_common_components(means, batch)
                last = first + len(means)
                vectors[first:last] = unit(means) if self.norm == "l2" else means
                first = last
        return vectors

    def means(self, corpus: Corpus) -> Iterator[NDArray[np.float32]]:
        """Yield the means of the documents' word vectors, a batch at a time."""
        for batch in corpus.batches():
            yield self._means(batch, self.embedding_matrix, self.word_weights)

    @ignore_underflow()
    def contributions(
        self, corpus: Corpus, coef: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what each token adds to the product of its document's vector and coef.

        All tokens must be words. The removal of common directions is a projection, so
        it can be applied to `coef` instead of the vectors.
        """
        components = self.common_components.astype(np.float64)
        direction = coef - (components @ coef) @ components  # (d,)
        if self.divides_by_weights:
            shares = self.shares(corpus)
        else:
            weights = self.word_weights[corpus.ids].astype(np.float64)  # (n_tokens,)
            shares = weights / np.repeat(corpus.lengths, corpus.lengths)
        rows, row_of_token = np.unique(corpus.ids, return_inverse=True)
        products = self.embedding_matrix[rows] @ direction
        contributions: NDArray[np.float64] = shares * products[row_of_token]
        if self.norm == "l2":
            lengths = lengths_of(self._replace(norm=None).document_vectors(corpus))
            lengths[lengths == 0] = np.inf  # the contributions are zero, too
            contributions /= np.repeat(lengths, corpus.lengths)
        return contributions

    def shares(self, corpus: Corpus) -> NDArray[np.float64]:
        """Return the share that each token has in the weights of its document."""
        documents = np.repeat(np.arange(len(corpus.lengths)), corpus.lengths)
        weights = self.word_weights[corpus.ids].astype(np.float64)  # (n_tokens,)
        shares: NDArray[np.float64] = (
            weights / np.bincount(documents, weights)[documents]
        )
        return shares

    def _means(
        self, batch: Corpus, matrix: NDArray[Any], word_weights: NDArray[Any]
    ) -> NDArray[Any]:
        """Return the means of the documents' word vectors, in the type of `matrix`.

        Each row is summed separately, in the order of its tokens, so it does not depend
        on the other documents of its batch.
        """
        ids, offsets = batch
        weights = csr_array(
            (word_weights[ids], ids, offsets), shape=(len(offsets) - 1, len(matrix))
        )
        sums = weights @ matrix  # (n_documents in batch, d)
        if self.divides_by_weights:
            divisors = weights @ np.ones(len(matrix), dtype=matrix.dtype)
            divisors[divisors == 0] = 1
        else:
            divisors = np.maximum(np.diff(offsets), 1).astype(matrix.dtype)
        return sums / divisors[:, None]

    def _remove_common_components(
        self, vectors: NDArray[np.float32], batch: Corpus
    ) -> None:
        if not len(self.common_components):
            return
        lengths = lengths_of(vectors)
        # Not as a matrix product: its last bits depend on the number of rows.
        for component in self.common_components:
            vectors -= (vectors * component).sum(axis=1)[:, None] * component
        is_inexact = lengths_of(vectors) < INEXACT * lengths
        if is_inexact.any():
            vectors[is_inexact] = self._exact_rests(batch.select(is_inexact))

    def _exact_rests(self, batch: Corpus) -> NDArray[np.float64]:
        """Return what the removal of common directions leaves, computed in float64."""
        words, ids = np.unique(batch.ids, return_inverse=True)
        means = self._means(
            Corpus(ids.astype(np.int32), batch.offsets),
            self.embedding_matrix[words].astype(np.float64),
            self.word_weights[words].astype(np.float64),
        )  # (n_documents in batch, d)
        components = self.common_components.astype(np.float64)
        rests = means.copy()
        for component in components:
            # With all of the mean, as `contributions` does: the directions are
            # orthonormal only up to the rounding of float32.
            rests -= (means * component).sum(axis=1)[:, None] * component
        rests[lengths_of(rests) <= ROUNDING * lengths_of(means)] = 0
        return rests


@ignore_underflow()
def word_weights(
    weighting: Literal["idf", "sif"] | None, counts: WordCounts, *, sif_a: float
) -> NDArray[np.float32]:
    """Return the weight of each word in the mean of a document.

    "idf" is the smoothed inverse document frequency of TfidfTransformer. "sif" is
    a / (a + p(w)), with p(w) a word's share of the tokens: Arora, Liang and Ma (2017),
    "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", algorithm 1.
    """
    if weighting == "idf":
        smoothed = 1 + counts.document_frequencies
        weights = np.log((1 + counts.n_documents) / smoothed) + 1
    elif weighting == "sif":
        weights = sif_a / (sif_a + counts.tokens / max(counts.tokens.sum(), 1))
    else:
        weights = np.ones(len(counts.tokens))
    return weights.astype(np.float32)


@ignore_underflow()
def common_components(
    batches: Iterable[NDArray[np.float32]], vector_size: int, n_components: int
) -> NDArray[np.float32]:
    """Return the directions that contain most of the vectors' squared length.

    These are the first right singular vectors, without centering (Arora, Liang and Ma,
    2017), as rows. There are fewer if the vectors span fewer dimensions.
    """
    products = np.zeros((vector_size, vector_size))
    # The last bits depend on the number of BLAS threads, which is set for the process.
    # The lock is for concurrent fits: without it, the second one would read the limit
    # that the first has set, and restore it at its end.
    with _blas_lock, threadpool_limits(1, user_api="blas"):
        for batch in batches:
            vectors = batch.astype(np.float64)
            products += vectors.T @ vectors
        eigenvalues, eigenvectors = np.linalg.eigh(products)  # ascending
    largest = slice(None, -n_components - 1, -1)
    spanned = eigenvalues[largest] > ROUNDING * eigenvalues[-1]
    components = eigenvectors.T[largest][spanned]
    return np.ascontiguousarray(components, dtype=np.float32)


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Scale vectors to length 1; a zero vector stays zero."""
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    is_zero = largest == 0
    # The squares of very short vectors would be 0, and of very long ones infinite.
    with np.errstate(under="ignore"):
        scaled = vectors / np.where(is_zero, 1, largest)
        lengths = np.linalg.norm(scaled, axis=-1, keepdims=True)
        return scaled / np.where(is_zero, 1, lengths)


def lengths_of(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Return the length of each vector, in float64."""
    # In float32 the squares of short vectors are 0.
    return np.linalg.norm(vectors.astype(np.float64), axis=1)
