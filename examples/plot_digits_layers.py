"""
Which parts are digits made of, and which groups do the parts form?
===================================================================

A factorisation in two layers of the 8 x 8 digits that come with scikit-learn. Components of the first layer are
distributions over pixels, strokes; those of the second are distributions over strokes, and so over pixels too. No
number is negative, so everything is put together by adding ink.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skartm import DeepSimplexNMF

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
model = DeepSimplexNMF((25, 10), max_iter=500, joint_iter=300, random_state=0).fit(X)


def show(images, title, n_columns):
    n_rows = -(-len(images) // n_columns)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=(0.9 * n_columns, 0.9 * n_rows + 0.4), squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    for ax, image in zip(axes.ravel(), images, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray_r")
    figure.suptitle(title)


# %%
# The first layer: parts.
show(model.layer_components_[0], "25 parts", 13)

# %%
# The second layer: groups of parts, each shown by its pixels, above the four parts that it has most of.
largest = np.argsort(-model.layers_[1], axis=1)[:, :4]
images = [*model.components_, *(model.layer_components_[0][parts[place]] for place in range(4) for parts in largest)]
show(images, "10 groups, and the largest parts of each", 10)

# %%
# Every group is mostly images of one digit or two that look alike.
W = model.transform(X_test)
for group in range(10):
    digits, counts = np.unique(y_test[W.argmax(axis=1) == group], return_counts=True)
    common = np.argsort(-counts)[:3]
    print(f"group {group}:", ", ".join(f"{counts[i]} images of {digits[i]}" for i in common))

# %%
# With labels a component stays within one digit, so it is a way to write the whole digit rather than a part that
# digits share, and the model predicts.
labelled = DeepSimplexNMF((25, 10), max_iter=500, joint_iter=300, random_state=0).fit(X, y)
print(f"accuracy on new images: {np.mean(labelled.predict(X_test) == y_test):.3f}")
show(labelled.layer_components_[0], "25 components, learned with labels", 13)
plt.show()
