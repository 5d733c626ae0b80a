"""A file that can not be had keeps back neither its record nor the others (case 10 of tests/README.md)."""

import io

from PIL import Image

from odoo.tests import tagged

from ..road.pull.related import is_image
from . import lossy
from .common import BridgeCase, field, thing, things_flow
from .servers import fault_server as faults
from .servers.fault_server import FaultServer
from .test_pull import PIXEL

PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@tagged("post_install", "-at_install")
class TestFiles(BridgeCase):
    def setUp(self):
        super().setUp()
        self.elsewhere = FaultServer()
        self.addCleanup(self.elsewhere.close)
        port = self.elsewhere.url.rpartition(":")[2]  # a file of another private host needs its port, too
        allowed = f"127.0.0.1, 127.0.0.1:9, 127.0.0.1:{port}"
        self.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", allowed)
        self.server.files = {"/a.png": ("image/png", PIXEL), "/v1/b.png": ("image/png", PIXEL)}

    def things(self, *photos, **values):
        """A flow that has read things with these photos."""
        photo = field("image_1920", "photo", "image", **values)
        self.flow = self.connect(things_flow(page_size=10, fields=[*things_flow()["fields"], photo]))
        self.server.records["things"] = [thing(number, photo=one) for number, one in enumerate(photos, 1)]
        return self.sync(self.flow)

    def images(self):
        found = [self.bound(self.flow, document["id"]) for document in self.server.records["things"]]
        return [bool(one.image_1920) for one in found if one]

    def assert_well(self, run, failing):
        """All records are there, the connector is well, and these are on the desk or wait."""
        self.assertEqual((run.state, run.created, run.failed), ("done", len(self.server.records["things"]), 0))
        self.assertEqual((self.connector._gate().failures, self.connector._gate().paused), (0, False))
        self.assertEqual(set(self.failures(self.flow).mapped("external_id")), set(map(str, failing)))

    def test_dead_host_503_and_404_elsewhere(self):
        self.elsewhere.route("/down.png", faults.json_answer({}, 503))
        self.elsewhere.route("/gone.png", faults.json_answer({}, 404))
        dead = "http://127.0.0.1:9/a.png"
        run = self.things(
            f"{self.server.url}/a.png", dead, f"{self.elsewhere.url}/down.png", f"{self.elsewhere.url}/gone.png", None
        )
        self.assert_well(run, [2, 3, 4])
        self.assertEqual(self.images(), [True, False, False, False, False])
        states = {job.external_id: (job.state, job.error_kind) for job in self.failures(self.flow)}
        again = ("pending", "dependency")
        self.assertEqual(states, {"2": again, "3": again, "4": ("failed", "data")})
        told = {line.external_id: line.message for line in self.log_of(run, "create").filtered("message")}
        self.assertEqual(set(told), {"2", "3", "4"})
        self.assertIn("Image: ", told["2"])

    def test_unauthorized_elsewhere_pauses_nothing(self):
        self.elsewhere.route("/secret.png", faults.json_answer({}, 401))
        self.assert_well(self.things(f"{self.elsewhere.url}/secret.png"), [1])

    @lossy.counts_requests
    def test_unavailable_on_the_own_host_holds_up_nothing(self):
        self.server.faults = [None, (503, {}, b"{}")]
        run = self.things(f"{self.server.url}/a.png", f"{self.server.url}/v1/b.png")
        self.assert_well(run, [])
        self.assertEqual(self.images(), [True, True], "the second time it was there")
        self.assertEqual(self.log_of(run, "create").filtered("message").external_id, "1")

    def test_what_counts_for_every_request_is_no_matter_of_the_file(self):
        self.server.faults = [None, (429, {"Retry-After": "60"}, b"{}")]
        run = self.things(f"{self.server.url}/a.png")
        self.assertEqual((run.state, self.connector._gate().rest_kind), ("running", "throttled"))

    def test_file_that_is_there_later_comes_by_itself(self):
        run = self.things("/later.png", "/a.png")
        self.assert_well(run, [1])
        self.server.files["/later.png"] = ("image/png", PIXEL)
        self.failures(self.flow).action_retry()
        self.work()
        self.assertEqual((self.images(), self.failures(self.flow).ids), ([True, True], []))

    def test_record_looks_changed_until_its_file_is_there(self):
        self.things("/later.png")
        self.server.files["/later.png"] = ("image/png", PIXEL)
        self.assertEqual(self.sync(self.flow).updated, 1)
        self.assertEqual((self.images(), self.failures(self.flow).ids), ([True], []))
        self.assertEqual(self.sync(self.flow).unchanged, 1)

    def test_page_or_text_behind_the_address_is_no_image(self):
        self.server.files |= {
            "/page.png": ("text/html", PAGE),
            "/text.png": ("image/png", b"nothing"),
            "/c.svg": ("", SVG),
        }
        run = self.things("/page.png", "/text.png", "/c.svg")
        self.assert_well(run, [1, 2, 3])
        self.assertIn("no image that Odoo can read", self.failures(self.flow)[:1].error_message)
        self.assertEqual(self.images(), [False, False, False], "SVG can hold scripts")

    def test_picture_that_is_cut_or_a_bomb_is_no_image(self):
        turned = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6  # it is to be turned, for which all of it is read
        Image.effect_noise((200, 200), 90).convert("RGB").save(turned, "JPEG", exif=exif)
        bomb = io.BytesIO()
        Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
        self.assertTrue(is_image(turned.getvalue()))
        self.server.files |= {
            "/cut.jpg": ("image/jpeg", turned.getvalue()[: len(turned.getvalue()) // 2]),
            "/bomb.png": ("image/png", bomb.getvalue()),
        }
        self.assert_well(self.things("/bomb.png", "/cut.jpg", "/a.png"), [1])
        self.assertEqual(self.images(), [False, True, True], "half a picture is one that Odoo can show")

    @lossy.counts_requests
    def test_file_that_needs_other_credentials_pauses_nothing(self):
        self.server.faults = [None, (401, {}, b"{}")]
        run = self.things("/a.png")
        self.assert_well(run, [1])
        self.assertEqual(self.failures(self.flow).error_kind, "data")

    def test_ignored_file_is_told_again_when_it_is_another_one(self):
        self.things("/none.png")
        self.failures(self.flow)._ignore("It is an old one")
        self.sync(self.flow, full=True)
        self.assertEqual(self.failures(self.flow).ids, [])
        self.server.records["things"] = [thing(1, photo="/other.png")]
        self.sync(self.flow, full=True)
        self.assertEqual(self.failures(self.flow).mapped("external_id"), ["1"])

    def test_required_file_refuses_its_record_alone(self):
        run = self.things("/a.png", "/none.png", required=True)
        self.assertEqual((run.created, run.failed), (1, 1))
        self.assertEqual(self.failures(self.flow).error_field, "image_1920")

    @lossy.counts_requests
    def test_silent_host_is_not_waited_for_at_every_record(self):
        self.elsewhere.route("/down.png", faults.json_answer({}, 503))
        run = self.things(*[f"{self.elsewhere.url}/down.png?{number}" for number in range(8)])
        self.assert_well(run, range(1, 9))
        self.assertEqual(len(self.elsewhere.requests), 4, "two in the run, and two when its records were tried again")
