import pytest

from cropmap.seeds import torch_threads


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small only wait for one another on several threads."""
    with torch_threads(1):
        yield
