"""Display of words on a map."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize

from sklearn_w2v._displays.maps import MapDisplay, class_of_each, fill_docstring
from sklearn_w2v._displays.positions import positions_of
from sklearn_w2v._numbers import ignore_underflow
from sklearn_w2v._pipelines import vectorizer_of
from sklearn_w2v._queries import check_n_words
from sklearn_w2v._sklearn import default_settings
from sklearn_w2v._vectorizer import Word2VecVectorizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Number of candidates, the most frequent words, for each word shown.
CANDIDATES = 5


@fill_docstring
class WordMapDisplay(MapDisplay):
    """Map of words, on which words with similar vectors are close together.

    Use :meth:`from_estimator` to make one from a fitted vectorizer. The parameters are
    stored as attributes.

    Parameters
    ----------
    words : sequence of length n_words
        The words.

    positions : ndarray of shape (n_words, 2)
        Their positions on the map.

    groups : sequence of length n_words or None, default=None
        The group of each word; None or nan if it has none.

    Attributes
    ----------
    {map_attributes}

    See Also
    --------
    DocumentMapDisplay : Map of documents.
    """

    def __init__(
        self,
        *,
        words: Sequence[Hashable],
        positions: NDArray[np.floating],
        groups: Sequence[Any] | None = None,
    ) -> None:
        self.words = words
        self.positions = positions
        self.groups = groups

    @classmethod
    @fill_docstring
    def from_estimator(  # noqa: PLR0913, as other displays
        cls,
        vectorizer: Word2VecVectorizer | Pipeline,
        words: Iterable[Hashable] | None = None,
        *,
        n_words: int = 80,
        groups: Mapping[Any, Any] | Sequence[Any] | None = None,
        method: Literal["auto", "pca", "tsne"] = "auto",
        random_state: int | np.random.RandomState | None = 0,
        font: str | Sequence[str] | None = None,
        ax: "Axes | None" = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "WordMapDisplay":
        """Draw a map of a vectorizer's words.

        Parameters
        ----------
        vectorizer : Word2VecVectorizer, Pipeline, ColumnTransformer or FeatureUnion
            A fitted vectorizer, or a fitted Pipeline, ColumnTransformer or FeatureUnion
            that has one.
        words : list or None, default=None
            The words to show. If None, frequent words that occur in specific contexts:
            of the 5 * `n_words` most frequent words, those for which the length of the
            vector times log(2 + count) is largest, since words that occur in any
            context, such as "the", have short vectors. For the most frequent words,
            pass ``list(vectorizer.vocabulary_)[:80]``.
        n_words : int, default=80
            How many words to show if `words` is None, at least 1. A map of more than
            200 is hard to read.
        groups : mapping, sequence or None, default=None
            The group of each word, such as a topic: a mapping of words to groups, or a
            sequence as long as `words`. Words that the mapping lacks have no group. A
            Series of pandas is a mapping if its index has strings, and otherwise a
            sequence. See :meth:`plot` for how groups are shown.
        {method}
        {random_state}
        {font}
        {ax}
        {text_kw}
        {scatter_kw}

        Returns
        -------
        display : WordMapDisplay
            The display.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            If `vectorizer` neither is nor has a Word2VecVectorizer, if there are no
            words or too few for "tsne", if `groups` has another length or none of the
            words, or if :meth:`plot` raises one.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer, WordMapDisplay
        >>> vectorizer = Word2VecVectorizer(vector_size=8, min_count=1)
        >>> vectorizer = vectorizer.fit(["the cat sat", "the dog ran"] * 500)
        >>> display = WordMapDisplay.from_estimator(
        ...     vectorizer, groups={"cat": "animals", "dog": "animals", "sat": "verbs"}
        ... )
        >>> display.words
        ['the', 'cat', 'sat', 'dog', 'ran']
        >>> [text.get_text() for text in display.legend_.get_texts()]
        ['animals', 'verbs']
        """
        vectorizer = vectorizer_of(vectorizer)
        if isinstance(words, str | Mapping):
            raise ValueError(
                f"words must be a list of words, got {words!r}. Pass the groups of "
                "words as `groups`."
            )
        words = None if words is None else list(words)
        groups = _groups_of(words, groups)
        if words is None:
            words = _main_words(vectorizer, n_words)
            words += [word for word in groups or {} if word in vectorizer.vocabulary_]
        words = list(dict.fromkeys(words))  # each once
        if not words:
            raise ValueError("words is empty; there is nothing to show.")
        if groups is not None and not groups.keys() & set(words):
            raise ValueError(f"groups has none of the words, such as {words[0]!r}.")
        with default_settings():
            vectors = normalize(vectorizer.get_vector(words).astype(np.float64))
            positions = positions_of(vectors, method, random_state)
        display = cls(
            words=words,
            positions=positions,
            groups=None if groups is None else [groups.get(word) for word in words],
        )
        return display.plot(ax, font=font, text_kw=text_kw, scatter_kw=scatter_kw)

    def _points(self) -> tuple[list[Any], list[Any] | None, float]:
        groups = class_of_each("groups", self.groups, len(self.words), "words")
        return list(map(str, self.words)), groups, 8 if groups is None else 16


def _groups_of(words: list[Any] | None, groups: Any) -> Mapping[Any, Any] | None:
    """Return groups as a mapping of words to groups."""
    if groups is None:
        return None
    is_series = hasattr(groups, "to_dict") and getattr(groups, "ndim", None) == 1
    if is_series and groups.index.inferred_type == "string":
        groups = groups.to_dict()
    if isinstance(groups, Mapping):
        for word, group in groups.items():
            if not isinstance(group, Hashable):
                raise ValueError(
                    "groups must be a mapping of words to groups, got several of them "
                    f"for {word!r}. Pass an item for each word, not for each group."
                )
        return groups
    if words is None:
        raise ValueError(
            "groups must be a mapping of words to groups if words is None, got "
            f"{type(groups).__name__}."
        )
    groups = class_of_each("groups", groups, len(words), "words")
    return dict(zip(words, groups, strict=True))


@ignore_underflow()
def _main_words(vectorizer: Word2VecVectorizer, n_words: int) -> list[Any]:
    """Return frequent words of specific contexts, the most frequent one first.

    The contexts of a word that occurs anywhere, such as a stop word in any language,
    pull its vector in different directions, so that it is short for the word's
    frequency (Schakel and Wilson, "Measuring word significance using distributed
    representations of words", 2015).
    """
    n_words = check_n_words("n_words", n_words)
    words, counts = list(vectorizer.vocabulary_), vectorizer.word_counts_
    rows = np.argsort(-counts, kind="stable")[: CANDIDATES * n_words]
    lengths = np.linalg.norm(vectorizer.embedding_matrix_[rows], axis=1)
    # Not log(1 + count), which is 0 for words of a file, whose counts are 0.
    scores = lengths * np.log(2 + counts[rows])
    chosen = np.argsort(-scores, kind="stable")[:n_words]
    return [words[row] for row in rows[np.sort(chosen)]]
