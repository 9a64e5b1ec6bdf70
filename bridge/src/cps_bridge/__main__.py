"""`python -m cps_bridge`, for a start without installation."""

import sys

from cps_bridge.cli import main

sys.exit(main())
