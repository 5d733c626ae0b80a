"""What the records of a batch point to and Odoo does not have: asked of the remote, and brought first.

Nothing is written before; so no row of a business table is held while we wait.
"""

import base64
import functools

from ...mapping.merge import before
from ...mapping.references import Download
from ...remote.errors import RemoteError
from ...remote.flight import WHOLESALE
from ..words import DATA, DEEPEST
from .arrival import identify
from .facts import throughout
from .references import references, wanted_ids


def fetch(pull, records):
    """Ask the remote for files and for related records.

    :param list[Facts] records: translated
    :rtype: list[Facts]
    :raises RemoteError: if nothing can be had now
    """
    if pull.run.dry_run:
        return records
    records = [_with_files(pull, facts) if facts.is_mapped else facts for facts in records]
    if pull.client is None:
        return records
    for flow, external_ids in _missing(pull, records).items():
        if flow == pull.flow and pull.is_patient:
            continue  # it may be on a later page, and else the second pass asks for it
        operation = flow._operation("get")
        if operation and pull.depth < DEEPEST:
            documents = _documents(operation, pull.client, external_ids)
            beside = pull.beside(flow)
            beside.bring(identify(flow, beside.mapper, documents))
            pull.commit(0)  # before anything else is asked for
    return records


def _missing(pull, records):
    """External ids that the records point to and that are bound to nothing.

    :return: flow to list of external ids
    :rtype: dict
    """
    here = {facts.arrival.external_id for facts in records}
    missing = {}
    for code, external_ids in wanted_ids(pull, records).items():
        flow = pull.flow._sibling(code)
        known = pull.env["bridge.binding"]._known(flow, external_ids)
        absent = [one for one in external_ids if one not in known and not (flow == pull.flow and one in here)]
        if absent:
            missing[flow] = absent
    return missing


def _documents(operation, client, external_ids):
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


# Files


def _with_files(pull, facts):
    """A record, and those inside it, with the content of the files that they point to."""
    if not any(references(pull, facts, Download)):
        return facts
    return throughout(pull, facts, functools.partial(_own_files, pull))


def _own_files(pull, flow, mapper, facts, _is_inside):
    values, terms, unknown = dict(facts.values), dict(facts.terms), False
    for rule in mapper.plain:
        value = values.get(rule.field)
        if not isinstance(value, Download) or _has_file(facts.bound, rule.field, value):
            continue
        content = _content(pull, value)
        if content is None:  # nothing may be asked: it is as if the remote said nothing of it, until it is looked at
            del values[rule.field], terms[rule.field]
            unknown = True
        elif isinstance(content, RemoteError):
            message = f"{flow._field_label(rule.field)}: {pull.flow.connector_id._explain(content)}"
            return facts, (DATA, message, rule.field)
        else:
            values[rule.field] = base64.b64encode(content).decode()
    arrival = facts.arrival._replace(fingerprint="") if unknown else facts.arrival
    return facts._replace(values=values, terms=terms, arrival=arrival), None


def _content(pull, value):
    """The content of a file, or the error of its address, asked for once; None if nothing may be asked.

    :raises RemoteError: if nothing can be had now
    """
    if value.url not in pull.files and pull.client is not None:
        try:
            pull.files[value.url] = pull.client.download(value.url, value.max_bytes)[0]
        except RemoteError as error:
            if error.kind in WHOLESALE:
                raise
            pull.files[value.url] = error
    return pull.files.get(value.url)


def _has_file(bound, name, value):
    return bound and bound.alive and before(bound.remote_snapshot, name) == value.url
