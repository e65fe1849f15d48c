"""`python -m sloth` is the command `sloth`."""

import sys

from sloth.cli.app import main

sys.exit(main())
