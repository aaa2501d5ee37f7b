variable "postgres" {
  description = <<-EOT
    PostgreSQL for Trellis (RDS). Null: none. Its password is made and kept by AWS, in a secret. two_zones: with a second one that takes over.
    keep: false lets it be destroyed, and without a last snapshot. clients_cidrs: where Trellis is, besides whoever is in the group trellis_security_group_id.
  EOT
  type = object({
    instance_class = optional(string, "db.t4g.small")
    version        = optional(string, "16")
    storage_gb     = optional(number, 20)
    two_zones      = optional(bool, true)
    backup_days    = optional(number, 14)
    keep           = optional(bool, true)
    clients_cidrs  = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.postgres == null ? true : var.postgres.backup_days >= 1 && var.postgres.backup_days <= 35
    error_message = "Backups are kept for 1 to 35 days: without one a lost database is lost."
  }
}

variable "redis" {
  description = "Redis for Trellis (ElastiCache). Null: none. two_zones: with a second one that takes over. clients_cidrs as with postgres. It needs redis_token."
  type = object({
    node_type     = optional(string, "cache.t4g.small")
    version       = optional(string, "7.1")
    two_zones     = optional(bool, true)
    clients_cidrs = optional(list(string), [])
  })
  default = null
}

variable "redis_token" {
  description = "What Trellis names to Redis: 16 to 128 letters and digits (openssl rand -hex 32). It stands in this module's state."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = can(regex("^$|^[A-Za-z0-9]{16,128}$", var.redis_token))
    error_message = "A token of Redis is 16 to 128 letters and digits."
  }
}

output "postgres" {
  description = "address is host:port, secret the ARN of its user and password. Null where there is none."
  value = !local.has_postgres ? null : {
    address  = try(aws_db_instance.trellis[0].endpoint, null)
    database = "trellis"
    secret   = try(aws_db_instance.trellis[0].master_user_secret[0].secret_arn, null)
  }
}

output "redis" {
  description = "Where it is: rediss://:<token>@<address>. Null where there is none."
  value       = !local.has_redis ? null : { address = "${aws_elasticache_replication_group.trellis[0].primary_endpoint_address}:6379" }
}

output "trellis_security_group_id" {
  description = "Whoever is in it reaches PostgreSQL and Redis: Trellis's own hosts. Null where neither is made."
  value       = one(aws_security_group.trellis[*].id)
}
