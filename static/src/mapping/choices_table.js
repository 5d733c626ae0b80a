/** @odoo-module **/

import { Component, useState } from "@odoo/owl";

/** Which of their values is which of Odoo's: a table in place of JSON. */
export class ChoicesTable extends Component {
    static template = "integration_bridge.ChoicesTable";
    static props = {
        value: { optional: true }, // an object, or a list of pairs
        choices: { type: Array }, // of Odoo: value and label; none: it is typed
        seen: { type: Array }, // values that the sample has
        onChange: { type: Function },
    };

    setup() {
        this.state = useState({ added: [] });
    }

    get pairs() {
        const { value } = this.props;
        const pairs = Array.isArray(value) ? value : Object.entries(value || {});
        return [...pairs, ...this.state.added];
    }

    get unlisted() {
        const listed = new Set(this.pairs.map(([remote]) => String(remote)));
        return [...new Set(this.props.seen)].filter((one) => !listed.has(one));
    }

    add(remote = "") {
        this.state.added.push([remote, ""]);
    }

    change(index, place, text) {
        const pairs = this.pairs.map((pair) => [...pair]);
        pairs[index][place] = text;
        this.keep(pairs);
    }

    remove(index) {
        this.keep(this.pairs.filter((_pair, at) => at !== index));
    }

    /** A pair counts when both sides are there; a list stays a list, for its remote values may be numbers. */
    keep(pairs) {
        const isWhole = ([remote, odoo]) => remote !== "" && odoo !== "";
        const whole = pairs.filter(isWhole);
        this.state.added = pairs.filter((pair) => !isWhole(pair));
        const value = Array.isArray(this.props.value) ? whole : Object.fromEntries(whole);
        this.props.onChange(whole.length ? value : undefined);
    }
}
