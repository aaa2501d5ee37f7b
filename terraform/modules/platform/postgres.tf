# PostgreSQL for Trellis, where everything it must not forget is: encrypted, with backups, reached over TLS only and from within only.

locals {
  has_postgres = var.postgres != null
}

resource "aws_db_subnet_group" "trellis" {
  count = local.has_postgres ? 1 : 0

  name       = "trellis"
  subnet_ids = local.private_subnet_ids

  lifecycle {
    precondition {
      condition     = length(local.private_subnet_ids) >= 2
      error_message = "PostgreSQL needs private subnets in two zones: network.private_subnet_ids has another one."
    }
  }
}

resource "aws_db_parameter_group" "trellis" {
  count = local.has_postgres ? 1 : 0

  name_prefix = "trellis-"
  family      = "postgres${split(".", var.postgres.version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "trellis" {
  count = local.has_postgres ? 1 : 0

  identifier                  = "trellis"
  engine                      = "postgres"
  engine_version              = var.postgres.version
  instance_class              = var.postgres.instance_class
  db_name                     = "trellis"
  username                    = "trellis"
  manage_master_user_password = true
  allocated_storage           = var.postgres.storage_gb
  max_allocated_storage       = var.postgres.storage_gb * 5
  storage_type                = "gp3"
  storage_encrypted           = true
  multi_az                    = var.postgres.two_zones
  db_subnet_group_name        = aws_db_subnet_group.trellis[0].name
  parameter_group_name        = aws_db_parameter_group.trellis[0].name
  vpc_security_group_ids      = [aws_security_group.data["postgres"].id]
  publicly_accessible         = false
  backup_retention_period     = var.postgres.backup_days
  copy_tags_to_snapshot       = true
  auto_minor_version_upgrade  = true
  deletion_protection         = var.postgres.keep
  delete_automated_backups    = !var.postgres.keep
  skip_final_snapshot         = !var.postgres.keep
  final_snapshot_identifier   = var.postgres.keep ? "trellis-last" : null
}
