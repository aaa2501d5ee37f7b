"""The disk of data that a machine has beside its own, when somebody asked for a dataset that lies in a snapshot."""

from __future__ import annotations

DEVICE = "/dev/sdf"  # as the module attaches it
STEP = "data"
FILE = "data.volume"
RELEASE = (
    "systemctl stop trellis-tilt trellis-data; systemctl disable trellis-data; "
    'rm -f "${TRELLIS_ROOT:-}/etc/trellis/data.volume" "${TRELLIS_ROOT:-}/etc/systemd/system/trellis-data.service"'
)
"""What lets go of it, with whatever reads from it."""
