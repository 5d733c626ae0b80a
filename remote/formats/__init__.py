"""Formats of answers and bodies, each a class in one of these files."""

from . import base
from . import plain
from . import xml_tree
from . import graphql
from . import table
from . import lines
from . import upload
from . import vcard
from .base import AUTO, FORMS, Form, make, readable, writable
