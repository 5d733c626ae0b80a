/** @odoo-module **/

import { onWillStart, onWillUnmount, onWillUpdateProps, toRaw, useEffect, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useBus, useService } from "@web/core/utils/hooks";
import { useSortable } from "@web/core/utils/sortable_owl";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { useGroup } from "../person/group";
import { MappingLine } from "./line";
import { MatchSummary } from "./match";
import { Proposals } from "./proposals";
import { isMapped, lineValues } from "./reading";
import { SampleBar } from "./sample_bar";
import { Unmapped } from "./unmapped";

// What was fetched, by the form: a tab that is left and opened again is made anew, and the sample is still there.
const FETCHED = new WeakMap();
const NAMES = ["name", "title", "number", "reference", "email"]; // what the other system may call a record by

/**
 * The field mappings of a flow in two columns, there and here, with the values of a sample record.
 *
 * The lines are those of the form: what is changed here is saved with it, as in any list.
 */
export class MappingEditor extends X2ManyField {
    static template = "integration_bridge.MappingEditor";
    static components = { ...X2ManyField.components, MappingLine, MatchSummary, Proposals, SampleBar, Unmapped };

    setup() {
        super.setup();
        this.orm = useService("orm");
        this.state = useState({
            terms: null,
            sample: null,
            position: 0,
            tried: {},
            match: null,
            proposals: null,
            isBusy: false,
        });
        this.operators = useGroup("operator");
        this.restore();
        onWillUnmount(() => this.keep());
        this.keepLast = new KeepLast();
        this.keepLastMatch = new KeepLast();
        // Whoever presses a button while proposals still become lines has all of them saved, not the first ones.
        useBus(this.props.record.model.bus, "NEED_LOCAL_CHANGES", ({ detail }) =>
            detail.proms.push(this.accepting?.catch(() => {})),
        );
        useSortable({
            ref: useRef("lines"),
            elements: ".o_bridge_line",
            handle: ".o_bridge_handle",
            enable: () => this.canMove,
            cursor: "grabbing",
            onDrop: ({ element, previous }) => this.list.resequence(element.dataset.id, previous?.dataset.id ?? null),
        });
        onWillStart(() => this.readTerms(this.props));
        onWillUpdateProps((next) => {
            if (this.flowKey(next) !== this.termsOf) {
                this.forget();
                return this.readTerms(next);
            }
        });
        useEffect(
            () => {
                this.tryLines();
            },
            () => [this.state.sample, this.signature],
        );
        useEffect(
            () => {
                this.matchSample();
            },
            () => [this.state.sample, JSON.stringify(this.keyLines)],
        );
    }

    // ------------------------------------------------------------------------------------------
    // What is shown
    // ------------------------------------------------------------------------------------------

    get infos() {
        const nodes = Object.values(this.archInfo.fieldNodes);
        return Object.fromEntries(nodes.map((node) => [node.name, node]));
    }

    get lines() {
        return this.list.records.map(lineValues);
    }

    /** What the records of the sample are called: by what they seem to have as a name, for an id says little. */
    get names() {
        const { titles = [], places = [] } = this.state.sample || {};
        const named = this.list.records.find((record) => record.data.field_name === "name");
        const cells = (named && this.state.tried[named.id]?.cells) || [];
        const telling = NAMES.map((name) => places.find(({ path }) => path === name)).find(Boolean);
        return titles.map((title, position) => cells[position]?.there || telling?.texts[position] || title);
    }

    get keyLines() {
        return this.lines.filter((line) => line.key);
    }

    /** Another text whenever a line says something else. */
    get signature() {
        return JSON.stringify(this.lines);
    }

    get places() {
        return this.state.sample?.places || [];
    }

    get unmapped() {
        const { data } = this.props.record;
        const own = ["id_path", "updated_path", "version_path", "deleted_path", "reference_path"];
        const read = [...this.lines, ...own.map((name) => ({ path: data[name] }))];
        return this.places.filter(({ path, texts }) => texts.some((text) => text !== null) && !isMapped(path, read));
    }

    get isReadonly() {
        return this.props.readonly || !this.activeActions.write;
    }

    get canMove() {
        return !this.isReadonly && this.list.records.length > 1 && Boolean(this.list.canResequence());
    }

    get canPropose() {
        return !this.isReadonly && this.state.sample?.side === "there" && this.state.sample.records.length > 0;
    }

    // ------------------------------------------------------------------------------------------
    // What is asked
    // ------------------------------------------------------------------------------------------

    flowKey({ record }) {
        return `${record.resId || 0} ${record.data.model_id ? record.data.model_id.id : 0}`;
    }

    keep() {
        const { sample, position, proposals } = this.state;
        FETCHED.set(toRaw(this.props.record.model), { of: this.termsOf, kept: { sample, position, proposals } });
    }

    restore() {
        const { of, kept } = FETCHED.get(toRaw(this.props.record.model)) || {};
        if (of === this.flowKey(this.props)) {
            Object.assign(this.state, kept);
        }
    }

    forget() {
        Object.assign(this.state, { sample: null, position: 0, tried: {}, match: null, proposals: null });
    }

    async readTerms(props) {
        this.termsOf = this.flowKey(props);
        const ids = props.record.resId ? [props.record.resId] : [];
        this.state.terms = await this.orm.silent.call("bridge.flow", "mapping_terms", [ids]);
    }

    /** What is fetched is what is saved, so the form is saved before, as by any button. */
    async fetch() {
        const { record } = this.props;
        if ((record.isNew || (await record.isDirty())) && !(await record.save())) {
            return;
        }
        await this.whileBusy(async () => {
            const sample = await this.orm.call("bridge.flow", "sample", [[record.resId]]);
            Object.assign(this.state, { sample, position: 0, tried: {}, match: null, proposals: null });
        });
    }

    async propose() {
        await this.whileBusy(async () => {
            const lines = [[this.props.record.resId], this.state.sample.records, this.lines];
            this.state.proposals = await this.orm.call("bridge.flow", "propose_mappings", lines);
        });
    }

    async tryLines() {
        const { sample } = this.state;
        const { resId } = this.props.record;
        if (!sample || !sample.records.length || !resId) {
            return;
        }
        const ids = this.list.records.map((record) => record.id);
        const arguments_ = [[resId], sample.side, sample.records, this.lines];
        const tried = await this.keepLast.add(this.orm.silent.call("bridge.flow", "try_mappings", arguments_));
        this.state.tried = Object.fromEntries(ids.map((id, index) => [id, tried[index]]));
    }

    /** It is asked again only when the keys say something else, for it looks through all records of the model. */
    async matchSample() {
        const { sample } = this.state;
        const { resId } = this.props.record;
        if (!sample || sample.side !== "there" || !sample.records.length || !resId) {
            this.state.match = null;
            return;
        }
        const arguments_ = [[resId], sample.records, this.keyLines];
        const asked = this.orm.silent.call("bridge.flow", "match_sample", arguments_);
        const match = await this.keepLastMatch.add(asked);
        this.state.match = match.summary || match.problem ? match : null;
    }

    async whileBusy(work) {
        this.state.isBusy = true;
        try {
            await work();
        } finally {
            this.state.isBusy = false;
        }
    }

    // ------------------------------------------------------------------------------------------
    // What is changed
    // ------------------------------------------------------------------------------------------

    async edit(record) {
        if (await this.list.leaveEditMode({ canAbandon: false })) {
            await this.list.enterEditMode(record);
        } else {
            this.notificationService.add(_t("Choose a field for the open line first, or delete the line."), {
                type: "warning",
            });
        }
    }

    done() {
        return this.list.leaveEditMode({ canAbandon: false });
    }

    async open(record) {
        await this.done();
        return this._openRecord({ record, context: this.props.context, readonly: this.isReadonly });
    }

    async add(path = "") {
        if (!(await this.list.leaveEditMode({ canAbandon: false }))) {
            return this.edit(null);
        }
        await this.list.addNewRecord({
            context: { ...this.props.context, ...(path ? { default_path: path } : {}) },
            mode: "edit",
            position: "bottom",
        });
    }

    /** One place up or down, for who does not drag. */
    move(record, by) {
        const { records } = this.list;
        const place = records.indexOf(record) + by;
        if (place < 0 || place >= records.length) {
            return;
        }
        const before = by < 0 ? records[place - 1] : records[place];
        return this.list.resequence(record.id, before ? before.id : null);
    }

    async accept(proposals) {
        const left = this.list.leaveEditMode({ canAbandon: false });
        this.accepting = left.then(() => this.addLines(proposals));
        await this.accepting;
    }

    async addLines(proposals) {
        for (const { field_id, path, converter, options } of [...proposals]) {
            const context = { ...this.props.context, default_field_id: field_id, default_path: path };
            const record = await this.list.addNewRecord({ context, mode: "readonly", position: "bottom" });
            await record.update({ converter, options }); // the field has proposed the usual ones
        }
        proposals.forEach((proposal) => this.leave(proposal));
    }

    leave({ field_id }) {
        if (!this.state.proposals) {
            return; // closed meanwhile
        }
        this.state.proposals = this.state.proposals.filter((one) => one.field_id !== field_id);
    }
}

export const mappingEditor = {
    ...x2ManyField,
    component: MappingEditor,
    supportedTypes: ["one2many"],
};

registry.category("fields").add("bridge_mappings", mappingEditor);
