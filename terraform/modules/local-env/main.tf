# An environment on this machine, as Terraform sees it: nothing but values that Terraform itself keeps, so that everything an engine does
# (plan, apply of that plan, outputs, interrupts, locks, destroy) is done for real where there is no cloud.

resource "terraform_data" "network" {
  input = {
    environment = var.environment
    project     = var.project
  }
}

resource "terraform_data" "disk" {
  input = {
    environment = var.environment
    gigabytes   = local.sizes[var.size].disk_gb
  }
}

resource "terraform_data" "machine" {
  input = {
    environment   = var.environment
    slug          = var.slug
    network       = terraform_data.network.id
    disk          = terraform_data.disk.id
    memory_mb     = local.sizes[var.size].memory_mb
    created_at    = var.created_at
    hard_deadline = var.hard_deadline
  }
}

locals {
  sizes = {
    small  = { memory_mb = 1024, disk_gb = 10 }
    medium = { memory_mb = 2048, disk_gb = 20 }
    large  = { memory_mb = 4096, disk_gb = 40 }
  }
}
