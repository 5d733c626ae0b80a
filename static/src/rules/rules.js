/** @odoo-module **/

import { Component, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { useGroup } from "../person/group";
import { sentences } from "./sentences";

const FRAMES = 60; // a second: a tab with much in it takes a while to be drawn
const FOCUSED = ["input:not([type=hidden])", "select", "textarea", "button"]
    .map((one) => `${one}:not(:disabled)`)
    .join(", ");

/** What a flow does: there, the arrows, here; and its rules in sentences, each a link to its setting. */
export class BridgeRules extends Component {
    static template = "integration_bridge.Rules";
    static props = { ...standardWidgetProps };

    setup() {
        this.root = useRef("root");
        this.operators = useGroup("operator"); // who sees the settings
    }

    get data() {
        return this.props.record.data;
    }

    get there() {
        return this.data.connector_id ? this.data.connector_id.display_name : _t("The other system");
    }

    get here() {
        return this.data.model_id ? this.data.model_id.display_name : _t("Records");
    }

    /** From there, and from here; what does not win is drawn pale. */
    get arrows() {
        const { direction, authority } = this.data;
        const both = direction === "both";
        return [
            { icon: "fa-long-arrow-right", isThere: direction !== "push", isPale: both && authority === "odoo" },
            { icon: "fa-long-arrow-left", isThere: direction !== "pull", isPale: both && authority === "remote" },
        ].filter((arrow) => arrow.isThere);
    }

    get caption() {
        const { direction, authority } = this.data;
        const wins = {
            remote: _t("the other system wins"),
            odoo: _t("Odoo wins"),
            newest: _t("the later change wins"),
            ask: _t("a person decides"),
        };
        const ways = { pull: _t("to Odoo only"), push: _t("to the other system only"), both: wins[authority] };
        return ways[direction];
    }

    get sentences() {
        return sentences(this.data);
    }

    /** Opens the tab of a setting and puts the cursor there. */
    async go({ page, field }) {
        const form = this.root.el.closest(".o_form_view, .o_form_renderer");
        if (page) {
            form.querySelector(`.o_notebook .nav-link[name="${page}"]`)?.click();
        }
        const find = () => form.querySelector(`.o_field_widget[name="${field}"]`);
        for (let frame = 0; frame < FRAMES && !find(); frame++) {
            await new Promise((resolve) => requestAnimationFrame(resolve)); // the tab is being drawn
        }
        const place = find();
        if (!place) {
            return;
        }
        const target = place.querySelector(FOCUSED) || place;
        if (target === place) {
            place.tabIndex = -1; // what can only be read is shown as well
        }
        target.scrollIntoView({ block: "center" });
        target.focus({ preventScroll: true });
    }
}

const FIELDS = {
    direction: "selection",
    authority: "selection",
    can_create: "boolean",
    can_update: "boolean",
    delete_policy: "selection",
    remove_limit: "integer",
    push_domain: "char",
    leave_policy: "selection",
    odoo_delete_policy: "selection",
    interval_number: "integer",
    interval_type: "selection",
    full_scan_days: "integer",
    is_called: "boolean",
};

export const bridgeRules = {
    component: BridgeRules,
    fieldDependencies: Object.entries(FIELDS).map(([name, type]) => ({ name, type })),
};

registry.category("view_widgets").add("bridge_rules", bridgeRules);
