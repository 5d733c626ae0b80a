"""The translations `i18n/*.po` against the template: kept in step, and what is wrong with them in words.

Runs in a Python that has polib, by pot.py: standard input is JSON, {"template": text, "files": {name: text}}; the
answer is {name: {"text": as it must be, "problems": of the file as it is, "left": of that text}}.
"""

import json
import re
import sys
from collections import Counter

import polib

# What must be in a translation as it is in the English.
KEPT = re.compile(
    r"%(?:\([^)]*\))?[-#0+]*\d*(?:\.\d+)?[sdifgrxX%]"  # what Python fills in
    r"|\{[^{}]*\}"  # placeholders, JSON
    r"|</?[a-zA-Z][^<>]*>|&\w+;"
    r"|https?://(?:[^\s,;)]*[\w/}])?"
    r"|`|\n"
)
QUOTED = re.compile("“([^“”]+)”")
QUOTED_THERE = re.compile("„([^„“]+)“|«\\s([^«»]+)\\s»")
SHOWN = 70  # characters of a term in a message


def in_step(text, template):
    """Return the translation `text` with the terms of `template`: gone ones dropped, new ones empty.

    Order, references and comments are the template's: by them Odoo knows where a term belongs.
    """
    known = {entry.msgid: entry for entry in polib.pofile(text)}
    head = text.split("\n\n", 1)[0]
    blocks = template.rstrip("\n").split("\n\n")[1:]
    terms = [_block(block, entry, known) for block, entry in zip(blocks, polib.pofile(template), strict=True)]
    return "\n\n".join([head, *terms]) + "\n"


def problems(text, template):
    """Name what a translator has to do.

    :rtype: list[str]
    """
    wanted = polib.pofile(template)
    english = {entry.msgid for entry in wanted}
    translated = {entry.msgid: entry for entry in polib.pofile(text)}
    names = {entry.msgstr for entry in translated.values()}
    found = [f"is missing: {_shown(entry)}" for entry in wanted if entry.msgid not in translated]
    for entry in translated.values():
        if entry.msgid not in english:
            found.append(f"is no term any more: {_shown(entry)}")
        elif not entry.msgstr:
            found.append(f"is not translated: {_shown(entry)}")
        elif entry.fuzzy:
            found.append(f"is marked fuzzy: {_shown(entry)}")
        else:
            found += [f"{problem}: {_shown(entry)}" for problem in _wrong(entry, translated, names)]
    return found


def _wrong(entry, translated, names):
    """What a machine can see: other placeholders, other blanks at the ends, a quoted label under another name."""
    counts = [Counter(KEPT.findall(text)) for text in (entry.msgid, entry.msgstr)]
    differing = (counts[0] - counts[1]) + (counts[1] - counts[0])
    if differing:
        yield f"does not have the same {' '.join(map(repr, differing))}"
    elif _by_place(entry.msgid) != _by_place(entry.msgstr):
        yield "has its placeholders in another order"
    if _ends(entry.msgid) != _ends(entry.msgstr):
        yield "has other blanks at its ends"
    for label in QUOTED.findall(entry.msgid):
        named = translated.get(label)
        if named and named.msgstr and named.msgstr not in entry.msgstr:
            yield f"does not call “{label}” “{named.msgstr}”"
    # English often names a button without quotation marks: what is quoted beyond them must be the name of something.
    quoted = [first or second for first, second in QUOTED_THERE.findall(entry.msgstr)]
    if len(quoted) > len(QUOTED.findall(entry.msgid)):
        for label in quoted:
            if label not in names and label.lower() not in entry.msgid.lower():
                yield f"quotes “{label}”, which nothing here is called"


def _by_place(text):
    """The placeholders without a name: they are filled in their order."""
    return [part for part in KEPT.findall(text) if re.match("%[^(%]", part)]


def _ends(text):
    return re.match(r"[ \n]*", text)[0], re.search(r"[ \n]*$", text)[0]


def _shown(entry):
    return repr(entry.msgid if len(entry.msgid) <= SHOWN else entry.msgid[: SHOWN - 1] + "…")


def _block(block, entry, known):
    """Return one term of the template with its translation."""
    old = known.get(entry.msgid, polib.POEntry())
    notes = "".join(f"# {line}\n" for line in old.tcomment.splitlines())
    fuzzy = "#, fuzzy\n" if old.fuzzy else ""
    wrapped = str(polib.POEntry(msgid="x", msgstr=old.msgstr)).split("\n", 1)[1].rstrip("\n")
    comments, term = re.fullmatch(r'((?:#.*\n)*)(msgid (?:.|\n)*)msgstr ""', block).groups()
    return f"{notes}{comments}{fuzzy}{term}{wrapped}"


def main():
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    answer = {}
    for name, text in request["files"].items():
        wanted = in_step(text, request["template"])
        answer[name] = {
            "text": wanted,
            "problems": problems(text, request["template"]),
            "left": problems(wanted, request["template"]),
        }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
