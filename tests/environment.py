"""Puts the test run into sandbox mode before Django reads its settings (a pytest plugin: `-p`)."""

import os
import tempfile

os.environ["HYGIE_MODE"] = "sandbox"
os.environ.setdefault("HYGIE_DATA_DIR", tempfile.mkdtemp(prefix="hygie-tests-"))

# Tests that run side by side: each process its own data folder and its own Redis database.
worker = os.environ.get("PYTEST_XDIST_WORKER")
if worker:
    os.environ["HYGIE_DATA_DIR"] = tempfile.mkdtemp(prefix=f"hygie-tests-{worker}-")
    if redis_url := os.environ.get("REDIS_URL"):
        address, _slash, number = redis_url.rpartition("/")
        os.environ["REDIS_URL"] = f"{address}/{int(number) + 1 + int(worker.removeprefix('gw'))}"
