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
        click("Add a mapping", ".o_field_widget[name=mapping_ids] .o_bridge_add"),
        { content: "Type the path", trigger: ".o_bridge_open .o_bridge_path input", run: "edit name && press Tab" },
        ...pick("field_id", "Name", "/^Name \\(Contact\\)/"),
        click("The line is whole", ".o_bridge_open .o_bridge_done"),
        { content: "The line is there", trigger: ".o_bridge_line[data-field=name]:not(.o_bridge_open)" },
        ...stepUtils.saveForm(),
        click("Preview", "button[name=action_preview]"),
        { content: "The plan is shown", trigger: "tr:contains(Thing 2) td[name=action]:contains(Create)" },
        click("Back to the flow", ".breadcrumb .o_back_button, .o_back_button, .breadcrumb-item:last a"),
        click("Sync now", "button[name=action_sync]"),
        {
            content: "The run waits for a lane",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Waiting)",
        },
    ],
});

// What came of it: the run, its lines, and the record in Odoo.
tours.add("integration_bridge_see_result", {
    steps: () => [
        { content: "The run is done", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Done)" },
        { content: "It counted", trigger: ".o_field_widget[name=created]:contains(3)" },
        click("Open the Odoo record", "tr:contains(Thing 2) button[name=action_open_record]"),
        {
            content: "The record is there",
            trigger: ".o_form_view input:value(Thing 2), .o_form_view textarea:value(Thing 2)",
        },
    ],
});

// Four conflicts of a record: one is decided in the list, another one in its form, and the rest like that.
tours.add("integration_bridge_decide", {
    steps: () => [
        { content: "Odoo's value is shown", trigger: "tr:contains(Phone) td[name=odoo_text]:contains(111)" },
        { content: "And theirs", trigger: "tr:contains(Phone) td[name=remote_text]:contains(222)" },
        click("Keep Odoo's phone", "tr:contains(Phone) button[name=action_keep_odoo]"),
        { content: "It is not open any more", trigger: ".o_list_view:not(:has(tr:contains(Phone)))" },
        click("Open the other one", "tr:contains(Email) td[name=field_label]"),
        {
            content: "What both had before",
            trigger: ".o_bridge_conflict:contains(Email) .o_bridge_agreed:contains(old@example.com)",
        },
        {
            content: "What is decided already is there as well",
            trigger: ".o_bridge_conflict:contains(Phone) button[name=action_keep_odoo][aria-pressed=true]",
        },
        click("Keep their e-mail", ".o_bridge_conflict:contains(Email) button[name=action_keep_remote]"),
        { content: "It is decided", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Decided)" },
        click("The rest like this", ".o_bridge_rest:contains(Decide 2 More)"),
        {
            content: "All are",
            trigger: ".o_bridge_conflicts:not(:has(.o_bridge_rest)):contains(is carried out in a moment)",
        },
    ],
});

// From a flow without field mappings to all that a pull needs: a sample, proposals, and one that is changed by hand.
tours.add("integration_bridge_map", {
    steps: () => [
        click("Fetch a sample", ".o_bridge_fetch"),
        { content: "A record is there", trigger: ".o_bridge_title:contains(1)" },
        { content: "What it has is listed", trigger: ".o_bridge_unmapped code:contains(address.city)" },
        click("Have mappings proposed", ".o_bridge_propose"),
        {
            content: "With the values of both sides",
            trigger: ".o_bridge_proposal:contains(address.country):contains(Switzerland)",
        },
        { content: "And a reason", trigger: ".o_bridge_proposal:contains(many systems call)" },
        click("Leave one", ".o_bridge_proposal:contains(Zip) .o_bridge_leave"),
        click("Accept the others", ".o_bridge_accept_all"),
        { content: "They are lines, with values", trigger: ".o_bridge_line:contains(address.city):contains(Bern)" },
        { content: "All of them", trigger: ".o_bridge_proposals:not(:has(.o_bridge_proposal))" },
        click("Close the proposals", ".o_bridge_proposals button:contains(Close)"),
        click("The next record", ".o_bridge_next"),
        { content: "Its values", trigger: ".o_bridge_line:contains(address.city):contains(Basel)" },
        click("Change one", ".o_bridge_line:contains(address.city) .o_bridge_edit"),
        {
            content: "A path that is misspelt",
            trigger: ".o_bridge_open .o_bridge_path input",
            run: "edit adress.city && press Tab",
        },
        { content: "It says so", trigger: ".o_bridge_open .o_bridge_warning:contains(found in none of 2 records)" },
        {
            content: "Another place",
            trigger: ".o_bridge_open .o_bridge_path input",
            run: "edit address.town && press Tab",
        },
        { content: "What it would be", trigger: ".o_bridge_open .o_bridge_here .o_bridge_value:contains(Altstadt)" },
        click("Done", ".o_bridge_open .o_bridge_done"),
        ...stepUtils.saveForm(),
        { content: "It is saved", trigger: ".o_bridge_line:contains(address.town)" },
    ],
});

// A system that is well known, by somebody who administers the bridge and not Odoo.
tours.add("integration_bridge_gallery", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        click("Open the app", ".o_app[data-menu-xmlid='integration_bridge.integration_bridge_menu_root']"),
        click("Configuration", "[data-menu-xmlid='integration_bridge.integration_bridge_menu_configuration']"),
        click("Gallery", ".o-dropdown--menu [data-menu-xmlid='integration_bridge.bridge_gallery_menu']"),
        click("Connect one", ".o_kanban_record:contains(Kinto) button[name=action_connect]"),
        inDialog(type("base_url", "http://kinto.example/v1")),
        inDialog(type("auth_username", "demo")),
        click("Create it", ".modal button[name=action_create]"),
        {
            content: "It says who has to do what comes next",
            trigger: ".o_form_view .alert:contains(somebody with Odoo's role Administrator has to enter the secret)",
        },
        click("How it signs in", "a[name=auth]"),
        {
            content: "He has no field for that",
            trigger: ".o_form_view:contains(Secrets are entered by somebody):not(:has([name=secret]))",
        },
        click("Its flows", "button[name=action_open_flows]"),
        click("The one", ".o_data_row td[name=name]"),
        { content: "Its fields are mapped", trigger: ".o_bridge_line[data-field=email]" },
    ],
});

// Why is this record not here? What a shop manager asks, from anywhere in the app.
tours.add("integration_bridge_find", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        click("Open the app", ".o_app[data-menu-xmlid='integration_bridge.integration_bridge_menu_root']"),
        click("Find a record", "[data-menu-xmlid='integration_bridge.bridge_find_menu']"),
        inDialog(type("sought", "SO-00101")),
        click("Find", ".modal button[name=action_find]"),
        {
            content: "Where it is, and why it is not here",
            trigger: ".modal .o_kanban_record:contains(SO-00101):contains(Failed):contains(nobody@example.com)",
        },
        click("Something that nobody knows", ".modal .o_field_widget[name=sought] input"),
        inDialog(type("sought", "SO-99999")),
        click("Find that", ".modal button[name=action_find]"),
        {
            content: "It says so, and what to do",
            trigger: ".modal .alert:contains(No record is known here):contains(operator)",
        },
        click("Close it", ".modal-footer button:contains(Close)"),
        { content: "It is closed", trigger: "body:not(:has(.modal))" },
        {
            content: "Ask in the bar, from wherever one is",
            trigger: ".o_main_navbar .o_bridge_find_bar input",
            run: "edit 2 && press Enter",
        },
        {
            content: "The same story, at once",
            trigger: ".modal .o_kanban_record:contains(SO-00101):contains(Failed)",
        },
    ],
});

// Many records with the same problem: it was solved there, so they are tried again together.
tours.add("integration_bridge_retry", {
    steps: () => [
        {
            content: "One line for all of them",
            trigger: ".o_data_row:contains(name) td[name=job_count]:contains(3)",
        },
        click("One by one", ".o_data_row:contains(name) td[name=example_message]"),
        {
            content: "Each with its name and its ID, and what all have is not said again",
            trigger:
                ".o_list_view:has(th[data-name=external_id]):not(:has(th[data-name=flow_id], th[data-name=error_kind]))",
        },
        click("Back to the desk", ".o_back_button"),
        click("Retry", ".o_data_row button[name=action_retry]"),
        { content: "They wait", trigger: ".o_data_row td[name=state]:contains(Waiting), .o_view_nocontent" },
    ],
});

// What would happen, and a part of it.
tours.add("integration_bridge_apply", {
    steps: () => [
        click("Preview", "button[name=action_preview]"),
        { content: "What would happen", trigger: ".o_data_row:contains(Thing 3) td[name=action]:contains(Create)" },
        { content: "All that it shows", trigger: ".o_field_widget[name=fetched]:contains(3)" },
        click("See all of it", "button[name=action_open_plan]"),
        click(
            "Choose one",
            ".o_list_view:has(th[data-name=changes_text]) .o_data_row:contains(Thing 2) .o_list_record_selector input",
        ),
        click("Apply it", "button[name=action_apply]"),
        click("Go on", ".modal-footer .btn-primary"),
        { content: "It has been asked for", trigger: "body:not(:has(.modal))" },
    ],
});

// Nothing goes on for a while, because a person wants that.
tours.add("integration_bridge_pause", {
    steps: () => [
        { content: "It is well", trigger: ".o_kanban_record:contains(System of Things) button[name=action_sync]" },
        click("Its menu", ".o_kanban_record:contains(System of Things) .o_dropdown_kanban button:not(:visible)"),
        click("Pause", ".o-dropdown--menu [name=action_pause], .o-dropdown--menu .dropdown-item:contains(Pause)"),
        {
            content: "It says by whom",
            trigger: ".o_kanban_record:contains(System of Things):contains(has paused)",
        },
        {
            content: "Nothing is to be synced now",
            trigger: ".o_kanban_record:contains(System of Things):not(:has(button[name=action_sync]))",
        },
        click("Resume", ".o_kanban_record:contains(System of Things) button[name=action_resume]"),
        { content: "It goes on", trigger: ".o_kanban_record:contains(System of Things) button[name=action_sync]" },
    ],
});
