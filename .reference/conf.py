"""How Sphinx makes the reference: one page, from the docstrings."""

from sklearn_w2v import __version__

project = "sklearn_w2v"
version = release = __version__
copyright = "The sklearn_w2v developers"
extensions = ["sphinx.ext.autodoc", "numpydoc"]
html_theme_options = {"page_width": "1000px"}
# The docstrings say more than annotations do.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
# Each method stands below its class in full; a table of them would say it twice.
numpydoc_show_class_members = False
# Names of other projects, whose pages may not be at hand.
nitpick_ignore_regex = [(r"py:\w+", r"(gensim|matplotlib|sklearn|torch)\..*")]


def setup(app):
    """Let types keep their backslashes, which a docstring shows as they are."""

    def escape(app, what, name, obj, options, lines):
        for number, line in enumerate(lines):
            if 'default=r"' in line:
                lines[number] = line.replace("\\", "\\\\")

    # Before numpydoc, which comes at 500.
    app.connect("autodoc-process-docstring", escape, priority=400)
