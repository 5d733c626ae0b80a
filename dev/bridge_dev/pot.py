"""`./dev/pot [--check]`: the addon's terms for translators, in i18n/integration_bridge.pot, and its translations."""

import argparse
import difflib
import json
import re
import subprocess
import sys
from pathlib import Path

from .cache import REPOSITORY
from .workplace import Workplace

ADDON = "integration_bridge"
SCRIPT = Path(__file__).with_name("pot_in_odoo.py")
TRANSLATIONS = Path(__file__).with_name("translations.py")
FOLDER = REPOSITORY / "i18n"
FILE = FOLDER / f"{ADDON}.pot"
# What changes with the day or with Odoo's build, and says nothing about the terms.
DATES = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date): .*\n', re.M)
BUILD = re.compile(r"(Odoo Server 19\.0)[^\s\\]*")
SHOWN_LINES = 40
SHOWN_PROBLEMS = 10


def main(arguments):
    """Write the files, or with --check compare; return 1 when one is not up to date or not whole."""
    parser = argparse.ArgumentParser(prog="./dev/pot", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a file is not up to date or a translation lacks"
    )
    options = parser.parse_args(arguments)
    workplace = Workplace()
    wanted = current_terms(workplace)
    failed = not settle(FILE, wanted, options.check, SHOWN_LINES)
    for name, answer in compared(workplace, wanted).items():
        failed |= not settle(FOLDER / name, answer["text"], options.check)
        tell(FOLDER / name, answer["problems" if options.check else "left"], options.check)
        # A file that is written anew only lacks what a person has to say.
        failed |= options.check and bool(answer["problems"])
    return int(failed)


def settle(file, wanted, check, shown=0):
    """Write `file`, or with `check` say that it differs; return whether all is well.

    :param str wanted: what must stand in it
    :param int shown: so many lines of the difference
    """
    name = file.relative_to(REPOSITORY)
    present = file.read_text() if file.exists() else ""
    if wanted == present:
        print(f"{name} is up to date")
        return True
    if check:
        difference = difflib.unified_diff(present.splitlines(), wanted.splitlines(), "is", "must be", lineterm="", n=0)
        print("\n".join(list(difference)[:shown]))
        sys.stderr.write(f"error: {name} is not up to date; run ./dev/pot\n")
        return False
    file.write_text(wanted)
    print(f"{name}: written, {wanted.count('msgid ') - 1} terms")
    return True


def compared(workplace, template):
    """Return {name: {"text", "problems"}} of each translation; see translations.py.

    :param str template: the terms as they are
    """
    files = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.po"))}
    done = subprocess.run(
        [workplace.small_env.python, str(TRANSLATIONS)],
        input=json.dumps({"template": template, "files": files}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def tell(file, problems, check):
    """Name the first problems of a translation, and the next step."""
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        for line in [*problems[:SHOWN_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]:
            sys.stderr.write(f"  {line}\n")
        name = file.relative_to(REPOSITORY)
        lead = "error: " if check else ""
        sys.stderr.write(
            f"{lead}{name}: {len(problems)} to translate or correct there, in the words of i18n/README.md\n"
        )


def current_terms(workplace):
    """Return the template of the addon as it is in this clone, the same for the same terms."""
    name = workplace.clone.database("pot")
    with workplace.cache.lock(name):
        workplace.databases.copy_installed("pot")
        try:
            text = workplace.odoo.call_script(SCRIPT, name, "export_terms", module=ADDON)
        finally:
            workplace.databases.drop(name)
    return normalised(text)


def normalised(text):
    """Return the text without dates and Odoo's build."""
    return BUILD.sub(r"\1", DATES.sub("", text))
