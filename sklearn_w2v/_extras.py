"""Libraries that are not always installed: how to install one that is missing."""

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


def check_torch() -> None:
    """Raise an ImportError that says what needs torch if it is not installed."""
    try:
        import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":  # a module that an installed torch lacks
            raise
        raise ModuleNotFoundError(
            "fit, fit_transform and partial_fit need torch: pip install torch. Loading "
            "a fitted vectorizer, transform and look-ups of words do not need it.",
            name="torch",
        ) from error
