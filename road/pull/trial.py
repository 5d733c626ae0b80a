"""The first records of a list, read but not brought: what *Test Connection* says of them."""

import collections

from ...mapping.paths import MISSING
from ..outcome import Failure


def reasons(flow, documents):
    """Why records could not be read, the commonest reason first.

    Nothing is looked up: what a record refers to is not asked for.

    :param BridgeFlow flow: whose list it is
    :param list documents: as the remote sent them
    :return: reason to the number of records
    :rtype: collections.Counter
    """
    mapper, found = flow._mapper(), collections.Counter()
    for document in documents:
        identity, mapped = mapper.identify_and_map(document)
        error = identity.error or (mapped and mapped.error)
        if error:
            found[Failure.of(flow, error).message] += 1
    return found


def absent(flow, documents):
    """Mapped paths that no record has, if those are most of them: as where the list gives a part of each only.

    :rtype: list[str]
    """
    rules = [rule for rule in flow._mapper().plain if rule.path is not None and rule.pulls]
    found = [rule.path.text for rule in rules if all(rule.source(one) is MISSING for one in documents)]
    return found if 2 * len(found) > len(rules) else []
