"""Several commands in one message: in order, five at most, each answered; and lines that are no commands."""

from __future__ import annotations

from tests.conversations.talk import Talk, words


async def test_they_run_in_order(shop: Talk) -> None:
    said = await shop.says("Let us see.\n\n/ivy create\n/ivy extend 2h\n\nand then\n\n/ivy whoami")
    assert [each.partition("\n")[0] for each in said] == [
        "### ✅ **demo-vn4gah** · `demo` · ready in 0.0 s",
        "✅ **demo-vn4gah** has 2 h more and goes 2026-12-02 14:00 UTC.",
        "You are **dana** on github (id 7): developer in acme/shop.",
        "✅ @dana **demo-vn4gah** is ready after 0.0 s: `demo` at `782938f1`",
    ]
    assert await shop.world.command_states() == ["done", "done", "done"]


async def test_five_run_and_the_sixth_is_told_why_not(shop: Talk) -> None:
    said = await shop.says("\n".join(["/ivy whoami"] * 7))
    assert [each.partition("\n")[0] for each in said] == [
        "You are **dana** on github (id 7): developer in acme/shop.",
        "You are **dana** on github (id 7): developer in acme/shop.",
        "You are **dana** on github (id 7): developer in acme/shop.",
        "You are **dana** on github (id 7): developer in acme/shop.",
        "You are **dana** on github (id 7): developer in acme/shop.",
        "❌ @dana That was not understood, and nothing was done.",
        "❌ @dana That was not understood, and nothing was done.",
    ]
    assert said[-1] == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        /ivy whoami
        ^^^^^^^^^^^ a message may hold 5 commands: say this one in a message of its own.
        ```

        Try: `/ivy whoami`

        <sub>reason: `too_many`</sub>
        """
    )
    assert await shop.world.command_states() == ["done"] * 5 + ["refused"] * 2


async def test_one_that_is_wrong_does_not_stop_the_others(shop: Talk) -> None:
    said = await shop.says("/ivy creat\n/ivy whoami\n/ivy extend")
    assert [each.partition("\n")[0] for each in said] == [
        "❌ @dana That was not understood, and nothing was done.",
        "You are **dana** on github (id 7): developer in acme/shop.",
        "❌ @dana There is no environment here. Make one: `/ivy create` · list them: `/ivy list`",
    ]
    assert await shop.world.command_states() == ["refused", "done", "refused"]


async def test_create_and_terminate_in_one_message_leave_nothing(shop: Talk) -> None:
    await shop.says("/ivy create\n/ivy terminate")
    assert await shop.world.environments() == []
    assert await shop.world.is_all_answered()


NO_COMMANDS = (
    "hello",
    "try `/ivy create`",
    "```\n/ivy create\n```",
    "> /ivy create",
    "    /ivy create",
    "<!-- \n/ivy create\n-->",
    "see /ivy create",
    "[/ivy create](x)",
    "/ivycreate",
    "\n",
    "\u200b",
    "- /ivy create",
)


async def test_what_is_no_command_is_met_with_silence(shop: Talk) -> None:
    for text in NO_COMMANDS:
        assert await shop.says(text) == [], text
        assert shop.signs == []
    assert await shop.world.command_states() == []


async def test_what_markdown_swallows_is_told_to_its_author(shop: Talk) -> None:
    assert await shop.says("> shall we?\n/ivy create") == [
        words(
            """
            ❌ @dana That was not understood, and nothing was done.

            ```
            /ivy create
            ^^^^^^^^^^^ Markdown reads this line as part of the quote above it: leave an empty line between.
            ```

            Try: `/ivy create`

            <sub>reason: `swallowed`</sub>
            """
        ),
    ]
    assert shop.signs == ["eyes", "confused"]


async def test_however_it_is_written_it_is_understood(shop: Talk) -> None:
    lines = ("/IVY whoami", "   /ivy whoami", "/ivy\u00a0whoami", "@trellis-bot ivy whoami", "@Trellis-Bot ivy whoami", "/ivy  whoami  ")
    for line in lines:
        assert len(await shop.says(f"please\n\n{line}\n\nthanks")) == 1, line
    assert await shop.world.command_states() == ["done"] * len(lines)


async def test_the_bare_verb_will_do_after_a_mention_only(shop: Talk) -> None:
    await shop.says("create")
    assert await shop.world.command_states() == []


async def test_each_mistake_gets_its_place_its_reason_and_the_nearest_right_thing(shop: Talk) -> None:
    assert await shop.answer("/ivy extend --tll 48h") == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        /ivy extend --tll 48h
                    ^^^^^ no option `--tll` here.
        ```

        Try: `/ivy extend`

        <sub>reason: `unknown_option`</sub>
        """
    )
    assert await shop.answer("/ivy create --ttl soon") == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        /ivy create --ttl soon
                          ^^^^ `soon` is not a duration: say `45m`, `4h`, `2d`, `1w` or `1d12h`.
        ```

        Try: `/ivy create --ttl 48h`

        <sub>reason: `bad_value`</sub>
        """
    )
    assert await shop.answer("/ivy") == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        /ivy
        ^^^^ what shall `/ivy` do?
        ```

        Try: `/ivy help`

        <sub>reason: `missing_verb`</sub>
        """
    )


async def test_a_very_long_message_is_answered(shop: Talk) -> None:
    said = await shop.says("x" * 65_000)
    assert said == []
    assert await shop.answer("/ivy create " + "b" * 5000) == words(
        """
        ❌ @dana That was not understood, and nothing was done.

        ```
        …bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
                                                                                         ^ a command line may be 4 KiB long, and this one goes on.
        ```

        <sub>reason: `too_long`</sub>
        """
    )


async def test_a_comment_on_a_line_of_the_diff_counts_too(shop: Talk) -> None:
    delivery = shop.world.github.says(shop.on, shop.by, "/ivy create", is_on_line=True)
    await shop.world.deliver("github", delivery)
    assert len(await shop.world.environments()) == 1
    assert delivery.comment is not None
    assert shop.forge.reactions(delivery.comment) == ["eyes", "+1"]
    assert len(shop.heard) == 2


async def test_githubs_default_form_encoding_counts_too(shop: Talk) -> None:
    await shop.world.deliver("github", shop.world.github.says(shop.on, shop.by, "/ivy create --name 'ünï'\n/ivy create", is_form=True))
    assert len(await shop.world.environments()) == 1
