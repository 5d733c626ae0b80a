import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { contains, defineModels, fields, mockService, models, mountView, onRpc } from "@web/../tests/web_test_helpers";

class Operation extends models.Model {
    _name = "bridge.operation";
    kind = fields.Selection({
        selection: [
            ["list", "List records"],
            ["get", "Get a record"],
        ],
        default: "list",
    });
    path = fields.Char();
    flow_id = fields.Many2one({ relation: "bridge.flow" });
    _records = [
        { id: 4, kind: "get", path: "/things/{external_id}", flow_id: 1 },
        { id: 5, kind: "list", path: "/others", flow_id: 2 },
    ];
}

class Flow extends models.Model {
    _name = "bridge.flow";
    name = fields.Char({ required: true });
    operation_ids = fields.One2many({ relation: "bridge.operation", relation_field: "flow_id" });
    _records = [
        { id: 1, name: "Things", operation_ids: [4] },
        { id: 2, name: "Others", operation_ids: [5] },
    ];
}

defineMailModels();
defineModels([Operation, Flow]);

const ARCH = `
    <form>
        <field name="name"/>
        <field name="operation_ids">
            <list editable="bottom"><field name="kind"/><field name="path"/><widget name="bridge_look"/></list>
        </field>
    </form>`;

function heard() {
    onRpc("bridge.flow", "web_save", () => expect.step("saved"));
    mockService("action", {
        doActionButton: ({ name, resModel, resId }) => expect.step(`${name} of ${resModel} ${resId}`),
    });
}

async function addLine(path) {
    await contains(".o_field_x2many_list_row_add a").click();
    await contains(".o_selected_row [name=path] input").edit(path);
}

test("an operation that is new is saved first, and then looked at", async () => {
    heard();
    await mountView({ type: "form", resModel: "bridge.flow", resId: 1, arch: ARCH });
    await addLine("/things");
    await contains("button[name=action_look]").click();
    expect.verifySteps(["saved", "action_look of bridge.operation 6"]);
    expect(".o_notification").toHaveCount(0);
});

test("with a flow that is new, too", async () => {
    heard();
    await mountView({ type: "form", resModel: "bridge.flow", arch: ARCH });
    await contains("[name=name] input").edit("New ones");
    await addLine("/new");
    await contains("button[name=action_look]").click();
    expect.verifySteps(["saved", "action_look of bridge.operation 6"]);
});

test("what can not be saved is not looked at, and Odoo says why", async () => {
    heard();
    await mountView({ type: "form", resModel: "bridge.flow", arch: ARCH });
    await addLine("/new");
    await contains("button[name=action_look]").click();
    expect.verifySteps([]);
    expect(".o_field_widget[name=name]").toHaveClass("o_field_invalid");
});

test("one that is saved is looked at; only a list can be", async () => {
    heard();
    await mountView({ type: "form", resModel: "bridge.flow", resId: 2, arch: ARCH });
    await contains("button[name=action_look]").click();
    expect.verifySteps(["action_look of bridge.operation 5"]);
    await mountView({ type: "form", resModel: "bridge.flow", resId: 1, arch: ARCH });
    expect(".o_form_view:last button[name=action_look]").toHaveCount(0);
});
