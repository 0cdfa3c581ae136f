"""Scores of topics by loops, one formula a line. Slow on purpose.

``phi`` is a list of topics, each a list of probabilities; ``theta`` a list of documents; a text is a list of tokens.
"""

import math

FLOOR = 1e-16


def perplexity(phi, theta, counts, tokens=None):
    """exp(-sum x ln p / sum x) over the columns ``tokens``."""
    total = mass = 0.0
    for d, row in enumerate(counts):
        for w, x in enumerate(row):
            if tokens is not None and w not in tokens:
                continue
            p = sum(phi[t][w] * theta[d][t] for t in range(len(phi)))
            if x > 0:
                total += x * math.log(p if p > 0 else FLOOR)
                mass += x
    return math.exp(-total / mass) if mass else 1.0


def topics_of_token(phi, mass, w):
    """p(t given w) of all topics; zeros without mass."""
    joint = [phi[t][w] * mass[t] for t in range(len(phi))]
    return [value / sum(joint) for value in joint] if sum(joint) > 0 else [0.0] * len(phi)


def kernels(phi, mass, threshold):
    """Size, purity, contrast and tokens of each topic."""
    result = []
    for t in range(len(phi)):
        inside = [(w, topics_of_token(phi, mass, w)[t]) for w in range(len(phi[t]))]
        inside = [(w, p) for w, p in inside if p >= threshold]
        purity = sum(phi[t][w] for w, _ in inside)
        contrast = sum(p for _, p in inside) / len(inside) if inside else 0.0
        ranked = sorted((w for w, _ in inside), key=lambda w: (-phi[t][w], w))
        result.append((len(inside), purity, contrast, ranked))
    return result


def kl(p, q):
    """KL divergence, infinite where q is zero and p is not."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        if a > 0 and b == 0:
            return math.inf
        if a > 0:
            total += a * math.log(a / b)
    return total


def near_background(phi, mass, threshold, divergence):
    """Share of the tokens with mass whose divergence from p(t) is at most the threshold."""
    p_t = [n / sum(mass) for n in mass] if sum(mass) else [0.0] * len(mass)
    near = found = 0
    for w in range(len(phi[0])):
        p_tw = topics_of_token(phi, mass, w)
        if sum(p_tw) == 0:
            continue
        found += 1
        near += (kl(p_t, p_tw) if divergence == "forward" else kl(p_tw, p_t)) <= threshold
    return near / found if found else 0.0


def class_precision(phi, theta, classes):
    """Share of documents with classes, a set for each, whose most probable class is among them."""
    right = labelled = 0
    for d, own in enumerate(classes):
        if not own:
            continue
        labelled += 1
        p = [sum(phi[t][c] * theta[d][t] for t in range(len(phi))) for c in range(len(phi[0]))]
        best = p.index(max(p))
        right += p[best] > 0 and best in own
    return right / labelled if labelled else 0.0


def top_columns(row, n_top):
    """Columns of the largest positive entries, ties by column."""
    ranked = sorted(range(len(row)), key=lambda column: (-row[column], column))
    return [column for column in ranked[:n_top] if row[column] > 0]


def similarity(a, b, measure, n_top):
    """Similarity of two topics; 0 for a dead one."""
    if sum(a) == 0 or sum(b) == 0:
        return 0.0
    if measure == "cosine":
        norms = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(y * y for y in b))
        return sum(x * y for x, y in zip(a, b)) / norms
    top_a, top_b = top_columns(a, n_top), top_columns(b, n_top)
    if measure == "jaccard":
        return len(set(top_a) & set(top_b)) / len(set(top_a) | set(top_b))
    if measure == "rbo":
        return rank_biased_overlap(top_a, top_b, 0.9)
    a, b = [x / sum(a) for x in a], [y / sum(b) for y in b]
    if measure == "hellinger":
        return 1 - math.sqrt(sum((math.sqrt(x) - math.sqrt(y)) ** 2 for x, y in zip(a, b)) / 2)
    mean = [(x + y) / 2 for x, y in zip(a, b)]
    return 1 - (kl(a, mean) + kl(b, mean)) / 2 / math.log(2)


def rank_biased_overlap(left, right, p):
    """Equation 32 of Webber, Moffat and Zobel (2010)."""
    short, long = sorted((left, right), key=len)
    s, l = len(short), len(long)  # noqa: E741
    if s == 0:
        return 0.0

    def x(depth):
        return len(set(short[:depth]) & set(long[:depth]))

    first = sum(x(d) / d * p**d for d in range(1, l + 1))
    second = sum(x(s) * (d - s) / (s * d) * p**d for d in range(s + 1, l + 1))
    return (1 - p) / p * (first + second) + ((x(l) - x(s)) / l + x(s) / s) * p**l


def best_matching(similarities):
    """Largest sum of similarities of a one-to-one matching, by trying all."""
    if not similarities or not similarities[0]:
        return 0.0
    if len(similarities) > len(similarities[0]):
        similarities = [list(column) for column in zip(*similarities)]

    def best(row, free):
        if row == len(similarities):
            return 0.0
        return max(similarities[row][column] + best(row + 1, free - {column}) for column in free)

    return best(0, frozenset(range(len(similarities[0]))))


def relatedness(phi, kind, specificity):
    """R[t][w]."""
    table = [list(topic) for topic in phi]
    for w in range(len(phi[0])):
        column = [topic[w] for topic in phi]
        if kind == "p_tw":
            column = [value / sum(column) if sum(column) else 0.0 for value in column]
        for t in range(len(phi)):
            others = column[:t] + column[t + 1 :]
            base = {None: 0.0, "mean": sum(column) / len(column), "max": max(others, default=0.0)}[specificity]
            table[t][w] = column[t] - base
    return table


def own_topic(phi, table, w):
    """Topic with the largest relatedness, None for a token without probability."""
    if sum(topic[w] for topic in phi) == 0:
        return None
    column = [topic[w] for topic in table]
    return column.index(max(column))


def segments(text, phi, table, t, max_gap):
    """Segments of a topic in a text, each a list of its tokens."""
    found, gap = [], math.inf
    for w in text:
        if own_topic(phi, table, w) == t:
            if gap >= max_gap:
                found.append([])
            found[-1].append(w)
            gap = 0
        else:
            gap += 1
    return found


def windows(text, phi, table, t, window):
    """Windows of a topic in a text, each a list of its tokens."""
    found, place = [], 0
    while place < len(text):
        if own_topic(phi, table, text[place]) == t:
            found.append(text[max(place - window // 2, 0) : place + window // 2])
            place += window // 2
        else:
            place += 1
    return found


def intratext(phi, texts, method, kind, specificity, max_gap, window):
    """Value of each topic."""
    table = relatedness(phi, kind, specificity)
    result = []
    for t in range(len(phi)):
        documents = []
        for text in texts:
            if method == "window":
                found = windows(text, phi, table, t, window)
            else:
                found = segments(text, phi, table, t, max_gap)
            values = [len(part) if method == "segment_length" else sum(table[t][w] for w in part) for part in found]
            if values:
                documents.append(sum(values) / len(values))
        result.append(sum(documents) / len(documents) if documents else 0.0)
    return result


def blei_lafferty(phi, n_top, floor):
    """Score of each topic."""
    living = [topic for topic in phi if sum(topic) > 0]
    result = []
    for topic in phi:
        scores = []
        for w, p in enumerate(topic):
            if living:
                mean = sum(math.log(max(other[w], floor)) for other in living) / len(living)
                scores.append(p * (math.log(max(p, floor)) - mean))
        result.append(sum(sorted(scores, reverse=True)[:n_top]) if sum(topic) > 0 else 0.0)
    return result


def cressie_read(counts, topic, power):
    """Divergence of counts from their expectation under a topic."""
    n, total = sum(counts), 0.0
    for k, p in zip(counts, topic, strict=True):
        if k > 0:
            ratio = k / (n * p)
            total += 2 * k * math.log(ratio) if power == 0 else 2 / (power * (power + 1)) * k * (ratio**power - 1)
    return total


def entropy(topic):
    """In nats, 0 for a dead topic."""
    return -sum(p / sum(topic) * math.log(p / sum(topic)) for p in topic if p > 0)
