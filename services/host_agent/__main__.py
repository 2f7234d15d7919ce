"""``python -m services.host_agent``."""

import sys

from services.host_agent.app import run

if __name__ == "__main__":
    sys.exit(run())
