"""What an OpenAPI 3 or Swagger 2 document says: addresses, ways to sign in, and lists with what belongs to them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import openapi_spec_validator.schemas as standards

from ..remote.errors import _lt
from . import facts, names, paging, records
from .document import Document, real, text_of
from .proposal import Collection, Description, Reason, Scheme
from .sample import proposal_of, segment_of

MOST_COLLECTIONS = 300
MOST_CHECKED = 4_000_000  # characters; the check against the standard takes a second for each million
_METHODS = {"update": ("patch", "put", "post"), "delete": ("delete",), "get": ("get",)}
_BODY_FORMATS = {"application/json": "json", "application/x-www-form-urlencoded": "form"}
_NEVER_ASKED = ("accept", "authorization", "contenttype", "useragent", "idempotencykey", "xrequestid")
_STANDARDS = {
    "2.0": "openapi_v2_schema_validator",
    "3.0": "openapi_v30_schema_validator",
    "3.1": "openapi_v31_schema_validator",
}
_ONE_AT = re.compile(r"/?\{[^{}/]+\}(\.json)?/?")

NO_ADDRESS = _lt("The document does not say where the system is. Enter its base address.")
CUT = _lt("%(count)s references to other documents were left out; what they describe is missing here.")
NOT_STANDARD = _lt("The document does not keep to the standard at “%(place)s”; what depends on that may be missing.")
NO_LISTS = _lt("The document describes no list of records that is asked for without knowing an ID.")
UNKNOWN_SCHEME = _lt("It signs in by “%(name)s”, which is not known here.")
MANY = _lt("Only the first %(limit)s lists are shown.")


class _Operation(NamedTuple):
    """One operation of the document: its own content, and the parameters that count for it."""

    content: dict
    parameters: tuple


def describe(document: Document, source: str = "") -> Description:
    """What a document says.

    :param str source: the address that it came from; empty for a file
    :raises DocumentError: it can not be looked through in a sensible time
    """
    with facts.one_document():
        return _describe(document, source)


def _describe(document, source):
    content = _dict(document.content)
    addresses = _addresses(content, source)
    paths = {str(path): item for path, item in _items(content, "paths") if str(path).startswith("/")}
    collections = []
    for path in paths:
        if "{" not in path and "}" not in path and len(collections) < MOST_COLLECTIONS:
            found = _collection(content, paths, path)
            if found:
                collections.append(found)
    schemes = tuple(_schemes(content, paths))
    title = _name(text_of(_dict(content.get("info")).get("title")).strip()[:200], (*addresses, source))
    notes = tuple(_notes(document, addresses, collections, schemes))
    return Description(title, addresses, schemes, tuple(collections), notes)


def _notes(document, addresses, collections, schemes):
    if not addresses:
        yield Reason(NO_ADDRESS)
    if not collections:
        yield Reason(NO_LISTS)
    if len(collections) >= MOST_COLLECTIONS:
        yield Reason(MANY, {"limit": MOST_COLLECTIONS})
    for one in schemes:
        if not one.scheme:
            yield Reason(UNKNOWN_SCHEME, {"name": one.called})
    if document.cut:
        yield Reason(CUT, {"count": document.cut})
    place = first_fault(document.plain)
    if place:
        yield Reason(NOT_STANDARD, {"place": place})


def first_fault(plain):
    """Where a document does not keep to the standard of its version; empty if nothing is known.

    References are not followed: what is asked is only whether the document has the form that it says.
    """
    version = str(plain.get("openapi") or plain.get("swagger"))[:3]
    if version not in _STANDARDS or _is_large(plain):
        return ""
    validator = getattr(standards, _STANDARDS[version])
    error = next(iter(validator.iter_errors(plain)), None)
    return "/".join(map(str, error.absolute_path))[:120] or "/" if error else ""


def _is_large(plain):
    return len(repr(plain)) > MOST_CHECKED


def _items(content, name):
    found = real(content.get(name))
    return [(key, real(value)) for key, value in found.items()] if isinstance(found, dict) else []


def _dict(value):
    value = real(value)
    return {name: real(one) for name, one in value.items()} if isinstance(value, dict) else {}


def _list(value):
    value = real(value)
    return [real(one) for one in value] if isinstance(value, list) else []


# --- What it is called, and where it is


def _name(title, addresses):
    """Its title; where that tells nothing, the first host that is known."""
    if not names.tells_nothing(title):
        return title
    hosts = (urlsplit(one).hostname or "" for one in addresses)
    host = next((one for one in hosts if one and "{" not in one), "")
    return re.sub(r"^(?:api|www)\.(?=.+\..)", "", host) or title


def _addresses(content, source):
    found = []
    if "swagger" in content:
        host = text_of(content.get("host")) or urlsplit(source).netloc
        schemes = [one for one in _list(content.get("schemes")) if one in ("http", "https")]
        schemes = sorted(schemes, key=lambda one: one != "https") or [urlsplit(source).scheme or "https"]
        base = text_of(content.get("basePath"))
        found = [f"{one}://{host}{base}" for one in schemes] if host else []
    else:
        for server in _list(content.get("servers")) or [{"url": "/"}]:
            url = text_of(_dict(server).get("url")) or "/"
            for name, variable in _items(_dict(server), "variables"):
                url = url.replace("{%s}" % name, text_of(_dict(variable).get("default")))
            found.append(_joined(source, url) if source else url)
    return tuple(dict.fromkeys(one.rstrip("/") for one in found if _is_address(one)))


def _joined(source, url):
    try:
        return urljoin(source, url)
    except ValueError:  # such as https://[your-domain].example.com
        return ""


def _is_address(url):
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and "{" not in url
    except ValueError:
        return False


# --- How one signs in


def _schemes(content, paths):
    declared = dict(
        _items(content, "securityDefinitions") or _items(_dict(content.get("components")), "securitySchemes")
    )
    asked = [content.get("security")]
    asked += [_dict(_dict(item).get("get")).get("security") for path, item in paths.items() if "{" not in path]
    counts = dict.fromkeys(declared, 0)
    for requirements in asked:
        for requirement in _list(requirements)[:5]:
            for name in _dict(requirement):
                counts[name] = counts.get(name, 0) + 1
    order = sorted(declared, key=lambda name: -counts[name])
    found = [scheme for name in order for scheme in _scheme(str(name), _dict(declared[name]))]
    seen = {}
    for one in found:
        seen.setdefault((one.scheme, *map(str, one.options.values())), one)
    return seen.values()


def _scheme(called, about):
    kind, place, name = (text_of(about.get(key)) for key in ("type", "in", "name"))
    way = text_of(about.get("scheme")).lower()
    if kind == "basic" or (kind == "http" and way == "basic"):
        yield Scheme("basic", {}, called)
    elif kind == "http" and way == "bearer":
        yield Scheme("bearer", {}, called)
    elif kind == "apiKey" and place == "header" and name.lower() == "authorization":
        # A token is not the whole of this header (RFC 9110 section 11.6.2), and nearly all want “Bearer” before it.
        yield Scheme("bearer", {}, called)
        yield Scheme("api_key_header", {"parameter": name}, called)
    elif kind == "apiKey" and place in ("header", "query", "cookie"):
        yield Scheme(f"api_key_{place}", {"parameter": name}, called)
    elif kind == "oauth2":
        yield from _grants(called, about)
    else:
        yield Scheme("", {}, called)


def _grants(called, about):
    flows = dict(_items(about, "flows")) or {text_of(about.get("flow")): about}
    named = {
        "authorizationCode": "oauth2_authorization_code",
        "accessCode": "oauth2_authorization_code",
        "clientCredentials": "oauth2_client_credentials",
        "application": "oauth2_client_credentials",
    }
    for name, flow in ((name, _dict(flow)) for name, flow in flows.items()):
        if name in named:
            options = {"token_url": flow.get("tokenUrl"), "authorize_url": flow.get("authorizationUrl")}
            if "client" in named[name]:
                options.pop("authorize_url")
            yield Scheme(named[name], {key: text_of(value) for key, value in options.items() if text_of(value)}, called)
    yield Scheme("bearer", {}, called)  # with a token that one has already


# --- What it lists


def _collection(content, paths, path):
    """The list at a path; None if there is none."""
    item = _dict(paths[path])
    operation = _operation(item, "get")
    answer, headers = _answer(content, operation)
    if not operation.content or not answer:
        return None
    segment = segment_of(path)
    lists = dict(_lists(answer))
    chosen = records.choose_list(list(lists), segment)
    if chosen is None:
        return None
    place, why = chosen
    beside = [fact for fact in facts.of_schema(answer, facts.DEEPEST_LOOK) if fact.path[: len(place)] != place]
    if place and why.template == records.ONLY_LIST and any(fact.path == ("id",) for fact in beside):
        return None  # it is one record, which has a list
    about = facts.of_schema(lists[place])
    evidence = paging.Evidence([_parameter(one) for one in operation.parameters], beside, headers)
    proposal = proposal_of(chosen, segment, about, evidence)
    fixed, needs = _required(operation, proposal)
    wanted = {fact.name for fact in about if len(fact.path) == 1}
    operations = _operations(content, paths, path, wanted)
    return Collection(_title(segment), path, proposal, operations, needs, fixed)


def _title(segment):
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", segment)
    return re.sub(r"[\W_]+", " ", words).strip().capitalize() or segment


def _lists(answer):
    """Path and schema of an item, of each list of objects in an answer."""
    answer = facts.merged_schema(answer)
    if "array" in facts.kinds_of(answer):
        item = facts.merged_schema(answer.get("items"))
        if _is_object(item):
            yield (), item
    level = [((), answer)]
    for _depth in range(facts.DEEPEST_LOOK - 1):
        deeper = []
        for path, schema in level:
            for name, one in list(facts.properties_of(schema).items())[: facts.MOST_FIELDS]:
                one = facts.merged_schema(one)
                kinds = facts.kinds_of(one)
                item = facts.merged_schema(one.get("items")) if "array" in kinds else None
                if item is not None and _is_object(item):
                    yield (*path, str(name)), item
                elif "object" in kinds and names.plain(str(name)) not in names.BESIDE:
                    deeper.append(((*path, str(name)), one))
        level = deeper[: facts.MOST_FIELDS]


def _is_object(schema):
    return "object" in facts.kinds_of(schema)


def _operation(item, method):
    content = _dict(item.get(method))
    own = {(text_of(one.get("in")), text_of(one.get("name"))): one for one in map(_dict, _list(item.get("parameters")))}
    own |= {
        (text_of(one.get("in")), text_of(one.get("name"))): one for one in map(_dict, _list(content.get("parameters")))
    }
    return _Operation(content, tuple(one for (_place, name), one in own.items() if name))


def _answer(content, operation):
    """The schema of a good answer, and the names of its headers."""
    answers = {str(status): _dict(answer) for status, answer in _items(operation.content, "responses")}
    good = sorted(status for status in answers if status.startswith("2"))
    for status in (*good, *(("default",) if not good else ())):
        answer = answers.get(status, {})
        schema, _form = _body(content, answer)
        if schema:
            return schema, dict.fromkeys((str(name) for name, _about in _items(answer, "headers")), "")
    return {}, {}


def _body(content, holder):
    """Schema and format of what stands in an answer, or in a body of OpenAPI 3."""
    if "swagger" in content:
        return facts.merged_schema(holder.get("schema")), "json"
    media = {str(name).partition(";")[0].strip().lower(): _dict(one) for name, one in _items(holder, "content")}
    named = [name for name in media if name in _BODY_FORMATS]
    others = [name for name in media if name.endswith("+json") or name == "*/*"]
    for name in (*sorted(named, key=list(_BODY_FORMATS).index), *others):
        return facts.merged_schema(media[name].get("schema")), _BODY_FORMATS.get(name, "json")
    return {}, "json"


def _parameter(one):
    schema = facts.merged_schema(one.get("schema")) or one
    most = schema.get("maximum")
    return paging.Parameter(
        text_of(one.get("name")),
        text_of(one.get("in")),
        frozenset(facts.kinds_of(schema)),
        text_of(schema.get("format")),
        text_of(one.get("description")),
        real(schema.get("default")),
        int(most) if isinstance(most, (int, float)) and not isinstance(most, bool) and 0 < most < 10**6 else 0,
        real(schema.get("minimum")),
    )


def _required(operation, proposal):
    """What a request must have besides what is proposed: with a value that the document says, and without one."""
    said = {*proposal.paging.query, *((proposal.since.name,) if proposal.since else ())}
    fixed, needs = {}, []
    for one in operation.parameters:
        schema, name = facts.merged_schema(one.get("schema")) or one, text_of(one.get("name"))
        # Some write it beside the schema, and some, wrongly, into it.
        if name in said or True not in (one.get("required"), schema.get("required")):
            continue
        if one.get("in") not in ("query", "header") or names.plain(name) in _NEVER_ASKED:
            continue
        choices = _list(schema.get("enum"))
        value = real(schema.get("default")) if schema.get("default") is not None else (choices or [None])[0]
        is_known = one.get("in") == "query" and isinstance(value, (str, int, float)) and len(choices) < 2
        if is_known or (schema.get("default") is not None and isinstance(value, (str, int, float))):
            fixed[name] = value
        else:
            needs.append(name)
    return fixed, tuple(needs)


# --- What belongs to a list


def _operations(content, paths, path, wanted):
    found = {}
    create = _operation(_dict(paths[path]), "post")
    if create.content:
        found["create"] = _request(content, create, "post", path, wanted)
    singles = [other for other in paths if _is_one_of(path, other)]
    singles.sort(key=lambda other: not names.plain(other).removesuffix("json").endswith("id"))
    for kind, methods in _METHODS.items():
        for method, single in ((method, single) for method in methods for single in singles):
            operation = _operation(_dict(paths[single]), method)
            if operation.content:
                found[kind] = _request(content, operation, method, _with_id(single), wanted)
                break
    return found


def _is_one_of(path, other):
    base = path.removesuffix(".json").rstrip("/")
    return other.startswith(base + "/{") and bool(_ONE_AT.fullmatch(other[len(base) :]))


def _with_id(path):
    return re.sub(r"\{[^{}/]+\}", "{external_id}", path)


def _request(content, operation, method, path, wanted):
    answer, _headers = _answer(content, operation)
    request = {"method": method.upper(), "path": path, "records": _read_path(answer, wanted)}
    if method in ("post", "put", "patch"):
        schema, form = _sent(content, operation)
        request |= {"body": _template(_place(schema, wanted)), "body_format": form}
    return request


def _sent(content, operation):
    if "swagger" not in content:
        return _body(content, _dict(operation.content.get("requestBody")))
    body = next((one for one in operation.parameters if one.get("in") == "body"), None)
    is_form = any(one.get("in") == "formData" for one in operation.parameters)
    return facts.merged_schema(_dict(body).get("schema")), "form" if is_form else "json"


def _place(schema, wanted):
    """Where a record stands in a body: the names to it, and whether there is a list of them.

    :rtype: tuple[tuple, bool]
    """
    rated = [(_alike(schema, wanted), 0, (), False)]
    if "array" in facts.kinds_of(schema):
        rated = [(_alike(facts.merged_schema(schema.get("items")), wanted), 0, (), True)]
    for order, (name, one) in enumerate(list(facts.properties_of(schema).items())[: facts.MOST_FIELDS], 1):
        one = facts.merged_schema(one)
        is_list = "array" in facts.kinds_of(one)
        inner = facts.merged_schema(one.get("items")) if is_list else one
        if _is_object(inner):
            rated.append((_alike(inner, wanted), -order, (str(name),), is_list))
    _rating, _order, place, is_list = max(rated, key=lambda one: one[:2])
    return place, is_list


def _alike(schema, wanted):
    own = set(map(str, facts.properties_of(schema)))
    return len(own & wanted) / len(own | wanted) if own and wanted else 0


def _read_path(answer, wanted):
    place, _is_list = _place(answer, wanted) if answer else ((), False)
    return facts.jmespath_of(place)


def _template(found):
    place, is_list = found
    body = ["{record}"] if is_list else "{record}"
    for name in reversed(place):
        body = {name: body}
    return body


__all__ = ["describe", "first_fault"]
