"""
Are faces taken apart into the parts that they are made of?
===========================================================

The faces are drawn here: each has one of three pairs of eyes, of three pairs of brows, of two noses and of three
mouths, every part more or less dark. Photographs of faces are not part of the library; with drawn ones it is known what
the parts are, so the answer can be checked. It is shown beside that of principal components, which may subtract.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import PCA

from skartm import SimplexNMF

SIZE = 32
rows, columns = np.mgrid[:SIZE, :SIZE]


def blob(row, column, height, width, tilt=0.0):
    """A soft ellipse."""
    up, right = rows - row - tilt * (columns - column), columns - column
    return np.exp(-((up / height) ** 2) - (right / width) ** 2)


def pair(row, column, height, width, tilt=0.0):
    return blob(row, column, height, width, tilt) + blob(row, SIZE - 1 - column, height, width, -tilt)


KINDS = {
    "eyes": [pair(12, 9, 1.5, 1.5), pair(12, 9, 0.8, 3.0), pair(12, 8, 2.2, 1.2)],
    "brows": [pair(7, 9, 0.7, 3.5), pair(6, 9, 0.7, 3.0, 0.4), pair(6, 9, 0.7, 3.0, -0.4)],
    "noses": [blob(17, 15.5, 3.0, 0.8), blob(19, 15.5, 1.0, 2.2)],
    "mouths": [
        blob(25, 15.5, 0.8, 5.0),
        blob(25, 15.5, 2.0, 2.0),
        np.exp(-(((rows - 27 + 0.08 * (columns - 15.5) ** 2) / 0.9) ** 2) - ((columns - 15.5) / 6) ** 2),
    ],
}
parts = np.array([part.ravel() for kind in KINDS.values() for part in kind])
rng = np.random.default_rng(0)
W = np.zeros((1000, len(parts)))
start = 0
for kind in KINDS.values():
    W[np.arange(1000), start + rng.integers(0, len(kind), 1000)] = rng.uniform(0.4, 1.0, 1000)
    start += len(kind)
faces = np.maximum(W @ parts + 0.02 * rng.standard_normal((1000, SIZE**2)), 0)


def show(images, title, n_columns=11, **style):
    figure, axes = plt.subplots(-(-len(images) // n_columns), n_columns, figsize=(n_columns, 1.6), squeeze=False)
    for ax, image in zip(axes.ravel(), images, strict=True):
        ax.imshow(image.reshape(SIZE, SIZE), **{"cmap": "gray_r", **style})
        ax.set_axis_off()
    figure.suptitle(title)


show(faces[:11], "Faces")
show(parts, "The parts that were drawn")

# %%
# Non-negative components are parts again, principal components are not.
model = SimplexNMF(len(parts), beta_loss="frobenius", max_iter=1000, random_state=0).fit(faces)
similarity = (parts / np.linalg.norm(parts, axis=1, keepdims=True)) @ (
    model.components_ / np.linalg.norm(model.components_, axis=1, keepdims=True)
).T
found, order = linear_sum_assignment(-similarity)
show(model.components_[order], "Components of SimplexNMF")
show(PCA(len(parts), random_state=0).fit(faces).components_, "Principal components", cmap="coolwarm")
print("cosine with the drawn parts:", np.round(similarity[found, order], 2))
plt.show()
