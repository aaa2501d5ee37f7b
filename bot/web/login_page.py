"""The page to sign in on: plain HTML, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote


@dataclass(frozen=True)
class LoginPage:
    """`providers`: name in the address → what people call it. `notice`: what went wrong before, as a sentence."""

    return_to: str = "/"
    notice: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    is_local: bool = False  # people of this machine may sign in with `trellis open`


DrawLogin = Callable[[LoginPage], str]


def draw(page: LoginPage) -> str:
    rows = [f"<p>{escape(page.notice)}</p>"] if page.notice else []
    for name, label in page.providers.items():
        address = f"/login/with/{quote(name)}?next={quote(page.return_to, safe='')}"
        rows.append(f'<p><a href="{escape(address)}">Sign in with {escape(label)}</a></p>')
    if page.is_local:
        rows.append("<p>On the machine that runs Trellis, type <code>trellis open</code>.</p>")
    title = "Sign in to Trellis"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}<main><h1>{title}</h1>{''.join(rows)}</main></html>"
