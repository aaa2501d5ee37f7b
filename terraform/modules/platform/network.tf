# The network of environments: a private subnet without public addresses, or one that there is. S3 and Secrets Manager are reached from within.

locals {
  is_made   = var.network == null
  vpc_id    = local.is_made ? aws_vpc.this[0].id : var.network.vpc_id
  subnet_id = local.is_made ? aws_subnet.private[0].id : var.network.subnet_id
}

resource "aws_vpc" "this" {
  count = local.is_made ? 1 : 0

  cidr_block           = var.cidr
  enable_dns_hostnames = true
  tags                 = { Name = "trellis" }
}

resource "aws_subnet" "private" {
  count = local.is_made ? 1 : 0

  vpc_id                  = aws_vpc.this[0].id
  cidr_block              = cidrsubnet(var.cidr, 4, 0)
  map_public_ip_on_launch = false
  tags                    = { Name = "trellis-environments" }
}

resource "aws_route_table" "private" {
  count = local.is_made ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "trellis-environments" }
}

resource "aws_route_table_association" "private" {
  count = local.is_made ? 1 : 0

  subnet_id      = aws_subnet.private[0].id
  route_table_id = aws_route_table.private[0].id
}

resource "aws_vpc_endpoint" "s3" {
  count = local.is_made ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]
  tags              = { Name = "trellis-s3" }
}

resource "aws_security_group" "endpoints" {
  name        = "trellis-endpoints"
  description = "AWS's own interfaces: HTTPS from the VPC"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = local.is_made ? 1 : 0

  security_group_id = aws_security_group.endpoints.id
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_endpoint" "interfaces" {
  for_each = local.is_made ? toset(["secretsmanager", "ssm", "ssmmessages", "ec2messages"]) : toset([])

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${var.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [aws_subnet.private[0].id]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  tags                = { Name = "trellis-${each.value}" }
}

# Whoever is in this group may reach environments: the proxy's hosts.
resource "aws_security_group" "proxy" {
  name        = "trellis-proxy"
  description = "The proxy in front of environments"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-proxy" }
}

resource "aws_vpc_security_group_egress_rule" "proxy" {
  security_group_id = aws_security_group.proxy.id
  cidr_ipv4         = local.is_made ? var.cidr : "10.0.0.0/8"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}
