"""Three-way merge, one field at a time: a pure decision.

Each side is compared with *its own* snapshot, so that rounding, trimming and formats that do not survive a round trip
never look like a change. Values are in Odoo's terms (what the mapping makes of the remote's), so that the two sides can
be compared with each other as well.
"""

from .paths import MISSING

NONE, PULL, PUSH, CONFLICT = "none", "pull", "push", "conflict"

ODOO, REMOTE, NEWEST, ASK = "odoo", "remote", "newest", "ask"
AUTHORITIES = (ODOO, REMOTE, NEWEST, ASK)

DIRECTIONS = ("pull", "push", "both")


def decide(odoo, odoo_before, remote, remote_before, *, authority=REMOTE, direction="pull", newest=None):
    """Which way one field goes.

    :param odoo: Odoo's value now
    :param odoo_before: Odoo's value when both sides last agreed; ``MISSING`` at first contact
    :param remote: the remote's value now, in Odoo's terms; ``MISSING`` where it says nothing: Odoo's value stays
    :param remote_before: the remote's value when both sides last agreed; ``MISSING`` at first contact
    :param str authority: one of ``AUTHORITIES``: who wins when both changed to different values
    :param str direction: one of ``DIRECTIONS``: which ways are open at all
    :param str newest: ``odoo`` or ``remote``, the side changed last; None if not known (then it is a conflict)
    :return: ``none``, ``pull``, ``push`` or ``conflict``
    :rtype: str
    """
    first_contact = odoo_before is MISSING and remote_before is MISSING
    remote_changed = remote is not MISSING and (remote_before is MISSING or not same(remote, remote_before))
    odoo_changed = odoo_before is MISSING or not same(odoo, odoo_before)
    if same(odoo, remote):
        winner = NONE
    elif first_contact and remote is MISSING:
        winner = NONE if authority == REMOTE else PUSH
    elif remote_changed and odoo_changed:
        winner = _winner(authority, newest, first_contact, odoo, remote)
    elif remote_changed:
        winner = PULL
    elif odoo_changed:
        winner = PUSH
    else:
        winner = NONE
    return winner if _open(winner, direction) else NONE


def _winner(authority, newest, first_contact, odoo, remote):
    # Two records that meet for the first time have no history: an empty value is not a statement that can win.
    if first_contact and is_empty(odoo):
        return PULL
    if first_contact and is_empty(remote):
        return PUSH if authority != REMOTE else PULL
    if authority == NEWEST:
        authority = newest or ASK
    return {ODOO: PUSH, REMOTE: PULL, ASK: CONFLICT}[authority]


def _open(winner, direction):
    return direction == "both" or winner in (NONE, CONFLICT, direction)


def same(left, right):
    """Are two values the same to a user? ``False`` and 0 are not; False, None and "" are all "nothing here".

    :rtype: bool
    """
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right)
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def is_empty(value):
    """Does Odoo show this value as an empty field? A zero is a value.

    :rtype: bool
    """
    return value is None or value is False or value is MISSING or value == "" or value == [] or value == ()
