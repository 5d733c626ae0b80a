"""What can be wrong with a value or with the description of a mapping, and how to say it to a person.

An error carries a *reason* and its *values*, not a finished sentence: the Odoo layer translates the template of the
reason (``_lt`` marks it for the export of terms) and this layer renders it in English for its own tests and logs.
"""

import json


def _lt(source):
    return source


MESSAGES = {
    "bad_path": _lt(
        "“%(path)s” is not a path: %(detail)s. Write names joined by dots, for example address.lines[0].city."
    ),
    "bad_expression": _lt("“%(expression)s” is not a JMESPath expression: %(detail)s."),
    "expression_failed": _lt("The expression “%(expression)s” can not be applied to this record: %(detail)s."),
    "not_writable": _lt("“%(path)s” can not be written into the record: %(detail)s."),
    "unknown_converter": _lt("There is no converter “%(converter)s”. Use one of: %(known)s."),
    "unknown_option": _lt("The converter “%(converter)s” has no option “%(option)s”. It knows: %(known)s."),
    "missing_option": _lt("The converter “%(converter)s” needs the option “%(option)s”: %(help)s."),
    "bad_option": _lt("The option “%(option)s” of the converter “%(converter)s” must be %(expected)s, not %(value)s."),
    "not_text": _lt("%(value)s is not text."),
    "not_integer": _lt("%(value)s is not a whole number."),
    "out_of_range": _lt("%(value)s is too large or too small for a whole number field."),
    "not_decimal": _lt("%(value)s is not a number."),
    "number_notation": _lt(
        "%(value)s may mean several numbers. Set the option decimal_sign of the converter: “,” if the other system"
        " writes 1.234,56, “.” if it writes 1,234.56."
    ),
    "no_currency": _lt(
        "%(value)s at “%(path)s” is not the code of a currency whose minor units are known. Correct scale_by_currency,"
        " or add the code to minor_units."
    ),
    "per_nothing": _lt(
        "The amount is %(value)s, but “%(path)s” says that it is for none. Correct the quantity there, or the option"
        " per."
    ),
    "separator_inside": _lt("%(value)s contains the separator of the list, so it would be read back as several."),
    "not_deleted": _lt(
        "The deleted marker says %(value)s, which is neither yes nor no. Let it compare, such as: status == 'trash'."
    ),
    "not_boolean": _lt("%(value)s is neither one of the values for yes nor one of those for no."),
    "not_date": _lt("%(value)s is not a date in the format %(format)s."),
    "not_datetime": _lt("%(value)s is not a date and time in the format %(format)s."),
    "not_choice": _lt(
        "%(value)s is not among the mapped values: %(known)s. Have an administrator add it to the converter's values."
    ),
    "not_identifier": _lt("%(value)s is not an identifier; it must be text or a whole number."),
    "long_id": _lt("%(value)s is longer than the %(most)s characters that an identifier may have."),
    "not_list": _lt("%(value)s is not a list."),
    "not_object": _lt("%(value)s is not a record (a JSON object)."),
    "not_address": _lt("%(value)s is not the http(s) address of an image, nor a path such as /images/1.png."),
    "not_image": _lt("%(value)s is not an encoded image."),
    "too_large": _lt("The image has %(size)s bytes, more than the limit of %(limit)s."),
    "missing": _lt("The record of the other system has no “%(path)s”, which is needed here."),
    "null": _lt("“%(path)s” has no value (null) in the other system, and is needed here."),
    "empty": _lt("“%(path)s” is empty in the other system, and is needed here."),
    "no_id": _lt(
        "The record of the other system has no ID at “%(path)s”. Correct the record there, or have an administrator"
        " correct ID There in the flow."
    ),
    "empty_in_odoo": _lt("The field is empty in Odoo, and the mapping does not send the record without “%(path)s”."),
    "not_both_ways": _lt("The converter “%(converter)s” only reads: it can not write a value back."),
}

EXCERPT = 80  # characters of a foreign value that an error may show


class MappingError(ValueError):
    """A value, a path or an option that can not be used.

    :ivar str reason: a key of ``MESSAGES``
    :ivar dict values: what fills the template of the reason
    :ivar str field: the Odoo field that was being mapped, once known
    """

    def __init__(self, reason, **values):
        self.reason = reason
        self.values = {key: _shown(key, value) for key, value in values.items()}
        self.field = None
        super().__init__(reason, self.values)

    @property
    def template(self):
        return MESSAGES[self.reason]

    @property
    def says_what_to_do(self) -> bool:
        """Is there a second sentence?"""
        return ". " in self.template

    def __str__(self):
        return self.template % self.values


class PathError(MappingError):
    """A path or expression that does not parse, or can not be applied."""


class OptionError(MappingError):
    """A converter or one of its options is not known, missing, or of the wrong kind."""


class ConversionError(MappingError):
    """A value that a converter can not turn into the other side's terms."""


def _shown(key, value):
    # What is foreign is quoted and cut; names, paths and lists of known words are ours and stay whole.
    if key == "value" or not isinstance(value, str):
        return excerpt(value)
    return value


def excerpt(value):
    """A foreign value as a short, quoted text.

    :param value: any JSON value
    :rtype: str
    """
    if isinstance(value, str):
        return "“%s”" % (value if len(value) <= EXCERPT - 2 else value[: EXCERPT - 3] + "…")
    text = json.dumps(value, ensure_ascii=False, default=lambda _one: "…")  # as it came, not as Python shows it
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
