import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { contains, defineModels, fields, mockService, models, mountView, onRpc } from "@web/../tests/web_test_helpers";

class Order extends models.Model {
    _name = "sale.order";
    name = fields.Char();
    _records = [{ id: 7, name: "S00007" }];
}

class Binding extends models.Model {
    _name = "bridge.binding";
}

class Flow extends models.Model {
    _name = "bridge.flow";
}

defineMailModels();
defineModels([Order, Binding, Flow]);

const ARCH = `
    <form>
        <div name="button_box" class="oe_button_box"><widget name="bridge_status"/></div>
        <field name="name"/>
    </form>`;

test("a business record says how it is with the other systems, and leads to more", async () => {
    onRpc("bridge.binding", "status_of", ({ args }) => {
        expect.step(`status of ${args.join(" ")}`);
        return { label: "Failed", color: "danger", system: "Web shop", text: "It failed." };
    });
    onRpc("bridge.flow", "action_sync_status", ({ args }) => {
        expect.step(`open ${args[0]} ${args[1].join(" ")}`);
        return { type: "ir.actions.act_window_close" };
    });
    mockService("action", { doAction: (action) => expect.step(action.type) });
    await mountView({ type: "form", resModel: "sale.order", resId: 7, arch: ARCH });
    await animationFrame();
    expect(".o_bridge_status .o_stat_value").toHaveText("Failed");
    expect(".o_bridge_status .o_stat_value").toHaveClass("text-danger");
    expect(".o_bridge_open_there").toHaveCount(0);
    await contains(".o_bridge_status").click();
    expect.verifySteps(["status of sale.order 7", "open sale.order 7", "ir.actions.act_window_close"]);
});

test("a record leads to itself in the other system, where somebody has said how", async () => {
    const url = "https://shop.example.com/orders/7";
    onRpc("bridge.binding", "status_of", () => ({ label: "Synced", color: "success", system: "Shop", text: "", url }));
    await mountView({ type: "form", resModel: "sale.order", resId: 7, arch: ARCH });
    await animationFrame();
    expect(".o_bridge_open_there").toHaveAttribute("href", url);
    expect(".o_bridge_open_there").toHaveAttribute("target", "_blank");
    expect(".o_bridge_open_there").toHaveAttribute("rel", "noopener noreferrer");
});

test("a form opens without the status where it can not be had", async () => {
    onRpc("bridge.binding", "status_of", () => {
        throw new Error("no");
    });
    await mountView({ type: "form", resModel: "sale.order", resId: 7, arch: ARCH });
    expect(".o_field_widget[name=name] input").toHaveValue("S00007");
    expect(".o_bridge_status").toHaveCount(0);
});

test("a record that is not saved has no status", async () => {
    onRpc("bridge.binding", "status_of", () => {
        expect.step("asked");
    });
    await mountView({ type: "form", resModel: "sale.order", arch: ARCH });
    expect(".o_bridge_status").toHaveCount(0);
    expect.verifySteps([]);
});
