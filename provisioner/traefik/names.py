"""Names that both Traefiks and whoever sets up a machine agree on."""

from __future__ import annotations

import hashlib
import hmac

TILT = "tilt"
"""The service that is tilt's own page: `tilt--<slug>`. What a repository calls so itself is not reached under that name."""

PROOF = "X-Trellis-Proof"
"""What the central Traefik says to a machine: this request came past the login. Whatever a visitor sends under that name is overwritten."""

HAND_OVER = "/_trellis/enter"
"""The path on environments' host names at which a visitor is handed over by the dashboard. It never reaches an environment."""


def proof_of(key: bytes, environment: str) -> str:
    """Each environment's own: one that learns its proof can show it to itself only."""
    return hmac.digest(key, b"proof\0" + environment.encode(), hashlib.sha256).hex()
