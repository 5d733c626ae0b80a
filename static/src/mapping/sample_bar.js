/** @odoo-module **/

import { Component } from "@odoo/owl";

/** Fetches a sample, and steps through its records. */
export class SampleBar extends Component {
    static template = "integration_bridge.SampleBar";
    static props = {
        sample: { type: [Object, { value: null }] },
        titles: { type: Array }, // what each record of the sample is called
        position: { type: Number },
        isBusy: { type: Boolean },
        canPropose: { type: Boolean },
        onFetch: { type: Function },
        onPropose: { type: Function },
        onStep: { type: Function },
    };

    get count() {
        return this.props.sample?.records.length || 0;
    }

    step(by) {
        this.props.onStep((this.props.position + by + this.count) % this.count);
    }
}
