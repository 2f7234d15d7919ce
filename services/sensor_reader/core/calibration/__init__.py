"""Calibration of sensors: the model, and the commands that change it."""
