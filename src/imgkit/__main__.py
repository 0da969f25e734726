"""`python -m imgkit`."""

from imgkit.cli.main import run

run()
