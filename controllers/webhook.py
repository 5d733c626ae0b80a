import logging
import re
import time

from werkzeug.exceptions import RequestEntityTooLarge

from odoo import SUPERUSER_ID, http
from odoo.http import Response, request

from ..models.bridge_webhook_mixin import PATH
from ..remote.redaction import REDACTED, LogFilter
from ..remote.webhooks import Call

# The server writes down each address that is called, and this one is kept as a secret is.
logging.getLogger("werkzeug").addFilter(LogFilter(rf"({re.escape(PATH)})[^\s?]+", rf"\1{REDACTED}"))


def read_raw(token):
    """Read the body of the request, up to what the address takes; Odoo reads a form from what was read.

    Nothing is read for an address that does not exist.
    """
    incoming = request.httprequest
    door = request.env(user=SUPERUSER_ID, su=True)["bridge.connector"]._by_hook_token(token)
    most = door.most if door else 0
    request.bridge_door = door  # it is asked for once
    request.bridge_body = None
    if not most or (incoming.content_length or 0) > most:
        return
    # A body in chunks does not say how long it is. It is cut, or refused; one byte more tells which is too long.
    incoming.max_content_length = most + 1
    try:
        body = incoming.get_data(cache=True)
    except RequestEntityTooLarge:
        body = None
    if body is not None and len(body) <= most:
        request.bridge_body = body


class BridgeWebhook(http.Controller):
    """The address that another system calls when something has changed there."""

    @http.route(
        f"{PATH}<string:token>",
        type="http",
        auth="none",
        methods=["GET", "POST", "PUT"],
        csrf=False,
        save_session=False,
        readonly=False,
        bridge_raw_body=read_raw,  # see models/ir_http.py
    )
    def hook(self, token, **_form):
        """Few words for everybody: who may call has no need of more, and nobody else is told anything."""
        incoming = request.httprequest
        call = Call(
            incoming.method,
            incoming.args,
            incoming.headers,
            request.bridge_body,
            incoming.remote_addr or "",
            time.time(),
        )
        deliveries = request.env(user=SUPERUSER_ID, su=True)["bridge.delivery"]
        status, text = deliveries._receive(request.bridge_door, call)
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
        if status == 429:
            headers.append(("Retry-After", "1"))
        return Response(text, status=status, headers=headers)
