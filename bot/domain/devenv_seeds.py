"""The datasets that a repository offers.

seeds:
  demo: {run: ./seed.sh, description: 300 orders, within: 10m}   # run in the environment when somebody says --seed demo
"""

from __future__ import annotations

import re

from bot.domain.datasets import LOG, WITHIN_S, Dataset
from bot.domain.devenv_file import MOST_SEEDS, WITHIN, Seed, keys_of
from bot.domain.devenv_nodes import at, fields_of
from bot.domain.service_config import Problems, ServiceConfig, check_name, command
from bot.domain.yaml_nodes import Mapping, Node, Scalar, shown

_WITHIN = re.compile(WITHIN)
_MOST_WORDS = 200
_EXAMPLE = "seeds: {demo: {run: ./seed.sh}}"


def seeds_of(node: Node | None, services: tuple[ServiceConfig, ...], problems: Problems) -> tuple[Dataset, ...]:
    if node is None:
        return ()
    if not isinstance(node, Mapping):
        problems.add(at(node), "wrong_type", '"seeds" is a mapping of names to datasets', _EXAMPLE)
        return ()
    if len(node.entries) > MOST_SEEDS:
        problems.add(at(node.entries[MOST_SEEDS][0]), "too_many", f"there are too many datasets: {MOST_SEEDS} at most")
        return ()
    if any(each.name == LOG for each in services):
        problems.add(at(node), "said_twice", f'the log of datasets is called "{LOG}": name the service of that name otherwise')
    found = [_seed(key, value, problems) for key, value in node.entries]
    return tuple(each for each in found if each)


def _seed(key: Scalar, node: Node, problems: Problems) -> Dataset | None:
    check_name(key.text, at(key), problems, "a dataset")
    before = len(problems.found)
    fields = fields_of(node, f'the dataset "{shown(key.text)}"', keys_of(Seed), problems, "{run: ./seed.sh}")
    if fields is None:
        return None
    if "run" not in fields:
        if len(problems.found) == before:  # else it was written otherwise, and that is told
            problems.add(at(key), "missing_key", f'the dataset "{shown(key.text)}" does not say what to run', "run: ./seed.sh")
        return None
    return Dataset(
        key.text,
        _description(fields["description"], problems) if "description" in fields else "",
        _run(fields["run"], problems),
        within_s=_within(fields["within"], problems) if "within" in fields else WITHIN_S,
    )


def _run(node: Node, problems: Problems) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return command(node.text, "run", at(node), problems)
    problems.add(at(node), "wrong_type", '"run" is a command line', "run: ./seed.sh")
    return ""


def _description(node: Node, problems: Problems) -> str:
    text = node.text if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    if not text or len(text) > _MOST_WORDS:
        message = f'"description" is a text of {_MOST_WORDS} characters at most'
        problems.add(at(node), "wrong_type", message, 'description: "300 orders"')
        return ""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _within(node: Node, problems: Problems) -> float:
    text = node.text if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    if not _WITHIN.fullmatch(text):
        problems.add(at(node), "wrong_type", "loading a dataset may take from 1m to 60m", "within: 10m")
        return WITHIN_S
    return 3600.0 if text == "1h" else 60.0 * int(text.removesuffix("m"))
