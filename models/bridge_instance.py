import contextlib
import json
import logging
import os
import uuid
from pathlib import Path

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import config

from ..mapping.fingerprint import fingerprint

KNOWN = "integration_bridge.instances"  # the places where this database has been at home, as JSON
HELD = "integration_bridge.held_connectors"  # connectors that were live when it woke up in another one, as JSON
MARK = "integration_bridge.instance"  # a file of the data directory; it does not go into a backup
_logger = logging.getLogger(__name__)


class BridgeInstance(models.AbstractModel):
    """Is this the system in which the connectors were set up, or a copy of it that must not call anybody?

    A database knows where it is by its number and name, by the data directory and, where it is frozen, by the base
    address. In another place nothing leaves it until a person has said which of the two it is.
    """

    _name = "bridge.instance"
    _description = "Where the Database Is at Home"

    @api.model
    def _place(self):
        """:rtype: str"""
        parameters = self.env["ir.config_parameter"].sudo()
        # Odoo changes the base address at each login of an administrator, unless it is told not to.
        is_frozen = parameters.get_param("web.base.url.freeze")
        address = parameters.get_param("web.base.url") if is_frozen else None
        number, name = parameters.get_param("database.uuid"), self.env.cr.dbname
        return fingerprint([number, name, *_mark_of_directory(), address])

    @api.model
    def _is_at_home(self):
        """Is it where it was set up, or where a person has said that it belongs? It writes nothing.

        :rtype: bool
        :raises OSError: if the data directory can not be read now
        """
        parameters = self.env["ir.config_parameter"].sudo()
        known = parameters.get_param(KNOWN)
        return not known or self._place() in json.loads(known)

    @api.model
    def _remember_home(self):
        """Where the first connector is made, or the first lane works, is where the database belongs."""
        if not self.env["ir.config_parameter"].sudo().get_param(KNOWN):
            self._settle_here()

    @api.model
    def _wake_up(self):
        """A lane begins to work.

        :return: may it; elsewhere it must not
        :rtype: bool
        """
        if not self._is_at_home():
            self._hold()
            return False
        self._remember_home()
        self._go_on()
        return True

    @api.model
    def _settle_here(self, beside=()):
        """:param beside: other places of the same system, such as those of further servers"""
        self.env["ir.config_parameter"].sudo().set_param(KNOWN, json.dumps([*beside, self._place()]))

    @api.model
    def _check(self):
        """:raises UserError: if nobody has said yet what this database is"""
        if not self._is_at_home():
            raise UserError(self._question())

    @api.model
    def _question(self):
        return self.env._(
            "This database is in another place than it was: it was moved, or it is a copy. Nothing is sent or read"
            " until an administrator of Odoo says which, in the form of a connector."
        )

    @api.model
    def _hold(self):
        """It has woken up in another place: all connectors go on trial, once."""
        live = self.env["bridge.connector"].sudo().search([("state", "=", "live")])
        if not live:
            return
        parameters = self.env["ir.config_parameter"].sudo()
        held = json.loads(parameters.get_param(HELD) or "[]")
        parameters.set_param(HELD, json.dumps(sorted({*held, *live.ids})))
        live.write({"state": "preview"})
        self.env["bridge.alert"]._wake()
        _logger.warning("This database is in another place than it was; connectors %s wait for a person", live.ids)

    @api.model
    def _answer(self, is_same):
        """A person has said it.

        :param bool is_same: it is the same system, moved; else it is a copy
        :raises AccessError: for everybody but an administrator of Odoo
        """
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only somebody with Odoo's role Administrator may say this. Ask one."))
        known = self.env["ir.config_parameter"].sudo().get_param(KNOWN)
        self._settle_here(json.loads(known or "[]") if is_same else ())
        if is_same:
            self._go_on()
        else:
            self.env["ir.config_parameter"].sudo().set_param(HELD, False)
            # What was to be sent is the original's matter.
            self.env["bridge.change"]._forget_all()
            self.env["bridge.delivery"]._give_up_all()
            self.env["bridge.job"]._give_up_all()

    @api.model
    def _go_on(self):
        """It is at home, perhaps again: connectors that were held go on."""
        parameters = self.env["ir.config_parameter"].sudo()
        if held := parameters.get_param(HELD):
            parameters.set_param(HELD, False)
            connectors = self.env["bridge.connector"].sudo().browse(json.loads(held)).exists()
            connectors.filtered(lambda one: one.state == "preview").write({"state": "live"})


def _mark_of_directory():
    """What tells a data directory from others, also from one of the same path on another machine.

    :return: its path, and what is written in it; None where nothing can be written
    :raises OSError: if a mark is there and can not be read now: that says nothing about where we are
    """
    directory = Path(config["data_dir"]).resolve()
    place = directory / MARK
    if not place.exists():
        fresh = directory / f"{MARK}.{uuid.uuid4().hex}"
        try:
            fresh.write_text(uuid.uuid4().hex)
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(fresh, place)
            fresh.unlink()
        except OSError:
            return str(directory), None
    return str(directory), place.read_text()
