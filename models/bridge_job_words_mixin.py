from odoo import api, fields, models

from ..jobs.kinds import TOGETHER
from ..road.pull.shown import blamed
from .roles import is_operator

UNSOLVED = ("pending", "running", "failed")
BY_BUTTON = ("rejected", "data", "uncertain")  # what is to be done about them ends with a button


class BridgeJobWordsMixin(models.AbstractModel):
    """What a person who knows nothing of jobs reads of one: what is the matter with which record, and what to do."""

    _name = "bridge.job.words.mixin"
    _description = "A Job in Words"

    next_step = fields.Text("What to Do", compute="_compute_next_step")
    error_field_label = fields.Char("Field", compute="_compute_error_field_label")
    payload_marks = fields.Json(
        "Places of What Failed", compute="_compute_payload_marks", help="The ways to what failed in the record."
    )

    def _failure_title(self, record):
        """:return: what is the matter with a record; None if nothing is, or if it is about no single one"""
        if self.kind not in TOGETHER or not self.error_kind:
            return None
        values = {"flow": self.flow_id.name, "record": record or self.env._("a record")}
        if self.state == "uncertain":
            return self.env._("%(flow)s: is %(record)s in the other system?", **values)
        if self.state not in UNSOLVED:
            return None
        if self.kind == "pull_record":
            return self.env._("%(flow)s: %(record)s could not be read", **values)
        return self.env._("%(flow)s: %(record)s could not be sent", **values)

    @api.depends("error_kind", "state")
    @api.depends_context("lang", "uid")
    def _compute_next_step(self):
        steps = {
            "unavailable": self.env._(
                "The other system did not answer. Nothing is to be done: it is tried again by itself."
            ),
            "throttled": self.env._(
                "The other system wants to be asked less often. Nothing is to be done: it goes on by itself."
            ),
            "auth": self.env._(
                "The other system does not let Odoo in. An administrator has to enter the credentials again; then it"
                " goes on by itself."
            ),
            "rejected": self.env._(
                "The other system refuses this; its own words are above. Correct what they say, then press Retry."
            ),
            "protocol": self.env._(
                "The other system answered something that can not be used. It is tried again a few times. If it stays,"
                " an administrator has to look at the flow, or somebody at the other system."
            ),
            "data": self.env._(
                "A value does not fit. Correct it where it is wrong: in the other system, or here what it needs. It is"
                " tried again by itself when the record changes there; or press Retry."
            ),
            "dependency": self.env._(
                "It belongs to a record that is not in Odoo yet. It is tried again by itself as soon as that one comes."
            ),
            "busy": self.env._(
                "Somebody was changing the same record. Nothing is to be done: it is tried again by itself."
            ),
            "uncertain": self.env._(
                "Look in the other system whether the record is there, then press “It Is There” or “It Is Not There”."
            ),
        }
        steps.update({kind: self._and_who(steps[kind]) for kind in BY_BUTTON})
        for job in self:
            is_open = job.state in ("uncertain", *UNSOLVED)
            job.next_step = is_open and steps.get(job.error_kind, False)

    @api.model
    def _and_who(self, advice):
        """Advice that ends with a button, for one who may not have it.

        :rtype: str
        """
        if is_operator(self.env):
            return advice
        return self.env._("%s Only operators of the Integration Bridge have these buttons: ask one of them.", advice)

    def _compute_error_field_label(self):
        for job in self:
            job.error_field_label = job._label_in(job.flow_id.sudo().model, job.error_field)

    @api.depends_context("uid")
    def _compute_payload_marks(self):
        readable = self._readable()
        for job in self:
            document = job.sudo().payload
            is_hidden = not job.error_field or self._is_hidden_field(job.flow_id.sudo().model, job.error_field)
            is_told = document and job in readable and not is_hidden and job.payload_text
            job.payload_marks = blamed(job.sudo(), document) if is_told else []
