"""From the other system to Odoo: see ``road.py``."""
