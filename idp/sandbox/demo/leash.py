"""`python -m idp.sandbox.demo.leash MODULE …`: runs a module that ends when the demo ends.

A demo that is killed stops nobody, and its children would keep their ports. The kernel closes its
end of their standard input all the same: that is what they watch.
"""

import os
import runpy
import signal
import sys
import threading
import time

_GRACE_SECONDS = 3


def _end_with_the_demo() -> None:
    # Not `sys.stdin`: a process that is forked meanwhile would wait for its lock for ever.
    while os.read(0, 4096):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    # Whoever did not listen, and the processes that it started.
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    # A group of its own, which can be ended as a whole.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
