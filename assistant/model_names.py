"""Which Odoo models the lists of other systems usually are, by the names of these lists."""

from __future__ import annotations

from . import names

# By the name of one, see ``names.plain`` and ``names.singular``. The first model that is there is proposed. What means
# different things in different systems (account, user, address, group) is left out: nothing is better than a guess.
_MODELS = {
    "account.account": ("ledgeraccount", "glaccount", "chartofaccount"),
    "account.journal": ("journal",),
    "account.move": (
        "invoice",
        "salesinvoice",
        "customerinvoice",
        "bill",
        "vendorbill",
        "purchaseinvoice",
        "creditnote",
    ),
    "account.payment": ("payment", "customerpayment", "vendorpayment"),
    "account.tax": ("tax", "taxrate"),
    "calendar.event": ("event", "calendarevent", "appointment", "meeting"),
    "crm.lead": ("lead", "opportunity", "deal"),
    "fleet.vehicle": ("vehicle", "car"),
    "hr.department": ("department",),
    "hr.employee": ("employee", "worker", "staff"),
    "hr.expense": ("expense",),
    "hr.leave": ("timeoff", "leaverequest", "absence"),
    "product.category": ("productcategory", "itemcategory", "articlegroup", "productgroup"),
    "product.pricelist": ("pricelist", "pricebook"),
    "product.product": ("variant", "productvariant", "sku"),
    "product.template": ("product", "item", "article", "good", "catalogitem"),
    "project.project": ("project",),
    "project.task": ("task", "issue", "workitem", "todo"),
    "purchase.order": ("purchaseorder",),
    "res.country": ("country",),
    "res.currency": ("currency",),
    "res.partner": (
        *("customer", "contact", "client", "partner", "businesspartner", "person", "people", "company", "companies"),
        *("organization", "organisation", "supplier", "vendor", "creditor", "debtor", "addressbookentry", "party"),
    ),
    "res.partner.bank": ("bankaccount", "iban"),
    "res.partner.category": ("contacttag", "customertag"),
    "sale.order": ("order", "salesorder", "saleorder", "customerorder", "quotation", "quote"),
    "stock.location": ("stocklocation",),
    "stock.picking": ("shipment", "delivery", "deliveryorder", "fulfillment"),
    "stock.quant": ("inventorylevel", "stocklevel", "stockitem"),
    "stock.warehouse": ("warehouse",),
    "helpdesk.ticket": ("ticket", "supportticket"),
    "account.analytic.line": ("timeentry", "timesheet", "timesheetentry"),
}
_BY_NAME = {name: model for model, known in _MODELS.items() for name in known}
_BESIDE = ("crm", "shop", "store", "draft", "all", "external", "business", "erp", "my", "api")  # says nothing of what


def model_for(name: str, is_here) -> str:
    """The model that a list of this name is proposed for.

    :param str name: of the list, such as ``sales_orders``
    :param is_here: tells of the name of a model whether an app has it
    :return: empty if none fits
    """
    plain = names.plain(name)
    tried = [plain, *(plain.removeprefix(word) for word in _BESIDE if plain.startswith(word))]
    for one in tried:
        model = _BY_NAME.get(one) or _BY_NAME.get(names.singular(one))
        if model and is_here(model):
            return model
    return ""
