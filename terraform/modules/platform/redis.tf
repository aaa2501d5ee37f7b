# Redis for Trellis: a doorbell, of which nothing is missed when it is lost. So no backups; but TLS, a token, and nothing thrown away while it is full.

locals {
  has_redis = var.redis != null
}

resource "aws_elasticache_subnet_group" "trellis" {
  count = local.has_redis ? 1 : 0

  name       = "trellis"
  subnet_ids = local.private_subnet_ids

  lifecycle {
    precondition {
      condition     = !var.redis.two_zones || length(local.private_subnet_ids) >= 2
      error_message = "Redis in two zones needs private subnets in two: network.private_subnet_ids has another one."
    }
  }
}

resource "aws_elasticache_parameter_group" "trellis" {
  count = local.has_redis ? 1 : 0

  name   = "trellis-redis${split(".", var.redis.version)[0]}"
  family = "redis${split(".", var.redis.version)[0]}"

  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_elasticache_replication_group" "trellis" {
  count = local.has_redis ? 1 : 0

  replication_group_id       = "trellis"
  description                = "Trellis's queue"
  engine                     = "redis"
  engine_version             = var.redis.version
  node_type                  = var.redis.node_type
  num_cache_clusters         = var.redis.two_zones ? 2 : 1
  automatic_failover_enabled = var.redis.two_zones
  multi_az_enabled           = var.redis.two_zones
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auth_token                 = var.redis_token
  parameter_group_name       = aws_elasticache_parameter_group.trellis[0].name
  subnet_group_name          = aws_elasticache_subnet_group.trellis[0].name
  security_group_ids         = [aws_security_group.data["redis"].id]
  apply_immediately          = true

  lifecycle {
    precondition {
      condition     = var.redis_token != ""
      error_message = "Redis needs redis_token."
    }
  }
}
