"""The tables as files of SQL in the order of their numbers. A file that was released never changes."""
