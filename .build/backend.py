"""How the package is built: by setuptools, and what pyproject.toml cannot tell it.

The compiled steps of the training are a library, and no module of one Python: it stands
beside the modules by a name of its own, and one wheel serves all releases of Python.
Where it cannot be compiled, it is left out.
"""

import os
import re
from pathlib import Path

from setuptools.build_meta import *  # noqa: F403, the hooks of a build
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parents[1]


class BuildSteps(build_ext):
    """Compiles the steps, if it can, and SKLEARN_W2V_COMPILED does not forbid it."""

    def run(self):
        """Compile, and fail only where the steps are required."""
        wanted = os.environ.get("SKLEARN_W2V_COMPILED", "")
        if wanted not in ("", "0", "1"):
            raise SystemExit(
                f"SKLEARN_W2V_COMPILED={wanted!r}: 1 requires the compiled training, 0 "
                "leaves it out, and without it a compiler is used where there is one."
            )
        for extension in self.extensions:
            # What an earlier build left behind is not to pass for this one's.
            folder = ROOT if self.inplace else Path(self.build_lib)
            library = folder / self.get_ext_filename(extension.name)
            library.unlink(missing_ok=True)
            extension.optional = wanted != "1"
        if wanted != "0":
            super().run()

    def get_ext_filename(self, fullname):
        """Return the library's name, which is the same on all platforms."""
        return os.path.join(*fullname.split(".")) + ".so"


class Wheel(bdist_wheel):
    """A wheel that depends on the platform, and not on the release of Python."""

    def get_tag(self):
        """Return the tags of Python, ABI and platform."""
        *_, platform = super().get_tag()
        return "py3", "none", platform


def describe():
    """Write the description that a package index gets: the README less what it lacks.

    It has none of the project's files: a link to one becomes plain text, and a picture
    is left out.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"!\[[^\]]*\]\((?!https?://)[^)\s]+\)\n*", "", text)
    text = re.sub(r"\[([^\]]+)\]\((?!https?://|#)[^)\s]+\)", r"\1", text)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "description.md").write_text(text, encoding="utf-8")


describe()
