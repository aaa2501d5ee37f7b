"""`trellis open` and `trellis login`: a link that opens the dashboard of this machine, signed in."""

from __future__ import annotations

import getpass
import re
import sys
import webbrowser

from bot.calling import NotRunning, ask, calling
from bot.settings import Settings


def whoami() -> str:
    """The name of whoever runs this, as a name for the console."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "you"
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:40] or "you"


async def sign_in_link(settings: Settings, person: str) -> str:
    """Good once, for some minutes, on this machine. Raises NotRunning."""
    async with calling(settings) as session:
        answer = await ask(session, "POST", "/console/sign-in", json={"person": person})
    return str(answer["url"])


async def open_dashboard(settings: Settings, person: str, *, in_browser: bool) -> int:
    """Print the link, and open it where asked to. 0: done; 3: nobody to ask."""
    try:
        url = await sign_in_link(settings, person or whoami())
    except NotRunning as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 3
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    if in_browser and not webbrowser.open(url):
        sys.stderr.write("trellis: there is no browser to open here: open the link above\n")
    return 0
