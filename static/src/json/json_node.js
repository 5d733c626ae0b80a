/** @odoo-module **/

import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { hasText, isHolder, said } from "./reading";

const MOST = 100; // of what is inside; the others on demand

/** A value of a JSON document, and what is inside of it. */
export class JsonNode extends Component {
    static template = "integration_bridge.JsonNode";
    static props = {
        name: { type: [String, Number] },
        value: { optional: true }, // any JSON value
        marks: { type: Array }, // ways from here to what is marked; an empty one is this itself
        sought: { type: String },
        isTop: { type: Boolean, optional: true },
    };

    setup() {
        this.state = useState({ isOpen: Boolean(this.props.isTop) || this.hasMarkInside, most: MOST });
    }

    get isHolder() {
        return isHolder(this.props.value);
    }

    get isMarked() {
        return this.props.marks.some((way) => !way.length);
    }

    get hasMarkInside() {
        return this.props.marks.some((way) => way.length);
    }

    /** Who looks for something sees where it is, and not what it is beside. */
    get isOpen() {
        return Boolean(this.props.sought) || this.state.isOpen;
    }

    get text() {
        return said(this.props.value);
    }

    get hint() {
        const { value } = this.props;
        return Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`;
    }

    get isNamed() {
        return this.props.name !== "";
    }

    get inside() {
        const { value, sought, marks } = this.props;
        const isList = Array.isArray(value);
        const entries = isList ? value.map((one, place) => [place, one]) : Object.entries(value);
        return entries
            .filter(([name, one]) => !sought || this.isFound || hasText(isList ? "" : name, one, sought))
            .map(([name, one]) => ({
                name,
                value: one,
                marks: marks.filter(([first]) => first === name).map((way) => way.slice(1)),
            }));
    }

    /** All of what is called so is shown. */
    get isFound() {
        const { name, sought } = this.props;
        return typeof name === "string" && name !== "" && name.toLowerCase().includes(sought);
    }

    get more() {
        return _t("%s more", this.inside.length - this.state.most);
    }
}

JsonNode.components = { JsonNode };
