import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    mockService,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { user } from "@web/core/user";

const ROW = {
    kind: "field",
    state: "open",
    decision: false,
    decided: false,
    odoo_text: "111",
    remote_text: "222",
    agreed_text: "000",
    odoo_user: "Ada",
    odoo_date: "2026-11-29 12:00:00",
    remote_changed: false,
    remote_date: "yesterday",
    others: 0,
    latest: 0,
};
const row = (id, label, values) => ({ ...ROW, id, field_label: label, ...values });
const ROWS = [row(1, "Phone"), row(2, "Email"), row(3, "City"), row(4, "Name")];

class Conflict extends models.Model {
    _name = "bridge.conflict";
    state = fields.Selection({
        selection: [
            ["open", "Open"],
            ["decided", "Decided"],
            ["closed", "Closed"],
        ],
    });
    same_record = fields.Json();
    _records = [
        { id: 1, state: "open", same_record: ROWS },
        { id: 9, state: "open", same_record: [row(9, "Street")] },
    ];
}

defineMailModels();
defineModels([Conflict]);

const ARCH = `<form edit="0"><field name="state"/><field name="same_record" widget="bridge_conflicts"/></form>`;
const line = (id) => `.o_bridge_conflict[data-id="${id}"]`;
const keep = (id, side) => `${line(id)} button[name=action_keep_${side}]`;

/** What the server would have written down. */
function becomes(decide, ids = [1]) {
    const conflicts = MockServer.env["bridge.conflict"];
    const rows = conflicts.browse(ids)[0].same_record.map(decide);
    conflicts.write(ids, { same_record: rows });
}

function answer(method, side, state = "decided") {
    onRpc("bridge.conflict", method, ({ args: [ids] }) => {
        expect.step(`${method} ${ids}`);
        becomes((one) => (ids.includes(one.id) ? { ...one, state, decision: side, decided: `${side}` } : one));
        return false;
    });
}

async function open({ isOperator = true, rows, resId = 1, resIds } = {}) {
    patchWithCleanup(user, { hasGroup: async () => isOperator }); // else it is kept from one test to the next
    if (rows) {
        Conflict._records[0].same_record = rows;
    }
    await mountView({ type: "form", resModel: "bridge.conflict", resId, resIds, arch: ARCH });
}

test("each field has a line with both values, who and when, and what was agreed", async () => {
    await open();
    expect(".o_bridge_conflict").toHaveCount(4);
    expect(`${line(1)} .o_bridge_field`).toHaveText("Phone");
    expect(`${line(1)} [data-side=odoo] .o_bridge_value`).toHaveText("111");
    expect(`${line(1)} [data-side=odoo]`).toHaveText(/Ada, .*2026/);
    expect(`${line(1)} [data-side=remote] .o_bridge_value`).toHaveText("222");
    expect(`${line(1)} [data-side=remote]`).toHaveText(/yesterday/);
    expect(`${line(1)} .o_bridge_agreed .o_bridge_value`).toHaveText("000");
    expect(line(1)).toHaveAttribute("aria-current", "true");
    expect(line(2)).toHaveAttribute("aria-current", "false");
    expect(".o_bridge_rest").toHaveCount(0, { message: "nothing was chosen that it could be like" });
});

test("a side is chosen, is marked, and can be chosen otherwise; the focus stays", async () => {
    answer("action_keep_odoo", "odoo");
    answer("action_keep_remote", "remote");
    await open();
    expect(keep(2, "odoo")).toHaveAttribute("aria-pressed", "false");
    await contains(keep(2, "odoo")).click();
    expect(keep(2, "odoo")).toHaveAttribute("aria-pressed", "true");
    expect(keep(2, "odoo")).toBeFocused();
    expect(`${line(2)} .o_bridge_chosen`).toHaveCount(1);
    expect(`${line(2)} .badge`).toHaveText("Decided");
    await contains(keep(2, "remote")).click();
    expect(keep(2, "odoo")).toHaveAttribute("aria-pressed", "false");
    expect(keep(2, "remote")).toHaveAttribute("aria-pressed", "true");
    await contains(keep(2, "remote")).click();
    expect.verifySteps(["action_keep_odoo 2", "action_keep_remote 2"]);
});

test("the rest is decided like the choice that was made last", async () => {
    answer("action_keep_odoo", "odoo");
    answer("action_keep_remote", "remote");
    await open({ rows: [...ROWS, row(5, "The whole record", { kind: "gone_there" })] });
    await contains(keep(1, "odoo")).click();
    expect(".o_bridge_rest").toHaveText("Decide 3 More Like This: Keep Odoo's");
    await contains(keep(2, "remote")).click();
    expect(".o_bridge_rest").toHaveText("Decide 2 More Like This: Keep Theirs");
    await contains(".o_bridge_rest").click();
    expect.verifySteps(["action_keep_odoo 1", "action_keep_remote 2", "action_keep_remote 3,4"]);
    expect(".o_bridge_rest").toHaveCount(0);
    expect(keep(5, "remote")).toHaveAttribute("aria-pressed", "false", { message: "a deletion is no field" });
    await animationFrame();
    expect(".o_bridge_conflicts").toBeFocused({ message: "the button is gone" });
});

test("who comes back goes on with the choice that was made last", async () => {
    const [first, second, ...others] = ROWS;
    await open({
        rows: [
            { ...first, state: "decided", decision: "remote", decided: "2026-11-29 12:00:01" },
            { ...second, state: "decided", decision: "odoo", decided: "2026-11-29 12:00:02" },
            ...others,
        ],
    });
    expect(".o_bridge_rest").toHaveText("Decide 2 More Like This: Keep Odoo's");
});

test("what was chosen for one record says nothing of the next one", async () => {
    answer("action_keep_odoo", "odoo");
    Conflict._records[1].same_record = [row(9, "Street"), row(10, "Zip")];
    await open({ resIds: [1, 9] });
    await contains(keep(1, "odoo")).click();
    expect(".o_bridge_rest").toHaveCount(1);
    await contains(".o_pager_next").click();
    expect(line(9)).toHaveCount(1);
    expect(".o_bridge_rest").toHaveCount(0);
    expect.verifySteps(["action_keep_odoo 1"]);
});

test("the same field is decided in all other records, after a question that says how many", async () => {
    onRpc("bridge.conflict", "action_others_remote", ({ args: [ids, count, latest] }) => {
        expect.step(`${count} others of ${ids}, up to ${latest}`);
        becomes((one) => ({ ...one, others: 0 }));
        return { type: "ir.actions.client", tag: "display_notification" };
    });
    mockService("action", { doAction: ({ tag }) => expect.step(tag) });
    await open({ rows: [row(1, "Phone", { others: 12, latest: 40 }), row(2, "Email")] });
    expect(".o_bridge_alike").toHaveCount(1);
    expect(".o_bridge_alike").toHaveText(/“Phone” is in conflict in other records as well: 12\./);
    await contains(".o_bridge_alike button[name=action_others_remote]").click();
    expect(".modal-body").toHaveText(
        /Their “Phone” stands in the other records too: 12\. What is carried out can not be undone/,
    );
    await contains(".modal-footer .btn-secondary").click();
    expect.verifySteps([]);
    await contains(".o_bridge_alike button[name=action_others_remote]").click();
    await contains(".modal-footer .btn-primary").click();
    expect.verifySteps(["12 others of 1, up to 40", "display_notification"]);
    expect(".o_bridge_alike").toHaveCount(0);
});

test("each field says for itself whose value always stands, after a question that names it", async () => {
    answer("action_always_odoo", "odoo");
    await open({ rows: [...ROWS, row(5, "The whole record", { kind: "gone_there" })] });
    expect("button[name=action_always_odoo]").toHaveCount(4, { message: "a deletion is no field" });
    await contains(`${line(2)} button[name=action_always_odoo]`).click();
    expect(".modal-body").toHaveText(/From now on Odoo's “Email” stands/);
    await contains(".modal-footer .btn-primary").click();
    expect.verifySteps(["action_always_odoo 2"]);
    expect(`${line(2)} .badge`).toHaveText("Decided");
});

test("who may only read sees what was chosen, and no choice", async () => {
    const decided = row(2, "Email", { state: "decided", decision: "remote", decided: "2026-11-29 12:00:00" });
    await open({ isOperator: false, rows: [row(1, "Phone", { others: 12 }), decided] });
    expect(".o_bridge_conflict").toHaveCount(2);
    expect(".o_bridge_conflicts button").toHaveCount(0);
    expect(`${line(2)} [data-side=remote] .o_bridge_kept`).toHaveText("Chosen");
    expect(`${line(2)} [data-side=odoo] .o_bridge_kept`).toHaveCount(0);
});

test("what is closed is only read; but right after it was closed, the others can still be decided alike", async () => {
    answer("action_keep_odoo", "odoo", "closed");
    await open({ rows: [row(1, "Phone", { others: 12 })] });
    await contains(keep(1, "odoo")).click();
    expect(`${line(1)} button`).toHaveCount(0);
    expect(`${line(1)} .o_bridge_kept`).toHaveCount(1);
    expect(".o_bridge_alike").toHaveCount(1);
    await mountView({ type: "form", resModel: "bridge.conflict", resId: 1, arch: ARCH });
    expect(".o_form_view:last .o_bridge_alike").toHaveCount(0);
    expect.verifySteps(["action_keep_odoo 1"]);
});
