"""The same conversation on a merge request, with GitLab's own words, signs and rights."""

from __future__ import annotations

import pytest

from tests.conversations.talk import Talk, words


async def test_a_note_makes_a_running_environment(tools: Talk) -> None:
    said = await tools.says("/ivy create")
    assert said == [
        words(
            r"""
            ### ✅ **demo-33pasm** · `demo` · ready in 0.0 s

            ✓ provisioning 0 s · ✓ configuring 0 s · ✓ starting 0 s

            **commit** `3920690f`\
            **owner** gina\
            **goes** 2026-12-02 12:00 UTC

            <http://demo-33pasm.localhost:8780>

            Next: `/ivy extend demo-33pasm` · `/ivy logs demo-33pasm` · `/ivy terminate demo-33pasm`
            """
        ),
        words(
            """
            ✅ @gina **demo-33pasm** is ready after 0.0 s: `demo` at `3920690f`

            <http://demo-33pasm.localhost:8780>

            It goes 2026-12-02 12:00 UTC. More time: `/ivy extend`
            """
        ),
    ]
    assert tools.signs == ["eyes", "white_check_mark"]
    assert await tools.world.command_states() == ["done"]


async def test_a_whole_life(tools: Talk) -> None:
    tools.world.engine.fail_next("web exited with code 1 after 0.4 s", "boom @all <b>")
    said = []
    for line in ("/ivy create", "/ivy retry", "/ivy extend 2h", "/ivy extend 90h", "/ivy status", "/ivy restart", "/ivy terminate"):
        said += [each.partition("\n")[0] for each in await tools.says(line)]
    assert said == [
        "### ❌ **demo-33pasm** · `demo` · failed",
        "❌ @gina **demo-33pasm** did not become ready: web exited with code 1 after 0.4 s",
        "✅ @gina **demo-33pasm** is ready after 0.0 s: `demo` at `3920690f`",
        "✅ **demo-33pasm** has 2 h more and goes 2026-12-02 14:00 UTC.",
        "⏳ @gina **demo-33pasm** would live longer than 96 h in all: 90 h more, until 2026-12-06 08:00 UTC.",
        "✅ **demo-33pasm** is ready.",
        "✅ @gina **demo-33pasm** was restarted and is healthy.",
        "@gina **demo-33pasm** is gone: gina asked for it.",
    ]
    assert tools.world.gitlab.quick_actions == []


async def test_a_note_on_a_line_of_the_diff_counts_too(tools: Talk) -> None:
    delivery = tools.world.gitlab.says(tools.on, tools.by, "/ivy create", is_on_line=True)
    await tools.world.deliver("gitlab", delivery)
    assert len(await tools.world.environments()) == 1
    assert delivery.comment is not None
    assert tools.forge.reactions(delivery.comment) == tools.forge.reactions(delivery.comment)[:2]


@pytest.mark.parametrize("text", ["/ivy create\n/merge\n/close", "/close\n\n/ivy create", "/ivy create\n/assign me"])
async def test_gitlabs_own_quick_actions_beside_ours_are_no_commands_of_ours(tools: Talk, text: str) -> None:
    await tools.says(text)
    assert await tools.world.command_states() == ["done"]


async def test_a_merge_request_is_named_with_an_exclamation_mark(tools: Talk) -> None:
    await tools.makes()
    for name in ("!5", "#5", "tools!5", "TOOLS#5"):
        assert (await tools.answer(f"/ivy url {name}")).startswith("✅ **demo-")
