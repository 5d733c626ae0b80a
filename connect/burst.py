"""Callers who come in a burst wait at the server's door; they are not sent away."""

import contextlib

from odoo.service import server

MOST_WAITING = 256  # connections that the operating system keeps until a worker has time; it may allow less


def let_callers_wait():
    """Have the socket of Odoo's workers keep more connections.

    Odoo has it keep eight for each worker. What comes beyond that, while all workers are busy for a twentieth of a
    second, gets no answer from the system and tries again after a whole second: senders of webhooks then take the
    server for slow, and some switch the webhook off. All workers share the one socket, so it does not matter which of
    them says it; to say it again changes nothing.

    :return: are there workers, of which a new one may take the place of one that died at any moment
    :rtype: bool
    """
    listening = getattr(server.server, "socket", None)  # a server without workers has its own way, and keeps enough
    if listening is not None:
        with contextlib.suppress(OSError):  # one that runs scheduled actions has closed it
            listening.listen(MOST_WAITING)
    return listening is not None
