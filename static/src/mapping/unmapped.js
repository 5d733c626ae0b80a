/** @odoo-module **/

import { Component } from "@odoo/owl";

/** What else is in the sample, with a click to add it. */
export class Unmapped extends Component {
    static template = "integration_bridge.Unmapped";
    static props = {
        places: { type: Array },
        position: { type: Number },
        readonly: { type: Boolean },
        onAdd: { type: Function }, // with a path
    };
}
