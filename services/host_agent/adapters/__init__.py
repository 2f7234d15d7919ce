"""What touches the machine: programs, files, the boot id."""
