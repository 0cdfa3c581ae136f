"""Topics of positions in a text by the words around them."""
