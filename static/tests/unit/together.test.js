import { animationFrame, expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { defineModels, fields, models, mountView } from "@web/../tests/web_test_helpers";
import { checkDatasets, getGraphModel, getYAxisLabel } from "@web/../tests/views/graph/graph_test_helpers";

class Run extends models.Model {
    _name = "bridge.run";
    started = fields.Datetime();
    created = fields.Integer({ aggregator: "sum" });
    failed = fields.Integer({ aggregator: "sum" });
    _records = [
        { id: 1, started: "2026-05-01 10:00:00", created: 20, failed: 1 },
        { id: 2, started: "2026-05-01 12:00:00", created: 5, failed: 0 },
        { id: 3, started: "2026-05-02 12:00:00", created: 0, failed: 3 },
    ];
}

defineMailModels();
defineModels([Run]);

const ARCH = `
    <graph js_class="bridge_graph_together" stacked="0">
        <field name="started" interval="day"/>
        <field name="created" type="measure"/>
        <field name="failed" type="measure"/>
    </graph>`;

test("all measures of a graph are shown together, and each alone where it is chosen", async () => {
    const view = await mountView({ type: "graph", resModel: "bridge.run", arch: ARCH });
    checkDatasets(
        view,
        ["label", "data"],
        [
            { label: "Created", data: [25, 0] },
            { label: "Failed", data: [1, 3] },
        ],
    );
    expect(getYAxisLabel(view)).toBe("Created, Failed");
    await getGraphModel(view).updateMetaData({ measure: "failed" });
    await animationFrame();
    checkDatasets(view, ["label", "data"], [{ label: "Failed", data: [1, 3] }]);
});
