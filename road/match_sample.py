"""A sample held against Odoo by the key fields: what the match step would find, in words. Nothing is written.

It is searched as the acting user, as the road does it. Who looks, though, learns nothing of records or fields that he
may not read himself: he chooses the keys, and could ask for one value after the other.
"""

import collections
from typing import NamedTuple

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..mapping.merge import is_empty
from .pull import arrival, match, references, translate

LINKED, MATCHED, NEW, SEVERAL, TAKEN = "linked", "matched", "new", "several", "taken"
WITHOUT, REMOVED, UNREAD = "without", "removed", "unread"
DOUBTFUL = (SEVERAL, TAKEN, WITHOUT, UNREAD)
MOST = 5  # doubtful ones that are named


class Found(NamedTuple):
    """What becomes of one record of a sample.

    :ivar str state: one of the above
    :ivar str reason: what is to be done about it, for a doubtful one
    """

    state: str
    reason: str = ""


class MatchSample:
    """Records of the other system, held against Odoo.

    :param flow: a flow, as the person sees it
    :param Mapper mapper: of the key fields alone; what another field is does not matter here
    :param list[dict] documents: the records
    """

    def __init__(self, flow, mapper, documents):
        self.env, self.mapper, self.documents = flow.env, mapper, documents
        self.pull = flow.sudo()._pull(None, mapper=mapper)
        self.seen = self.env[flow.model].with_context(active_test=False)
        self.keys = ", ".join(flow._field_label(name) for name in mapper.keys)

    def told(self):
        """What would be found, in words.

        :return: ``summary``; ``doubtful``, some records as ``positions`` and their common ``reason``; ``more``, the
            number of other doubtful ones; and ``problem``, why it can not be told
        :rtype: dict
        """
        told = {"summary": "", "problem": "", "doubtful": [], "more": 0}
        if not self.mapper.keys:
            return told | {"problem": self._without_key()}
        try:
            found = self._found()
        except AccessError:  # Odoo's own words may name what may not be read
            return told | {"problem": self._hidden()}
        except UserError as error:
            return told | {"problem": str(error.args[0])}
        doubtful = [(position, one) for position, one in enumerate(found) if one.state in DOUBTFUL]
        doubtful.sort(key=lambda pair: DOUBTFUL.index(pair[1].state))
        reasons = {}
        for position, one in doubtful[:MOST]:
            reasons.setdefault(one.reason, []).append(position)
        return told | {
            "summary": self._summary(collections.Counter(one.state for one in found)),
            "doubtful": [{"positions": positions, "reason": reason} for reason, positions in reasons.items()],
            "more": len(doubtful[MOST:]),
        }

    # ------------------------------------------------------------------------------------------------------------------
    # What is found
    # ------------------------------------------------------------------------------------------------------------------

    def _found(self):
        """The steps of the road as far as *match*.

        :return: one for each record
        :rtype: list[Found]
        """
        self._check_seen()
        pull, arrivals = self.pull, arrival.identify(self.pull.flow, self.mapper, self.documents)
        known = arrival.recognise(pull, arrival.latest(arrivals))
        records = references.resolve(_Asking(pull, self.seen), translate.translate(pull, known))
        ways, unbound = match.ways_of(pull), [facts for facts in records if match.is_unbound(facts)]
        keys = match.keys_of(unbound, ways)
        candidates = match.search(pull, ways, unbound, keys)
        by_id = {
            after.arrival.external_id: self._state(before, after, keys, candidates)
            for before, after in zip(records, match.accept(pull, records, keys, candidates), strict=True)
        }
        return [by_id[one.external_id] for one in arrivals]

    def _check_seen(self):
        """:raises AccessError: if the acting user might find what the person may not read"""
        self.seen.check_access("read")
        hidden, secret = self.env["bridge.record.mixin"]._is_hidden_field, False
        for rule in self.mapper.rules:
            comodel, code = self.seen._fields[rule.field].comodel_name, rule.keyed_settings.get("flow")
            if code and not self.pull.flow._sibling(code):
                raise UserError(self.env._("There is no flow “%s”. Choose another one in the field mapping.", code))
            secret |= hidden(self.seen._name, rule.field)
            secret |= bool(rule.is_keyed and comodel) and hidden(comodel, rule.keyed_settings["field"])
        # Of all records, whatever the sample says: else the answer would tell of those with a value in it.
        within = Domain(self.pull.flow._read_domain("match_domain"))
        acting = self.pull.records.with_context(active_test=False)
        if secret or acting.search_count(within & Domain("id", "not in", self.seen._search([])), limit=1):
            raise AccessError(self._hidden())

    def _state(self, before, after, keys, candidates):
        """What becomes of a record, by what was known of it before and after the match."""
        if before.failure:
            return Found(UNREAD, before.failure.message)
        if not match.is_unbound(before):
            is_there = before.record_id and not before.arrival.deleted
            return Found(LINKED if is_there else REMOVED)
        if after.record_id:
            return Found(MATCHED)
        if after.failure:
            ids = candidates[keys[before.arrival.external_id]]
            return Found(SEVERAL, self._several(ids)) if len(ids) > 1 else Found(TAKEN, after.failure.message)
        empty = [name for name in self.mapper.keys if is_empty(before.values.get(name))]
        return Found(WITHOUT, self._empty(empty)) if empty else Found(NEW)

    # ------------------------------------------------------------------------------------------------------------------
    # Words
    # ------------------------------------------------------------------------------------------------------------------

    def _summary(self, counts):
        env, creates, new = self.env, self.pull.flow.can_create, counts[NEW] + counts[WITHOUT]
        matched = env._(
            "%(count)s of %(total)s samples would match a record of “%(model)s” by %(keys)s",
            count=counts[MATCHED],
            total=len(self.documents),
            model=self._model(),
            keys=self.keys,
        )
        rest = [
            (counts[LINKED], env._("1 is linked already"), env._("%s are linked already", counts[LINKED])),
            (new * creates, env._("1 would be new"), env._("%s would be new", new)),
            (
                new * (not creates),
                env._("1 matches none and is left out, because this flow creates no records"),
                env._("%s match none and are left out, because this flow creates no records", new),
            ),
            (
                counts[SEVERAL],
                env._("1 matches more than one record"),
                env._("%s match more than one record each", counts[SEVERAL]),
            ),
            (
                counts[TAKEN],
                env._("1 matches a record that belongs to another one there"),
                env._("%s match a record that belongs to another one there", counts[TAKEN]),
            ),
            (counts[REMOVED], env._("1 is deleted"), env._("%s are deleted", counts[REMOVED])),
            (counts[UNREAD], env._("1 can not be told"), env._("%s can not be told", counts[UNREAD])),
        ]
        return "; ".join([matched, *(one if count == 1 else many for count, one, many in rest if count)]) + "."

    def _several(self, ids):
        """Their names; alike ones with their ids, by which alone they can be told apart."""
        names = [f"{record.display_name} ({record.id})" for record in self.seen.browse(ids[:MOST])]
        said = {"count": len(ids), "keys": self.keys, "names": ", ".join(names)}
        return self.env._("%(count)s records have the same %(keys)s: %(names)s. Merge them or change one.", **said)

    def _empty(self, names):
        labels = ", ".join(self.pull.flow._field_label(name) for name in names)
        return self.env._("no %s, so no record of Odoo is looked for.", labels)

    def _without_key(self):
        if not self.pull.flow.can_create:
            return self.env._(
                "No field is marked as Key, so no record of Odoo is looked for; and because this flow creates none,"
                " nothing would come. Mark a field that tells records apart, such as an e-mail address or a number."
            )
        return self.env._(
            "No field is marked as Key, so no record of Odoo is looked for: all that are not linked yet would be new."
            " Mark a field that tells records apart, such as an e-mail address or a number."
        )

    def _hidden(self):
        return self.env._(
            "Which samples would match is not told, because you or the acting user may not read all records of"
            " “%(model)s”, or a field of the key. Ask somebody who may, or choose another key.",
            model=self._model(),
        )

    def _model(self):
        return self.env["ir.model"]._get(self.seen._name).name


class _Asking:
    """What ``resolve`` wants to know of a pull; related records are those that the person who looks may read.

    :param Pull pull: of the same flow
    :param seen: the flow's model, as the person sees it
    """

    def __init__(self, pull, seen):
        self.env, self.flow, self.mapper, self.nested_flows = pull.env, pull.flow, pull.mapper, {}
        self.seen = seen

    def records_of(self, flow):
        return self.seen.env[flow.model]
