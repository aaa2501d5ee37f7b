"""The small parts: command lines, fences, records, ports."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.engine import Limits, Service, Source, Spec, StaleFence
from provisioner.fences import Fences
from provisioner.line import argv_of
from provisioner.ports import connections, free_ports, is_ours
from provisioner.records import BadSpec, Pending, Record, Records, check, label

SPEC = Spec("env-1", "demo", 3, Source("demo", "/x", "refs/heads/a", "a" * 40), (Service("web", "true", env=(("A", "ü"),)),), Limits(1, 2))


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("python3 -m http.server", ("python3", "-m", "http.server")),
        ("node 'my app.js' --name \"a b\"", ("node", "my app.js", "--name", "a b")),
        ("./run --x=1,2", ("./run", "--x=1,2")),
        ("python3 -m http.server $PORT", ("/bin/sh", "-c", "python3 -m http.server $PORT")),
        ("A=1 run", ("/bin/sh", "-c", "A=1 run")),
        ("cd app", ("/bin/sh", "-c", "cd app")),
        ("a && b", ("/bin/sh", "-c", "a && b")),
        ("a\nb", ("/bin/sh", "-c", "a\nb")),
        ("echo 'oops", ("/bin/sh", "-c", "echo 'oops")),
        ("''", ("/bin/sh", "-c", "''")),
        ("", ("/bin/sh", "-c", "")),
    ],
)
def test_a_line_is_split_unless_it_needs_a_shell(line: str, argv: tuple[str, ...]) -> None:
    assert argv_of(line) == argv


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1))
def test_quoted_words_come_out_as_they_went_in_or_go_to_a_shell_whole(words: list[str]) -> None:
    line = shlex.join(words)
    assert argv_of(line) in {tuple(words), ("/bin/sh", "-c", line)}


@given(st.lists(st.integers(min_value=0, max_value=2**62), min_size=1))
def test_only_the_highest_fence_and_higher_get_through(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    folder = tmp_path_factory.mktemp("fences")
    highest = 0
    for number in numbers:
        fences = Fences(folder)  # as after a crash
        if number < highest:
            with pytest.raises(StaleFence):
                fences.claim("env-1", number)
        else:
            fences.claim("env-1", number)
            highest = number
        assert fences.highest("env-1") == highest
    assert Fences(folder).highest("env-2") == 0


def test_a_record_comes_back_as_it_was_and_strays_are_seen(tmp_path: Path) -> None:
    records = Records(tmp_path / "environments")
    record = Record("env-1", "demo", SPEC, Pending(SPEC, is_laid_out=True, built=("web",)))
    records.save(record)
    (records.root / "env-2").mkdir()
    (records.root / "env-3").mkdir()
    (records.root / "env-3" / "record.json").write_text("{half")
    assert list(records.all()) == [record]
    assert sorted(path.name for path in records.strays({"env-1"})) == ["env-2", "env-3"]
    records.forget("env-1")
    records.forget("env-1")
    assert list(records.all()) == []


@given(st.text(max_size=30))
def test_no_id_leads_out_of_its_folder(name: str) -> None:
    try:
        check(replace(SPEC, environment=name))
    except BadSpec:
        return
    assert Path("/data", name).resolve() == Path("/data") / name
    assert "/" not in name


def test_host_names_of_services() -> None:
    spec = Spec("e", "demo", 1, SPEC.source, (Service("web", "a"), Service("API_2", "b")))
    assert [label(spec, name) for name in ("web", "API_2")] == ["demo", "api_2--demo"]


def test_ports_are_free_and_given_once() -> None:
    taken: set[int] = set()
    ports = free_ports(50, taken)
    assert len(set(ports)) == 50
    assert taken == set(ports)
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", ports[0]))
        server.listen()
        assert connections(ports[0]) == 0
        client.connect(("127.0.0.1", ports[0]))
        accepted, _ = server.accept()
        assert connections(ports[0]) == 1
        accepted.close()
        assert is_ours(ports[0], os.getpid())
        with subprocess.Popen(["sleep", "100"]) as other:
            assert not is_ours(ports[0], other.pid)
            other.kill()
