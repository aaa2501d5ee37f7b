"""The manual, the grammar and the commands say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lark import Lark
from lark.exceptions import GrammarError
from lark.lexer import Lexer

import grammar
from grammar.commands import COMMANDS, VERBS, Command, Product, option_of
from grammar.help import Word, manual
from grammar.parse import parse_line

SOURCE = (Path(grammar.__file__).parent / "commands.lark").read_text(encoding="utf-8")
RULES = dict(re.findall(r"^([a-z_]+): (.*)$", SOURCE, re.MULTILINE))


def test_each_usage_is_as_the_language_has_it() -> None:
    assert [page.usage for page in manual()] == [
        '/ivy create [BRANCH] [--project P] [--name N] [--tilt-args "…"] [--sha SHA] [--ttl D] [--size S] [--profile P] [--service A,B] [--seed DATASET] [--dry-run] [--keep] [-- TILT ARGS]',
        '/ivy update [ENV] [--sha SHA] [--tilt-args "…"] [--size S] [--seed DATASET] [-- TILT ARGS]',
        "/ivy extend [ENV] [DURATION] [--until T] [--reason R]",
        "/ivy terminate [ENV] [--force]",
        "/ivy restart [ENV] [SERVICE] [--service S] [--new-key]",
        "/ivy status [ENV]",
        "/ivy list [--mine|--all|--expiring]",
        "/ivy logs [ENV] [SERVICE] [--service S] [--tail N]",
        "/ivy url [ENV]",
        "/ivy why [ENV]",
        "/ivy cancel [ENV]",
        "/ivy retry [ENV]",
        "/ivy config [ENV]",
        "/ivy keep [ENV]",
        "/ivy unkeep [ENV]",
        "/ivy pause [ENV]",
        "/ivy resume [ENV]",
        "/ivy transfer [ENV] [@PERSON]",
        "/ivy restore [ENV]",
        "/ivy history [ENV]",
        "/ivy cost [ENV] [--mine] [--team TEAM]",
        "/ivy approve [ID] [--comment C]",
        "/ivy reject [ID] [--comment C]",
        "/ivy link [CODE]",
        "/ivy unlink [ACCOUNT]",
        "/ivy help [COMMAND]",
        "/ivy whoami",
        "/sled deploy [TARGET[@ARTIFACT] …] [--to E] [--reason R] [--dry-run] [--force]",
        "/sled plan [TARGET[@ARTIFACT] …] [--to E]",
        "/sled status [TARGET …] [--in E]",
        "/sled artifacts [TARGET …]",
        "/sled rollback [TARGET …] [--to E] [--to-deploy N] [--reason R] [--veto]",
        "/sled promote [TARGET …] [--from E] [--to E] [--reason R]",
        "/sled diff [TARGET …] [--in E] [--from E]",
        "/sled beta [SERVICE[@!12] …] [--to E] [--reason R]",
        "/sled release [SERVICE …] [--in E]",
        "/sled lock [SCOPE] [--reason R] [--for D] [--warn]",
        "/sled unlock [SCOPE]",
        "/sled locks",
        "/sled freeze",
        "/sled veto [SERVICE@ARTIFACT …] [--reason R]",
        "/sled unveto [SERVICE@ARTIFACT …]",
        "/sled resume [TARGET …] [--in E]",
        "/sled cancel [DEPLOY]",
        "/sled retry [DEPLOY]",
        "/sled logs [DEPLOY]",
        "/sled why [DEPLOY]",
        "/sled history [TARGET …] [--in E]",
        "/sled approve [ID] [--comment C]",
        "/sled reject [ID] [--comment C]",
        "/sled link [CODE]",
        "/sled unlink [ACCOUNT]",
        "/sled help [COMMAND]",
        "/sled whoami",
    ]


def test_a_page_has_all_there_is_to_know() -> None:
    page = next(page for page in manual() if page.words == "ivy terminate")
    assert page.summary == "Take it down for good."
    assert page.options == (Word("--force", "at once: its services get no time to stop by themselves"),)
    assert page.arguments == (Word("ENV", "its slug, `#12`, `!12` or `PROJECT#12`; may be left out in its merge request or thread"),)
    assert page.aliases == ("/ivy destroy",)


@pytest.mark.parametrize("page", manual(), ids=lambda page: page.words)
def test_every_example_is_understood_as_its_command(page: object) -> None:
    for example in page.examples:  # type: ignore[attr-defined]
        command = parse_line(example)
        assert isinstance(command, Command)
        assert command.words == page.words  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_the_grammar_has_the_options_and_places_of_each_command(command: type[Command]) -> None:
    rule = RULES.get(f"{command.product}_{command.verb}") if command.product is Product.SLED else None
    rule = rule or RULES[command.verb]
    terminals = set(re.findall(r"[A-Z_]+", rule)[1:]) - {"WORD", "DURATION", "PERSON", "ARGUMENTS"}
    assert {option_of(terminal.lower()) for terminal in terminals} == set(command.options())
    assert rule.count("WORD") + rule.count("DURATION") + rule.count("PERSON") == len(command.positionals())
    assert ("ARGUMENTS" in rule) == ("tilt_args" in command.slots())


@pytest.mark.parametrize("product", Product)
def test_the_grammar_has_the_verbs_of_each_language(product: Product) -> None:
    (rules,) = re.findall(rf"^\?{product}: (.*(?:\n    .*)*)$", SOURCE, re.MULTILINE)
    assert [verb.strip().removeprefix(f"{product}_") for verb in rules.split("|")] == list(
        dict.fromkeys(command.verb for command in VERBS[product].values())
    )


def lines() -> list[str]:
    from tests.grammar import test_mistakes, test_understood

    written = [row[0] for row in test_mistakes.ROWS] + [row[0] for row in test_understood.ROWS]
    return [line.partition(" ")[2] for line in written if line.startswith("/ivy ") and line.isascii() and len(line) < 1000]


class _NoWords(Lexer):
    """Stands in for a lexer, so that Lark looks at the rules only."""

    def __init__(self, conf: object) -> None:
        pass

    def lex(self, data: object) -> object:  # type: ignore[override]
        return iter(())


def test_the_rules_have_no_conflicts() -> None:
    Lark(SOURCE, parser="lalr", lexer=_NoWords, start=list(Product), strict=True)
    ambiguous = SOURCE.replace("status: STATUS WORD?", "status: STATUS words WORD?\nwords: WORD*")
    with pytest.raises(GrammarError, match="conflict"):
        Lark(ambiguous, parser="lalr", lexer=_NoWords, start=list(Product), strict=True)


def test_the_terminals_have_no_collisions() -> None:
    pytest.importorskip("interegular", reason="Lark looks for collisions with interegular")
    Lark(SOURCE, parser="lalr", lexer="contextual", start=list(Product), strict=True)


def test_our_lexer_gives_what_larks_own_gives() -> None:
    from grammar.tree import parser

    own = Lark(SOURCE, parser="lalr", lexer="contextual", start=list(Product), maybe_placeholders=False)

    def read(lark: Lark, line: str) -> object:
        try:
            tree = lark.parse(line, start="ivy")
        except Exception as error:  # noqa: BLE001 - what kind of mistake is not compared, but that there is one
            return type(error).__mro__[-3]
        return tree.data, [(token.type, str(token), token.start_pos, token.end_pos) for token in tree.children]  # type: ignore[union-attr]

    for line in lines():
        assert read(parser(), line.strip()) == read(own, line.strip()), line
