"""What the doctor says of deploys to this host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.doctor import Finding, _deploys
from bot.keep import host_settings
from bot.settings import Settings
from deploy.host import hosting
from processes import protection


async def test_the_doctor_says_whether_services_can_be_deployed_to_this_host(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    away = await _deploys(settings)
    assert (away.finding, away.words) == (
        Finding.BAD,
        "The keeper, which runs deploys on this host, is not running. Is `trellis up` running?",
    )
    async with hosting(host_settings(settings)):
        found = await _deploys(settings)
        assert found.finding is (Finding.GOOD if (await protection()).sandbox else Finding.WARNING)
        assert found.words.startswith("0 programs run, 0 runs of deploy.py")
    async with hosting(replace(host_settings(settings), python="/nowhere/python")):
        broken = await _deploys(settings)
        assert (broken.finding, "/nowhere/python cannot be asked for libdeploy" in broken.words) == (Finding.BAD, True)
