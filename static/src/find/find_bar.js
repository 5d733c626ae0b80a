/** @odoo-module **/

import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { SIZES } from "@web/core/ui/ui_service";
import { useService } from "@web/core/utils/hooks";

const APP = "integration_bridge.integration_bridge_menu_root";

/**
 * *Find a Record* in Odoo's bar, while the app is open. Enter opens the answer; with nothing typed, the question. Where
 * the bar has no room, the field is a magnifier until it is pressed, and then as wide as the bar until it is left. It is
 * one and the same field: a phone shows its keyboard only for a field that is pressed itself.
 */
export class BridgeFindBar extends Component {
    static template = "integration_bridge.FindBar";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.ui = useState(useService("ui"));
    }

    get isNarrow() {
        return this.ui.size < SIZES.LG;
    }

    open() {
        return this.action.doAction("integration_bridge.bridge_find_action");
    }

    async find({ currentTarget: form }) {
        const field = form.elements.sought;
        const sought = field.value.trim();
        if (this.isNarrow) {
            field.blur(); // the answer is shown without a keyboard in front of it
        }
        if (!sought) {
            return this.open();
        }
        const [id] = await this.orm.create("bridge.find", [{ sought }]);
        const answer = await this.orm.call("bridge.find", "action_find", [[id]]);
        await this.action.doAction(answer);
        field.value = "";
    }
}

// Who has this menu has one of our groups, so that nobody else can have this app open.
export const bridgeFindBar = {
    Component: BridgeFindBar,
    isDisplayed: (env) => env.services.menu.getCurrentApp()?.xmlid === APP,
};

registry.category("systray").add("integration_bridge.find", bridgeFindBar, { sequence: 100 });
