"""What can become of a record on either road, and how a run counts it (DESIGN.md, "The road")."""

# Towards Odoo
CREATE, UPDATE, LINK, UNCHANGED = "create", "update", "link", "unchanged"
ARCHIVE, UNLINK, MARK, FLAG = "archive", "unlink", "mark", "flag"
SKIP, REJECT = "skip", "reject"
CONFLICT = "conflict"  # one side deleted what the other changed: nothing is done until a person decides

REMOVALS = (ARCHIVE, UNLINK, MARK, FLAG)
REMOVAL = "removal"  # what a run asks for
COUNTERS = {
    CREATE: "created",
    UPDATE: "updated",
    LINK: "linked",
    UNCHANGED: "unchanged",
    ARCHIVE: "archived",
    FLAG: "archived",
    MARK: "updated",
    UNLINK: "removed",
    SKIP: "skipped",
    REJECT: "failed",
    CONFLICT: "unchanged",
}

# Towards the other system
SEND_CREATE, SEND_UPDATE, SEND_DELETE = "send_create", "send_update", "send_delete"
SEND_ARCHIVE, SEND_RESTORE = "send_archive", "send_restore"
LOOK_UP = "look_up"  # ask the remote whether it has the record already, then decide again
LEAVE = "leave"  # the remote record stays, and is not ours to change any more
FORGET = "forget"  # its creation was begun, nobody there has seen it, and it is not one of ours any more
UNCERTAIN = "uncertain"
OPERATIONS = {
    SEND_CREATE: "create",
    SEND_UPDATE: "update",
    SEND_DELETE: "delete",
    SEND_ARCHIVE: "archive",
    SEND_RESTORE: "restore",
}
SENDS = tuple(OPERATIONS)
SENT_COUNTERS = {
    SEND_CREATE: "sent_created",
    SEND_UPDATE: "sent_updated",
    SEND_RESTORE: "sent_updated",
    SEND_DELETE: "sent_removed",
    SEND_ARCHIVE: "sent_removed",
    LEAVE: "unchanged",
    FORGET: "unchanged",
    UNCHANGED: "unchanged",
    CONFLICT: "unchanged",
    SKIP: "skipped",
    REJECT: "failed",
    UNCERTAIN: "failed",
}

# What has a line in the log, where the connector keeps everything
LOGGED = (CREATE, UPDATE, LINK, ARCHIVE, UNLINK, MARK, FLAG, SKIP, REJECT, CONFLICT)
LOGGED_SENDS = (*SENDS, LEAVE, SKIP, REJECT, CONFLICT, UNCERTAIN)

# Kinds of errors (DESIGN.md, "The queue") that the road itself finds
DATA, DEPENDENCY = "data", "dependency"

# Kinds of conflicts
FIELD, GONE_IN_ODOO, GONE_THERE = "field", "gone_in_odoo", "gone_there"

DEEPEST = 5  # relations that are followed by asking the remote, one behind the other

# Kinds of differences that a full compare reports
DIFFERENT, ONLY_THERE, ONLY_ODOO = "different", "only_there", "only_odoo"
UNLINKED, UNREADABLE = "unlinked", "unreadable"
# What a write leaves where one side keeps something else than it was given
ALTERED, ALTERED_THERE = "altered", "altered_there"
