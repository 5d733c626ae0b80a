"""Secrets at rest: encrypted with a key that is not in the database.

A dump of the database alone therefore gives no access to any connected system, and a copied database can not use the
credentials unless somebody also hands it the key.
"""

import contextlib
import os
import pathlib

from cryptography.fernet import Fernet, InvalidToken

from odoo.exceptions import UserError
from odoo.tools import config

KEY_OPTION = "integration_bridge_key"
KEY_VARIABLE = "INTEGRATION_BRIDGE_KEY"


def _key(env):
    """The Fernet key: from the environment, the configuration file, or a file in Odoo's data folder."""
    key = os.environ.get(KEY_VARIABLE) or config.get(KEY_OPTION)
    if key:
        return key.encode()
    path = pathlib.Path(config["data_dir"], "integration_bridge", f"{env.cr.dbname}.key")
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Exclusive and complete: two workers may come here at once.
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(Fernet.generate_key())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        temporary.unlink()
    return path.read_bytes()


def _box(env):
    try:
        return Fernet(_key(env))
    except (ValueError, OSError) as error:
        raise UserError(
            env._(
                "The encryption key of the Integration Bridge can not be used (%(problem)s). Set %(option)s in Odoo's"
                " configuration file to a Fernet key, or make Odoo's data folder writable.",
                problem=error,
                option=KEY_OPTION,
            )
        ) from error


def seal(env, secret):
    """Encrypt a secret.

    :param str secret: what the person typed; empty for none
    :return: what is stored, or False
    """
    return _box(env).encrypt(secret.encode()).decode() if secret else False


def unseal(env, sealed):
    """Decrypt a secret.

    :param str sealed: what ``seal`` gave
    :rtype: str
    :raises UserError: if the key is not the one that sealed it
    """
    if not sealed:
        return ""
    try:
        return _box(env).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UserError(
            env._(
                "The credentials of this connector were encrypted with another key, perhaps on another server. Enter"
                " them again, or restore the key."
            )
        ) from error
