"""Frames and events played again: backtest, comparison of two configurations, replay, verification."""
