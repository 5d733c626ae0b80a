"""When two values name the same record: as people mean them, not letter by letter.

One rule for all who compare keys: the key fields of a flow (road/pull/match.py), related records by a field
(road/keyed.py), and records that the other system names (road/push/find.py, road/push/answers.py).
"""

import re

EXACT, IGNORE_CASE, EMAIL, CODE, PHONE = "exact", "ignore_case", "email", "code", "phone"
WAYS = (EXACT, IGNORE_CASE, EMAIL, CODE, PHONE)

_ADDRESS = re.compile(r".*<([^<>]*)>\s*", re.DOTALL)  # Ann Lee <ann.lee@example.com>
# What does not count, in words that Python and PostgreSQL read alike: what is left is the same for all values that are
# alike, and nearly only for them. Letters outside of ASCII are left out, because what their capitals are depends on
# the settings of the database.
ROUGH = {
    IGNORE_CASE: r"[^A-Za-z0-9]",
    EMAIL: r"^.*<|>\s*$|[^A-Za-z0-9]",
    CODE: r"[^A-Za-z0-9]",
    PHONE: r"^\s*00|\(0\)|[^0-9]",
}


def usual_way(name):
    """How the values of a field are compared where nothing else is said.

    :param str name: of the Odoo field
    :rtype: str
    """
    if name == "email" or name.startswith("email_") or name.endswith("_email"):
        return EMAIL
    return {"vat": CODE, "phone": PHONE, "mobile": PHONE}.get(name, EXACT)


def alike(value, way):
    """The same for all values that mean the same; None for a text that means nothing, such as "-" for a telephone.

    :param value: a text; anything else is what it is
    :param str way: one of ``WAYS``
    """
    if way == EXACT or not isinstance(value, str):
        return value
    return _LIKE[way](value) or None


def rough(value, way):
    """What is left of a text by which it is looked for in the database: alike texts have it in common.

    :rtype: str
    """
    return re.sub(ROUGH[way], "", value, flags=re.DOTALL).lower()


def _words(value):
    return _small(" ".join(value.split()))


def _address(value):
    found = _ADDRESS.fullmatch(value)
    return _small("".join((found[1] if found else value).split()))


def _letters_and_digits(value):
    return _small("".join(one for one in value if one.isalnum()))


def _digits(value):
    if any(one.isalpha() for one in value):  # an extension, or a word on the keys: its digits alone are another number
        return _letters_and_digits(value)
    return rough(value, PHONE)


def _small(value):
    # A sign that is only in the end an ASCII letter, such as the Kelvin sign, stays itself: see ROUGH.
    if value.isascii():
        return value.lower()
    return "".join(one.lower() if one.isascii() or not re.search("[a-z]", one.lower()) else one for one in value)


_LIKE = {IGNORE_CASE: _words, EMAIL: _address, CODE: _letters_and_digits, PHONE: _digits}
