"""Comments meant for other bots hold nothing for us."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from grammar.parse import read

PAYLOADS = Path(os.environ.get("TRELLIS_PAYLOADS") or Path(__file__).parents[3] / "shared" / "payloads")
TEXTS = PAYLOADS / "comment_texts.jsonl"


@pytest.mark.skipif(not TEXTS.exists(), reason="the comments of other projects are not here (TRELLIS_PAYLOADS)")
@pytest.mark.parametrize("dialect", ["markdown", "slack"])
def test_other_bots_commands_are_not_ours(dialect: str) -> None:
    texts = [json.loads(line)["text"] for line in TEXTS.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(texts) > 100
    found = {text: read(text, dialect, bot_name="trellis") for text in texts if "/ivy" not in text and "/sled" not in text}
    assert {text: each for text, each in found.items() if each} == {}
