"""lightkube's models without its client: `import lightkube` alone would import an HTTP client, which takes half of the time of a rendering.

Imported before anything of lightkube's. What is asked of the package itself (its client) is there as soon as it is asked for.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    """`lightkube`, whose own code runs when something in it is first asked for; its submodules are found without that."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if name.startswith("__") or spec is None or spec.loader is None or self.__class__ is not _Package:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on it is an ordinary one
        spec.loader.exec_module(self)
        return getattr(self, name)


def _prepare() -> None:
    if "lightkube" in sys.modules:
        return
    spec = importlib.util.find_spec("lightkube")
    if spec is None or spec.submodule_search_locations is None:
        return  # whoever imports it is told
    package = _Package("lightkube")
    package.__spec__, package.__path__, package.__file__ = spec, list(spec.submodule_search_locations), spec.origin
    package.__package__, package.__loader__ = "lightkube", spec.loader
    sys.modules["lightkube"] = package


_prepare()
