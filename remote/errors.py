"""What can go wrong when talking to the other system, by kind (DESIGN.md, "The queue").

An error carries ``reason`` (what happened), ``detail`` (which variety of it) and ``values``. The Odoo layer looks up
its own translated sentence by ``key``; ``message`` is the English rendering of the same values from ``MESSAGES``.
"""

from __future__ import annotations


def _lt(source: str) -> str:
    """Mark a text for the export of terms; it is translated where it is shown."""
    return source


MESSAGES = {
    # The connection never came to be: nothing was sent.
    "dns": _lt("The name %(host)s was not found. Check the base address of the connector, and the DNS of this server."),
    "refused": _lt(
        "%(host)s refused the connection on port %(port)s. Check the address, and that the other system is running."
    ),
    "unreachable": _lt(
        "%(host)s can not be reached (%(problem)s). Check the network and firewall between the two systems."
    ),
    "timeout.connect": _lt(
        "%(host)s did not accept a connection within %(seconds)s s. Check the address and the firewall."
    ),
    "tls": _lt("No secure connection to %(host)s is possible (%(problem)s). Check the address and the TLS settings."),
    "tls.expired": _lt("The TLS certificate of %(host)s has expired. Its operator has to renew it."),
    "tls.host": _lt(
        "The TLS certificate of %(host)s was issued for another name. Check the host name in the base address."
    ),
    "tls.untrusted": _lt(
        "The TLS certificate of %(host)s is not signed by a known authority. If it is your own authority, "
        "put its certificate into the connector's own CA."
    ),
    "tls.not_tls": _lt(
        "%(host)s does not speak TLS on port %(port)s. Check whether the address should begin with http://."
    ),
    "tls.bad_ca": _lt(
        "The connector's own CA is not a valid PEM certificate. Paste the whole certificate, with its BEGIN "
        "and END lines."
    ),
    "blocked_address": _lt(
        "%(host)s has a private address, which this connector may not call. If that is meant, add it to “Allowed"
        " Private Addresses”; for a file, with its port."
    ),
    "bad_proxy": _lt(
        "“%(proxy)s” is not the address of a proxy that can be used. It must look like http://proxy.example.com:3128;"
        " it comes from the connector, or from HTTPS_PROXY on this server."
    ),
    "proxy": _lt(
        "%(host)s does not connect to %(target)s (HTTP %(answer)s). Ask who runs the proxy to allow that, or call the"
        " other system without it."
    ),
    "proxy.unknown": _lt(
        "The name of %(host)s was not found. Check the proxy of the connector, and the DNS of this server."
    ),
    "proxy_auth": _lt("%(host)s does not accept its user name and password. Check the proxy of the connector."),
    "bad_url": _lt(
        "%(url)s is not an address that can be called. It must begin with http:// or https:// and name a host."
    ),
    "bad_header": _lt(
        "The header %(name)s can not be sent: its name or value contains a character that HTTP does not allow."
        " Correct it in the connector or operation."
    ),
    "bad_header.steering": _lt(
        "The header %(name)s decides where a request goes, so it can not be set. Remove it from the connector or"
        " operation; what belongs into the address belongs into the base address."
    ),
    "outside": _lt(
        "%(url)s is not below the base address %(base)s, so the credentials are not for it. Correct the path, or have a"
        " system administrator shorten the base address to what all addresses have in common."
    ),
    "bad_body": _lt(
        "What Odoo has can not be written as %(format)s (%(problem)s), so nothing was sent. Correct the record, or"
        " have an administrator correct the mapping."
    ),
    # The request may have arrived; the answer did not.
    "timeout": _lt(
        "%(host)s did not answer within %(seconds)s s. Try again later, or raise the time-out of the connector."
    ),
    "timeout.read": _lt(
        "%(host)s did not go on answering within %(seconds)s s. Try again later, or raise the read time-out."
    ),
    "timeout.total": _lt(
        "%(host)s did not finish its answer within %(seconds)s s in all. Ask for smaller pages, or raise the"
        " total time-out."
    ),
    "reset": _lt("%(host)s closed the connection before it answered. It will be tried again."),
    "truncated": _lt("The answer of %(host)s broke off before its end. It will be tried again."),
    # An answer came, and it is no use.
    "not_http": _lt("%(host)s answered with something that is not HTTP. Check the port in the base address."),
    "too_big": _lt("The answer of %(host)s is larger than %(limit)s MB. Ask for smaller pages."),
    "encoding": _lt("%(host)s compressed its answer in a way that can not be read (%(problem)s)."),
    "charset": _lt("The answer of %(host)s is not text in its declared character set (%(charset)s)."),
    "not_json": _lt("The answer of %(host)s is not JSON (%(problem)s). Check the path of the operation."),
    "not_json.html": _lt(
        "%(host)s answered with a web page instead of JSON. Check the base address and path; it may be a "
        "login or maintenance page."
    ),
    "not_json.constant": _lt("The answer of %(host)s contains %(problem)s, which is not a JSON number."),
    "not_xml": _lt("The answer of %(host)s is not XML (%(problem)s). Check the path of the operation."),
    "not_xml.html": _lt(
        "%(host)s answered with a web page instead of XML. Check the base address and path; it may be a login or"
        " maintenance page."
    ),
    "not_xml.doctype": _lt(
        "The answer of %(host)s has a DOCTYPE, which is refused, because it can fetch and multiply what it likes. Ask"
        " the other system for XML without one."
    ),
    "two_namespaces": _lt(
        "The answer of %(host)s has elements “%(name)s” of two kinds (namespaces) side by side. Say in the option"
        ' “namespaces” of the answer how each is to be called, such as {"d": "DAV:"}.'
    ),
    "not_csv": _lt("The answer of %(host)s is not CSV at row %(row)s (%(problem)s). Check the options of the answer."),
    "not_csv.html": _lt(
        "%(host)s answered with a web page or with XML instead of CSV. Check the base address and path; it may be a"
        " login or maintenance page."
    ),
    "not_csv.sentence": _lt(
        "%(host)s answered with one row of one cell, which may be a message as well as a table without records. Look at"
        " the answer; if it is a table, name its columns in the options of the answer."
    ),
    "not_csv.cells": _lt(
        "Row %(row)s of the answer of %(host)s has %(cells)s cells, and there are %(columns)s columns, so nothing was"
        " taken in. Check delimiter, quote and columns in the options of the answer, and that the file is whole."
    ),
    "not_csv.twice": _lt(
        "The answer of %(host)s has two columns “%(name)s”. Name all of them in the option “columns” of the answer."
    ),
    "not_csv.delimiter": _lt(
        "In the first row of the answer of %(host)s each of %(found)s may be what stands between cells. Say which, in"
        " the option “delimiter” of the answer."
    ),
    "no_column": _lt(
        "The answer of %(host)s has no column “%(name)s”, where the id should be. Its columns are: %(names)s. Check the"
        " id of the flow, and delimiter and columns in the options of the answer."
    ),
    "not_jsonl": _lt("Line %(number)s of the answer of %(host)s is not JSON (%(problem)s). Check the path."),
    "not_jsonl.record": _lt(
        "Line %(number)s of the answer of %(host)s is not an object. If the whole answer is one JSON document, choose"
        " the answer format JSON."
    ),
    "not_vcard": _lt(
        "Line %(number)s of the answer of %(host)s: this is no vCard (%(problem)s). Check the path of the operation,"
        " and whether the other system can give version 3.0 or 4.0."
    ),
    "no_stream": _lt(
        "The answer of %(host)s is large, and in the format “%(format)s”, which can not be read in parts. Choose"
        " another pagination, or ask for CSV, JSON, XML or JSON lines."
    ),
    "archive": _lt(
        "The packed file that %(host)s answered with can not be opened (%(problem)s). It will be tried again; look at"
        " the file in the other system."
    ),
    "archive.none": _lt(
        "The ZIP archive of %(host)s has no file %(member)s. It has: %(names)s. Correct the option “member” of the"
        " answer."
    ),
    "archive.many": _lt(
        "The ZIP archive of %(host)s has several files %(member)s: %(names)s. Say in the option “member” of the answer"
        " which, such as products*.csv."
    ),
    "empty": _lt("%(host)s answered with nothing where a document was expected. Check the path of the operation."),
    "redirect": _lt(
        "%(host)s redirects to %(target)s, which is not followed for %(method)s. Put the final address into the"
        " connector."
    ),
    "redirect.loop": _lt("%(host)s redirected more than %(limit)s times. Check the base address."),
    "redirect.target": _lt("%(host)s redirects without naming an address that can be called."),
    # It answered, and the status says no.
    "status": _lt(
        "%(host)s gave an answer that is neither a yes nor a no%(remote)s. Have an administrator look at it (HTTP"
        " %(status)s)."
    ),
    "status.auth": _lt(
        "%(host)s did not accept the credentials%(remote)s. Have an administrator look at how the connector signs in"
        " (HTTP %(status)s)."
    ),
    "status.forbidden": _lt(
        "%(host)s does not allow this with these credentials%(remote)s. Have somebody who administers it grant the"
        " right to Odoo (HTTP %(status)s)."
    ),
    "status.not_found": _lt(
        "%(host)s does not have what was asked for%(remote)s. Look there whether the record still exists; if it does,"
        " have an administrator look at the flow (HTTP %(status)s; its path may be wrong)."
    ),
    "status.refused": _lt(
        "%(host)s refused the request%(remote)s. Correct the record, or have an administrator correct the mapping, then"
        " press Retry (HTTP %(status)s)."
    ),
    "status.throttled": _lt(
        "%(host)s asks for fewer requests%(remote)s. It will be tried again later (HTTP %(status)s)."
    ),
    "own_limit": _lt(
        "The limit of requests that you set for %(host)s is used up; the next request may go in %(seconds)s s. It"
        " goes on by itself; raise the limit if the other system takes more."
    ),
    "status.failed": _lt(
        "%(host)s has an internal problem%(remote)s. It will be tried again; if that does not help, tell those who run"
        " it (HTTP %(status)s)."
    ),
    # It answered that all is well, and the body says no.
    "told": _lt(
        "%(host)s answered that it failed%(remote)s. Correct the record, or have an administrator correct the mapping,"
        " then press Retry."
    ),
    "told.auth": _lt(
        "%(host)s answered that it does not accept the credentials%(remote)s. Have an administrator look at how the"
        " connector signs in."
    ),
    "told.throttled": _lt("%(host)s asks for fewer requests%(remote)s. It will be tried again later."),
    "told.failed": _lt(
        "%(host)s answered that it has a problem%(remote)s. It will be tried again; if that does not help, tell those"
        " who run it."
    ),
    "told.partial": _lt(
        "%(host)s answered with records, and that it failed%(remote)s, so something is missing in them and nothing"
        " was taken in. Correct the request; or say in the operation that partial answers are accepted."
    ),
    "told.doubtful": _lt(
        "%(host)s answered with an id and with an error%(remote)s, so it is not known whether it was done. Look there,"
        " and say in the operation where an error is."
    ),
    "bad_token": _lt(
        "%(host)s gave no token where one was expected (%(problem)s). Check the token path and the token address."
    ),
    "token_refused": _lt("%(host)s refused to give a token%(remote)s. Check the credentials of the connector."),
    "no_secret": _lt("The credential %(name)s is missing. Enter it in the connector."),
    "no_refresh_token": _lt(
        "%(host)s agreed, but gave no refresh token, so that the connection would end soon. Ask for one: many systems"
        " want a scope such as offline_access, or a parameter such as access_type=offline for the authorization."
    ),
    "bad_secret": _lt("The secret of the connector can not be read as %(encoding)s. Enter it again."),
    "bad_private_key": _lt(
        "The secret of the connector is not a private key for %(algorithm)s. Paste the whole PEM text of the key, with"
        " its BEGIN and END lines and without a passphrase."
    ),
    "no_digest": _lt(
        "%(host)s does not ask for Digest in a way that can be answered (%(problem)s). Choose another authentication."
    ),
    # Asking for one record.
    "gone": _lt(
        "%(host)s says that this record is deleted. If it is not, have an administrator look at how the flow tells"
        " what is deleted."
    ),
    "gone.nothing": _lt(
        "%(host)s answered that there is no such record. If there is one, have an administrator look at how the flow"
        " gets one record."
    ),
    "other_record": _lt(
        "%(host)s was asked for the record %(asked)s and answered with %(given)s, so nothing was taken in. It may be"
        " merged there; else check the path of the operation that gets one record."
    ),
    "other_record.no_id": _lt(
        "%(host)s was asked for the record %(asked)s and answered with one that has no id, so it is not known which it"
        " is. Check where the operation that gets one record finds it, and where the flow finds its id."
    ),
    "part": _lt(
        "A list inside the record could not be read, so nothing of the record was taken in (%(problem)s). If the record"
        " is there, check the path of the list operation of the nested flow."
    ),
    "part.cut": _lt(
        "%(host)s gave %(seen)s entries of a list inside the record, although it counts %(total)s, so nothing of the"
        " record was taken in. Check how that list ends."
    ),
    "part.place": _lt(
        "“%(place)s” of the record has no place for the list that belongs there. Correct the path of the nested"
        " records."
    ),
    # Walking a list.
    "repeated_page": _lt(
        "%(host)s sent the same page twice. Check the pagination of the operation: its parameter may be ignored."
    ),
    "page_loop": _lt("%(host)s leads back to a page that was already read. Check the pagination of the operation."),
    "foreign_page": _lt(
        "%(host)s names a next page on another host (%(target)s), which is not followed, because that one may be told"
        " no credentials. If it is the same system under another name, put that name into the connector's base address,"
        " or correct it there; or choose another pagination, such as by page number or cursor."
    ),
    "too_deep": _lt(
        "%(host)s gives the first %(seen)s records of this list and refuses to go on (HTTP %(status)s%(remote)s). What"
        " was read is in Odoo; what lies behind does not come in this way, and nothing was removed. Choose the"
        " pagination “Field of the last record” or one by cursor, or let the list operation ask for less."
    ),
    "no_cursor": _lt(
        "The place of the next page (%(place)s) holds no usable value. Check the pagination of the operation."
    ),
    "no_flag": _lt("The answer has no end-of-list flag at %(place)s. Check the pagination of the operation."),
    "no_total": _lt("The answer has no total number at %(place)s. Check the pagination of the operation."),
    "no_since": _lt(
        "The place of the next {since} (%(place)s) holds no value in the format “%(format)s”. Check what the list"
        " operation says about changes."
    ),
    "other_order": _lt(
        "The results of %(host)s at %(place)s are in another order than the records that were sent, and nothing in this"
        " one says whose it is. Have each result carry the reference or the key of its record, or send one record in a"
        " request."
    ),
    "two_ids": _lt(
        "%(host)s names the new record %(header)s in the header and %(body)s in the answer, so it is not known which it"
        " is. Look there, and say in the operation where the id is."
    ),
    "no_records": _lt("The answer has no records at %(place)s. Check the operation's path to the records."),
}


# What those are told first who have not set the connector up: what it means for them, and who can do something.
_AWAY = _lt(
    "The other system can not be reached now. It will be tried again by itself; if that does not help, tell an"
    " administrator."
)
_SLOW = _lt(
    "The other system took too long to answer. It will be tried again by itself; if that does not help, tell an"
    " administrator."
)
_SET_UP = _lt(
    "The other system can not be talked to in the way that is set up. Have an administrator look at the connector."
)
_NOT_LET_IN = _lt("The other system does not let Odoo in. Have an administrator look at how the connector signs in.")
_NO_USE = _lt("The other system gave an answer that can not be used as it is. Have an administrator look at the flow.")
# The sentence of ``MESSAGES`` follows it; one that stands in none of these is plain enough by itself.
_TOLD_FIRST = {
    _AWAY: "dns refused unreachable timeout.connect proxy.unknown tls tls.expired",
    _SLOW: "timeout timeout.read timeout.total",
    _SET_UP: "tls.host tls.untrusted tls.not_tls tls.bad_ca blocked_address bad_proxy proxy proxy_auth bad_url"
    " bad_header bad_header.steering outside not_http redirect redirect.loop redirect.target",
    _NOT_LET_IN: "bad_token token_refused no_secret no_refresh_token bad_secret bad_private_key no_digest",
    _NO_USE: "too_big encoding charset not_json not_json.html not_json.constant not_xml not_xml.html not_xml.doctype"
    " two_namespaces not_csv not_csv.html not_csv.sentence not_csv.cells not_csv.twice not_csv.delimiter no_column"
    " not_jsonl not_jsonl.record not_vcard no_stream archive archive.none archive.many empty told.partial"
    " told.doubtful other_record other_record.no_id part part.cut part.place repeated_page page_loop foreign_page"
    " too_deep no_cursor no_flag no_total no_since other_order two_ids no_records",
}
FIRST = {key: sentence for sentence, keys in _TOLD_FIRST.items() for key in keys.split()}
_BOTH = _lt("%(first)s Details: %(details)s")
_UNKNOWN = _lt("Something went wrong with %(host)s (%(reason)s). Have an administrator look at it.")


class _Blank(dict):
    """Format values in which an unknown name reads as a dash, so that a message never fails to be made."""

    def __missing__(self, name):
        return "-"


class ConfigurationError(ValueError):
    """What a person has written can not be used.

    :param str template: one English sentence, marked for translation
    :param values: what it names
    """

    def __init__(self, template, **values):
        self.template = template
        self.values = values
        super().__init__(template % values)


class RemoteError(Exception):
    """A request to the other system that did not give what was asked.

    :param str reason: slug of what happened, a key of ``MESSAGES``
    :param str detail: variety; with it ``reason.detail`` is the key
    :param int|None status: HTTP status, if an answer came
    :param float|None retry_after: seconds the remote asked to wait
    :param bool sent: whether the remote may have received (and acted on) the request
    :param str excerpt: beginning of the body, redacted
    :param values: what the message names, already redacted
    """

    kind = "unavailable"

    def __init__(self, reason, detail="", *, status=None, retry_after=None, sent=True, excerpt="", **values):
        self.reason = reason
        self.detail = detail
        self.status = status
        self.retry_after = retry_after
        self.sent = sent
        self.excerpt = excerpt
        self.values = {**values, "status": status} if status else values
        super().__init__(self.message)

    @property
    def key(self) -> str:
        """Key of the sentence in ``MESSAGES`` (and in the Odoo layer's table of translations)."""
        key = f"{self.reason}.{self.detail}"
        return key if key in MESSAGES else self.reason

    @property
    def message(self) -> str:
        """One English sentence or two: what happened, and what to do next."""
        return self.render()

    def render(self, translate=str) -> str:
        """The message in a person's language.

        :param translate: from the English template to that of the language, such as ``env._``
        """
        return translate(MESSAGES.get(self.key, _UNKNOWN)) % _Blank(self.values, reason=self.reason)

    def told(self, translate=str) -> str:
        """The message for whoever uses what was set up: what it means and who can help, before the details.

        :param translate: from the English template to that of the language, such as ``env._``
        """
        details = self.render(translate)
        if self.key not in FIRST:
            return details
        return translate(_BOTH) % {"first": translate(FIRST[self.key]), "details": details}


class Unavailable(RemoteError):
    """The other system can not be had now: try again later."""

    kind = "unavailable"


class Throttled(RemoteError):
    """The other system asks to wait: ``retry_after`` seconds, if it said so."""

    kind = "throttled"


class AuthFailed(RemoteError):
    """The credentials are not accepted, also after one refresh."""

    kind = "auth"


class Rejected(RemoteError):
    """The request itself is refused: the same request would be refused again."""

    kind = "rejected"


class ProtocolError(RemoteError):
    """An answer came that does not have the agreed form."""

    kind = "protocol"
