"""Topics of transactions: one topic for all vertices of an edge."""
