import { advanceTime, expect, queryAllTexts, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
    serverState,
} from "@web/../tests/web_test_helpers";
import { Component, reactive, useState, xml } from "@odoo/owl";
import { ChoicesTable } from "@integration_bridge/mapping/choices_table";
import { ConverterOptions } from "@integration_bridge/mapping/converter_options";
import { PathInput } from "@integration_bridge/mapping/path_input";
import { Proposals } from "@integration_bridge/mapping/proposals";
import { isMapped, readOptions, writeOptions } from "@integration_bridge/mapping/reading";
import { SampleBar } from "@integration_bridge/mapping/sample_bar";
import { Unmapped } from "@integration_bridge/mapping/unmapped";

class Flow extends models.Model {
    _name = "bridge.flow";
    name = fields.Char();
    model = fields.Char();
    model_id = fields.Many2one({ relation: "ir.model" });
    id_path = fields.Char();
    mapping_ids = fields.One2many({ relation: "bridge.field.mapping", relation_field: "flow_id" });
    _records = [{ id: 1, name: "Contacts", id_path: "id", mapping_ids: [1, 2] }];
}

class Mapping extends models.Model {
    _name = "bridge.field.mapping";
    flow_id = fields.Many2one({ relation: "bridge.flow" });
    sequence = fields.Integer({ default: 10 });
    path = fields.Char();
    converter = fields.Selection({
        selection: [
            ["text", "Text"],
            ["boolean", "Yes or no"],
            ["many2one_key", "Related record"],
        ],
        default: "text",
    });
    field_id = fields.Many2one({ relation: "ir.model.fields", required: true });
    options = fields.Text();
    field_name = fields.Char();
    key = fields.Boolean();
    required = fields.Boolean();
    create_only = fields.Boolean({ string: "Only on Create" });
    direction = fields.Selection({ selection: [["pull", "Remote to Odoo"]] });
    authority = fields.Selection({ selection: [["odoo", "Odoo"]] });
    ways = fields.Char();
    _records = [
        { id: 1, flow_id: 1, path: "name", converter: "text", field_id: 11, field_name: "name", ways: "pull" },
        { id: 2, flow_id: 1, path: "adress.city", converter: "text", field_id: 12, ways: "pull" },
    ];
    _views = { form: `<form><field name="path"/><field name="field_id"/></form>` };
}

class IrModelFields extends models.Model {
    _name = "ir.model.fields";
    name = fields.Char();
    _records = [
        { id: 11, name: "Name" },
        { id: 12, name: "City" },
        { id: 13, name: "Email" },
    ];
}

class Country extends models.Model {
    _name = "res.country";
    name = fields.Char();
    code = fields.Char({ string: "Country Code" });
    flag = fields.Binary();
}

defineMailModels();
defineModels([Flow, Mapping, IrModelFields, Country]);

const ARCH = `
    <form>
        <field name="name"/><field name="id_path"/>
        <field name="mapping_ids" widget="bridge_mappings" mode="list" context="{'default_flow_id': id}">
            <list>
                <field name="sequence" widget="handle"/><field name="path"/><field name="converter"/><field name="field_id"/><field name="options"/>
                <field name="key"/><field name="required"/><field name="create_only"/>
                <field name="direction"/><field name="authority"/><field name="ways"/><field name="field_name"/>
            </list>
        </field>
    </form>`;
const TERMS = {
    converters: {
        text: {
            label: "Text",
            needs_path: true,
            options: { strip: { kind: "boolean", help: "trim", default: false } },
        },
        boolean: { label: "Yes or no", needs_path: true, options: {} },
        many2one_key: { label: "Related record", needs_path: true, options: {} },
    },
    fields: [
        { id: 11, name: "name", label: "Name", type: "char", relation: "", selection: [] },
        { id: 12, name: "city", label: "City", type: "char", relation: "", selection: [] },
        { id: 13, name: "email", label: "Email", type: "char", relation: "", selection: [] },
    ],
    flows: [["contacts", "Contacts"]],
    ways: ["exact", "email"],
};
const SAMPLE = {
    side: "there",
    records: [{ id: 1 }, { id: 2 }],
    titles: ["one", "two"],
    places: [
        { path: "id", texts: ["1", "2"] },
        { path: "name", texts: ["Ada", "Bob"] },
        { path: "email", texts: ["ada@example.com", null] },
        { path: "address.city", texts: ["Bern", "Basel"] },
    ],
    problem: "",
};
const MATCH = { problem: "", doubtful: [{ positions: [0, 1], reason: "match two" }], more: 3 };
const cell = (there, here = there, problem = "") => ({ there, here, problem, sent: null });

/** The server of the editor: what it is asked is a step. */
function serve({ isOperator = true } = {}) {
    serverState.userId = 7;
    onRpc("has_group", () => isOperator);
    onRpc("bridge.flow", "mapping_terms", () => TERMS);
    onRpc("bridge.flow", "sample", () => {
        expect.step("sample");
        return SAMPLE;
    });
    onRpc("bridge.flow", "match_sample", ({ args }) => {
        const keys = args[2].map((line) => line.path);
        expect.step(`match ${keys.join(" ")}`.trim());
        return keys.length ? { ...MATCH, summary: `by ${keys.join(", ")}` } : {};
    });
    onRpc("bridge.flow", "try_mappings", ({ args }) => {
        const lines = args[3];
        expect.step(`try ${lines.map((line) => line.path).join(" ")}`);
        return lines.map(({ path }) => {
            const found = SAMPLE.places.find((place) => place.path === path);
            return {
                problem: "",
                warning: found ? "" : `${path} was found in none`,
                found: found ? 2 : 0,
                cells: (found ? found.texts : [null, null]).map((text) => cell(text, text && `<${text}>`)),
            };
        });
    });
}

const line = (number) => `.o_bridge_line:eq(${number})`;

async function open() {
    await mountView({ type: "form", resModel: "bridge.flow", resId: 1, arch: ARCH });
}

async function fetchSample() {
    await contains(".o_bridge_fetch").click();
    await animationFrame();
}

test("values of a sample record stand on both sides, and one steps through the records", async () => {
    serve();
    await open();
    expect(".o_bridge_line").toHaveCount(2);
    expect(`${line(0)} .o_bridge_here`).toHaveText("Name");
    await fetchSample();
    expect.verifySteps(["sample", "try name adress.city", "match"]);
    expect(`${line(0)} .o_bridge_there .o_bridge_value`).toHaveText("Ada");
    expect(`${line(0)} .o_bridge_here .o_bridge_value`).toHaveText("<Ada>");
    await contains(".o_bridge_next").click();
    expect(".o_bridge_title").toHaveText("Bob");
    expect(`${line(0)} .o_bridge_here .o_bridge_value`).toHaveText("<Bob>");
    await contains(".o_bridge_next").click();
    expect(".o_bridge_title").toHaveText("Ada"); // round and round
    expect.verifySteps([]); // nothing is asked again
});

test("a path that no record has is said at its line, and a line that is changed is tried at once", async () => {
    serve();
    await open();
    await fetchSample();
    expect(`${line(1)} .o_bridge_warning`).toHaveText("adress.city was found in none");
    await contains(`${line(1)} .o_bridge_edit`).click();
    await contains(`${line(1)} .o_bridge_path input`).edit("address.city", { confirm: "blur" });
    await animationFrame();
    expect(`${line(1)} .o_bridge_warning`).toHaveCount(0);
    expect(`${line(1)} .o_bridge_here .o_bridge_value`).toHaveText("<Bern>");
    expect.verifySteps(["sample", "try name adress.city", "match", "try name address.city"]);
    await contains(".o_form_button_save").click();
    expect(MockServer.env["bridge.field.mapping"].browse(2)[0].path).toBe("address.city");
});

test("what the key fields find is said in words, and follows when the key is changed", async () => {
    serve();
    await open();
    await fetchSample();
    expect(".o_bridge_match").toHaveCount(0);
    await contains(`${line(0)} .o_bridge_edit`).click();
    await contains(`${line(0)} [name=key] input`).click();
    await animationFrame();
    expect(".o_bridge_match_summary").toHaveText("by name");
    expect(".o_bridge_doubtful").toHaveText("Ada, Bob: match two");
    expect(".o_bridge_match").toHaveText(/Other doubtful ones: 3/);
    await contains(".o_bridge_doubtful button:eq(1)").click();
    expect(".o_bridge_title").toHaveText("Bob");
    await contains(`${line(0)} [name=key] input`).click();
    await animationFrame();
    expect(".o_bridge_match").toHaveCount(0);
    const tried = "try name adress.city";
    expect.verifySteps(["sample", tried, "match", tried, "match name", tried, "match"]);
});

test("a record is called by what looks like a name where none is mapped, and by its id where it has none", async () => {
    serve();
    const places = [{ path: "name", texts: [null, "Bob"] }];
    onRpc("bridge.flow", "sample", () => ({ ...SAMPLE, places }));
    await open();
    await contains(`${line(0)} .o_bridge_delete`).click();
    await fetchSample();
    expect(".o_bridge_title").toHaveText("one");
    await contains(".o_bridge_next").click();
    expect(".o_bridge_title").toHaveText("Bob");
    expect.verifySteps(["try adress.city", "match"]);
});

test("doubtful records are called by what looks like a name, too", async () => {
    serve();
    await open();
    await contains(`${line(0)} .o_bridge_delete`).click();
    await contains(`${line(0)} .o_bridge_edit`).click();
    await contains(`${line(0)} [name=key] input`).click();
    await fetchSample();
    expect(".o_bridge_doubtful").toHaveText("Ada, Bob: match two");
    expect.verifySteps(["sample", "try adress.city", "match adress.city"]);
});

test("why it can not be told is said as well", async () => {
    serve();
    onRpc("bridge.flow", "match_sample", () => ({ ...MATCH, summary: "", problem: "no field is a key", doubtful: [] }));
    await open();
    await fetchSample();
    expect(".o_bridge_match_problem").toHaveText("no field is a key");
    expect(".o_bridge_match_summary").toHaveCount(0);
    expect.verifySteps(["sample", "try name adress.city"]);
});

test("what else is in the sample is listed, and added with a click", async () => {
    serve();
    await open();
    await fetchSample();
    expect(".o_bridge_map").toHaveCount(2); // id is the flow's own, name is mapped
    await contains(".o_bridge_map[data-path=email]").click();
    expect(".o_bridge_line").toHaveCount(3);
    expect(`${line(2)} .o_bridge_path input`).toHaveValue("email");
    expect(".o_bridge_map[data-path=email]").toHaveCount(0);
    expect.verifySteps(["sample", "try name adress.city", "match", "try name adress.city email"]);
});

test("proposals are accepted or left, and saved with the form", async () => {
    serve();
    const proposal = (field_id, label, path) => ({
        field_id,
        path,
        converter: "text",
        options: '{"strip": true}',
        field_label: label,
        reason: `because of ${path}`,
        tried: { problem: "", warning: "", found: 2, cells: [cell("x"), cell("y")] },
    });
    onRpc("bridge.flow", "propose_mappings", () => [
        proposal(13, "Email", "email"),
        proposal(12, "City", "address.city"),
    ]);
    await open();
    expect(".o_bridge_propose").toHaveCount(0); // of what?
    await fetchSample();
    await contains(".o_bridge_propose").click();
    expect(".o_bridge_proposal").toHaveCount(2);
    expect(".o_bridge_proposal:eq(0)").toHaveText(/because of email/);
    await contains(".o_bridge_proposal:eq(1) .o_bridge_leave").click();
    await contains(".o_bridge_proposal:eq(0) .o_bridge_accept").click();
    expect(".o_bridge_proposal").toHaveCount(0);
    expect(".o_bridge_line").toHaveCount(3);
    await contains(".o_form_button_save").click();
    const [made] = MockServer.env["bridge.field.mapping"].search_read([["path", "=", "email"]]);
    expect(made.field_id[0]).toBe(13);
    expect(made.options).toBe('{"strip": true}');
    expect.verifySteps(["sample", "try name adress.city", "match", "try name adress.city email"]);
});

test("who is no operator has no sample, and who may not edit has no buttons", async () => {
    serve({ isOperator: false });
    await mountView({
        type: "form",
        resModel: "bridge.flow",
        resId: 1,
        arch: ARCH.replace("<form>", `<form edit="0">`),
    });
    expect(".o_bridge_line").toHaveCount(2);
    expect(".o_bridge_fetch").toHaveCount(0);
    expect(".o_bridge_edit").toHaveCount(0);
    expect(".o_bridge_add").toHaveCount(0);
    await contains(line(0)).click();
    expect(".o_bridge_open").toHaveCount(0);
});

test("a line that lacks its field stays open, and says so", async () => {
    serve();
    await open();
    await contains(".o_bridge_add").click();
    expect(".o_bridge_line").toHaveCount(3);
    await contains(`${line(0)} .o_bridge_edit`).click();
    expect(".o_notification").toHaveText(/Choose a field/);
    expect(line(2)).toHaveClass("o_bridge_open");
    await contains(`${line(2)} .o_bridge_delete`).click();
    expect(".o_bridge_line").toHaveCount(2);
    await contains(`${line(0)} .o_bridge_edit`).click();
    expect(line(0)).toHaveClass("o_bridge_open");
});

test("lines are moved by their arrows or dragged, and saved in that order", async () => {
    serve();
    await open();
    const order = () => queryAllTexts(".o_bridge_line .o_bridge_line_path");
    await contains(`${line(1)} .o_bridge_edit`).click();
    await contains(`${line(1)} .o_bridge_up`).click();
    await contains(".o_bridge_done").click();
    expect(order()).toEqual(["adress.city", "name"]);
    await contains(`${line(0)} .o_bridge_edit`).click();
    await contains(`${line(0)} .o_bridge_up`).click(); // it is the first already
    await contains(".o_bridge_done").click();
    expect(order()).toEqual(["adress.city", "name"]);
    await contains(`${line(0)} .o_bridge_handle`).dragAndDrop(line(1));
    expect(order()).toEqual(["name", "adress.city"]);
    await contains(`${line(0)} .o_bridge_handle`).dragAndDrop(line(1));
    await contains(".o_form_button_save").click();
    const [name, city] = MockServer.env["bridge.field.mapping"].browse([1, 2]);
    expect(city.sequence).toBeLessThan(name.sequence);
});

test("a sample is still there when one comes back from another tab", async () => {
    serve();
    const arch = ARCH.replace(
        '<field name="mapping_ids"',
        '<notebook><page name="a" string="A"><field name="mapping_ids"',
    ).replace("</field>\n    </form>", '</field></page><page name="b" string="B"/></notebook></form>');
    await mountView({ type: "form", resModel: "bridge.flow", resId: 1, arch });
    await fetchSample();
    await contains(".o_bridge_next").click();
    await contains(".nav-link[name=b]").click();
    expect(".o_bridge_line").toHaveCount(0);
    await contains(".nav-link[name=a]").click();
    await animationFrame();
    expect(".o_bridge_title").toHaveText("Bob");
    expect(`${line(0)} .o_bridge_here .o_bridge_value`).toHaveText("<Bob>");
    expect.verifySteps(["sample", "try name adress.city", "match", "try name adress.city", "match"]);
});

/** A component alone, with properties that can be changed. */
async function mount(Part, props) {
    const shared = reactive(props);
    class Parent extends Component {
        static components = { Part };
        static template = xml`<Part t-props="shared"/>`;
        static props = ["*"];
        setup() {
            this.shared = useState(shared);
        }
    }
    await mountWithCleanup(Parent);
    return shared;
}

test("options of a converter are fields of their kinds", async () => {
    onRpc("res.country", "fields_get", () => ({
        code: { string: "Country Code", type: "char", searchable: true, store: true },
        flag: { string: "Flag", type: "binary", searchable: true, store: true },
    }));
    const option = (kind, about = {}) => ({ kind, help: kind, default: null, required: false, ...about });
    await mount(ConverterOptions, {
        converter: {
            label: "All",
            needs_path: true,
            options: {
                field: option("text", { required: true }),
                optional: option("boolean", { default: false }),
                compare: option("way"),
                digits: option("count"),
                empty: option("list"),
            },
        },
        converters: {},
        options: '{"optional": true}',
        field: { relation: "res.country", selection: [] },
        flows: [],
        ways: ["exact", "email"],
        onChange: (options) => expect.step(options ? JSON.parse(options) : options),
    });
    expect("[data-option=field] select option").toHaveCount(2); // none, and the code
    expect("[data-option=field] label").toHaveText("text *\nfield"); // what it is for, then how JSON calls it
    expect("[data-option=field] select").toHaveAttribute("aria-label", "text");
    await contains("[data-option=field] select").select("code");
    await contains("[data-option=optional] input").click();
    await contains("[data-option=compare] select").select("email");
    await contains("[data-option=digits] input").edit("2");
    await contains("[data-option=empty] input").edit("[false]");
    expect.verifySteps([
        { optional: true, field: "code" },
        false, // what is usual is not written down
        { optional: true, compare: "email" },
        { optional: true, digits: 2 },
        { optional: true, empty: [false] },
    ]);
    await contains("[data-option=digits] input").edit("two");
    await contains("[data-option=empty] input").edit("[false");
    expect("[data-option=digits] .text-danger[role=alert]").toHaveText(/whole number/);
    expect("[data-option=empty] .text-danger[role=alert]").toHaveText(/not JSON/);
    expect.verifySteps([]);
});

test("a table of choices takes the values of the sample", async () => {
    const props = await mount(ChoicesTable, {
        value: { M: "male" },
        choices: [
            ["male", "Male"],
            ["female", "Female"],
        ],
        seen: ["M", "F", "F"],
        onChange: (value) => {
            expect.step(value);
            props.value = value;
        },
    });
    await contains("button:contains(F)").click();
    await contains("select:eq(1)").select("female");
    await contains("button[title=Remove]:eq(0)").click();
    await contains("button[title=Remove]:eq(0)").click();
    expect.verifySteps([{ M: "male", F: "female" }, { F: "female" }, undefined]);
});

test("a path is typed, or chosen from the sample by any part of it", async () => {
    await mount(PathInput, {
        path: "name",
        places: SAMPLE.places,
        position: 1,
        onChange: (path) => expect.step(path),
    });
    await contains("input").edit("  other.place ", { confirm: "blur" });
    expect.verifySteps(["other.place"]);
    await contains("input").edit("city", { confirm: false });
    await advanceTime(300);
    await contains(".o-autocomplete--dropdown-item:contains(Basel)").click();
    expect.verifySteps(["address.city"]);
});

test("the bar of a sample that can not be had says why", async () => {
    await mount(SampleBar, {
        sample: { ...SAMPLE, records: [], titles: [], problem: "It answered 403" },
        titles: [],
        position: 0,
        isBusy: false,
        canPropose: false,
        onFetch: () => expect.step("fetch"),
        onPropose: () => {},
        onStep: () => {},
    });
    expect(".alert").toHaveText("It answered 403");
    expect(".o_bridge_next").toHaveCount(0);
    await contains(".o_bridge_fetch").click();
    expect.verifySteps(["fetch"]);
});

test("a proposal of an expression shows it", async () => {
    await mount(Proposals, {
        proposals: [
            {
                field_id: 1,
                path: false,
                converter: "expression",
                options: '{"expression": "join(\' \', [a, b])"}',
                field_label: "Name",
                reason: "two parts",
                tried: { cells: [cell("Ada King")] },
            },
        ],
        position: 0,
        onAccept: ([one]) => expect.step(one.field_label),
        onLeave: () => {},
        onClose: () => expect.step("close"),
    });
    expect(".o_bridge_proposal code").toHaveText("join(' ', [a, b])");
    await contains(".o_bridge_accept_all").click();
    await contains("button:contains(Close)").click();
    expect.verifySteps(["Name", "close"]);
});

test("what is not mapped is only shown to who may not map it", async () => {
    const props = await mount(Unmapped, {
        places: [SAMPLE.places[1]],
        position: 0,
        readonly: true,
        onAdd: (path) => expect.step(path),
    });
    expect(".o_bridge_unmapped").toHaveText(/Ada/);
    expect(".o_bridge_map").toHaveCount(0);
    props.readonly = false;
    await animationFrame();
    await contains(".o_bridge_map").click();
    expect.verifySteps(["name"]);
});

test("options are the text of an object, or none", () => {
    expect(readOptions("")).toEqual({});
    expect(readOptions('{"a": 1}')).toEqual({ a: 1 });
    expect(readOptions("[1]")).toBe(null);
    expect(readOptions("{")).toBe(null);
    expect(writeOptions({})).toBe(false);
    expect(readOptions(writeOptions({ a: [1] }))).toEqual({ a: [1] });
});

test("a place is mapped by its path, by one around it, or inside an expression", () => {
    const lines = [
        { path: "name" },
        { path: "address" },
        { converter: "expression", options: '{"expression": "join(\' \', [first, last])"}' },
    ];
    expect(["name", "address.city", "address[0]", "first"].filter((path) => !isMapped(path, lines))).toEqual([]);
    expect(["name2", "addresses", "phone"].filter((path) => isMapped(path, lines))).toEqual([]);
});

test("an expression hides only the fields that it names as a whole", () => {
    const line = (expression) => ({ converter: "expression", options: writeOptions({ expression }) });
    const unmapped = (paths, ...lines) => paths.filter((path) => !isMapped(path, lines));
    const proposed = line("join(' ', [first_name, last_name][?@])");
    expect(unmapped(["first_name", "last_name", "name", "first", "last"], proposed)).toEqual(["name", "first", "last"]);
    expect(unmapped(["paid", "id"], line("paid"))).toEqual(["id"]);
    expect(unmapped(["owner.name", "name", "ownerXname"], line("owner.name"))).toEqual(["name", "ownerXname"]);
    expect(unmapped(["tags[0]", "tags", "tags2"], line("tags[0] || 'none'"))).toEqual(["tags2"]);
    expect(unmapped(["given-name", "given", '"a.b"', "$x("], line('"given-name" || "a.b"'))).toEqual(["given", "$x("]);
});

test("of several ways only their paths are read, not what else they say", () => {
    const ways = [
        { path: "customer.email", converter: "many2one_key", options: { field: "email" } },
        { path: "buyer", converter: "text" },
    ];
    const lines = [{ converter: "first_of", options: writeOptions({ ways }) }];
    const paths = ["customer.email", "buyer.name", "email", "text", "path", "ways"];
    expect(paths.filter((path) => isMapped(path, lines))).toEqual(["customer.email", "buyer.name"]);
    expect(isMapped("email", [{ converter: "first_of", options: '{"ways": [null]}' }])).toBe(false);
    expect(isMapped("email", [{ converter: "expression", options: "{ email" }])).toBe(false);
});
