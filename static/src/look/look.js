/** @odoo-module **/

import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { useGroup } from "../person/group";

const KIND = "list"; // of which a flow has one operation

/**
 * *Look at the Answer*, in the line of an operation. Odoo's own button of a line that is new says "Please save your
 * changes first"; this one saves the form and goes on, as all buttons of a form do.
 */
export class BridgeLook extends Component {
    static template = "integration_bridge.Look";
    static props = { ...standardWidgetProps };

    setup() {
        this.administrators = useGroup("administrator");
    }

    get isShown() {
        const { data, isNew } = this.props.record;
        // What is new inside of a dialog is not saved by that dialog, but by the form below it.
        return this.administrators.isIn && data.kind === KIND && !(isNew && this.env.inDialog);
    }

    look() {
        const { record } = this.props;
        const { root } = record.model;
        // Only after the form is saved, and has read what it saved, it is asked which record that is.
        const saved = () =>
            record.isNew ? root.data.operation_ids.records.find((one) => one.data.kind === KIND) : record;
        return this.env.onClickViewButton({
            clickParams: { type: "object", name: "action_look" },
            getResParams: () => {
                const { context, evalContext, resModel, resId, resIds } = saved();
                return { context, evalContext, resModel, resId, resIds };
            },
        });
    }
}

registry.category("view_widgets").add("bridge_look", { component: BridgeLook });
