from odoo.tests import HttpCase, tagged

SUITE = "@integration_bridge"


def suite_hash(name):
    """How HOOT calls a suite in an address: Java's hash of its name."""
    found = 0
    for letter in name:
        found = ((found << 5) - found + ord(letter)) & 0xFFFFFFFF
    return f"{found:08x}"


@tagged("post_install", "-at_install")
class TestJavascript(HttpCase):
    """The unit tests of `static/tests/unit`, by HOOT, in a browser."""

    def test_units(self):
        said = []

        def is_foreign(message):
            said.append(message)
            return "[HOOT]" not in message

        try:
            self.browser_js(
                f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite_hash(SUITE)}",
                "",
                "",
                login="admin",
                timeout=300,
                success_signal="[HOOT] Test suite succeeded",
                error_checker=is_foreign,
            )
        except AssertionError as error:  # which names no test
            raise AssertionError("\n\n".join(said)) from error
