"""In a language from right to left, too, one sees what was and what is (promise 5)."""

from odoo.tests import tagged

from .common import BridgeCase, thing


@tagged("post_install", "-at_install")
class TestDirection(BridgeCase):
    def test_arrow_points_to_the_new_value_and_values_keep_their_own_direction(self):
        self.env["res.lang"]._activate_lang("ar_001")
        flow = self.connect()
        self.server.records["things"] = [thing(1, phone="+39 06 555")]
        self.sync(flow)
        self.server.records["things"] = [thing(1, phone="+39 06 777")]
        line = self.log_of(self.sync(flow), "update")
        self.assertEqual(line.changes_text, "Phone: +39 06 555 → +39 06 777")
        _field, values = line.with_context(lang="ar_001").changes_text.split(": ")
        self.assertEqual(values, "\u2068+39 06 555\u2069 ← \u2068+39 06 777\u2069")
