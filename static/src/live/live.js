/** @odoo-module **/

import { Component, onWillUpdateProps, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { FIELDS, Rate, isMoving, percentOf, progressText, useNews } from "./progress";

const GOING_ON = new Set(["pending", "running"]);

/**
 * Reads the record again for as long as it is going on, and says how far it is: nobody has to reload the page.
 *
 * The record has ``state``, ``shown_state``, ``fetched`` and ``expected``: how many records were handled so far, and how
 * many there are.
 */
export class BridgeLive extends Component {
    static template = "integration_bridge.Live";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ perSecond: 0, now: undefined });
        this.rate = new Rate();
        useNews(
            () => this.read(),
            (news) => this.isGoingOn && (!news?.run || news.run === this.props.record.resId),
        );
        onWillUpdateProps((next) => {
            if (next.record.resId !== this.props.record.resId) {
                this.rate = new Rate();
                Object.assign(this.state, { perSecond: 0, now: undefined });
            }
        });
    }

    get isGoingOn() {
        return GOING_ON.has(this.props.record.data.state);
    }

    get isMoving() {
        return this.isGoingOn && isMoving(this.props.record.data);
    }

    get now() {
        return this.state.now || this.props.record.data;
    }

    get progress() {
        return progressText(this.now, this.state.perSecond);
    }

    get percent() {
        return percentOf(this.now);
    }

    async read() {
        const { record } = this.props;
        // The whole form has its log lines, which may be very many: it is read again only when the state changes.
        const { resId } = record;
        const [now] = await this.orm.silent.read(record.resModel, [resId], FIELDS);
        if (resId !== this.props.record.resId) {
            return; // another one is shown meanwhile
        }
        this.rate.measure(now.fetched);
        Object.assign(this.state, { now, perSecond: this.rate.perSecond });
        if (now.state !== record.data.state || now.shown_state !== record.data.shown_state) {
            await record.load();
        }
    }
}

export const bridgeLive = {
    component: BridgeLive,
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "shown_state", type: "selection" },
        { name: "fetched", type: "integer" },
        { name: "expected", type: "integer" },
    ],
};

registry.category("view_widgets").add("bridge_live", bridgeLive);
