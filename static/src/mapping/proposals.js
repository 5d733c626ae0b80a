/** @odoo-module **/

import { Component } from "@odoo/owl";

/** Field mappings that are probably meant, each with its reason: accepted or left. */
export class Proposals extends Component {
    static template = "integration_bridge.Proposals";
    static props = {
        proposals: { type: Array },
        position: { type: Number },
        onAccept: { type: Function }, // with a list of them
        onLeave: { type: Function }, // with one of them
        onClose: { type: Function },
    };

    cell(proposal) {
        return proposal.tried.cells[this.props.position] || {};
    }

    source(proposal) {
        return proposal.path || JSON.parse(proposal.options).expression;
    }
}
