"""`python -m mcp_server`."""

import sys

from mcp_server.main import main

if __name__ == "__main__":
    sys.exit(main())
