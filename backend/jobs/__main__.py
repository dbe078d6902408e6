"""Runs a job."""

import sys

from backend.jobs.main import main

sys.exit(main())
