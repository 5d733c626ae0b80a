import time

from werkzeug.exceptions import Forbidden

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from ..models.bridge_authentication_mixin import CALLBACK, PENDING


class BridgeAuthorization(http.Controller):
    """The way back from an authorization server, to which *Connect* has sent a person."""

    @http.route(CALLBACK, type="http", auth="user", methods=["GET"], readonly=False)
    def callback(self, state="", code="", error="", error_description="", **_more):
        """Redeem the code; then show the connector.

        What is answered counts once, only in the browser session that has asked, only for the person who asked, and
        only for some minutes.
        """
        pending = dict(request.session.get(PENDING) or {})
        asked = pending.pop(state, None)
        if asked is None:
            return self._page(request.env._("Nobody here has asked for this. Press “Connect” on the connector again."))
        request.session[PENDING] = pending
        if asked["uid"] != request.env.uid or asked["until"] < time.time():
            return self._page(request.env._("This took too long, or another person asked. Press “Connect” again."))
        connector = request.env["bridge.connector"].browse(asked["connector"]).exists()
        try:
            connector._check_may_connect()
        except AccessError as refusal:
            raise Forbidden(str(refusal)) from refusal
        if not code:
            said = ": ".join(filter(None, (error, error_description)))[:200]
            return self._page(request.env._("The other system did not agree (%s).", said or "-"), connector)
        try:
            connector._redeem(code, asked["verifier"], asked["redirect_uri"])
        except UserError as problem:
            return self._page(str(problem), connector)
        return request.redirect(self._form_of(connector))

    @staticmethod
    def _form_of(connector):
        return f"/odoo/bridge/{connector.id}" if connector else "/odoo/bridge"

    def _page(self, message, connector=None):
        values = {"message": message, "back": self._form_of(connector)}
        return request.render("integration_bridge.authorization_problem", values, status=400)
