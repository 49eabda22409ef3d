"""Libraries that are optional: where one is not installed, how to install it."""

from importlib import import_module


def check_installed(caller: str, *libraries: str, extra: str) -> None:
    """Raise an ImportError that names the pip command if a library is missing."""
    try:
        for library in libraries:
            import_module(library)
    except ImportError as error:
        raise ImportError(
            f"{caller} needs {' and '.join(libraries)}: pip install "
            f'"sklearn-w2v[{extra}]"'
        ) from error
