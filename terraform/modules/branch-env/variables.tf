variable "environment" {
  description = "The environment's id, minted by Trellis."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", var.environment))
    error_message = "An environment's id holds letters, digits, - and _ only."
  }
}

variable "slug" {
  description = "Its name in addresses."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.slug))
    error_message = "A slug is one label of a host name."
  }
}

variable "project" {
  description = "The project's key in Trellis's settings."
  type        = string
}

variable "size" {
  description = "How large it is: small, medium or large."
  type        = string

  validation {
    condition     = contains(["small", "medium", "large"], var.size)
    error_message = "The sizes are small, medium and large."
  }
}

variable "created_at" {
  description = "When it was made first (RFC 3339). A value of Trellis's: with timestamp() every plan would be a change."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", var.created_at))
    error_message = "A moment is written as RFC 3339 has it."
  }
}

variable "hard_deadline" {
  description = "When it is taken down whatever anybody says (RFC 3339)."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", var.hard_deadline))
    error_message = "A moment is written as RFC 3339 has it."
  }
}

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

variable "vpc_id" {
  description = "The network: an output of modules/platform, or one that there is."
  type        = string
}

variable "subnet_id" {
  description = "A private subnet of it."
  type        = string
}

variable "proxy_security_group_id" {
  description = "The proxy hosts' security group: who may reach environments over HTTP."
  type        = string
}

variable "vpn_cidrs" {
  description = "Ranges of the VPN, which may reach environments over HTTP too. Never 0.0.0.0/0."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.vpn_cidrs : can(cidrnetmask(each)) && tonumber(split("/", each)[1]) >= 8])
    error_message = "A VPN's range is IPv4 and no wider than /8."
  }
}

variable "ports" {
  description = "What proxy and VPN may reach: Traefik on the instance."
  type        = set(number)
  default     = [80]
}

variable "image_id" {
  description = "The machine image, baked with Docker, kind, tilt and Traefik."
  type        = string
}

variable "instance_types" {
  description = "The instance type of each size. What is not in it cannot be asked for."
  type        = object({ small = string, medium = string, large = string })
  default     = { small = "t3.large", medium = "t3.xlarge", large = "m6i.2xlarge" }
}

variable "boundary_arn" {
  description = "The permissions boundary of every environment's role: an output of modules/platform."
  type        = string
}

variable "data_bucket" {
  description = "Where seeds lie, under sandbox/ and dev-envs/<environment>/. Empty: an environment reads nothing from S3."
  type        = string
  default     = ""
}

variable "sandbox_key_arn" {
  description = "The KMS key of what environments may read. Empty: none but what Secrets Manager decrypts for them, which is their own."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]+$", var.sandbox_key_arn))
    error_message = "A key is named by its ARN, without wildcards."
  }
}

variable "on_paper" {
  description = "Whether its orders go nowhere but to a simulator beside it: then no key to a sandbox is for it either."
  type        = bool
  default     = false
}
