"""Figures drawn: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.figures import TIMES, Figure, Outcome, Unit

_MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}


def number(value: float, unit: Unit) -> str:
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "measured"):
        table.add_column(title)
    table.add_column("Trellis", justify="right")
    table.add_column("beside it, in the same run")
    for title in ("", "ratio", "aim"):
        table.add_column(title, justify="right")
    table.add_column("")
    for outcome in outcomes:
        above = ""
        for index, figure in enumerate(outcome.figures):
            name, *cells = _cells(figure)
            table.add_row("" if index else outcome.bench, "" if name == above else name, *cells)
            above = name
        if why := outcome.broken or outcome.missing:
            table.add_row(outcome.bench, f"[red]broke: {_escaped(why)}[/]" if outcome.broken else f"not measured: {_escaped(why)}")
        table.add_section()
    console.print(table)


def _cells(figure: Figure) -> tuple[str, ...]:
    theirs = "" if figure.theirs is None else number(figure.theirs, figure.unit)
    ratio = "" if figure.ratio is None else f"{figure.ratio:.3g} {TIMES}"
    aim = figure.aim.words(figure.unit) if figure.aim else ""
    return (figure.name, f"[bold]{number(figure.ours, figure.unit)}[/]", figure.beside, theirs, ratio, aim, _MARKS[figure.is_met])


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def as_json(outcomes: Sequence[Outcome]) -> str:
    return json.dumps([_plain(outcome) for outcome in outcomes], ensure_ascii=False, indent=2)


def _plain(outcome: Outcome) -> dict[str, Any]:
    figures = [{**asdict(figure), "ratio": figure.ratio, "is_met": figure.is_met} for figure in outcome.figures]
    return {**asdict(outcome), "figures": figures}
