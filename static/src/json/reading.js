/** @odoo-module **/

/** A number as it was written: JavaScript would change one with many digits. */
export class Figure {
    constructor(text) {
        this.text = text;
    }
}

/**
 * What a text in JSON says, with its numbers as they are written; undefined where it is none, or where it could not be
 * shown as it is.
 */
export function readJson(text) {
    let isExact = true;
    const keep = (_key, value, context) => {
        if (typeof value !== "number") {
            return value;
        }
        isExact = isExact && Boolean(context?.source || Number.isSafeInteger(value));
        return new Figure(context?.source || String(value));
    };
    try {
        const value = JSON.parse(text, keep);
        return isExact ? value : undefined;
    } catch {
        return undefined;
    }
}

export const isHolder = (value) => value !== null && typeof value === "object" && !(value instanceof Figure);

export function said(value) {
    return value instanceof Figure ? value.text : JSON.stringify(value);
}

/** Is a text somewhere in a value, or in what it is called? */
export function hasText(name, value, sought) {
    if (String(name).toLowerCase().includes(sought)) {
        return true;
    }
    if (isHolder(value)) {
        return Object.entries(value).some(([one, inside]) => hasText(Array.isArray(value) ? "" : one, inside, sought));
    }
    return said(value).toLowerCase().includes(sought);
}
