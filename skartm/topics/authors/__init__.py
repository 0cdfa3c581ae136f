"""Topics of documents by way of their authors."""
