"""What a plan says in a word, in the words of a person. So the plans need no language."""

from ..mapping.errors import _lt

NOTES = {
    "no_match": _lt("There is no matching record in Odoo, and this flow does not create records."),
    "no_update": _lt("This flow does not update records."),
    "deleted_there": _lt("It was deleted in the other system, so nothing is sent."),
    "gone_there": _lt("It was deleted in the other system and changed in Odoo: decide the conflict first."),
    "no_create_operation": _lt("This flow has no operation that creates a record there."),
    "no_update_operation": _lt("This flow has no operation that updates a record there."),
    "with_a_conflict": _lt("It is sent together with a field that is in conflict: decide the conflict first."),
    "another_job": _lt("This record is being created in the other system right now."),
    "answer_lost": _lt(
        "It was sent to be created, and the answer was lost. The other system can not be asked whether it is"
        " there. Look there, then press “It Is There” or “It Is Not There”."
    ),
    "answer_unreadable": _lt(
        "It was sent to be created, and answered in a way that can not be read; and it is not found there."
        " Look there, then press “It Is There” or “It Is Not There”, and correct the operation."
    ),
    "looked_for": _lt("It was sent, and the answer was lost. It is looked for there until it may be sent again."),
    "looked_for_first": _lt("It is looked for there first. If it is there already, it is linked and not created."),
    "not_there": _lt("The record is not there any more."),
    "not_as_shown": _lt(
        "Since the preview this has changed, on one side or the other, so it was not applied. Look at a new preview."
    ),
    "has_a_job": _lt(
        "This record waits or failed already, so it was left as it is. Look for it by “Find a Record”, and retry it"
        " there."
    ),
    "changes_too_fast": _lt("The record changes there faster than it can be sent."),
}


def told(env, note):
    """What is said of a record, in words.

    :param str note: a key of ``NOTES``; or words already, which stay as they are
    :rtype: str | None
    """
    return env._(NOTES[note]) if note in NOTES else note
