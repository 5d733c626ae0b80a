/** @odoo-module **/

import { Component, onPatched, useRef, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { useGroup } from "../person/group";

const KEEP = { odoo: "action_keep_odoo", remote: "action_keep_remote" };
const OTHERS = { odoo: "action_others_odoo", remote: "action_others_remote" };
const ALWAYS = { odoo: "action_always_odoo", remote: "action_always_remote" };
// As Odoo writes it in other fields; with seconds, for which side was the later one is what one decides by.
const FORM = { showDate: true, showTime: true, showSeconds: true };
const moment = (text) => text && toLocaleDateTimeString(deserializeDateTime(text), FORM);

/** All conflicts of a record that stand, a line for each field: both values, what was agreed, and a choice. */
export class BridgeConflicts extends Component {
    static template = "integration_bridge.Conflicts";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.root = useRef("root");
        this.operators = useGroup("operator"); // who decides
        this.administrators = useGroup("administrator"); // who says what is to be decided no more
        // What was chosen last, of which conflict's form: the pager leads to others.
        this.state = useState({ isBusy: false, last: {} });
        onPatched(() => {
            // The button that had the focus is gone.
            if (this.isPressed && !this.state.isBusy) {
                this.isPressed = false;
                if (document.activeElement === document.body) {
                    this.root.el.focus();
                }
            }
        });
    }

    get rows() {
        return this.props.record.data[this.props.name] || [];
    }

    get states() {
        return Object.fromEntries(this.props.record.fields.state.selection);
    }

    isOwn(row) {
        return row.id === this.props.record.resId;
    }

    canDecide(row) {
        return this.operators.isIn && row.state !== "closed";
    }

    canSayAlways(row) {
        return this.administrators.isIn && row.state !== "closed" && row.kind === "field";
    }

    /** The two sides of a line, in the order in which they stand, with what was agreed between them. */
    sides(row) {
        const odoo = [row.odoo_user, moment(row.odoo_date)];
        return {
            odoo: {
                text: row.odoo_text,
                about: odoo.filter(Boolean).join(", "),
                keep: _t("Keep Odoo's"),
                always: _t("Always Odoo"),
            },
            remote: {
                text: row.remote_text,
                about: moment(row.remote_changed) || row.remote_date,
                keep: _t("Keep Theirs"),
                always: _t("Always Theirs"),
            },
        };
    }

    // The rest of the record

    /** Whose side was chosen last for a field of the record; nobody's where nothing has been chosen yet. */
    get lastSide() {
        const { last } = this.state;
        if (last.of === this.props.record.resId) {
            return last.side;
        }
        const chosen = this.rows.filter((row) => row.kind === "field" && row.decision);
        chosen.sort((one, other) => (one.decided < other.decided ? 1 : -1));
        return chosen.length ? chosen[0].decision : false;
    }

    /** A deleted record is no field like the others: it is never decided along with them. */
    get rest() {
        return this.rows.filter((row) => row.kind === "field" && row.state === "open");
    }

    get restLabel() {
        return this.lastSide === "odoo"
            ? _t("Decide %s More Like This: Keep Odoo's", this.rest.length)
            : _t("Decide %s More Like This: Keep Theirs", this.rest.length);
    }

    get isCarriedOut() {
        return this.rows.some((row) => row.state === "decided");
    }

    // The same field of other records

    get alike() {
        const { last } = this.state;
        const isJustClosed = (row) => this.isOwn(row) && last.of === row.id;
        return this.operators.isIn
            ? this.rows.filter((row) => row.others && (row.state !== "closed" || isJustClosed(row)))
            : [];
    }

    alikeText(row) {
        return _t("“%(field)s” is in conflict in other records as well: %(count)s.", {
            field: row.field_label,
            count: row.others,
        });
    }

    confirmText(row, side) {
        const told = { field: row.field_label, count: row.others };
        return side === "odoo"
            ? _t(
                  "Odoo's “%(field)s” stands in the other records too: %(count)s. What is carried out can not be undone. Go on?",
                  told,
              )
            : _t(
                  "Their “%(field)s” stands in the other records too: %(count)s. What is carried out can not be undone. Go on?",
                  told,
              );
    }

    alwaysText(row, side) {
        const told = { field: row.field_label };
        return side === "odoo"
            ? _t(
                  "From now on Odoo's “%(field)s” stands whenever both sides have changed it, in all records of the flow, also in those that are open now. Go on?",
                  told,
              )
            : _t(
                  "From now on their “%(field)s” stands whenever both sides have changed it, in all records of the flow, also in those that are open now. Go on?",
                  told,
              );
    }

    // Deciding

    keep(row, side) {
        if (row.kind === "field") {
            this.state.last = { of: this.props.record.resId, side };
        }
        if (row.decision !== side) {
            return this.call(KEEP[side], [row.id]);
        }
    }

    keepRest() {
        const ids = this.rest.map((row) => row.id);
        return this.call(KEEP[this.lastSide], ids);
    }

    /** Those that the person is asked about, and no more: what is found meanwhile has been seen by nobody. */
    keepOthers(row, side) {
        this.ask(this.confirmText(row, side), () => this.call(OTHERS[side], [row.id], row.others, row.latest));
    }

    keepAlways(row, side) {
        this.ask(this.alwaysText(row, side), () => this.call(ALWAYS[side], [row.id]));
    }

    ask(body, confirm) {
        this.dialog.add(ConfirmationDialog, { body, confirm, cancel: () => {} });
    }

    async call(method, ids, ...more) {
        if (this.state.isBusy) {
            return;
        }
        this.state.isBusy = this.isPressed = true;
        let action = false;
        try {
            action = await this.orm.call("bridge.conflict", method, [ids, ...more]);
        } finally {
            await this.props.record.load(); // also when it is refused: it is not any more as it is shown
            this.state.isBusy = false;
        }
        if (action) {
            await this.action.doAction(action);
        }
    }
}

export const bridgeConflicts = {
    component: BridgeConflicts,
    displayName: _t("Conflicts of a Record"),
    supportedTypes: ["json"],
};

registry.category("fields").add("bridge_conflicts", bridgeConflicts);
