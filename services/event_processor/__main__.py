"""``python -m services.event_processor``."""

import sys

from services.event_processor.app import run

if __name__ == "__main__":
    sys.exit(run())
