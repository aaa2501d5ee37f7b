"""Charts as SVG without a line of style or script: bars for a distribution, an area for something over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

_NOTHING = Markup("")
_WIDTH, _HEIGHT, _FOOT, _HEAD = 640, 180, 22, 16


@dataclass(frozen=True)
class Bar:
    """`hint` is shown to who points at it; a plain one is drawn without its number, and its hint says it all."""

    label: str
    value: float
    hint: str = ""
    is_plain: bool = False


@dataclass(frozen=True)
class Point:
    """`at` in seconds since the epoch."""

    at: float
    value: float


def bars(each: Sequence[Bar], title: str) -> Markup:
    """A bar for each, with its number above and its label below; a table of the same stands beside it for who cannot see it."""
    most = max((bar.value for bar in each), default=0) or 1
    step = _WIDTH / max(1, len(each))
    room = _HEIGHT - _FOOT - _HEAD
    drawn = []
    for index, bar in enumerate(each):
        tall = room * bar.value / most
        left, top = index * step, _HEAD + room - tall
        middle = left + step / 2
        number = _NOTHING
        if bar.value and not bar.is_plain:
            number = Markup('<text class="number" x="{:.1f}" y="{:.1f}">{}</text>').format(middle, top - 4, bar.value)
        hint = bar.hint if bar.is_plain else f"{bar.hint or bar.label}: {bar.value}"
        drawn.append(
            Markup(
                '<g><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>{}'
                '<text x="{:.1f}" y="{}">{}</text></g>'
            ).format(hint, left + 3, top, step - 6, max(tall, 0.5), number, middle, _HEIGHT - 6, bar.label)
        )
    return Markup('<svg class="chart bars" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, title, _NOTHING.join(drawn)
    )


def area(points: Sequence[Point], title: str, *, width: int = 320, height: int = 64, span_s: float | None = None) -> Markup:
    """What something was over time; "" where there are not two points to draw between. Gaps of silence are not drawn across."""
    if len(points) < 2:
        return _NOTHING
    last = points[-1].at
    first = last - span_s if span_s else points[0].at
    most = max(point.value for point in points) or 1.0
    pace = _usual_gap(points)

    def place(point: Point) -> tuple[float, float]:
        across = (point.at - first) / (last - first or 1.0) * width
        return across, height - 2 - (height - 6) * point.value / most

    runs: list[list[Point]] = [[points[0]]]
    for before, point in pairwise(points):
        if point.at - before.at > 4 * pace:
            runs.append([])
        runs[-1].append(point)
    drawn = _NOTHING.join(_run([place(point) for point in run], height) for run in runs if len(run) > 1)
    return Markup(
        '<svg class="chart area" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(width, height, title, title, drawn)


def _run(places: Sequence[tuple[float, float]], height: int) -> Markup:
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    under = f"M{places[0][0]:.1f} {height} L{path} L{places[-1][0]:.1f} {height} Z"
    return Markup('<path class="under" d="{}"/><path class="over" d="M{}"/>').format(under, path)


def _usual_gap(points: Sequence[Point]) -> float:
    gaps = sorted(after.at - before.at for before, after in pairwise(points))
    return max(1.0, gaps[len(gaps) // 2])


@dataclass(frozen=True)
class Part:
    """Of a strip: from `since` to `until`, `kind` a word for its style, `hint` for who points at it."""

    since: float
    until: float
    kind: str
    hint: str = ""


_TALL = {"seen": (4, 14), "lost": (0, 22), "unknown": (10, 2)}
"""Where each kind begins and how tall it is: whoever sees no colours sees that."""
_LEAST = 2.0


def strip(parts: Sequence[Part], title: str, *, width: int = 640) -> Markup:
    """What was when, from left to right; "" where there is nothing. What was lost is drawn above the rest and never too small to see."""
    if not parts or parts[0].since >= parts[-1].until:
        return _NOTHING
    first, last = parts[0].since, parts[-1].until

    def drawn(part: Part) -> Markup:
        left, right = ((at - first) / (last - first) * width for at in (part.since, part.until))
        wide = max(right - left, _LEAST if part.kind == "lost" else 0.0)
        top, tall = _TALL[part.kind]
        return Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>').format(
            part.kind, min(left, width - wide), top, wide, tall, part.hint
        )

    ordered = sorted(parts, key=lambda part: part.kind == "lost")
    return Markup('<svg class="chart strip" viewBox="0 0 {} 22" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(
        width, title, _NOTHING.join(map(drawn, ordered))
    )
