# Who reaches the proxy, whom it reaches, and what it may read: one secret, what it names to Trellis.

# Whoever is in this group may reach environments: the proxy's hosts.
resource "aws_security_group" "proxy" {
  name        = "trellis-proxy"
  description = "The proxy in front of environments"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-proxy" }
}

resource "aws_vpc_security_group_egress_rule" "proxy" {
  security_group_id = aws_security_group.proxy.id
  cidr_ipv4         = local.inside
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

# Its configuration, the login and what the keeper hands on.
resource "aws_vpc_security_group_egress_rule" "proxy_trellis" {
  for_each = local.has_proxy ? toset([for port in var.proxy.trellis_ports : tostring(port)]) : toset([])

  security_group_id = aws_security_group.proxy.id
  cidr_ipv4         = var.proxy.trellis_cidr == "" ? local.inside : var.proxy.trellis_cidr
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

# AWS: Secrets Manager and SSM. In a network that there is nobody here knows where its endpoints are.
resource "aws_vpc_security_group_egress_rule" "proxy_aws" {
  count = local.has_proxy ? 1 : 0

  security_group_id            = aws_security_group.proxy.id
  referenced_security_group_id = local.is_made ? aws_security_group.endpoints.id : null
  cidr_ipv4                    = local.is_made ? null : "0.0.0.0/0"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "proxy" {
  for_each = local.has_proxy ? toset(["80", "443", "8082"]) : toset([])

  security_group_id            = aws_security_group.proxy.id
  referenced_security_group_id = aws_security_group.visitors[0].id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_security_group" "visitors" {
  count = local.has_proxy ? 1 : 0

  name        = "trellis-visitors"
  description = "The load balancer before the proxy"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-visitors" }
}

resource "aws_vpc_security_group_ingress_rule" "visitors" {
  for_each = local.has_proxy ? { for pair in setproduct(["80", "443"], var.proxy.visitors) : "${pair[0]} ${pair[1]}" => pair } : {}

  security_group_id = aws_security_group.visitors[0].id
  cidr_ipv4         = each.value[1]
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value[0])
  to_port           = tonumber(each.value[0])
}

resource "aws_vpc_security_group_egress_rule" "visitors" {
  for_each = local.has_proxy ? toset(["80", "443", "8082"]) : toset([])

  security_group_id            = aws_security_group.visitors[0].id
  referenced_security_group_id = aws_security_group.proxy.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_iam_role" "proxy" {
  count = local.has_proxy ? 1 : 0

  name               = "trellis-proxy"
  path               = "/trellis/"
  assume_role_policy = local.for_instances
}

resource "aws_iam_role_policy" "proxy" {
  count = local.has_proxy ? 1 : 0

  name = "proxy"
  role = aws_iam_role.proxy[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Token", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = "arn:${var.partition}:secretsmanager:${var.region}:${var.account}:secret:${var.proxy.secret}-??????" },
      { Sid = "Agent", Effect = "Allow", Action = local.agent_actions, Resource = "*" },
    ]
  })
}

resource "aws_iam_instance_profile" "proxy" {
  count = local.has_proxy ? 1 : 0

  name = "trellis-proxy"
  path = "/trellis/"
  role = aws_iam_role.proxy[0].name
}

locals {
  for_instances = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
