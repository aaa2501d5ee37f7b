"""What `trellis parse` prints."""

from __future__ import annotations

import json

from grammar.parse import read
from grammar.say import in_words, is_all_right, say


def test_a_command_is_said_with_every_field() -> None:
    text = '/ivy create shop:main --ttl 1d12h --size large -- --only "web api"\n\n/ivy extend #12 --until "fri 18:00"\n/sled help\n/ivy list --mine'
    assert json.loads(json.dumps(say(text, "markdown"))) == [
        {
            "command": "ivy create",
            "args": {
                "branch": "main",
                "project": "shop",
                "name": None,
                "tilt_args": ["--only", "web api"],
                "sha": None,
                "ttl": 129600,
                "size": "large",
                "profile": None,
                "service": None,
                "seed": None,
                "dry_run": False,
                "keep": False,
            },
        },
        {"command": "ivy extend", "args": {"env": "#12", "duration": None, "until": "fri 18:00", "reason": None}},
        {"command": "sled help", "args": {"command": None}},
        {"command": "ivy list", "args": {"mine": True, "all": False, "expiring": False}},
    ]


def test_the_values_are_of_jsons_own_types() -> None:
    (data,) = say("/ivy create --size large", "line")
    assert type(data["args"]["size"]) is str


def test_a_mistake_is_said_with_its_place() -> None:
    assert say("text\n\n/ivy create --tll 48h", "markdown") == [
        {
            "error": {
                "code": "unknown_option",
                "message": "no option `--tll` here. Did you mean `--ttl`?",
                "column": 13,
                "suggestion": "/ivy create --ttl 48h",
            }
        }
    ]


def test_nothing_found_says_nothing() -> None:
    assert say("just prose", "markdown") == []


def test_all_is_right_only_without_mistakes() -> None:
    assert [is_all_right(read(text, "markdown")) for text in ("", "/ivy list", "/ivy list\n/ivy lst")] == [True, True, False]


def test_a_person_reads_what_was_understood() -> None:
    (found,) = read("/ivy create main --ttl 4h -- --only web", "line")
    assert in_words(found) == ("ivy create", "  branch = main", "  tilt_args = --only web", "  ttl = 14400")
