"""The same in Slack: slash commands, mentions, direct messages; threads, signs, whispers, retries."""

from __future__ import annotations

from bot.domain.environment import State
from tests.conversations.slack import Slack, shown
from tests.conversations.talk import words


async def test_a_slash_command_opens_a_thread_that_holds_the_card(slack: Slack) -> None:
    said = await slack.slash("create demo")
    assert shown(said) == [
        "*dana*: `/ivy create demo`",
        words(
            """
            ✅ demo-cd7qqd · demo · ready in 0.0 s
            ✓ provisioning 0 s · ✓ configuring 0 s · ✓ starting 0 s
            *commit*
            `bbbbbbbb`
            *owner*
            <@U0DANA>
            *goes*
            <!date^1796212800^{date_short_pretty} {time}|2026-12-02 12:00 UTC>
            <http://demo-cd7qqd.localhost:8780>
            [+4 h] [+24 h] [Logs] [Terminate]
            """
        ),
        words(
            """
            ✅ <@U0DANA> *demo-cd7qqd* is ready after 0.0 s: `demo` at `bbbbbbbb`
            <http://demo-cd7qqd.localhost:8780>
            It goes <!date^1796212800^{date_short_pretty} {time}|2026-12-02 12:00 UTC>. More time: `/ivy extend`
            """
        ),
    ]
    opened, card, ready = said
    assert [each.channel for each in said] == ["C0LAB"] * 3
    assert opened.thread == opened.ts
    assert card.thread == ready.thread == opened.ts
    assert (await slack.world.environment()).state is State.READY


async def test_in_the_thread_it_opened_its_environment_is_meant(slack: Slack) -> None:
    opened, *_ = await slack.slash("create demo")
    [reply] = await slack.mention("@trellis extend 2h", thread=opened.ts)
    assert reply.shown == words(
        """
        ✅ *demo-cd7qqd* has 2 h more and goes <!date^1796220000^{date_short_pretty} {time}|2026-12-02 14:00 UTC>.
        It can be extended until <!date^1796385600^{date_short_pretty} {time}|2026-12-04 12:00 UTC>.
        """
    )
    assert reply.thread == opened.ts
    [gone] = await slack.mention("<@U0BOT> terminate", thread=opened.ts)
    assert gone.shown == words(
        """
        <@U0DANA> *demo-cd7qqd* is gone: dana asked for it.
        Have it again: `/ivy restore demo-cd7qqd`
        """
    )


async def test_where_the_bot_is_not_the_card_lives_in_a_direct_message(slack: Slack) -> None:
    said = await slack.slash("create lab:demo", channel=slack.away)
    assert [(each.channel, each.whispered_to) for each in said] == [("D0DANA", None)] * 3
    assert shown(said)[0] == "*dana*: `/ivy create lab:demo`"
    environment = await slack.world.environment()
    assert environment.state is State.READY
    [reply] = await slack.dm("url", thread=said[0].ts)
    assert reply.shown == words(
        """
        ✅ *demo-cd7qqd*
        <http://demo-cd7qqd.localhost:8780>
        """
    )


async def test_where_the_bot_is_not_an_answer_is_whispered_to_who_asked(slack: Slack) -> None:
    [reply] = await slack.slash("list", channel=slack.away)
    assert (reply.channel, reply.whispered_to, reply.shown) == ("C0AWAY", "U0DANA", "No environments in all. Make one: `/ivy create`")


async def test_a_mention_is_answered_in_its_thread_with_signs(slack: Slack) -> None:
    said = await slack.mention("@trellis create demo")
    asked = next(each for each in slack.world.slack.messages(slack.lab) if each.user == "U0DANA")
    assert shown(said) == [
        words(
            """
            ✅ demo-cd7qqd · demo · ready in 0.0 s
            ✓ provisioning 0 s · ✓ configuring 0 s · ✓ starting 0 s
            *commit*
            `bbbbbbbb`
            *owner*
            <@U0DANA>
            *goes*
            <!date^1796212800^{date_short_pretty} {time}|2026-12-02 12:00 UTC>
            <http://demo-cd7qqd.localhost:8780>
            [+4 h] [+24 h] [Logs] [Terminate]
            """
        ),
        words(
            """
            ✅ <@U0DANA> *demo-cd7qqd* is ready after 0.0 s: `demo` at `bbbbbbbb`
            <http://demo-cd7qqd.localhost:8780>
            It goes <!date^1796212800^{date_short_pretty} {time}|2026-12-02 12:00 UTC>. More time: `/ivy extend`
            """
        ),
    ]
    assert {each.thread for each in said} == {asked.ts}
    assert asked.reactions == ["eyes", "white_check_mark"]


async def test_a_refused_mention_gets_a_cross(slack: Slack) -> None:
    [reply] = await slack.mention("@trellis create nope")
    asked = slack.world.slack.messages(slack.lab)[0]
    assert reply.shown == words(
        """
        ❌ <@U0DANA> There is no branch `nope` in lab.
        •  Try: `/ivy create lab:demo`
        •  Try: `/ivy create lab:main`
        [/ivy create lab:demo] [/ivy create lab:main]
        reason: `unknown_branch`
        """
    )
    assert asked.reactions == ["eyes", "x"]


async def test_in_a_direct_message_the_bare_verb_will_do(slack: Slack) -> None:
    for text in ("create lab:demo", "/ivy create lab:demo", "Create lab:demo", "ivy create lab:demo"):
        assert len(await slack.dm(text)) == 2, text
    assert (await slack.world.environment()).owner.id == "U0DANA"
    assert await slack.world.command_states() == ["done"] * 4


async def test_a_direct_message_without_a_command_gets_one_line_of_help(slack: Slack) -> None:
    assert shown(await slack.dm("good morning")) == ["Say what you want, for instance `create demo` or `help`."]


async def test_in_a_channel_only_what_is_said_to_the_bot_counts(slack: Slack) -> None:
    assert await slack.mention("I asked @trellis to create demo") == []
    assert await slack.slash("create demo", command="/deploy") == []
    assert await slack.world.environments() == []


async def test_a_channels_default_project_is_meant_there(slack: Slack) -> None:
    await slack.slash("create demo")
    assert (await slack.world.environment()).project == "lab"
    [_, reply] = await slack.slash("create demo", channel=slack.hall)
    assert reply.shown == words(
        """
        ❌ <@U0DANA> Which project? Say one of these:
        •  `--project lab`
        •  `--project shop`
        •  `--project tools`
        reason: `which_project`
        """
    )


async def test_what_slack_makes_of_words_is_undone(slack: Slack) -> None:
    slack.world.lab["a&b"] = "c" * 40
    await slack.mention("@trellis create “a&amp;b” —ttl 3h")
    environment = await slack.world.environment()
    assert (environment.branch, environment.expires_at - environment.created_at) == ("a&b", 3 * 3600)


async def test_a_retry_of_slack_is_the_same_message(slack: Slack) -> None:
    for asked in (
        slack.world.slack.slash(slack.person("dana"), slack.lab, "/ivy", "create demo"),
        slack.world.slack.mention(slack.person("dana"), slack.lab, "@trellis create main"),
        slack.world.slack.dm(slack.person("dana"), "whoami"),
    ):
        await slack.deliver(asked)
        assert await slack.deliver(slack.world.slack.retry(asked)) == []
    assert await slack.world.command_states() == ["done", "done", "done"]


async def test_a_viewer_looks_and_changes_nothing(slack: Slack) -> None:
    assert shown(await slack.dm("create lab:demo", by="vera")) == [
        words(
            """
            ❌ <@U0VERA> You may not run `/ivy create`: it needs the role developer here, and yours is viewer.
            Rule: `changing`. Who may: developer, admin.
            reason: `not_allowed`
            """
        ),
    ]
    assert shown(await slack.dm("list", by="vera")) == ["No environments in all. Make one: `/ivy create`"]
    assert shown(await slack.dm("whoami", by="vera")) == [
        words(
            """
            You are *vera* on slack (id U0VERA): viewer.
            You may learn, join, look.
            Because: the configuration.
            """
        ),
    ]
    assert shown(await slack.dm("help", by="vera")) == [
        words(
            """
            What you can say here:
            `/ivy status [ENV]` · Say how it is, where it answers and when it goes.
            `/ivy list [--mine|--all|--expiring]` · List environments.
            `/ivy logs [ENV] [SERVICE] [--service S] [--tail N]` · Show the last lines its services wrote.
            `/ivy url [ENV]` · Say where it answers.
            `/ivy why [ENV]` · Tell who or what did what to it, and by which rule.
            `/ivy config [ENV]` · Show what it is made of and where each value is from, its price per hour and how long making takes.
            `/ivy history [ENV]` · Show the environments there were for this branch: when, whose, what they cost and why they went.
            `/ivy cost [ENV] [--mine] [--team TEAM]` · Say what it has cost so far, and what it will until it goes.
            `/ivy link [CODE]` · Join your accounts: get a code here, say it with the other account, confirm here.
            `/ivy unlink [ACCOUNT]` · Part this account, or another one of yours, from the rest.
            `/ivy help [COMMAND]` · Show what you may run, or one command with examples.
            `/ivy whoami` · Say who the bot takes you for and what you may do.
            13 more need the role developer; yours is viewer: create, update, extend, terminate, restart, cancel, retry, keep, unkeep, pause, resume, transfer, restore.
            2 more need the role admin; yours is viewer: approve, reject.
            More on one: `/ivy help create`
            """
        ),
    ]


async def test_somebody_who_is_not_on_the_list_is_refused_once_and_told_why(slack: Slack) -> None:
    await slack.slash("create demo")
    assert shown(await slack.mention("@trellis terminate demo-cd7qqd", by="mallory")) == [
        words(
            """
            ❌ <@U0MALLORY> You may not run `/ivy terminate`: it needs a role, and you are not among the people who have one here. Whoever runs Trellis can add you.
            Rule: `changing`. Who may: developer, admin.
            reason: `not_allowed`
            """
        ),
    ]
    assert await slack.dm("what is this", by="mallory") == []
    assert await slack.dm("creat demo", by="mallory") == []
    assert (await slack.world.environment()).state is State.READY


async def test_a_terminated_environments_card_says_so(slack: Slack) -> None:
    _, card, _ = await slack.slash("create demo --ttl 1h")
    before = card.versions
    await slack.world.pass_time(hours=1.1)
    assert card.versions > before
    assert card.shown == words(
        """
        demo-cd7qqd · demo · gone: its time was over
        *commit*
        `bbbbbbbb`
        *owner*
        <@U0DANA>
        *gone*
        <!date^1796043960^{date_short_pretty} {time}|2026-11-30 13:06 UTC>
        """
    )
    assert slack.said[-1].shown == words(
        """
        <@U0DANA> *demo-cd7qqd* is gone: its time was over.
        Have it again: `/ivy restore demo-cd7qqd`
        """
    )


async def test_a_failure_shows_its_log_without_calling_anybody(slack: Slack) -> None:
    slack.world.engine.fail_next("it <!channel> failed", "<@U0ADA> ``` *bold* <http://x|y>")
    assert shown(await slack.mention("@trellis create demo"))[-1] == words(
        """
        ❌ <@U0DANA> *demo-cd7qqd* did not become ready: it &lt;!channel&gt; failed
        ```
        &lt;@U0ADA&gt; ˋˋˋ *bold* &lt;http://x|y&gt;
        ```
        Push a fix, or: `/ivy retry demo-cd7qqd` · all of the log: `/ivy logs demo-cd7qqd`
        reason: `failed`
        """
    )
