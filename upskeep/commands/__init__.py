"""The commands, one file a group: options, what is called, what is printed. The work is in the modules they call."""
