"""Configuration of Sphinx, which builds one page from the docstrings."""

from sklearn_w2v import __version__

project = "sklearn_w2v"
version = release = __version__
copyright = "The sklearn_w2v developers"
extensions = ["sphinx.ext.autodoc", "numpydoc"]
html_theme_options = {"page_width": "1000px"}
# The docstrings say more than annotations do.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
# Each method is documented below its class. A table of methods would repeat that.
numpydoc_show_class_members = False
# Names of other projects, to which the page has no links.
nitpick_ignore_regex = [(r"py:\w+", r"(gensim|matplotlib|sklearn|torch)\..*")]


def setup(app):
    """Keep the backslashes of default values, which Sphinx would remove."""

    def escape(app, what, name, obj, options, lines):
        for number, line in enumerate(lines):
            if 'default=r"' in line:
                lines[number] = line.replace("\\", "\\\\")

    # Before numpydoc, whose priority is 500.
    app.connect("autodoc-process-docstring", escape, priority=400)
