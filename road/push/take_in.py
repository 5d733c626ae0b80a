"""What the remote has to say while we push: the road to Odoo, in batches of its own."""

from ..outcome import NOTHING
from ..pull import arrival
from ..pull.facts import tombstone
from ..words import UNCHANGED


def take_in(push, documents, gone=(), client=None, files=None, orders=NOTHING):
    """Bring what was learned of records that we push to Odoo: one transaction.

    :param list documents: (remote record, its version where that is in a header)
    :param gone: remote ids of those that are not there any more
    :param Client client: to ask for what they point to; None: nothing may be asked
    :param dict files: content by address, of files that were fetched for them before
    :param dict orders: remote id to the side that a person wants for the record (``prefer``), and the fields for which
        it is wanted (``only``)
    """
    pull = _pull(push, client, files)
    arrivals = [one._replace(**orders.get(one.external_id, {})) for one in _arrivals(push, pull, documents)]
    outcomes = pull.bring([*arrivals, *map(tombstone, gone)])
    # That nothing had changed there says nothing.
    push.run._count([outcome for outcome in outcomes if outcome.action != UNCHANGED])
    push.commit(0)


def fetch_related(push, documents, files):
    """Ask for what remote records point to, before anything is held of them: one transaction.

    :param dict files: gets the content of files, by their addresses
    """
    pull = _pull(push, push.client, files)
    pull.fetch(pull.translate(pull.recognise(arrival.latest(_arrivals(push, pull, documents)))))
    push.commit(0)


def answers(push, receipts):
    """The answers are the newest that is known of the remote: what else has changed there is taken in at once.

    :param list[Receipt] receipts: those of which the answer says how the record is now
    """
    if push.policy.direction == "both" and receipts:
        take_in(push, [(receipt.answer, receipt.version) for receipt in receipts])


def _pull(push, client, files):
    return push.flow._pull(
        push.run, client, mapper=push.mapper, policy=push.policy, commit=push.commit, is_sending=True, files=files
    )


def _arrivals(push, pull, documents):
    arrivals = arrival.identify(push.flow, pull.mapper, [document for document, _version in documents])
    return [
        one if version is None else one._replace(version=version)
        for one, (_document, version) in zip(arrivals, documents, strict=True)
    ]
