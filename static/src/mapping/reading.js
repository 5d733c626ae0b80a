/** @odoo-module **/

import { escapeRegExp } from "@web/core/utils/strings";

/** What a field mapping says that decides what becomes of a value. */
export const SAID = [
    "path",
    "write_path",
    "converter",
    "options",
    "direction",
    "authority",
    "key",
    "required",
    "create_only",
    "checked",
    "on_missing",
    "on_null",
    "on_empty",
    "default_value",
    "when_empty",
];

/** The values of a field mapping as the server takes them, saved or not. */
export function lineValues(record) {
    const { data } = record;
    const values = { field_id: data.field_id ? data.field_id.id : false };
    for (const name of SAID) {
        if (name in data) {
            values[name] = data[name];
        }
    }
    return values;
}

/**
 * The options of a converter, from their text.
 *
 * @returns {Object | null} null if it is not the text of an object
 */
export function readOptions(text) {
    if (!text || !text.trim()) {
        return {};
    }
    try {
        const options = JSON.parse(text);
        return options && typeof options === "object" && !Array.isArray(options) ? options : null;
    } catch {
        return null;
    }
}

/** The text of some options; false for none. */
export function writeOptions(options) {
    return Object.keys(options).length ? JSON.stringify(options, null, 2) : false;
}

/** Is what stands at a path of the sample read by one of these lines? */
export function isMapped(path, lines) {
    return lines.some((line) => {
        if (isAt(path, line.path)) {
            return true;
        }
        const options = readOptions(line.options) || {};
        if (line.converter === "first_of") {
            return Array.isArray(options.ways) && options.ways.some((way) => isAt(path, way?.path));
        }
        return line.converter === "expression" && isNamed(path, String(options.expression || ""));
    });
}

/** Is a path the same as another one, or inside of it? */
function isAt(path, other) {
    return Boolean(other) && (path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`));
}

/**
 * Does an expression name a path? Only as a whole, for "first_name" is no "name", and neither is "owner.name"; a hyphen
 * is part of a name, as there is no minus in an expression.
 */
function isNamed(path, expression) {
    return new RegExp(`(^|[^\\w.-])${escapeRegExp(path)}(?![\\w-])`).test(expression);
}
