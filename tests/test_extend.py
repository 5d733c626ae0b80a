"""The examples of doc/extend.rst, taken out of the page and run: what it promises to other addons is kept."""

import re
from types import SimpleNamespace
from unittest.mock import patch

from requests.structures import CaseInsensitiveDict

from odoo import models
from odoo.orm.model_classes import add_to_registry
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open, html2plaintext

from ..mapping.converters import CONVERTERS
from ..models import bridge_job_lane
from ..remote.auth import SCHEMES
from ..remote.formats import FORMS, make
from ..remote.pagination import PAGINATORS
from ..remote.pagination import build as build_paginator
from ..remote.webhooks import HOOK_SCHEMES, Call, Refused
from ..road.pull.road import Pull
from . import lossy
from .common import BridgeCase, FaultCase, field, thing, things_flow
from .push_case import PushCase, contacts_flow

PAGE = "integration_bridge/doc/extend.rst"
BLOCK = re.compile(r"^\.\. code-block:: python\n((?:\n| {4}.*\n)+)", re.MULTILINE)
TITLE = re.compile(r"^(\S.*)\n([=~-])\2+$", re.MULTILINE)
# The module of another addon, as the examples would stand in it.
ELSEWHERE = {"__name__": "odoo.addons.integration_bridge_example.examples"}


def examples():
    """The code of the page.

    :return: title of the section to its blocks; each has the line numbers of the page, for tracebacks
    :rtype: dict[str, list]
    """
    with file_open(PAGE) as page:
        text = page.read()
    starts = [(match.start(), match.group(1)) for match in TITLE.finditer(text)]
    found = {title: [] for _start, title in starts}
    for match in BLOCK.finditer(text):
        title = [title for start, title in starts if start < match.start()][-1]
        above = "\n" * text.count("\n", 0, match.start(1))
        lines = (line[4:] for line in match.group(1).splitlines(keepends=True))
        code = above + "".join(line or "\n" for line in lines)
        found[title].append(compile(code, file_path_of_the_page(), "exec"))
    return found


def file_path_of_the_page():
    with file_open(PAGE) as page:
        return page.name


class ExampleCase(BridgeCase):
    """Runs code of the page as another addon would have it."""

    def run_example(self, title, number=0, **names):
        """Run a block.

        :param str title: of its section
        :param names: what it knows besides what it imports
        :return: what it defines
        :rtype: dict
        """
        defined = {**ELSEWHERE, **names}
        exec(examples()[title][number], defined)  # pylint: disable=exec-used  # our own page
        return defined

    def extend(self, title, number=0):
        """Run a block, and put the models in it into the registry, until the test is over."""
        defined = self.run_example(title, number)
        extensions = [one for one in defined.values() if isinstance(one, type) and issubclass(one, models.Model)]
        for extension in extensions:
            model = self.registry[extension._name]
            self.addCleanup(self.set_up, extension._name)
            self.addCleanup(setattr, model, "_base_classes__", model._base_classes__)
            add_to_registry(self.registry, extension)
            self.set_up(extension._name)
        self.assertTrue(extensions, "the block extends a model")
        return defined

    def set_up(self, model_name):
        self.registry._setup_models__(self.env.cr, [model_name])

    def said_of(self, partner):
        return html2plaintext(partner.comment)

    def keep(self, registered):
        """What a block registers is gone when the test is over."""
        self.enterContext(patch.dict(registered))


@tagged("post_install", "-at_install")
class TestExtend(ExampleCase):
    def contacts(self, **values):
        flow = self.connect(things_flow(code="contacts", name="Contacts", delete_policy="archive", **values))
        self.server.records["things"] = [thing(1), thing(2)]
        return flow

    def test_every_example_of_the_page_is_run_here(self):
        numbers = {title: len(blocks) for title, blocks in examples().items() if blocks}
        self.assertEqual(
            numbers,
            {
                "A converter": 2,
                "A scheme of authentication": 1,
                "A webhook scheme": 1,
                "A way of paging": 1,
                "A format": 1,
                "What is written": 1,
                "What comes after": 1,
                "One step of the way to Odoo": 1,
                "One step of the way to the other system": 1,
                "A kind of job": 2,
                "A kind of alert": 1,
                "What only system administrators integrate": 1,
            },
        )

    def test_converter(self):
        self.keep(CONVERTERS)
        self.run_example("A converter")
        mapped = [field("name", "name", required=True), field("email", "email", key=True)]
        flow = self.contacts(fields=[*mapped, field("phone", "phone", "digits", options={"strip": True})])
        self.server.records["things"] = [thing(1, phone="+32 2 290 34 90")]
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).phone, "3222903490")

    def test_test_of_the_converter(self):
        self.keep(CONVERTERS)
        self.run_example("A converter")
        name = "test_everything_but_digits_is_dropped"
        getattr(self.run_example("A converter", 1)["TestDigits"](name), name)()
        CONVERTERS["digits"].read = lambda converter, value: value
        with self.assertRaises(AssertionError):
            getattr(self.run_example("A converter", 1)["TestDigits"](name), name)()

    def test_way_of_paging(self):
        self.keep(PAGINATORS)
        self.run_example("A way of paging")
        rows = build_paginator({"type": "rows"}, page_size=2)
        answer, asked, state = SimpleNamespace(url=self.server.url, headers={}, document={}), [], rows.start()
        for records in ([{"id": 1}, {"id": 2}], [{"id": 3}, {"id": 4}], []):
            asked.append(rows.variables(state)["offset"])
            state = rows.advance(state, answer, records)
        self.assertEqual((asked, state), ([1, 3, 5], None))

    def test_format(self):
        self.keep(FORMS)
        self.run_example("A format")
        flow = self.contacts()
        operation = flow.operation_ids.filtered(lambda one: one.kind == "list")
        operation.write({"answer_format": "pairs", "records_path": "@"})
        self.addCleanup(self.server.files.clear)
        self.server.files["/things"] = "text/plain", b"id=1\nname=Ann\nupdated=1\n\nid=2\nname=Bob\nupdated=2\n"
        self.sync(flow)
        self.assertEqual((self.bound(flow, 1).name, self.bound(flow, 2).name), ("Ann", "Bob"))
        self.assertEqual(make("pairs", {}, is_body=True).write({"id": 1}), (b"id=1\n", "text/x-pairs"))

    def test_values_that_are_written(self):
        self.extend("What is written")
        flow = self.contacts(fields=[*things_flow()["fields"], field("city", "city")])
        self.sync(flow)
        partner = self.bound(flow, 1)
        self.assertEqual(self.said_of(partner), "From the address book, as 1")
        self.server.records["things"][0].update(city="Ghent", zip="9000", updated=9)
        self.sync(flow)
        self.assertEqual((partner.city, partner.zip), ("Ghent", "9000"))
        partner.zip = "9999"
        self.server.records["things"][0].update(phone="1", updated=10)
        self.sync(flow)
        self.assertEqual((partner.phone, partner.zip), ("1", "9999"), "the city has not changed")

    def test_values_of_another_flow_are_left_alone(self):
        self.extend("What is written")
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.assertFalse(self.bound(flow, 1).comment)

    def test_hook_whose_parameter_is_called_item(self):
        flow = self.contacts()

        def with_a_function(flow, item, values):
            return {**values, "function": item.document["email"]}

        self.patch(type(flow), "_values_to_create", with_a_function)
        self.sync(flow)
        self.assertEqual(self.bound(flow, 2).function, "thing2@example.com")

    def test_what_comes_after_a_sync(self):
        self.extend("What comes after")
        flow = self.contacts()
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).function, "To be greeted")
        self.bound(flow, 1).function = "Greeted"
        self.server.records["things"][0].update(name="Other", updated=9)
        self.sync(flow)
        self.assertEqual((self.bound(flow, 1).name, self.bound(flow, 1).function), ("Other", "Greeted"))

    @lossy.counts_requests  # a hook is called in each attempt
    def test_nothing_comes_after_a_preview(self):
        told = []
        flow = self.contacts()
        self.patch(type(flow), "_after_sync", lambda flow, outcomes: told.append(outcomes))
        flow.action_preview()
        run = self.env["bridge.run"].search([("flow_id", "=", flow.id)])
        self.assertEqual((run.state, run.created, told), ("done", 2, []))
        self.sync(flow)
        self.assertEqual([len(outcomes) for outcomes in told], [2])

    def test_step_of_the_way_to_odoo(self):
        road = self.extend("One step of the way to Odoo")["CarefulPull"]
        flow = self.contacts()
        self.assertIs(type(flow._pull(self.env["bridge.run"])), road)
        self.sync(flow)
        user, other = self.bound(flow, 1), self.bound(flow, 2)
        new_test_user(self.env, "bridge_thing", "base.group_user", partner_id=user.id)
        for record in self.server.records["things"]:
            record.update(deleted=True, updated=9)
        run = self.sync(flow)
        self.assertEqual((user.active, other.active), (True, False))
        self.assertEqual(run.archived, 1)
        self.assertEqual(set(self.log_of(run, "skip").mapped("message")), {"It is a user of Odoo, and stays."})

    def test_another_flow_goes_the_usual_way(self):
        self.extend("One step of the way to Odoo")
        self.assertIs(type(self.connect()._pull(self.env["bridge.run"])), Pull)

    def test_kind_of_job(self):
        self.extend("A kind of job")
        flow = self.contacts()
        self.sync(flow)
        first, second = self.bound(flow, 1), self.bound(flow, 2)
        self.server.records["limits"] = [{"id": 1, "limit": 500}, {"id": 2, "limit": 0}]
        self.server.requests.clear()
        self.run_example("A kind of job", 1, env=self.env, flow=flow, first=first, second=second)
        self.work()
        self.assertEqual(
            [self.said_of(partner) for partner in (first, second)], ["Credit limit: 500", "Credit limit: 0"]
        )
        self.assertEqual([path for _method, path, _query in self.server.requests], ["/limits"], "both in one batch")
        self.assertEqual(self.jobs(flow).mapped("state"), ["done", "done"])

    def test_kind_of_job_whose_server_says_no_is_handled_by_the_kind_of_the_error(self):
        self.extend("A kind of job")
        flow = self.contacts()
        self.sync(flow)
        self.server.faults = [(403, {}, b"{}")]
        partners = {"first": self.bound(flow, 1), "second": self.bound(flow, 2)}
        self.run_example("A kind of job", 1, env=self.env, flow=flow, **partners)
        self.work()
        self.assertEqual(set(self.jobs(flow).mapped("error_kind")), {"rejected"})
        self.assertEqual(set(self.jobs(flow).mapped("state")), {"failed"})

    def jobs(self, flow):
        return self.env["bridge.job"].search([("flow_id", "=", flow.id), ("kind", "=", "credit")])

    def test_names_of_the_first_version_are_still_read(self):
        self.patch(bridge_job_lane, "TOGETHER", (*bridge_job_lane.TOGETHER, "one"))
        self.patch(bridge_job_lane, "LONG", (*bridge_job_lane.LONG, "other"))
        self.assertIn("one", self.env["bridge.job"]._kinds_done_together())
        self.assertIn("other", self.env["bridge.job"]._kinds_that_are_long())

    def test_what_only_system_administrators_integrate(self):
        self.extend("What only system administrators integrate")
        approvals = self.env["bridge.approval"]
        found = [approvals._is_sensitive_model(name) for name in ("my.safe", "my.vault.key", "my.safes", "res.users")]
        self.assertEqual(found, [True, True, False, True])

    def test_kind_of_alert(self):
        self.extend("A kind of alert")
        self.contacts()
        self.env["bridge.alert"]._watch()
        found = self.env["bridge.alert"].search([("kind", "=", "nobody")])
        self.assertEqual((found.connector_id, found.closed), (self.connector, False))
        self.assertEqual(found.message, "Name the people who look after it.")
        self.connector.responsible_ids = self.acting
        self.env["bridge.alert"]._watch()
        self.assertTrue(found.closed)


@tagged("post_install", "-at_install")
class TestExtendAuthentication(FaultCase, ExampleCase):
    def test_webhook_scheme(self):
        with patch.dict(HOOK_SCHEMES):
            self.run_example("A webhook scheme")
            self.connect()
            self.connector.hook_scheme = "body_mark"
            self.connector._keep_hook_secret("s3cret", 0)
            scheme = self.connector._hook()
            headers = CaseInsensitiveDict({**scheme.sign(b"{}", 0, "1"), "X-Event": "sent"})
            call = Call("POST", {}, headers, b"{}", "127.0.0.1", 0)
            scheme.verify(call)
            no_lane = patch("odoo.addons.integration_bridge.models.bridge_delivery.call_soon")
            with patch.object(self.env.cr, "commit", self.env.flush_all), no_lane:
                self.assertEqual(self.env["bridge.delivery"]._receive(self.connector._door(), call)[0], 200)
            self.assertEqual(self.env["bridge.delivery"].search([], limit=1).event, "sent")
            with self.assertRaises(Refused):
                scheme.verify(call._replace(body=b"{} "))
            self.connector.hook_scheme = False

    def test_scheme(self):
        self.keep(SCHEMES)
        self.run_example("A scheme of authentication")
        flow = self.connect()
        self.connector.write({"auth_scheme": "client_key", "auth_client_id": "odoo"})
        self.connector._set_secrets({"secret": "s3cret"})
        self.assertEqual(self.sync(flow).state, "done")
        sent = self.remote.requests[-1].headers
        self.assertEqual((sent["x-client"], sent["x-key"]), ("odoo", "s3cret"))


@tagged("post_install", "-at_install")
class TestExtendPush(PushCase, ExampleCase):
    def test_step_of_the_way_to_the_other_system(self):
        self.extend("One step of the way to the other system")
        flow = self.connect(contacts_flow())
        self.partner("Ada")
        bob = self.partner("Bob", email=False)
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"])
        job = self.env["bridge.job"].search([("flow_id", "=", flow.id), ("res_id", "=", bob.id)])
        self.assertEqual((job.state, job.error_kind, job.error_message), ("failed", "data", "It has no email address."))
        bob.email = "bob@example.com"
        self.settle()
        self.assertEqual((self.names_there(), job.state), (["Ada", "Bob"], "done"))

    def test_what_comes_after_a_push(self):
        self.extend("What comes after")
        self.connect(contacts_flow())
        ada = self.partner("Ada")
        self.settle()
        self.assertEqual(self.said_of(ada), "The address book has it")
        ada.comment = False
        ada.phone = "1"
        self.settle()
        self.assertEqual(([one["phone"] for one in self.contacts.values()], ada.comment), (["1"], False))
