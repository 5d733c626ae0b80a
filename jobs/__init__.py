"""The queue: which jobs there are, who takes them when, and what becomes of them.

It knows no record and no HTTP. ``models/bridge_job.py`` has the table and its buttons.
"""
