"""The pages of ``doc/gallery/``, as a form shows them."""

from pathlib import Path

from docutils.core import publish_parts
from docutils.writers.html4css1 import Writer

FOLDER = Path(__file__).parent.parent / "doc" / "gallery"
# A page names no file and carries no HTML of its own; of its headings none is the title, which the form has.
SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "initial_header_level": 4,
    "report_level": 5,
    "embed_stylesheet": False,
    "stylesheet_path": None,
}


def guide_of(name):
    """The page about a definition of the gallery.

    :param str name: of the definition
    :return: reStructuredText; empty if there is none
    :rtype: str
    """
    page = FOLDER / f"{name}.rst"
    return page.read_text(encoding="utf-8") if page.is_file() else ""


def as_html(text):
    """A page without its title, as HTML that still has to be sanitized.

    :param str text: reStructuredText
    :rtype: str
    """
    return publish_parts(text, writer=Writer(), settings_overrides=SETTINGS)["body"]
