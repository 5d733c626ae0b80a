/** @odoo-module **/

import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { useGroup } from "../person/group";
import { FIELDS, Rate, isMoving, percentOf, progressText, useNews } from "./progress";

/** On the card of a connector: its runs that are going on, how far they are, and a way to end them. */
export class BridgeProgress extends Component {
    static template = "integration_bridge.Progress";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ now: {} });
        this.operators = useGroup("operator");
        this.rates = {};
        this.heard = {}; // of runs that are not on the card: the state that was told last
        useNews(
            (news) => this.read(news),
            (news) => (news ? news.connector === this.props.record.resId : this.goingOn.length > 0),
        );
    }

    /** The runs that are going on, as the card was read. */
    get goingOn() {
        const flows = this.props.record.data.overview || [];
        return flows.flatMap(({ name, runs }) => runs.map((run) => ({ ...run, flow: name })));
    }

    get runs() {
        return this.goingOn
            .map((run) => ({ ...run, now: this.state.now[run.id] || run }))
            .filter(({ now }) => isMoving(now))
            .map(({ id, flow, kind, now }) => ({
                id,
                text: _t("%(flow)s, %(way)s: %(progress)s", {
                    flow,
                    way: this.way(kind),
                    progress: progressText(now, this.rates[id]?.perSecond),
                }),
                percent: percentOf(now),
            }));
    }

    way(kind) {
        const ways = { pull: _t("to Odoo"), push: _t("to the other system"), compare: _t("comparing") };
        return ways[kind];
    }

    /** The card is read whole only when a run begins or ends, or waits. */
    async read(news) {
        const known = Object.fromEntries(this.goingOn.map((run) => [run.id, run]));
        const ids = Object.keys(known).map(Number);
        const rows = ids.length ? await this.orm.silent.searchRead("bridge.run", [["id", "in", ids]], FIELDS) : [];
        for (const row of rows) {
            this.rates[row.id] = this.rates[row.id] || new Rate();
            this.rates[row.id].measure(row.fetched);
            this.state.now[row.id] = row;
        }
        const isChanged = (row) => row.shown_state !== known[row.id].shown_state;
        if (this.isNew(news, known) || rows.length < ids.length || rows.some(isChanged)) {
            await this.props.record.load();
        }
    }

    /** A run that is not on the card is one of a preview, or of single records: it is news when its state is another. */
    isNew(news, known) {
        if (!news || news.run in known) {
            return false;
        }
        const isNew = !news.run || this.heard[news.run] !== news.state;
        this.heard[news.run] = news.state;
        return isNew;
    }

    async cancel(id) {
        await this.orm.call("bridge.run", "action_cancel", [[id]]);
        await this.props.record.load();
    }
}

registry.category("view_widgets").add("bridge_progress", { component: BridgeProgress });
