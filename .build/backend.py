"""The build backend: setuptools, and the steps that pyproject.toml cannot describe.

The compiled steps of the training are a shared library that does not use Python's C
API, so one wheel serves all releases of Python. If the library cannot be compiled, it
is left out.
"""

import os
import runpy
import sys
from pathlib import Path

from description import description_of
from setuptools.build_meta import *  # noqa: F403, the hooks of a build backend
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


class BuildSteps(build_ext):
    """Compiles the steps if possible, unless SKLEARN_W2V_COMPILED forbids it."""

    def run(self):
        """Compile the steps; fail only if they are required."""
        wanted = os.environ.get("SKLEARN_W2V_COMPILED", "")
        if wanted not in ("", "0", "1"):
            raise SystemExit(
                f"SKLEARN_W2V_COMPILED={wanted!r}: 1 requires compiled training, 0 "
                "leaves it out. If it is not set, a compiler is used if there is one."
            )
        for extension in self.extensions:
            # Otherwise a library of an earlier build could be taken for a new one.
            folder = ROOT if self.inplace else Path(self.build_lib)
            library = folder / self.get_ext_filename(extension.name)
            library.unlink(missing_ok=True)
            extension.optional = wanted != "1"
        if wanted != "0":
            super().run()

    def get_ext_filename(self, fullname):
        """Return the file name of the library, the same on all platforms."""
        return os.path.join(*fullname.split(".")) + ".so"


class Wheel(bdist_wheel):
    """A wheel that depends on the platform, but not on the release of Python."""

    def get_tag(self):
        """Return the tags for Python, the ABI and the platform."""
        *_, platform = super().get_tag()
        return "py3", "none", platform


class SourceDistribution(sdist):
    """A source distribution that can be built again.

    Its files are those that git tracks, or those of the source distribution that it is
    made from. Elsewhere setuptools does not list them all.
    """

    def make_distribution(self):
        """Make it; fail if there is no list of its files."""
        if os.path.join(".build", "backend.py") not in self.filelist.files:
            raise SystemExit(
                f"{ROOT} is neither a git checkout nor an unpacked source "
                "distribution, so the files of a source distribution are not known."
            )
        super().make_distribution()


def describe():
    """Write the description for a package index."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    home = project["project"]["urls"].get("Repository", "")
    version = runpy.run_path(ROOT / "sklearn_w2v" / "_version.py")["__version__"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    text = description_of(readme, home, version)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "description.md").write_text(text, encoding="utf-8")


describe()
