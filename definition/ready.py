"""Is a flow ready to run? Asked before anything runs, because flows and what they name are made one by one."""


def check_references(flows):
    """Do the flows that converters name exist, and have flows the operations that they need?

    :raises ValidationError: naming flow and field
    """
    for flow in flows:
        known = set(flow.connector_id.flow_ids.mapped("code"))
        for mapping in flow.mapping_ids:
            rule = mapping._rule()
            for code in {reader.settings.get("flow") for reader in rule.readers} - {None} - known:
                mapping._refuse(
                    flow.env._(
                        "there is no flow “%(code)s” in this connector. It has: %(known)s",
                        code=code,
                        known=", ".join(sorted(known)),
                    )
                )
            code = rule.keyed_settings.get("flow")
            if rule.is_nested and code not in flow.child_ids.mapped("code"):
                mapping._refuse(flow.env._("the flow “%s” must be inside this flow", code))
        check_operations(flow)


def check_operations(flow):
    """Has the flow the operations that its direction and rules need?"""
    kinds = set((flow.parent_id or flow).operation_ids.mapped("kind"))
    each = flow._operation("list").for_each
    if each and not (flow._sibling(each) - flow).filtered(lambda one: not one.parent_id and one.direction != "push"):
        flow._refuse(flow.env._("its list is for each record of “%s”, which is no flow that pulls", each))
    needs_get = (flow.parent_id and flow._operation("list")) or flow._operation("list").details
    if needs_get and "get" not in kinds:
        flow._refuse(flow.env._("its list has only a part of each record: that needs the operation “Get one record”"))
    if flow.parent_id or flow.is_called:
        return
    if not flow.connector_id.base_url:
        flow._refuse(flow.env._("its connector has no Base Address to call. Enter it, or choose “Called Only”"))
    if flow.direction != "push" and "list" not in kinds:
        flow._refuse(flow.env._("it has no operation that lists records"))
    if flow.direction != "pull" and not kinds & {"create", "update"}:
        flow._refuse(flow.env._("it sends records, but has no operation that creates or updates one"))
    if "update" in kinds and "get" not in kinds:
        for mapping in flow.mapping_ids:
            rule = mapping._rule()
            if rule.pushes and rule.target.is_in_list:
                mapping._refuse(
                    flow.env._(
                        "“%s” is inside a list. Without the operation “Get one record”, what is beside it would be"
                        " lost; add it, or let the field go to Odoo only.",
                        rule.target.text,
                    )
                )
    policies = {flow.leave_policy, flow.odoo_delete_policy} if flow.direction != "pull" else set()
    labels = dict(flow._fields["leave_policy"]._description_selection(flow.env))
    for policy in policies & {"delete", "archive"} - kinds:
        flow._refuse(flow.env._("the rule “%s” needs an operation of its own", labels[policy]))
    if policies and flow.leave_policy == "archive" and "restore" not in kinds:
        flow._refuse(flow.env._("what is archived there when it leaves needs an operation that restores it"))
    for operation in flow.operation_ids:
        operation._check_placeholders()
