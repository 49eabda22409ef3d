"""The build backend: setuptools, and the steps that pyproject.toml cannot describe.

The compiled steps of the training are a shared library that does not use Python's C
API, so one wheel serves all releases of Python. If the library cannot be compiled, it
is left out.
"""

import os
import re
from pathlib import Path

from setuptools.build_meta import *  # noqa: F403, the hooks of a build backend
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

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


def describe():
    """Write the description for a package index: the README without links to files.

    An index has none of the project's files. Links to them become plain text, and
    images are removed.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"!\[[^\]]*\]\((?!https?://)[^)\s]+\)\n*", "", text)
    text = re.sub(r"\[([^\]]+)\]\((?!https?://|#)[^)\s]+\)", r"\1", text)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "description.md").write_text(text, encoding="utf-8")


describe()
