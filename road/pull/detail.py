"""Lists that only name their records, or have a part of each: the rest is asked for before they take the road."""

from ...mapping.fingerprint import fingerprint
from ...remote.flight import AT_ONCE, WHOLESALE, Flight
from ...remote.status import is_absent
from ..outcome import Failure
from . import arrival

CHANGED = "changed"  # only those whose entry in the list is another one than last time


def fetched(walk, arrivals, client):
    """Arrivals of a list with what *Get one record* says of each.

    :param PullSlice walk: that has read the list
    :param list[Arrival] arrivals: as the list has them
    :rtype: list[Arrival]
    :raises RemoteError: if nothing can be had now
    """
    arrivals = [_as_listed(walk, one) for one in arrivals]
    wanted = walk.again(_wanted, walk, arrivals, client)
    details = _asked(walk, wanted, client)
    return [details.get(one.external_id, one) for one in arrivals]


def _as_listed(walk, one):
    """Its entry as a whole tells whether it has changed: what the mapping reads need not be in it."""
    if walk.details != CHANGED or one.deleted or one.failure:
        return one
    return one._replace(fingerprint=fingerprint(one.document, walk.mapper.salt))


def _wanted(walk, arrivals, client):
    """Those that have to be asked for, by remote id. Nothing is held while we wait.

    :rtype: dict[str, Arrival]
    """
    pull = walk.flow._pull(walk.run, client, mapper=walk.mapper, policy=walk.policy)
    if walk.details == CHANGED:
        open_ = {facts.arrival.external_id for facts in pull.recognise(arrival.latest(arrivals)) if facts.is_mapped}
    else:
        open_ = {one.external_id for one in arrivals if not (one.deleted or one.failure)}
    walk.commit(0)
    return {one.external_id: one for one in arrivals if one.external_id in open_}


def _asked(walk, wanted, client):
    """What the other system says of each.

    What has no answer while others have one is the trouble of its record; else of all of them.

    :rtype: dict[str, Arrival]
    """
    get = walk.flow._operation("get")._compiled()
    at_once, details = walk.flow.connector_id.max_requests or AT_ONCE, {}
    while left := [external_id for external_id in wanted if external_id not in details]:
        with Flight(at_once, float("inf")) as flight:
            results = flight.ask(left, lambda external_id: get.get(client, external_id))
        answered = {external_id: result for external_id, result in zip(left, results, strict=True) if result}
        has_some = any(is_good or error.kind not in WHOLESALE for is_good, error in answered.values())
        error = flight.error
        if error is not None and (error.kind != "unavailable" or not (has_some or details)):
            raise error
        for external_id, (is_good, answer) in answered.items():
            listed = wanted[external_id]
            details[external_id] = _complete(walk, listed, *answer) if is_good else _failed(walk, listed, answer)
    return details


def _complete(walk, listed, document, version):
    """An arrival with the whole record."""
    one = arrival.identify_one(walk.flow, walk.mapper, document)
    return one._replace(
        fingerprint=listed.fingerprint if walk.details == CHANGED else one.fingerprint,
        updated=listed.updated if one.updated is None else one.updated,
        version=one.version if version is None else version,
        prefer=listed.prefer,
        only=listed.only,
    )


def _failed(walk, listed, error):
    message = walk.flow.connector_id._tell(error)
    if is_absent(error):  # it was listed just now, so this is no deletion
        message = walk.env._("The list has the record, but “Get one record” does not: %s", message)
    # Its entry is not the record: another attempt has to fetch it.
    return listed._replace(document={}, failure=Failure(error.kind, message))
