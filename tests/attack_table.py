"""Who may do what over Odoo's external API: the expected answers of ``test_attack_matrix.py``.

Whoever adds a model or a public method adds a row here, and thinks: what is the least that does?
"""

PEOPLE = ("user", "operator", "administrator", "system", "external", "plain", "portal", "anonymous")

# --- What each may do to the records of a model: r(ead) w(rite) c(reate) d(elete), ``-`` nothing.
# "system" is an administrator of the bridge with Odoo's role Administrator, who alone may set credentials.
COLUMNS = ("user", "operator", "administrator", "system")  # all others: nothing, of no model

CONFIGURATION = ("r", "r", "rwcd", "rwcd")
STATE = ("r", "r", "r", "r")
OPERATORS = ("-", "rwcd", "rwcd", "rwcd")
MACHINE = ("-", "-", "-", "r")
EVERYBODY = ("rwcd", "rwcd", "rwcd", "rwcd")  # of the bridge

MODELS = {
    # what a person configures
    "bridge.connector": CONFIGURATION,
    "bridge.flow": CONFIGURATION,
    "bridge.operation": CONFIGURATION,
    "bridge.field.mapping": CONFIGURATION,
    "bridge.route": CONFIGURATION,
    # what the bridge writes, and people look at
    "bridge.alert": STATE,
    "bridge.approval": STATE,
    "bridge.binding": STATE,
    "bridge.change": STATE,
    "bridge.conflict": STATE,
    "bridge.delivery": STATE,
    "bridge.drift": STATE,
    "bridge.failure": STATE,
    "bridge.gate": STATE,
    "bridge.job": STATE,
    "bridge.log": STATE,
    "bridge.run": STATE,
    "bridge.exchange": ("-", "r", "r", "r"),
    # what only the code uses
    "bridge.feed": MACHINE,
    "bridge.key": MACHINE,
    "bridge.newest": MACHINE,
    "bridge.request": MACHINE,
    "bridge.seen": MACHINE,
    # forms that ask a person; nobody sees those of others
    "bridge.anew": OPERATORS,
    "bridge.job.ignore": OPERATORS,
    "bridge.job.replay": OPERATORS,
    "bridge.job.there": OPERATORS,
    "bridge.recover": OPERATORS,
    "bridge.find": EVERYBODY,
    "bridge.find.line": EVERYBODY,
    "bridge.connect": ("-", "-", "rwcd", "rwcd"),
    "bridge.connect.line": ("-", "-", "rwcd", "rwcd"),
    "bridge.gallery": ("-", "-", "r", "r"),
    "bridge.look": ("-", "-", "rwcd", "rwcd"),
    "bridge.definition.import": ("-", "-", "rwcd", "rwcd"),
    "bridge.caller": ("-", "-", "-", "rwcd"),
    "bridge.hook.secret": ("-", "-", "-", "rwcd"),
}

# Models without records; nobody does anything with them. Methods of theirs that no row names are refused to everybody.
ABSTRACT = {
    *("bridge.authentication.mixin", "bridge.called.mixin", "bridge.derived.mixin", "bridge.flow.part"),
    *("bridge.gone.mixin", "bridge.instance", "bridge.instance.mixin", "bridge.list.mixin", "bridge.network.mixin"),
    *("bridge.code.mixin", "bridge.contents.mixin", "bridge.guide.mixin", "bridge.opening.mixin"),
    *("bridge.overview.mixin", "bridge.registration.mixin", "bridge.status.mixin", "bridge.webhook.mixin"),
    *("bridge.record.mixin", "bridge.sample.mixin", "bridge.secrets.mixin", "bridge.sending.mixin"),
    *("bridge.there.mixin", "bridge.kpi", "bridge.summary", "bridge.job.words.mixin"),
}

# --- Who may call a public method: this role, and those that include it.
ROLES = {
    "everybody": set(PEOPLE) - {"anonymous"},
    "user": {"user", "operator", "administrator", "system"},
    "operator": {"operator", "administrator", "system"},
    "administrator": {"administrator", "system"},
    "system": {"system"},
    "external": {"external"},
}

METHODS = {
    # Odoo's own, for who has logged in; what is read for it is read as that person
    "bridge.anew.default_get": "everybody",
    # the other system calls
    "bridge.flow.upsert": "external",
    "bridge.flow.delete_by_external_id": "external",
    "bridge.flow.changes": "external",
    "bridge.flow.get": "external",
    "bridge.flow.status": "external",
    # the same by the name of the mixin, with the same check
    "bridge.called.mixin.upsert": "external",
    "bridge.called.mixin.delete_by_external_id": "external",
    "bridge.called.mixin.changes": "external",
    "bridge.called.mixin.get": "external",
    "bridge.called.mixin.status": "external",
    # shows what the person may read
    "bridge.alert.action_open": "user",
    "bridge.binding.action_open_conflicts": "user",
    "bridge.binding.action_open_failure": "user",
    "bridge.binding.action_open_logs": "user",
    "bridge.binding.action_open_record": "user",
    "bridge.binding.action_open_there": "user",
    "bridge.binding.status_of": "user",
    "bridge.change.action_open_record": "user",
    "bridge.conflict.action_open_binding": "user",
    "bridge.conflict.action_open_record": "user",
    "bridge.connector.action_export_definition": "user",
    "bridge.connector.action_open_alerts": "user",
    "bridge.connector.action_open_bindings": "user",
    "bridge.connector.action_open_changes": "user",
    "bridge.connector.action_open_conflicts": "user",
    "bridge.connector.action_open_deliveries": "user",
    "bridge.connector.action_open_failed_deliveries": "user",
    "bridge.connector.action_open_failures": "user",
    "bridge.connector.action_open_flows": "user",
    "bridge.connector.action_open_runs": "user",
    "bridge.connector.copy_data": "user",
    "bridge.drift.action_open_record": "user",
    "bridge.failure.action_open_jobs": "user",
    "bridge.find.action_find": "user",
    "bridge.find.line.action_open": "user",
    "bridge.find.line.action_open_there": "user",
    "bridge.flow.action_open_alerts": "user",
    "bridge.flow.action_open_bindings": "user",
    "bridge.flow.action_open_changes": "user",
    "bridge.flow.action_open_conflicts": "user",
    "bridge.flow.action_open_failures": "user",
    "bridge.flow.action_open_records": "user",
    "bridge.flow.action_open_runs": "user",
    "bridge.flow.action_sync_status": "user",
    "bridge.flow.mapping_terms": "user",
    "bridge.job.action_open_exchanges": "user",
    "bridge.job.action_open_logs": "user",
    "bridge.job.action_open_record": "user",
    "bridge.log.action_open_binding": "user",
    "bridge.log.action_open_record": "user",
    "bridge.run.action_open_drift": "user",
    "bridge.run.action_open_exchanges": "user",
    "bridge.run.action_open_logs": "user",
    "bridge.run.action_open_plan": "user",
    # runs, retries, decides
    "bridge.anew.action_preview": "operator",
    "bridge.anew.action_start": "operator",
    "bridge.binding.action_sync": "operator",
    "bridge.conflict.action_keep_odoo": "operator",
    "bridge.conflict.action_keep_remote": "operator",
    "bridge.conflict.action_others_odoo": "operator",
    "bridge.conflict.action_others_remote": "operator",
    "bridge.connector.action_pause": "operator",
    "bridge.connector.action_resume": "operator",
    "bridge.connector.action_send_test": "operator",
    "bridge.delivery.action_ignore": "operator",
    "bridge.delivery.action_replay": "operator",
    "bridge.find.action_ask": "operator",
    "bridge.find.line.action_retry": "operator",
    "bridge.connector.action_sync": "operator",
    "bridge.connector.action_test_connection": "operator",
    "bridge.drift.action_accept": "operator",
    "bridge.drift.action_link": "operator",
    "bridge.drift.action_pull": "operator",
    "bridge.drift.action_push": "operator",
    "bridge.log.action_apply": "operator",
    "bridge.failure.action_cancel": "operator",
    "bridge.failure.action_ignore": "operator",
    "bridge.failure.action_retry": "operator",
    "bridge.flow.action_compare": "operator",
    "bridge.flow.action_full_push": "operator",
    "bridge.flow.action_full_sync": "operator",
    "bridge.flow.action_preview": "operator",
    "bridge.flow.action_pull_again": "operator",
    "bridge.flow.action_push_again": "operator",
    "bridge.flow.action_recover": "operator",
    "bridge.flow.action_sync": "operator",
    "bridge.flow.action_sync_records": "operator",
    "bridge.flow.match_sample": "operator",
    "bridge.flow.propose_mappings": "operator",
    "bridge.flow.sample": "operator",
    "bridge.flow.try_mappings": "operator",
    "bridge.job.action_cancel": "operator",
    "bridge.job.action_edit": "operator",
    "bridge.job.action_ignore": "operator",
    "bridge.job.action_not_there": "operator",
    "bridge.job.action_retry": "operator",
    "bridge.job.action_there": "operator",
    "bridge.job.ignore.action_ignore": "operator",
    "bridge.job.replay.action_replay": "operator",
    "bridge.job.there.action_resolve": "operator",
    "bridge.recover.action_recover": "operator",
    "bridge.run.action_cancel": "operator",
    "bridge.run.action_confirm": "operator",
    # configures
    "bridge.connect.action_ask": "administrator",
    "bridge.connect.action_continue": "administrator",
    "bridge.connect.action_create": "administrator",
    "bridge.connect.action_forget": "administrator",
    "bridge.connect.action_later": "administrator",
    "bridge.connect.action_read": "administrator",
    "bridge.gallery.action_connect": "administrator",
    "bridge.gallery.action_guide": "administrator",
    "bridge.look.action_apply": "administrator",
    "bridge.operation.action_look": "administrator",
    "bridge.flow.action_go_live": "administrator",
    "bridge.conflict.action_always_odoo": "administrator",
    "bridge.conflict.action_always_remote": "administrator",
    "bridge.connector.action_disable": "administrator",
    "bridge.connector.action_set_live": "administrator",
    "bridge.connector.action_set_preview": "administrator",
    "bridge.definition.import.action_import": "administrator",
    # decides over rights, credentials, and where the database is at home
    "bridge.caller.action_create": "system",
    "bridge.connector.action_approve": "system",
    "bridge.connector.action_connect": "system",
    "bridge.connector.action_is_copy": "system",
    "bridge.connector.action_new_hook_address": "system",
    "bridge.connector.action_register_hook": "system",
    "bridge.connector.action_unregister_hook": "system",
    "bridge.hook.secret.action_rotate": "system",
    "bridge.connector.action_same_system": "system",
    "bridge.instance.mixin.action_is_copy": "system",
    "bridge.instance.mixin.action_same_system": "system",
    "res.config.settings.set_values": "system",
}

# Odoo's own methods that we only add to; what they answer is Odoo's, and ours adds nothing to it.
ODOO_S_OWN = {"ir.http.session_info", "ir.model.fields.name_search"}

# What a method needs to be told.
ARGUMENTS = {
    "bridge.anew.default_get": {"fields_list": ["flow_id"]},
    "bridge.binding.status_of": {"model_name": "res.partner", "res_id": 1},
    "bridge.status.mixin.status_of": {"model_name": "res.partner", "res_id": 1},
    "bridge.connector.copy_data": {"default": {"code": "copied"}},
    "bridge.flow.action_sync_records": {"model_name": "res.partner", "record_ids": [1]},
    "bridge.flow.action_sync_status": {"model_name": "res.partner", "record_ids": [1]},
    "bridge.flow.changes": {"flow": "called"},
    "bridge.flow.delete_by_external_id": {"flow": "called", "external_ids": ["77"]},
    "bridge.flow.get": {"flow": "called", "external_ids": ["1"]},
    "bridge.flow.match_sample": {"records": [{"id": 1}], "lines": []},
    "bridge.flow.propose_mappings": {"records": [{"id": 1}], "lines": []},
    "bridge.flow.try_mappings": {"side": "there", "records": [{"id": 1}], "lines": []},
    "bridge.flow.status": {"flow": "called"},
    "bridge.flow.upsert": {"flow": "called", "records": [{"id": 1, "name": "One"}]},
}
