"""Charts of what an environment's services used in the last hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bot.rendering import charts
from bot.rendering.charts import Point
from bot.store.usage import Sample

SPAN_S = 3 * 3600.0
_MOST_POINTS = 240


@dataclass(frozen=True)
class Chart:
    label: str
    now: str
    chart: Markup


def charts_of(by_service: Mapping[str, Sequence[Sample]]) -> list[Chart]:
    """Memory and CPU of each service; one that was seen once or never has none."""
    found = []
    for service, samples in by_service.items():
        for what, points, words in (
            ("memory", [Point(each.at, each.memory_mb) for each in samples], _megabytes),
            ("CPU", [Point(each.at, each.cpu) for each in samples if each.cpu is not None], _cores),
        ):
            drawn = _drawn(f"{service}: {what}", points, words)
            found += [drawn] if drawn else []
    return found


def _drawn(label: str, points: Sequence[Point], words: Callable[[float], str]) -> Chart | None:
    kept = _thinned(points)
    if len(kept) < 2:
        return None
    most, now = words(max(point.value for point in kept)), words(points[-1].value)
    return Chart(label, now, charts.area(kept, f"{label}, now {now}, at most {most}"))


def _thinned(points: Sequence[Point]) -> list[Point]:
    """The highest of each stretch, so that a peak is never lost."""
    size = -(-len(points) // _MOST_POINTS) or 1
    return [max(points[index : index + size], key=lambda point: point.value) for index in range(0, len(points), size)]


def _megabytes(value: float) -> str:
    return f"{value:.0f} MB"


def _cores(value: float) -> str:
    return f"{value * 100:.0f} %"
