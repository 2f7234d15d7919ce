"""``python -m upskeep``."""

from upskeep.cli import main

if __name__ == "__main__":
    main()
