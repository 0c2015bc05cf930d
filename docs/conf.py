"""Sphinx settings: Markdown by MyST, the built-in theme, nothing from a network."""

project = "illicit-flows"
author = "illicit-flows contributors"
release = "0.1.0"
extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "From seizure reports to corridors and trend tables", "page_width": "72rem"}
html_show_sphinx = False
