"""The short form of lossy mode (lossy.py): the roads, with every transaction that may be done again lost once.

All Odoo tests in this mode are a part of ``./dev/test --crash``.
"""

from odoo.tests import tagged

from . import lossy, test_both_ways, test_create_once, test_push
from .common import BridgeCase, thing


class LossyMixin:
    def setUp(self):
        super().setUp()
        if lossy.is_out(self):
            self.lossy = None
        elif not lossy.IS_ON:
            self.lossy = lossy.switch_on(self)


@tagged("post_install", "-at_install")
class TestLossyBothWays(LossyMixin, test_both_ways.TestBothWays):
    """Both directions, conflicts and decisions."""


@tagged("post_install", "-at_install")
class TestLossyPush(LossyMixin, test_push.TestPush):
    """What is sent."""


@tagged("post_install", "-at_install")
class TestLossyCreateOnce(LossyMixin, test_create_once.TestCreateOnce):
    """Created there, exactly once."""


@tagged("post_install", "-at_install")
class TestLossyMode(BridgeCase):
    """The mode itself."""

    def switched_on(self):
        # With BRIDGE_LOSSY=1 it is on already.
        return lossy.switch_on(self)

    def test_page_is_lost_and_comes_all_the_same(self):
        mode = self.switched_on()
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(4)]
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched, self.counters(run)), ("done", 4, {"created": 4}))
        self.assertGreaterEqual(mode.lost, 4, "its begin, both of its pages, and its end")
        self.assertEqual(len(run.log_ids), 4)

    def test_step_that_changes_what_it_was_given_is_found_out(self):
        self.switched_on()
        given, seen = {"line": 1}, []

        def consume(values):
            seen.append(dict(values))
            values.pop("line")

        with self.enter_registry_test_mode(), self.env.registry.cursor() as cr, self.assertRaises(KeyError):
            lossy.database.again_when_busy(self.env(cr=cr), consume, given)
        self.assertEqual(seen, [{"line": 1}, {}])
