import datetime
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..json_text import read_json
from ..remote.errors import ConfigurationError, RemoteError
from ..remote.registration import Registration
from ..remote.webhooks import HOOK_SCHEMES

_logger = logging.getLogger(__name__)

CHECK_HOURS = 24
RENEW_WITHIN = 0.25  # of the time for which it is registered
OLD_SECRET_HOURS = 24


class BridgeRegistrationMixin(models.AbstractModel):
    """The webhook at the other system: registered, looked for, renewed and taken back, where a definition says how."""

    _name = "bridge.registration.mixin"
    _description = "Registration of the Webhook"

    hook_registration = fields.Text(
        "How It Is Registered",
        help="JSON: the requests that find, check, create, renew and delete the webhook in the other system. Empty: a"
        " person enters the address there.",
    )
    hook_remote_id = fields.Char("Registered As", readonly=True, copy=False, help="Its ID in the other system.")
    hook_registered = fields.Datetime("Registered On", readonly=True, copy=False)
    hook_expires = fields.Datetime("Registered Until", readonly=True, copy=False)
    hook_checked = fields.Datetime("Looked For", readonly=True, copy=False)
    hook_problem = fields.Text("Registration Failed", readonly=True, copy=False)

    @api.constrains("hook_registration")
    def _check_registration(self):
        for connector in self.filtered("hook_registration"):
            try:
                connector._registration().check()
            except ConfigurationError as error:
                raise ValidationError(
                    self.env._(
                        "Connector “%(connector)s”, webhook: %(problem)s",
                        connector=connector.name,
                        problem=self.env["bridge.connector"]._explain(error),
                    )
                ) from error

    def _registration(self):
        """:rtype: Registration"""
        return Registration(read_json(self, "hook_registration") or {})

    def _registration_values(self):
        """The placeholders of the requests.

        :rtype: dict
        """
        days = self._registration().spec.get("days") or 0
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        scheme = self._hook()
        return {
            "address": self.sudo().hook_address,
            "secret": scheme.secrets[0] if scheme.secrets else "",
            "events": list(dict.fromkeys(self.route_ids.mapped("event"))),
            "hook_id": self.hook_remote_id or "",
            "expires": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_register_hook(self):
        """Register the webhook in the other system; what is there already is only looked at."""
        self._check_may_register()
        try:
            is_new = self._register_there()
        except (RemoteError, UserError) as error:
            raise UserError(self._explain(error)) from error
        message = self.env._("The webhook is registered.") if is_new else self.env._("It is registered already.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_unregister_hook(self):
        """Take the webhook back from the other system."""
        self._check_may_register()
        if not self._registration().can("delete"):
            raise UserError(self.env._("The registration has no “delete”. Remove the webhook in the other system."))
        if not self.hook_remote_id:
            return  # it was taken back already
        try:
            with self._client() as client:
                self._registration().delete(client, self._registration_values())
        except RemoteError as error:
            raise UserError(self._explain(error)) from error
        self.sudo().write(dict.fromkeys(NOT_REGISTERED, False))

    def _check_may_register(self):
        """:raises AccessError: who registers hands out the address and the secret"""
        self.check_access("write")
        self.ensure_one()
        self._check_sets_credentials()
        if not self.hook_scheme or not self.hook_registration:
            raise UserError(
                self.env._(
                    "Nothing says how the webhook of “%s” is registered. Enter its address in the other system by hand,"
                    " or describe it under “How It Is Registered”.",
                    self.name,
                )
            )

    # ----------------------------------------------------------------------------------------------------------------
    # What is done
    # ----------------------------------------------------------------------------------------------------------------

    def _register_there(self):
        """:return: was it not there
        :raises RemoteError: if the other system does not take it
        """
        connector, registration, values = self.sudo(), self._registration(), self._registration_values()
        lacks_secret = HOOK_SCHEMES[connector.hook_scheme].has_secret and not values["secret"]
        with connector._client() as client:
            found = registration.registered(client, values)
            if found and lacks_secret:
                self._check_can_begin_anew(registration)
                registration.delete(client, {**values, "hook_id": found.hook_id})
                found = None
        if found and self._has_ended() and not found.expires:
            if not (registration.can("find") or registration.can("check")):
                found = None  # nobody has looked, and it is over
            elif registration.can("renew"):
                connector._renew_there()
                return False
        if found:
            connector._note_registered(found, is_new=False)
            return False
        if lacks_secret:
            # One that is needed before the first call; the other system may answer with its own. The client that sends
            # it has to know it, so that it is blanked where it is repeated.
            connector._keep_hook_secret(HOOK_SCHEMES[connector.hook_scheme].new_secret(), 0)
            values = connector._registration_values()
        with connector._client() as client:
            told = registration.create(client, values)
        connector._note_registered(told, is_new=True)
        return True

    def _check_can_begin_anew(self, registration):
        """It is registered there, by a request whose answer was lost, and its secret is told only once.

        :raises UserError: if it can not be taken back there, to be registered again
        """
        if not registration.can("delete"):
            raise UserError(
                self.env._(
                    "The address is registered there, but its secret is not known here. Remove it in the other system"
                    " and register it again, or enter the secret by “New Secret”."
                )
            )

    def _take_back_hook(self):
        """The address is about to change: what is registered there would call nobody."""
        if self.hook_registration and self._registration().can("delete"):
            try:
                self.action_unregister_hook()
                return
            except UserError as error:
                _logger.info("The webhook of connector %s was not taken back: %s", self.code, error)
        self.sudo().write({**dict.fromkeys(NOT_REGISTERED, False)})
        self.sudo().hook_problem = self.env._("The address was changed. Remove the old one there, then press Register.")

    def _has_ended(self):
        return bool(self.hook_expires and self.hook_expires <= fields.Datetime.now())

    def _note_registered(self, told, is_new):
        now = fields.Datetime.now()
        values = {"hook_remote_id": told.hook_id, "hook_checked": now, "hook_problem": False}
        if is_new:
            values |= {"hook_registered": now, "hook_expires": False}
        if told.expires:
            values["hook_expires"] = told.expires.astimezone(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
        elif is_new and self._registration().spec.get("days"):
            values["hook_expires"] = now + datetime.timedelta(days=self._registration().spec["days"])
        if told.secret and is_new:
            self._keep_hook_secret(told.secret, OLD_SECRET_HOURS if self.hook_remote_id else 0)
        self.write(values)

    def _renew_there(self):
        """:raises RemoteError: if the other system does not"""
        connector, registration, values = self.sudo(), self._registration(), self._registration_values()
        with connector._client() as client:
            told = registration.renew(client, values)
        now, days = fields.Datetime.now(), registration.spec.get("days")
        connector.write({"hook_expires": now + datetime.timedelta(days=days) if days else False})
        connector._note_registered(told, is_new=False)

    def _is_renewal_due(self):
        if not self.hook_expires or not self._registration().can("renew"):
            return False
        since = self.hook_checked or self.hook_registered or self.hook_expires
        whole = (self.hook_expires - (self.hook_registered or since)).total_seconds()
        days = self._registration().spec.get("days")
        whole = min(whole, days * 86400) if days else whole
        return self.hook_expires - datetime.timedelta(seconds=RENEW_WITHIN * whole) <= fields.Datetime.now()

    def _is_check_due(self):
        """One that has ended, or was not looked for in a day."""
        now = fields.Datetime.now()
        return (
            self._has_ended()
            or not self.hook_checked
            or self.hook_checked <= now - datetime.timedelta(hours=CHECK_HOURS)
        )

    def _keep_one_registered(self):
        self.env["bridge.approval"]._check(self)
        if self._is_renewal_due() and not self._has_ended():
            self._renew_there()
        elif self._is_check_due():
            self._register_there()

    @api.model
    def _keep_registered(self):
        """What registered webhooks need: renewed before they end, and registered again where they are gone."""
        if not self.env.su or not self.env["bridge.instance"]._is_at_home():
            return
        domain = [("state", "=", "live"), ("hook_remote_id", "!=", False), ("hook_registration", "!=", False)]
        for connector in self.search([*domain, ("hook_scheme", "!=", False)]):
            try:
                with self.env.cr.savepoint():
                    connector._keep_one_registered()
            except Exception as error:  # that of one must not end those of the others
                is_ours = isinstance(error, (RemoteError, UserError))
                level = logging.INFO if is_ours else logging.ERROR
                _logger.log(level, "Webhook of connector %s: %s", connector.code, error, exc_info=not is_ours)
                connector.write({"hook_problem": connector._explain(error)})
                self.env["bridge.alert"]._wake()
            self.env["ir.cron"]._commit_progress(1)  # what was told there is there


NOT_REGISTERED = ("hook_remote_id", "hook_registered", "hook_expires", "hook_checked", "hook_problem")
