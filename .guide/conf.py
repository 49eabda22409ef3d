"""Configuration of Sphinx, which builds the guide and runs the examples."""

import warnings

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from sklearn_w2v import __version__

project = "sklearn_w2v"
version = release = __version__
copyright = "The sklearn_w2v developers"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
# The list of examples that Sphinx-Gallery writes. jobs.rst lists them with the pages.
exclude_patterns = ["gallery/index.rst"]
templates_path = ["templates"]
# Single backticks are code, as in the docstrings.
default_role = "literal"
# Quotes in types of parameters, such as default="utf-8", are those of Python.
smartquotes = False

# --- the theme

html_theme = "pydata_sphinx_theme"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["guide.css"]
html_copy_source = False
html_theme_options = {
    "logo": {"text": html_title},
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
# These pages have no section of their own, so a left column would be empty.
html_sidebars = {
    name: []
    for name in [
        "index",
        "install",
        "gallery/quickstart",
        "parameters",
        "algorithm",
        "benchmarks",
        "changes",
        "questions",
    ]
}

# --- the API

autosummary_generate = True
# The docstrings say more than annotations do.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 88
# Each method is documented below its class. A table of methods would repeat that.
numpydoc_show_class_members = False
# Names of other projects, to which the guide has no links.
nitpick_ignore_regex = [(r"py:\w+", r"(gensim|matplotlib|sklearn|torch)\..*")]
#: The class has 44 parameters. The signature names those that are tuned most often.
VECTORIZER_SIGNATURE = "(*, vector_size=100, window=5, min_count=5, epochs='auto', ...)"

# --- the gallery

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"texts\.py$",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sklearn_w2v",),
    "abort_on_example_error": True,
    # Only what a script prints is shown, as in a terminal.
    "capture_repr": (),
    "image_srcset": ["2x"],
    # Times differ from build to build.
    "min_reported_time": float("inf"),
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
    "notebook_extensions": set(),
}

# --- formulas

html_math_renderer = "mathml"


def append_mathml(translator, node, *, as_block):
    """Append a formula as MathML, which browsers show without scripts or fonts."""
    # As in Sphinx's own renderers, an empty line begins a new line of the formula.
    formula = node.astext().replace("\n\n", r"\\")
    try:
        translator.body.append(tex2mathml(formula, as_block=as_block))
    # The latter is what docutils raises for an alignment (&) of a single line.
    except (MathError, AttributeError) as error:
        logging.getLogger(__name__).warning("%s: %s", formula, error, location=node)


def visit_math(translator, node):
    """Show a formula within a line."""
    append_mathml(translator, node, as_block=False)
    raise SkipNode  # and with it the LaTeX, which is its child


def visit_math_block(translator, node):
    """Show a formula in lines of its own, with its number if it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="formula"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    append_mathml(translator, node, as_block=True)
    translator.body.append("</div>\n")
    raise SkipNode


# --- docstrings


def escape_backslashes(app, what, name, obj, options, lines):
    """Keep the backslashes of default values, which Sphinx would remove."""
    for number, line in enumerate(lines):
        if 'default=r"' in line:
            lines[number] = line.replace("\\", "\\\\")


def shorten_signature(app, what, name, obj, options, signature, annotation):
    """Return the short signature of the vectorizer."""
    if name == "sklearn_w2v.Word2VecVectorizer":
        return VECTORIZER_SIGNATURE, None
    return None


def setup(app):
    """Register what this module adds to Sphinx."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    # Before numpydoc, whose priority is 500.
    app.connect("autodoc-process-docstring", escape_backslashes, priority=400)
    app.connect("autodoc-process-signature", shorten_signature)

    # Sphinx-Gallery runs the examples when the builder is initialized, at priority 500.
    # A warning fails them, as in the tests.
    caught = warnings.catch_warnings()

    def forbid_warnings(app):
        caught.__enter__()
        warnings.simplefilter("error")

    app.connect("builder-inited", forbid_warnings, priority=499)
    app.connect("builder-inited", lambda app: caught.__exit__(), priority=501)
