variable "region" {
  description = "The region of AWS."
  type        = string
}

variable "account" {
  description = "The number of the account that environments live in; not the one of production."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An account's number has twelve digits."
  }
}

variable "partition" {
  description = "The partition of AWS: aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "network" {
  description = <<-EOT
    A VPC that there is. subnet_id: the private subnet of environments, which has a way out. private_subnet_ids: others like it, in other zones, for what
    has to be in two. public_subnet_ids: for the load balancer of a public proxy. cidr: its range, or a wider one. Null: all of it is made.
  EOT
  type = object({
    vpc_id             = string
    subnet_id          = string
    private_subnet_ids = optional(list(string), [])
    public_subnet_ids  = optional(list(string), [])
    cidr               = optional(string, "10.0.0.0/8")
  })
  default = null
}

variable "zones" {
  description = "The letters of the zones that the network is made in: two or more, for what has to be in two. Environments are in the first."
  type        = list(string)
  default     = ["a", "b"]

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 4 && length(distinct(var.zones)) == length(var.zones) && alltrue([for each in var.zones : can(regex("^[a-z]$", each))])
    error_message = "Zones are two to four different letters, as in [\"a\", \"b\"]."
  }
}

variable "nat" {
  description = "The way out of a network that is made: gateway (AWS's own), instance (one of ours, cheaper, see nat_image), none. A network that there is has its own."
  type        = string
  default     = "gateway"

  validation {
    condition     = contains(["gateway", "instance", "none"], var.nat)
    error_message = "The way out is gateway, instance or none."
  }
}

variable "nat_image" {
  description = "For nat = \"instance\": an AMI with cloud-init and nftables (Debian's has both)."
  type        = string
  default     = ""
}

variable "cidr" {
  description = "The range of the VPC, when it is made."
  type        = string
  default     = "10.20.0.0/16"
}

variable "data_bucket" {
  description = "Where seeds lie, under sandbox/ and dev-envs/<environment>/. Empty: environments read nothing from S3."
  type        = string
  default     = ""
}

variable "state_bucket" {
  description = "The name of the bucket of Terraform's states, which is made."
  type        = string
}

variable "reaper_archive" {
  description = "The reaper as a zip that holds reaper/handler.py as handler.py."
  type        = string
}

variable "longest_life_hours" {
  description = "After so long an instance is taken down whatever its tags say; Trellis's own limit (its longest keep) and a day."
  type        = number
  default     = 360

  validation {
    condition     = var.longest_life_hours >= 24
    error_message = "The longest life is a day at least: what is older than it is taken down."
  }
}

variable "secret_reads_per_hour" {
  description = "More reads of secrets than this in an hour ring an alarm. Needs a trail of CloudTrail that writes to secrets_log_group."
  type        = number
  default     = 500
}

variable "secrets_log_group" {
  description = "The log group of that trail. Empty: no alarm on reads of secrets."
  type        = string
  default     = ""
}

variable "alarms_to" {
  description = "An e-mail address that alarms and the budget go to."
  type        = string
}

variable "monthly_budget" {
  description = "In dollars: at 80 % of it, and when it is forecast to be passed, alarms_to is told. It stops nothing by itself."
  type        = number
}

variable "seed_snapshots" {
  description = "Snapshots that datasets of Trellis's settings lie in, by id: those and no others become disks of environments. They bear no tag of production's."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.seed_snapshots : can(regex("^snap-[0-9a-f]{8,17}$", each))])
    error_message = "Snapshots are named by their ids."
  }
}
