import { advanceTime, expect, test, waitFor, waitForNone } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { waitUntilSubscribe } from "@bus/../tests/bus_test_helpers";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    allowTranslations,
    contains,
    defineModels,
    fields,
    MockServer,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { EVERY, Rate, percentOf, progressText } from "@integration_bridge/live/progress";

class Run extends models.Model {
    _name = "bridge.run";
    state = fields.Selection({
        selection: [
            ["pending", "Waiting"],
            ["running", "Running"],
            ["done", "Done"],
        ],
    });
    shown_state = fields.Char();
    fetched = fields.Integer();
    expected = fields.Integer();
    _records = [{ id: 1, state: "pending", shown_state: "pending", fetched: 0, expected: 0 }];
}

class Connector extends models.Model {
    _name = "bridge.connector";
    name = fields.Char();
    overview = fields.Json();
    _records = [{ id: 7, name: "Shop", overview: [{ id: 3, name: "Orders", runs: [] }] }];
}

defineMailModels();
defineModels([Run, Connector]);

function tell(news) {
    MockServer.env["bus.bus"]._sendone("broadcast", "bridge.run", news);
}

const ARCH = `<form><widget name="bridge_live"/><field name="state"/><field name="fetched"/></form>`;

async function becomes(values) {
    MockServer.env["bridge.run"].write([1], values);
    await wait();
}

async function wait() {
    await advanceTime(EVERY);
    await animationFrame();
}

test("a run that goes on is read again until it has ended, without a reload of the page", async () => {
    onRpc("bridge.run", "web_read", () => {
        expect.step("whole form");
    });
    await mountView({ type: "form", resModel: "bridge.run", resId: 1, arch: ARCH });
    expect(".o_bridge_live").toHaveText("Waiting for its turn…");
    await becomes({ state: "running", shown_state: "running", fetched: 1500 });
    expect(".o_bridge_live").toHaveText(/^1,500 records so far, (29|30)\d a second$/);
    await becomes({ fetched: 2500 });
    expect(".o_bridge_live").toHaveText(/^2,500 records so far, (19|20)\d a second$/);
    await becomes({ shown_state: "waiting" });
    expect(".o_bridge_live").toHaveCount(0);
    await becomes({ state: "done", shown_state: "done", fetched: 3000 });
    expect(".o_bridge_live").toHaveCount(0);
    expect(".o_field_widget[name=fetched] input").toHaveValue("3,000");
    // When it is opened, and at each change of its state: running, waiting, done.
    expect.verifySteps(["whole form", "whole form", "whole form", "whole form"]);
    await wait();
    expect.verifySteps([]);
});

test("what is told of a run is read at once, not only now and then", async () => {
    await mountView({ type: "form", resModel: "bridge.run", resId: 1, arch: ARCH });
    await waitUntilSubscribe();
    MockServer.env["bridge.run"].write([1], { state: "running", shown_state: "running", fetched: 500, expected: 2000 });
    tell({ run: 1, connector: 7, state: MockServer.env["bridge.run"].browse(1)[0].state });
    await waitFor(".o_bridge_live:contains(500 of 2,000 records)");
    expect(".o_bridge_live .progress-bar").toHaveStyle({ width: "25%" }, { inline: true });
});

test("what was told between the reading and the showing is not lost", async () => {
    onRpc("bridge.run", "web_read", async ({ parent }) => {
        const read = await parent();
        MockServer.env["bridge.run"].write([1], { state: "running", shown_state: "running", fetched: 700 });
        return read;
    });
    await mountView({ type: "form", resModel: "bridge.run", resId: 1, arch: ARCH });
    await waitFor(".o_bridge_live:contains(700 records so far)");
});

test("progress says what is known, and nothing else", async () => {
    allowTranslations();
    const text = (fetched, expected, perSecond, state = "running") =>
        String(progressText({ state, fetched, expected }, perSecond));
    expect(text(0, 0, 0, "pending")).toBe("Waiting for its turn…");
    expect(text(1200, 0, 0)).toBe("1,200 records so far");
    expect(text(1200, 5000, 300)).toBe("1,200 of 5,000 records, 300 a second, 13 s left");
    expect(text(1000, 50000, 100)).toBe("1,000 of 50,000 records, 100 a second, 8 min left");
    expect(text(5000, 5000, 300)).toBe("5,000 of 5,000 records, 300 a second");
    expect(text(6000, 5000, 300)).toBe("6,000 records so far, 300 a second", { message: "the list has grown" });
    expect(percentOf({ fetched: 6000, expected: 5000 })).toBe(null);
    expect(percentOf({ fetched: 0, expected: 5000 })).toBe(0);
});

test("a rate needs time and progress", () => {
    const rate = new Rate();
    rate.measure(100, 5000);
    rate.measure(300, 5000);
    expect(rate.perSecond).toBe(0, { message: "no time has passed" });
    rate.measure(300, 6000);
    rate.measure(500, 7000);
    expect(rate.perSecond).toBe(100, { message: "since it was another number, which is two seconds" });
    rate.measure(500, 18000);
    expect(rate.perSecond).toBe(0, { message: "it stands still" });
});

const CARD = `<kanban><field name="overview"/><templates><t t-name="card">
    <field name="name"/><widget name="bridge_progress"/></t></templates></kanban>`;

async function card(run) {
    onRpc("has_group", () => true);
    Connector._records[0].overview = [{ id: 3, name: "Orders", runs: run ? [run] : [] }];
    await mountView({ type: "kanban", resModel: "bridge.connector", arch: CARD });
    await waitUntilSubscribe();
}

test("a card shows a run that begins, how far it is, and that it has ended", async () => {
    await card(false);
    expect(".o_bridge_progress").toHaveCount(0);
    const going = { id: 1, kind: "pull", state: "running", shown_state: "running", fetched: 0, expected: 400 };
    MockServer.env["bridge.connector"].write([7], { overview: [{ id: 3, name: "Orders", runs: [going] }] });
    MockServer.env["bridge.run"].write([1], { state: "running", shown_state: "running", expected: 400 });
    tell({ run: 1, connector: 7, state: MockServer.env["bridge.run"].browse(1)[0].state });
    await waitFor(".o_bridge_progress:contains(Orders, to Odoo: 0 of 400 records)");
    MockServer.env["bridge.run"].write([1], { fetched: 100 });
    tell({ run: 1, connector: 7, state: MockServer.env["bridge.run"].browse(1)[0].state });
    await waitFor(".o_bridge_progress:contains(Orders, to Odoo: 100 of 400 records)");
    expect(".o_bridge_progress .progress-bar").toHaveStyle({ width: "25%" }, { inline: true });
    MockServer.env["bridge.run"].write([1], { state: "done", shown_state: "done", fetched: 400 });
    MockServer.env["bridge.connector"].write([7], { overview: [{ id: 3, name: "Orders", runs: [] }] });
    tell({ run: 1, connector: 7, state: MockServer.env["bridge.run"].browse(1)[0].state });
    await waitForNone(".o_bridge_progress");
});

test("a run is cancelled on its card", async () => {
    onRpc("bridge.run", "action_cancel", ({ args }) => {
        expect.step(`cancel ${args[0]}`);
        MockServer.env["bridge.connector"].write([7], { overview: [{ id: 3, name: "Orders", runs: [] }] });
        return true;
    });
    await card({ id: 1, kind: "pull", state: "pending", shown_state: "pending", fetched: 0, expected: 0 });
    expect(".o_bridge_progress").toHaveText(/Orders, to Odoo: Waiting for its turn…/);
    await contains(".o_bridge_cancel").click();
    expect.verifySteps(["cancel 1"]);
    expect(".o_bridge_progress").toHaveCount(0);
});
