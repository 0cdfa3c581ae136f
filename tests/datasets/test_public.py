"""What the package exports."""

import inspect
import subprocess
import sys

import pytest

from skartm import datasets


def test_names_are_sorted_and_exist():
    assert datasets.__all__ == sorted(datasets.__all__)
    assert all(isinstance(getattr(datasets, name), object) for name in datasets.__all__)


@pytest.mark.parametrize("name", datasets.__all__)
def test_functions_are_annotated(name):
    signature = inspect.signature(getattr(datasets, name))
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(parameter.annotation is not inspect.Parameter.empty for parameter in signature.parameters.values())


def test_import_of_no_optional_library():
    # Not pandas: scikit-learn itself imports it where it is installed.
    code = "import sys, skartm.datasets; print({'gensim', 'polars', 'torch', 'matplotlib'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
