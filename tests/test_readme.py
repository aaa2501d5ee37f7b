"""README tells the truth: its diagram is the table of moves, its transcript is what the product prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot.domain.deployment import MOVES as DEPLOYMENT_MOVES
from bot.domain.deployment import Deployment, DeploymentState
from bot.domain.environment import MOVES, State
from grammar.commands import COMMANDS
from tests.running import running

README = (Path(__file__).parents[1] / "README.md").read_text()


def arrows(place: int) -> set[tuple[str, str]]:
    drawn = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", README, re.DOTALL)
    assert len(drawn) == 2
    return set(re.findall(r"(\S+) --> (\S+)", drawn[place]))


def test_the_diagram_of_environments_is_the_table_of_moves() -> None:
    table = {(state.value, following.value) for state, ways in MOVES.items() for following in ways}
    assert arrows(0) == table | {("[*]", State.REQUESTED.value), (State.GONE.value, "[*]")}


def test_the_diagram_of_deployments_is_the_table_of_moves() -> None:
    table = {(state.value, following.value) for state, ways in DEPLOYMENT_MOVES.items() for following in ways}
    ends = {(state.value, "[*]") for state in DeploymentState if Deployment.is_end(state)}
    assert arrows(1) == table | {("[*]", DeploymentState.QUEUED.value)} | ends


@pytest.mark.parametrize("prefix", ["ivy", "sled"])
def test_all_that_can_be_said_is_in_the_tables(prefix: str) -> None:
    rows = [line for line in README.splitlines() if line.startswith(f"| `/{prefix} ")]
    said = {words.removeprefix(f"/{prefix} ").split()[0] for row in rows for words in re.findall(r"`([^`]+)`", row.split(" | ")[0])}
    assert said == {each.verb for each in COMMANDS if each.words.startswith(f"{prefix} ")}


def transcript() -> list[tuple[str, str]]:
    """(command, what it prints), as README has them."""
    blocks = re.findall(r"<!-- transcript:.*?-->\n```console\n(.*?)```", README, re.DOTALL)
    parts = re.split(r"^\$ (.*)$\n", "\n".join(blocks), flags=re.MULTILINE)[1:]
    return [(command, printed.strip()) for command, printed in zip(parts[::2], parts[1::2], strict=True)]


def without_what_differs(text: str) -> str:
    """Seconds and times are different each time, and ports, which are part of plans, are the test's own."""
    text = re.sub(r"\bplan [0-9a-f]{12}\b", "plan <hash>", text)
    text = re.sub(r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC", "<time>", text)
    text = re.sub(r"\b\d+(\.\d)? s\b", "<seconds>", text)
    return re.sub(r"localhost:\d+", "localhost:<port>", text).strip()


@pytest.mark.usefixtures("leaves_no_child")
def test_the_transcript_is_what_the_product_prints(tmp_path: Path) -> None:
    said = transcript()
    assert len(said) == 6
    plans: list[str] = []
    (tmp_path / "deploy.py").write_text("raise SystemExit('a service that lies where Trellis is started')")
    with running(tmp_path) as product:
        for command, expected in said:
            words = shlex.split(command)
            assert words[0] == "trellis"
            printed = product.trellis(*words[1:])
            assert printed.stderr == ""
            assert without_what_differs(printed.stdout) == without_what_differs(expected)
            plans += re.findall(r"\bplan ([0-9a-f]{12})\b", printed.stdout)
    assert len(plans) == 2
    assert len(set(plans)) == 1  # deployed again it is the same plan
