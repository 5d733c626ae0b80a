"""Which of our roles whoever is signed in has. What each may is in ``security/``."""

EXTERNAL = "integration_bridge.group_integration_bridge_external"
OPERATOR = "integration_bridge.group_integration_bridge_operator"
ADMINISTRATOR = "integration_bridge.group_integration_bridge_administrator"


def is_external(env):
    """Is it another system, which only calls Odoo?"""
    return env.user.has_group(EXTERNAL)


def is_operator(env):
    """May this person run and retry?"""
    return env.user.has_group(OPERATOR)


def is_administrator(env):
    """May this person connect systems and change what is mapped?"""
    return env.user.has_group(ADMINISTRATOR)
