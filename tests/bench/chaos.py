"""`scripts/bench chaos`: kills workers and the scheduler under load, again and again, and counts what was lost."""

import sys

from tests.conformance.chaos import main

if __name__ == "__main__":
    sys.exit(main())
