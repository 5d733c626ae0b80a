"""The road, from remote to Odoo: batch, compare, map, and fetch what is related (DESIGN.md, "The road")."""

import base64
import functools
import itertools
import math
import time
from dataclasses import dataclass, field

from odoo import models

from ..jobs import lane, outcome
from ..jobs.retry import REST_AFTER, is_charged
from ..mapping.converters import REFERENCES, Download, Nested
from ..mapping.fingerprint import fingerprint
from ..mapping.mapper import DELETED, nested_documents
from ..mapping.paths import parse_path
from ..remote.errors import RemoteError
from ..remote.flight import WHOLESALE
from .batch import (
    DATA,
    FLAG,
    UNCHANGED,
    Batch,
    Bound,
    Item,
    Reference,
    before,
    comparable,
)
from .bridge_binding import ONE_BINDING
from .bridge_conflict import GONE_IN_ODOO

DEEPEST = 5  # relations that are followed by asking the remote, one behind the other
ABSENT = (404, 410)


@dataclass
class Fetched:
    """What became of fetching the records of jobs.

    :ivar list documents: (job, document), the document None where the remote has none any more
    :ivar list refused: (job, kind, message, charged, Shut)
    :ivar list left: jobs whose turn did not come
    :ivar bool stopped: will the remote give no more now
    """

    documents: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    left: list = field(default_factory=list)
    stopped: bool = False


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    # ----------------------------------------------------------------------------------------------------------------
    # Batch: from documents to items
    # ----------------------------------------------------------------------------------------------------------------

    def _batch(self, run, documents, client=None, mapper=None, read=(), **options):
        """Documents of this flow as a batch.

        :param run: the run that they are counted and logged for
        :param list documents: as the remote sent them
        :param Mapper mapper: the flow's, where it is compiled already
        :param read: for each document its Identity and its Mapped (or None), where that is known already
        :param Client client: to ask for what is missing; None if nothing may be asked
        :param options: further attributes of the batch
        :rtype: Batch
        """
        self.ensure_one()
        mapper = mapper or self._mapper()
        batch = Batch(run, self, mapper, [], client, **options)
        latest = {}
        for document, (identity, mapped) in itertools.zip_longest(documents, read, fillvalue=(None, None)):
            item = self._item(mapper, document, identity)
            item.mapped = mapped
            batch.items.append(item)
            if item.external_id in latest:  # a list that names a record twice means the later one
                latest[item.external_id].supersede()
            latest[item.external_id] = item
        return batch

    def _item(self, mapper, document, identity=None):
        identity = identity or mapper.identify(document)
        item = Item(
            document,
            identity.external_id or "?" + fingerprint(document)[:12],
            identity.fingerprint,
            identity.deleted,
            identity.updated,
            identity.version,
        )
        if identity.error:
            self._fail(item, identity.error)
        return item

    def _fail(self, item, error):
        """A mapping error, on the record that it concerns."""
        field_name = error.field
        label = self._field_label(field_name)
        message = self.connector_id._explain(error)
        item.fail(DATA, f"{label}: {message}" if label else message, field_name)

    def _field_label(self, field_name):
        field = self.env[self.model]._fields.get(field_name)
        return field.get_description(self.env, ["string"])["string"] if field is not None else ""

    # ----------------------------------------------------------------------------------------------------------------
    # Compare: what do we know already, and is anything new
    # ----------------------------------------------------------------------------------------------------------------

    def _compare(self, batch):
        """Find the bindings, and settle what is unchanged: one query, whatever the size of the batch."""
        items = {item.external_id: item for item in batch.items if not item.superseded}
        self.env["bridge.binding"].flush_model()
        table = self.env[self.model]._table
        self.env.cr.execute(
            f"""
            SELECT binding.id, binding.external_id, binding.res_id, binding.state,
                   binding.fingerprint = known.fingerprint AND binding.state != 'removed',
                   EXISTS (SELECT FROM "{table}" record WHERE record.id = binding.res_id),
                   CASE WHEN binding.fingerprint != known.fingerprint THEN binding.odoo_snapshot END,
                   CASE WHEN binding.fingerprint != known.fingerprint THEN binding.remote_snapshot END,
                   binding.parent_id
              FROM unnest(%s::text[], %s::text[]) AS known (external_id, fingerprint)
        CROSS JOIN LATERAL ({ONE_BINDING}) binding
            """,
            [list(items), [item.fingerprint for item in items.values()], self.id],
        )
        for row in self.env.cr.fetchall():
            item = items[row[1]]
            item.binding = Bound(*row)
            item.record_id = item.binding.res_id if item.binding.alive else None
            if item.open and item.binding.same and item.binding.alive and not item.prefer:
                item.action = UNCHANGED
        self._find_by_reference(batch)
        for item in batch.open_items():
            if item.deleted and (item.binding is None or item.binding.state == "removed"):
                item.action = UNCHANGED  # it came and went without us, or we know already
            elif item.binding and item.binding.state == "left":
                item.action = UNCHANGED  # it is not kept in agreement any more
            elif item.binding and not item.binding.alive and self.direction == "both":
                self._deleted_in_odoo(item)

    def _find_by_reference(self, batch):
        """Records that we have sent, and that come to us before their answer: known by the reference they carry."""
        if not self.reference_path or self.direction == "pull":
            return
        place, unknown = parse_path(self.reference_path), {}
        for item in batch.open_items():
            reference = place.read(item.document) if item.binding is None and not item.deleted else None
            if isinstance(reference, str):
                unknown[reference] = item
        self.env.cr.execute(
            f"""
            SELECT binding.reference, binding.id, binding.external_id, binding.res_id, binding.state, FALSE,
                   EXISTS (SELECT FROM "{self.env[self.model]._table}" record WHERE record.id = binding.res_id),
                   binding.odoo_snapshot, binding.remote_snapshot, binding.parent_id
              FROM bridge_binding binding
             WHERE binding.flow_id = %s AND binding.reference = ANY(%s) AND binding.state = 'creating'
            """,
            [self.id, list(unknown)],
        )
        for reference, *row in self.env.cr.fetchall():
            item = unknown[reference]
            item.binding = Bound(*row)
            item.record_id = item.binding.res_id if item.binding.alive else None

    def _deleted_in_odoo(self, item):
        """The record was deleted in Odoo, and the push that says so is still to come."""
        decision = self.env["bridge.conflict"]._standing_of(self, [item.binding.id]).get(item.binding.id, {})
        standing = item.standing = decision
        decision = standing.get((GONE_IN_ODOO, None), {}).get("decision")
        if item.prefer == "remote" or decision == "remote":
            return  # it is created again
        if item.deleted:
            item.action = FLAG  # gone on both sides
        elif item.binding.same or decision == "odoo":
            item.action, item.binding.same = UNCHANGED, True
            if decision == "odoo":
                item.pushes.add(None)  # the conflict stands until it is deleted there
        else:
            item.gone_here = True  # whether it was changed there is known when it is mapped

    # ----------------------------------------------------------------------------------------------------------------
    # Map: the remote's record in Odoo's terms
    # ----------------------------------------------------------------------------------------------------------------

    def _map(self, batch):
        """Read every field of the records that are not settled; references stay references."""
        for item in batch.open_items():
            if item.deleted:
                continue
            mapped = item.mapped or batch.mapper.map(item.document)
            if mapped.error:
                self._fail(item, mapped.error)
                continue
            self._take_values(batch, batch.mapper, item, mapped.values)
            self._map_children(batch, item)

    def _take_values(self, batch, mapper, item, values):
        """Keep what the mapping made of a document; note what has to be looked up, once for all later steps."""
        item.values = values
        for rule in mapper.rules:
            value = values.get(rule.field)
            if isinstance(value, REFERENCES) and not isinstance(value, Nested):
                batch.references.append(Reference(self, item, rule, value))
            if rule.field in values:
                item.remote_terms[rule.field] = comparable(value)

    def _map_children(self, batch, item):
        for rule in batch.mapper.rules:
            if rule.converter.name != "nested" or rule.field not in item.values:
                continue
            child_flow = self._child_flow(rule)
            del item.remote_terms[rule.field]
            documents = nested_documents(item.values.pop(rule.field))
            children = item.children[rule.field] = []
            for position, document in enumerate(documents):
                child = child_flow._child_item(batch, rule.child, item, document, position)
                children.append(child)
                if child.failure:
                    item.fail(
                        child.failure.kind, f"{child_flow.name} {position + 1}: {child.failure.message}", rule.field
                    )
                    return

    def _child_flow(self, rule):
        code = rule.converter.settings["flow"]
        return self.child_ids.filtered(lambda flow: flow.code == code)

    def _child_item(self, batch, mapper, parent, document, position):
        """A nested document as an item; one without an id of its own is known by its place in the parent."""
        if isinstance(document, dict) and mapper.about(document, "id") is None:
            child = Item(document, external_id=f"{parent.external_id}/#{position + 1}")
        else:
            child = self._item(mapper, document)
            if not self.global_ids:
                child.external_id = f"{parent.external_id}/{child.external_id}"
        child.parent = parent
        if child.failure:
            return child
        mapped = mapper.map(document)
        if mapped.error:
            self._fail(child, mapped.error)
        else:
            self._take_values(batch, mapper, child, mapped.values)
        return child

    # ----------------------------------------------------------------------------------------------------------------
    # Fetch what is related: records that are pointed to, and files
    # ----------------------------------------------------------------------------------------------------------------

    def _fetch_related(self, batch):
        """Ask the remote for what the batch points to and Odoo does not have.

        Nothing is written before; so no row of a business table is held while we wait.
        """
        if batch.client is None or batch.run.dry_run:
            return
        self._fetch_files(batch)
        for flow, missing in self._missing(batch).items():
            if flow == self and batch.patient:
                continue  # it may be on a later page, and else the second pass asks for it
            operation = flow._operation("get")
            if operation and batch.depth < DEEPEST:
                documents = flow._get_documents(operation, batch.client, missing)
                flow._pull_documents(batch, documents)

    def _missing(self, batch):
        """External ids that the batch points to and that are bound to nothing.

        :return: flow to list of external ids
        :rtype: dict
        """
        here = {item.external_id for item in batch.items}
        missing = {}
        for code, external_ids in batch.wanted_ids().items():
            flow = self._sibling(code)
            known = self.env["bridge.binding"]._known(flow, external_ids)
            absent = [one for one in external_ids if one not in known and not (flow == self and one in here)]
            if absent:
                missing[flow] = absent
        return missing

    def _sibling(self, code):
        """Another flow of the connector, by its code."""
        return self.connector_id.flow_ids.filtered(lambda flow: flow.code == code)

    def _get_documents(self, operation, client, external_ids):
        """The records that can be had; one that can not be had is missing, and its referrer says so.

        :raises RemoteError: if nothing can be had now
        """
        documents = []
        for external_id in external_ids:
            try:
                documents.append(operation._get(client, external_id))
            except RemoteError as error:
                if error.kind in WHOLESALE:
                    raise
        return documents

    def _pull_documents(self, batch, documents):
        """Bring documents of this flow along the road, for the sake of another batch.

        They are committed before anything else is asked of the remote.
        """
        related = self._batch(batch.run, documents, batch.client, commit=batch.commit, depth=batch.depth + 1)
        self._compare(related)
        self._map(related)
        self._fetch_related(related)
        self._plan(related)
        self._apply(related)
        self._journal(related)
        batch.commit(0)

    def _fetch_files(self, batch):
        for reference in batch.open_references(Download):
            item, name, value = reference.item, reference.rule.field, reference.value
            if self._has_file(item, name, value):
                continue
            try:
                content, _content_type = batch.client.download(value.url, value.max_bytes)
                item.values[name] = base64.b64encode(content).decode()
            except RemoteError as error:
                if error.kind in WHOLESALE:
                    raise
                message = f"{reference.flow._field_label(name)}: {self.connector_id._explain(error)}"
                (item.parent or item).fail(DATA, message, name)

    def _has_file(self, item, name, value):
        return item.binding and item.binding.alive and before(item.binding.remote_snapshot, name) == value.url

    # ----------------------------------------------------------------------------------------------------------------
    # Other beginnings of the same road
    # ----------------------------------------------------------------------------------------------------------------

    def _removal_batch(self, run, bindings):
        """Bindings whose remote record is gone, as a batch of tombstones."""
        batch = Batch(run, self, self._mapper(), [])
        alive = set(self.env[self.model].sudo().browse(bindings.mapped("res_id")).exists().ids)
        for binding in bindings:
            bound = Bound(
                binding.id,
                binding.external_id,
                binding.res_id,
                binding.state,
                False,
                binding.res_id in alive,
                binding.odoo_snapshot or {},
                binding.remote_snapshot or {},
            )
            batch.items.append(
                Item({}, binding.external_id, DELETED, deleted=True, binding=bound, record_id=binding.res_id)
            )
        return batch

    def _pull_records(self, jobs):
        """Single records, each the matter of a job: with the payload that failed, or fetched again.

        What could be fetched is written, also if the remote would give no more; the others wait.

        :param BridgeJob jobs: of this flow
        """
        exchanges = []
        run = jobs.run_id[:1] or self.env["bridge.run"]._start(self, "record")
        with self.connector_id._client(exchanges) as client:
            fetched = self._fetch_jobs(jobs, client, exchanges)
            run._again_when_busy(self._pull_record_batch, run, fetched, jobs, client, exchanges)

    def _fetch_jobs(self, jobs, client, exchanges):
        """The documents of jobs. Nothing is written here, so that nothing is lost if the batch has to be done again.

        :rtype: Fetched
        """
        operation, end = self._operation("get"), self.env.context.get("cron_end_time", math.inf)
        fetched, overtaken, failures, answered = Fetched(), jobs._overtaken(), 0, False
        for job in jobs - overtaken:  # a later state of the others is in Odoo; they have nothing left to do
            if job.payload:
                fetched.documents.append((job, job.payload))
            elif not operation:
                message = self.env._(
                    "The record can not be fetched again, because “%s” has no operation that gets one record.",
                    self.display_name,
                )
                fetched.refused.append((job, DATA, message, True, None))
            elif fetched.stopped or failures >= REST_AFTER or time.monotonic() > end:
                fetched.left.append(job)
            else:
                known = len(exchanges)
                try:
                    document = self._document_of(operation, client, job)
                    fetched.documents.append((job, document))
                    error = None
                except RemoteError as caught:
                    error = caught
                for exchange in exchanges[known:]:
                    exchange.job = job
                if error is None or error.kind not in WHOLESALE:  # it was answered
                    if failures or not answered:
                        self.connector_id._gate()._answered()
                    failures, answered = 0, True
                else:
                    failures += error.kind == "unavailable"
                if error is not None:
                    self._note_refusal(fetched, job, error)
        return fetched

    def _note_refusal(self, fetched, job, error):
        message, kind = self.connector_id._explain(error), error.kind
        if kind not in WHOLESALE:
            fetched.refused.append((job, kind, message, True, None))
            return
        charged, state = False, None
        if error.reason != "own_limit":
            state = self.connector_id._gate()._shut(kind, message, error.retry_after)
            charged = is_charged(job.error_kind == kind, state.failures)
        fetched.refused.append((job, kind, message, charged, state))
        fetched.stopped = kind != "unavailable"  # what has no answer may be one record's trouble; the rest is not

    def _document_of(self, operation, client, job):
        """The record of a job; None if the remote does not have it any more."""
        try:
            return operation._get(client, job.external_id)
        except RemoteError as error:
            if error.status in ABSENT:
                return None
            raise

    def _pull_record_batch(self, run, fetched, jobs, client, exchanges):
        for job, kind, message, charged, state in fetched.refused:
            outcome.fail_or_retry(job, kind, message, charged, state)
        for job in fetched.left:
            job._wait({})
        documents = [document for _job, document in fetched.documents if document]
        batch = self._batch(run, documents, client, commit=functools.partial(lane.commit, jobs.env))
        prefer = {job.external_id: job.prefer for job in jobs if job.prefer}
        for item in batch.items:
            item.prefer = prefer.get(item.external_id)
        kept = self.env["bridge.exchange"]._record(run, exchanges)
        batch.exchange_ids = {exchange.job.external_id: one for exchange, one in kept.items() if exchange.job}
        batch.items += [self._tombstone(job.external_id) for job, document in fetched.documents if document is None]
        self._compare(batch)
        self._map(batch)
        self._fetch_related(batch)
        self._plan(batch)
        self._apply(batch)
        self._journal(batch, jobs)
        if run.trigger == "record":  # a run that walked a list has counted these records already
            run._count(batch)
        outcome.conclude(jobs, finished=True)
        run._finish_records()
        outcome.wake_when_due(jobs.browse(job.id for job, *_rest in fetched.refused))
        return lane.commit(jobs.env, 0)

    def _tombstone(self, external_id):
        return Item({}, external_id, DELETED, deleted=True)
