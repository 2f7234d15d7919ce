"""What the counts say: averages, trends, outages, anomalies and failure patterns."""
