"""Groups of topics by their names."""

from numbers import Integral

from skartm.base import shown


def topic_groups(**sizes: int) -> list[str]:
    """Names for groups of topics, so that a regularizer can be given to a group by a pattern.

    Parameters
    ----------
    **sizes : int
        Number of topics of every group, in the order in which they are given.

    Returns
    -------
    list of str
        The name of the group and a number: "subject0", "subject1", ..., "background0".

    Raises
    ------
    ValueError
        Without groups, a size below 1, or two groups whose topics would have the same name.

    Examples
    --------
    >>> from skartm import ARTMTransformer, topic_groups
    >>> from skartm.regularizers import Decorrelation, SmoothSparsePhi
    >>> names = topic_groups(subject=3, background=1)
    >>> names
    ['subject0', 'subject1', 'subject2', 'background0']
    >>> model = ARTMTransformer(
    ...     len(names),
    ...     topic_names=names,
    ...     regularizers=[
    ...         ("apart", Decorrelation(0.05, relative=0.0, topics="subject*")),
    ...         ("common", SmoothSparsePhi(0.1, topics="background*")),
    ...     ],
    ... )
    """
    if not sizes:
        msg = "topic_groups must be given at least one group, as topic_groups(subject=20, background=1). Got none."
        raise ValueError(msg)
    for name, size in sizes.items():
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            msg = f"topic_groups: the size of group {name!r} must be an integer of at least 1. Got {shown(size)}."
            raise ValueError(msg)
    names = [f"{name}{number}" for name, size in sizes.items() for number in range(size)]
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        msg = f"topic_groups: groups must not share names of topics. Got {repeated[:3]} twice; rename a group."
        raise ValueError(msg)
    return names
