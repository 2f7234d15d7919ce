"""``python -m services.uplink``."""

import sys

from services.uplink.app import run

if __name__ == "__main__":
    sys.exit(run())
