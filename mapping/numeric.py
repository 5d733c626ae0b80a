"""Whole and decimal numbers, as number or text; what may be two numbers is refused."""

import decimal
import re

from .converter import Converter, Option, converter
from .currencies import MINOR_UNITS
from .errors import ConversionError, PathError, _lt
from .paths import MISSING

DECIMAL_SIGN = Option(
    "sign",
    _lt("how texts are written: “,” for 1.234,56 € and “.” for EUR 1,234.56; not needed for plain 1234.56"),
)
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CURRENCY = r"(?:[A-Z]{3}|[A-Z]{0,2}[$€£¥₩₹₽₺₴₦₫₱฿₪₡₲₵₸₼₾]|kr\.?|zł|Kč|Fr\.|Ft)"
# A number as people write it: sign, currency, groups of digits with one sign between them all, decimals, sign.
_WRITTEN = r"""
    (?P<minus>[-−+(]?) {blank} {currency}? {blank} (?P<minus2>[-−+]?) {blank}
    (?P<whole>\d{{1,3}}(?:(?P<group>[{groups}])(?:\d{{2,3}}(?P=group))*\d{{3}})|\d+)
    (?:{sign}(?P<part>\d+))? {blank} {currency}? {blank} (?P<end>[-−)]?)
"""


def _written(sign):
    groups = re.escape(("." if sign == "," else ",") + " \u00a0\u202f'’")
    text = _WRITTEN.format(
        blank="[ \u00a0\u202f]*".replace(" ", r"\ "), currency=_CURRENCY, groups=groups, sign="\\" + sign
    )
    return re.compile(text, re.ASCII | re.VERBOSE)


_WRITTEN_WITH = {sign: _written(sign) for sign in (".", ",")}


def number(value, reason="not_decimal", sign=None):
    """A number or text, exactly.

    :param str reason: of the error
    :param str sign: the decimal sign of texts, if a person has said which; then they may have groups and a currency
    :rtype: decimal.Decimal
    :raises ConversionError: if it is no number, or may be two
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ConversionError(reason, value=value)
    # Through text, because Decimal(0.1) has 55 digits.
    text = value.strip() if isinstance(value, str) else repr(value)
    if isinstance(value, str) and sign:
        text = _plain(text, sign, reason)
    elif isinstance(value, str) and not _PLAIN.fullmatch(text):
        might_be = any(pattern.fullmatch(text) for pattern in _WRITTEN_WITH.values())
        raise ConversionError("number_notation" if might_be else reason, value=value)
    try:
        found = decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise ConversionError(reason, value=value) from None
    if not found.is_finite() or abs(found.adjusted()) > 300:  # a float's range
        raise ConversionError(reason, value=value)
    return found


def _plain(text, sign, reason):
    found = _WRITTEN_WITH[sign].fullmatch(text)
    if not found:
        raise ConversionError(reason, value=text)
    if (found["minus"] == "(") != (found["end"] == ")"):
        raise ConversionError(reason, value=text)
    signs = [one for one in (found["minus"], found["minus2"], found["end"]) if one and one != ")"]
    if len(signs) > 1:
        raise ConversionError(reason, value=text)
    digits = re.sub(r"\D", "", found["whole"]) + ("." + found["part"] if found["part"] else "")
    return digits if signs in ([], ["+"]) else "-" + digits


def _quantize(value, digits):
    try:
        return value.quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    except decimal.InvalidOperation:  # more digits than a decimal context holds
        raise ConversionError("not_decimal", value=str(value)) from None


@converter
class Integer(Converter):
    """A whole number, also written as text or as 3.0."""

    name = "integer"
    label = _lt("Whole number")
    refers = False
    options = {"decimal_sign": DECIMAL_SIGN}
    field_types = frozenset({"integer", "float", "monetary", "char"})
    LARGEST = 2**31 - 1  # PostgreSQL's int4

    def read(self, value):
        found = number(value, "not_integer", self.settings["decimal_sign"])
        if found != found.to_integral_value():
            raise ConversionError("not_integer", value=value)
        if not -self.LARGEST - 1 <= found <= self.LARGEST:
            raise ConversionError("out_of_range", value=value)
        return int(found)

    def write(self, value):
        found = number(value, "not_integer")
        if found != found.to_integral_value():
            raise ConversionError("not_integer", value=value)
        return int(found)


@converter
class Decimal(Converter):
    """A number as number or text, in major units or in minor ones.

    How many minor units make one is fixed (``scale`` 100 for cents), or as the currency of the record says
    (``scale_by_currency``): 5000 are 50 EUR, but 5000 JPY. Where the amount is that of several (``per``), the number is
    that of one: a unit price whose product with the quantity is the amount again, to the cent.
    """

    name = "decimal"
    label = _lt("Decimal number")
    refers = False
    options = {
        "scale": Option("scale", _lt("how many minor units make one, 100 for cents"), default=1),
        "scale_by_currency": Option("text", _lt("amounts are in minor units; where the record has its currency code")),
        "minor_units": Option("object", _lt("where the other system counts otherwise, for example {“ISK”: 100}")),
        "per": Option("text", _lt("the amount is for several; where the record says for how many")),
        "digits": Option("count", _lt("round to so many decimals")),
        "as_text": Option("boolean", _lt("write it as text"), default=False),
        "decimal_sign": DECIMAL_SIGN,
    }
    field_types = frozenset({"float", "monetary", "integer", "char"})

    def _prepare(self):
        self.currency = self._place("scale_by_currency", "a path such as currency")
        self.several = self._place("per", "a path such as quantity")
        if self.currency and self.settings["scale"] != 1:
            self._refuse("scale", "left out where scale_by_currency is set")
        units = self.settings["minor_units"] or {}
        if units and not self.currency:
            self._refuse("minor_units", "left out where scale_by_currency is not set")
        if any(not isinstance(one, int) or isinstance(one, bool) or one < 1 for one in units.values()):
            self._refuse("minor_units", "an object with whole numbers from 1")
        self.units = MINOR_UNITS | {code.upper(): unit for code, unit in units.items()}

    def _place(self, name, needed):
        try:
            return self._path(name)
        except PathError:
            return self._refuse(name, needed)

    @property
    def both_ways(self):
        return not self.several  # what is sent is one value, and the quantity may change alone

    def read(self, value):
        return self._major(value, self.settings["scale"])

    def read_in(self, value, document):
        scale = self._minor_units(self.currency.read(document)) if self.currency else self.settings["scale"]
        return self._major(value, scale, self._how_many(document) if self.several else 1)

    def also_reads(self, document):
        found = [place.read(document) for place in (self.currency, self.several) if place]
        return [None if value is MISSING else value for value in found]

    def _major(self, value, scale, many=1):
        amount = number(value, sign=self.settings["decimal_sign"]) / scale
        if not many and amount:
            raise ConversionError("per_nothing", path=self.several.text, value=value)
        return float(self._round(amount / many if many else amount))

    def _how_many(self, document):
        many = self.several.read(document)
        if many is None or many is MISSING:
            raise ConversionError("missing", path=self.several.text)
        return number(many, sign=self.settings["decimal_sign"])

    def _minor_units(self, code):
        known = isinstance(code, str) and self.units.get(code.strip().upper())
        if not known:
            raise ConversionError("no_currency", path=self.currency.text, value=None if code is MISSING else code)
        return known

    def write(self, value):
        scale = self.settings["scale"]
        if self.currency:
            value, scale = value.amount, self._minor_units(value.currency)
        found = self._round(number(value)) * scale
        if scale > 1 or self.currency:  # minor units are counted, never split
            found = _quantize(found, 0)
        if self.settings["as_text"]:
            return format(found, "f").replace(".", self.settings["decimal_sign"] or ".")
        return int(found) if found == found.to_integral_value() else float(found)

    def _round(self, value):
        return value if self.settings["digits"] is None else _quantize(value, self.settings["digits"])
