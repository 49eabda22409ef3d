"""The description for a package index: the README, with links that work there.

An index has none of the project's files.
"""

import re


def description_of(readme: str, home: str, version: str) -> str:
    """Return the README without relative links.

    Links to files lead to the project's repository `home`, to the tag of the release.
    If there is no such repository yet, they become plain text, and images are removed.
    """
    image, link = r"!\[([^\]]*)\]", r"\[([^\]]+)\]"
    file = r"\((?!https?://|#)([^)\s]+)\)"
    if home:
        # An image is a link after a "!", and has an absolute address afterwards.
        text = re.sub(image + file, rf"![\1]({home}/raw/v{version}/\2)", readme)
        return re.sub(link + file, rf"[\1]({home}/blob/v{version}/\2)", text)
    text = re.sub(image + file + r"\n*", "", readme)
    return re.sub(link + file, r"\1", text)
