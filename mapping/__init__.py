"""Values and decisions: plain Python, no Odoo.

What a remote document says, in the terms of Odoo's ``create`` and ``write``, and back; when two documents are the
same; which side wins. Nothing in here reads a database or a socket.
"""
