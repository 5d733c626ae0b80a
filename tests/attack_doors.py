"""The three doors of Odoo's external API, as somebody outside uses them; and what an answer means."""

import json
import xmlrpc.client
from collections import namedtuple
from unittest.mock import patch

from passlib.context import CryptContext

from odoo.addons.base.models import res_users
from odoo.tests import new_test_user

BRIDGE = "integration_bridge.group_integration_bridge_"
GROUPS = {
    "user": f"base.group_user,base.group_partner_manager,{BRIDGE}user",
    "operator": f"base.group_user,base.group_partner_manager,{BRIDGE}operator",
    "administrator": f"base.group_user,base.group_partner_manager,{BRIDGE}administrator",
    "system": f"base.group_user,base.group_partner_manager,{BRIDGE}administrator,base.group_system",
    "external": f"{BRIDGE}external",
    "plain": "base.group_user",
    "portal": "base.group_portal",
}

# ``said``: "done", "denied" (no right to it, or not logged in), "refused" (in words), "crash"
Said = namedtuple("Said", "said value")
DENIED = ("odoo.exceptions.AccessError", "odoo.exceptions.AccessDenied")
REFUSED = ("odoo.exceptions.UserError", "odoo.exceptions.ValidationError", "odoo.exceptions.MissingError")
REFUSED += ("odoo.exceptions.RedirectWarning", "odoo.exceptions.LockError")
# Odoo's XML-RPC can not say "nothing": a button that answers nothing was pressed, and says this.
NOTHING = "cannot marshal None"


class Doors:
    """Calls of people, over HTTP to the server of an ``HttpCase``.

    :param case: the test; or its class, if ``case`` is set to the test later on
    """

    def __init__(self, case):
        self.case, self.people, self.keys = case, {}, {"anonymous": None}
        # Each call checks a key; the usual 6,000 rounds would be most of the time that thousands of them take.
        quick = CryptContext(["pbkdf2_sha512"], pbkdf2_sha512__rounds=1)
        case.enterClassContext(patch.object(res_users, "KEY_CRYPT_CONTEXT", quick))

    def person(self, name, groups=None):
        """Make a person with an API key.

        :rtype: odoo.models.ResUsers
        """
        person = new_test_user(self.case.env, f"door_{name}", groups or GROUPS[name])
        self.let_in(name, person)
        return person

    def let_in(self, name, person):
        self.people[name] = person
        self.keys[name] = self.case.env["res.users.apikeys"].with_user(person).sudo()._generate("rpc", "door", None)

    def call(self, door, who, model, method, ids=None, **arguments):
        """:rtype: Said"""
        self.case.env.flush_all()
        answer = getattr(self, f"_{door}")(who, model, method, ids, arguments)
        self.case.env.invalidate_all()
        return answer

    def json2(self, who, model, method, arguments):
        """:return: status and document of ``/json/2``"""
        headers = {"Content-Type": "application/json"}
        if self.keys[who]:
            headers["Authorization"] = f"bearer {self.keys[who]}"
        text = arguments if isinstance(arguments, (str, bytes)) else json.dumps(arguments)
        answer = self.case.url_open(f"/json/2/{model}/{method}", data=text, headers=headers)
        return answer.status_code, answer.json()

    def _json2(self, who, model, method, ids, arguments):
        about = {"ids": ids} if ids is not None else {}
        status, document = self.json2(who, model, method, {**about, **arguments})
        if status == 200:
            return Said("done", document)
        said = {401: "denied", 403: "denied", 422: "refused", 404: "refused", 400: "refused", 409: "refused"}
        return Said(said.get(status, "crash"), f"{document.get('name')}: {document.get('message')}")

    def _positional(self, who, model, method, ids, arguments):
        person = self.people.get(who)
        uid, key = (person.id, self.keys[who]) if person else (self.case.env.ref("base.public_user").id, "anonymous")
        first = [ids] if ids is not None else []
        if method == "create":  # Odoo looks at the first argument by its place
            first, arguments = [arguments["vals_list"]], {}
        return [self.case.env.cr.dbname, uid, key, model, method, first, arguments]

    def _jsonrpc(self, who, model, method, ids, arguments):
        params = {"service": "object", "method": "execute_kw"}
        params["args"] = self._positional(who, model, method, ids, arguments)
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        headers = {"Content-Type": "application/json"}
        document = self.case.url_open("/jsonrpc", data=json.dumps(body), headers=headers).json()
        if "error" not in document:
            return Said("done", document.get("result"))
        about = document["error"]["data"]
        name = about.get("name")
        said = "denied" if name in DENIED else "refused" if name in REFUSED else "crash"
        return Said(said, f"{name}: {about.get('message')}")

    def _xmlrpc(self, who, model, method, ids, arguments):
        try:
            return Said(
                "done", self.case.xmlrpc_object.execute_kw(*self._positional(who, model, method, ids, arguments))
            )
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == 1 and NOTHING in fault.faultString:
                return Said("done", None)
            return Said({2: "refused", 3: "denied", 4: "denied"}.get(fault.faultCode, "crash"), fault.faultString)
