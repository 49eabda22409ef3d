"""The release: what pyproject.toml and the memory's keys read."""

__version__ = "0.3.0"
