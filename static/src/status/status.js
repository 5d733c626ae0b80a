/** @odoo-module **/

import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * The button of a business record that says how it is with the other systems, and leads to what tells more.
 */
export class BridgeStatus extends Component {
    static template = "integration_bridge.Status";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ status: null });
        this.of = undefined;
        useRecordObserver((record) => {
            if (record.resId !== this.of) {
                this.of = record.resId;
                this.read(record);
            }
        });
    }

    /** The form does not wait for it, and opens without it where it can not be had. */
    async read({ resModel, resId }) {
        this.state.status = null;
        if (!resId) {
            return; // a record that is not saved yet is nowhere else
        }
        try {
            const status = await this.orm.silent.call("bridge.binding", "status_of", [resModel, resId]);
            if (resId === this.of) {
                this.state.status = status;
            }
        } catch (error) {
            console.warn("The status of the record can not be had.", error);
        }
    }

    async open() {
        const { resModel, resId } = this.props.record;
        const action = await this.orm.call("bridge.flow", "action_sync_status", [resModel, [resId]]);
        await this.action.doAction(action);
    }
}

export const bridgeStatus = { component: BridgeStatus };

registry.category("view_widgets").add("bridge_status", bridgeStatus);
