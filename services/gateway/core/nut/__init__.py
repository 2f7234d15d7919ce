"""The NUT door: devices' states as the variables of a read-only ``upsd``, and its protocol."""
