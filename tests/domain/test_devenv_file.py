"""The JSON Schema says yes to what the reader takes and no to what it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import devenv
from bot.domain.devenv_file import schema
from bot.domain.service_config import DevEnv
from bot.domain.yaml_nodes import Mapping, Node, Scalar, read
from tests.domain.test_devenv import WHOLE, service

VALIDATOR = jsonschema.Draft202012Validator(schema())

# What a schema cannot say: bytes, names that stand elsewhere, what a shell's words are.
BEYOND = {"too_big", "not_text", "unknown_service", "unread", "bad_quote", "empty"}
# And what an operator offers, what a moment is, and what stands twice under other words.
BEYOND |= {
    "unknown_exchange",
    "unknown_instrument",
    "bad_instrument",
    "above_limit",
    "no_data",
    "ends_before",
    "bad_date",
    "missing_time",
    "said_twice",
}


def plain(node: Node | None) -> Any:
    """A node as JSON would have it."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    return [plain(item) for item in node.items]


def agree(text: str) -> None:
    said = devenv.read(text.encode(), None)
    codes = {problem.code for problem in said} if isinstance(said, tuple) else set()
    is_valid = VALIDATOR.is_valid(plain(read(text)))
    assert is_valid == isinstance(said, DevEnv) or codes <= BEYOND, (text, said)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


PIECES = [
    *("run: x", "run: [x, 1]", "run: 12", "run: {a: b}", "run: x\nprot: 1", "port: 80", "run: x\nport: 0", "run: x\nport: 8080"),
    *("run: x\nport: true", "run: x\nport: '80'", "run: x\nhealth: false", "run: x\nhealth: true", "run: x\nhealth: up"),
    *("run: x\nhealth: /up", "run: x\nhealth:", "run: x\nenv: {A: 1, B: yes, C: 1.5}", "run: x\nenv: {a: 1}", "run: x\nenv: {PORT: 1}"),
    *("run: x\nenv: [A]", "run: x\nenv:", "run: x\nenv: {A: ~}", "run: x\nbuild: [make]", "run: x\nbuild: 1"),
]


@pytest.mark.parametrize("words", PIECES)
def test_schema_and_reader_agree_on_services(words: str) -> None:
    agree(service(words))


TOPS = [
    *("ttl: 8h", "ttl: 1d12h", "ttl: 8", "ttl: 0h", "ttl: [8h]", "ttl:", "ttl: 1h1d", "size: large", "size: huge", "size: 1", "size:"),
    *("tilt_args: --only web", "tilt_args: [a, 1]", "tilt_args: {a: b}", "tilt_args: 1", "profiles: {}", "profiles: [a]", "profiles:"),
    *("profiles: {fast: {size: small, ttl: 2h, services: [web], env: {A: 1}}}", "profiles: {Fast: {}}", "profiles: {fast: {sice: small}}"),
    *("profiles: {fast: {services: []}}", "profiles: {fast: {services: web}}", "profiles: {fast: {}}", "profiles: {fast: }"),
    *(
        "create: {on: opened}",
        "create: {on: push}",
        "create: opened",
        "create: {on: opened, branches: [a, b/*], drafts: true}",
        "create: {}",
    ),
    *("create: {branches: []}", "create: {branches: a}", "create: {drafts: yes}", "create: {one: opened}", "create: {branches: [1]}"),
    *("seeds: {demo: {run: ./seed.sh, description: 300 orders, within: 5m}}", "seeds: {demo: {run: a}, b: {run: a b, within: 1h}}"),
    *(
        "seeds: {}",
        "seeds:",
        "seeds: [a]",
        "seeds: {demo: ./seed.sh}",
        "seeds: {demo: {}}",
        "seeds: {Demo: {run: a}}",
        "seeds: {a: {run: }}",
    ),
    *("seeds: {a: {run: x, within: 2h}}", "seeds: {a: {run: x, within: 61m}}", "seeds: {a: {run: x, within: 5}}", "seeds: {a: {ran: x}}"),
    *("seeds: {a: {run: x, description: 1}}", "seeds: {a: {run: x, description: ''}}", "seeds: {a: {run: x, description: [a]}}"),
    *("profiles: {" + ", ".join(f"p{n}: {{}}" for n in range(11)) + "}", "lifetime: 8h", "Size: small"),
]


@pytest.mark.parametrize("words", TOPS)
def test_schema_and_reader_agree_on_wishes(words: str) -> None:
    agree(f"{service('run: tilt $TILT_ARGS')}{words}\n")


SCALARS = st.sampled_from(
    ["8h", "small", "1", "true", "~", "web", "'x'", "/up", "[web]", "[]", "{A: b}", "{web: {run: x}}", "{fast: {size: large}}"]
)
KEYS = st.sampled_from(["version", "services", "ttl", "size", "tilt_args", "profiles", "web", "run", "port", "health", "env", "build"])


@given(st.dictionaries(KEYS, SCALARS, max_size=5), st.dictionaries(KEYS, SCALARS, max_size=5))
def test_schema_and_reader_agree_on_whatever_is_put_together(top: dict[str, str], of_service: dict[str, str]) -> None:
    text = "\n".join(f"{key}: {value}" for key, value in {"version": "1", "services": "{}", **top}.items())
    inner = ", ".join(f"{key}: {value}" for key, value in {"run": "x $TILT_ARGS", **of_service}.items())
    agree(text.replace("services: {}", f"services: {{web: {{{inner}}}}}"))


def test_the_smallest_file_is_right() -> None:
    agree(WHOLE)
    assert VALIDATOR.is_valid(plain(read(WHOLE)))


def test_the_schema_that_is_served_is_the_models() -> None:
    """Made in a process of its own, which ends at once: see `generated`."""
    code = "import json, os; from bot.domain.devenv_file import generated; print(json.dumps(generated()), flush=True); os._exit(0)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert json.loads(made) == schema()
