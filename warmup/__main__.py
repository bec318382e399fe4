"""`python -m warmup`."""

from warmup.cli import main

main()
