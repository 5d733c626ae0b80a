"""Three-way merge, one field at a time: a pure decision.

Each side is compared with *its own* snapshot, so that rounding, trimming and formats that do not survive a round trip
never look like a change. Values are in Odoo's terms (what the mapping makes of the remote's), so that the two sides can
be compared with each other as well.

A side that *says nothing* (``MISSING``) has not changed and never wins. The two differ in one thing: where Odoo says
nothing its field is known to be empty; where the remote says nothing, it is not known what it has.

Of a relation whose related records are sent by a key of theirs, the key can change while the relation does not. So
Odoo's terms and snapshots hold the keys as well, under the field's name and a dot (``key_name``).

For whoever applies a decision: both snapshots of a field are renewed when it was applied, or when both sides ``agree``;
each with what its own side has then (of Odoo the empty value itself, also where the mapping makes it say nothing). They
stay as they were after a conflict, and as long as a change waits for its way, or its way is shut: otherwise that change
is forgotten, and the next one of the other side overwrites it unasked.
"""

from .paths import MISSING
from .references import EMPTIED

NONE, PULL, PUSH, CONFLICT = "none", "pull", "push", "conflict"

ODOO, REMOTE, NEWEST, ASK = "odoo", "remote", "newest", "ask"
AUTHORITIES = (ODOO, REMOTE, NEWEST, ASK)

DIRECTIONS = ("pull", "push", "both")
COMPARE = "compare"  # instead of a side that a person prefers: only tell what differs


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


def decide_field(rule, odoo, remote, odoo_before, remote_before, *, decision=None, prefer=None, newest=None):
    """Which way the field of one mapping goes, with what persons have said about it.

    :param Rule rule: the field mapping
    :param odoo: Odoo's value now; for the other values see ``decide``
    :param str decision: the side that a person has chosen for this field of this record
    :param str prefer: the side that a person wants for the whole record; ``compare``: only whether the sides differ
        now, whatever was agreed, and then ``pull``
    :return: ``none``, ``pull``, ``push`` or ``conflict``
    :rtype: str
    """
    if prefer == COMPARE:
        return NONE if agree(odoo, remote) else PULL
    if prefer == ODOO:
        return PUSH
    if prefer == REMOTE:
        return decide(odoo, MISSING, remote, MISSING, authority=REMOTE, direction=rule.direction)
    return decide(
        MISSING if rule.pushes and rule.says_nothing(odoo) else odoo,
        odoo_before,
        remote,
        remote_before,
        authority=decision or rule.authority,
        direction=rule.direction,
        newest=newest,
    )


def is_settled(odoo, remote, odoo_before, remote_before):
    """Do both sides still have what they agreed upon, each in its own words?

    :rtype: bool
    """
    return MISSING not in (odoo_before, remote_before) and same(odoo, odoo_before) and same(remote, remote_before)


def before(snapshot, name):
    """A field's value in a snapshot; ``MISSING`` at first contact or for a field that is mapped since."""
    return MISSING if snapshot is None or name not in snapshot else snapshot[name]


def renew(snapshot, terms, *, agreed, kept=(), known=None):
    """A snapshot with what both sides agree on now (see above).

    :param dict snapshot: what it was; None at first contact
    :param dict terms: what this side has now
    :param agreed: fields of which something was agreed
    :param kept: fields whose change waits for its way, or for a decision: they stay as they were
    :param known: where the other side has another record now: the fields of which what was agreed still counts
    :rtype: dict
    """
    if not snapshot and not kept and agreed is terms:
        return dict(terms)  # each record that is new
    old = {
        name: value
        for name, value in (snapshot or {}).items()
        if (known is None or field_of(name) in known) and not _is_answered(name, terms, kept)
    }
    new = {
        name: value
        for name, value in terms.items()
        if field_of(name) not in kept and (field_of(name) in agreed or name in agreed)
    }
    return {**old, **new}


def doubt_name(name):
    """Under which name it stands what the remote had before something was sent that it has not confirmed."""
    return f"{name}?"


def doubts(snapshot):
    """What the remote had before something was sent that it has not confirmed, by field.

    :param dict snapshot: the remote's
    :rtype: dict
    """
    return _marked(snapshot, "?")


def begun_name(name):
    """Under which name it stands what is being sent of a field, from before the request until its answer."""
    return f"{name}!"


def begun(snapshot):
    """What was being sent when no answer came, by field: it may be there, and then nobody else has changed it there.

    :param dict snapshot: the remote's
    :rtype: dict
    """
    return _marked(snapshot, "!")


def _marked(snapshot, mark):
    """What stands in a snapshot beside its fields, under their names with a mark; what is over is empty."""
    return {name[:-1]: value[0] for name, value in (snapshot or {}).items() if name.endswith(mark) and value}


def _is_answered(name, terms, kept):
    """Is this a doubt, or a request without an answer, that what the remote says now has ended?"""
    return name.endswith(("?", "!")) and name[:-1] in terms and name[:-1] not in kept


def key_name(name):
    """Under which name the keys of a relation stand."""
    return f"{name}."


def field_of(name):
    """The field that a name in terms or in a snapshot is about."""
    return name.rstrip(".")


def without_keys(terms):
    """Terms without the keys of relations, which the remote's snapshot has not.

    :rtype: dict
    """
    return {name: value for name, value in terms.items() if not name.endswith(".")}


def keys_in(terms):
    """Only the keys of relations.

    :rtype: dict
    """
    return {name: value for name, value in terms.items() if name.endswith(".")}


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
    if value is None or value is False or value is MISSING or value is EMPTIED:
        return True
    return value == "" or value == [] or value == ()
