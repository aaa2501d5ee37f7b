"""The providers of sign-in that are configured."""

from __future__ import annotations

from bot.auth.policy import Role
from bot.settings import Settings
from bot.web.oidc import Oidc, Provider


def providers_of(settings: Settings) -> dict[str, Oidc]:
    return {
        name: Oidc(
            Provider(
                name,
                each.label or name.capitalize(),
                each.issuer,
                each.client_id,
                each.client_secret.get_secret_value(),
                each.scopes,
                each.hosted_domains,
                each.groups_claim,
                {group: Role(role) for group, role in each.groups.items()},
                Role(each.role),
            )
        )
        for name, each in settings.sign_in.oidc.items()
    }
