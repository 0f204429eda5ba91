"""`python -m rumpus` is `rumpus`."""

import sys

from rumpus.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main())
