import { advanceTime, expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { defineModels, fields, MockServer, models, mountView, onRpc } from "@web/../tests/web_test_helpers";
import { EVERY } from "@integration_bridge/live/live";

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
    _records = [{ id: 1, state: "pending", shown_state: "pending", fetched: 0 }];
}

defineMailModels();
defineModels([Run]);

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
    expect(".o_bridge_live").toHaveText("1,500 records so far");
    await becomes({ fetched: 2500 });
    expect(".o_bridge_live").toHaveText(/^2,500 records so far, [45]\d\d a second$/);
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
