/** @odoo-module **/

import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { ChoicesTable } from "./choices_table";
import { readOptions, writeOptions } from "./reading";

/** The options of a converter, a field for each. */
export class ConverterOptions extends Component {
    static template = "integration_bridge.ConverterOptions";
    static components = { ChoicesTable };
    static props = {
        converter: { type: Object }, // of the terms
        converters: { type: Object },
        options: { type: [String, Boolean] },
        field: { type: [Object, { value: null }], optional: true }, // of the terms: the one that is filled
        flows: { type: Array },
        ways: { type: Array },
        seen: { type: Array, optional: true }, // values of the sample
        onChange: { type: Function },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ keys: [], wrong: {} });
        onWillStart(() => this.readKeys(this.props));
        onWillUpdateProps((next) => {
            if (next.field?.relation !== this.props.field?.relation) {
                return this.readKeys(next);
            }
        });
    }

    get values() {
        return readOptions(this.props.options);
    }

    get rows() {
        return Object.entries(this.props.converter.options).map(([name, option]) => ({
            name,
            ...option,
            control: this.control(name, option.kind),
            choices: this.choices(name, option.kind),
            value: (this.values || {})[name],
        }));
    }

    control(name, kind) {
        if (this.choices(name, kind).length) {
            return "select";
        }
        const controls = { boolean: "checkbox", count: "number", scale: "number", text: "text", choices: "choices" };
        return controls[kind] || "json";
    }

    /** What can be chosen; nothing where it is typed. */
    choices(name, kind) {
        if (name === "field" && kind === "text") {
            return this.state.keys;
        }
        if (name === "flow") {
            return this.props.flows;
        }
        if (name === "then") {
            return Object.entries(this.props.converters).map(([one, { label }]) => [one, label]);
        }
        const fixed = { way: this.props.ways, sign: [".", ","] };
        return (fixed[kind] || []).map((one) => [one, one]);
    }

    /** The fields of the related model that one of its records can be found by. */
    async readKeys({ field, converter }) {
        this.state.keys = [];
        if (!field?.relation || !("field" in converter.options)) {
            return;
        }
        const known = await this.orm.silent.call(field.relation, "fields_get", [], {
            attributes: ["string", "type", "searchable", "store"],
        });
        const isKey = ({ type, searchable, store }) =>
            searchable && store && ["char", "integer", "selection"].includes(type);
        this.state.keys = Object.entries(known)
            .filter(([, about]) => isKey(about))
            .map(([name, about]) => [name, _t("%(label)s (%(name)s)", { label: about.string, name })])
            .sort((one, other) => one[1].localeCompare(other[1]));
    }

    shown(row) {
        return row.value === undefined || row.value === null ? "" : JSON.stringify(row.value);
    }

    set(name, value) {
        const options = { ...this.values };
        delete this.state.wrong[name];
        if (value === undefined || value === "" || value === null) {
            delete options[name];
        } else {
            options[name] = value;
        }
        this.props.onChange(writeOptions(options));
    }

    setBoolean(row, isSet) {
        this.set(row.name, isSet === Boolean(row.default) ? undefined : isSet);
    }

    setNumber(row, text) {
        const number = Number(text);
        if (text.trim() && !Number.isInteger(number)) {
            this.state.wrong[row.name] = _t("Write a whole number, such as 2.");
            return;
        }
        this.set(row.name, text.trim() ? number : undefined);
    }

    setJson(row, text) {
        try {
            this.set(row.name, text.trim() ? JSON.parse(text) : undefined);
        } catch {
            this.state.wrong[row.name] = _t(
                'This is not JSON. Write a list such as ["a", "b"], or an object such as {"a": 1}.',
            );
        }
    }
}
