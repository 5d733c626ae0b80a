"""What the records of a batch point to and Odoo does not have: asked of the remote, and brought first.

Nothing is written before; so no row of a business table is held while we wait.
"""

import base64
import functools
import re

from odoo import fields
from odoo.tools.image import ImageProcess

from ...mapping.merge import before
from ...mapping.references import Download
from ...remote.address import origin, resolve
from ...remote.errors import RemoteError
from ...remote.flight import WHOLESALE
from ..outcome import Failure
from ..words import DATA, DEEPEST, DEPENDENCY
from .arrival import identify
from .facts import throughout
from .references import references, wanted_ids

# PNG, JPEG, GIF, WebP, BMP.
PICTURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|BM.{4}\x00\x00\x00\x00", re.DOTALL)
OF_NO_KIND = ("", "application/octet-stream", "binary/octet-stream")
MOST_SILENT = 2  # files of a batch that are waited for in vain at one host


def fetch(pull, records):
    """Ask the remote for files and for related records.

    :param list[Facts] records: translated
    :rtype: list[Facts]
    :raises RemoteError: if nothing can be had now
    """
    if pull.run.dry_run:
        return records
    has_images = any(map(_has_images, (pull.mapper, *(rule.child for rule in pull.mapper.nested))))
    records = [_with_files(pull, facts, has_images) if facts.is_mapped else facts for facts in records]
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


def _with_files(pull, facts, has_images):
    """A record, and those inside it, with the content of the files that they point to."""
    if has_images:
        facts = throughout(pull, facts, functools.partial(_inline_images, pull))
    if not any(references(pull, facts, Download)):
        return facts
    return throughout(pull, facts, functools.partial(_own_files, pull))


def _has_images(mapper):
    return any(rule.reader.name == "image" and rule.reader.settings["inline"] for rule in mapper.rules)


def _inline_images(_pull, flow, mapper, facts, _is_inside):
    """A picture inside the record is looked at like one that is fetched."""
    for rule in mapper.plain:
        value = facts.values.get(rule.field)
        is_inline = rule.reader.name == "image" and isinstance(value, str)
        if is_inline and _is_image(flow, rule) and not is_image(base64.b64decode(value)):
            message = flow.env._("What is inside the record is no image that Odoo can read.")
            failure = Failure(DATA, f"{flow._field_label(rule.field)}: {message}", rule.field)
            if rule.required:
                return facts, failure
            values = {name: one for name, one in facts.values.items() if name != rule.field}
            terms = {name: one for name, one in facts.terms.items() if name != rule.field}
            facts = facts._replace(values=values, terms=terms).without(rule.field, failure)
    return facts, None


def _own_files(pull, flow, mapper, facts, _is_inside):
    for rule in mapper.plain:
        value = facts.values.get(rule.field)
        if not isinstance(value, Download) or _has_file(facts.bound, rule.field, value):
            continue
        content = _content(pull, flow, rule, value)
        if isinstance(content, bytes):
            facts = facts._replace(values={**facts.values, rule.field: base64.b64encode(content).decode()})
            continue
        if isinstance(content, Failure) and rule.required:
            return facts, content
        # The record goes on as if the remote said nothing of it, until it is looked at again.
        facts = facts._replace(
            values={name: one for name, one in facts.values.items() if name != rule.field},
            terms={name: one for name, one in facts.terms.items() if name != rule.field},
        )
        if isinstance(content, Failure):
            facts = facts.without(rule.field, content)
        else:
            facts = facts._replace(arrival=facts.arrival._replace(fingerprint=""))
    return facts, None


def _content(pull, flow, rule, value):
    """The content of a file; the failure of its address, which is asked for once; None if nothing may be asked.

    :raises RemoteError: if nothing can be had of the other system now
    """
    content = _asked(pull, value)
    if isinstance(content, RemoteError):
        passes = content.kind in ("unavailable", "throttled")
        kind = DEPENDENCY if passes else DATA  # what passes is tried again by itself
        message = pull.flow.connector_id._tell(content)
    elif content is not None and _is_image(flow, rule) and not is_image(*content):
        kind, message = DATA, pull.env._("There is no image that Odoo can read at %s", value.url)
    else:
        return content and content[0]
    return Failure(kind, f"{flow._field_label(rule.field)}: {message}", rule.field)


def _asked(pull, value):
    """The content of a file, or the error of its address; None if nothing may be asked.

    A file says nothing about the health of the other system, least of all one that lies somewhere else; only what
    counts for every request is raised.
    """
    if value.url not in pull.files and pull.client is not None:
        pull.files[value.url] = _downloaded(pull, value)
    return pull.files.get(value.url)


def _downloaded(pull, value):
    base_url, host = pull.flow.connector_id.base_url, None
    try:
        url = resolve(base_url.rstrip("/") + "/", value.url)
        host = origin(url)
        silence = pull.files.get(host, ())  # the errors of files that were waited for in vain
        if len(silence) >= MOST_SILENT:
            return silence[-1]
        return pull.client.download(url, value.max_bytes)
    except RemoteError as error:
        # Our own limit is one of all requests; a file that other credentials are needed for is only that.
        if error.reason == "own_limit" or (error.kind == "throttled" and host == origin(base_url)):
            raise
        if error.kind == "unavailable":
            pull.files[host] = (*silence, error)
        return error


def _is_image(flow, rule):
    return isinstance(flow.env[flow.model]._fields[rule.field], fields.Image)


def is_image(content, content_type=""):
    """Is this a picture that Odoo can store? It takes for one whatever begins like a tag, such as the page of a system
    in the own network; so what counts is how the picture begins. SVG can hold scripts, and is none.

    :param bytes content: of a file
    :param str content_type: as it was sent
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not PICTURE.match(content) or not (kind in OF_NO_KIND or kind.startswith("image/")):
        return False
    try:
        ImageProcess(content)
    except Exception:  # a picture that is cut, or a bomb, makes the library raise whatever it meets
        return False
    return bool(content)


def _has_file(bound, name, value):
    return bound and bound.alive and before(bound.remote_snapshot, name) == value.url
