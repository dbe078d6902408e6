import sys

from local.model.main import main

if __name__ == "__main__":
    sys.exit(main())
