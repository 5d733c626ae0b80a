"""Connector definitions: a connector as one JSON document, without secrets, to hand on, keep and compare."""
