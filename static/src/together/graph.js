/** @odoo-module **/

import { registry } from "@web/core/registry";
import { GraphModel } from "@web/views/graph/graph_model";
import { graphView } from "@web/views/graph/graph_view";

const TOGETHER = "bridge_together"; // a measure that no field is

/** Shows the measures of the view beside each other, where Odoo's graph shows one; each can be chosen alone as ever. */
export class GraphTogetherModel extends GraphModel {
    async _loadDataPoints(metaData) {
        if (metaData.measure !== TOGETHER) {
            return super._loadDataPoints(metaData);
        }
        const found = metaData.viewMeasures.map(async (measure) => {
            const [points] = await super._loadDataPoints({ ...metaData, measure });
            const label = metaData.fields[measure].string;
            return points.map((point) => ({
                ...point,
                labels: [...point.labels, label], // as if it were grouped by the measure, too
                identifier: JSON.stringify([point.identifier, measure]),
            }));
        });
        return [(await Promise.all(found)).flat(), new Set()];
    }
}

export const graphTogetherView = {
    ...graphView,
    Model: GraphTogetherModel,
    props(genericProps, view) {
        const props = graphView.props(genericProps, view);
        if (!genericProps.state) {
            const { fields, viewMeasures } = props.modelParams;
            const string = viewMeasures.map((measure) => fields[measure].string).join(", ");
            const together = { name: TOGETHER, string, type: "integer", aggregator: "sum" };
            Object.assign(props.modelParams, { fields: { ...fields, [TOGETHER]: together }, measure: TOGETHER });
        }
        return props;
    },
};

registry.category("views").add("bridge_graph_together", graphTogetherView);
