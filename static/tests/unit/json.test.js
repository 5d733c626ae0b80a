import { expect, queryAllTexts, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { contains, defineModels, fields, models, mountView } from "@web/../tests/web_test_helpers";
import { Figure, hasText, readJson } from "@integration_bridge/json/reading";

class Job extends models.Model {
    _name = "bridge.job";
    text = fields.Text();
    marks = fields.Json();
    _records = [];
}

defineMailModels();
defineModels([Job]);

const ORDER = {
    number: "SO-1",
    customer: { name: "Ada", address: { city: "Bern" } },
    lines: [
        { sku: "A", price: 1 },
        { sku: "B", price: "much" },
    ],
};
const ARCH = `
    <form>
        <field name="marks" invisible="1"/>
        <field name="text" widget="bridge_json" options="{'marks': 'marks'}" readonly="1"/>
    </form>`;

function open(text, marks = []) {
    Job._records = [{ id: 1, text, marks }];
    return mountView({ type: "form", resModel: "bridge.job", resId: 1, arch: ARCH });
}

test("what is inside of a record is folded until somebody opens it", async () => {
    await open(JSON.stringify(ORDER));
    expect(queryAllTexts(".o_bridge_json_name")).toEqual(["number", "customer", "lines"]);
    expect(".o_bridge_json_fold:eq(1)").toHaveAttribute("aria-expanded", "false");
    await contains(".o_bridge_json_fold:contains(customer)").click();
    expect(queryAllTexts(".o_bridge_json_name")).toEqual(["number", "customer", "name", "address", "lines"]);
    expect(".o_bridge_json_fold:contains(customer)").toHaveAttribute("aria-expanded", "true");
    await contains(".o_bridge_json_fold:contains(customer)").click();
    expect(".o_bridge_json_name").toHaveCount(3);
});

test("what is to blame is open and marked", async () => {
    await open(JSON.stringify(ORDER), [["lines", 1, "price"]]);
    expect(".o_bridge_json_marked").toHaveCount(1);
    expect(".o_bridge_json_marked").toHaveText('price: "much"');
    expect(".o_bridge_json_marked [role=img]").toHaveAttribute("aria-label", "This is what it is about");
});

test("a word is found wherever it is, and nothing else is shown", async () => {
    await open(JSON.stringify({ ...ORDER, note: "-".repeat(600) }));
    await contains(".o_bridge_json_search").edit("BERN", { confirm: false });
    await animationFrame();
    expect(queryAllTexts(".o_bridge_json_name")).toEqual(["customer", "address", "city"]);
});

test("a short record needs no search; it can be read as it came", async () => {
    await open(JSON.stringify(ORDER));
    expect(".o_bridge_json_search").toHaveCount(0);
    await contains(".o_bridge_json button:contains(Show as Text)").click();
    expect(".o_bridge_json_text").toHaveText(JSON.stringify(ORDER));
});

test("what is no JSON is shown as it is", async () => {
    await open("<html>busy</html>");
    expect(".o_bridge_json_text").toHaveText("<html>busy</html>");
    expect(".o_bridge_json button").toHaveCount(0);
});

test("a long list is shown in parts", async () => {
    await open(JSON.stringify(Array.from({ length: 130 }, (_one, place) => place)));
    expect(".o_bridge_json_node .o_bridge_json_node").toHaveCount(100);
    await contains(".o_bridge_json button:contains(30 more)").click();
    expect(".o_bridge_json_node .o_bridge_json_node").toHaveCount(130);
});

test("numbers stay as they are written, or the text is shown", () => {
    const said = readJson('{"id": 12345678901234567890, "price": 1.10}');
    if (said) {
        expect(said.id).toBeInstanceOf(Figure);
        expect([said.id.text, said.price.text]).toEqual(["12345678901234567890", "1.10"]);
    }
    expect(readJson("no JSON")).toBe(undefined);
});

test("names and values are looked through, of lists the values", () => {
    expect(hasText("", readJson('{"a": [{"b": "Bern"}]}'), "bern")).toBe(true);
    expect(hasText("", readJson('{"a": [{"b": "Bern"}]}'), "b")).toBe(true);
    expect(hasText("", readJson("[5, 6]"), "1")).toBe(false);
});
