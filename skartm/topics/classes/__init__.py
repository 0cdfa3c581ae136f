"""Classification of documents by topics of labels."""
