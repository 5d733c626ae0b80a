/** @odoo-module **/

import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { JsonNode } from "./json_node";
import { isHolder, readJson } from "./reading";

const FEW = 600; // characters that nobody needs a search for

/** A text that is mostly JSON, to be read: folded, searched, with what is to blame marked; any other text as it is. */
export class BridgeJson extends Component {
    static template = "integration_bridge.Json";
    static components = { JsonNode };
    static props = {
        ...standardFieldProps,
        marks: { type: String, optional: true }, // the field with the ways to what is marked
    };

    setup() {
        this.state = useState({ typed: "", isText: false });
    }

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    get value() {
        return this.text ? readJson(this.text) : undefined;
    }

    get isTree() {
        return !this.state.isText && isHolder(this.value);
    }

    get canBeTree() {
        return isHolder(this.value);
    }

    get isLong() {
        return this.text.length > FEW;
    }

    get sought() {
        return this.state.typed.trim().toLowerCase();
    }

    get marks() {
        return (this.props.marks && this.props.record.data[this.props.marks]) || [];
    }
}

export const bridgeJson = {
    component: BridgeJson,
    displayName: _t("JSON to Be Read"),
    supportedTypes: ["text"],
    extractProps: ({ options }) => ({ marks: options.marks }),
};

registry.category("fields").add("bridge_json", bridgeJson);
