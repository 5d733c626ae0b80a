import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { contains, defineModels, fields, makeMockEnv, models, mountView } from "@web/../tests/web_test_helpers";
import { sentences } from "@integration_bridge/rules/sentences";

const choice = (...names) => fields.Selection({ selection: names.map((name) => [name, name]) });

const RULES = {
    direction: "both",
    authority: "newest",
    can_create: true,
    can_update: false,
    delete_policy: "archive",
    remove_limit: 10,
    push_domain: "[]",
    leave_policy: "keep",
    odoo_delete_policy: "delete",
    interval_number: 15,
    interval_type: "minutes",
    full_scan_days: 7,
    is_called: false,
};

class Flow extends models.Model {
    _name = "bridge.flow";
    name = fields.Char();
    direction = choice("pull", "push", "both");
    authority = choice("remote", "odoo", "newest", "ask");
    can_create = fields.Boolean();
    can_update = fields.Boolean();
    delete_policy = choice("archive", "unlink", "mark", "flag", "ignore");
    remove_limit = fields.Integer();
    push_domain = fields.Char();
    leave_policy = choice("delete", "archive", "keep");
    odoo_delete_policy = choice("delete", "archive", "keep");
    interval_number = fields.Integer();
    interval_type = choice("minutes", "hours", "days", "weeks");
    full_scan_days = fields.Integer();
    is_called = fields.Boolean();
    _records = [{ id: 1, name: "Contacts", ...RULES }];
}

defineMailModels();
defineModels([Flow]);

const ARCH = `
    <form>
        <field name="direction" widget="radio"/>
        <widget name="bridge_rules"/>
        <field name="authority"/>
        <notebook>
            <page string="First" name="first"><field name="name"/></page>
            <page string="Records" name="records"><field name="remove_limit"/><field name="delete_policy"/></page>
        </notebook>
    </form>`;

const open = (arch = ARCH) => mountView({ type: "form", resModel: "bridge.flow", resId: 1, arch });
const told = (data) => Object.fromEntries(sentences({ ...RULES, ...data }).map(({ field, text }) => [field, text]));

test("each rule is a sentence, and only of what the form shows", async () => {
    await makeMockEnv(); // loads the translations
    const both = told({});
    expect(Object.keys(both)).toEqual([
        "authority",
        "interval_number",
        "full_scan_days",
        "mapping_ids",
        "can_create",
        "can_update",
        "delete_policy",
        "push_domain",
        "leave_policy",
        "odoo_delete_policy",
        "remove_limit",
    ]);
    expect(both.interval_number).toBe("It runs every 15 minutes.");
    expect(both.can_update).toBe("What changes there does not change here.");
    expect(both.odoo_delete_policy).toBe("What is deleted here is deleted there.");
    expect(both.remove_limit).toBe("At most 10 % are removed at once; more is asked about first.");
    const pull = told({ direction: "pull", delete_policy: "ignore", interval_number: 0 });
    expect(Object.keys(pull)).toEqual([
        "interval_number",
        "full_scan_days",
        "mapping_ids",
        "can_create",
        "can_update",
        "delete_policy",
    ]);
    expect(pull.interval_number).toBe("It runs by hand only.");
    const hourly = told({ interval_number: 1, interval_type: "hours", full_scan_days: 1 });
    expect(hourly.interval_number).toBe("It runs every hour.");
    expect(hourly.full_scan_days).toBe("Everything is looked at again after a day.");
    expect(Object.keys(told({ direction: "push" }))).not.toInclude("can_create");
    expect(Object.keys(told({ is_called: true }))).not.toInclude("interval_number");
    expect(told({ parent_id: { display_name: "Orders" } }).parent_id).toMatch(/inside those of “Orders”/);
});

test("key fields are named, and a flow without any says so", async () => {
    await makeMockEnv();
    const line = (key, name) => ({ data: { key, field_id: { display_name: name } } });
    const records = [line(true, "Email"), line(false, "City"), line(true, "Reference")];
    expect(told({ mapping_ids: { records } }).mapping_ids).toMatch(/by Email, Reference\.$/);
    expect(told({ mapping_ids: { records: [] } }).mapping_ids).toMatch(/^No field is a key/);
});

test("the arrows are those of the direction, and follow it while it is being changed", async () => {
    await open();
    expect(".o_bridge_arrows i").toHaveCount(2);
    expect(".o_bridge_caption").toHaveText("the later change wins");
    await contains(".o_radio_item:contains(pull) input").click();
    expect(".o_bridge_arrows i").toHaveCount(1);
    expect(".o_bridge_arrows i").toHaveClass("fa-long-arrow-right");
    expect(".o_bridge_caption").toHaveText("to Odoo only");
    expect(".o_bridge_sentence[data-field=authority]").toHaveCount(0);
});

test("a sentence leads to its setting, on another tab as well", async () => {
    await open();
    expect(".o_field_widget[name=remove_limit]").toHaveCount(0);
    await contains(".o_bridge_sentence[data-field=remove_limit]").click();
    await animationFrame();
    await animationFrame();
    expect(".o_field_widget[name=remove_limit] input").toBeFocused();
    await contains(".o_bridge_sentence[data-field=authority]").click();
    await animationFrame();
    expect(".o_field_widget[name=authority] :focus").toHaveCount(1);
});

test("who may only read is led there, too", async () => {
    await open(ARCH.replace("<form>", `<form edit="0">`));
    await contains(".o_bridge_sentence[data-field=remove_limit]").click();
    await animationFrame();
    await animationFrame();
    expect(".o_field_widget[name=remove_limit]").toBeFocused();
});
