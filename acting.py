"""Who may act as whom: what an approval is, and when it does not hold any more. Plain; the model asks (``models/``).

A connector acts in Odoo as a user. It may do so because that user has configured it, or because a system administrator
has. Either is an *approval*: of this user, with the rights of that moment, for these uses. Whatever goes beyond it
stops the connector until somebody who may says yes again.
"""

import re
from typing import NamedTuple

from .remote.redaction import is_sensitive

PULL, PUSH, MATCH, CREATE, DELETE, CALL = "pull", "push", "match", "create", "delete", "call"

# Models that decide over rights, code or credentials; a name that ends with a dot stands for all that begin so.
# What is named by its beginning is Odoo's own machinery: no business record is kept there.
SENSITIVE_MODELS = frozenset(
    {
        "ir.",
        "bridge.",
        "res.users",
        "res.users.",
        "res.groups",
        "res.groups.",
        "res.config.",
        "res.device",
        "res.device.",
        "auth.",
        "auth_totp.",
        "base.automation",
        "base_import.",
        "fetchmail.server",
        "iap.account",
        "mail.template",
        "mail.alias",
        "mail.ice.server",
        "mail.guest",
        "payment.provider",
        "payment.token",
        "certificate.key",
        "certificate.certificate",
        "google.",
        "microsoft.",
    }
)


class Use(NamedTuple):
    """One thing that a connector does in Odoo with the rights of its acting user.

    :ivar str model: of Odoo; empty for an address that is called
    :ivar str field: of the model, with dots for one of a related record; empty for the records as a whole
    :ivar str way: ``PULL``, ``PUSH``, ``MATCH``, ``CREATE``, ``DELETE``; ``CALL`` for an address
    """

    model: str
    field: str
    way: str


class Approval(NamedTuple):
    """Who has said that a connector may act as a user, and of what.

    :ivar int user: who is acted as
    :ivar int by: who has said so
    :ivar frozenset groups: the ids of the user's groups at that moment, implied ones too
    :ivar frozenset uses: of ``Use``
    """

    user: int
    by: int
    groups: frozenset
    uses: frozenset

    @property
    def is_own(self):
        """Has the acting user configured the connector without anybody else?"""
        return self.user == self.by


class Lapse(NamedTuple):
    """Why a connector may not act as its user.

    :ivar str reason: ``none`` (nobody has approved this user), ``groups`` (the user has more rights), ``uses`` (more is
        done), ``sensitive`` (it takes a system administrator)
    :ivar frozenset what: ids of groups, or ``Use``
    """

    reason: str
    what: frozenset = frozenset()


def lapse(approval, user, groups, uses, sensitive):
    """Does an approval hold for what a connector is and does now?

    :param Approval approval: None: there is none
    :param int user: who it acts as
    :param groups: the ids of the user's groups
    :param uses: of ``Use``
    :param sensitive: which of these only a system administrator may approve
    :return: None if it holds
    :rtype: Lapse | None
    """
    if approval is None or approval.user != user:
        return Lapse("none")
    if set(groups) - approval.groups:
        return Lapse("groups", frozenset(groups) - approval.groups)
    if approval.is_own and sensitive:
        return Lapse("sensitive", frozenset(sensitive))
    if set(uses) - approval.uses:
        return Lapse("uses", frozenset(uses) - approval.uses)
    return None


def is_among(model, names):
    """Is a model one of these, where a name that ends with a dot stands for all that begin so?"""
    return model in names or any(name.endswith(".") and model.startswith(name) for name in names)


def is_sensitive_path(path):
    """Does any field on a path hold a credential, by its name?"""
    return any(is_sensitive(part) for part in re.split(r"[.:]", path))
