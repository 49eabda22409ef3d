"""What a release says about itself, in all places where it does."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from sklearn_w2v import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
HOME = PROJECT["urls"].get("Repository", "")
CITATION = (ROOT / ".github" / "CITATION.cff").read_text(encoding="utf-8")
SECURITY = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")
description_of = runpy.run_path(str(ROOT / ".build" / "description.py"))[
    "description_of"
]


def test_the_release_has_one_number():
    assert re.findall(r"^version: (.*)$", CITATION, re.M) == [__version__]


def test_all_files_name_the_same_home():
    assert re.findall(r"^repository-code: (.*)$", CITATION, re.M) == [HOME] * bool(HOME)
    assert HOME in SECURITY
    assert ("no public home yet" in SECURITY) == (not HOME)


def test_the_lowest_python_is_the_first_one_classified():
    versions = [
        int(minor)
        for text in PROJECT["classifiers"]
        for minor in re.findall(r":: Python :: 3\.(\d+)$", text)
    ]
    assert PROJECT["requires-python"] == f">=3.{versions[0]}"
    assert versions == list(range(versions[0], versions[-1] + 1))


@pytest.mark.parametrize(
    ("readme", "without_home", "with_home"),
    [
        ("[a](b.md)", "a", "[a](https://h/blob/v1/b.md)"),
        (
            "[two\nlines](b.md#c)",
            "two\nlines",
            "[two\nlines](https://h/blob/v1/b.md#c)",
        ),
        ("x\n\n![a](b.png)\n\ny", "x\n\ny", "x\n\n![a](https://h/raw/v1/b.png)\n\ny"),
        ("[a](#b)", "[a](#b)", "[a](#b)"),
        ("[a](https://b.org)", "[a](https://b.org)", "[a](https://b.org)"),
        ("![a](https://b.org)", "![a](https://b.org)", "![a](https://b.org)"),
        ("a[1](b c)", "a[1](b c)", "a[1](b c)"),
    ],
)
def test_the_description_for_a_package_index(readme, without_home, with_home):
    assert description_of(readme, "", "1") == without_home
    assert description_of(readme, "https://h", "1") == with_home


def test_all_links_of_the_readme_can_lead_to_the_repository():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    home = "https://example.org/project"
    description = description_of(readme, home, "1")
    links = re.findall(r"\]\(([^)\s]+)\)", description)
    assert all(link.startswith(("https://", "http://", "#")) for link in links)
    assert any(link.startswith(f"{home}/blob/v1/") for link in links)
    for link in links:
        if link.startswith(home):
            path = re.sub(r"^/(blob|raw)/v1/", "", link.removeprefix(home))
            assert (ROOT / path.partition("#")[0]).exists(), link
