"""What callers of each operation can no longer do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.contracts.broken import Break
from deploy.contracts.openapi.differences import Difference, Schemas, Way
from deploy.contracts.openapi.document import Document
from deploy.contracts.openapi.security import lost_ways_in
from deploy.contracts.openapi.table import Table

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_UNSTABLE_PATH = re.compile(r"/v\d+(alpha|beta)\d*(/|$)")
_UNSTABLE = {"alpha", "beta", "draft", "experimental"}
_NOT_PARAMETERS = {"accept", "content-type", "authorization"}
"""Headers that OpenAPI describes elsewhere: https://spec.openapis.org/oas/v3.1.0#parameter-object."""


@dataclass(frozen=True)
class Operation:
    """`path` has `{}` for each of its parameters, whatever they are called; `shown` is what people read."""

    shown: str
    table: Table
    above: Table
    """The path that it belongs to."""

    @property
    def is_unstable(self) -> bool:
        """Marked as alpha or beta: by its path, like `/v1beta2/…`, or by `x-stability-level`."""
        said = self.table.get("x-stability-level", self.above.get("x-stability-level"))
        return bool(_UNSTABLE_PATH.search(self.shown)) or (isinstance(said, str) and said.lower() in _UNSTABLE)


def operations_of(document: Document) -> dict[tuple[str, str], Operation]:
    """By path and method."""
    found = {}
    for path, item in document.root.table("paths").items():
        above = document.table(item)
        for method in METHODS:
            if isinstance(above.get(method), Table):
                found[re.sub(r"\{[^}]*\}", "{}", path), method] = Operation(f"{method.upper()} {path}", above[method], above)
    return found


class Comparison:
    def __init__(self, before: Document, after: Document) -> None:
        self._before, self._after = before, after
        self._schemas = Schemas(before, after)
        self._told_of: set[tuple[int, int, str, str]] = set()

    def breaks(self) -> tuple[Break, ...]:
        return tuple(sorted(self._all()))

    def _all(self) -> Iterator[Break]:
        after = operations_of(self._after)
        for name, old in operations_of(self._before).items():
            if old.is_unstable:
                continue
            if name in after:
                yield from self._operation(old, after[name])
            else:
                yield self._gone(old, name, {path for path, _ in after})

    def _gone(self, old: Operation, name: tuple[str, str], paths: set[str]) -> Break:
        table = self._after.root.table("paths")
        place = (table.line, table.column) if table else self._after.root.place("paths")
        if name[0] in paths:
            path = next(each for each in table if re.sub(r"\{[^}]*\}", "{}", each) == name[0])
            place, rule = table.place(path), "operation_removed"
        else:
            place, rule = self._after.root.place("paths"), "path_removed"
        line = old.above.place(name[1])[0]
        return Break(self._after.file, *place, f"{old.shown} is gone for all who call it (line {line} before).", rule)

    def _operation(self, old: Operation, new: Operation) -> Iterator[Break]:
        yield from self._parameters(old, new)
        yield from self._request(old, new)
        yield from self._answers(old, new)
        for words in lost_ways_in(self._before, old.table, self._after, new.table):
            yield self._break(new.table.place("security"), old, words, "auth")

    def _break(self, place: tuple[int, int], old: Operation, words: str, rule: str) -> Break:
        return Break(self._after.file, *place, f"{old.shown}: {words}.", rule)

    def _told(self, differences: list[Difference], old: Operation, what: str, at: Table) -> Iterator[Break]:
        """A schema that many operations use is told of with the first of them."""
        for each in differences:
            key = each.line, each.column, each.rule, each.path.rpartition(".")[2] + each.words
            if each.line and key in self._told_of:
                continue
            self._told_of.add(key)
            name = f"`{each.path}` in {what}" if each.path else what
            place = (each.line, each.column) if each.line else (at.line, at.column)
            yield self._break(place, old, f"{name} {each.words}", each.rule)

    def _parameters(self, old: Operation, new: Operation) -> Iterator[Break]:
        before, after = _parameters_of(self._before, old), _parameters_of(self._after, new)
        for key, parameter in after.items():
            what = f"the {parameter.get('in')} parameter `{parameter.get('name')}`"
            place = (parameter.line, parameter.column)
            if key not in before:
                if _is_required(parameter):
                    yield self._break(place, old, f"{what} is new and has to be sent, and callers do not", "parameter_required")
                continue
            was = before[key]
            if _is_required(parameter) and not _is_required(was):
                yield self._break(parameter.place("required"), old, f"{what} has to be sent now, and callers do not", "parameter_required")
            if _written(was) != _written(parameter):
                yield self._break(place, old, f"{what} is written in another way, and callers send it as before", "parameter_style")
            if "schema" in was and "schema" in parameter:
                yield from self._told(self._schemas.differences(was["schema"], parameter["schema"], Way.SENT), old, what, parameter)
            else:
                yield from self._content(was, parameter, old, what, Way.SENT)

    def _request(self, old: Operation, new: Operation) -> Iterator[Break]:
        before, after = self._before.table(old.table.get("requestBody")), self._after.table(new.table.get("requestBody"))
        if after.get("required") is True and before.get("required") is not True:
            place = new.table.place("requestBody")
            words = "has to be sent now, and callers may send none" if before else "is new and has to be sent, and callers send none"
            yield self._break(place, old, f"the request's body {words}", "request_body_required")
        if after:
            yield from self._content(before, after, old, "the request's body", Way.SENT)

    def _answers(self, old: Operation, new: Operation) -> Iterator[Break]:
        before, after = old.table.table("responses"), new.table.table("responses")
        for status, answer in before.items():
            found = next((each for each in (status, f"{status[:1]}XX", f"{status[:1]}xx") if each in after), None)
            if found is None:
                if status.startswith("2"):
                    words = f"the answer {status} is gone for callers who wait for it"
                    yield self._break(new.table.place("responses"), old, words, "answer_removed")
                continue
            was, now = self._before.table(answer), self._after.table(after[found])
            if not now.line:
                now = replace_place(now, after.place(found))
            yield from self._content(was, now, old, f"the answer {status}", Way.READ)
            yield from self._headers(was, now, old, status)

    def _headers(self, was: Table, now: Table, old: Operation, status: str) -> Iterator[Break]:
        after = {name.lower(): header for name, header in now.table("headers").items()}
        for name, header in was.table("headers").items():
            what = f"the header `{name}` of the answer {status}"
            if name.lower() == "content-type":
                continue
            if name.lower() not in after:
                yield self._break(now.place("headers"), old, f"{what} is gone for callers who read it", "answer_header_removed")
                continue
            one, other = self._before.table(header), self._after.table(after[name.lower()])
            if "schema" in one and "schema" in other:
                yield from self._told(self._schemas.differences(one["schema"], other["schema"], Way.READ), old, what, other)

    def _content(self, was: Table, now: Table, old: Operation, what: str, way: Way) -> Iterator[Break]:
        before, after = was.table("content"), now.table("content")
        for media, content in before.items():
            found = _matching(media, after)
            if found is None:
                words = f"{what} is no longer taken as {media} from callers who send that"
                if way is Way.READ:
                    words = f"{what} no longer comes as {media}, which callers read"
                yield self._break(now.place("content"), old, words, f"{'request' if way is Way.SENT else 'answer'}_media_type_removed")
                continue
            one, other = self._before.table(content), self._after.table(after[found])
            if "schema" in one and "schema" in other:
                yield from self._told(self._schemas.differences(one["schema"], other["schema"], way), old, what, other)
            elif "schema" in one and way is Way.READ:
                place = after.place(found)
                yield self._break(place, old, f"{what} is no longer described for callers who read it", "response_type")


def replace_place(table: Table, place: tuple[int, int]) -> Table:
    moved = Table(*place)
    moved.update(table)
    moved.at = table.at
    return moved


def _parameters_of(document: Document, operation: Operation) -> dict[tuple[str, str], Table]:
    """By where it is and its name; those in the path by their position, for callers do not see their names."""
    found: dict[tuple[str, str], Table] = {}
    positions = {name: str(index) for index, name in enumerate(re.findall(r"\{([^}]*)\}", operation.shown))}
    for holder in (operation.above, operation.table):
        for each in holder.listed("parameters"):
            parameter = document.table(each)
            where, name = str(parameter.get("in")), str(parameter.get("name"))
            if where == "header":
                name = name.lower()
                if name in _NOT_PARAMETERS:
                    continue
            found[where, positions.get(name, name) if where == "path" else name] = parameter
    return found


def _is_required(parameter: Table) -> bool:
    return parameter.get("required") is True and parameter.get("in") != "path"


def _written(parameter: Table) -> Any:
    """Its style, with the defaults of OpenAPI."""
    style = parameter.get("style") or ("form" if parameter.get("in") in {"query", "cookie"} else "simple")
    return style, parameter.get("explode", style == "form"), "content" in parameter


def _matching(media: str, content: Table) -> str | None:
    """The same, without parameters, or a range that it lies in."""
    wanted = _bare(media)
    there = {_bare(each): each for each in content}
    for each in (wanted, f"{wanted.partition('/')[0]}/*", "*/*"):
        if each in there:
            return there[each]
    return None


def _bare(media: str) -> str:
    return media.partition(";")[0].strip().lower()
