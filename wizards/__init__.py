from . import bridge_definition_import
