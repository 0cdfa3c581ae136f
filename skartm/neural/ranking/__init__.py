"""The neural topic model, which ranks words of documents above others."""
