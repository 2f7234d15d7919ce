"""What a batch of records comes to: pure functions without database, log or clock."""
