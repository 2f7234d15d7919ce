"""``python -m services.counter_store``."""

import sys

from services.counter_store.app import run

if __name__ == "__main__":
    sys.exit(run())
