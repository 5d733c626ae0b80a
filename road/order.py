"""In which order flows run: what the records of others refer to comes first."""

from .waves import waves


def in_order(flows):
    """Flows, each after those of its connector whose records its own refer to; else in the order in which they came.

    :param BridgeFlow flows: any
    :rtype: BridgeFlow
    """
    if len(flows) < 2:
        return flows
    levels = waves(list(flows), lambda flow: referred(flow) & flows)
    return flows.browse().union(*(flow for level, _is_circle in levels for flow in level))


def referred(flow):
    """The flows of the same connector that bring what the records of a flow, or those inside them, refer to.

    :rtype: BridgeFlow
    """
    siblings, found = flow.connector_id.flow_ids - flow, flow.browse()
    for each in (flow | flow.child_ids).operation_ids.filtered("for_each").mapped("for_each"):
        found |= siblings.filtered(lambda one, code=each: one.code == code)
    for mapping in (flow | flow.child_ids).mapping_ids:
        for settings in (reader.settings for reader in mapping._rule().readers):
            if settings.get("flow"):
                found |= siblings.filtered(lambda one, code=settings["flow"]: one.code == code)
            elif settings.get("field"):
                model = flow.env[mapping.flow_id.model]._fields[mapping.field_name].comodel_name
                found |= siblings.filtered(lambda one, model=model: one.model == model and one.direction != "push")
    return found
