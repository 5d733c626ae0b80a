"""Which flows' time has come, and what is done then."""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import UserError

from .retry import wait_of_flow

SELF_STARTING = ("pull", "push")  # kinds of runs that start without a person
# What a sync is made of, by direction: first what comes in, then what goes out.
KINDS = {"pull": ("pull",), "push": ("push",), "both": ("pull", "push")}


def schedule(flows, now):
    """Say when flows run next.

    :param datetime now: naive UTC
    """
    for flow in flows:
        flow.sudo().next_run = now + interval(flow) if flow.interval_number else False


def interval(flow):
    """:rtype: relativedelta"""
    return relativedelta(**{flow.interval_type: flow.interval_number})


def interval_text(flow):
    """How often a flow runs, in words for the middle of a sentence: labels are not, and German ones stay capital.

    What "every" is depends on what follows: jede Stunde, alle 3 Stunden; toutes les 3 heures, tous les 3 jours.
    """
    number = flow.interval_number
    told = {
        "minutes": (flow.env._("every minute"), flow.env._("every %s minutes", number)),
        "hours": (flow.env._("every hour"), flow.env._("every %s hours", number)),
        "days": (flow.env._("every day"), flow.env._("every %s days", number)),
        "weeks": (flow.env._("every week"), flow.env._("every %s weeks", number)),
    }
    one, several = told[flow.interval_type]
    return one if number == 1 else several


def is_full_scan_due(flow, last):
    """Is it time to look at everything, for what no change has told?

    :param datetime last: when that was done last
    """
    if not flow.full_scan_days:
        return False
    return not last or last <= fields.Datetime.now() - relativedelta(days=flow.full_scan_days)


def note_failed_run(flow, kind):
    """A run failed as a whole: the next one waits, longer each time, however much there is to do.

    :param str kind: of the run
    :return: until when, naive UTC; None for a kind that does not start by itself
    :rtype: datetime
    """
    if kind not in SELF_STARTING:
        return None
    failures = flow[f"{kind}_failures"] + 1
    until = fields.Datetime.add(fields.Datetime.now(), seconds=int(wait_of_flow(failures)) + 1)
    flow.sudo().write({f"{kind}_failures": failures, f"{kind}_waits_until": until})
    flow.env["ir.cron"]._wake_lanes(at=until)
    return until


def end_waiting(flows, kinds=SELF_STARTING):
    """A run went well, or what runs do has changed: nothing waits any more for what failed before."""
    values = {name: False for kind in kinds for name in (f"{kind}_failures", f"{kind}_waits_until")}
    flows.filtered(lambda flow: any(flow[name] for name in values)).sudo().write(values)


def waits(flow, kind, now):
    """Did runs of this kind fail, so that none starts by itself now?

    :param datetime now: naive UTC
    """
    return kind in SELF_STARTING and bool(flow[f"{kind}_waits_until"] and flow[f"{kind}_waits_until"] > now)


def enqueue_due(env):
    """Start a run of every flow whose time has come."""
    now = fields.Datetime.now()
    due = (
        env["bridge.flow"]
        .sudo()
        .search(
            [
                ("next_run", "<=", now),
                ("connector_id.state", "!=", "disabled"),
                ("parent_id", "=", False),
                ("is_called", "=", False),
            ]
        )
    )
    env["bridge.delivery"].sudo()._start_taking()
    for flow in env["bridge.change"].sudo()._waiting_flows():
        env["bridge.run"].sudo()._enqueue(flow, trigger="change", kind="push")
    for flow in due:
        kinds = [kind for kind in KINDS[flow.direction] if not waits(flow, kind, now)]
        if "push" in kinds and env["bridge.run"]._asking(flow):
            kinds.remove("push")
        if not kinds:
            continue  # it stays due until it has waited
        try:
            with env.cr.savepoint():
                flow._enqueue(trigger="schedule", kinds=kinds)
        except UserError as error:  # one flow that is not right must not keep the others from their work
            env["bridge.run"].sudo()._start(flow, trigger="schedule")._fail(str(error))
        schedule(flow, now)
