"""What is shown: pure functions of what was heard."""
