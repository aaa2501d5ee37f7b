"""What all environments of a keeper share: where their things are, and who serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.services import Rooms, Site

if TYPE_CHECKING:
    from provisioner.engine import Spec
    from provisioner.mirrors import Mirrors
    from provisioner.proxy import Proxy
    from provisioner.records import Records
    from provisioner.settings import KeeperSettings


@dataclass(frozen=True)
class House:
    """What all environments of a keeper share."""

    settings: KeeperSettings
    records: Records
    mirrors: Mirrors
    proxy: Proxy

    def rooms(self, spec: Spec) -> Rooms:
        folder, number = self.records.folder(spec.environment), spec.generation
        mirror = self.mirrors.path(spec.source.project)
        return Rooms(folder / f"code-{number}", folder / "home", folder / f"tmp-{number}", folder / "logs" / str(number), mirror)

    def site(self, spec: Spec) -> Site:
        return Site(self.settings, spec, self.rooms(spec))
