/** @odoo-module **/

import { Component } from "@odoo/owl";

/** What the key fields would find in Odoo of a sample, in words, with the doubtful records. */
export class MatchSummary extends Component {
    static template = "integration_bridge.MatchSummary";
    static props = {
        match: { type: Object },
        titles: { type: Array }, // what each record of the sample is called
        onShow: { type: Function }, // with the position of a record
    };
}
