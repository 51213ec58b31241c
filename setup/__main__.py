"""`python3 setup COMMAND`: set the project up as far as the command needs it, then run the command's tasks.

Runs on a bare Python 3.11, before anything is installed. Files of this folder: `steps` is the set-up in its
order, `stamps` remembers what is done, `tasks` are the checks and tests.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - here it is what tells a person so
    sys.exit(f"set-up: Python 3.11 or newer is needed, this is {sys.version.split()[0]}")

import stamps
import steps
import tasks
from failure import Failure

COMMANDS = ("install", "test", "check", "fix", "e2e", "load", "docs", "clean")


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit status. A failure is one line on stderr."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python3 setup {{{','.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    command = arguments[0]
    try:
        if command == "clean":
            stamps.clean()
            return 0
        stamps.run(steps.INSTALL if command == "install" else steps.for_tasks(command))
        tasks.run(command)
    except Failure as failure:
        print(f"make {command}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
