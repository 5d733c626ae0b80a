/** @odoo-module **/

import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

export const EVERY = 2000; // milliseconds
const FIELDS = ["state", "shown_state", "fetched"];
const GOING_ON = new Set(["pending", "running"]);

/**
 * Reads the record again for as long as it is going on, and says how far it is: nobody has to reload the page.
 *
 * The record has ``state``, ``shown_state``, and ``fetched``: how many records were handled so far.
 */
export class BridgeLive extends Component {
    static template = "integration_bridge.Live";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ rate: 0, fetched: undefined });
        this.isReading = false;
        this.before = undefined;
        onMounted(() => {
            this.timer = browser.setInterval(() => this.read(), EVERY);
        });
        onWillUnmount(() => browser.clearInterval(this.timer));
    }

    get isGoingOn() {
        return GOING_ON.has(this.props.record.data.state);
    }

    get isMoving() {
        // While it waits for the other system the page says so already.
        return this.isGoingOn && this.props.record.data.shown_state !== "waiting";
    }

    get progress() {
        const { state } = this.props.record.data;
        const fetched = this.state.fetched ?? this.props.record.data.fetched;
        if (state === "pending" && !fetched) {
            return _t("Waiting for its turn…");
        }
        const count = formatInteger(fetched);
        if (!this.state.rate) {
            return _t("%(count)s records so far", { count });
        }
        return _t("%(count)s records so far, %(rate)s a second", {
            count,
            rate: formatInteger(this.state.rate),
        });
    }

    async read() {
        const { record } = this.props;
        // A page that nobody looks at asks for nothing; and one answer is waited for before the next question.
        if (!this.isGoingOn || this.isReading || document.hidden) {
            return;
        }
        this.isReading = true;
        try {
            // The whole form has its log lines, which may be very many: it is read again only when the state changes.
            const [now] = await this.orm.silent.read(record.resModel, [record.resId], FIELDS);
            this.measure(now.fetched);
            if (now.state !== record.data.state || now.shown_state !== record.data.shown_state) {
                await record.load();
            }
        } finally {
            this.isReading = false;
        }
    }

    measure(fetched) {
        const now = { at: Date.now(), fetched };
        if (this.before && fetched > this.before.fetched) {
            const seconds = (now.at - this.before.at) / 1000;
            this.state.rate = Math.round((fetched - this.before.fetched) / seconds);
        }
        this.before = now;
        this.state.fetched = fetched;
    }
}

export const bridgeLive = {
    component: BridgeLive,
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "shown_state", type: "selection" },
        { name: "fetched", type: "integer" },
    ],
};

registry.category("view_widgets").add("bridge_live", bridgeLive);
