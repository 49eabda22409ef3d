"""Word vectors in files of the word2vec program, and in gensim."""

import os
from typing import Any, TypeVar

from sklearn.base import BaseEstimator

from sklearn_w2v._extras import check_installed
from sklearn_w2v._known_vectors import learned_from_file
from sklearn_w2v._learned import FittedAttributes
from sklearn_w2v._sklearn import validate_params
from sklearn_w2v._word2vec_writer import write_vectors

Vectorizer = TypeVar("Vectorizer", bound="VectorFiles")


class VectorFiles(FittedAttributes, BaseEstimator):
    """The methods of a vectorizer that exchange word vectors with other programs."""

    def save_word2vec_format(
        self, path: str | os.PathLike[str], binary: bool = False
    ) -> None:
        """Write the word vectors to a file in the format of the word2vec program.

        If writing fails, no file appears, and an existing one stays. The format holds
        only words and vectors: pickle the vectorizer to keep all of it.

        Parameters
        ----------
        path : str or path
            Name of the file, which is gzipped if it ends in ".gz".
        binary : bool, default=False
            Whether to write numbers as bytes instead of text. Both are exact.

        Raises
        ------
        ValueError
            If the format cannot hold a word, such as one with a space.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8).fit(["the cat sat"] * 500)
        >>> with TemporaryDirectory() as folder:
        ...     vectorizer.save_word2vec_format(f"{folder}/vectors.txt")
        ...     print(Path(folder, "vectors.txt").read_text().splitlines()[0])
        3 8
        """
        learned = self._learned()
        write_vectors(path, learned.vocabulary, learned.embedding_matrix, binary=binary)

    @classmethod
    def from_word2vec_format(
        cls: type[Vectorizer], path: str | os.PathLike[str], **params: Any
    ) -> Vectorizer:
        """Return a fitted vectorizer with the word vectors of a file.

        Parameters
        ----------
        path : str or path
            A file in word2vec's text or binary format or in GloVe's format, gzipped or
            not. The format is detected from the content.
        **params : dict
            Parameters of the vectorizer, for example ``lowercase=False`` if words of
            the file have capitals. `max_features` reads only this many words from the
            start of the file, the most frequent ones in most files. `vocabulary` reads
            only its own words, in its order.

        Returns
        -------
        vectorizer : Word2VecVectorizer
            The fitted vectorizer. Its `word_counts_` are 0, since files have no counts.

        Raises
        ------
        ValueError
            If the file is truncated, is not a file of word vectors or has no word of
            `vocabulary`, or if `params` have another `vector_size`, or `weighting` or
            `n_components_removed`, which are learned from documents.
        OSError
            If the file cannot be read.

        Warns
        -----
        sklearn_w2v.DocumentWarning
            If words have capitals under ``lowercase=True``.
        UserWarning
            If words are repeated or not UTF-8, if the last line may be truncated, or if
            parameters are not used.

        Examples
        --------
        In a pipeline the vectorizer has to be frozen, since `fit` learns new vectors:

        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.frozen import FrozenEstimator
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer().fit(["the cat sat"] * 500)
        >>> with TemporaryDirectory() as folder:
        ...     vectorizer.save_word2vec_format(f"{folder}/vectors.txt.gz")
        ...     loaded = Word2VecVectorizer.from_word2vec_format(
        ...         f"{folder}/vectors.txt.gz"
        ...     )
        >>> frozen = FrozenEstimator(loaded).fit(["other documents"], None)
        >>> bool((frozen.transform(["a cat"]) == vectorizer.transform(["a cat"])).all())
        True
        """
        vectorizer = cls(**params)
        validate_params(vectorizer)
        learned = learned_from_file(path, vectorizer, params.get("vector_size"))
        if "vector_size" not in params:
            vectorizer.set_params(vector_size=learned.embedding_matrix.shape[1])
        vectorizer._set_learned(learned)
        return vectorizer

    def to_keyed_vectors(self) -> Any:
        """Return the word vectors as a gensim KeyedVectors, with the words' counts.

        Returns
        -------
        keyed_vectors : gensim.models.KeyedVectors
            It has copies of the vectors. gensim is installed with
            ``pip install "sklearn-w2v[gensim]"``.

        Raises
        ------
        ImportError
            If gensim is not installed.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8).fit(["the cat sat"] * 500)
        >>> vectorizer.to_keyed_vectors().index_to_key
        ['the', 'cat', 'sat']
        """
        learned = self._learned()
        check_installed("to_keyed_vectors", "gensim", extra="gensim")
        from gensim.models import KeyedVectors  # noqa: PLC0415, it is optional

        vocabulary, vectors = learned.vocabulary, learned.embedding_matrix
        keyed_vectors = KeyedVectors(vectors.shape[1])
        keyed_vectors.add_vectors(list(vocabulary), vectors)
        for word, count in zip(vocabulary, learned.word_counts, strict=True):
            keyed_vectors.set_vecattr(word, "count", int(count))
        return keyed_vectors
