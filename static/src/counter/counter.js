/** @odoo-module **/

import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** A counter of a run: pressed, it shows just the records that it has counted; if not all can be, it says why. */
export class BridgeCounter extends Component {
    static template = "integration_bridge.Counter";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get isListed() {
        return (this.props.record.data.listed || []).includes(this.props.name);
    }

    get count() {
        return formatInteger(this.props.record.data[this.props.name]);
    }

    get reason() {
        return _t(
            "These records can not be shown one by one: the log does not have all of them, or you may not read all of them.",
        );
    }

    get label() {
        return `${this.props.record.fields[this.props.name].string}: ${this.count}`;
    }

    async open() {
        const { record, name } = this.props;
        await this.action.doAction(await this.orm.call(record.resModel, "action_open_counted", [[record.resId], name]));
    }
}

export const bridgeCounter = {
    component: BridgeCounter,
    supportedTypes: ["integer"],
    fieldDependencies: [{ name: "listed", type: "json" }],
};

registry.category("fields").add("bridge_counter", bridgeCounter);
