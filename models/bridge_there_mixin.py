from odoo import api, fields, models
from odoo.exceptions import UserError

from ..connect.addresses import is_http
from ..remote import template
from ..remote.redaction import secret_in_url

ID = "external_id"


class BridgeThereMixin(models.AbstractModel):
    """Where a person opens a record in the other system."""

    _name = "bridge.there.mixin"
    _description = "Address of a Record There"

    open_address = fields.Char(
        "Address of a Record",
        help="Where a person opens a record in the other system, with {external_id} in the place of its ID, such as"
        " https://shop.example.com/admin/orders/{external_id}. Then “Open There” is on its Odoo record.",
    )

    @api.constrains("open_address")
    def _check_open_address(self):
        for flow in self.filtered("open_address"):
            problem = flow._open_address_problem()
            if problem:
                flow._refuse(self.env._("the address of a record can not be used: %s", problem))

    def _open_address_problem(self):
        """What is wrong with the address, and what to do; None if nothing is.

        :rtype: str | None
        """
        address = self.open_address
        try:
            template.validate(address, {ID}, in_path=True)
        except template.TemplateError as error:
            return self.env["bridge.connector"]._explain(error)
        if not is_http(address) or any(sign.isspace() for sign in address):
            return self.env._("it must begin with http:// or https:// and name a host, without a user name in it")
        if "{" in address.split("/")[2]:
            return self.env._("the ID may stand only behind the name of the host and a “/”")
        if ID not in template.placeholders(address):
            return self.env._("it has no {external_id}, so all records would have the same one")
        if "{+" in address.partition("?")[2]:
            return self.env._("{+external_id} keeps slashes in a path; write {external_id} behind the “?”")
        carrier = secret_in_url(address)
        return carrier and self.env._("it carries a credential in “%s”; take it out", carrier)

    def _address_there(self, external_id):
        """Where a person opens a record; its id is escaped, whatever it is made of.

        :param str external_id: its remote id
        :return: the address; False: there is none, or this id would lead elsewhere
        :rtype: str | bool
        """
        if not self.open_address or not external_id:
            return False
        try:
            return template.render_path(self.open_address, {ID: external_id})
        except template.TemplateError:
            return False

    @api.model
    def _open_there(self, address):
        """The action that opens it, beside Odoo.

        :raises UserError: if there is no address
        """
        if not address:
            raise UserError(
                self.env._(
                    "Nobody has said where this record is opened in the other system, or it is not there. Enter the"
                    " Address of a Record in its flow."
                )
            )
        return {"type": "ir.actions.act_url", "url": address, "target": "new"}
