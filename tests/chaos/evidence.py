"""What a site has to show for itself, gathered for the judge."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.chaos.crew import until
from tests.recorded import FenceSeen, History, Left, Remark, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.sight import Sight
    from tests.chaos.site import Site

_TABLES = ("messages", "commands", "environments", "events", "cards", "outbox", "leases")


class FenceWatch:
    """Remembers every lease each time it was seen to be another's or to have another fence."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self.seen: list[FenceSeen] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _watch(self) -> None:
        last: dict[str, FenceSeen] = {}
        version = None
        while not self._is_over.wait(0.02):
            before, version = version, self._sight.version()
            if version == before:
                continue
            for row in self._sight.rows("SELECT name, holder, fence FROM leases WHERE name NOT LIKE 'worker:%'"):
                now = FenceSeen(row["name"], row["holder"], row["fence"])
                if last.get(now.name) != now:
                    last[now.name] = now
                    self.seen.append(now)


def standing(site: Site) -> Standing:
    """How things are now that all is settled."""
    rows = site.rows("SELECT * FROM environments WHERE state != 'gone'")
    running = [row for row in rows if row["running_generation"]]
    slugs = [row["slug"] for row in running]

    def is_up() -> bool:
        """A keeper that was just killed is starting its environments again: that is no other state of things."""
        seen = site.observed()
        runs = all(seen.get(row["id"], {}).get("generation") is not None for row in running)
        return runs and all(site.answer(slug)[0] == 200 for slug in slugs)

    until(is_up, 60, lambda: f"an address does not answer\n{site.last_words()}")
    heads = {f"refs/heads/{branch}": sha for branch, sha in site.repository.heads.items()}
    return Standing(tuple(rows), site.observed(), {slug: site.answer(slug)[1] for slug in slugs}, heads, dict(site.repository.texts))


def history(site: Site) -> History:
    """All that there is to judge by; everything must be settled and gone."""
    fences = {path.name: int(path.read_text()) for path in (site.keeper.folder / "fences").iterdir()}
    ends = tuple(f"{end.name} ended with {end.code}" for end in site.crew.ends if end.code not in (-9, 0))
    tables = {name: site.rows(f"SELECT * FROM {name}") for name in _TABLES}
    seen = tuple(site.fences.seen)
    return History(tuple(site.sayings), tables, tuple(_remarks(site)), tuple(site.standing), _left(site), seen, fences, ends)


def _left(site: Site) -> Left:
    until(lambda: not site.processes(), 5, lambda: f"still running: {site.processes()}")
    slugs = {row["slug"] for row in site.rows("SELECT slug FROM environments")}
    folders = [path.name for path in (site.data / "environments").glob("*")]
    worktrees = [path.name for path in (site.data / "mirrors").glob("*/worktrees/*")]
    answers = {slug: site.answer(slug)[0] for slug in slugs}
    return Left(tuple(site.observed()), tuple(site.processes()), tuple(folders), tuple(worktrees), answers)


def _remarks(site: Site) -> Iterator[Remark]:
    for request in site.requests.values():
        for comment in site.github.comments(request):
            signs = tuple(sign for login, sign in comment.reactions if login == site.github.bot.login)
            is_ours = comment.author is site.github.bot
            yield Remark(f"issue:{comment.id}", f"github:shop:{request.number}", comment.body, is_the_bots=is_ours, signs=signs)
