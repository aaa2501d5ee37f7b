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
