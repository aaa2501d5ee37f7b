"""Sites for the tests of crashes, and what every one of them must come to."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from tests.chaos.site import Site
from tests.history import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SCENARIO_S = 400.0
S = TypeVar("S", bound=Site)


def judged(folder: Path, **settings: Any) -> AbstractContextManager[Site]:
    """A site; at the end of the block all that lives there is taken down, and what happened is judged."""
    return judged_as(Site, folder, **settings)


@contextmanager
def judged_as(kind: type[S], folder: Path, **settings: Any) -> Iterator[S]:
    """The same with a site of another kind."""
    with kind(folder, **settings) as site:
        yield site
        site.end()
        found = problems(site.history())
        if found:
            raise AssertionError("\n".join([*found, site.last_words()]))
        for name in site.parts:
            site.crew.drop(name)


def at_once(folder: Path, *scenarios: Callable[[Path], None]) -> None:
    """Each in a folder of its own, side by side: they mostly wait for leases to run out."""
    futures: list[Future[None]] = []
    for number, scenario in enumerate(scenarios):
        (folder / str(number)).mkdir()
        futures.append(Future())
        Thread(target=_run, args=(futures[-1], scenario, folder / str(number)), daemon=True).start()
    for future in futures:
        future.result(_SCENARIO_S)


def _run(future: Future[None], scenario: Callable[[Path], None], folder: Path) -> None:
    try:
        scenario(folder)
        future.set_result(None)
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        future.set_exception(error)
