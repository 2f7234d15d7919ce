"""``python -m services.climate_supervisor``."""

import sys

from services.climate_supervisor.app import run

if __name__ == "__main__":
    sys.exit(run())
