"""The code itself, and what shows it to users: the house, README and examples."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

import sklearn_w2v
from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._displays.maps import MapDisplay
from sklearn_w2v._word_vectors import WordVectors

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


def run(*command, folder=ROOT):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_lint_is_clean():
    run("-m", "ruff", "check", ".")
    run("-m", "ruff", "format", "--check", ".")


@pytest.mark.slow
def test_types_are_clean():
    run("-m", "mypy")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_without_a_warning(name, tmp_path):
    # Elsewhere, since some leave pictures behind.
    assert run("-W", "error", str(ROOT / "examples" / name), folder=tmp_path)


# --- the house: see CONTRIBUTING.md

#: The rooms from the ground up. A room imports from floors below its own.
FLOORS = [
    {"_corpus", "_extras", "_ranks", "_sklearn", "_version", "_warnings"}
    | {"_skipgram.threads", "_displays.positions"},
    {"_documents", "_group", "_word2vec_format"}
    | {"_displays.drawing", "_displays.fonts"},
    {"_vocabulary", "_known_vectors", "_learned", "_pooling", "_displays.maps"}
    | {"_skipgram.plan", "_skipgram.state", "_skipgram.devices"},
    {"_known_vectors", "_watchers", "_word_vectors"}
    | {"_skipgram.noise", "_skipgram.solvers"},
    {"_skipgram.sampler", "_skipgram.model"},
    {"_skipgram.torch_steps", "_skipgram.compiled_steps", "_skipgram.merging"},
    {"_skipgram.recorded"},
    {"_skipgram.training"},
    {"_fit"},
    {"_vectorizer"},
    {"_displays.pipelines"},
    {"_displays.word_map", "_displays.document_map", "_displays.loss_curve"},
    {""},  # the package itself
]

#: What may be imported inside a function: torch takes a second, the displays' parts of
#: scikit-learn a fifth of one, and the rest is optional.
IMPORTED_LATE = {
    "sklearn_w2v._skipgram.devices",  # which imports torch
    "sklearn_w2v._skipgram.compiled_steps",  # as this does
    "sklearn_w2v._group",  # as this does
    "sklearn_w2v._displays",  # whose drawing imports matplotlib
    *("torch", "sklearn_w2v._skipgram", "sklearn.decomposition", "sklearn.manifold"),
    *("gensim.models", "matplotlib.pyplot", "matplotlib.ticker"),
}

#: Lines of a function's code, at most, without its docstring and comments.
LONGEST = 60


def source_of(room):
    path = ROOT / "sklearn_w2v" / room.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


def imports_of(node):
    """The modules that the code below a node imports."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module


def rooms_imported(source):
    """The rooms of the house that a source imports, or imports from."""
    for child in ast.walk(ast.parse(source)):
        if not isinstance(child, ast.ImportFrom):
            continue
        module, _, room = child.module.partition("sklearn_w2v")
        if module:
            continue
        if room in ("", "._displays", "._skipgram"):  # from a package: its rooms
            yield from (f"{room}.{alias.name}"[1:] for alias in child.names)
        else:
            yield room[1:]


def functions_of(source):
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]


def faults_of(room, source):
    """What a room does that no room may do."""
    (floor,) = (i for i, rooms in enumerate(FLOORS) if room in rooms)
    below = set().union(*FLOORS[:floor])
    for imported in rooms_imported(source):
        if imported not in below:
            yield f"{room} imports {imported}, which is not below it"
    for function in functions_of(source):
        for module in set(imports_of(function)) - IMPORTED_LATE:
            yield f"{function.name} imports {module}, which the module can"
        body = function.body[ast.get_docstring(function) is not None :]
        code = "\n".join(map(ast.unparse, body))
        if function.name != "__init__" and len(code.splitlines()) > LONGEST:
            yield f"{function.name} is longer than {LONGEST} lines"
    if "__dict__" in source:
        yield "__dict__ is used"


def test_the_map_of_the_house_has_every_room():
    package = ROOT / "sklearn_w2v"
    files = {
        ".".join(path.relative_to(package).with_suffix("").parts)
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert files | {""} == set().union(*FLOORS)
    contributing = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for file in files:
        assert f"`{file.replace('.', '/')}.py`" in contributing


@pytest.mark.parametrize("room", sorted(set().union(*FLOORS)))
def test_rooms_know_only_what_is_below_them_and_keep_their_functions_short(room):
    assert not list(faults_of(room, source_of(room)))


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("from sklearn_w2v._vectorizer import X", "imports _vectorizer, which is not"),
        ("from sklearn_w2v import _fit", "imports _fit, which is not below"),
        ("from sklearn_w2v._skipgram import model", "imports _skipgram.model, which"),
        ("def f():\n    import math", "imports math, which the module can"),
        ("def f():\n" + "    g()\n" * (LONGEST + 1), "f is longer than 60 lines"),
        ("vars = x.__dict__", "__dict__ is used"),
    ],
)
def test_faults_of_rooms_are_found(source, fault):
    (found,) = faults_of("_pooling", source)
    assert fault in found


# --- README and examples


@pytest.mark.slow
@pytest.mark.parametrize("name", ["step.py", "train.py"])
def test_a_benchmark_of_the_training_runs(name, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the cat sat on the mat\n" * 500, encoding="utf-8")
    run(str(ROOT / "examples" / "benchmarks" / name), str(corpus), folder=tmp_path)


def test_readme_lists_every_example():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [name for name in EXAMPLES if f"| `{name}` |" in readme]
    assert set(EXAMPLES) - set(listed) == {"texts.py"}  # the others' texts


PAGES = ["README.md", ".github/CONTRIBUTING.md", "examples/benchmarks/README.md"]


def links_of(text):
    """The pictures and links of a page that are not of another site."""
    return re.findall(r"\]\((?!https?://)([^)\s]+)\)", text)


def anchors_of(text):
    """What links to a page's headings are called."""
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_are_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in links_of(text):
        file, _, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), link
    if page == "README.md":
        assert sum(link.endswith(".png") for link in links_of(text)) == 4


def test_a_package_index_gets_no_links_to_files_that_it_does_not_have():
    description = metadata("sklearn-w2v").get_payload()
    assert len(description) > 10_000
    for link in links_of(description):
        assert link.startswith("#")
        assert link[1:] in anchors_of(description)


DISPLAYS = [
    getattr(sklearn_w2v, name)
    for name in sklearn_w2v.__all__
    if name.endswith("Display")
]
OWN_METHODS = [
    (owner, name)
    for owner in (Word2VecVectorizer, WordVectors, MapDisplay, *DISPLAYS)
    for name in vars(owner)
    if not name.startswith("_") and callable(getattr(owner, name))
]


@pytest.mark.parametrize(("owner", "name"), OWN_METHODS)
def test_public_docstrings_end_in_an_example_that_runs(owner, name):
    # pytest runs it, as all doctests.
    sections = re.findall(r"^ *(\w+)\n *-+$", getattr(owner, name).__doc__, re.M)
    assert sections[-1] == "Examples"
    assert ">>> " in getattr(owner, name).__doc__
