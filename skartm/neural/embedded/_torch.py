"""torch, imported when a model is fitted."""

from typing import Any

import numpy as np

from skartm._kernels import in_forked_child


def torch_for(owner: str) -> Any:
    """The module torch, or an error that names the extra.

    Parameters
    ----------
    owner : str
        Who needs it.

    Raises
    ------
    ImportError
        torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        msg = f"{owner} needs torch to be fitted, which is in the extra 'neural': pip install skartm[neural]"
        raise ImportError(msg) from error
    if in_forked_child():
        # torch's threads do not exist in a child of os.fork, and it would wait for them for ever
        torch.set_num_threads(1)
    return torch


def device_of(owner: str, name: str, dtype: np.dtype) -> Any:
    """The device of that name, a torch.device; "auto" is the first of cuda and mps that can be used, or else cpu.

    Raises
    ------
    ValueError
        There is no such device, or it does not have the type: mps has no float64.
    """
    torch = torch_for(owner)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if dtype == np.float64:
        if name == "mps" and there["mps"]:
            msg = f"The 'device' parameter of {owner} must not be 'mps' with dtype='float64', which mps does not have."
            raise ValueError(f"{msg} Use float32, or another device.")
        there["mps"] = False
    if name == "auto":
        return torch.device(next(kind for kind, available in there.items() if available))
    if not there[name]:
        msg = f"The 'device' parameter of {owner} must be one of {sorted(kind for kind in there if there[kind])} here, "
        raise ValueError(f"{msg}or 'auto'. Got {name!r}, which torch does not find on this machine.")
    return torch.device(name)
