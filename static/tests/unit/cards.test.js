import { expect, test } from "@odoo/hoot";
import { press, queryOne } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { defineModels, fields, mockService, models, mountView } from "@web/../tests/web_test_helpers";

class Connector extends models.Model {
    _name = "bridge.connector";
    name = fields.Char();
    _records = [{ id: 1, name: "My CRM" }];
}

defineMailModels();
defineModels([Connector]);

const CARD = ".o_kanban_record:not(.o_kanban_ghost)";
const BUTTON = `${CARD} button[name=action_sync]`;
const LINK = `${CARD} a[name=action_open_failures]`;

async function open(classes) {
    mockService("action", { doActionButton: ({ name, resId }) => expect.step(`${name} of ${resId}`) });
    await mountView({
        type: "kanban",
        resModel: "bridge.connector",
        arch: `
            <kanban class="${classes}">
                <templates>
                    <t t-name="card">
                        <field name="name"/>
                        <a type="object" name="action_open_failures" href="#">Failures</a>
                        <button type="object" name="action_sync">Sync Now</button>
                    </t>
                </templates>
            </kanban>`,
        selectRecord: (id) => expect.step(`the card of ${id}`),
    });
}

/** :return: does the browser do with the key what it always does there? */
async function pressOn(selector, key) {
    queryOne(selector).focus();
    const [down] = (await press(key)).filter(({ type }) => type === "keydown");
    await animationFrame();
    return !down.defaultPrevented;
}

test("Enter presses the button of our card that has the focus", async () => {
    await open("o_bridge");
    expect(await pressOn(BUTTON, "Enter")).toBe(true);
    expect.verifySteps(["action_sync of 1"]);
    expect(await pressOn(LINK, "Enter")).toBe(true);
    expect.verifySteps(["action_open_failures of 1"]);
});

test("the space bar is left to the browser there, which presses the button as well", async () => {
    await open("o_bridge");
    expect(await pressOn(BUTTON, " ")).toBe(true);
    expect(".o_record_selected").toHaveCount(0);
});

test("on the card itself both keys stay Odoo's", async () => {
    await open("o_bridge");
    expect(await pressOn(CARD, "Enter")).toBe(false);
    expect.verifySteps(["the card of 1"]);
    expect(await pressOn(CARD, " ")).toBe(false);
    expect(".o_record_selected").toHaveCount(1);
});

test("cards of others are left as they are", async () => {
    await open("o_other");
    expect(await pressOn(BUTTON, "Enter")).toBe(false);
    expect.verifySteps([]);
});
