"""A program on this host, really started, replaced, taken back and removed, by a deploy.py that is run as its owner runs it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from libdeploy.host.process import PlainProcess
from libdeploy.target import to_json
from processes import free_port
from tests.libdeploy.wishes import Owner, Ran, target

DEPLOY = """
import libdeploy as d

def deploy(target):
    port = target.config.integer("port")
    return [d.host.binary("payments", arguments=[str(port)], port=port, health=target.config.text("health", "/"),
                          environment={"WORDS": target.config.text("words", "")})]

if __name__ == "__main__":
    d.main(deploy)
"""

SERVER = """#!{python}
import http.server, os, sys
if {text!r} == "broken":
    sys.exit("it cannot begin")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/" else 500)
        self.end_headers()
        self.wfile.write(({text!r} + os.environ["WORDS"] + os.environ.get("AWS_SECRET_ACCESS_KEY", "")).encode())
    def log_message(self, *_): pass
class Server(http.server.HTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class House(Owner):
    """An owner with artifacts, and a port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"LIBDEPLOY_ROOT": str(folder / "root"), "AWS_SECRET_ACCESS_KEY": "canary"})
        self.port = free_port()
        self.writes(DEPLOY)

    @property
    def home(self) -> Path:
        return self.folder / "root/staging/payments/payments"

    def builds(self, text: str, **config: Any) -> Path:
        import sys

        file = self.folder / text
        file.write_text(SERVER.format(python=sys.executable, text=text))
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self.aims(to_json(target("binary", sha256, port=self.port, **config)))
        return file

    def deploys(self, text: str, *options: str, **config: Any) -> Ran:
        return self.runs("--artifact", str(self.builds(text, **config)), "--within", "20", *options)

    def says(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=30) as answer:
            return str(answer.read().decode())

    def pid(self) -> int:
        return int(json.loads((self.home / "process.json").read_text())["pid"])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    PlainProcess(one.home).stop(5)


@pytest.mark.long
def test_it_is_started_and_again_it_is_unchanged(house: House) -> None:
    first = house.deploys("one", words="!")
    assert (first.code, first.result["outcome"], house.says()) == (0, "applied", "one!")
    assert first.events[0] == {"event": "change", "action": "create", "driver": "host", "key": "payments"}
    pid = house.pid()
    again = house.deploys("one", words="!")
    assert (again.code, again.result["outcome"], again.result["plan_hash"]) == (0, "unchanged", first.result["plan_hash"])
    assert house.pid() == pid


def test_another_artifact_replaces_it(house: House) -> None:
    house.deploys("one")
    second = house.deploys("two")
    assert (second.result["outcome"], house.says()) == ("applied", "two")
    assert "~ host payments\n    artifact.sha256: " in second.words
    assert len(list((house.home / "releases").iterdir())) == 2


@pytest.mark.long
def test_only_the_last_releases_are_kept(house: House) -> None:
    for number in range(7):
        house.deploys(f"n{number}")
    assert (house.says(), len(list((house.home / "releases").iterdir()))) == ("n6", 5)


@pytest.mark.long
def test_what_was_killed_is_started_again(house: House) -> None:
    house.deploys("one")
    it = psutil.Process(house.pid())
    os.killpg(it.pid, signal.SIGKILL)
    it.wait(60)
    dry = house.deploys("one", "--dry-run")
    assert dry.result["changes"] == [{"action": "update", "driver": "host", "key": "payments", "fields": ["~running"]}]
    assert (house.deploys("one").result["outcome"], house.says()) == ("applied", "one")


@pytest.mark.long
def test_one_that_does_not_begin_is_told_with_its_last_words(house: House) -> None:
    failed = house.deploys("broken")
    assert (failed.code, failed.result["outcome"], failed.result["code"]) == (1, "failed", "unhealthy")
    assert failed.result["message"] == "payments has ended. Its last words:\nit cannot begin"


@pytest.mark.long
def test_a_bad_one_is_taken_back(house: House) -> None:
    house.builds("one")
    house.runs("--plan-out", "good.json")
    house.deploys("one")
    back = house.deploys("broken", "--previous", "good.json")
    assert (back.code, back.result["outcome"], house.says()) == (1, "taken_back", "one")


def test_one_that_answers_badly_is_unhealthy(house: House) -> None:
    for within_s in ("0.3", "5", "60"):  # a busy machine takes its time to answer at all
        told = house.deploys("one", "--within", within_s, health="/sick").result["message"]
        if not told.startswith("payments does not answer"):
            break
    assert told.startswith("payments answers 500 to /sick.")


@pytest.mark.long
def test_exactly_the_plan_is_applied_and_only_to_what_was_looked_at(house: House) -> None:
    house.deploys("one")
    file = house.builds("two")
    house.runs("--live-out", "live.json")
    planned = house.runs("--live", "live.json", "--plan-out", "plan.json")
    assert [each["action"] for each in planned.result["changes"]] == ["update"]
    house.writes(DEPLOY.replace('"WORDS": ', '"WORDS": "meanwhile" + '))  # the plan is what counts
    applied = house.runs("--apply-plan", "plan.json", "--artifact", str(file))
    assert (applied.result["outcome"], house.says(), applied.result["plan_hash"]) == ("applied", "two", planned.result["plan_hash"])
    stale = house.runs("--apply-plan", "plan.json", "--artifact", str(file))
    assert (stale.code, stale.result["outcome"], stale.result["code"]) == (2, "refused", "stale_base")


def test_another_file_than_the_artifact_is_refused(house: House) -> None:
    file = house.builds("one")
    file.write_text("something else")
    refused = house.runs("--artifact", str(file))
    assert (refused.code, refused.result["code"]) == (1, "wrong_digest")
    assert not (house.home / "current").exists()
    assert house.runs("--dry-run").result["code"] == "no_artifact"


@pytest.mark.long
def test_what_is_wanted_no_longer_is_stopped_and_gone(house: House) -> None:
    house.deploys("one")
    house.writes(DEPLOY.replace("return [", "return [d.host.binary('other', arguments=['0'])] or ["))
    removed = house.deploys("one")
    assert [(each["action"], each["key"]) for each in removed.result["changes"]] == [("create", "other"), ("remove", "payments")]
    assert not house.home.exists()
    with pytest.raises(urllib.error.URLError):
        house.says()
    PlainProcess(house.home.with_name("other")).stop(5)


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ('d.host.binary("Payments")', "'Payments' is no name for a program: small letters, digits and hyphens, at most 63."),
        ('d.host.binary("x", port=0)', "x: 0 is no port."),
        ('d.host.binary("x", health="/")', "x: health='/' is a path that begins with / and needs a port=…."),
        ('d.host.binary("x", program="../y")', "x: program='../y' is not inside the archive."),
        ('d.host.binary("x", environment={"A B": "1"})', "x: 'A B' is no environment variable."),
        (
            'd.kubernetes.stateless_service("x")',
            "This artifact is of the kind binary, not an image: say image=… where it runs in a container.",
        ),
    ],
)
def test_a_bad_wish_is_refused_before_anything_is_done(house: House, program: str, words: str) -> None:
    house.writes(f"import libdeploy as d\nd.main(lambda target: [{program}])\n")
    refused = house.deploys("one", "--validate")
    assert (refused.code, refused.result["message"]) == (2, words)
