"""What an error of a request about one record means: done, again, held, or failed. Pure."""

from ...remote.flight import WHOLESALE
from ...remote.status import is_absent, is_stale
from ..words import SEND_ARCHIVE, SEND_CREATE, SEND_DELETE, SEND_RESTORE, SEND_UPDATE

DONE, HELD, STALE, GONE, FAILED = "done", "held", "stale", "gone", "failed"


def as_wanted(receipt):
    """A receipt; but if it says that what was to be removed is gone, that is what was wanted.

    :rtype: Receipt
    """
    if receipt.error is not None and is_absent(receipt.error) and receipt.step.action in (SEND_DELETE, SEND_ARCHIVE):
        return receipt._replace(error=None)
    return receipt


def judge(policy, receipt):
    """What becomes of a record.

    :param Policy policy: what its flow may do
    :param Receipt receipt: what was answered
    :return: ``done``; ``held``: it stays in the outbox; ``stale``: it has another version there than we know;
        ``gone``: it is not there any more; or ``failed``
    :rtype: str
    """
    error, action = receipt.error, receipt.step.action
    if error is None:
        return DONE if receipt.sent else HELD
    if error.kind in WHOLESALE:
        return HELD
    if is_absent(error) and action in (SEND_UPDATE, SEND_RESTORE):
        return GONE
    if is_stale(error) and receipt.sent and "get" in policy.kinds and action != SEND_CREATE:
        return STALE
    return FAILED


def kind_of(step, error):
    """The kind of a record's failure.

    :rtype: str
    """
    # The first request with this key is still being worked on (draft-ietf-httpapi-idempotency-key-header, 2.6).
    return "busy" if step.repeats and error.status == 409 else error.kind


def set_aside(held, error, is_answering):
    """Records whose requests fail while others are answered are failures of their own; the others go on.

    :param dict held: Odoo id to the error of its request, or None
    :param RemoteError error: why not all could be sent; None: all could
    :param is_answering: a function that tells whether the other system answers other requests
    :return: Odoo ids
    :rtype: list[int]
    """
    if error is None or error.kind != "unavailable":
        return []
    tried = [record_id for record_id, one in held.items() if one is not None and one.kind == "unavailable"]
    return tried if tried and is_answering() else []
