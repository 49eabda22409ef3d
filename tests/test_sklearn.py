"""scikit-learn's and other libraries' global settings, which must change no result."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy
import sklearn
from helpers import output_of, small
from public_methods import TEXTS, results_of_public_methods
from sklearn.utils.fixes import parse_version

pytestmark = [
    pytest.mark.usefixtures("close_figures"),
    pytest.mark.filterwarnings("ignore:More than 20 figures"),
    # Their texts have few words, some of which never meet.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

SETTINGS = {
    "pandas output": sklearn.config_context(transform_output="pandas"),
    "polars output": sklearn.config_context(transform_output="polars"),
    "metadata routing": sklearn.config_context(enable_metadata_routing=True),
    "assume finite": sklearn.config_context(assume_finite=True),
    "others of scikit-learn": sklearn.config_context(
        print_changed_only=False, skip_parameter_validation=True, working_memory=1
    ),
    "pandas' options": pd.option_context(
        "mode.string_storage", "python", "display.max_rows", 1, "display.precision", 1
    ),
    "numpy's errors": np.errstate(all="raise"),
    "short arrays": np.printoptions(precision=1, threshold=1, legacy="1.13"),
}


@pytest.fixture(scope="module")
def expected():
    """The results under the default settings."""
    return results_of_public_methods()


def test_results_are_the_same_each_time(expected):
    np.testing.assert_equal(results_of_public_methods(), expected)


@pytest.mark.parametrize("name", SETTINGS)
def test_global_settings_change_no_result(name, expected):
    with SETTINGS[name]:
        found = results_of_public_methods()
    np.testing.assert_equal(found, expected)


@pytest.mark.skipif(
    parse_version(scipy.__version__) < parse_version("1.14"),
    reason="scikit-learn dispatches arrays with scipy 1.14 or later",
)
def test_array_api_dispatch_changes_no_result():
    """scipy must be imported for it, so this needs another process."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import matplotlib, numpy, sklearn, public_methods
matplotlib.use("Agg")
expected = public_methods.results_of_public_methods()
with sklearn.config_context(array_api_dispatch=True, transform_output="pandas"):
    found = public_methods.results_of_public_methods()
numpy.testing.assert_equal(found, expected)
"""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    output_of(sys.executable, "-W", "ignore", "-c", script, env=environment)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (nullcontext(), "ndarray"),
        (sklearn.config_context(transform_output="pandas"), "DataFrame"),
    ],
)
def test_the_vectorizers_own_output_follows_the_setting(settings, kind):
    vectorizer = small()
    with settings:
        assert type(vectorizer.fit_transform(TEXTS)).__name__ == kind
        assert type(vectorizer.transform(TEXTS)).__name__ == kind
