/** @odoo-module **/

import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
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
        onWillStart(() => this.read(this.props.record));
        onWillUpdateProps((next) => this.read(next.record));
    }

    async read({ resModel, resId }) {
        // A record that is not saved yet is nowhere else.
        this.state.status = resId
            ? await this.orm.silent.call("bridge.binding", "status_of", [resModel, resId])
            : null;
    }

    async open() {
        const { resModel, resId } = this.props.record;
        const action = await this.orm.call("bridge.flow", "action_sync_status", [
            resModel,
            [resId],
        ]);
        await this.action.doAction(action);
    }
}

export const bridgeStatus = { component: BridgeStatus };

registry.category("view_widgets").add("bridge_status", bridgeStatus);
