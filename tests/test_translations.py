import re
from pathlib import Path

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from ..jobs.schedule import interval_text
from .common import BridgeCase, things_flow

ADDON = "integration_bridge"
STATIC = Path(__file__).resolve().parents[1] / "static" / "src"
# A call of _t, with its text if that is written out: only then can it be exported.
SHOWN = re.compile(r"""\b_t\(\s*(?:(["'])(.*?)(?<!\\)\1)?""")
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%([sd%])")

WORDS = {
    "de_DE": {
        "button": "Verbindung testen",
        "live": "In Betrieb",
        "menu": "Fehlerzentrale",
        "user": "Der Konnektor „Shop“ braucht einen handelnden Benutzer, bevor er in Betrieb geht.",
        "refused": "hat die Anmeldedaten nicht angenommen",
        "title": "Die Verbindung funktioniert nicht",
        "dragged": "Ziehen, um die Reihenfolge zu ändern",
        "intervals": {(3, "hours"): "alle 3 Stunden", (1, "hours"): "jede Stunde", (1, "days"): "jeden Tag"},
        "missing": "„Pfad der Anmeldung“ fehlt",
        "is_open": "Offen",
        "opens": "Datensatz öffnen",
    },
    "fr_FR": {
        "button": "Tester la connexion",
        "live": "En service",
        "menu": "Centre des erreurs",
        "user": "Le connecteur «\N{NO-BREAK SPACE}Shop\N{NO-BREAK SPACE}» a besoin d'un utilisateur agissant avant"
        " d'être mis en service.",
        "refused": "n'a pas accepté les identifiants",
        "title": "La connexion ne fonctionne pas",
        "dragged": "Faites glisser pour changer l'ordre",
        "intervals": {
            (3, "hours"): "toutes les 3 heures",
            (1, "hours"): "toutes les heures",
            (1, "days"): "tous les jours",
        },
        "missing": "«\N{NO-BREAK SPACE}Chemin de connexion\N{NO-BREAK SPACE}» manque",
        "is_open": "Ouvert",
        "opens": "Ouvrir l'enregistrement",
    },
}


def filled(template):
    """Format ``template`` with a value for each placeholder, as the code does; None where it is no template."""
    names = PLACEHOLDER.findall(template)
    by_name = {name: f"<{name}>" for name, _ in names if name}
    by_place = tuple({"s": "<s>", "d": 7}[sign] for _, sign in names if sign in ("s", "d"))
    try:
        return template % (by_name or by_place) if by_name or by_place else None
    except (TypeError, ValueError, KeyError):
        return None


@tagged("post_install", "-at_install")
class TestTranslations(BridgeCase):
    """What a person sees is in the person's language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for language in WORDS:
            cls.env["res.lang"]._activate_lang(language)
        module = cls.env["ir.module.module"].search([("name", "=", ADDON)])
        module._update_translations(list(WORDS), overwrite=True)

    def in_each_language(self):
        return [(self.env["bridge.connector"].with_context(lang=language), words) for language, words in WORDS.items()]

    def test_form_selection_and_menu_are_translated(self):
        for connectors, words in self.in_each_language():
            form = connectors.get_view(view_type="form")["arch"]
            self.assertIn(f'string="{words["button"]}"', form)
            self.assertNotIn('string="Test Connection"', form)
            states = dict(connectors.fields_get(["state"])["state"]["selection"])
            self.assertEqual(states["live"], words["live"])
            menu = connectors.env.ref("integration_bridge.bridge_failure_menu")
            self.assertEqual(menu.name, words["menu"])

    def test_error_of_a_model_is_translated_with_its_values(self):
        self.connect()
        self.connector.write({"name": "Shop", "state": "preview"})
        for connectors, words in self.in_each_language():
            with self.assertRaisesRegex(ValidationError, re.escape(words["user"])):
                connectors.browse(self.connector.id).write({"state": "live", "user_id": False})

    def test_error_of_the_plain_layers_is_translated(self):
        self.connect()
        for connectors, words in self.in_each_language():
            self.server.faults = [(401, {}, b"{}")]
            shown = connectors.browse(self.connector.id).action_test_connection()["params"]
            self.assertEqual(shown["title"], words["title"])
            self.assertIn(words["refused"], shown["message"])

    def test_labels_in_a_sentence_are_written_as_that_language_writes_them(self):
        flow = self.connect(things_flow(schedule={"every": 3, "unit": "hours"}))
        for connectors, words in self.in_each_language():
            for (number, unit), text in words["intervals"].items():
                flow.write({"interval_number": number, "interval_type": unit})
                self.assertEqual(interval_text(flow.with_env(connectors.env)), text)
            connector = connectors.browse(self.connector.id)
            with self.assertRaisesRegex(ValidationError, re.escape(words["missing"])):
                connector.auth_scheme = "login"

    def test_open_of_a_state_is_not_open_of_a_button(self):
        for connectors, words in self.in_each_language():
            conflicts = connectors.env["bridge.conflict"].fields_get(["state"])["state"]["selection"]
            self.assertEqual(dict(conflicts)["open"], words["is_open"])
            arch = connectors.env["bridge.log"].get_view(view_type="list")["arch"]
            self.assertIn(f'string="{words["opens"]}"', arch)

    def test_every_message_takes_its_values(self):
        for language in WORDS:
            templates = code_translations.get_python_translations(ADDON, language)
            formatted = {source: text for source, text in templates.items() if filled(source) is not None}
            self.assertGreater(len(formatted), 300)
            for source, text in formatted.items():
                with self.subTest(language, source=source):
                    self.assertIsNotNone(filled(text), text)
                    values = re.compile(r"<\w+>")
                    self.assertCountEqual(values.findall(filled(text)), values.findall(filled(source)))

    def test_what_the_browser_shows_is_among_the_terms(self):
        calls = [text for file in STATIC.rglob("*.js") for _, text in SHOWN.findall(file.read_text())]
        self.assertGreater(len(calls), 40)
        for language, words in WORDS.items():
            messages = code_translations.get_web_translations(ADDON, language)["messages"]
            translated = {message["id"]: message["string"] for message in messages}
            self.assertEqual([text for text in calls if text not in translated], [])
            # One of a template, too.
            self.assertEqual(translated["Drag to change the order"], words["dragged"])
