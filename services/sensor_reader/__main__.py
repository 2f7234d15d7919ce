"""``python -m services.sensor_reader``."""

import sys

from services.sensor_reader.app import run

if __name__ == "__main__":
    sys.exit(run())
