"""Windows of text, one at a time. Slow on purpose. A text is a list of tokens of any kind."""


def windows(text, size):
    """All runs of ``size`` neighbours, or the whole text if it is not longer."""
    if len(text) <= size:
        return [text]
    return [text[start : start + size] for start in range(len(text) - size + 1)]


def present_exact(text, size):
    """The tokens of each window."""
    return [set(window) for window in windows(text, size)]


def present_gensim(text, size):
    """The tokens that gensim takes to be in each window: gone when one leaves, there when one enters."""
    first, *others = windows(text, size)
    present = [set(first)]
    leaving = first[0] if first else None
    for window in others:
        tokens = set(present[-1])
        tokens.discard(leaving)
        tokens.add(window[-1])
        present.append(tokens)
        leaving = window[0]
    return present


PRESENT = {"exact": present_exact, "gensim": present_gensim}


def n_windows(texts, size):
    """Number of windows of all texts."""
    return sum(len(windows(text, size)) for text in texts)


def n_windows_with(texts, size, counting, *tokens):
    """Number of windows that have all the tokens."""
    n_found = 0
    for text in texts:
        for present in PRESENT[counting](text, size):
            if all(token in present for token in tokens):
                n_found += 1
    return n_found
