"""Charts: each is well-formed SVG, without style or script, and says in words what it shows."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.charts import Bar, Part, Point, area, bars, strip


def _attributes(drawn: str) -> set[str]:
    whole = ET.fromstring(drawn)
    return {name for element in whole.iter() for name in element.attrib}


NUMBERS = st.floats(0, 1e12)


@given(st.lists(st.tuples(st.text("<>&\"'aü", max_size=9), st.integers(0, 10**9)), max_size=12))
def test_bars_are_drawn_of_anything(each: list[tuple[str, int]]) -> None:
    assert _attributes(bars([Bar(*bar) for bar in each], 'a "title" & more')) <= {
        "class", "viewBox", "role", "aria-label", "x", "y", "width", "height", "rx",
    }  # fmt: skip


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30))
def test_an_area_is_drawn_of_anything(each: list[tuple[float, float]]) -> None:
    drawn = area([Point(*point) for point in sorted(each)], "memory")
    assert drawn == "" or _attributes(drawn) <= {"class", "viewBox", "preserveAspectRatio", "role", "aria-label", "d"}


def test_bars_say_how_many_and_of_what() -> None:
    drawn = str(bars([Bar("< 1 h", 3), Bar("1 to 2 h", 0)], "uptimes"))
    assert "<title>&lt; 1 h: 3</title>" in drawn
    assert 'aria-label="uptimes"' in drawn


def test_silence_is_a_gap_and_not_a_line() -> None:
    points = [Point(float(at), 1.0) for at in (*range(0, 60, 15), *range(600, 660, 15))]
    assert [b.at - a.at for a, b in pairwise(points)].count(15.0) == 6
    assert str(area(points, "cpu")).count('class="over"') == 2


KINDS = st.sampled_from(("seen", "lost", "unknown"))


@given(st.lists(st.tuples(KINDS, st.floats(0.001, 1e6), st.text("<>&\"'aü", max_size=9)), max_size=20))
def test_a_strip_is_drawn_of_anything_and_all_of_it_lies_within(each: list[tuple[str, float, str]]) -> None:
    parts, at = [], 1e9
    for kind, long, hint in each:
        parts.append(Part(at, at := at + long, kind, hint))
    drawn = strip(parts, 'a "title" & more')
    if not parts:
        assert drawn == ""
        return
    rects = [element.attrib for element in ET.fromstring(drawn)]
    assert sorted(rect["class"] for rect in rects) == sorted(kind for kind, _, _ in each)
    assert all(float(rect["x"]) >= 0 and float(rect["x"]) + float(rect["width"]) <= 640.2 for rect in rects)
    assert all(float(rect["width"]) >= 2 for rect in rects if rect["class"] == "lost")
    assert _attributes(drawn) <= {"class", "viewBox", "preserveAspectRatio", "role", "aria-label", "x", "y", "width", "height"}
