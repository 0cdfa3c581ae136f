"""Places: how similar they are, from where they are."""

from typing import Any

import numpy as np
from scipy.sparse import coo_array
from sklearn.neighbors import NearestNeighbors

from skartm.base import shown
from skartm.base._data import as_floats
from skartm.base._parameters import is_number

_EARTH = 6371.0088  # mean radius in km


def similarity_of_places(
    coordinates: Any, size: int, metric: str, bandwidth: float | None, cutoff: float, owner: str
) -> coo_array:
    """S = exp(-rho^2 / 2 h^2) of different places at most ``cutoff`` bandwidths h apart.

    Parameters
    ----------
    coordinates : array of shape (size, n_dimensions)
        Latitude and longitude in degrees for "haversine".
    metric : {"haversine", "euclidean"}
    bandwidth : float or None
        In km for "haversine"; None is the median distance to the nearest neighbour.
    """
    if metric not in ("haversine", "euclidean"):
        msg = f"The 'metric' parameter of {owner} must be 'haversine' or 'euclidean'. Got {shown(metric)}."
        raise ValueError(msg)
    for name, number in (("bandwidth", bandwidth), ("cutoff", cutoff)):
        if (name, number) != ("bandwidth", None) and not (is_number(number) and 0 < float(number or 0) < np.inf):
            msg = f"The {name!r} parameter of {owner} must be a positive number. Got {shown(number)}."
            raise ValueError(msg)
    points = as_floats(coordinates, f"The 'coordinates' parameter of {owner}")
    points = points[:, None] if points.ndim == 1 else points
    wrong = points.ndim != 2 or points.shape[0] != size or not np.isfinite(points).all()
    if wrong or (metric == "haversine" and points.shape[1] != 2) or size < 2:
        msg = (
            f"The 'coordinates' parameter of {owner} must have finite coordinates for each of {size} places, at least "
            f"two, (latitude, longitude) if metric='haversine'. Got shape {points.shape}."
        )
        raise ValueError(msg)
    unit = _EARTH if metric == "haversine" else 1.0
    points = np.radians(points) if metric == "haversine" else points
    search = NearestNeighbors(n_neighbors=1, metric=metric, algorithm="ball_tree").fit(points)
    if bandwidth is None:
        bandwidth = unit * float(np.median(search.kneighbors()[0]))
        if bandwidth == 0:
            msg = f"{owner}: more than half of the places coincide with another. Give it a bandwidth."
            raise ValueError(msg)
    near = coo_array(search.radius_neighbors_graph(radius=cutoff * bandwidth / unit, mode="distance"))
    near.data = np.exp(-0.5 * (near.data * unit / bandwidth) ** 2)
    return near
