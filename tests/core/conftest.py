from __future__ import annotations

import os

from hypothesis import settings

# A busy machine is no failure; and where CI=true the same examples run each time.
settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")
