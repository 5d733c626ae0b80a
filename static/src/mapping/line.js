/** @odoo-module **/

import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { Field } from "@web/views/fields/field";
import { ConverterOptions } from "./converter_options";
import { PathInput } from "./path_input";

const ARROWS = { pull: "fa-long-arrow-right", push: "fa-long-arrow-left", both: "fa-exchange" };

/** One field mapping: there, how, here, with the values of a record on both sides. */
export class MappingLine extends Component {
    static template = "integration_bridge.MappingLine";
    static components = { ConverterOptions, Field, PathInput };
    static props = {
        record: { type: Object },
        infos: { type: Object }, // field infos of the view, by name
        terms: { type: [Object, { value: null }] },
        tried: { type: [Object, { value: null }] },
        places: { type: Array },
        position: { type: Number },
        side: { type: String },
        readonly: { type: Boolean },
        onEdit: { type: Function },
        onDone: { type: Function },
        onOpen: { type: Function },
        onDelete: { type: Function },
        onMove: { type: Function, optional: true }, // with -1 or 1; none: the order can not be changed
    };

    setup() {
        this.state = useState({ isJson: false });
    }

    /** Of the fields of the open line, so that each has a label that is read aloud. */
    id(name) {
        return `${name}_${this.props.record.id}`;
    }

    get data() {
        return this.props.record.data;
    }

    get isOpen() {
        return this.props.record.isInEdition && !this.props.readonly;
    }

    get arrow() {
        return ARROWS[this.data.ways] || ARROWS.pull;
    }

    get ways() {
        const ways = {
            pull: _t("from the other system to Odoo"),
            push: _t("from Odoo to the other system"),
            both: _t("both ways"),
        };
        return ways[this.data.ways] || ways.pull;
    }

    get converter() {
        return this.props.terms?.converters[this.data.converter];
    }

    get label() {
        return this.converter?.label || this.data.converter;
    }

    get needsPath() {
        return this.converter ? this.converter.needs_path : true;
    }

    get field() {
        return this.props.terms?.fields.find((field) => field.id === this.data.field_id?.id) || null;
    }

    get fieldLabel() {
        return this.field?.label || (this.data.field_id ? this.data.field_id.display_name : "");
    }

    get cell() {
        return this.props.tried?.cells[this.props.position] || null;
    }

    /** How many of the other records can not be read, for the one that is shown may be fine. */
    get otherProblems() {
        const cells = this.props.tried?.cells || [];
        return cells.filter((cell, index) => cell.problem && index !== this.props.position).length;
    }

    get isSentOtherwise() {
        return (
            this.props.side === "there" && this.cell && this.cell.sent !== null && this.cell.sent !== this.cell.there
        );
    }

    get seen() {
        const texts = (this.props.tried?.cells || []).map((cell) => cell.there);
        return texts.filter((text) => text !== null);
    }

    update(values) {
        return this.props.record.update(values);
    }

    setPath(path) {
        return this.update({ path: path || false });
    }

    edit(ev) {
        if (!this.props.readonly && !this.isOpen && !ev.target.closest("button")) {
            this.props.onEdit();
        }
    }
}
