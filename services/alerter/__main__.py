"""``python -m services.alerter``."""

import sys

from services.alerter.app import run

if __name__ == "__main__":
    sys.exit(run())
