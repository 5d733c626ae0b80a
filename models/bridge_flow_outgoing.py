"""The road, from Odoo to remote: fetch, map and plan. What has to be sent, decided without sending anything."""

import collections

from odoo import models

from ..mapping import merge
from ..mapping.errors import MappingError
from ..mapping.paths import MISSING, parse_path
from ..remote.operation import as_number
from .batch import CONFLICT, DATA, DEPENDENCY, SKIP, UNCHANGED, before
from .bridge_conflict import FIELD, GONE_IN_ODOO, GONE_THERE
from .outgoing import (
    LEAVE,
    LOOK_UP,
    SEND_ARCHIVE,
    SEND_CREATE,
    SEND_DELETE,
    SEND_RESTORE,
    SEND_UPDATE,
    Link,
    Outgoing,
)

POLICIES = {"delete": SEND_DELETE, "archive": SEND_ARCHIVE, "keep": LEAVE}


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    # ----------------------------------------------------------------------------------------------------------------
    # Fetch: the Odoo records as they are now
    # ----------------------------------------------------------------------------------------------------------------

    def _outgoing(self, record_ids, prefer=None):
        """Odoo records of this flow on their way to the other system.

        :param list[int] record_ids: their ids; some may be gone
        :param dict prefer: Odoo id to the side that a person wants
        :rtype: list[Outgoing]
        """
        return [Outgoing(record_id, prefer=(prefer or {}).get(record_id)) for record_id in record_ids]

    def _read_outgoing(self, batch, items):
        """What Odoo and the bindings say about these records now."""
        ids = [item.record_id for item in items]
        links = self._links(ids)
        there = set(self.env[self.model].sudo().browse(ids).exists()._ids)
        inside = set(self._inside(there)._ids)
        readable = self._records().browse(there)._filtered_access("read")
        terms = self._read_terms(list(readable._ids), batch.mapper)
        standing = self.env["bridge.conflict"]._standing_of(self, [link.id for link in links.values()])
        for item in items:
            item.binding = links.get(item.record_id)
            item.there, item.inside = item.record_id in there, item.record_id in inside
            item.terms = terms.get(item.record_id, {})
            item.standing = standing.get(item.binding.id, {}) if item.binding else {}
            if item.there and item.record_id not in terms and (item.binding or item.inside):
                self._refuse_unreadable(item)
        self._read_outgoing_children(batch, items)
        names = {record.id: (record.display_name or "")[:200] for record in readable.sudo()}
        for item in items:
            item.name = names.get(item.record_id) or item.name

    def _refuse_unreadable(self, item):
        if item.binding:
            message = self.env._(
                "The acting user %s may not read this record any more. Give the right, or another acting user.",
                self.connector_id.sudo().user_id.name,
            )
            item.fail(DATA, message)
        else:
            item.action = UNCHANGED  # a record of another company, or none of this user's business

    def _links(self, record_ids):
        """Bindings by Odoo id.

        :rtype: dict[int, Link]
        """
        self.env["bridge.binding"].flush_model()
        self.env.cr.execute(
            """
            SELECT id, res_id, external_id, state, odoo_snapshot, remote_snapshot, remote_version, inside, reference,
                   intent, sent_at, job_id
              FROM bridge_binding WHERE flow_id = %s AND res_id = ANY(%s)
            """,
            [self.id, list(record_ids)],
        )
        return {row[1]: Link(*row) for row in self.env.cr.fetchall()}

    def _inside(self, record_ids):
        """Those of these records that are to be pushed."""
        return self._search_inside([("id", "in", list(record_ids))]) if record_ids else self.env[self.model].sudo()

    def _search_inside(self, some, **options):
        """Records that are to be pushed; archived ones only where the mapping says what that means.

        :param list some: a domain: which of them
        :param options: for ``search``
        :raises AccessError: if the flow's domain asks for what the acting user may not read
        """
        domain = self._read_domain("push_domain")
        # A record that user does not see has not left; but by what is pushed nobody learns what a hidden field holds.
        self._records()._search(domain)
        records = self.env[self.model].sudo()
        if records._active_name in self.mapping_ids.mapped("field_name"):
            records = records.with_context(active_test=False)
        return records.search([*some, *domain], **options)

    # ----------------------------------------------------------------------------------------------------------------
    # Plan: what is to be done there
    # ----------------------------------------------------------------------------------------------------------------

    def _plan_outgoing(self, batch, items):
        """Decide about every record: create, update, delete, archive or restore it there, leave it, or nothing."""
        kinds = set(self.operation_ids.mapped("kind"))
        running = self._running_jobs(items)
        for item in items:
            if item.open:
                item.action = self._outgoing_decision(batch, item, kinds, running)

    def _outgoing_decision(self, batch, item, kinds, running):
        link = item.binding
        if link and link.state == "creating":
            return self._creation_decision(batch, item, kinds, running)
        if not item.there:
            return self._end_decision(item, self.odoo_delete_policy)
        if not item.inside:
            was_inside = link and link.inside and link.state not in ("removed", "left")
            return self._end_decision(item, self.leave_policy) if was_inside else UNCHANGED
        if link is None or (link.state == "removed" and self._is_revived(item)):
            return self._first_decision(item, kinds)
        if link.state == "removed":
            item.note = self.env._("It was deleted in the other system, so nothing is sent.")
            return SKIP if item.prefer else UNCHANGED
        if item.standing.get((GONE_THERE, None), {"decision": "odoo"})["decision"] != "odoo" and item.prefer != "odoo":
            item.note = self.env._("It was deleted in the other system and changed in Odoo: decide the conflict first.")
            return SKIP
        if link.state == "left" and "restore" in kinds and self.leave_policy == "archive":
            return SEND_RESTORE
        self._merge_outgoing(batch.mapper, item)
        if not item.changes:
            return UNCHANGED
        if "update" not in kinds:
            item.note = self.env._("This flow has no operation that updates a record there.")
            return SKIP
        if not self._operation("get") and self._overrules(batch.mapper, item):
            item.note = self.env._("It is sent together with a field that is in conflict: decide the conflict first.")
            return SKIP
        return SEND_UPDATE

    def _first_decision(self, item, kinds):
        """A record that the other system does not have, as far as we know."""
        if "create" not in kinds:
            item.note = self.env._("This flow has no operation that creates a record there.")
            return SKIP
        # Where records can be found there by their keys, one that is there is linked, and not created twice.
        if not item.looked and "find" in kinds and self._finds_by_keys():
            return LOOK_UP
        return SEND_CREATE

    def _end_decision(self, item, policy):
        """The record is not one of ours any more: deleted in Odoo, or out of the domain."""
        link = item.binding
        standing = item.standing.get((GONE_IN_ODOO, None), {})
        if standing and standing["decision"] != "odoo":
            return CONFLICT
        if link is None or (link.state in ("removed", "left") and not standing):
            return UNCHANGED
        return POLICIES[policy]

    def _is_revived(self, item):
        """Was a record that is gone there brought back in Odoo?"""
        if item.prefer == "odoo" or item.standing.get((GONE_THERE, None), {}).get("decision") == "odoo":
            return True
        active = self.env[self.model]._active_name
        return self.delete_policy == "archive" and bool(active and item.terms.get(active, True))

    def _merge_outgoing(self, mapper, item):
        """Three-way merge of every field with what is known of the remote."""
        link = item.binding
        for rule in mapper.rules:
            name = rule.field
            if not rule.pushes or rule.create_only:
                continue
            if rule.converter.name == "nested":
                if item.children.get(name) and item.children[name].changed:
                    item.changes[name] = (None, item.children[name].summary)
                continue
            if name not in item.terms:
                continue
            odoo, remote_before = item.terms[name], before(link.remote_snapshot, name)
            if item.prefer == "odoo":
                item.changes[name] = (remote_before or None, odoo)
                continue
            standing = item.standing.get((FIELD, name), {})
            remote = standing["remote"] if standing else remote_before
            decision = merge.decide(
                MISSING if rule.says_nothing(odoo) else odoo,
                before(link.odoo_snapshot, name),
                remote,
                remote_before,
                authority=standing.get("decision") or rule.authority,
                direction=rule.direction,
            )
            key_before = before(link.odoo_snapshot, f"{name}.")
            if decision == merge.NONE and f"{name}." in item.terms and key_before is not MISSING:
                # The relation is the same, and the related record's key has changed.
                decision = merge.PUSH if item.terms[f"{name}."] != key_before else merge.NONE
            if decision == merge.PUSH:
                item.changes[name] = (None if remote is MISSING else remote, odoo)
            elif merge.agree(odoo, remote):
                item.agreed[name] = odoo

    # ----------------------------------------------------------------------------------------------------------------
    # Map: Odoo's values in the remote's terms
    # ----------------------------------------------------------------------------------------------------------------

    def _write_documents(self, batch, items):
        """Make the documents that are sent. One that lacks a related record there fails, or goes without it."""
        # One that is gone is not sent, or in the words of the first time.
        by_record = {item.record_id: item for item in items if item.there and not item.repeats}
        records = self._records().with_context(active_test=False, bin_size=False).browse(by_record)
        external_ids = self._related_external_ids(batch.mapper, records)
        for record in records:
            item = by_record[record.id]
            try:
                item.document = self._document(batch, item, record, external_ids)
            except MappingError as error:
                self._fail(item, error)

    def _document(self, batch, item, record, external_ids):
        creating, operation = item.action == SEND_CREATE, self._operation("update")
        values = {}
        for rule in self._sent_rules(batch.mapper, item, creating or operation.sends == "whole"):
            if rule.converter.name == "nested":
                if not self._child_flow(rule)._write_child_documents(rule, item):
                    self._fail_unrelated(item, rule)
                    return None
                values[rule.field] = item.children[rule.field].documents
                continue
            value = self._portable(rule, record, external_ids)
            if value is MISSING:
                if self._is_late(batch, item, rule, record):
                    item.late.add(rule.field)
                    continue
                self._fail_unrelated(item, rule)
                return None
            if creating and rule.converter.is_empty(value) and not (rule.required or rule.when_empty == "reject"):
                continue  # what is not there yet need not be emptied
            values[rule.field] = value
        document = batch.mapper.write(values)
        if item.base is None or creating:
            return document
        return _overlaid(item.base if operation.sends == "whole" else _beside(batch.mapper, item), document)

    def _sent_rules(self, mapper, item, whole):
        """The rules of what Odoo says: of the fields that change; and of all or of those beside them that go along.

        Many systems replace a top-level value as a whole, so the fields inside one go together. Where the remote record
        was fetched just now, what goes along is what stands there, which may be in conflict with what Odoo has.
        """
        rules = [rule for rule in mapper.rules if rule.pushes]
        if item.base is not None and item.action == SEND_UPDATE:
            return [rule for rule in rules if rule.field in item.changes]
        if whole or item.action == SEND_RESTORE:
            return rules
        tops = _tops(rules, item)
        return [rule for rule in rules if rule.field in item.changes or rule.path.steps[:1] in tops]

    def _overrules(self, mapper, item):
        """Would what goes along with the changes end a conflict that nobody has decided?"""
        along = {rule.field for rule in self._sent_rules(mapper, item, self._operation("update").sends == "whole")}
        undecided = {name for (kind, name), one in item.standing.items() if kind == FIELD and not one["decision"]}
        return bool(undecided & along - item.changes.keys())

    def _portable(self, rule, record, external_ids):
        """Odoo's value as a converter writes it; ``MISSING`` if a related record is not there."""
        value = record[rule.field]
        field = record._fields[rule.field]
        if not field.relational:
            return str(value) if field.type == "html" and value else value
        settings = rule.keyed_settings
        if rule.is_keyed:
            keys = [one[settings["field"]] for one in value]
        else:
            known = external_ids.get(settings.get("flow"), {})
            keys = [known.get(one.id, MISSING) for one in value]
        if MISSING in keys:
            return MISSING
        return keys if field.type in ("many2many", "one2many") else keys[0] if keys else False

    def _related_external_ids(self, mapper, records):
        """The remote ids of what these records point to.

        :return: flow code to Odoo id to remote id
        """
        found = {}
        for code, ids in self._pointed_to(mapper, records).items():
            sibling = self._sibling(code)
            remote_id = sibling._remote_id()
            self.env.cr.execute(
                """
                SELECT res_id, external_id FROM bridge_binding
                 WHERE flow_id = %s AND res_id = ANY(%s) AND external_id IS NOT NULL AND state != 'removed'
                """,
                [sibling.id, list(ids)],
            )
            found[code] = {res_id: remote_id(external_id) for res_id, external_id in self.env.cr.fetchall()}
        return found

    def _pointed_to(self, mapper, records):
        """Odoo ids that these records point to, by the code of the flow that knows them."""
        wanted = collections.defaultdict(dict)
        for rule in mapper.rules:
            code = rule.keyed_settings.get("flow")
            if not code or not rule.pushes:
                continue
            related = records.mapped(rule.field)
            if rule.converter.name == "nested":
                for inner_code, ids in self._child_flow(rule)._pointed_to(rule.child, related).items():
                    wanted[inner_code].update(ids)
            else:
                wanted[code].update(dict.fromkeys(related._ids))
        return wanted

    def _is_late(self, batch, item, rule, record):
        """Is the related record of the same circle, or one for whose sake this one is sent? Then it comes later."""
        if rule.required:
            return False
        sibling, ids = self._sibling(rule.keyed_settings["flow"]), set(record[rule.field]._ids)
        around = [*batch.ancestors, (self, {one.record_id for one in batch.items})]
        return any(flow == sibling and ids & known for flow, known in around)

    def _fail_unrelated(self, item, rule):
        message = self.env._(
            "%(field)s: the related record is not in the other system, and the flow “%(flow)s” could not send it.",
            field=self._field_label(rule.field),
            flow=self._sibling(rule.keyed_settings.get("flow")).name or rule.keyed_settings.get("flow"),
        )
        item.fail(DEPENDENCY, message, rule.field)

    def _remote_id(self):
        """A function from remote id to what is sent for it; it touches no database.

        :rtype: collections.abc.Callable
        """
        return as_number if self.number_ids else str

    def _variables(self, item):
        """What the placeholders of an operation stand for."""
        link, document = item.binding, item.document
        if item.action == SEND_CREATE and self.reference_path and link:
            parse_path(self.reference_path).write(document, link.reference)
        version = item.version if item.version is not None else link and link.version
        return {
            "external_id": self._remote_id()(item.remote_id) if item.remote_id else None,
            "version": version,
            "record": document,
            "reference": link and link.reference,
        }


def _tops(rules, item):
    """The top-level places of the remote record in which something changes."""
    return {rule.path.steps[:1] for rule in rules if rule.path is not None and rule.field in item.changes}


def _beside(mapper, item):
    """What stands in the remote record beside the fields that change."""
    document, tops = {}, _tops(mapper.rules, item)
    for rule in mapper.rules:
        if rule.path is not None and rule.path.steps[:1] in tops and rule.field not in item.changes:
            value = rule.path.read(item.base)
            if value is not MISSING:
                rule.path.write(document, value)
    return document


def _overlaid(base, document):
    """A remote record with our values in their places."""
    merged = dict(base)
    for name, value in document.items():
        inside = merged.get(name)
        merged[name] = _overlaid(inside, value) if isinstance(inside, dict) and isinstance(value, dict) else value
    return merged
