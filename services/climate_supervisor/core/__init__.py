"""What may be switched, decided without I/O and without a clock."""
