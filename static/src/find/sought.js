/** @odoo-module **/

import { registry } from "@web/core/registry";
import { CharField, charField } from "@web/views/fields/char/char_field";

/** What is looked for: Enter presses the button that looks for it, as in any search. */
export class BridgeSought extends CharField {
    static template = "integration_bridge.Sought";

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.isComposing) {
            ev.preventDefault();
            ev.currentTarget
                .closest(".o_form_view, .o_form_renderer")
                .querySelector("button[name=action_find]")
                .click();
        }
    }
}

registry.category("fields").add("bridge_sought", { ...charField, component: BridgeSought });
