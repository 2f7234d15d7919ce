"""The store's pure core: what is counted, concluded and written, with no I/O and no clock."""
