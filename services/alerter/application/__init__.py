"""What the alerter does around its core: notify people, keep notices, order emergency stops, answer and obey people."""
