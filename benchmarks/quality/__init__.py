"""The parts of ``topic_quality.py``: corpora, systems, scores, stability and tables."""
