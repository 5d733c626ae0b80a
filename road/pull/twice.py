"""A full list that names a record twice, with different values: which of the two counts, so that the next scan agrees.

The newer one counts where Updated At tells, else the later one of the list. What the other one looked like is kept by
the flow, so that the next scan knows it at once, and does not write the record back and forth for ever.
"""

from ..words import CREATE, LINK, UPDATE
from .gather import counted_moment

MOST = 500  # ids that are remembered; where there are more, the remote id is not one


class Twice:
    """What a full scan has found so far.

    :param BridgeRun run: the scan
    :ivar dict found: remote id to ``lost``: the fingerprints of what does not count, and ``won``: was another one seen
    """

    def __init__(self, run):
        self.run, self.flow = run, run.flow_id
        self.before = self.flow.doubles or {}
        found = run.position.get("twice") or {}
        self.found = {external_id: {**one, "lost": [*one["lost"]]} for external_id, one in found.items()}

    def one_each(self, arrivals):
        """Of those of one page the one that counts.

        :param list[Arrival] arrivals: with all that the page has
        :rtype: list[Arrival]
        """
        chosen = {}
        for one in arrivals:
            other = chosen.get(one.external_id)
            if other is not None and other.fingerprint != one.fingerprint:
                loser = one if self._is_newer(other.updated, one.updated) else other
                self._lose(one.external_id, loser.fingerprint, won=True)
                one = other if loser is one else one
            chosen[one.external_id] = one
        return list(chosen.values())

    def losers(self, arrivals, known):
        """Those that do not count, since another record of the list has the same id.

        :param list[Arrival] arrivals: each id once
        :param dict known: remote id to the binding, and whether the remote record is as it was
        :return: their remote ids
        :rtype: set[str]
        """
        losers = set()
        for one in arrivals:
            if self._has_lost(one):
                self._lose(one.external_id, one.fingerprint)
                losers.add(one.external_id)
            elif one.external_id in self.before or one.external_id in self.found:
                self._lose(one.external_id, won=True)
        open_ids = [one for one, (_bound, same) in known.items() if not same and one not in losers]
        written = self.run._written(open_ids, (CREATE, LINK, UPDATE)) if open_ids else ()
        stored = self.run.env["bridge.binding"]._fingerprints(self.flow, written) if written else {}
        for one in arrivals:
            if one.external_id in stored and not one.deleted:
                fingerprint, updated = stored[one.external_id]
                is_older = self._is_newer(updated, one.updated)
                self._lose(one.external_id, one.fingerprint if is_older else fingerprint, won=True)
                if is_older:
                    losers.add(one.external_id)
        return losers

    def _has_lost(self, arrival):
        found = self.found.get(arrival.external_id, {}).get("lost", ())
        return arrival.fingerprint in (*self.before.get(arrival.external_id, ()), *found)

    def _is_newer(self, updated, other):
        """Was a record changed after another one, as far as their *Updated At* tell?"""
        moment, other = counted_moment(self.flow, updated), counted_moment(self.flow, other)
        return bool(moment and other and moment > other)

    def _lose(self, external_id, fingerprint="", won=False):
        """Remember what does not count; and whether one that does was seen."""
        if external_id not in self.found and len(self.found) >= MOST:
            return
        one = self.found.setdefault(external_id, {"lost": [], "won": False})
        if fingerprint and fingerprint not in one["lost"]:
            one["lost"].append(fingerprint)
        one["won"] = one["won"] or won


def ended(position):
    """What a full scan has found, at its end.

    :param dict position: of its run
    :return: remote id to fingerprints of what does not count; and the ids of which nothing else was seen any more
    :rtype: tuple[dict, list]
    """
    found = {external_id: one for external_id, one in (position.get("twice") or {}).items() if one["lost"]}
    doubles = {external_id: one["lost"] for external_id, one in found.items() if one["won"]}
    return doubles, [external_id for external_id in found if external_id not in doubles]
