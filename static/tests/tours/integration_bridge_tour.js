import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// Before the web client tidies the address up.
const address = new URLSearchParams(window.location.search).get("bridge_tour");
if (address) {
    sessionStorage.setItem("bridge_tour_address", address);
}

const tours = registry.category("web_tour.tours");

const pick = (field, text, choice = text) => [
    { content: `Search ${field}`, trigger: `.o_field_widget[name=${field}] input`, run: `edit ${text}` },
    {
        content: `Choose ${field}`,
        trigger: `.o-autocomplete--dropdown-item:not(.o_m2o_dropdown_option) > a:contains(${choice})`,
        run: "click",
    },
];
const type = (field, text, element = "input") => ({
    content: `Type ${field}`,
    trigger: `.o_field_widget[name=${field}] ${element}`,
    run: `edit ${text}`,
});
const click = (content, trigger) => ({ content, trigger, run: "click" });
const inDialog = (step) => ({ ...step, trigger: `.modal:not(.o_inactive_modal) ${step.trigger}` });
const saveDialog = (gone) => [
    click("Save the dialog", ".modal:not(.o_inactive_modal) .o_form_button_save"),
    { content: "The line is there", trigger: `body:not(:has(.modal)) ${gone}` },
];

// From nothing to a run that waits for a lane: what a new administrator does.
tours.add("integration_bridge_set_up", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        click("Open the app", ".o_app[data-menu-xmlid='integration_bridge.integration_bridge_menu_root']"),
        click("New connector", ".o-kanban-button-new"),
        type("name", "My system"),
        type("code", "my_system"),
        {
            content: "Type the address of the server that the test has started",
            trigger: ".o_field_widget[name=base_url] input",
            run: `edit ${sessionStorage.getItem("bridge_tour_address")}`,
        },
        click("Connection page", "a[name=connection]"),
        type("allowed_addresses", "127.0.0.1"),
        ...stepUtils.saveForm(),
        click("Test the connection", "button[name=action_test_connection]"),
        { content: "It says what it found", trigger: ".o_notification:contains(The connection works)" },
        click("Go live", "button[name=action_set_live]"),
        click("Confirm", ".modal-footer .btn-primary"),
        { content: "It is live", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Live)" },
        click("Open its flows", "button[name=action_open_flows]"),
        click("New flow", ".o_list_button_add"),
        type("name", "Contacts"),
        type("code", "contacts"),
        ...pick("model_id", "Contact"),
        click("Operations page", "a[name=operations]"),
        click("Add an operation", ".o_field_widget[name=operation_ids] .o_field_x2many_list_row_add a"),
        inDialog(type("path", "/things")),
        inDialog(type("records_path", "items")),
        ...saveDialog(".o_field_widget[name=operation_ids] td[name=path]:contains(/things)"),
        click("Mappings page", "a[name=mappings]"),
        click("Add a mapping", ".o_field_widget[name=mapping_ids] .o_field_x2many_list_row_add a"),
        inDialog(type("path", "name")),
        ...pick("field_id", "Name", "/^Name \\(Contact\\)/").map(inDialogFirst),
        ...saveDialog(".o_field_widget[name=mapping_ids] td[name=path]:contains(name)"),
        ...stepUtils.saveForm(),
        click("Preview", "button[name=action_preview]"),
        { content: "The plan is shown", trigger: "tr:contains(Thing 2) td[name=action]:contains(Create)" },
        click("Back to the flow", ".breadcrumb .o_back_button, .o_back_button, .breadcrumb-item:last a"),
        click("Sync now", "button[name=action_sync]"),
        { content: "The run waits for a lane", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Waiting)" },
    ],
});

function inDialogFirst(step, index) {
    // The list of suggestions hangs outside the dialog.
    return index === 0 ? inDialog(step) : step;
}

// What came of it: the run, its lines, and the record in Odoo.
tours.add("integration_bridge_see_result", {
    steps: () => [
        { content: "The run is done", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Done)" },
        { content: "It counted", trigger: ".o_field_widget[name=created]:contains(3)" },
        click("Open the Odoo record", "tr:contains(Thing 2) button[name=action_open_record]"),
        { content: "The record is there", trigger: ".o_form_view input:value(Thing 2), .o_form_view textarea:value(Thing 2)" },
    ],
});

// Two conflicts: one is decided in the list, the other one in its form.
tours.add("integration_bridge_decide", {
    steps: () => [
        { content: "Odoo's value is shown", trigger: "tr:contains(Phone) td[name=odoo_text]:contains(111)" },
        { content: "And theirs", trigger: "tr:contains(Phone) td[name=remote_text]:contains(222)" },
        click("Keep Odoo's phone", "tr:contains(Phone) button[name=action_keep_odoo]"),
        { content: "It is not open any more", trigger: ".o_list_view:not(:has(tr:contains(Phone)))" },
        click("Open the other one", "tr:contains(Email) td[name=field_label]"),
        { content: "What both had before", trigger: ".o_field_widget[name=agreed_text]:contains(old@example.com)" },
        click("Keep their e-mail", "button[name=action_keep_remote]"),
        { content: "It is decided", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Decided)" },
    ],
});
