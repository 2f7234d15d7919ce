"""``python -m services.climate_controller``."""

import sys

from services.climate_controller.app import run

if __name__ == "__main__":
    sys.exit(run())
