"""Charts: each is well-formed SVG, without style or script, and says in words what it shows."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.charts import Bar, Point, area, bars


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
