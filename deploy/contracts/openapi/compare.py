"""All documents of a contract, each with the one it was before."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.contracts.broken import Break
from deploy.contracts.openapi.document import Document
from deploy.contracts.openapi.operations import Comparison


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Break, ...]:
    """By path of the document: its text. Where there is one before and one after, they are the same one whatever they are called.

    Raises Unreadable.
    """
    old = {file: Document(file, text) for file, text in before.items()}
    new = {file: Document(file, text) for file, text in after.items()}
    found: list[Break] = []
    if len(old) == len(new) == 1:
        return Comparison(*old.values(), *new.values()).breaks()
    for file, document in old.items():
        if file in new:
            found += Comparison(document, new[file]).breaks()
        elif document.root.table("paths"):
            found.append(Break(file, 0, 0, f"The document {file} is gone, with all that callers did by it.", "document_removed"))
    return tuple(sorted(found))
