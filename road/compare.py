"""Full compare: both sides are read, and what differs is reported. Nothing is written but the report."""

from ..mapping.merge import COMPARE
from .inside import inside_after
from .journal import brief
from .pull import arrival, journal
from .pull.kept import is_kept, is_settled
from .pull.slice import PullSlice
from .words import ALTERED, ALTERED_THERE, DIFFERENT, ONLY_ODOO, ONLY_THERE, UNCHANGED, UNLINKED, UNREADABLE, UPDATE


class CompareSlice(PullSlice):
    """As a run of pages; but what the road would do is not done, it is told."""

    def anew(self, arrivals):
        """Whatever was agreed before, the two sides are compared."""
        return [one if one.deleted else one._replace(prefer=COMPARE) for one in arrivals]

    def take(self, page, client, arrivals):
        """One page of the remote's list against Odoo: one transaction.

        :return: the seconds that are left
        """
        pull = self.flow._pull(self.run, mapper=self.mapper, policy=self.policy)
        steps = pull.plan(pull.look(pull.translate(pull.recognise(arrival.latest(arrivals)))))
        steps = [tolerant(pull, step) for step in steps]
        rows = [row for step in steps if not step.facts.arrival.deleted for row in differences(pull, step)]
        drifts = self.env["bridge.drift"]
        drifts._insert(self.flow, self.run, rows)
        differing = {row["external_id"] for row in rows}
        same = {one.external_id: None for one in steps if one.external_id not in differing}
        for kind in (ALTERED, ALTERED_THERE):
            drifts._keep_altered(self.flow, self.run, kind, same, [])
        there = [step.facts for step in steps if not step.facts.arrival.deleted]
        journal.note_seen(pull, [one.bound.id for one in there if one.bound], there)
        self.add(len(page.records), len(rows))
        self.advance(page, arrivals)
        return self.commit(len(page.records))

    def end(self, client):
        """Records of Odoo that the other system does not have.

        :return: is it done; False if the time is up, or it was cancelled
        :rtype: bool
        """
        while (after := self.run.position.get("missing", 0)) is not None:
            if self.again(self.report_missing, after) <= 0 or self.run.state == "cancelled":
                return False
        return True

    def report_missing(self, after):
        """Some of them, in the order of their ids.

        :param int after: the last id of those before
        :return: the seconds that are left
        """
        flow, limit, bindings = self.flow, self.page_size(), self.env["bridge.binding"]
        unseen = self.env["bridge.seen"]._unseen_records(self.run, after, limit)
        inside = inside_after(flow, after, limit) if flow.direction != "pull" else []
        ids = sorted({*unseen, *inside})[:limit]
        found = self.env["bridge.drift"].search([("run_id", "=", self.run.id), ("res_id", "in", ids)])
        known = {*bindings._taken(flow, ids), *found.mapped("res_id")}
        missing = [one for one in ids if one in unseen or one not in known]
        records = flow._records().browse(missing).exists()._filtered_access("read")
        rows = [
            {
                "kind": ONLY_ODOO,
                "res_id": record.id,
                "external_id": unseen.get(record.id),
                "record_name": brief(record.display_name),
            }
            for record in records
        ]
        self.env["bridge.drift"]._insert(flow, self.run, rows)
        self.add(0, len(records))
        self.run.position = {**self.run.position, "missing": ids[-1] if ids else None}
        return self.commit(len(ids))

    def add(self, fetched, differing):
        """Count what was compared."""
        self.run._add({"fetched": fetched, "drifted": differing})


def tolerant(pull, step):
    """A step without what only looks different, because a field of Odoo rounds or cleans every value.

    :param Step step: with all that differs as its changes
    :rtype: Step
    """
    children = {
        name: tuple(_tolerant(pull.records_of(pull.nested_flows[name]), child) for child in inside)
        for name, inside in step.children.items()
    }
    return _tolerant(pull.records, step)._replace(children=children)


def _tolerant(records, step):
    if not step.record_id or not step.changes:
        return step
    record = records.browse(step.record_id)
    changes = {
        name: (odoo, remote)
        for name, (odoo, remote) in step.changes.items()
        if not _looks_the_same(record, name, odoo, remote, step)
    }
    action = UNCHANGED if step.action == UPDATE and not changes else step.action
    return step._replace(changes=changes, action=action)


def _looks_the_same(record, name, odoo, remote, step):
    if record._fields[name].type == "binary":  # only fingerprints and addresses are known
        return is_settled(step, name)
    return is_kept(record, name, odoo, remote)


def differences(pull, step):
    """What differs in one record.

    :rtype: Iterator[dict]
    """
    bound = step.facts.bound
    row = {
        "external_id": step.external_id,
        "res_id": step.record_id,
        "record_name": journal.name_of(pull, step.facts),
    }
    if step.failure:
        yield {**row, "kind": UNREADABLE, "message": step.failure.message}
    elif step.record_id is None:
        if not (bound and bound.state == "left"):
            yield {**row, "kind": ONLY_THERE}
    else:
        changes = journal.logged_changes(step)
        if bound is None:
            yield {**row, "kind": UNLINKED, "differences": changes}
        elif changes and bound.state != "left":
            yield {**row, "kind": DIFFERENT, "differences": changes}
