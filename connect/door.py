"""What each call of a webhook has to know of its connector."""

from datetime import datetime
from typing import NamedTuple

from ..remote.errors import ConfigurationError
from ..remote.webhooks import HOOK_SCHEMES


class Door(NamedTuple):
    """One connector, for those who call it.

    :ivar int most: bytes of a body
    :ivar float rate: calls a second; 0: no limit
    :ivar dict places: name of what a call says to where it says it
    :ivar dict options: of the scheme
    :ivar secret: the newest; empty if there is none, None if it can not be read on this server
    :ivar old_secret: the one before it, valid until ``old_until`` (naive UTC)
    :ivar tuple[str] blanked: what must not be kept of a call
    """

    connector_id: int
    company_id: int | None
    most: int
    rate: float
    challenge: str | None
    challenge_name: str | None
    places: dict[str, str]
    scheme_name: str
    options: dict
    secret: str | None
    old_secret: str | None
    old_until: datetime | None
    blanked: tuple[str, ...]

    def __repr__(self):
        return f"Door({self.connector_id})"  # no secret stands in a log of local variables

    def scheme(self, now):
        """How a call proves who has sent it, with the secrets that are valid now.

        :param datetime now: naive UTC
        :rtype: HookScheme
        :raises ConfigurationError: if it can not be read here, or the scheme belongs to an addon that is gone
        """
        is_old_valid = self.old_until is not None and self.old_until > now
        secrets = [self.secret, self.old_secret] if is_old_valid else [self.secret]
        if None in secrets or self.scheme_name not in HOOK_SCHEMES:
            raise ConfigurationError("no secret")
        return HOOK_SCHEMES[self.scheme_name](self.options, [secret for secret in secrets if secret])
