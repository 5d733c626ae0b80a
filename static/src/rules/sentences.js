/** @odoo-module **/

import { _t } from "@web/core/l10n/translation";

const WINS = {
    remote: () => _t("The other system wins where both sides changed the same field."),
    odoo: () => _t("Odoo wins where both sides changed the same field."),
    newest: () => _t("The later change wins where both sides changed the same field."),
    ask: () => _t("A person decides where both sides changed the same field."),
};
const GONE_THERE = {
    archive: () => _t("What disappears there is archived here."),
    unlink: () => _t("What disappears there is deleted here."),
    mark: () => _t("What disappears there is marked here, by values or a button."),
    flag: () => _t("What disappears there stays here; only its status says so."),
    ignore: () => _t("What disappears there stays here as it is."),
};
const LEFT_HERE = {
    delete: () => _t("What is archived here, or is not to be sent any more, is deleted there."),
    archive: () => _t("What is archived here, or is not to be sent any more, is archived there."),
    keep: () => _t("What is archived here, or is not to be sent any more, stays there."),
};
const DELETED_HERE = {
    delete: () => _t("What is deleted here is deleted there."),
    archive: () => _t("What is deleted here is archived there."),
    keep: () => _t("What is deleted here stays there."),
};
const EVERY = {
    minutes: (count) => (count === 1 ? _t("It runs every minute.") : _t("It runs every %s minutes.", count)),
    hours: (count) => (count === 1 ? _t("It runs every hour.") : _t("It runs every %s hours.", count)),
    days: (count) => (count === 1 ? _t("It runs every day.") : _t("It runs every %s days.", count)),
    weeks: (count) => (count === 1 ? _t("It runs every week.") : _t("It runs every %s weeks.", count)),
};

/**
 * The rules of a flow in sentences, each with the setting that it tells of.
 *
 * What the form hides is not told, for nobody could go there.
 *
 * @param {Object} data of the flow's form
 * @returns {{ field: string, page: string, text: string }[]} page: the tab of the setting; empty: it is on none
 */
export function sentences(data) {
    return [...start(data), ...pulled(data), ...pushed(data), ...limits(data)];
}

const sentence = (field, text, page = "records") => ({ field, page, text: String(text) });

function start(data) {
    if (data.parent_id) {
        const { display_name: name } = data.parent_id;
        return [sentence("parent_id", _t("These records come and go inside those of “%s”.", name), "")];
    }
    const told = [];
    if (data.direction === "both") {
        told.push(sentence("authority", WINS[data.authority](), ""));
    }
    if (data.is_called) {
        told.push(sentence("is_called", _t("The other system calls Odoo; Odoo asks for nothing."), ""));
        return told;
    }
    const { interval_number: count, interval_type: unit } = data;
    told.push(sentence("interval_number", count ? EVERY[unit](count) : _t("It runs by hand only."), ""));
    const days = data.full_scan_days;
    const after =
        days === 1
            ? _t("Everything is looked at again after a day.")
            : _t("Everything is looked at again after %s days.", days);
    told.push(sentence("full_scan_days", days ? after : _t("Everything is looked at again by hand only."), ""));
    return told;
}

function pulled(data) {
    if (data.direction === "push") {
        return [];
    }
    const keys = (data.mapping_ids?.records || []).filter((line) => line.data.key && line.data.field_id);
    const names = keys.map((line) => line.data.field_id.display_name).join(", ");
    const matched = names
        ? _t("A record from there is matched with one of Odoo by %s.", names)
        : _t("No field is a key, so a record from there is never matched with one that Odoo has.");
    return [
        sentence("mapping_ids", matched, "mappings"),
        sentence(
            "can_create",
            data.can_create ? _t("What is new there is created here.") : _t("What is new there is not created here."),
        ),
        sentence(
            "can_update",
            data.can_update ? _t("What changes there changes here.") : _t("What changes there does not change here."),
        ),
    ];
}

function pushed(data) {
    const gone = [sentence("delete_policy", GONE_THERE[data.delete_policy]())];
    if (data.direction === "pull" || data.parent_id) {
        return gone;
    }
    const isAll = ["", "[]"].includes((data.push_domain || "").trim());
    return [
        ...gone,
        sentence(
            "push_domain",
            isAll ? _t("All records of Odoo are sent.") : _t("Only some records of Odoo are sent."),
        ),
        sentence("leave_policy", LEFT_HERE[data.leave_policy]()),
        sentence("odoo_delete_policy", DELETED_HERE[data.odoo_delete_policy]()),
    ];
}

function limits(data) {
    if (data.parent_id || (data.delete_policy === "ignore" && data.direction === "pull")) {
        return [];
    }
    const most = _t("At most %s %% are removed at once; more is asked about first.", data.remove_limit);
    return [sentence("remove_limit", most)];
}
