"""Every malformed line gets the place, a reason code and the nearest right thing."""

from __future__ import annotations

import pytest

from grammar.address import owner
from grammar.commands import Command, Create, Help, List, Product, Whoami
from grammar.line import command_of
from grammar.mistakes import Mistake, draw
from grammar.parse import parse_line, read
from grammar.wrong import Wrong

# line, code, what the carets point at, suggestion
ROWS: list[tuple[str, str, str, str | None]] = [
    # verbs
    ("/ivy", "missing_verb", "/ivy", "/ivy help"),
    ("/sled", "missing_verb", "/sled", "/sled help"),
    ("/ivy creat demo", "unknown_verb", "creat", "/ivy create demo"),
    ("/ivy craete demo --ttl 4h", "unknown_verb", "craete", "/ivy create demo --ttl 4h"),
    ("/ivy term demo", "unknown_verb", "term", "/ivy terminate demo"),
    ("/ivy stop demo", "unknown_verb", "stop", "/ivy pause demo"),
    ("/ivy delete", "unknown_verb", "delete", "/ivy terminate"),
    ("/ivy ls", "unknown_verb", "ls", "/ivy list"),
    ("/ivy create: demo", "unknown_verb", "create:", "/ivy create demo"),
    ("/ivy --help", "unknown_verb", "--help", "/ivy help"),
    ("/ivy frobnicate", "unknown_verb", "frobnicate", "/ivy help"),
    ("/ivy quokka demo", "unknown_verb", "quokka", "/ivy help"),
    ("/sled create demo", "unknown_verb", "create", "/ivy create demo"),
    ("/sled depoy web --to dev", "unknown_verb", "depoy", "/sled deploy web --to dev"),
    ("/sled deploy web@xyz --to dev", "bad_value", "web@xyz", "/sled deploy web@latest --to dev"),
    ("/sled deploy web@12 --to dev", "bad_value", "web@12", "/sled deploy web@!12 --to dev"),
    ("/sled deploy --to dev web", "extra_word", "web", "/sled deploy web --to dev"),
    ("/sled deploy web --to dev --to prod", "repeated_option", "--to prod", "/sled deploy web --to dev"),
    ("/sled deploy web --to", "missing_value", "--to", "/sled deploy web --to dev"),
    ("/sled status web@!12", "bad_value", "web@!12", "/sled status web"),
    ("/ivy help craete", "unknown_verb", "craete", "/ivy help create"),
    ("/ivy help nonsense", "unknown_verb", "nonsense", "/ivy help"),
    # options
    ("/ivy create --tll 48h", "unknown_option", "--tll", "/ivy create --ttl 48h"),
    ("/ivy create --tll=48h demo", "unknown_option", "--tll=48h", "/ivy create demo --ttl=48h"),
    ("/ivy create -ttl 4h", "unknown_option", "-ttl", "/ivy create --ttl 4h"),
    ("/ivy create --TTL 4h", "unknown_option", "--TTL", "/ivy create --ttl 4h"),
    ("/ivy create --tilt_args web", "unknown_option", "--tilt_args", "/ivy create --tilt-args web"),
    ("/ivy create demo --force", "unknown_option", "--force", "/ivy create demo"),
    ("/ivy create --frobnicate foo --ttl 4h", "unknown_option", "--frobnicate", "/ivy create --ttl 4h"),
    ("/ivy terminate demo -f", "unknown_option", "-f", "/ivy terminate demo"),
    ("/ivy create --help", "unknown_option", "--help", "/ivy help create"),
    ("/ivy create --ttlx 4h", "unknown_option", "--ttlx", "/ivy create --ttl 4h"),
    ("/ivy status --tail 5", "unknown_option", "--tail", "/ivy status"),
    ("/ivy create $(rm -rf /)", "unknown_option", "-rf", "/ivy create $(rm"),
    # values that are not there
    ("/ivy create --ttl", "missing_value", "--ttl", "/ivy create --ttl 48h"),
    ("/ivy create --ttl=", "missing_value", "--ttl=", "/ivy create --ttl 48h"),
    ("/ivy create --ttl = 4h", "missing_value", "--ttl", "/ivy create --ttl=4h"),
    ("/ivy create --ttl= 4h", "missing_value", "--ttl=", "/ivy create --ttl=4h"),
    ("/ivy create --ttl =4h", "missing_value", "--ttl", "/ivy create --ttl=4h"),
    ("/ivy create --ttl --size large", "missing_value", "--ttl", "/ivy create --ttl 48h --size large"),
    ("/ivy create --ttl --ttl 4h", "missing_value", "--ttl", "/ivy create --ttl 4h"),
    ("/ivy create --project", "missing_value", "--project", "/ivy create"),
    ("/ivy create --tilt-args --only web --ttl 4h", "missing_value", "--tilt-args", '/ivy create --tilt-args "--only web" --ttl 4h'),
    ("/ivy create --tilt-args -- web", "missing_value", "--tilt-args", "/ivy create -- web"),
    ("/ivy logs --tail -5", "missing_value", "--tail", "/ivy logs --tail 5"),
    ("/ivy extend --reason --until 18:00", "missing_value", "--reason", '/ivy extend --reason "why" --until 18:00'),
    # values of the wrong type
    ("/ivy create --ttl soon", "bad_value", "soon", "/ivy create --ttl 48h"),
    ("/ivy create --ttl 48", "bad_value", "48", "/ivy create --ttl 48h"),
    ("/ivy create --ttl=1.5h", "bad_value", "1.5h", "/ivy create --ttl=90m"),
    ("/ivy create --ttl 12h1d", "bad_value", "12h1d", "/ivy create --ttl 1d12h"),
    ("/ivy create --ttl 24H", "bad_value", "24H", "/ivy create --ttl 24h"),
    ("/ivy create --ttl 30s", "bad_value", "30s", "/ivy create --ttl 48h"),
    ("/ivy create --ttl 0h", "bad_value", "0h", "/ivy create --ttl 48h"),
    ("/ivy create --ttl 999999w", "bad_value", "999999w", "/ivy create --ttl 48h"),
    ("/ivy create --ttl ٤h", "bad_value", "٤h", "/ivy create --ttl 48h"),
    ("/ivy extend 24", "bad_value", "24", "/ivy extend 24h"),
    ("/ivy extend +24h", "bad_value", "+24h", "/ivy extend 24h"),
    ("/ivy extend 2weeks", "bad_value", "2weeks", "/ivy extend 2w"),
    ("/ivy extend --until fri", "bad_value", "fri", '/ivy extend --until "fri 18:00"'),
    ("/ivy extend --until 25:00", "bad_value", "25:00", '/ivy extend --until "fri 18:00"'),
    ("/ivy extend --until 2030-02-30", "bad_value", "2030-02-30", '/ivy extend --until "fri 18:00"'),
    ("/ivy extend --until 0001-01-01T00:00+14:00", "bad_value", "0001-01-01T00:00+14:00", '/ivy extend --until "fri 18:00"'),
    ("/ivy create --size Large", "bad_value", "Large", "/ivy create --size large"),
    ("/ivy create --size xl", "bad_value", "xl", "/ivy create --size medium"),
    ('/ivy create --name "my env"', "bad_value", '"my env"', "/ivy create --name my-env"),
    ("/ivy create --project acme/shop$", "bad_value", "acme/shop$", "/ivy create --project acme/shop"),
    ("/ivy create `demo`", "bad_value", "`demo`", "/ivy create demo"),
    ("/ivy create a..b", "bad_value", "a..b", "/ivy create"),
    ("/ivy create -", "bad_value", "-", "/ivy create"),
    ('/ivy create "--upload-pack=x"', "bad_value", '"--upload-pack=x"', "/ivy create upload-packx"),
    ('/ivy create "a b"', "bad_value", '"a b"', "/ivy create ab"),
    ("/ivy create a:b:c", "bad_value", "a:b:c", "/ivy create"),
    ("/ivy update --sha xyz", "bad_value", "xyz", "/ivy update"),
    ("/ivy logs --tail x", "bad_value", "x", "/ivy logs --tail 100"),
    ("/ivy logs --tail 0", "bad_value", "0", "/ivy logs --tail 100"),
    ("/ivy logs --tail 99999", "bad_value", "99999", "/ivy logs --tail 10000"),
    ("/ivy status feature/Login", "bad_value", "feature/Login", "/ivy status feature-login"),
    ("/ivy status 12", "bad_value", "12", "/ivy status #12"),
    ("/ivy status #0", "bad_value", "#0", "/ivy status"),
    ("/ivy status 24h", "bad_value", "24h", "/ivy status"),
    ("/ivy terminate --force=yes", "bad_value", "--force=yes", "/ivy terminate --force"),
    ('/ivy extend --reason ""', "bad_value", '""', '/ivy extend --reason "why"'),
    # words too many
    ("/ivy create --ttl 4h demo", "extra_word", "demo", "/ivy create demo --ttl 4h"),
    ("/ivy terminate --force demo", "extra_word", "demo", "/ivy terminate demo --force"),
    ("/ivy create demo please", "extra_word", "please", "/ivy create demo"),
    ("/ivy create --tilt-args up web --ttl 4h", "extra_word", "web", '/ivy create --tilt-args "up web" --ttl 4h'),
    ("/ivy extend --until fri 18:00", "extra_word", "18:00", '/ivy extend --until "fri 18:00"'),
    ("/ivy extend 24h demo", "extra_word", "demo", "/ivy extend demo 24h"),
    ("/ivy extend demo 24h 12h", "extra_word", "12h", "/ivy extend demo 24h"),
    ("/ivy create demo ttl 4h", "extra_word", "ttl", "/ivy create demo --ttl 4h"),
    ("/ivy create demo — --only web", "extra_word", "—", "/ivy create demo -- --only web"),
    ("/ivy create main --ttl 2 days", "extra_word", "days", "/ivy create main --ttl 2d"),
    ("/ivy transfer demo-x7k2qa grace", "extra_word", "grace", "/ivy transfer demo-x7k2qa @grace"),
    ("/ivy extend 2 days", "extra_word", "days", "/ivy extend 2d"),
    ("/ivy create main --ttl 3 months", "extra_word", "months", "/ivy create main --ttl 90d"),
    ('/ivy create main --ttl "3 months"', "bad_value", '"3 months"', "/ivy create main --ttl 90d"),
    ('/ivy extend "3 months"', "bad_value", '"3 months"', "/ivy extend 90d"),
    ("/ivy extend #12 '2 days'", "bad_value", "'2 days'", "/ivy extend #12 2d"),
    ("/ivy extend 5minutes", "bad_value", "5minutes", "/ivy extend 5m"),
    ("/ivy extend 1year", "bad_value", "1year", "/ivy extend 365d"),
    ("/ivy extend 99999999999999999999d", "bad_value", "99999999999999999999d", "/ivy extend 48h"),
    ("/ivy logs a b c", "extra_word", "c", "/ivy logs a b"),
    ("/ivy list demo", "extra_word", "demo", "/ivy list"),
    ("/ivy whoami please", "extra_word", "please", "/ivy whoami"),
    ("/ivy status -- --only web", "extra_word", "--", "/ivy status"),
    ('/ivy extend --reason "a"b', "extra_word", "b", '/ivy extend --reason "a" b'),
    # twice, or against each other
    ("/ivy create --ttl 4h --ttl 5h", "repeated_option", "--ttl 5h", "/ivy create --ttl 4h"),
    ("/ivy terminate --force --force", "repeated_option", "--force", "/ivy terminate --force"),
    ("/ivy list --mine --mine", "repeated_option", "--mine", "/ivy list --mine"),
    ("/ivy create shop:main --project web", "repeated_option", "--project web", "/ivy create shop:main"),
    ("/ivy logs demo web --service api", "repeated_option", "--service api", "/ivy logs demo web"),
    ("/ivy list --mine --all", "conflicting_options", "--all", "/ivy list --mine"),
    ("/ivy extend 24h --until 18:00", "conflicting_options", "--until 18:00", "/ivy extend 24h"),
    ('/ivy create --tilt-args "a b" -- c', "both_tilt_args", "-- c", "/ivy create -- a b c"),
    ('/ivy create --tilt-args "a b" -- a b', "both_tilt_args", "-- a b", "/ivy create -- a b"),
    # quotes
    ('/ivy create "demo', "unclosed_quote", '"', '/ivy create "demo"'),
    ('/ivy create --name "demo', "unclosed_quote", '"', '/ivy create --name "demo"'),
    ('/ivy create --name="demo', "unclosed_quote", '"', '/ivy create --name="demo"'),
    ("/ivy extend --reason it is 'fine", "unclosed_quote", "'", "/ivy extend --reason it is 'fine'"),
    ('/ivy create -- a "b', "unclosed_quote", '"', '/ivy create -- a "b"'),
    ('/ivy create --tilt-args "--only \'web"', "unclosed_quote", "'", "/ivy create --tilt-args \"--only 'web'\""),
    ("/ivy create “demo", "unclosed_quote", "“", '/ivy create "demo"'),
    (f"/ivy create {'a' * 4096}", "too_long", "a", None),
]


def mistake_in(line: str) -> Mistake:
    answer = parse_line(line)
    assert isinstance(answer, Mistake), answer
    return answer


@pytest.mark.parametrize(("line", "code", "place", "suggestion"), ROWS, ids=[line[:60] for line, *_ in ROWS])
def test_a_mistake_has_its_code_place_and_suggestion(line: str, code: str, place: str, suggestion: str | None) -> None:
    mistake = mistake_in(line)
    carets = mistake.excerpt.carets
    pointed = mistake.excerpt.line[carets.index("^") : len(carets)]
    assert (mistake.code.value, pointed, mistake.suggestion) == (code, place, suggestion)
    assert line[mistake.column - 1 :].startswith(place)


@pytest.mark.parametrize(("line", "code", "place", "suggestion"), ROWS, ids=[line[:60] for line, *_ in ROWS])
def test_a_suggestion_parses(line: str, code: str, place: str, suggestion: str | None) -> None:
    assert suggestion is None or isinstance(parse_line(suggestion), Command)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("/ivy create --tll 4h", 13),
        ("   /ivy create --tll 4h", 16),
        ("/ivy create \u200b\u200b--tll 4h", 15),
        ("/ivy\u00a0create —tll 4h", 13),
        ("/ivy create “main” —tll 4h", 20),
        ("/ivy create 😀 --tll 4h", 15),
        ('/ivy create --tilt-args "a \\"b" c"', 33),
        ('/ivy create --tilt-args "\\"a\\" \'b"', 32),
        ("/ivy create —ttl=soon", 18),
    ],
)
def test_the_column_counts_characters_as_typed(line: str, column: int) -> None:
    assert mistake_in(line).column == column


def test_a_mistake_is_drawn_below_its_line() -> None:
    assert draw(mistake_in("/ivy create --tll 48h")) == (
        "`/ivy create --tll 48h`",
        "             ^^^^^ no option `--tll` here. Did you mean `--ttl`?",
        "Try: `/ivy create --ttl 48h`",
    )


def test_the_drawing_of_a_long_line_is_clipped_around_the_place() -> None:
    line, carets, _ = draw(mistake_in(f"/ivy create -- {'a ' * 500}'b {'c ' * 500}"))
    assert len(line) < 130
    assert line[carets.index("^")] == "'"


def test_wide_and_invisible_characters_do_not_move_the_carets() -> None:
    drawn = mistake_in("/ivy create 東京\u200b --tll 4h").excerpt
    assert drawn.carets == " " * (len("/ivy create ") + 4 + 1) + "^^^^^"


def test_a_bare_verb_of_both_languages_shows_both_forms_and_does_nothing() -> None:
    both = {Product.IVY: {"status": Create, "help": Help}, Product.SLED: {"status": List, "help": Help}}
    assert [owner(verb, both) for verb in ("status", "help")] == [None, Product.IVY]
    with pytest.raises(Wrong, match="both have `status`: say `/ivy status` or `/sled status`") as caught:
        command_of(None, "status demo")
    assert caught.value.code == "ambiguous_verb"


def test_a_shared_bare_verb_is_ivys() -> None:
    assert parse_line("whoami") == Whoami()


def test_the_sixth_command_is_told_why_not() -> None:
    found = read("/ivy list\n" * 4 + "/ivy lst\n" + "/ivy url\n\nand\n\n/ivy why\n", "markdown")
    told = [(each.position, getattr(each, "mistake", None) and (each.mistake.code.value, each.mistake.suggestion)) for each in found]  # type: ignore[union-attr]
    assert told == [
        *((position, None) for position in range(4)),
        (4, ("unknown_verb", "/ivy list")),
        (5, ("too_many", "/ivy url")),
        (6, ("too_many", "/ivy why")),
    ]
