"""Operations: what is asked of the other system, and where the answers have it."""

WRITES = ("create", "update", "delete", "archive", "restore")
WALK = {"cursor", "page", "offset", "limit"}
ITEM_PLACES = ("status", "record", "error")
WHOLE = '"{record}"'  # the body of a request that says nothing else
