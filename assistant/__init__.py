"""What another system says of itself, and what may be proposed from it: plain Python, no Odoo.

A *description* is read from an OpenAPI document (``openapi.py``), which is untrusted (``document.py``). A *sample* is
the first page of a list (``sample.py``). Both are first turned into the same *facts* (``facts.py``): which fields a
record and the answer around it have, and of what kind. From facts, and from nothing else, it is proposed where the
records are, and what is their id, updated-at and deleted marker (``records.py``), how the list is paged and how only
changes are asked for (``paging.py``). So both ways end in one ``Proposal`` with a reason for each part
(``proposal.py``).

What an address answers to a request without credentials says how one signs in (``challenge.py``).

Names are looked up in the tables of ``names.py``.
"""
