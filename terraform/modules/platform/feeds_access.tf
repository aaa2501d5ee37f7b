# Who reaches the hosts of market data, and what they may read: the password of whoever owns NATS, and, where NATS runs, its certificate with the key.

resource "aws_security_group" "nats" {
  count = local.feeds_are_there ? 1 : 0

  name        = "trellis-nats"
  description = "NATS: environments and feeds come in, its hosts speak with each other"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-nats" }
}

resource "aws_vpc_security_group_ingress_rule" "nats_clients" {
  count = local.feeds_are_there ? 1 : 0

  security_group_id = aws_security_group.nats[0].id
  cidr_ipv4         = var.feeds.clients_cidr == "" ? local.inside : var.feeds.clients_cidr
  ip_protocol       = "tcp"
  from_port         = 4222
  to_port           = 4222
}

resource "aws_vpc_security_group_ingress_rule" "nats_cluster" {
  count = local.feeds_are_there ? 1 : 0

  security_group_id            = aws_security_group.nats[0].id
  referenced_security_group_id = aws_security_group.nats[0].id
  ip_protocol                  = "tcp"
  from_port                    = 6222
  to_port                      = 6222
}

resource "aws_vpc_security_group_egress_rule" "nats_cluster" {
  count = local.feeds_are_there ? 1 : 0

  security_group_id            = aws_security_group.nats[0].id
  referenced_security_group_id = aws_security_group.nats[0].id
  ip_protocol                  = "tcp"
  from_port                    = 4222
  to_port                      = 6222
}

resource "aws_vpc_security_group_egress_rule" "nats_secret" {
  count = local.feeds_are_there ? 1 : 0

  security_group_id            = aws_security_group.nats[0].id
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_feeds" {
  for_each = local.feeds_are_there ? { nats = aws_security_group.nats[0].id, feeds = aws_security_group.feeds[0].id } : {}

  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_security_group" "feeds" {
  count = local.feeds_are_there ? 1 : 0

  name        = "trellis-feeds"
  description = "The multiplexers: out to exchanges and NATS, in for whoever looks at their numbers"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-feeds" }
}

resource "aws_vpc_security_group_ingress_rule" "feeds_status" {
  count = local.feeds_are_there && var.feeds.metrics_cidr != "" ? 1 : 0

  security_group_id = aws_security_group.feeds[0].id
  cidr_ipv4         = var.feeds.metrics_cidr
  ip_protocol       = "tcp"
  from_port         = 8790
  to_port           = 8790
}

# Exchanges have no fixed addresses, so a group cannot name them: 443 is for REST, 9443 for Binance's streams.
resource "aws_vpc_security_group_egress_rule" "feeds_exchanges" {
  for_each = local.feeds_are_there ? toset(["443", "9443"]) : toset([])

  security_group_id = aws_security_group.feeds[0].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_vpc_security_group_egress_rule" "feeds_nats" {
  count = local.feeds_are_there ? 1 : 0

  security_group_id            = aws_security_group.feeds[0].id
  referenced_security_group_id = aws_security_group.nats[0].id
  ip_protocol                  = "tcp"
  from_port                    = 4222
  to_port                      = 4222
}

locals {
  feeds_secrets = !local.feeds_are_there ? {} : { feeds = [var.feeds.secret], nats = [var.feeds.secret, var.feeds.certificates] }
}

resource "aws_iam_role" "feeds" {
  for_each = local.feeds_secrets

  name               = "trellis-${each.key}"
  path               = "/trellis/"
  assume_role_policy = local.for_instances
}

resource "aws_iam_role_policy" "feeds" {
  for_each = local.feeds_secrets

  name = "feeds"
  role = aws_iam_role.feeds[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = [for secret in each.value : "arn:${var.partition}:secretsmanager:${var.region}:${var.account}:secret:${secret}-??????"]
    }]
  })
}

resource "aws_iam_instance_profile" "feeds" {
  for_each = local.feeds_secrets

  name = "trellis-${each.key}"
  path = "/trellis/"
  role = aws_iam_role.feeds[each.key].name
}
