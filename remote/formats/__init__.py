"""Formats of answers and bodies, each a class in one of these files."""

from . import base
from . import plain
from . import xml_tree
from .base import AUTO, FORMS, Form, make, readable, writable
