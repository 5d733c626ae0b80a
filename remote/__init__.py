"""Talking HTTP to the third party, in plain Python: nothing here knows Odoo.

Start reading in ``client.py``. Every failure leaves this package as an ``errors.RemoteError`` whose kind says what may
be done about it.
"""

from . import grants, signing  # they register their schemes
