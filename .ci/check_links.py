"""Check the links of the built guide, without a network.

    python .ci/check_links.py build/guide

Links within the guide have to lead to a file, and to an anchor in it. To show a page,
nothing may be loaded from elsewhere. Links to other sites are printed, and have to be
well-formed addresses of https.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: The attributes that name what a browser loads to show a page.
LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("link", "href")}


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = set(), set(), {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Collect the links and anchors of a tag."""
        for name, value in attrs:
            if name in ("id", "name"):
                self.anchors.add(value)
            elif (tag, name) == ("a", "href"):
                self.links.add(value)
            elif (tag, name) in LOADED:
                self.loaded.add(value)


def problem_of(link, path, pages):
    """Return what is wrong with a link within the guide, or None."""
    parts = urlsplit(link)
    target = path
    if parts.path:
        target = (path.parent / unquote(parts.path)).resolve()
    if not target.is_file():
        return "leads to no file"
    if target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "leads to no anchor"
    return None


def main(folder):
    """Print all links to other sites and all problems; return the exit status."""
    paths = sorted(Path(folder).resolve().rglob("*.html"))
    pages = {path: Page(path) for path in paths if "_static" not in path.parts}
    problems, external = [], set()
    for path, page in pages.items():
        for link in sorted(page.links | page.loaded):
            parts = urlsplit(link)
            problem = None
            if parts.scheme == "data":  # The link contains what it loads.
                continue
            if not parts.scheme and not parts.netloc:
                problem = problem_of(link, path, pages)
            elif link in page.loaded:
                problem = "is loaded from another site"
            else:
                external.add(link)
                if parts.scheme != "https" or "." not in parts.netloc:
                    problem = "is not an address of https"
            if problem:
                problems.append(f"{path.name}: {link} {problem}")
    print(
        "Links to other sites, which are not followed:", *sorted(external), sep="\n  "
    )
    print(f"{len(pages)} pages, {len(problems)} problems", *problems, sep="\n")
    return 1 if problems or not pages else 0


sys.exit(main(sys.argv[1]))
