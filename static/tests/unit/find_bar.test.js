import { beforeEach, expect, test } from "@odoo/hoot";
import { queryOne } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    clearRegistry,
    contains,
    defineMenus,
    defineModels,
    fields,
    getService,
    mockService,
    models,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { registry } from "@web/core/registry";
import { SIZES, utils } from "@web/core/ui/ui_service";
import { NavBar } from "@web/webclient/navbar/navbar";
import { bridgeFindBar } from "@integration_bridge/find/find_bar";

const OTHER_APP = 1;
const APP = 2;

class Find extends models.Model {
    _name = "bridge.find";
    sought = fields.Char();
}

defineMailModels();
defineModels([Find]);
defineMenus([
    { id: OTHER_APP, appID: OTHER_APP, name: "Contacts", xmlid: "contacts.menu_contacts" },
    { id: APP, appID: APP, name: "Integration Bridge", xmlid: "integration_bridge.integration_bridge_menu_root" },
]);

beforeEach(() => {
    const systray = registry.category("systray");
    clearRegistry(systray);
    systray.add("integration_bridge.find", bridgeFindBar);
    mockService("action", {
        doAction: (action) => expect.step(action.name || action),
    });
    onRpc("bridge.find", "create", ({ args }) => expect.step(`create ${args[0][0].sought}`));
    onRpc("bridge.find", "action_find", ({ args }) => {
        expect.step(`find ${args[0]}`);
        return { name: "the answer" };
    });
});

async function open(app) {
    getService("menu").setCurrentMenu(app);
    await animationFrame();
}

test.tags("desktop");
test("the bar looks for a record while the app is open, and in no other app", async () => {
    await mountWithCleanup(NavBar);
    expect(".o_bridge_find_bar").toHaveCount(0);
    await open(APP);
    expect(".o_bridge_find_bar[role=search] input").toHaveCount(1);
    await contains(".o_bridge_find_bar input").edit(" SO-1 ", { confirm: "enter" });
    await expect.waitForSteps(["create SO-1", "find 1", "the answer"]);
    await animationFrame();
    expect(".o_bridge_find_bar input").toHaveValue("");
    await open(OTHER_APP);
    expect(".o_bridge_find_bar").toHaveCount(0);
});

test.tags("desktop");
test("with nothing to look for it asks", async () => {
    await mountWithCleanup(NavBar);
    await open(APP);
    await contains(".o_bridge_find_bar input").press("Enter");
    await expect.waitForSteps(["integration_bridge.bridge_find_action"]);
});

test.tags("desktop");
test("where there is little room the field is a magnifier until it is pressed, and all of the bar then", async () => {
    patchWithCleanup(utils, { getSize: () => SIZES.XS });
    await mountWithCleanup(NavBar);
    await open(APP);
    const bar = queryOne(".o_bridge_find_bar");
    expect(".o_bridge_find_bar .fa-search").toHaveCount(1);
    expect(bar.offsetWidth).toBeLessThan(100);
    expect(".o_bridge_find_bar input").toHaveStyle({ opacity: "0" });
    await contains(".o_bridge_find_bar input", { displayed: true, visible: false }).click(); // nobody sees it yet
    expect(".o_bridge_find_bar input").toBeFocused({ message: "so a phone shows its keyboard" });
    expect(".o_bridge_find_bar input").toHaveStyle({ opacity: "1" });
    expect(bar.offsetWidth).toBe(window.innerWidth);
    await contains(".o_bridge_find_bar input").edit("SO-1", { confirm: "enter" });
    await expect.waitForSteps(["create SO-1", "find 1", "the answer"]);
    expect(".o_bridge_find_bar input").not.toBeFocused({ message: "the answer is not behind a keyboard" });
    expect(bar.offsetWidth).toBeLessThan(100);
});
