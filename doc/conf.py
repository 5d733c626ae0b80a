"""Sphinx's configuration of these pages; ``./dev/doc`` builds them."""

import ast
from pathlib import Path

project = "Integration Bridge"
author = "Integration Bridge maintainers"
copyright = author
release = ast.literal_eval(Path(__file__).parents[1].joinpath("__manifest__.py").read_text())["version"]

# A section is referred to by its title.
extensions = ["sphinx.ext.autosectionlabel"]
# But for the guides, which all have the same sections.
suppress_warnings = [f"autosectionlabel.gallery/{page.stem}" for page in Path(__file__).parent.glob("gallery/*.rst")]
html_theme = "alabaster"
html_theme_options = {"description": "Odoo and other systems, in agreement", "page_width": "1080px"}
html_show_copyright = False
highlight_language = "none"
smartquotes = False  # what stands here is typed into forms and files
