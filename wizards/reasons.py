"""Reasons of the plain layer, in a person's language."""

from ..remote.errors import RemoteError


def told(env, reason):
    """:param Reason reason: why something is proposed
    :rtype: str
    """
    explain = env["bridge.connector"]._explain
    values = {
        name: explain(value) if isinstance(value, RemoteError) else value for name, value in reason.values.items()
    }
    template = env._(reason.template)
    return template % values
