"""The console talks to the same bus and shows the same cards."""

from __future__ import annotations

from tests.conversations.talk import words
from tests.world import World


async def test_a_line_in_a_terminal_makes_an_environment(world: World) -> None:
    assert await world.types("/ivy create lab:demo") == [
        words(
            """
            ✓ dana: demo-cd7qqd is ready after 0.0 s: demo at bbbbbbbb
              http://demo-cd7qqd.localhost:8780
              It goes 2026-12-02 12:00 UTC. More time: /ivy extend
            """
        ),
    ]
    assert await world.card() == words(
        """
        ✓ demo-cd7qqd · demo · ready in 0.0 s
          ✓  provisioning  0 s
          ✓  configuring   0 s
          ✓  starting      0 s
          commit  bbbbbbbb
          owner   dana
          goes    2026-12-02 12:00 UTC
          http://demo-cd7qqd.localhost:8780
          Next: /ivy extend demo-cd7qqd · /ivy logs demo-cd7qqd · /ivy terminate demo-cd7qqd
        """
    )
    assert await world.types("list") == [
        words(
            """
            • One environment in all:
              environment   state   branch   owner   goes
              ───────────────────────────────────────────────────────────
              demo-cd7qqd   ready   demo     dana    2026-12-02 12:00 UTC
            """
        ),
    ]
    assert await world.types("extend 2h") == [
        words(
            """
            ✓ demo-cd7qqd has 2 h more and goes 2026-12-02 14:00 UTC.
              It can be extended until 2026-12-04 12:00 UTC.
            """
        ),
    ]
    assert await world.types("/ivy terminate") == [
        words(
            """
            • dana: demo-cd7qqd is gone: dana asked for it.
              Have it again: /ivy restore demo-cd7qqd
            """
        ),
    ]
    assert await world.card() == words(
        """
        • demo-cd7qqd · demo · gone: dana asked for it
          commit  bbbbbbbb
          owner   dana
          gone    2026-11-30 12:00 UTC
        """
    )


async def test_without_a_project_it_asks_which(world: World) -> None:
    assert await world.types("create") == [
        words(
            """
            ✗ dana: Which project? Say one of these:
              - --project lab
              - --project shop
              - --project tools
              reason: which_project
            """
        ),
    ]
    assert await world.types("create --project nope") == [
        words(
            """
            ✗ dana: There is no project nope here. There is:
              - --project shop
              reason: unknown_project
            """
        ),
    ]
    assert await world.types("create --project lab") == [
        words(
            """
            ✗ dana: Which branch? For instance /ivy create lab:main
              reason: which_branch
            """
        ),
    ]


async def test_two_in_one_thread_are_named(world: World) -> None:
    await world.types("create lab:demo")
    await world.types("create lab:main")
    assert await world.types("extend") == [
        words(
            """
            ✗ dana: Which one? There is more than one here:
              - demo-cd7qqd · demo
              - main-3i667h · main
              reason: which_environment
            """
        ),
    ]
    assert await world.types("extend 1h", thread="elsewhere") == [
        words(
            """
            ✗ dana: There is no environment here. Make one: /ivy create · list them: /ivy list
              reason: no_environment
            """
        ),
    ]
    [demo, main] = await world.environments()
    assert (await world.types(f"terminate {demo.slug}"))[0].startswith(f"• dana: {demo.slug} is gone")
    assert (await world.types("extend 1h"))[0].startswith(f"✓ {main.slug} has 1 h more")


async def test_an_unknown_branch_names_the_nearest(world: World) -> None:
    assert await world.types("create lab:dmo") == [
        words(
            """
            ✗ dana: There is no branch dmo in lab.
              - Try: /ivy create lab:demo
              reason: unknown_branch
            """
        ),
    ]


async def test_what_is_no_command_gets_one_line_of_help(world: World) -> None:
    assert await world.types("hello there") == ["• Say what you want, for instance create demo or help."]
    assert await world.types("creat lab:demo") == [
        words(
            """
            ✗ dana: That was not understood, and nothing was done.
                creat lab:demo
                ^^^^^ `/ivy` knows no `creat`. Did you mean `create`?
              Try: /ivy create lab:demo
              reason: unknown_verb
            """
        ),
    ]


async def test_the_prefix_may_be_left_out(world: World) -> None:
    for text in ("list", "LIST", "/ivy list", "ivy list"):
        assert (await world.types(text))[0].startswith("• No environments in all."), text


async def test_a_verb_of_both_languages_shows_both_forms_and_does_nothing(world: World) -> None:
    [answer] = await world.types("status")
    assert "both have `status`: say `/ivy status` or `/sled status`." in answer
    assert answer.endswith("reason: ambiguous_verb")


async def test_several_lines_are_several_commands(world: World) -> None:
    assert len(await world.types("create lab:demo\nlist\nwhoami")) == 3


async def test_each_person_has_a_thread_and_an_environment_an_owner(world: World) -> None:
    await world.types("create lab:demo", by="Erin")
    assert (await world.environment()).owner.name == "Erin"
    assert await world.types("list --mine", by="dana") == ["• No environments of yours. Make one: /ivy create"]
    assert len(await world.types("list --mine", by="erin")) == 1


async def test_a_local_project_follows_its_branch(world: World) -> None:
    await world.types("create lab:demo")
    world.lab["demo"] = "c" * 40
    await world.branches.moved("lab", "refs/heads/demo")
    await world.settle()
    assert (await world.environment()).running_sha == "c" * 40
    del world.lab["demo"]
    await world.branches.moved("lab", "refs/heads/demo")
    await world.settle()
    assert await world.environments() == []


async def test_a_terminal_shows_no_escape_of_anybodys(world: World) -> None:
    world.engine.fail_next("\x1b[31mred\x1b]0;title\x07", "\x1b[2J\x1b]8;;http://evil\x07x")
    said = await world.types("create lab:demo") + [await world.card()]
    assert "\x1b" not in "".join(said)
    assert "\x07" not in "".join(said)
