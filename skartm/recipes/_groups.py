"""Subject and background topics."""

from numbers import Integral

from skartm.base import shown


def check_groups(n_components: int, n_background: int) -> int:
    """Number of subject topics, at least one."""
    for name, value, least in (("n_components", n_components, 1), ("n_background", n_background, 0)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            msg = f"The {name!r} parameter of a recipe must be an integer of at least {least}. Got {shown(value)}."
            raise ValueError(msg)
    if n_background >= n_components:
        msg = f"n_components must count the background topics and leave others. Got {n_components} and {n_background}."
        raise ValueError(msg)
    return int(n_components - n_background)
