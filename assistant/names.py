"""Names by which systems call the same things. All are compared in small letters and without separators (``plain``)."""

from __future__ import annotations

import re


def plain(name: str) -> str:
    """``Updated_At``, ``updatedAt`` and ``updated-at`` are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def singular(name: str) -> str:
    """The name of one, from that of many, both plain; good enough to find ``CategoryID`` in ``categories``."""
    for ending, one in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("ss", "ss")):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name[: -len(ending)] + one
    return name[:-1] if name.endswith("s") and len(name) > 2 else name


# Where an answer keeps its records, likeliest first.
LISTS = (
    *("data", "items", "results", "records", "value", "values", "entries", "elements", "list", "rows", "objects"),
    *("content", "hits", "docs", "documents", "result", "member", "hydramember", "collection", "edges", "nodes"),
)
# Lists beside the records, which are never they.
BESIDE = (
    *("errors", "warnings", "links", "messages", "included", "notifications", "facets", "aggregations", "meta", "sort"),
    *("constraints", "validationerrors", "filters", "columns", "fields", "schema", "breadcrumbs", "relatedobjects"),
)

# A record's id, likeliest first; its own name with "id" comes between.
IDS = ("id", "uuid", "guid", "uid", "objectid", "recordid", "sysid", "key", "gid", "identifier", "atid")
# What tells one from another in most systems, if there is no id.
WEAK_IDS = ("code", "sku", "number", "reference", "slug", "handle", "href", "self", "url", "email", "name")

# When a record was last changed, likeliest first.
UPDATED = (
    *("updatedat", "dateupdated", "updateddateutc", "datemodifiedgmt", "datemodifiedutc", "modifiedgmt", "modifiedat"),
    *("lastmodified", "lastmodifiedat", "lastmodifieddatetime", "lastmodifieddate", "lastmodifiedtime", "datemodified"),
    *("updatedon", "modifiedon", "lastupdated", "lastupdatedat", "lastupdatedtime", "lastupdatetime", "lastupdate"),
    *("updatedtime", "updatedatetime", "updatetime", "updatedate", "updateddate", "writedate", "lastchanged"),
    *(
        "lastchangedat",
        "changedat",
        "datechanged",
        "modifieddate",
        "modifiedtime",
        "systemmodstamp",
        "modificationdate",
    ),
    *("datelastupdated", "updatedts", "lastedited", "lasteditedtime", "updated", "modified"),
    *("changed", "mtime", "timestamp"),
)
# Objects inside a record in which it keeps what is about itself.
INSIDE = ("attributes", "meta", "metadata", "system", "audit", "sys", "properties", "fields")

# Flags and moments that mean that a record is gone.
DELETED = ("deleted", "isdeleted", "deletedat", "datedeleted", "deletedon", "trashed", "isremoved", "removed")
ARCHIVED = ("archived", "isarchived", "archivedat", "dearchived")
ACTIVE = ("active", "isactive")
GONE_STATES = ("deleted", "archived", "trash", "trashed", "removed", "gdprrequest")

# Parameters of a list.
PAGE = ("page", "pagenumber", "pageno", "pageindex", "p", "currentpage", "paged", "pagenum")
SIZE = (
    *("limit", "perpage", "pagesize", "size", "count", "maxresults", "top", "take", "rows", "resultsperpage"),
    *("pagelimit", "itemsperpage", "recordsperpage", "maxitems", "max", "num", "first", "pagelength"),
)
OFFSET = ("offset", "skip", "start", "startindex", "startat", "pageoffset", "from", "firstresult", "offsetrecords")
CURSOR = (
    *("cursor", "pagetoken", "nexttoken", "after", "continuationtoken", "continuation", "pageafter", "pagecursor"),
    *("nextcursor", "nextpagetoken", "pageinfo", "marker", "bookmark", "scrollid", "token", "skiptoken", "starttoken"),
)
LAST_RECORD = ("startingafter", "sinceid", "afterid", "lastid", "minid")
SINCE = (
    *("updatedsince", "modifiedsince", "changedsince", "updatedafter", "modifiedafter", "changedafter", "updatedatmin"),
    *("updatedatgte", "updatedatgt", "updatedatafter", "updatedatbegintime", "updatedatsince", "lastmodifiedafter"),
    *("lastmodifiedsince", "lastmodifiedstartdate", "sincelastchanged", "updatedfrom", "modifiedfrom", "minupdatedat"),
    *("lastupdatedafter", "lastupdatedsince", "startmodifieddate", "dateupdatedgte", "ifmodifiedsince"),
)
UNSURE_SINCE = ("since", "changes", "modified", "updated", "lastmodified")  # only with words that say so

# In an answer.
NEXT_ADDRESS = (
    *("next", "nextlink", "odatanextlink", "nextpage", "nextpageurl", "nexturl", "nexthref", "nextpagelink", "href"),
    *("nextpageuri", "nexturi", "link"),
)
NEXT_CURSOR = (
    *("nextcursor", "nextpagetoken", "nexttoken", "cursor", "aftercursor", "endcursor", "after", "continuationtoken"),
    *("continuation", "pagetoken", "nextpagecursor", "nextmarker", "scrollid", "nextstart", "bookmark"),
)
MORE = ("hasmore", "hasnext", "hasnextpage", "more", "hasmoreitems", "morerecords", "ismore", "hasmorepages")
LAST = ("last", "islast", "lastpage", "islastpage", "done", "final", "iscomplete")
TOTAL = (
    *("total", "totalcount", "totalitems", "totalresults", "totalelements", "totalrecords", "itemcount", "totalsize"),
    *("recordsfiltered", "filtercount", "numfound", "totalrows", "odatacount"),
)
PAGES = ("pages", "totalpages", "pagecount", "lastpage", "paging", "pagination", "pageinfo", "nextpage")
# Parts of an answer in which it tells about the page.
ABOUT_PAGE = (
    "meta",
    "paging",
    "pagination",
    "links",
    "pageinfo",
    "page",
    "cursors",
    "responsemetadata",
    "next",
    "info",
)

# A title of these words alone says that it is one of an API, and not of which.
TITLES = {
    *("api", "apis", "rest", "restful", "http", "https", "web", "open", "openapi", "swagger", "json", "graphql"),
    *("specification", "specifications", "spec", "specs", "documentation", "docs", "doc", "document", "definition"),
    *("reference", "description", "schema", "service", "services", "server", "backend", "application", "app"),
    *("the", "a", "an", "my", "your", "our", "of", "for", "and", "new", "public", "private", "internal", "external"),
    *("dynamic", "generated", "default", "untitled", "unnamed", "title", "test", "sample", "example", "demo", "main"),
    *("version", "latest", "fastapi", "project"),
}


def tells_nothing(title: str) -> bool:
    """Is a title none, or one that every API could have, such as ``Swagger API v2.0``?"""
    words = re.findall(r"[^\W_]+", title.lower())
    return all(one in TITLES or re.fullmatch(r"v?\d+", one) for one in words)


def rank(name: str, known: tuple) -> int | None:
    """The place of a name in a table; None if it is not in it."""
    try:
        return known.index(plain(name))
    except ValueError:
        return None
