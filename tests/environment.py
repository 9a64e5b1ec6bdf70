"""Puts the test run into sandbox mode before Django reads its settings (a pytest plugin: `-p`)."""

import os
import tempfile

os.environ["HYGIE_MODE"] = "sandbox"
os.environ.setdefault("HYGIE_DATA_DIR", tempfile.mkdtemp(prefix="hygie-tests-"))
