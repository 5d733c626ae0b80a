"""`./dev/doc`: build doc/ with Sphinx, and read the pages beside it; a warning is a failure."""

import subprocess

from .cache import REPOSITORY
from .workplace import Workplace

BESIDE = ("README", "CONTRIBUTING", "CHANGELOG")  # pages that code hosts show, and Sphinx does not read


def main(arguments):
    """Build the pages as HTML, in the cache; return the exit code.

    :param list arguments: more options for sphinx-build
    """
    workplace = Workplace()
    env, folder = workplace.tools_env, workplace.clone.folder / "doc"
    folder.mkdir(exist_ok=True)
    sphinx = [env.command("sphinx-build"), "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    # All of it each time: Sphinx tells the warnings of a page only when it reads it.
    sphinx += ["--fresh-env", "-d", str(folder / "doctrees"), "-b", "html", *arguments]
    sphinx += [str(REPOSITORY / "doc"), str(folder / "html")]
    docutils = [env.command("rst2html"), "--halt=warning"]
    commands = [sphinx, *([*docutils, f"{name}.rst", str(folder / f"{name}.html")] for name in BESIDE)]
    failed = [command for command in commands if subprocess.run(command, cwd=REPOSITORY).returncode]
    if failed:
        return 1
    print(folder / "html" / "index.html", flush=True)
    return 0
