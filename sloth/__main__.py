"""`python -m sloth` is the command `sloth`."""

from sloth.cli.app import run

run()
