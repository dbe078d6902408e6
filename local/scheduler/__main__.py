"""`python -m local.scheduler`."""

import sys

from local.scheduler.main import main

if __name__ == "__main__":
    sys.exit(main())
