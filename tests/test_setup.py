"""The front door: set-up says in one line what is missing, recovers by itself, and nothing in it names a machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
TOOLS = ("cat", "cksum", "dirname", "grep", "head", "mkdir", "mktemp", "rm", "sed", "sh", "cp", "sleep", "tail", "tee", "id", "bash")

# Stands in for a Python whose venv and pip write down what they were asked, and do it at once.
PYTHON = """#!/bin/sh
case "$1 $2" in
  "-c import venv"*) [ ! -e "$STAGE/no-venv" ]; exit ;;
  "-c import pip") exit 0 ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo venv >>"$STAGE/did" ;;
  "-m pip")
    [ "$3" != --version ] || exit 0
    echo "pip $*" | sed 's/.*--no-user //; s/^/pip /' >>"$STAGE/did"
    if [ -e "$STAGE/pip-says" ]; then cat "$STAGE/pip-says" >&2; exit 1; fi
    if [ -e "$STAGE/pip-is-slow" ]; then sleep 0.3; fi
    if [ -e "$STAGE/pip-is-killed" ]; then kill -9 $PPID; fi ;;
  *) exec REAL "$@" ;;
esac
"""
MADE = [
    "venv",
    "pip --require-hashes --only-binary :all: -r requirements.lock",
    "pip --no-build-isolation --editable . --editable ./libdeploy",
]


class Stage:
    """A copy of the project's set-up, with a PATH that holds what it is given."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.project, self.folder = folder / "bin", folder / "the project", folder
        self.bin.mkdir(parents=True)
        (self.project / "tools").mkdir(parents=True)
        shutil.copy(PROJECT / "tools" / "setup.sh", self.project / "tools")
        (self.project / "libdeploy").mkdir()
        for name in ("pyproject.toml", "libdeploy/pyproject.toml", "requirements.lock", "requirements-dev.lock"):
            (self.project / name).write_text(f"# {name}\n")
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        self.executable("git", "#!/bin/sh\n")
        self.executable("python3", PYTHON.replace("REAL", sys.executable))

    def executable(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def command(self, *words: str) -> subprocess.Popen[str]:
        env = {"PATH": str(self.bin), "STAGE": str(self.folder), "HOME": str(self.folder / "home")}
        return subprocess.Popen(["/bin/sh", "tools/setup.sh", *words], cwd=self.project, env=env, text=True, stderr=subprocess.PIPE)

    def setup(self, *words: str) -> tuple[int, str]:
        child = self.command(*words)
        said = child.communicate(timeout=60)[1]
        return child.returncode, said

    def did(self) -> list[str]:
        """What was done since it was last asked."""
        lines = (self.folder / "did").read_text().splitlines() if (self.folder / "did").exists() else []
        (self.folder / "did").unlink(missing_ok=True)
        return lines


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


FIRST = "trellis: setting up in .venv (once; a minute or so)\n"
AGAIN = "trellis: bringing .venv up to date\n"


def test_a_missing_prerequisite_is_said_in_one_line(stage: Stage) -> None:
    (stage.folder / "no-venv").touch()
    assert stage.setup() == (1, "trellis: Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)\n")
    line = "trellis: Python 3.11 to 3.14 is missing: install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)\n"
    stage.executable("python3", "#!/bin/sh\nexit 1\n")  # as an older one answers
    assert stage.setup() == (1, line)
    (stage.bin / "python3").unlink()
    assert stage.setup() == (1, line)
    (stage.bin / "git").unlink()
    assert stage.setup() == (
        1,
        "trellis: git is missing: install it (Debian, Ubuntu: apt-get install git; macOS: xcode-select --install)\n",
    )
    assert stage.did() == []


def test_a_newer_python_by_another_name_is_found(stage: Stage) -> None:
    (stage.bin / "python3").rename(stage.bin / "python3.12")
    stage.executable("python3", "#!/bin/sh\nexit 1\n")
    assert stage.setup() == (0, FIRST)


def test_it_is_done_once_and_again_only_when_the_lock_changes(stage: Stage) -> None:
    assert stage.setup() == (0, FIRST)
    assert stage.did() == MADE
    assert stage.setup() == (0, "")
    assert stage.did() == []
    (stage.project / "requirements.lock").write_text("# another\n")
    assert stage.setup() == (0, AGAIN)
    assert stage.did() == MADE[1:]


def test_the_set_up_for_development_serves_the_other_too(stage: Stage) -> None:
    assert stage.setup("--dev") == (0, FIRST)
    assert stage.did() == ["venv", "pip --require-hashes --only-binary :all: -r requirements-dev.lock", MADE[2]]
    assert stage.setup() == (0, "")
    assert stage.setup("--dev") == (0, "")
    assert stage.did() == []


def test_an_interrupted_set_up_begins_anew(stage: Stage) -> None:
    (stage.folder / "pip-is-killed").touch()
    assert stage.setup() == (-9, FIRST)
    (stage.folder / "pip-is-killed").unlink()
    assert stage.did() == MADE[:2]
    assert stage.setup() == (0, FIRST)
    assert stage.did() == MADE


def test_a_half_made_venv_begins_anew(stage: Stage) -> None:
    (stage.project / ".venv" / "bin").mkdir(parents=True)
    (stage.project / ".venv" / "pyvenv.cfg").touch()
    assert stage.setup() == (0, FIRST)
    assert stage.did() == MADE
    assert not (stage.project / ".venv" / "pyvenv.cfg").exists()


def test_a_moved_project_and_one_that_lost_its_python_begin_anew(stage: Stage) -> None:
    stage.setup()
    stage.did()
    stage.project = stage.project.rename(stage.folder / "elsewhere")
    assert stage.setup() == (0, FIRST)
    assert stage.did() == MADE
    python = stage.project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert stage.setup() == (0, FIRST)
    assert stage.did() == MADE


def test_two_at_once_set_up_once(stage: Stage) -> None:
    (stage.folder / "pip-is-slow").touch()
    both = [stage.command(), stage.command()]
    said = sorted(child.communicate(timeout=60)[1] for child in both)
    assert [child.returncode for child in both] == [0, 0]
    assert (said, stage.did()) == (["", FIRST], MADE)


@pytest.mark.parametrize(
    ("pip_says", "line"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement a==1 (from versions: 2)\nERROR: No matching distribution found for a==1\n",
            r"the package index that pip is configured with has no wheel of a==1 for Python \S+ on \S+ \S+",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement a==1 (from versions: none)\nERROR: No matching distribution found for a==1\n",
            r"the package index that pip is configured with cannot be reached or has no wheel of a==1 for Python \S+ on \S+ \S+",
        ),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('')'\nERROR: No matching distribution found for a==1\n",
            r"the package index cannot be reached: check the network and pip's configuration \(pip config list\)",
        ),
    ],
)
def test_what_pip_cannot_get_is_said_in_one_line(stage: Stage, pip_says: str, line: str) -> None:
    (stage.folder / "pip-says").write_text(pip_says)
    status, said = stage.setup()
    assert status == 1
    assert re.fullmatch(f"{re.escape(FIRST)}trellis: {line}\n", said)


def test_other_words_of_pip_are_shown(stage: Stage) -> None:
    (stage.folder / "pip-says").write_text("ERROR: No space left on device\n")
    assert stage.setup() == (
        1,
        f"{FIRST}ERROR: No space left on device\ntrellis: the packages could not be installed: see pip's words above\n",
    )


def requirements(name: str) -> dict[str, str]:
    text = (PROJECT / name).read_text().replace("\\\n", " ")
    return {line.split()[0]: line for line in text.splitlines() if line and not line.startswith("#")}


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-feeds.lock",
        "requirements-aws.lock",
        "requirements-terraform.lock",
        "requirements-terraform-provider.lock",
    ],
)
def test_the_locks_pin_everything_by_hash_and_name_no_index(name: str) -> None:
    text = (PROJECT / name).read_text()
    assert "://" not in text
    assert [line for line in text.splitlines() if line.startswith("-")] == []
    loose = [line for line in requirements(name).values() if "==" not in line or "--hash=sha256:" not in line]
    assert loose == []


def test_the_lock_for_development_holds_the_other() -> None:
    ours, theirs = requirements("requirements.lock"), requirements("requirements-dev.lock")
    assert set(ours) - set(theirs) == set()


def test_make_knows_every_lane() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("there is no make here")
    command = [
        make,
        "-n",
        "run",
        "test",
        "test-long",
        "test-lives",
        "check",
        "test-postgres",
        "test-kubernetes",
        "test-replays",
        "test-browser",
        "test-terraform",
        "test-feeds",
        "chaos",
        "bench",
    ]
    lines = subprocess.run(command, cwd=PROJECT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True).stdout
    for words in (
        ".venv/bin/trellis up",
        '-m "not chaos and not postgres and not browser and not kubernetes and not long and not simulation and not terraform and not feeds" tests',
        '-m "long and not postgres and not simulation" tests',
        ".venv/bin/mypy",
        "TRELLIS_TEST_POSTGRES=1",
        '-m "kubernetes and not long" tests',
        "TRELLIS_TEST_REPLAYS=1000",
        "pytest -m browser tests/chromium",
        "-m terraform tests/terraform",
        "-m feeds tests/feeds",
        "CHAOS_ROUNDS=200",
        "-m bench",
    ):
        assert words in lines


def kubernetes(stage: Stage, **more: str) -> tuple[int, str, str]:
    env = {"PATH": str(stage.bin), "XDG_CACHE_HOME": str(stage.folder / "cache"), **more}
    script = ["/bin/sh", str(PROJECT / "tools" / "kubernetes.sh")]
    done = subprocess.run(script, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_where_no_kubernetes_can_be_had_the_lane_skips_it_with_a_word(stage: Stage) -> None:
    stage.executable("uname", "#!/bin/sh\necho Darwin\n")
    here = "trellis: a Kubernetes API server can only be built on Debian; set KUBECONFIG to use one of yours\n"
    assert kubernetes(stage) == (75, "", here)
    given = "trellis: the API server of KUBECONFIG is used; runs are not tried there, for they need an image\n"
    assert kubernetes(stage, KUBECONFIG="mine") == (75, "", given)
    built = stage.folder / "cache" / "trellis" / "kubernetes-1.20.2"
    built.mkdir(parents=True)
    shutil.copy("/bin/sh", built / "etcd")
    assert kubernetes(stage) == (0, f"{built}\n", "")


MAKE = """#!/bin/sh
echo "make $* $CHAOS_ROUNDS" >>"$STAGE/did"
case "$1" in
  test) echo "1 failed, 2 passed in 3s"; echo "make: *** [test] Error 1" >&2; exit 2 ;;
  *) echo "all of $1"; exit 0 ;;
esac
"""


def test_ci_runs_every_lane_even_when_one_fails_and_sums_up(stage: Stage) -> None:
    (stage.project / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci" / "run", stage.project / ".ci")
    stage.executable("make", MAKE)
    stage.executable("bwrap", "#!/bin/sh\n")
    stage.executable("chromium", "#!/bin/sh\n")
    env = {"PATH": str(stage.bin), "STAGE": str(stage.folder)}
    done = subprocess.run(["bash", ".ci/run"], cwd=stage.project, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert stage.did() == [
        "make check ",
        "make test ",
        "make test-long ",
        "make test-lives LIVES=400 ",
        "make test-postgres ",
        "make test-kubernetes ",
        "make test-terraform KILLS=50 LOCKS=100 ",
        "make test-browser ",
        "make test-feeds LEADERS=100 ",
        "make chaos CHAOS_ROUNDS=12 ",
    ]
    assert done.returncode == 1
    summary = [re.sub(r"  +", "  ", line) for line in done.stdout.partition("== summary\n")[2].splitlines()]
    assert [re.sub(r" \d+ s ", " N s ", line) for line in summary] == [
        "check  ok  N s  all of check",
        "test  FAILED (2)  N s  1 failed, 2 passed in 3s",
        "test-long  ok  N s  all of test-long",
        "test-lives  ok  N s  all of test-lives",
        "test-postgres  ok  N s  all of test-postgres",
        "test-kubernetes  ok  N s  all of test-kubernetes",
        "test-terraform  ok  N s  all of test-terraform",
        "test-browser  ok  N s  all of test-browser",
        "test-feeds  ok  N s  all of test-feeds",
        "chaos  ok  N s  all of chaos",
    ]
    stage.executable("make", "#!/bin/sh\necho fine\n")
    assert subprocess.run(["bash", ".ci/run"], cwd=stage.project, env=env, capture_output=True, timeout=60, check=False).returncode == 0


def test_what_is_no_extra_is_said_with_those_there_are() -> None:
    said = subprocess.run(["sh", "tools/extra.sh", "rockets"], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stderr) == (2, "trellis: which one? make extra NAME=feeds (or ansible, otel, s3, terraform)\n")
