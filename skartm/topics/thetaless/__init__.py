"""Topics of documents as a function of the topics of words."""
