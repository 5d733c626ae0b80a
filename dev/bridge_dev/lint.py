"""`./dev/lint [--fix]`: ruff and pylint-odoo, import-linter over the addon, ESLint and Prettier over `static/`."""

import os
import subprocess

from .cache import REPOSITORY
from .workplace import Workplace

# No models in there: a method called `read` or `write` is not the ORM's, and a pattern such as %d.%m is no translation.
PLAIN_PYTHON = ("dev", "mapping", "remote")
MODELS_ONLY = ("method-required-super", "missing-return", "translation-positional-used", "print-used", "except-pass")


def main(arguments):
    """Run the linters; return 1 when one of them complains."""
    workplace = Workplace()
    env, javascript = workplace.tools_env, workplace.javascript_env
    ruff, fix = env.command("ruff"), "--fix" in arguments
    pylint = [env.command("pylint"), "--rcfile", ".pylintrc"]
    present = [folder for folder in PLAIN_PYTHON if (REPOSITORY / folder).exists()]
    checks = {
        "ruff check": [ruff, "check", "--no-cache", *(["--fix"] if fix else []), "."],
        "ruff format": [ruff, "format", "--no-cache", *([] if fix else ["--check"]), "."],
        "pylint-odoo": [*pylint, "--ignore", ",".join(PLAIN_PYTHON), "."],
        "pylint-odoo on plain Python": [*pylint, f"--disable={','.join(MODELS_ONLY)}", *present],
        "import-linter": [env.command("lint-imports"), "pyproject.toml", "--no-cache", "--no-logo"],
    }
    eslint = javascript.command("eslint", "bin/eslint.js")
    prettier = javascript.command("prettier", "bin/prettier.cjs")
    checks |= {
        "eslint": [*eslint, "--max-warnings", "0", *(["--fix"] if fix else []), "static"],
        "prettier": [*prettier, "--write" if fix else "--check", "static/**/*.{js,scss}"],
    }
    # The configuration stands in the repository, where there are no packages: it is told where they are.
    modules = str(javascript.folder / "node_modules")
    # import-linter finds the addon by its technical name, as Odoo does; it reads the files and imports nothing.
    variables = {**os.environ, "PYTHONPATH": str(workplace.clone.link()), "NODE_PATH": modules}
    failed = []
    for name, command in checks.items():
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=REPOSITORY, env=variables).returncode:
            failed.append(name)
    print(f"{', '.join(failed)} failed" if failed else "no complaints", flush=True)
    return 1 if failed else 0
