from . import bridge_definition_import, bridge_job_ignore, bridge_job_replay, bridge_recover
