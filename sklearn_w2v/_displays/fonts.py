"""Fonts of labels, and the characters that they lack. Needs matplotlib."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

from sklearn_w2v._warnings import warn


def families_of(font: str | Sequence[str] | None) -> list[str]:
    """Return the given families that are installed, then the default ones."""
    default = FontProperties().get_family()
    if font is None:
        return default
    installed = []
    for family in [font] if isinstance(font, str) else font:
        try:
            # In a list, since a str is parsed as a pattern, in which "-" and ":" have
            # a meaning.
            findfont(FontProperties(family=[family]), fallback_to_default=False)
        except ValueError:
            continue
        installed.append(family)
    if not installed:
        raise ValueError(
            f"font={font!r} is not installed. matplotlib.font_manager.get_font_names() "
            "lists the installed fonts, and "
            "matplotlib.font_manager.fontManager.addfont(path) adds one from a file."
        )
    return installed + default


def warn_of_missing_characters(texts: list[Text]) -> None:
    """Warn of characters that the font of a text lacks, and name one that has them."""
    missing: set[str] = set()
    for text in texts:
        files = _files_of(text.get_fontproperties())
        missing |= set(text.get_text()).difference(*map(_characters_in, files))
    missing = set(filter(str.isprintable, missing))
    if not missing:
        return
    complete = (
        f", such as {font.name!r}"
        for font in sorted(fontManager.ttflist, key=lambda font: font.name)
        # macOS hides fonts whose name begins with a period.
        if font.name[0] != "." and missing <= _characters_in(font.fname)
    )
    warn(
        f"The font of the labels lacks {len(missing)} of their characters, for example "
        f"{' '.join(sorted(missing)[:10])}, and draws boxes: pass as `font` an "
        f"installed family that has them{next(complete, '')}."
    )


def _files_of(font: FontProperties) -> Iterator[Any]:
    """Yield the file of each family of a font."""
    for family in font.get_family():
        single = font.copy()
        single.set_family(family)
        yield findfont(single)


# A few at a time, since there may be hundreds of fonts with thousands of characters.
@lru_cache(maxsize=8)
def _characters_in(file: Any) -> frozenset[str]:
    return frozenset(map(chr, get_font(file).get_charmap()))
