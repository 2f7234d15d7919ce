"""``python -m services.gateway``."""

import sys

from services.gateway.app import run

if __name__ == "__main__":
    sys.exit(run())
