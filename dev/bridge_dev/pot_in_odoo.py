"""What `./dev/pot` does inside Odoo (run by in_odoo.py): collect the addon's terms, as Odoo's own export does."""

import io

from odoo.tools.translate import trans_export


def export_terms(env, module):
    """Return the text of the translation template of `module`."""
    buffer = io.BytesIO()
    trans_export(None, [module], buffer, "po", env)
    return buffer.getvalue().decode()
