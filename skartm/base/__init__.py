"""What all parts share: the door for data from outside, the state of fitted models, files that appear whole."""

__all__: list[str] = []
