"""What cannot be used is refused before anything starts, in one line that says what to set."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.settings.artifact_checks import check_artifacts
from bot.settings.deploy_checks import check_deploys
from bot.settings.engine_checks import check_engines
from bot.settings.engines import ON_AWS, engine_name, makes_machines
from bot.settings.parts import GitHubSettings
from bot.settings.wanting import SettingsError
from bot.settings.wanting import require as _require
from bot.settings.whole import Settings

__all__ = ["LINK_WORDS", "SettingsError", "check"]

_PLATFORMS = frozenset({"github", "gitlab", "slack", "console", "web"})
LINK_WORDS = frozenset({"slug", "project", "branch", "sha", "id"})
"""What a link to another tool may name of an environment."""


def check(settings: Settings) -> None:
    """Refuse a platform without its secret and a project that cannot be told apart. Raises SettingsError."""
    if settings.github:
        secret = settings.github.webhook_secret.get_secret_value() or _is_only_polled(settings, "github")
        _require(secret, "GitHub is configured without TRELLIS_GITHUB__WEBHOOK_SECRET: set it")
        _check_github(settings.github)
    if settings.gitlab:
        secrets = settings.gitlab.webhook_secret.get_secret_value() or settings.gitlab.signing_secret.get_secret_value()
        _require(
            secrets or _is_only_polled(settings, "gitlab"),
            "GitLab is configured without TRELLIS_GITLAB__WEBHOOK_SECRET or TRELLIS_GITLAB__SIGNING_SECRET: set one",
        )
        _require(settings.gitlab.token.get_secret_value(), "GitLab is configured without TRELLIS_GITLAB__TOKEN: set it")
    if settings.slack:
        socket = settings.slack.app_token.get_secret_value()
        _require(
            socket or settings.slack.signing_secret.get_secret_value(),
            "Slack is configured without TRELLIS_SLACK__SIGNING_SECRET: set it, or TRELLIS_SLACK__APP_TOKEN for Socket Mode",
        )
        _require(not socket or socket.startswith("xapp-"), "TRELLIS_SLACK__APP_TOKEN is not an app-level token: those begin with xapp-")
        _require(settings.slack.bot_token.get_secret_value(), "Slack is configured without TRELLIS_SLACK__BOT_TOKEN: set it")
    _check_parts(settings)
    _check_links(settings.links)
    _check_projects(settings)
    _check_people(settings)
    check_engines(settings)
    _check_money(settings)
    check_deploys(settings)
    check_artifacts(settings)


def _check_github(github: GitHubSettings) -> None:
    """Either a token or an App with one key."""
    token, key, file = github.token.get_secret_value(), github.private_key.get_secret_value(), github.private_key_file
    name = "TRELLIS_GITHUB__"
    _require(not (token and github.app_id), f"GitHub is configured with a token and with an App: keep {name}TOKEN or {name}APP_ID")
    _require(not (key or file) or github.app_id, f"{name}PRIVATE_KEY is set without {name}APP_ID: set it")
    _require(token or github.app_id, f"GitHub is configured without {name}TOKEN: set it, or {name}APP_ID and its private key")
    if github.app_id:
        _require(key or file, f"{name}APP_ID is set without its key: set {name}PRIVATE_KEY_FILE, or {name}PRIVATE_KEY")
        _require(not (key and file), f"{name}PRIVATE_KEY and {name}PRIVATE_KEY_FILE are both set: keep one")
        _require(file is None or file.is_file(), f"{name}PRIVATE_KEY_FILE: there is no file {file}")
        _require(not key or "PRIVATE KEY-----" in key, f"{name}PRIVATE_KEY is no private key: those begin with -----BEGIN")
    _require(not github.installation_id or github.app_id, f"{name}INSTALLATION_ID is set without {name}APP_ID: set it")
    _require(not github.installation_id or github.installation_id.isdigit(), f"{name}INSTALLATION_ID is a number")


def _check_money(settings: Settings) -> None:
    """A budget without prices would stop nobody, and look as if it did."""
    prices, budgets = settings.prices, settings.budgets
    said = any((prices.small, prices.medium, prices.large))
    is_mixed = makes_machines(settings) and any(engine_name(settings, key) not in ON_AWS for key in settings.projects)
    both = bool(said and prices.region)
    _require(not both or is_mixed, "TRELLIS_PRICES__REGION is set, and so are prices: keep one of them")
    _require(not both or prices.currency == "USD", "TRELLIS_PRICES__CURRENCY: AWS's list is in USD, and sums have one currency: set USD")
    for key in budgets.projects:
        _require(key in settings.projects, f"TRELLIS_BUDGETS__PROJECTS__{key.upper()}: there is no project {key}")
    wanted = budgets.month or budgets.per_person or any(budgets.projects.values())
    _require(
        not wanted or said or prices.region,
        "TRELLIS_BUDGETS are set without prices: set TRELLIS_PRICES__SMALL …, or TRELLIS_PRICES__REGION",
    )


def _check_people(settings: Settings) -> None:
    """People are accounts on a platform, by id; a name would be whoever takes it next."""
    named = {
        "TRELLIS_PEOPLE": settings.people.keys(),
        **{f"TRELLIS_GROUPS__{key.upper()}": each.identities for key, each in settings.groups.items()},
    }
    named |= {f"TRELLIS_PROJECTS__{key.upper()}__PEOPLE": each.people.keys() for key, each in settings.projects.items()}
    for name, identities in named.items():
        for each in sorted(identities):
            platform, _, id_ = each.partition(":")
            _require(platform in _PLATFORMS and id_, f"{name}: {each!r} is no account; write PLATFORM:ID, for instance github:7")
            _require(platform not in {"github", "gitlab"} or id_.isdigit(), f"{name}: {each!r}: use the numeric id, names can change hands")
    for key, project in settings.projects.items():
        for group in project.groups:
            _require(group in settings.groups, f"TRELLIS_PROJECTS__{key.upper()}__GROUPS: there is no group {group!r} in TRELLIS_GROUPS")
    for name, path in (("POLICY_FILE", settings.policy_file), ("POLICY_MORE", settings.policy_more)):
        _require(path is None or path.is_file(), f"TRELLIS_{name}: there is no file {path}")


def _is_only_polled(settings: Settings, forge: str) -> bool:
    """Nothing comes by a hook, so no secret is needed; nor is a hook believed then."""
    receives = {project.receive for project in settings.projects.values() if project.forge == forge}
    return receives == {"polling"}


def _check_parts(settings: Settings) -> None:
    try:
        ZoneInfo(settings.time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise SettingsError(f"TRELLIS_TIME_ZONE: there is no time zone {settings.time_zone!r}; for instance Europe/Berlin") from None
    _require(
        settings.sql_url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")),
        "TRELLIS_DATABASE_URL: use sqlite:///FILE or postgresql://USER@HOST/NAME",
    )
    _require(
        settings.redis.startswith(("redis://", "rediss://", "unix://")),
        "TRELLIS_REDIS_URL: use redis://HOST, rediss://HOST or unix://SOCKET",
    )
    endpoint = settings.telemetry.otlp_endpoint
    _require(
        not endpoint or endpoint.startswith(("http://", "https://")), "TRELLIS_TELEMETRY__OTLP_ENDPOINT: use http://HOST:4318 or https://…"
    )
    metrics = settings.metrics
    _require(
        metrics.worker_host in {"127.0.0.1", "::1", "localhost"} or metrics.token.get_secret_value(),
        "TRELLIS_METRICS__WORKER_HOST is not this machine: set TRELLIS_METRICS__TOKEN, so that not everybody reads them",
    )
    _require(
        not settings.vault.alarm_channel or settings.slack,
        "TRELLIS_VAULT__ALARM_CHANNEL is a channel of Slack, and Slack is not configured",
    )
    _check_public_url(settings.public_url)
    _check_sign_in(settings)
    limits = settings.limits
    _require(
        limits.ttl_hours <= limits.cap_hours,
        "TRELLIS_LIMITS__TTL_HOURS is more than TRELLIS_LIMITS__CAP_HOURS: no environment could be made",
    )


def _is_here(url: str) -> bool:
    """Whether an address is on this machine, where plain http will do."""
    name = urlsplit(url).hostname or ""
    return name in {"localhost", "127.0.0.1", "::1"} or name.endswith(".localhost")


def _check_sign_in(settings: Settings) -> None:
    for name, provider in settings.sign_in.oidc.items():
        variable = f"TRELLIS_SIGN_IN__OIDC__{name.upper()}"
        _require(re.fullmatch(r"[a-z0-9-]{1,40}", name), f"{variable}: name it with small letters, digits and -")
        _require(provider.issuer.startswith("https://") or _is_here(provider.issuer), f"{variable}__ISSUER: use https://")
        _require(provider.client_id, f"{variable}__CLIENT_ID is missing: set it")
        _require(provider.client_secret.get_secret_value(), f"{variable}__CLIENT_SECRET is missing: set it")


def _check_public_url(url: str) -> None:
    """People sign in there: plain http is for this machine only."""
    parts = urlsplit(url)
    is_address = parts.scheme in {"http", "https"} and parts.hostname and not (parts.path.strip("/") or parts.query or parts.username)
    _require(not url or is_address, "TRELLIS_PUBLIC_URL: use an address without a path, for instance https://trellis.example.com")
    _require(not url or parts.scheme == "https" or _is_here(url), "TRELLIS_PUBLIC_URL: use https://, people sign in there")


def _check_links(links: dict[str, str]) -> None:
    """Links to other tools, shown with each environment."""
    for label, url in links.items():
        name = f"TRELLIS_LINKS__{label.upper()}"
        _require(url.startswith(("https://", "http://")), f"{name}: use an address that begins with https://")
        unknown = set(re.findall(r"\{(\w*)\}", url)) - LINK_WORDS
        _require(
            not unknown,
            f"{name}: there is no {{{min(unknown, default='')}}}; use {', '.join(f'{{{word}}}' for word in sorted(LINK_WORDS))}",
        )


def _check_projects(settings: Settings) -> None:
    seen: dict[tuple[str, str], str] = {}
    for key, project in settings.projects.items():
        name = f"TRELLIS_PROJECTS__{key.upper()}"
        _require(key.replace("-", "").replace("_", "").isalnum(), f"project key {key!r}: use letters, digits, - and _")
        _require(not urlsplit(project.clone_url).password, f"{name}__CLONE_URL holds a password: take it out, the forge's token is used")
        if project.forge == "local":
            continue
        _require(
            getattr(settings, project.forge), f"project {key} is on {project.forge}, which is not configured: set its token and secret"
        )
        _require(project.id.isdigit(), f"{name}__ID is missing: set the forge's numeric id of the repository")
        _require(project.path, f"{name}__PATH is missing: set owner/name")
        twin = seen.setdefault((project.forge, project.id), key)
        _require(twin == key, f"projects {twin} and {key} have the same id {project.id} on {project.forge}")
