"""Three-way merge, one field at a time: a pure decision.

Each side is compared with *its own* snapshot, so that rounding, trimming and formats that do not survive a round trip
never look like a change. Values are in Odoo's terms (what the mapping makes of the remote's), so that the two sides can
be compared with each other as well.

A side that *says nothing* (``MISSING``) has not changed and never wins. The two differ in one thing: where Odoo says
nothing its field is known to be empty; where the remote says nothing, it is not known what it has.

For whoever applies a decision: both snapshots of a field are renewed when it was applied, or when both sides ``agree``;
each with what its own side has then (of Odoo the empty value itself, also where the mapping makes it say nothing). They
stay as they were after a conflict, and as long as a change waits for its way, or its way is shut: otherwise that change
is forgotten, and the next one of the other side overwrites it unasked.
"""

from .paths import MISSING

NONE, PULL, PUSH, CONFLICT = "none", "pull", "push", "conflict"

ODOO, REMOTE, NEWEST, ASK = "odoo", "remote", "newest", "ask"
AUTHORITIES = (ODOO, REMOTE, NEWEST, ASK)

DIRECTIONS = ("pull", "push", "both")


def decide(odoo, odoo_before, remote, remote_before, *, authority=REMOTE, direction="pull", newest=None):
    """Which way one field goes.

    :param odoo: Odoo's value now; ``MISSING`` where it is empty and the mapping says that this says nothing: the
        remote's value stays
    :param odoo_before: Odoo's value when both sides last agreed; ``MISSING`` at first contact
    :param remote: the remote's value now, in Odoo's terms; ``MISSING`` where it says nothing: Odoo's value stays
    :param remote_before: the remote's value when both sides last agreed; ``MISSING`` at first contact
    :param str authority: one of ``AUTHORITIES``: who wins when both changed to different values
    :param str direction: one of ``DIRECTIONS``: which ways are open at all; what would go another way is not done
    :param str newest: ``odoo`` or ``remote``, the side changed last; None if not known, or at the same time (then it is
        a conflict); only read for the authority ``newest``
    :return: ``none``, ``pull``, ``push`` or ``conflict``
    :rtype: str
    """
    odoo_changed, remote_changed = _has_changed(odoo, odoo_before), _has_changed(remote, remote_before)
    if agree(odoo, remote):
        winner = NONE
    elif remote is MISSING:
        # To empty a field is a change like any other; only one that has always been empty is nothing to tell.
        winner = NONE if odoo is MISSING or same(odoo, odoo_before) else PUSH
    elif remote_changed and odoo_changed:
        first_contact = odoo_before is MISSING and remote_before is MISSING
        winner = _winner(authority, newest, first_contact, odoo, remote)
    elif remote_changed:
        winner = PULL
    elif odoo_changed:
        winner = PUSH
    else:
        winner = NONE
    return winner if _open(winner, direction) else NONE


def _has_changed(value, before):
    return value is not MISSING and (before is MISSING or not same(value, before))


def _winner(authority, newest, first_contact, odoo, remote):
    # Two records that meet for the first time have no history: an empty value is not a statement that can win, but for
    # a remote that is the truth, and whose mapping says that an empty value empties the field.
    if first_contact and is_empty(odoo):
        return PULL
    if first_contact and is_empty(remote):
        return PUSH if authority != REMOTE else PULL
    if authority == NEWEST:
        authority = newest or ASK
    return {ODOO: PUSH, REMOTE: PULL, ASK: CONFLICT}[authority]


def _open(winner, direction):
    return direction == "both" or winner in (NONE, CONFLICT, direction)


def agree(odoo, remote):
    """Do both sides have the same, so that there is nothing to do and their snapshots can be renewed?

    A remote that says nothing agrees with nothing, not even with an empty field: it may still have the old value.

    :rtype: bool
    """
    return remote is not MISSING and same(odoo, remote)


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
