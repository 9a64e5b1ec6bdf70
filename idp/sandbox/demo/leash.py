"""`python -m idp.sandbox.demo.leash MODULE …`: runs a module that ends when the demo ends.

A demo that is killed stops nobody, and its children would keep their ports. The kernel closes its
end of their standard input all the same: that is what they watch.
"""

import os
import runpy
import sys
import threading


def _end_with_the_demo() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
