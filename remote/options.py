"""Options that a person gives as JSON: what they may be, and words for what they may not."""

from __future__ import annotations

from dataclasses import dataclass

import jmespath
import jmespath.exceptions

from .errors import ConfigurationError, _lt

NONE_OF = _lt("%(name)s: %(value)s is none of %(known)s.")


class OptionError(ConfigurationError):
    """An option is unknown, missing or has a value that it can not have."""


@dataclass(frozen=True)
class Option:
    """One setting. ``kind`` is text, integer, flag, value (any JSON), path (JMESPath), choice, object, names or texts.

    ``names`` is a list of texts, ``texts`` an object whose values are texts.
    """

    label: str
    kind: str = "text"
    default: object = None
    choices: tuple[str, ...] = ()

    def check(self, name, value):
        """:raises OptionError: with the name of the option"""
        if self.kind == "choice" and value not in self.choices:
            raise OptionError(NONE_OF, name=name, value=repr(value), known=", ".join(self.choices))
        if self.kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
            raise OptionError(_lt("%(name)s: %(value)s is not a whole number."), name=name, value=repr(value))
        if self.kind == "flag" and not isinstance(value, bool):
            raise OptionError(_lt("%(name)s: %(value)s is neither true nor false."), name=name, value=repr(value))
        if self.kind in ("path", "text") and not isinstance(value, str):
            raise OptionError(_lt("%(name)s: %(value)s is not a text."), name=name, value=repr(value))
        if self.kind == "object" and not isinstance(value, dict):
            raise OptionError(_lt("%(name)s: %(value)s is not an object."), name=name, value=repr(value))
        if self.kind == "names" and not _are_texts(value, list):
            raise OptionError(_lt("%(name)s: %(value)s is not a list of texts."), name=name, value=repr(value))
        if self.kind == "texts" and not _are_texts(value, dict):
            raise OptionError(
                _lt("%(name)s: %(value)s is not an object whose values are texts."), name=name, value=repr(value)
            )
        if self.kind == "path":
            _compiled(name, value)


def check_options(owner: str, known: dict[str, Option], given: dict) -> None:
    """Check what was given against what there is.

    :param owner: whose options they are, as it is called in a definition
    :raises OptionError: the first that is unknown or wrong
    """
    for name, value in given.items():
        if name not in known:
            raise OptionError(
                _lt("%(name)s: no option of “%(owner)s”; it has: %(known)s."),
                name=name,
                owner=owner,
                known=", ".join(known) or "-",
            )
        known[name].check(name, value)


def _are_texts(value, kind):
    if not isinstance(value, kind):
        return False
    return all(isinstance(one, str) for one in (value.values() if kind is dict else value))


def _compiled(name, expression):
    try:
        return jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise OptionError(
            _lt("%(name)s: %(value)s is not a JMESPath expression."), name=name, value=repr(expression)
        ) from error
