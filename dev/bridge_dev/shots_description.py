"""The pictures of `static/description`, from screens of the demo, and the banner: `./dev/shots --description`."""

import json
import subprocess
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple

from .cache import REPOSITORY

FOLDER = REPOSITORY / "static" / "description"
SHRINK = Path(__file__).with_name("shots_shrink.py")


class Picture(NamedTuple):
    """Which screen a picture shows, and how much of it.

    :ivar int height: pixels from `top` on; less when the screen is not so tall
    """

    screen: str
    height: int
    width: int = 1400
    top: int = 0


PICTURES = {
    "connectors": Picture("connectors-kanban", 640),
    "connect": Picture("connect-by-document", 900),
    "flow": Picture("flows-form", 1100),
    "mapping": Picture("mapping-sample", 900, top=840),
    "preview": Picture("run-preview-form-logs", 900),
    "run": Picture("runs-form-logs", 1100),
    "errors": Picture("error-desk-list", 420),
    "failure": Picture("failure-form", 820),
    "conflicts": Picture("conflicts-list", 395),
    "differences": Picture("differences-list", 560),
    "health": Picture("connectors-form", 640),
    "phone": Picture("connectors-form", 1400, width=400),
}
# What Odoo's shop of apps shows first, as wide and as tall as it asks for.
BANNER = (560, 280)
BANNER_PAGE = """
<body style="margin: 0; height: 280px; display: flex; align-items: center; justify-content: center; gap: 32px;
             background: #f8f9fa; color: #374151; font-family: Roboto, sans-serif">
    <img src="data:image/png;base64,{icon}" width="140" height="140">
    <div style="max-width: 320px">
        <div style="font-size: 36px; font-weight: 500; line-height: 1.15">Integration Bridge</div>
        <div style="font-size: 17px; margin-top: 12px">{summary}</div>
    </div>
</body>
"""


def make(workplace, place):
    """Take the pictures anew.

    :param Place place: where the screens are served
    :return: what was found on each screen
    :rtype: list[dict]
    """
    wanted = {picture.screen for picture in PICTURES.values()}
    screens = [one for one in place.screens() if any(name.startswith(one["name"]) for name in wanted)]
    with tempfile.TemporaryDirectory() as folder:
        banner = {"html": _banner(), "size": BANNER, "file": str(FOLDER / "banner.png")}
        found = place.visit(screens, looks=["light"], folder=folder, pages=[banner])
        parts = [
            {
                **picture._asdict(),
                "source": f"{folder}/{picture.screen}-{picture.width}-light.png",
                "target": str(target),
            }
            for name, picture in PICTURES.items()
            for target in [FOLDER / f"{name}.png"]
        ]
        command = [workplace.odoo_env.python, str(SHRINK)]
        subprocess.run(command, input=json.dumps(parts), text=True, check=True)
    return found


def _banner():
    icon = b64encode((FOLDER / "icon.png").read_bytes()).decode()
    return BANNER_PAGE.format(icon=icon, summary="Connect Odoo with any third-party system, reliably, without code")
