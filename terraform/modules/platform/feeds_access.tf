# Who reaches the hosts of market data, and what they may read: one secret, the password of whoever owns NATS.

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
  cidr_ipv4         = var.feeds.clients_cidr == "" ? var.cidr : var.feeds.clients_cidr
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

resource "aws_iam_role" "feeds" {
  count = local.feeds_are_there ? 1 : 0

  name               = "trellis-feeds"
  path               = "/trellis/"
  assume_role_policy = local.for_instances
}

resource "aws_iam_role_policy" "feeds" {
  count = local.feeds_are_there ? 1 : 0

  name = "feeds"
  role = aws_iam_role.feeds[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:${var.partition}:secretsmanager:${var.region}:${var.account}:secret:${var.feeds.secret}-??????"
    }]
  })
}

resource "aws_iam_instance_profile" "feeds" {
  count = local.feeds_are_there ? 1 : 0

  name = "trellis-feeds"
  path = "/trellis/"
  role = aws_iam_role.feeds[0].name
}
