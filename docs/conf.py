"""Settings of the documentation."""

import inspect
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
# Importing a backend is chatty, and nobody reads it in a page.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import morphokeras

project = "morphokeras"
author = "the morphokeras developers"
copyright = author
version = release = morphokeras.__version__

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "code"
nitpicky = False

# The public names are those of each sub-package's `__all__`.
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_inherit_docstrings = False
autodoc_typehints = "none"
numpydoc_show_class_members = False
# The page's own title and the sidebar say where a name comes from.
add_module_names = False
toc_object_entries_show_parents = "hide"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    # Examples that train networks are shown, not run.
    "filename_pattern": "/plot_",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
}
# Gallery scripts are Python files that nothing but the gallery reads.
suppress_warnings = ["config.cache"]

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_title = "morphokeras"
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
html_sidebars = {
    page: []
    for page in (
        "user_guide",
        "paper_to_code",
        "benchmarks",
        "article_tables",
        "limits",
    )
}


def setup(app):
    app.connect("autodoc-process-bases", show_known_bases)
    app.connect("autodoc-process-docstring", escape_stars)
    app.connect("autodoc-process-signature", show_constructor)
    app.connect("autodoc-skip-member", skip_foreign)


def escape_stars(app, what, name, obj, options, lines):
    """Keep the star of shapes such as (n_samples, *shape) from opening an emphasis."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = line.split("``")
            parts[::2] = [
                re.sub(r"(?<![\\*\w])\*(?=[a-z\[])", r"\*", p) for p in parts[::2]
            ]
            lines[number] = "``".join(parts)


def skip_foreign(app, what, name, obj, skip, options):
    """Leave out what a class has from Keras, scikit-learn or Python."""
    function = getattr(obj, "fget", obj)
    module = getattr(function, "__module__", None) or "morphokeras"
    foreign = what == "class" and not module.startswith("morphokeras")
    # scikit-learn adds these for metadata routing.
    return True if foreign or re.fullmatch(r"set_\w+_request", name) else skip


def show_known_bases(app, name, obj, options, bases):
    """Show a class with the nearest classes of other packages, not with our mixins."""
    foreign = [c for c in obj.__mro__ if not c.__module__.startswith("morphokeras")]
    nearest = [
        c
        for c in foreign
        if not any(issubclass(other, c) for other in foreign if other is not c)
    ]
    bases[:] = nearest or [object]


def show_constructor(app, what, name, obj, options, signature, returned):
    """Show a class with its constructor's arguments, which Keras' `__new__` hides."""
    if what != "class" or "__init__" not in vars(obj):
        return None
    _, *parameters = inspect.signature(obj.__init__).parameters.values()
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(bare)), returned
