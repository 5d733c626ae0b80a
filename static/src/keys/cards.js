/** @odoo-module **/

import { registry } from "@web/core/registry";

const PRESSED = ".o_bridge .o_kanban_record button, .o_bridge .o_kanban_record a[href]";

/**
 * The buttons of our cards are pressed by the keyboard as well: Odoo takes Enter and the space bar for the card as a
 * whole, also where one of its buttons has the focus, and then nothing happens.
 */
export const cardsByKeyboard = {
    start() {
        document.addEventListener("keydown", (ev) => {
            if (["Enter", " "].includes(ev.key) && ev.target.matches?.(PRESSED)) {
                ev.stopPropagation(); // Odoo listens at the window
            }
        });
    },
};

registry.category("services").add("bridge_cards_by_keyboard", cardsByKeyboard);
