"""Configuration of Sphinx. ``sphinx-build -W docs docs/_build/html`` needs no network."""

import re

from sphinx_gallery.sorting import ExplicitOrder

import skartm

project = "skartm"
author = copyright = "The skartm developers"
release = version = skartm.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx-mathjax-offline",  # formulas in pages that are read without a network
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "README.md"]
root_doc = "index"
default_role = "autolink"
nitpicky = False

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings give types in words
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": r"\.py$",  # all of them run
    "within_subsection_order": ExplicitOrder(
        [
            "quickstart.py",
            "plot_regularizers.py",
            "plot_seed_words.py",
            "plot_modalities.py",
            "plot_classifier_grid_search.py",
            "plot_tau_path.py",
            "plot_convergence.py",
            "plot_monitoring.py",
            "plot_online_memmap.py",
            "plot_temporal.py",
            "plot_trends.py",
            "plot_exploratory_search.py",
            "plot_multilingual.py",
            "plot_seeded_search.py",
            "plot_hierarchy.py",
            "plot_authors.py",
            "plot_transactions.py",
            "plot_segmentation.py",
            "plot_posterior.py",
            "own_regularizer.py",
            "*",
        ]
    ),
    "doc_module": ("skartm",),
    "backreferences_dir": "api/generated/backreferences",
    "reference_url": {"skartm": None},
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
}

html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_theme = "pydata_sphinx_theme"
html_title = "skartm"
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
}
html_show_sourcelink = False


# Methods inherited from scikit-learn refer to pages of its own documentation, which would have to be downloaded.
FOREIGN_REFERENCE = re.compile(r":(?:ref|term):`([^`<]*?)\s*(?:<[^`]*>)?`")


def drop_foreign_references(app, what, name, obj, options, lines):
    if not (getattr(obj, "__module__", None) or "skartm").startswith("skartm") or name.endswith("_request"):
        lines[:] = [FOREIGN_REFERENCE.sub(r"\1", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", drop_foreign_references, priority=100)
