"""``python -m services.event_journal``."""

import sys

from services.event_journal.app import run

if __name__ == "__main__":
    sys.exit(run())
