"""From Odoo to the other system: see ``road.py``."""
