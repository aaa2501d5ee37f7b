# Who reaches PostgreSQL and Redis: Trellis's own hosts, by their group or their range, and nobody else. Environments are in neither.

locals {
  data_ports = merge(local.has_postgres ? { postgres = 5432 } : {}, local.has_redis ? { redis = 6379 } : {})
  data_cidrs = {
    postgres = try(var.postgres.clients_cidrs, [])
    redis    = try(var.redis.clients_cidrs, [])
  }
}

resource "aws_security_group" "trellis" {
  count = length(local.data_ports) > 0 ? 1 : 0

  name        = "trellis"
  description = "Hosts of Trellis itself"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis" }
}

resource "aws_vpc_security_group_egress_rule" "trellis" {
  for_each = local.data_ports

  security_group_id            = aws_security_group.trellis[0].id
  referenced_security_group_id = aws_security_group.data[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_security_group" "data" {
  for_each = local.data_ports

  name        = "trellis-${each.key}"
  description = "Trellis's ${each.key}: in from Trellis's hosts"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "data" {
  for_each = local.data_ports

  security_group_id            = aws_security_group.data[each.key].id
  referenced_security_group_id = aws_security_group.trellis[0].id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "data_ranges" {
  for_each = merge([for name, port in local.data_ports : { for cidr in local.data_cidrs[name] : "${name} ${cidr}" => { name = name, port = port, cidr = cidr } }]...)

  security_group_id = aws_security_group.data[each.value.name].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
