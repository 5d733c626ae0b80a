from . import authorization
