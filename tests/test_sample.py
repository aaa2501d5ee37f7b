"""The sample repository is the same everywhere, is never overwritten, and its service runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from bot import sample
from bot.domain import devenv
from bot.domain.devenv import DevEnv, ServiceConfig
from bot.sample.built import builds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("leaves_no_child")


def git(folder: Path, *words: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent / "nobody")}
    return subprocess.run(["git", "-C", str(folder), *words], env=env, capture_output=True, text=True, check=True).stdout.strip()


def heads(folder: Path) -> dict[str, str]:
    return dict(line.split() for line in git(folder, "for-each-ref", "--format=%(refname) %(objectname)").splitlines())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return sample.make(tmp_path / "sample")


def test_it_has_branches_that_differ_to_the_eye(repository: Path) -> None:
    assert sorted(heads(repository)) == ["refs/heads/demo", "refs/heads/main", "refs/heads/trading"]
    assert git(repository, "diff", "--name-only", "main", "demo").split() == ["hello/hello.py", "theme.css", "words.txt"]
    assert git(repository, "status", "--porcelain", "--branch") == "## demo"


def test_its_commits_are_the_same_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = heads(sample.make(tmp_path / "one"))
    strange = tmp_path / "home"
    strange.mkdir()
    (strange / ".gitconfig").write_text(
        "[user]\n name = Else\n[init]\n defaultBranch = trunk\n[commit]\n gpgSign = true\n[core]\n autocrlf = true\n"
    )
    for name, value in {
        "HOME": str(strange),
        "TZ": "Asia/Tokyo",
        "GIT_AUTHOR_NAME": "Else",
        "GIT_DIR": "/nowhere",
        "GIT_DEFAULT_HASH": "sha256",
    }.items():
        monkeypatch.setenv(name, value)
    assert heads(sample.make(tmp_path / "two")) == first
    monkeypatch.delenv("HOME")
    assert heads(sample.make(tmp_path / "three")) == first


def test_a_newcomers_commits_stay(repository: Path) -> None:
    (repository / "words.txt").write_text("Mine\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Say it my way")
    before = heads(repository)
    assert sample.make(repository) == repository
    assert heads(repository) == before
    assert git(repository, "show", "demo:words.txt") == "Mine"


def test_it_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sample.SampleError, match=r"^the sample repository could not be made at .*git"):
        sample.make(tmp_path / "deep" / "sample")
    assert list((tmp_path / "deep").iterdir()) == []


def test_an_empty_folder_is_taken_and_a_strange_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert len(heads(sample.make(tmp_path / "empty"))) == 3
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "thesis.txt").write_text("years of work")
    with pytest.raises(sample.SampleError, match=r"is in the way of the sample repository: move it away$"):
        sample.make(tmp_path / "strange")
    assert (tmp_path / "strange" / "thesis.txt").read_text() == "years of work"


def test_two_at_once_make_one(tmp_path: Path) -> None:
    made: list[Path] = []
    makers = [threading.Thread(target=lambda: made.append(sample.make(tmp_path / "sample"))) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert made == [tmp_path / "sample"] * 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["sample"]
    assert git(tmp_path / "sample", "fsck", "--strict") == ""


@pytest.mark.parametrize("branch", ["main", "demo"])
def test_each_branch_says_how_it_is_run(repository: Path, branch: str) -> None:
    said = git(repository, "show", f"{branch}:.dev-env.yaml").encode()
    assert devenv.read(said, None) == DevEnv((ServiceConfig("web", "python3 app.py", None, "/health"),), ".dev-env.yaml")


def test_the_branch_trading_is_a_trading_environment(repository: Path) -> None:
    said = devenv.read(git(repository, "show", "trading:.dev-env.yaml").encode(), None)
    assert isinstance(said, DevEnv)
    assert [(each.name, each.run, each.health) for each in said.services] == [
        ("orders", "python3 -m orders", "/health"),
        ("strategy", "./bin/strategy strategy.json", None),
    ]
    assert dict(said.services[0].env) == dict(said.services[1].env)
    assert git(repository, "ls-tree", "trading", "bin/strategy").startswith("100755")


@contextmanager
def running(folder: Path, **env: str) -> Iterator[HTTPConnection]:
    command = [sys.executable, "app.py"]
    with subprocess.Popen(
        command, cwd=folder, env={"PORT": "0"} | env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as service:
        assert service.stdout
        port = service.stdout.readline().removeprefix("listening on port ")
        connection = HTTPConnection("127.0.0.1", int(port), timeout=10)
        try:
            yield connection
        finally:
            connection.close()
            service.terminate()


def get(connection: HTTPConnection, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read().decode()


def test_the_service_shows_what_it_is(repository: Path) -> None:
    with running(repository, TRELLIS_SLUG="demo-abc123", TRELLIS_SHA="0123456789abcdef") as service:
        assert get(service, "/health") == (200, "well\n")
        assert get(service, "/", "HEAD") == (200, "")
        assert get(service, "/nowhere") == (404, "Nothing grows at this address.\n")
        status, page = get(service, "/?a=b")
    assert status == 200
    assert "<h1>The demo branch in bloom</h1>" in page
    assert "<dd>demo-abc123</dd>" in page
    assert "<dd>0123456789ab</dd>" in page
    assert "--leaf: #ff8fab" in page


def test_the_service_takes_its_name_from_its_address_and_escapes_it(repository: Path) -> None:
    git(repository, "switch", "--quiet", "main")
    with running(repository) as service:
        assert "<dd>demo-abc123</dd>" in get(service, "/", Host="demo-abc123.localhost:8780")[1]
        hostile = get(service, "/", Host="<script>alert(1)</script>")[1]
    assert "<dd>&lt;script&gt;alert(1)&lt;/script&gt;</dd>" in hostile
    assert "<h1>Something grows here</h1>" in hostile


def test_the_service_tells_what_happens_as_it_happens(repository: Path) -> None:
    with running(repository) as service:
        service.request("GET", "/events")
        response = service.getresponse()
        assert response.getheader("Content-Type") == "text/event-stream"
        lines = [response.readline().decode().strip() for _ in range(3)]
        response.close()
    seconds = [int(match[1]) for line in lines if (match := re.fullmatch(r"data: up for 0 min (\d+) s, 1 watching", line))]
    assert lines[1] == ""
    assert len(seconds) == 2
    assert seconds[0] < seconds[1]


def test_what_is_built_of_its_service_runs_and_has_a_deploy_py_that_renders(repository: Path, tmp_path: Path) -> None:
    main, demo = builds(repository)
    assert [each.branch for each in (main, demo)] == ["main", "demo"]
    assert (main.program, main.title, main.sha256 == demo.sha256) == (demo.program, "Grow a page", False)
    file = main.laid_in(tmp_path / "pushed")
    assert (file.name, file.read_bytes(), main.laid_in(tmp_path / "pushed")) == (main.sha256, main.content, file)
    (tmp_path / "deploy.py").write_text(main.program)
    artifact = {"kind": "binary", "sha256": main.sha256, "address": file.as_uri(), "commit": main.commit}
    target = {"version": 1, "service": "hello", "environment": {"name": "dev"}, "artifact": artifact, "config": {"port": 8791}}
    (tmp_path / "target.json").write_text(json.dumps(target))
    argv = [sys.executable, "deploy.py", "--target", "target.json", "--validate"]
    ran = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(ran.stdout)["outcome"] == "valid", ran.stderr


def test_a_newcomer_may_take_the_service_away(repository: Path) -> None:
    git(repository, "rm", "--quiet", "-r", "hello")
    git(repository, "commit", "--quiet", "--message", "Goodbye")
    assert [each.branch for each in builds(repository)] == ["main"]
