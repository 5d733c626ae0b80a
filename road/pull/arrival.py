"""From documents to arrivals; and what is known of them already: one query, after which what is unchanged is done."""

import itertools

from ...mapping import merge
from ...mapping.fingerprint import fingerprint
from ...mapping.paths import parse_path
from ..outcome import Failure
from ..words import FLAG, GONE_IN_ODOO, UNCHANGED
from .facts import GONE_HERE, Arrival, Facts

LIKE_NONE = "?"  # a fingerprint that no record has


def identify(flow, mapper, documents, read=()):
    """Documents of a flow as arrivals.

    :param list documents: as the remote sent them
    :param read: for each document its Identity and its Mapped (or None), where that is known already
    :rtype: list[Arrival]
    """
    pairs = itertools.zip_longest(documents, read, fillvalue=(None, None))
    return [identify_one(flow, mapper, document, *known) for document, known in pairs]


def identify_one(flow, mapper, document, identity=None, mapped=None):
    """:rtype: Arrival"""
    identity = identity or mapper.identify(document)
    return Arrival(
        document,
        identity.external_id or LIKE_NONE + fingerprint(document)[:12],
        identity.fingerprint,
        identity.deleted,
        identity.updated,
        identity.version,
        Failure.of(flow, identity.error) if identity.error else None,
        mapped,
    )


def latest(arrivals):
    """A list that names a record twice means the later one.

    :rtype: list[Arrival]
    """
    by_id = {one.external_id: one for one in arrivals}
    return [one for one in arrivals if by_id[one.external_id] is one]


def recognise(pull, arrivals):
    """Find the bindings, and settle what is unchanged.

    :param list[Arrival] arrivals: each record once
    :return: what is known of each, in their order
    :rtype: list[Facts]
    """
    bindings = pull.env["bridge.binding"]
    # What a person prefers, or has compared, is looked at also if it is as it was.
    fingerprints = {one.external_id: LIKE_NONE if one.prefer else one.fingerprint for one in arrivals}
    known = bindings._by_external_id(pull.flow, fingerprints) if arrivals else {}
    known |= {one: (bound, False) for one, bound in _by_reference(pull, arrivals, known).items()}
    gone_here = [bound.id for bound, _same in known.values() if not bound.alive]
    losers = pull.twice.losers(arrivals, known) if pull.twice else ()
    conflicts = pull.env["bridge.conflict"]
    standing = conflicts._standing_of(pull.flow, gone_here) if gone_here and pull.goes_both_ways else {}
    return [
        _recognised(pull, one, *known.get(one.external_id, (None, False)), standing, one.external_id in losers)
        for one in arrivals
    ]


def _by_reference(pull, arrivals, known):
    """Records that we have sent, and that come to us before their answer: known by the reference they carry.

    :return: external id to Bound
    """
    if not pull.flow.reference_path or pull.flow.direction == "pull":
        return {}
    place, references = parse_path(pull.flow.reference_path), {}
    for one in arrivals:
        if one.external_id in known or one.deleted or one.failure:
            continue
        reference = place.read(one.document)
        if isinstance(reference, str):
            references[reference] = one.external_id
    found = pull.env["bridge.binding"]._by_reference(pull.flow, references) if references else {}
    return {references[reference]: _as_sent(bound) for reference, bound in found.items()}


def _as_sent(bound):
    """What we have sent is what both sides had; what differs by now was changed since."""
    terms = (bound.intent or {}).get("terms")
    if terms is None:
        return bound
    return bound._replace(odoo_snapshot=terms, remote_snapshot=merge.without_keys(terms))


def _recognised(pull, arrival, bound, same, standing, has_lost):
    facts = Facts(arrival, bound, bound.res_id if bound and bound.alive else None, failure=arrival.failure)
    if has_lost:
        return facts._replace(failure=None, verdict=UNCHANGED)
    if arrival.failure or (bound is None and not arrival.deleted):
        return facts
    return _judged(pull, facts, same, standing.get(bound and bound.id, {}))


def _judged(pull, facts, same, standing):
    arrival, bound = facts.arrival, facts.bound
    # The other system learns that the record was deleted in Odoo; but not of one that is only pulled.
    is_deleted_here = pull.goes_both_ways and not (bound is None or bound.alive) and _is_told(bound, standing)
    if arrival.prefer == merge.COMPARE:
        verdict = GONE_HERE if is_deleted_here else None
    elif (bound is None or bound.state == "removed") and arrival.deleted:
        verdict = UNCHANGED  # it came and went without us, or we know already
    elif bound.state == "left" or (same and bound.alive):
        verdict = UNCHANGED  # it is not kept in agreement any more, or it is as it was
    elif is_deleted_here:
        return facts._replace(verdict=_deleted_here(arrival, same, standing), standing=standing)
    else:
        verdict = None
    return facts._replace(verdict=verdict)


def _is_told(bound, standing):
    return bound.inside or (GONE_IN_ODOO, None) in standing


def _deleted_here(arrival, same, standing):
    """The record was deleted in Odoo, and the push that says so is still to come."""
    decision = standing.get((GONE_IN_ODOO, None), {}).get("decision")
    if arrival.preferred() == "remote" or decision == "remote":
        return None  # it is created again
    if arrival.deleted:
        return FLAG  # gone on both sides
    if same or decision == "odoo":
        return UNCHANGED
    return GONE_HERE  # whether it was changed there is known when it is mapped
