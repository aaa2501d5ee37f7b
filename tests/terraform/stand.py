"""An engine on real Terraform, and the few things that tests ask of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.engine import Access, Service, Source, Spec
from provisioner.terraform.engine import TerraformEngine
from provisioner.terraform.remains import Remains
from provisioner.terraform.settings import TerraformSettings
from tests.fakes.engine import FakeEngine, FakeRepositories
from tests.provisioner.house import Notes

SHA = "a" * 40
THEN = 1_790_000_000.0
# One thing after the other, each taking a while, each leaving a line in a ledger when it is made and when it is taken down.
SLOW = """
variable "ledger" {{ type = string }}
resource "terraform_data" "step" {{
  count = {count}
  input = {{ environment = var.environment, ledger = var.ledger, slug = var.slug, project = var.project, size = var.size,
             created_at = var.created_at, hard_deadline = var.hard_deadline }}
  provisioner "local-exec" {{
    command = "echo begun ${{self.id}} >> '${{self.input.ledger}}' && sleep {seconds} && echo made ${{self.id}} >> '${{self.input.ledger}}'"
  }}
  provisioner "local-exec" {{
    when    = destroy
    command = "echo gone ${{self.id}} >> '${{self.input.ledger}}'"
  }}
}}
output "created_at" {{ value = var.created_at }}
output "steps" {{ value = terraform_data.step[*].id }}
"""


def spec(environment: str = "env-1", **more: Any) -> Spec:
    source = Source("demo", "https://forge.example/demo.git", "refs/heads/main", SHA)
    return replace(Spec(environment, f"slug-{environment}", 1, source, (Service("web", "./web"),)), **more)


class Stand:
    """`within` stands for what runs services in the machine; `ledger` is what slow modules write."""

    def __init__(self, data: Path, **more: Any) -> None:
        self.settings = TerraformSettings(data, **more)
        self.within = FakeEngine(FakeRepositories())
        self.ledger = data.parent / "ledger"
        self.now = THEN
        self.remains: Remains | None = None

    @property
    def engine(self) -> TerraformEngine:
        """A new one each time, as a new worker would have it."""
        return TerraformEngine(self.settings, self.within, lambda: self.now, remains=self.remains)

    def set(self, **more: Any) -> None:
        self.settings = replace(self.settings, **more)

    def slow(self, count: int = 4, seconds: float = 0.5) -> None:
        """Use a module that takes its time."""
        folder = self.settings.data.parent / "slow"
        folder.mkdir(exist_ok=True)
        local = TerraformSettings(Path("unused")).module
        for name in ("variables.tf", "versions.tf"):
            (folder / name).write_text((local / name).read_text())
        (folder / "main.tf").write_text(SLOW.format(count=count, seconds=seconds))
        self.set(module=folder, variables={"ledger": str(self.ledger)})

    async def apply(self, one: Spec, fence: int = 1) -> tuple[Access, Notes]:
        notes = Notes()
        return await self.engine.apply(one, fence, notes), notes

    def state(self, environment: str = "env-1") -> list[str]:
        """The addresses of what Terraform knows of; empty when there is no state."""
        path = self.settings.states / environment / "terraform.tfstate"
        if not path.exists() or not path.read_bytes():
            return []
        resources = json.loads(path.read_bytes())["resources"]
        return sorted(f"{each['type']}.{each['name']}" for each in resources for _ in each["instances"])

    def written(self, word: str) -> list[str]:
        """The ids that the ledger has under `word`."""
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return [line.split()[1] for line in lines if line.split()[0] == word]

    def log(self, environment: str, verb: str) -> str:
        files = sorted((self.settings.environments / environment / "logs").glob(f"*-{verb}.log"))
        return files[-1].read_text() if files else ""
