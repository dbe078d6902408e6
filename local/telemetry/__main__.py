import sys

from local.telemetry.main import main

if __name__ == "__main__":
    sys.exit(main())
