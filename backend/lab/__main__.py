"""`python -m backend.lab`."""

from backend.lab.main import main

main()
