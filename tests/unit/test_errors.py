"""Every failure has a kind that decides, and a sentence that a person understands."""

import re

import pytest

from integration_bridge.remote import errors


@pytest.mark.parametrize("key", errors.MESSAGES)
def test_every_message_is_made_even_if_a_value_is_missing(key):
    reason, _, detail = key.partition(".")
    error = errors.Unavailable(reason, detail)
    assert error.key == key
    assert "%(" not in error.message and error.message.endswith(".")


@pytest.mark.parametrize("key", errors.MESSAGES)
def test_every_message_says_what_to_do_next_or_that_it_goes_on_by_itself(key):
    sentences = [part for part in errors.MESSAGES[key].replace("...", "").split(". ") if part]
    told = len(sentences) > 1 or key in {
        "too_big", "encoding", "charset", "status", "not_json.constant", "redirect.target", "no_records"
    }  # fmt: skip
    assert told, errors.MESSAGES[key]


def test_message_names_only_values_that_the_error_carries():
    error = errors.Rejected("status", "refused", status=422, host="crm.example", remote=": Name is missing")
    assert error.message == (
        "crm.example refused the request: Name is missing. Correct the record, or have an administrator correct the"
        " mapping, then press Retry (HTTP 422)."
    )
    assert set(re.findall(r"%\((\w+)\)s", errors.MESSAGES[error.key])) <= set(error.values)


def test_message_is_rendered_by_the_translated_template():
    error = errors.Unavailable("refused", host="crm.example", port=80)
    assert error.render(lambda template: "%(port)s bei %(host)s lehnt ab") == "80 bei crm.example lehnt ab"


TECHNICAL = re.compile(
    r"\b(address|API|byte|certificate|character set|cursor|DNS|host name|header|HTML|HTTP|JSON|JMESPath|marker"
    r"|namespace|operation|option|page|pagination|path|PEM|port|proxy|scope|TLS|token|XML)s?\b",
    re.IGNORECASE,
)
WHO = re.compile(r"administ|by itself|tried again|those who run it|goes on|press Retry|Correct the record")


@pytest.mark.parametrize("key", [*errors.MESSAGES, "odd"])
def test_who_has_not_set_it_up_is_told_in_plain_words_first_and_who_can_do_what(key):
    reason, _, detail = key.partition(".")
    template = errors.MESSAGES.get(key, errors._UNKNOWN)
    values = {name: "…" for name in re.findall(r"%\((\w+)\)s", template) if name != "reason"}
    told = errors.Unavailable(reason, detail, **values).told()
    first = re.sub(r" \(HTTP ….*\)\.$", ".", told.partition(" Details: ")[0])
    assert not TECHNICAL.search(first)
    assert WHO.search(first)


def test_details_follow_what_is_told_first():
    error = errors.ProtocolError("not_json", host="crm.example", problem="line 1")
    plain, _, details = error.told().partition(" Details: ")
    assert plain.startswith("The other system gave an answer that can not be used")
    assert details == error.message
    assert set(errors.FIRST) <= set(errors.MESSAGES)


def test_unknown_reason_still_has_a_message():
    assert "odd" in errors.ProtocolError("odd", host="crm.example").message


def test_kinds_are_those_of_the_design():
    kinds = [cls.kind for cls in errors.RemoteError.__subclasses__()]
    assert sorted(kinds) == ["auth", "protocol", "rejected", "throttled", "unavailable"]
