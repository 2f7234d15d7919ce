"""The command line, the one-machine runner and the backtest: the only place that composes several services."""
