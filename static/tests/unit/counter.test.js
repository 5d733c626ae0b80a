import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { contains, defineModels, fields, mockService, models, mountView, onRpc } from "@web/../tests/web_test_helpers";

class Run extends models.Model {
    _name = "bridge.run";
    created = fields.Integer();
    unchanged = fields.Integer();
    listed = fields.Json();
    _records = [{ id: 1, created: 1200, unchanged: 7, listed: ["created"] }];
}

defineMailModels();
defineModels([Run]);

test("a counter shows what it has counted, where that can be shown", async () => {
    onRpc("bridge.run", "action_open_counted", ({ args }) => {
        expect.step(`open ${args[0]} ${args[1]}`);
        return { name: "those" };
    });
    mockService("action", { doAction: (action) => expect.step(action.name) });
    await mountView({
        type: "form",
        resModel: "bridge.run",
        resId: 1,
        arch: `
            <form edit="0">
                <group>
                    <field name="created" widget="bridge_counter"/>
                    <field name="unchanged" widget="bridge_counter"/>
                </group>
            </form>`,
    });
    expect(".o_field_widget[name=unchanged]").toHaveText(/^7/);
    expect(".o_field_widget[name=unchanged] button").toHaveCount(0);
    expect(".o_bridge_not_listed").toHaveCount(1);
    expect(".o_bridge_not_listed").toHaveAttribute("title", /can not be shown one by one/);
    expect(".o_bridge_not_listed .visually-hidden").toHaveText(/the log does not have all of them/);
    expect(".o_field_widget[name=created] button").toHaveText("1,200");
    expect(".o_field_widget[name=created] button").toHaveAttribute("aria-label", "Created: 1,200");
    await contains(".o_field_widget[name=created] button").click();
    await expect.waitForSteps(["open 1 created", "those"]);
});
