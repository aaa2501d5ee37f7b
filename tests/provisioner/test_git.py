"""Git under hostile names, hostile files, late replication and with a token."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.server
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provisioner.engine import EngineFailed, EngineUnavailable, Source
from provisioner.git import Git, is_full_ref
from provisioner.mirrors import Mirrors
from provisioner.remotes import GitRepositories
from provisioner.tokens import FixedTokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.provisioner.house import Repository

HOSTILE = (
    "--upload-pack=touch${IFS}pwned",
    "-n",
    "--exec=touch${IFS}pwned",
    "$(touch${IFS}pwned)",
    "`touch${IFS}pwned`",
    ";touch${IFS}pwned",
    "|touch${IFS}pwned",
    "&&touch${IFS}pwned",
    "+main",
    "ünïcödé/日本語/🌱",
    "x" * 200,
    "refs/heads/main",
    "HEAD",
    "FETCH_HEAD",
    'main\'"quoted"',
    "a%2e%2e/b",
    "<script>alert(1)<",
)


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(Git(tmp_path / "git"), tmp_path / "mirrors")


@pytest.fixture
def repositories(tmp_path: Path) -> GitRepositories:
    return GitRepositories(tmp_path / "git")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_branch_name_is_only_a_name(
    mirrors: Mirrors, repositories: GitRepositories, repository: Repository, tmp_path: Path, name: str
) -> None:
    sha = repository.commit("one", {".dev-env.yaml": "version: 1\n"})
    ref = f"refs/heads/{name}"
    repository.git("update-ref", ref, sha)
    source = Source("demo", repository.url, ref, sha)

    assert await repositories.head(repository.url, ref) == sha
    assert (await repositories.heads(repository.url))[ref] == sha
    assert await mirrors.read(source, (".dev-env.yaml", "Procfile")) == {".dev-env.yaml": b"version: 1\n"}
    await mirrors.check_out(source, tmp_path / "code")

    assert (tmp_path / "code" / "words").read_text() == "one"
    assert list(tmp_path.rglob("pwned")) == []
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "ref", ["main", "-n", "refs/heads/", "refs/heads/a..b", "refs/heads/a b", "refs/heads/a\nb", "refs/heads/a:b", "refs/heads/*", "refs/heads/a.lock", "refs/heads/.a", "refs/heads/a@{1}", "refs/heads/\x7f", "refs/heads/a~1", "", "refs/heads/a/"]
)  # fmt: skip
async def test_what_is_no_full_ref_never_reaches_git(
    mirrors: Mirrors, repositories: GitRepositories, repository: Repository, ref: str
) -> None:
    sha = repository.commit()
    assert not is_full_ref(ref)
    assert await repositories.head(repository.url, ref) is None
    with pytest.raises(EngineFailed) as raised:
        await mirrors.read(Source("demo", repository.url, ref, sha), ("words",))
    assert raised.value.code == "not_fetched"


async def test_the_exact_commit_is_laid_out_though_the_branch_went_on(mirrors: Mirrors, repository: Repository, tmp_path: Path) -> None:
    first, second = repository.commit("one"), repository.commit("two")
    for sha, words in ((first, "one"), (second, "two"), (first, "one")):
        await mirrors.check_out(repository.source(sha), tmp_path / words)
        assert (tmp_path / words / "words").read_text() == words
    repository.git("symbolic-ref", "HEAD", "refs/heads/other")
    repository.git("update-ref", "-d", "refs/heads/main")
    third = repository.commit("three", branch="main/below")  # a name that the old branch stood in the way of
    await mirrors.check_out(repository.source(third, "refs/heads/main/below"), tmp_path / "three")
    assert (tmp_path / "three" / "words").read_text() == "three"


async def test_a_commit_that_arrives_late_is_waited_for(mirrors: Mirrors, repository: Repository, tmp_path: Path) -> None:
    repository.commit("one")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    seed = repository.git(
        "hash-object", "-t", "commit", "--stdin", given=f"tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nlate\n".encode()
    )
    reading = asyncio.create_task(mirrors.read(repository.source(seed), ("words",)))
    await asyncio.wait([reading], timeout=0.3)
    assert not reading.done()
    repository.git(
        "hash-object",
        "-w",
        "-t",
        "commit",
        "--stdin",
        given=f"tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nlate\n".encode(),
    )
    repository.git("update-ref", "refs/heads/main", seed)
    assert await reading == {"words": b"one"}


async def test_a_commit_that_never_comes_is_said(mirrors: Mirrors, repository: Repository) -> None:
    repository.commit()
    with pytest.raises(EngineFailed) as raised:
        await mirrors.read(repository.source("12345678" * 5), ("words",))
    assert raised.value.code == "not_fetched"
    assert raised.value.reason.startswith("commit 1234567812 of refs/heads/main cannot be fetched: ")


async def test_a_repository_that_is_not_there(mirrors: Mirrors, repositories: GitRepositories, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        await repositories.heads(str(tmp_path / "nowhere"))
    with pytest.raises(EngineUnavailable):
        await repositories.head("ext::sh -c touch% pwned", "refs/heads/main")
    with pytest.raises(EngineUnavailable):  # nobody listens there
        await mirrors.read(Source("demo", "http://127.0.0.1:9/x.git", "refs/heads/main", "a" * 40), ("words",))


async def test_a_file_is_read_only_when_it_is_one(mirrors: Mirrors, repository: Repository) -> None:
    repository.commit("one", {"big": "x" * (64 * 1024 + 1), "just": "x" * 64 * 1024, "folder/file": "in", "run.sh": "#!/bin/sh\n"})
    (repository.folder / "link").symlink_to("/etc/passwd")
    (repository.folder / "run.sh").chmod(0o755)
    sha = repository.commit("one")
    source = repository.source(sha)

    found = await mirrors.read(source, ("just", "folder/file", "run.sh", "absent", "*", "words"))
    assert {path: len(data) for path, data in found.items()} == {"just": 64 * 1024, "folder/file": 2, "run.sh": 10, "words": 3}
    for path in ("link", "big", "folder", "../outside", "/etc/passwd", "folder/../words", ""):
        with pytest.raises(EngineFailed) as raised:
            await mirrors.read(source, (path,))
        assert raised.value.code == "bad_file", path


async def test_nothing_of_a_repository_runs_when_it_is_laid_out(mirrors: Mirrors, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    repository.commit(
        "one", {".gitattributes": "* filter=evil\n", ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% pwned\n'}
    )
    (repository.folder / "passwd").symlink_to("/etc/passwd")
    sha = repository.commit("one")
    await mirrors.check_out(repository.source(sha), tmp_path / "code")
    assert (tmp_path / "code" / "passwd").is_symlink()
    assert list(tmp_path.rglob("pwned")) == []


async def test_many_at_once_in_one_mirror(mirrors: Mirrors, repository: Repository, tmp_path: Path) -> None:
    shas = [repository.commit(str(number), branch=f"b{number}") for number in range(6)]
    await asyncio.gather(
        *(
            mirrors.check_out(repository.source(sha, f"refs/heads/b{number}"), tmp_path / f"code-{number}")
            for number, sha in enumerate(shas)
        )
    )
    assert [(tmp_path / f"code-{number}" / "words").read_text() for number in range(6)] == [str(number) for number in range(6)]


@contextlib.contextmanager
def asked(status: int = 403) -> Iterator[tuple[str, list[str | None]]]:
    """A server that refuses all and remembers with which authorization it was asked."""
    heard: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.send_error(status)

        def log_message(self, *words: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/owner/name.git", heard
    finally:
        server.shutdown()
        server.server_close()


async def test_a_token_goes_to_its_own_address_only_and_into_no_words(tmp_path: Path) -> None:
    with asked() as (url, heard), asked() as (other, other_heard):
        repositories = GitRepositories(tmp_path / "git", FixedTokens({url: "s3cret"}))
        for each in (url, other):
            with pytest.raises(EngineUnavailable) as raised:
                await repositories.heads(each)
            assert "s3cret" not in str(raised.value)
    assert heard == ["Basic " + base64.b64encode(b"x-access-token:s3cret").decode()]
    assert other_heard == [None]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


class Passing:
    """Tokens that are over when they are used."""

    def __init__(self, *, is_renewable: bool = True) -> None:
        self.given = 0
        self._is_renewable = is_renewable

    async def token(self, url: str) -> str:
        return f"token-{self.given}"

    def is_renewable(self, url: str, token: str) -> bool:
        self.given += 1
        return self._is_renewable


@pytest.mark.parametrize(("is_renewable", "tried"), [(True, ["token-0", "token-1"]), (False, ["token-0"])])
async def test_a_token_that_is_over_is_asked_for_once_more(tmp_path: Path, is_renewable: bool, tried: list[str]) -> None:
    with asked(401) as (url, heard), pytest.raises(EngineUnavailable, match="asking for branches: Authentication failed"):
        await GitRepositories(tmp_path / "git", Passing(is_renewable=is_renewable)).heads(url)
    words = [base64.b64decode(each.partition(" ")[2]).decode() for each in heard if each]
    assert list(dict.fromkeys(each for each in words if each.startswith("x-access-token:"))) == [f"x-access-token:{each}" for each in tried]


async def test_what_is_on_a_branch_is_told_with_its_time(repositories: GitRepositories, repository: Repository) -> None:
    first = repository.commit("one")
    last = repository.commit("two")
    other = repository.commit("three", branch="demo")
    at = float(repository.git("show", "--no-patch", "--format=%ct", first))
    assert await repositories.merged_at(repository.url, "main", first) == at
    assert await repositories.merged_at(repository.url, "main", last) is not None
    assert await repositories.merged_at(repository.url, "main", other) is None
    assert await repositories.merged_at(repository.url, "main", "0" * 40) is None
    repository.git("update-ref", "refs/heads/main", other)  # rewritten: what was there is there no longer
    assert await repositories.merged_at(repository.url, "main", other) is not None
    assert await repositories.merged_at(repository.url, "main", first) is None


async def test_a_branch_that_cannot_be_asked_for_is_no_answer(
    repositories: GitRepositories, repository: Repository, tmp_path: Path
) -> None:
    sha = repository.commit("one")
    for url, branch in ((str(tmp_path / "nothing"), "main"), (repository.url, "gone")):
        with pytest.raises(EngineUnavailable):
            await repositories.merged_at(url, branch, sha)
    for branch, name in (("main", "main"), ("main", "--all"), ("../main", sha), ("", sha), ("main", sha[:8])):
        assert await repositories.merged_at(repository.url, branch, name) is None


async def test_many_commits_are_asked_for_at_once_and_by_two_processes_as_well(
    repositories: GitRepositories, repository: Repository, tmp_path: Path
) -> None:
    shas = [repository.commit(f"number {number}") for number in range(6)]
    second = GitRepositories(tmp_path / "git")
    third = GitRepositories(tmp_path / "git")
    asked = [each.merged_at(repository.url, "main", sha) for each in (repositories, second) for sha in shas]
    assert None not in await asyncio.gather(*asked)
    assert await third.merged_at(repository.url, "main", shas[0]) is not None
    assert not list((tmp_path / "git").rglob("*.part"))
