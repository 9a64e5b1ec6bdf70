"""Starts the bridge from an absolute path: what autostart files and browsers are given to run.

    python -I …/cps_bridge/launch.py run

`-I` keeps the environment and the working directory from choosing what is imported.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cps_bridge.cli import main

sys.exit(main())
