"""What other programs may send: questions, and batches to import."""
