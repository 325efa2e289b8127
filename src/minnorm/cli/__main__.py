"""`python -m minnorm.cli`."""

from minnorm.cli import main

main()
