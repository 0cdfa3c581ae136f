"""Tables to read: tokens and documents of topics, a report of a model."""
