"""What `./dev/pot` does inside Odoo (run by in_odoo.py): collect the addon's terms, as Odoo's own export does."""

import io
import re

from odoo.tools.translate import trans_export

EVERYWHERE = re.compile(r"^#: model:ir\.model\.fields,.*__bridge_is_synced$")
ANYWHERE = ".field_res_partner__"


def export_terms(env, module):
    """Return the text of the translation template of `module`."""
    buffer = io.BytesIO()
    trans_export(None, [module], buffer, "po", env)
    return _without_all_models(buffer.getvalue().decode())


def _without_all_models(text):
    """A field of `base` is one of every model: which ones there are is a matter of this database, not of the addon."""
    kept = [line for line in text.splitlines(keepends=True) if not EVERYWHERE.search(line) or ANYWHERE in line]
    return "".join(kept)
