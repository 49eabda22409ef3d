r"""The file formats of word vectors: what is a word, what are its numbers.

- word2vec text: a header with the number of words and the size of vectors, then one
  line per word, with the word and its numbers separated by spaces.
- word2vec binary: the same header, then each word, a space and the little-endian
  float32 numbers. The word2vec program writes a newline after them, gensim does not.
- GloVe: the lines of word2vec text, without a header.

Only b" " and b"\n" separate words: tabs, no-break spaces and the like are part of them.
In a text file a word may contain spaces, as in GloVe's files, but not a space and then
a number: such a line has too many numbers.
"""

import codecs
import re

#: Largest number of bytes before the space that ends a word of a binary file, and of
#: numbers in a vector. They bound the memory that a damaged file takes.
MAX_WORD_BYTES = (1 << 16) - 1
MAX_VECTOR_SIZE = 1 << 20


def is_number(text: bytes) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return b"_" not in text  # float accepts 1_0 as 10


def ends_in_column(word: bytes) -> bool:
    """Return whether a word ends in a space or tab, or in one and then a number."""
    *columns, last = re.split(rb"[ \t]", word)
    return bool(columns) and (not last or is_number(last))


def is_text_record(line: bytes, vector_size: int) -> bool:
    """Return whether a line is a word and its numbers, as text."""
    if not 1 <= vector_size <= MAX_VECTOR_SIZE:
        return False
    numbers = line.rstrip().rsplit(b" ", vector_size)[1:]
    return len(numbers) == vector_size and all(map(is_number, numbers))


def has_other_separators(line: bytes, vector_size: int) -> bool:
    """Return whether tabs or the like separate a word and its numbers."""
    _, *numbers = line.split() or [b""]
    # Binary numbers can contain the text of some numbers, next to other bytes.
    return len(numbers) == vector_size and all(map(is_number, numbers))


def looks_like_text(record: bytes | bytearray, vector_size: int) -> bool:
    """Return whether the bytes of the numbers of a binary record are text."""
    numbers = record.partition(b" ")[2][: 4 * vector_size]
    try:
        # The last character may be incomplete, which final=False allows.
        text, _ = codecs.utf_8_decode(numbers, "strict", False)
    except UnicodeDecodeError:
        return False
    is_printable = all(letter.isprintable() or letter in "\t\r\n" for letter in text)
    # Printable bytes alone are not enough: those of the float32 0.7 are "333?".
    return is_printable and any(map(str.isspace, text))


def excerpt(text: bytes | bytearray) -> str:
    """Return the beginning of a text, for messages."""
    return repr(text[:99].decode(errors="replace"))
