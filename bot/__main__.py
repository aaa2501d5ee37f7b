"""`python -m bot` is `trellis`."""

from bot.cli import main

main()
