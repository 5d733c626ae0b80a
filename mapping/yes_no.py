"""What systems write for yes and no: one table, for values and for the deleted marker."""

YES = frozenset({"1", "true", "t", "yes", "y", "on"})
NO = frozenset({"0", "false", "f", "no", "n", "off"})


def yes_or_no(value):
    """Does a value say yes or no, as nearly all systems would write it?

    :param value: any JSON value
    :return: True, False, or None if it says neither
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return bool(value) if value in (0, 1) else None
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    return True if text in YES else False if text in NO else None
