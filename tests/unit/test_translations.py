"""The translations stand in step with the template: nothing lacks, nothing is kept that is gone, nothing breaks."""

import json
import subprocess
import sys
from pathlib import Path

import polib
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "dev"))

from bridge_dev import pot, translations

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: de\\n"\n'


def term(msgid, msgstr="", references=("code:addons/integration_bridge/models/bridge_job.py:0",), flags=""):
    """Return one term as Odoo writes it; ``msgid`` and ``msgstr`` may have several lines."""
    comments = "#. module: integration_bridge\n#. odoo-python\n" + "".join(f"#: {place}\n" for place in references)
    return comments + flags + str(polib.POEntry(msgid=msgid, msgstr=msgstr)).rstrip("\n")


def file(*terms):
    return "\n\n".join([HEAD.rstrip("\n"), *terms]) + "\n"


@pytest.mark.parametrize(
    ("english", "german", "problem"),
    [
        ("Retry", "Wiederholen", None),
        ("Retry", "", "is not translated"),
        ("%s records", "Datensätze", "does not have the same '%s'"),
        ("%(flow)s failed", "%(fluss)s ist fehlgeschlagen", "'%(flow)s' '%(fluss)s'"),
        ("%(a)s of %(b)s", "%(b)s: %(a)s", None),
        ("%s of %d", "%d von %s", "placeholders in another order"),
        ("at most %s %% of all", "höchstens %s % von allen", "does not have the same '%%'"),
        ("at most 5 % of all", "höchstens 5 % davon", None),
        ("at /x/{id}", "bei /x/{kennung}", "'{id}' '{kennung}'"),
        ('such as {"a": "{b}"}', 'etwa {"a": "{b}"}', None),
        ("<em>Go on</em>", "<em>Weiter", "does not have the same '</em>'"),
        ("Tom &amp; Jerry", "Tom & Jerry", "does not have the same '&amp;'"),
        ("Begin with http://.", "Beginnen Sie mit http://.", None),
        ("See https://a.example/b.", "Siehe https://a.example/c.", "'https://a.example/b'"),
        ("`x`", "x`", "does not have the same '`'"),
        ("One\nTwo", "Eins Zwei", "does not have the same '\\n'"),
        ("Bearer ", "Bearer", "has other blanks at its ends"),
        (" records", "Datensätze", "has other blanks at its ends"),
    ],
)
def test_what_would_break_a_message_is_named(english, german, problem):
    said = translations.problems(file(term(english, german)), file(term(english)))
    assert len(said) == (problem is not None)
    assert problem is None or problem in said[0]


def test_button_that_a_message_quotes_is_quoted_as_it_is_called():
    template = file(term("Press “Resume”."), term("Resume"))
    right = file(term("Press “Resume”.", "Klicken Sie auf „Fortsetzen“."), term("Resume", "Fortsetzen"))
    wrong = file(term("Press “Resume”.", "Klicken Sie auf „Weiter“."), term("Resume", "Fortsetzen"))
    assert translations.problems(right, template) == []
    assert translations.problems(wrong, template) == ["does not call “Resume” “Fortsetzen”: 'Press “Resume”.'"]


@pytest.mark.parametrize(
    ("quoted", "is_right"),
    [
        ("Klicken Sie auf „Wiederholen“.", True),
        ("Klicken Sie auf „Nochmal“.", False),
        ("Cliquez sur «\N{NO-BREAK SPACE}Wiederholen\N{NO-BREAK SPACE}».", True),
        ("Cliquez sur «\N{NO-BREAK SPACE}Relancer\N{NO-BREAK SPACE}».", False),
        ("Klicken Sie darauf.", True),
    ],
)
def test_button_that_only_the_translation_quotes_is_one_of_its_names(quoted, is_right):
    text = file(term("Then press Retry.", quoted), term("Retry", "Wiederholen"))
    said = translations.problems(text, file(term("Then press Retry."), term("Retry")))
    assert ["nothing here is called" in problem for problem in said] == [True] * (not is_right)


def test_what_is_missing_gone_or_fuzzy_is_named():
    text = file(term("Gone", "Weg"), term("Flow", "Fluss", flags="#, fuzzy\n"))
    said = translations.problems(text, file(term("Flow"), term("Job")))
    assert said == ["is missing: 'Job'", "is no term any more: 'Gone'", "is marked fuzzy: 'Flow'"]


def test_file_is_brought_in_step_and_keeps_what_was_translated():
    old = file(term("Gone", "Weg"), term("Two\nlines", "Zwei\nZeilen", flags="#, fuzzy\n"), term("Flow", "Datenfluss"))
    places = ("model_terms:ir.ui.view,arch_db:integration_bridge.x", "code:addons/integration_bridge/y.py:0")
    template = file(term("Flow", references=places), term("Job"), term("Two\nlines"))
    text = translations.in_step(old, template)
    assert [(entry.msgid, entry.msgstr) for entry in polib.pofile(text)] == [
        ("Flow", "Datenfluss"),
        ("Job", ""),
        ("Two\nlines", "Zwei\nZeilen"),
    ]
    assert polib.pofile(text)[2].fuzzy
    # Each reference in a line of its own, with what Odoo needs to know where the term is shown.
    assert "#. odoo-python\n" + "".join(f"#: {place}\n" for place in places) + 'msgid "Flow"\n' in text
    assert polib.pofile(text).metadata["Language"] == "de"
    assert translations.in_step(text, template) == text


def test_note_of_a_translator_is_kept():
    old = file("# Not the river.\n" + term("Flow", "Datenfluss"))
    assert "# Not the river.\n#. module" in translations.in_step(old, file(term("Flow")))


def test_program_answers_with_the_text_and_what_is_left():
    request = {"template": file(term("Flow"), term("Job")), "files": {"de.po": file(term("Gone", "Weg"))}}
    command = [sys.executable, translations.__file__]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)["de.po"]
    assert answer["left"] == ["is not translated: 'Flow'", "is not translated: 'Job'"]
    assert answer["problems"] == ["is missing: 'Flow'", "is missing: 'Job'", "is no term any more: 'Gone'"]
    assert "Gone" not in answer["text"]


@pytest.fixture
def i18n(tmp_path, monkeypatch):
    """A folder of translations whose one file lacks a term."""
    folder = tmp_path / "i18n"
    folder.mkdir()
    template = file(term("Flow"), term("Job"))
    (folder / "de.po").write_text(file(term("Flow", "Datenfluss")))
    (folder / "integration_bridge.pot").write_text(template)
    for name, value in {
        "REPOSITORY": tmp_path,
        "FOLDER": folder,
        "FILE": folder / "integration_bridge.pot",
        "Workplace": lambda: type("Workplace", (), {"small_env": type("Env", (), {"python": sys.executable})}),
        "current_terms": lambda workplace: template,
    }.items():
        monkeypatch.setattr(pot, name, value)
    return folder


def test_check_fails_while_a_translation_lacks_and_writes_nothing(i18n, capsys):
    before = (i18n / "de.po").read_text()
    assert pot.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "error: i18n/de.po is not up to date; run ./dev/pot\n" in said
    assert "  is missing: 'Job'\n" in said
    assert (i18n / "de.po").read_text() == before


def test_writing_adds_what_lacks_and_says_what_to_translate(i18n, capsys):
    assert pot.main([]) == 0
    said = capsys.readouterr()
    assert "i18n/de.po: written, 2 terms\n" in said.out
    assert "  is not translated: 'Job'\ni18n/de.po: 1 to translate" in said.err
    # In step, and still not whole: the check says so until a person has translated it.
    assert pot.main(["--check"]) == 1
    (i18n / "de.po").write_text(
        (i18n / "de.po").read_text().replace('msgid "Job"\nmsgstr ""', 'msgid "Job"\nmsgstr "Job"')
    )
    capsys.readouterr()
    assert pot.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_references_out_of_step_fail_the_check_too(i18n, capsys):
    (i18n / "de.po").write_text(file(term("Flow", "Datenfluss", references=("code:x.py:0",)), term("Job", "Job")))
    assert pot.main(["--check"]) == 1
    assert capsys.readouterr().err == "error: i18n/de.po is not up to date; run ./dev/pot\n"


def test_only_the_first_problems_are_named(i18n, capsys):
    pot.tell(i18n / "de.po", [f"is missing: '{number}'" for number in range(25)], True)
    said = capsys.readouterr().err
    assert said.count("is missing") == pot.SHOWN_PROBLEMS
    assert "and 15 more\n" in said and "error: i18n/de.po: 25 to translate" in said
