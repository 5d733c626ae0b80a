"""Moments in what was written down for everybody, as the person who reads it counts time."""

import re

from odoo import fields
from odoo.tools.misc import format_datetime

MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def in_local_time(env, text):
    """A message in which each moment is in this person's own zone, which is named, and form; in UTC if there is none.

    :param str text: with moments such as ``2026-11-25 13:14:47 UTC``
    :rtype: str
    """

    # The user's own zone does not count: in a mail that is the zone of who sends it.
    zone = env.context.get("tz") or "UTC"

    def said(match):
        moment = fields.Datetime.to_datetime(match[1])
        return f"{format_datetime(env, moment, tz=zone, dt_format='medium')} ({zone})"

    return MOMENT.sub(said, text) if text else text
