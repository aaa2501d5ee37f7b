# A dataset that lies in a snapshot: a second disk of the machine, made of it anew each time that somebody asks for it, and gone with it.

variable "data_snapshot_id" {
  description = "The snapshot that a data disk is made of: one that Trellis's settings offer. Empty: no such disk."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(snap-[0-9a-f]{8,17})?$", var.data_snapshot_id))
    error_message = "A snapshot is named by its id."
  }
}

variable "data_gb" {
  description = "How large that disk is: at least as large as its snapshot."
  type        = number
  default     = 1

  validation {
    condition     = var.data_gb >= 1 && var.data_gb <= 16384
    error_message = "A disk has 1 to 16384 GB."
  }
}

variable "data_asked" {
  description = "Grows with each time that data is asked for: each has a disk of its own."
  type        = number
  default     = 0
}

locals {
  has_data = var.data_snapshot_id != ""
}

resource "terraform_data" "asked" {
  count = local.has_data ? 1 : 0
  input = var.data_asked
}

resource "aws_ebs_volume" "data" {
  count = local.has_data ? 1 : 0

  availability_zone = aws_instance.this.availability_zone
  snapshot_id       = var.data_snapshot_id
  size              = var.data_gb
  type              = "gp3"
  encrypted         = true
  tags              = local.tags

  lifecycle {
    replace_triggered_by = [terraform_data.asked]
  }
}

# By force, as what is on it is thrown away: a file that somebody holds open would keep it there, and with it the whole environment.
resource "aws_volume_attachment" "data" {
  count = local.has_data ? 1 : 0

  device_name  = "/dev/sdf"
  volume_id    = aws_ebs_volume.data[0].id
  instance_id  = aws_instance.this.id
  force_detach = true
}

output "data" {
  description = "The data disk, for set-up; read back when nothing else remembers it. Null: there is none."
  value = local.has_data ? {
    volume_id   = aws_ebs_volume.data[0].id
    snapshot_id = var.data_snapshot_id
    gb          = var.data_gb
    asked       = var.data_asked
  } : null
}
