"""What a visitor is shown where no environment answers: by the local proxy and by Traefik alike."""

from __future__ import annotations

LOOK_AGAIN_S = "2"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}}</style></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
NOT_FOUND = _PAGE.format(title="No such environment", head="", text="Nothing runs under this name. It may have been taken down.")
NOT_UP = _PAGE.format(
    title="Not up yet",
    head='<meta http-equiv="refresh" content="2">',
    text="This environment is starting or restarting. This page looks again by itself.",
)
IS_PAUSED = _PAGE.format(
    title="Paused",
    head="",
    text="This environment is paused. Say <code>/ivy resume</code> to have it back in seconds, at this address. "
    "If it was paused because nobody came, your visit wakes it: look again in a moment.",
)


def is_stopped(page: str) -> str:
    """Of one whose machine is stopped; `page` is its own, in the dashboard, an address of ours."""
    text = (
        "The machine of this environment is stopped. Have it back in some minutes, at this address: "
        f'by a press on <a href="{page}">its page</a>, or say <code>/ivy resume</code>.'
    )
    return _PAGE.format(title="Paused", head="", text=text)
