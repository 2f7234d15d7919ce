"""What the alerter keeps on disk besides its memories."""
