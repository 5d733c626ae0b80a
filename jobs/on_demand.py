"""What a person wants synced now: some records, not a whole flow."""

from odoo.exceptions import UserError


def check_ids(env, ids, kinds=(int,)):
    """:raises UserError: if these are no ids: buttons can be pressed from outside Odoo, too"""
    if not isinstance(ids, (list, tuple)) or not all(type(one) in kinds for one in ids):
        raise UserError(env._("This needs a list of IDs."))


def check_works(flow):
    """:raises UserError: if nothing is done for this flow now"""
    if flow.connector_id.state != "live" or not flow.active:
        raise UserError(
            flow.env._("“%s” does not work now. Set its connector to Live, and activate the flow.", flow.display_name)
        )


def check_gets_records(flow):
    """:raises UserError: if single records can not be fetched"""
    check_works(flow)
    if not flow.sudo()._operation("get"):
        raise UserError(
            flow.env._("“%s” has no operation that gets one record. Sync the whole flow instead.", flow.display_name)
        )


def sync_records(flow, bindings, record_ids, fetched, looked_at):
    """Have some records of a flow fetched, and those that it may have to send looked at.

    :param BridgeBinding bindings: what is known of them
    :param record_ids: their Odoo ids
    :param set fetched: gets the (model, id) of those that are fetched
    :param set looked_at: gets the (model, id) of those that are sent if they have changed
    :raises UserError: if the flow does not work now
    """
    known = bindings.filtered("external_id")
    if known and (flow.direction == "pull" or (flow.direction == "both" and flow._operation("get"))):
        flow.env["bridge.job"]._enqueue_records(flow, known.mapped("external_id"))
        fetched.update((flow.model, res_id) for res_id in known.mapped("res_id"))
    record_ids = set(record_ids) - {0}
    if record_ids and flow.direction != "pull":
        check_works(flow)
        flow.env["bridge.change"]._note(flow.id, flow.model, record_ids)
        looked_at.update((flow.model, res_id) for res_id in record_ids)


def tell(env, fetched, looked_at):
    """Say in the corner of the screen what is going to be done.

    :return: the action
    :rtype: dict
    """
    parts = []
    if fetched:
        parts.append(env._("Records that will be fetched again: %s.", len(fetched)))
    if looked_at:
        parts.append(env._("Records that will be sent if they have changed: %s.", len(looked_at)))
    if parts:
        return said(" ".join(parts))
    return said(env._("There is nothing to sync."), "warning")


def tell_retried(env, count, others):
    """Say how much is tried again, and of how much that can not be.

    :param int count: jobs, or records
    :param int others: of those that were chosen
    :return: the action
    :rtype: dict
    """
    parts = [env._("What is tried again now: %s.", count)] if count else []
    if others:
        left = env._("Left as they are, because they are not waiting for that: %s. Open them to see why.", others)
        parts.append(left)
    return said(" ".join(parts) or env._("There is nothing to try again."), "success" if count else "warning")


def said(message, kind="success"):
    """Something is told in the corner of the screen, and what is shown there is read anew.

    :param str message: in the reader's language
    :param str kind: ``success`` or ``warning``
    :return: the action
    :rtype: dict
    """
    params = {"type": kind, "message": message, "next": {"type": "ir.actions.act_window_close"}}
    return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
