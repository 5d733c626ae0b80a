"""`./dev/pot [--check]`: the addon's terms for translators, in i18n/integration_bridge.pot."""

import argparse
import difflib
import re
import sys
from pathlib import Path

from .cache import REPOSITORY
from .workplace import Workplace

ADDON = "integration_bridge"
SCRIPT = Path(__file__).with_name("pot_in_odoo.py")
FILE = REPOSITORY / "i18n" / f"{ADDON}.pot"
# What changes with the day or with Odoo's build, and says nothing about the terms.
DATES = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date): .*\n', re.M)
BUILD = re.compile(r"(Odoo Server 19\.0)[^\s\\]*")
SHOWN_LINES = 40


def main(arguments):
    """Write the file, or with --check compare; return 1 when it is not up to date."""
    parser = argparse.ArgumentParser(prog="./dev/pot", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not up to date")
    options = parser.parse_args(arguments)
    wanted = current_terms(Workplace())
    present = FILE.read_text() if FILE.exists() else ""
    if wanted == present:
        print(f"{FILE.relative_to(REPOSITORY)} is up to date")
        return 0
    if options.check:
        difference = difflib.unified_diff(present.splitlines(), wanted.splitlines(), "is", "must be", lineterm="", n=0)
        print("\n".join(list(difference)[:SHOWN_LINES]))
        sys.stderr.write(f"error: {FILE.relative_to(REPOSITORY)} is not up to date; run ./dev/pot\n")
        return 1
    FILE.write_text(wanted)
    print(f"{FILE.relative_to(REPOSITORY)}: written, {wanted.count('msgid ') - 1} terms")
    return 0


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
