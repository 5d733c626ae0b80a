"""The figures of the weekly summary in Odoo's own digests, where these are installed."""

import logging

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

DIGEST = "digest.digest"
# Odoo's way for figures of an addon that does not depend on digests: fields of the database, found by their names.
PREFIX = "x_kpi_bridge_"
FIGURES = ("moved", "failed", "waiting", "attention")  # methods of the summary, with an underscore before
VIEW = "digest.digest.form.integration.bridge"
COMPUTE = "for digest in self: digest['{name}_value'] = self.env['bridge.kpi']._value(digest, '{figure}')"
OFTEN = ("daily", "weekly")  # whoever gets a digest so often needs no mail of ours


class BridgeKpi(models.AbstractModel):
    """Digests may be installed before or after this addon, and either may go: so it is looked each day."""

    _name = "bridge.kpi"
    _description = "Figures in Digests"

    @api.model
    def _labels(self):
        return {
            "moved": self.env._("Synced Records"),
            "failed": self.env._("Sync Failures"),
            "waiting": self.env._("Records Waiting to Sync"),
            "attention": self.env._("Sync Alerts"),
        }

    @api.model
    def _offer(self):
        """Let digests show the figures, if there are digests; what is there already stays as it is."""
        if DIGEST not in self.env:
            return
        self, there = self.with_context(lang="en_US"), self._fields_there().mapped("name")
        missing = [one for one in self._values_of_fields() if one["name"] not in there]
        self.env["ir.model.fields"].sudo().create(missing)
        if not self._view():
            self._create_view()
        self._translate()

    @api.model
    def _withdraw(self):
        """Take away what ``_offer`` has made."""
        self._view().unlink()
        self._fields_there().unlink()

    @api.model
    def _readers(self):
        """Who gets a digest with one of these figures in it, at least each week.

        :rtype: ResUsers
        """
        names = [name for name in map(_field_of, FIGURES) if DIGEST in self.env and name in self.env[DIGEST]._fields]
        if not names:
            return self.env["res.users"]
        shown = Domain.OR(Domain(name, "=", True) for name in names)
        often = Domain("state", "=", "activated") & Domain("periodicity", "in", OFTEN)
        return self.env[DIGEST].sudo().search(shown & often).user_ids

    @api.model
    def _value(self, digest, figure):
        """A figure of the connectors of the digest's company, as far as this person may read them.

        :param digest: with the time that it is about in its context
        :raises AccessError: if this person may read none; then Odoo leaves the figure out
        """
        start, end, _companies = digest._get_kpi_compute_parameters()
        company = digest.company_id or self.env.company
        about = [("state", "!=", "disabled"), ("company_id", "in", (company.id, False))]
        connectors = self.env["bridge.connector"].search(about)
        if not start:
            return 0
        return sum(getattr(self.env["bridge.summary"], f"_{figure}")(connectors, start, end).values())

    # ----------------------------------------------------------------------------------------------------------------
    # What is made
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _fields_there(self):
        about = [("model", "=", DIGEST), ("state", "=", "manual"), ("name", "=like", PREFIX.replace("_", r"\_") + "%")]
        return self.env["ir.model.fields"].sudo().search(about)

    @api.model
    def _view(self):
        return self.env["ir.ui.view"].sudo().search([("name", "=", VIEW), ("model", "=", DIGEST)])

    @api.model
    def _values_of_fields(self):
        model_id, values = self.env["ir.model"]._get_id(DIGEST), []
        for figure, label in self._labels().items():
            name = _field_of(figure)
            both = {"model_id": model_id, "field_description": label}
            code = COMPUTE.format(name=name, figure=figure)
            values.append({**both, "name": name, "ttype": "boolean"})
            values.append({**both, "name": f"{name}_value", "ttype": "integer", "compute": code, "store": False})
        return values

    @api.model
    def _create_view(self):
        fields = "".join(f'<field name="{_field_of(figure)}"/>' for figure in FIGURES)
        group = f'<group string="Integration Bridge" name="kpi_bridge" groups="base.group_system">{fields}</group>'
        values = {
            "name": VIEW,
            "model": DIGEST,
            "inherit_id": self.env.ref("digest.digest_digest_view_form").id,
            "arch": f'<xpath expr="//group[@name=\'kpi_general\']" position="after">{group}</xpath>',
        }
        try:
            with self.env.cr.savepoint():
                self.env["ir.ui.view"].sudo().create(values)
        except ValidationError:  # somebody has rearranged that form; no mail must wait for that
            _logger.warning("The form of digests has no place for the figures of the Integration Bridge", exc_info=True)

    @api.model
    def _translate(self):
        """Labels of fields of the database are translated there, not by files."""
        there = {one.name: one for one in self._fields_there()}
        for lang, _name in self.env["res.lang"].get_installed():
            for figure, label in self.with_context(lang=lang)._labels().items():
                field = there[_field_of(figure)].with_context(lang=lang)
                if field.field_description != label:
                    field.field_description = label


def _field_of(figure):
    return f"{PREFIX}{figure}"
