"""What a deploy.py is given, read with care."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from libdeploy import Config, DeployError
from libdeploy.target import read_target, target_of, to_json
from tests.libdeploy.wishes import target

GOOD = to_json(target(replicas=2))


def test_it_is_read_as_it_was_written() -> None:
    assert target_of(json.loads(json.dumps(GOOD))) == target(replicas=2)


def test_the_example_is_one() -> None:
    example = read_target(Path(__file__).parents[2] / "libdeploy/target.example.json")
    assert (example.service, example.environment.namespace, example.config.integer("replicas")) == ("payments", "payments", 3)


def changed(**more: Any) -> dict[str, Any]:
    return {**GOOD, **more}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "The target is not a mapping."),
        ({"version": 1}, "The target has no artifact."),
        (changed(version=2), "The target's version is 2; this libdeploy reads 1."),
        (changed(extra=1), "The target has extra, which means nothing here."),
        (changed(environment={}), "environment has no name."),
        (
            changed(environment={"name": "Prod"}),
            "environment.name is 'Prod', which does not look like one ([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?).",
        ),
        (changed(service="../x"), "service is '../x', which does not look like one ([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)."),
        (changed(artifact={**GOOD["artifact"], "kind": "rpm"}), "artifact.kind is 'rpm', not one of image, binary, terraform, archive."),
        (changed(artifact={**GOOD["artifact"], "sha256": "ab"}), "artifact.sha256 is 'ab', which does not look like one ([0-9a-f]{64})."),
        (changed(artifact={**GOOD["artifact"], "address": 7}), "artifact.address is 7, not text."),
        (changed(config=[1]), "config is not a mapping."),
        (changed(config={"a": 0.5}), "config.a is the number 0.5, which is not the same text everywhere: write it as text, like '0.5'."),
    ],
)
def test_what_is_none_is_refused_with_its_place(data: Any, words: str) -> None:
    with pytest.raises(DeployError) as refused:
        target_of(data)
    assert str(refused.value) == words


CONFIG = Config({"text": "x", "number": 3, "flag": True, "map": {"A": "1"}, "list": ["a"], "odd": {"A": 1}})


def test_configuration_is_asked_for_with_its_type() -> None:
    assert (CONFIG.text("text"), CONFIG.integer("number"), CONFIG.flag("flag")) == ("x", 3, True)
    assert (CONFIG.texts("map"), CONFIG.words("list")) == ({"A": "1"}, ("a",))
    assert (CONFIG.text("no", "y"), CONFIG.integer("no", 0), CONFIG.flag("no", False), CONFIG.words("no", ())) == ("y", 0, False, ())


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: CONFIG.text("no"), "The configuration has no no, and there is no default. It has: flag, list, map, number, odd, text."),
        (lambda: CONFIG.integer("text"), "The configuration's text is 'x', not a whole number."),
        (lambda: CONFIG.integer("flag"), "The configuration's flag is True, not a whole number."),
        (lambda: CONFIG.flag("number"), "The configuration's number is 3, not true or false."),
        (lambda: CONFIG.texts("odd"), "The configuration's odd.A is 1, not text."),
        (lambda: Config().text("a"), "The configuration has no a, and there is no default. It has: nothing."),
    ],
)
def test_the_wrong_type_is_said(ask: Any, words: str) -> None:
    with pytest.raises(DeployError) as refused:
        ask()
    assert str(refused.value) == words
