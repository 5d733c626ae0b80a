"""What a person without a role in setting things up is told has no word of how the bridge is built (promise 5).

The labels of what he sees are looked at by ``tests/test_words.py``; these are the messages: of alerts and failures, of
runs and log lines, the stories of *Find a Record*, the health of a connector; and what ``static/src`` puts on the
screen, in its scripts and in its templates.
"""

import ast
import re
from xml.etree import ElementTree

import pytest
from test_walls import ROOT, TREES

BUILT_OF = re.compile(
    r"\b(binding|bound|chatter|cron|fingerprint|jobs?|lanes?|outbox|payload|queue|remote|scan|snapshot|tombstone"
    r"|webhooks?|workers?)\b",
    re.IGNORECASE,
)
# Who else reads what stands there.
FOR_OTHERS = {
    "assistant/": "administrators, who connect a system",
    "definition/": "administrators, who import a definition",
    "hooks.py": "who uninstalls the addon",
    "mapping/converter.py": "administrators, who map fields: what the options of converters mean",
    "mapping/plain.py": "the same",
    "models/bridge_delivery.py": "operators, who alone have the deliveries",
    "models/bridge_job.py": "operators, who alone have the jobs",
    "models/bridge_registration_mixin.py": "administrators, who press the buttons of the tab Webhook",
    "models/bridge_webhook_mixin.py": "the same",
    "models/res_config_settings.py": "administrators of Odoo",
    "remote/registration.py": "administrators, who describe how a webhook is registered",
    "remote/webhooks.py": "administrators, who choose how webhooks are verified",
    "static/src/look/": "administrators, who alone have the button",
    "static/src/mapping/": "operators and administrators, who alone have the field mappings",
    "wizards/bridge_anew.py": "operators",
    "wizards/bridge_caller.py": "administrators",
    "wizards/bridge_connect": "administrators, who connect a system",
    "wizards/bridge_definition_import.py": "administrators",
    "wizards/bridge_gallery.py": "administrators",
    "wizards/bridge_hook_secret.py": "administrators",
    "wizards/bridge_job": "operators",
    "wizards/bridge_look.py": "administrators, who describe an operation",
    "wizards/bridge_recover.py": "operators",
}
SCRIPTS = {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / "static/src").rglob("*.js"))}
TEMPLATES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / "static/src").rglob("*.xml"))}
IN_SCRIPT = re.compile(r"""_t\(\s*(["'`])((?:[^\\]|\\.)*?)\1""")
SHOWN = ("alt", "aria-label", "placeholder", "title")


def messages(tree):
    """:return: line and text of each message that is translated"""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in ("_", "_lt") and isinstance(node.args[0].value, str):
            yield node.lineno, node.args[0].value


def of_script(source):
    """:return: each message of a script that is translated"""
    found = [text for _quote, text in IN_SCRIPT.findall(source)]
    assert len(found) == source.count("_t("), "a message is written in a way that is not read here"
    return found


def of_template(source):
    """:return: each text of a file of templates: what stands between the elements, and what their attributes say"""
    for node in ElementTree.fromstring(source).iter():
        texts = (node.text, node.tail, *(node.get(name) for name in SHOWN))
        yield from (" ".join(text.split()) for text in texts if text and text.strip())


def wrong(text):
    """The words of a message that tell how the bridge is built; the names of its parts are not shown."""
    return [found[0] for found in BUILT_OF.finditer(re.sub(r"%\(\w+\)", "%", text))]


def told():
    """:return: where a message stands that everybody may be shown, and the message"""
    for name, tree in TREES.items():
        if is_for_all(name):
            yield from ((f"{name}:{line}", text) for line, text in messages(tree))
    for sources, texts in ((SCRIPTS, of_script), (TEMPLATES, of_template)):
        for name, source in sources.items():
            if is_for_all(name):
                yield from ((name, text) for text in texts(source))


def is_for_all(name):
    return not name.startswith(tuple(FOR_OTHERS))


def test_messages_have_no_word_of_how_the_bridge_is_built():
    found = set(told())
    assert len(found) > 200, "it has looked at nearly nothing"
    assert sorted(f"{where}: {text}" for where, text in found if wrong(text)) == []


def test_what_is_left_out_has_a_reason_and_is_there():
    for beginning, who in FOR_OTHERS.items():
        assert who
        assert any(name.startswith(beginning) for name in (*TREES, *SCRIPTS, *TEMPLATES)), f"{beginning} is gone"


@pytest.mark.parametrize("part", ["conflict", "counter", "find", "json", "live", "rules", "status"])
def test_each_part_of_the_screen_that_a_user_has_is_read(part):
    assert any(where.startswith(f"static/src/{part}/") for where, _text in told())


def test_a_text_is_found_wherever_a_template_has_it():
    template = '<t><p title="in a title">in an <b>element</b> and behind it</p><t t-set="label">in a name</t></t>'
    assert [*of_template(template)] == ["in an", "in a title", "element", "and behind it", "in a name"]


@pytest.mark.parametrize("text", ["The job failed.", "Two lanes hang.", "%(count)s webhooks", "The remote record"])
def test_such_a_word_is_found(text):
    assert wrong(text)


@pytest.mark.parametrize("text", ["%(remote)s says so", "Choose another ID There.", "It waits to be sent."])
def test_other_words_are_none(text):
    assert not wrong(text)
