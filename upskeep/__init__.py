"""The command line, the one-machine runner and the backtest: the only place that composes several services.

As installed from a wheel, ``shared`` and ``services`` lie below this package, where they are in nobody's way; to import
``upskeep`` makes them importable, ahead of others of these names (docs/adr/0045).
"""

import sys
from pathlib import Path

_SUITE = Path(__file__).parent / "_suite"
if _SUITE.is_dir() and str(_SUITE) not in sys.path:
    sys.path.insert(0, str(_SUITE))
