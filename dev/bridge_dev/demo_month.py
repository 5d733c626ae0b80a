"""What a month leaves behind in the demo's database, so that each screen shows what it is for.

Failures, differences, a preview and a conflict are made by the other systems and by real runs; only what lies in the
past is written: the runs of four weeks, what was alerted about and is over, webhook calls (`demo_month_in_odoo.py`).
"""

from pathlib import Path

from . import demo_data

SCRIPT = Path(__file__).with_name("demo_month_in_odoo.py")
# What people type into an address book, and no list of countries has.
COUNTRIES = ("UK", "Deutschland", "UK", "EL", "UK", "Holland", "UK")
NAMELESS, REPAIRED, CHANGED_AT_LAST = 3, 3, 5
KNOWN = 515  # contacts that the syncs of the demo have made


def live(call, kinto):
    """Let a month pass.

    :param call: runs a function of `SCRIPT`, or `sync`, inside Odoo
    :param kinto: client of the address book
    """
    call("remember", script=SCRIPT)
    wrong, right = _spoiled()
    demo_data.put_contacts(kinto, wrong)
    call("sync")
    demo_data.put_contacts(kinto, right)
    call("sync")
    call("drift_apart", script=SCRIPT)
    _change_at_last(kinto)
    call("look_ahead", script=SCRIPT)
    call("finish", script=SCRIPT)


def _spoiled():
    """Contacts that can not be read as they are, and the same, put right: of the first only some."""
    number = len(COUNTRIES) + NAMELESS
    entries = demo_data.contacts(KNOWN + number)[KNOWN:]
    wrong = []
    for position, entry in enumerate(entries):
        if position < len(COUNTRIES):
            address = {"street": "1 High Street", "city": "Springfield", "zip": "12345"}
            wrong.append({**entry, "address": {**address, "country": COUNTRIES[position]}})
        else:
            wrong.append({**entry, "name": None})
    right = [{**one, "address": {**one["address"], "country": "GB"}} for one in wrong[:REPAIRED]]
    return wrong, right


def _change_at_last(kinto):
    """Changes that no sync has seen yet, of each kind: a preview shows them."""
    entries = [one for one in demo_data.contacts(60)[20:] if one.get("address")]
    moved = [{**one, "phone": f"+49 30 5550{number:02d}"} for number, one in enumerate(entries[:CHANGED_AT_LAST])]
    wrong = {**entries[-1], "address": {**entries[-1]["address"], "country": "Atlantis"}}
    new = {**demo_data.contacts(KNOWN + 50)[-1], "name": "Katherine Johnson", "email": "katherine@addressbook.example"}
    demo_data.put_contacts(kinto, [*moved, wrong, new])
    demo_data.remove_contacts(kinto, [entries[-2]["id"]])
