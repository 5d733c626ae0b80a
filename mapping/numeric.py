"""Whole and decimal numbers."""

import decimal

from .converter import Converter, Option, converter
from .errors import ConversionError, _lt


@converter
class Integer(Converter):
    """A whole number, also written as text or as 3.0."""

    name = "integer"
    label = _lt("Whole number")
    field_types = frozenset({"integer", "float", "monetary", "char"})
    LARGEST = 2**31 - 1  # PostgreSQL's int4

    def read(self, value):
        number = _decimal(value, "not_integer")
        if number != number.to_integral_value():
            raise ConversionError("not_integer", value=value)
        if not -self.LARGEST - 1 <= number <= self.LARGEST:
            raise ConversionError("out_of_range", value=value)
        return int(number)

    def write(self, value):
        number = _decimal(value, "not_integer")
        if number != number.to_integral_value():
            raise ConversionError("not_integer", value=value)
        return int(number)


def _decimal(value, reason="not_decimal"):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ConversionError(reason, value=value)
    if isinstance(value, str) and "_" in value:  # Python's own way to group digits, and nobody else's
        raise ConversionError(reason, value=value)
    try:
        # Through text, because Decimal(0.1) has 55 digits.
        number = decimal.Decimal(value.strip() if isinstance(value, str) else repr(value))
    except decimal.InvalidOperation:
        raise ConversionError(reason, value=value) from None
    if not number.is_finite() or abs(number.adjusted()) > 300:  # a float's range
        raise ConversionError(reason, value=value)
    return number


@converter
class Decimal(Converter):
    """A number as number or text, in major units or in minor ones (``scale`` 100 for cents)."""

    name = "decimal"
    label = _lt("Decimal number")
    options = {
        "scale": Option("scale", _lt("how many minor units make one, 100 for cents"), default=1),
        "digits": Option("count", _lt("round to so many decimals")),
        "as_text": Option("boolean", _lt("write it as text"), default=False),
    }
    field_types = frozenset({"float", "monetary", "integer", "char"})

    def read(self, value):
        return float(self._round(_decimal(value) / self.settings["scale"]))

    def write(self, value):
        number = self._round(_decimal(value)) * self.settings["scale"]
        if self.settings["scale"] > 1:  # minor units are counted, never split
            number = _quantize(number, 0)
        if self.settings["as_text"]:
            return format(number, "f")
        return int(number) if number == number.to_integral_value() else float(number)

    def _round(self, number):
        return number if self.settings["digits"] is None else _quantize(number, self.settings["digits"])


def _quantize(number, digits):
    try:
        return number.quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    except decimal.InvalidOperation:  # more digits than a decimal context holds
        raise ConversionError("not_decimal", value=str(number)) from None
