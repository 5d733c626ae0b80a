"""Runs inside Odoo's Python, never imported by the other modules: `in_odoo.py CONFIG DATABASE SCRIPT FUNCTION ANSWER`.

The function gets `env` (superuser) and the JSON object read from standard input; what it returns goes to ANSWER.
"""

import importlib.util
import json
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta


def prepare_template(env):
    """Make the freshly installed database fit for copying and for browser tests."""
    # Debian's package lacks this file, which mail's manifest lists: its console error would fail every tour.
    env["ir.asset"].create(
        {
            "name": "Not in Debian's package",
            "bundle": "web.assets_backend",
            "directive": "remove",
            "path": "mail/static/lib/selfie_segmentation/selfie_segmentation.js",
        }
    )
    # OdooBot's greeting would lie over every screenshot.
    env["res.users"].search([]).odoobot_state = "disabled"
    with _files_in_the_database(env):
        env["ir.attachment"].force_storage()


def compile_assets(env):
    """Make style sheets and scripts of the web client: each browser test would compile them, and throw them away."""
    with _files_in_the_database(env):
        env["ir.qweb"]._pregenerate_assets_bundles()


@contextmanager
def _files_in_the_database(env):
    """A plain `createdb -T` copies them; files of later go to the filestore again."""
    parameters = env["ir.config_parameter"]
    parameters.set_param("ir_attachment.location", "db")
    yield
    parameters.search([("key", "=", "ir_attachment.location")]).unlink()


def make_api_key(env):
    """Return an API key of the administrator, good for one day."""
    admin = env.ref("base.user_admin")
    expiration = datetime.now() + timedelta(days=1)
    return env["res.users.apikeys"].with_user(admin)._generate("rpc", "Integration Bridge", expiration)


def where_is_the_addon(env):
    """Return the folder that the addon was loaded from, and its state in the database."""
    from odoo.modules.module import get_module_path

    module = env["ir.module.module"].search([("name", "=", "integration_bridge")])
    return {"path": get_module_path("integration_bridge"), "state": module.state}


def _main(config_path, database, script, function, answer):
    import odoo
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", config_path, "-d", database, "--no-http"], setup_logging=True)
    specification = importlib.util.spec_from_file_location("bridge_script", script)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    with Registry(database).cursor() as cr:
        env = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
        result = getattr(module, function)(env, **json.load(sys.stdin))
    with open(answer, "w") as output:
        json.dump(result, output)


if __name__ == "__main__":
    _main(*sys.argv[1:])
