"""Coherence of topics: how windows are counted, which pairs are confirmed, and what references are."""
