from . import (
    bridge_anew,
    bridge_caller,
    bridge_connect,
    bridge_definition_import,
    bridge_find,
    bridge_find_line,
    bridge_hook_secret,
    bridge_job_ignore,
    bridge_job_replay,
    bridge_job_there,
    bridge_recover,
)
