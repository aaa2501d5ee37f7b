"""How long is waited for what is missing."""

HOLE_NS = 250_000_000
"""How long a hole may stay: another connection may fill it, or frames may have changed places."""
BEHIND_MS = 5_000
"""What bears an old number but is so much newer, by the exchange's clock, is no repetition: the exchange counts anew."""
BEHIND_NS = BEHIND_MS * 1_000_000
