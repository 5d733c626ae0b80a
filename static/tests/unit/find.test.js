import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { contains, defineModels, fields, models, mountView, onRpc } from "@web/../tests/web_test_helpers";

class Find extends models.Model {
    _name = "bridge.find";
    sought = fields.Char();
    _records = [{ id: 1 }];
}

defineMailModels();
defineModels([Find]);

test("Enter looks for what was typed", async () => {
    onRpc("web_save", ({ args }) => expect.step(`save ${args[1].sought}`));
    onRpc("action_find", ({ args }) => {
        expect.step(`find ${args[0]}`);
        return false;
    });
    await mountView({
        type: "form",
        resModel: "bridge.find",
        resId: 1,
        arch: `
            <form>
                <field name="sought" widget="bridge_sought"/>
                <button name="action_find" type="object" string="Find"/>
            </form>`,
    });
    await contains(".o_field_widget[name=sought] input").edit("SO-1", { confirm: "enter" });
    await expect.waitForSteps(["save SO-1", "find 1"]);
});
