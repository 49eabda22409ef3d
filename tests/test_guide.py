"""The guide and the README: something runs all code, and nothing is left out.

The build of the guide checks the rest: it runs the examples, and fails at a warning,
such as for a page that is in no toctree.
"""

import inspect
import re
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator, TransformerMixin

import sklearn_w2v
from sklearn_w2v import Word2VecVectorizer

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / ".guide"
PAGES = sorted(GUIDE.glob("*.rst"))
#: Scripts that the build of the guide runs.
EXAMPLES = {path.stem for path in (ROOT / "examples").glob("*.py")} - {"texts"}

GATE = ".ci/run runs it"
RELEASE = "it works only after a release"
DOWNLOAD = "it downloads packages that the tests do not need"
#: The commands in the guide and the README, and what runs each, or why nothing does.
COMMANDS = {
    "python3 -m venv .venv && .venv/bin/pip install . && "
    ".venv/bin/python examples/quickstart.py": GATE,
    'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && '
    ".venv/bin/python -m pytest -n auto": GATE,
    '.venv/bin/pip install -e ".[guide]" && '
    ".venv/bin/python -m sphinx .guide build/guide": GATE,
    "pip install sklearn-w2v": RELEASE,
    "pip install --no-deps sklearn-w2v": RELEASE,
    "pip install torch --index-url https://download.pytorch.org/whl/cpu": DOWNLOAD,
    "pip install scikit-learn": DOWNLOAD,
    "torchrun --nproc-per-node 2 examples/distributed/fit_torchrun.py TEXTS.txt": (
        "tests/test_distributed.py runs it"
    ),
    "torchrun --nnodes 4 --nproc-per-node 1 --rdzv-backend c10d --rdzv-id fit "
    "--rdzv-endpoint 10.0.0.1:29500 examples/distributed/fit_torchrun.py TEXTS.txt": (
        "it needs four machines"
    ),
}


def code_blocks(page):
    """Yield the language and the text of each block of code of a page."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        yield from re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
        return
    indented = r"((?:[ ]+\S.*\n|\n)*)"
    for language, body in re.findall(
        rf"^\.\. (?:code-block|code|sourcecode):: *(\S*)\n{indented}", text, re.M
    ):
        yield language, inspect.cleandoc(body)
    for body in re.findall(rf"^(?!\.\. ).*::\n\n{indented}", text, re.M):
        yield "", inspect.cleandoc(body)


def commands_of(block):
    """Return the commands of a block of bash, without comments."""
    lines = block.replace("\\\n", "").splitlines()
    commands = [re.sub(r"(^| +)#.*", "", line).strip() for line in lines]
    return [re.sub(" +", " ", command) for command in commands if command]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name
)
def test_something_runs_all_code(page):
    for language, block in code_blocks(page):
        if page.name == "benchmarks.rst" and language == "bash":
            # They take hours, on corpora that have to be downloaded.
            for script in re.findall(r"[\w./]+\.py", " ".join(commands_of(block))):
                assert (ROOT / "examples" / "benchmarks" / script).is_file()
        elif language == "bash":
            assert not [each for each in commands_of(block) if each not in COMMANDS]
        elif language != "text":  # such as output
            # pytest runs them.
            assert block.startswith(">>> "), block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_something_runs_each_included_script(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"literalinclude:: (\S+)", text):
        script = (GUIDE / name).resolve()
        assert script.is_file()
        tests = (path.read_text(encoding="utf-8") for path in ROOT.glob("tests/*.py"))
        assert script.stem in EXAMPLES or any(script.name in test for test in tests)


def test_the_page_of_jobs_lists_each_page_of_a_job():
    jobs = (GUIDE / "jobs.rst").read_text(encoding="utf-8")
    *_, toctrees = jobs.partition(".. toctree::")
    pages = set(re.findall(r"^   .*<(\S+)>$", toctrees, re.M))
    listed = set(re.findall(r":doc:`.*?<(\S+?)>`", jobs))
    assert {f"gallery/{name}" for name in EXAMPLES} == {
        name for name in listed if name.startswith("gallery/")
    }
    assert listed - {"gallery/quickstart"} == pages


def test_the_api_has_every_public_name():
    api = (GUIDE / "api.rst").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   ~?([A-Za-z]\w*[\w.]*)$", api, re.M))
    # scikit-learn documents the methods that all estimators and transformers have.
    inherited = {*dir(BaseEstimator), *dir(TransformerMixin), "set_callbacks"}
    methods = {
        f"Word2VecVectorizer.{name}"
        for name, _ in inspect.getmembers(Word2VecVectorizer, inspect.isroutine)
        if not name.startswith("_") and name not in inherited - {"fit_transform"}
    }
    assert listed == {*sklearn_w2v.__all__} - {"__version__"} | methods
