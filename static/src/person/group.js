/** @odoo-module **/

import { onWillStart } from "@odoo/owl";
import { user } from "@web/core/user";

/**
 * Whether the person belongs to one of our groups, known before the component is drawn for the first time.
 *
 * @param {"user" | "operator" | "administrator"} name of the group
 * @returns {{ isIn: boolean }}
 */
export function useGroup(name) {
    const group = { isIn: false };
    onWillStart(async () => {
        group.isIn = await user.hasGroup(`integration_bridge.group_integration_bridge_${name}`);
    });
    return group;
}
