"""Who may call: which ways in there were, and which of them are closed."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.contracts.openapi.document import Document
from deploy.contracts.openapi.table import Table

_Way = dict[str, frozenset[str]]
"""What has to be shown at once: scopes by what a scheme is."""


def lost_ways_in(before: Document, old: Table, after: Document, new: Table) -> Iterator[str]:
    """Sentences, without the operation's name and the full stop."""
    now = _ways_in(after, new)
    for way in _ways_in(before, old):
        if not any(_is_enough(way, other) for other in now):
            shown = " and ".join(sorted(_shown(name, scopes) for name, scopes in way.items())) or "nothing"
            wanted = " or ".join(" and ".join(sorted(_shown(*each) for each in other.items())) for other in now)
            yield f"callers who show {shown} are no longer let in; now it takes {wanted}"


def _is_enough(shown: _Way, wanted: _Way) -> bool:
    return all(name in shown and scopes <= shown[name] for name, scopes in wanted.items())


def _ways_in(document: Document, operation: Table) -> list[_Way]:
    """None needed is one way, with nothing in it."""
    said = operation.listed("security") if "security" in operation else document.root.listed("security")
    return [_way(document, each) for each in said if isinstance(each, Table)] or [{}]


def _way(document: Document, requirement: Table) -> _Way:
    schemes = document.root.table("components").table("securitySchemes")
    return {
        _scheme(document.table(schemes.get(name)), name): frozenset(str(each) for each in requirement.listed(name)) for name in requirement
    }


def _scheme(scheme: Table, name: str) -> str:
    """What callers do, whatever the document calls it."""
    kind = scheme.get("type")
    if kind == "apiKey":
        return f"the {scheme.get('in')} key {scheme.get('name')}"
    if kind == "http":
        return f"HTTP {str(scheme.get('scheme')).lower()}"
    if kind == "openIdConnect":
        return f"OpenID Connect of {scheme.get('openIdConnectUrl')}"
    return f"{kind or 'the scheme'} {name}"


def _shown(name: str, scopes: frozenset[str]) -> str:
    return f"{name} ({', '.join(sorted(scopes))})" if scopes else name
