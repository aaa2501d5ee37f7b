# The network of environments: a private subnet without public addresses, or one that there is. S3 and Secrets Manager are reached from within.

locals {
  is_made            = var.network == null
  inside             = local.is_made ? var.cidr : var.network.cidr
  vpc_id             = local.is_made ? aws_vpc.this[0].id : var.network.vpc_id
  subnet_id          = local.is_made ? aws_subnet.private[0].id : var.network.subnet_id
  private_subnet_ids = local.is_made ? aws_subnet.private[*].id : distinct(concat([var.network.subnet_id], var.network.private_subnet_ids))
  public_subnet_ids  = local.is_made ? aws_subnet.public[*].id : var.network.public_subnet_ids
}

resource "aws_vpc" "this" {
  count = local.is_made ? 1 : 0

  cidr_block           = var.cidr
  enable_dns_hostnames = true
  tags                 = { Name = "trellis" }
}

resource "aws_subnet" "private" {
  count = local.is_made ? length(var.zones) : 0

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = "${var.region}${var.zones[count.index]}"
  cidr_block              = cidrsubnet(var.cidr, 4, count.index)
  map_public_ip_on_launch = false
  tags                    = { Name = "trellis-environments" }
}

resource "aws_route_table" "private" {
  count = local.is_made ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "trellis-environments" }
}

resource "aws_route_table_association" "private" {
  count = local.is_made ? length(var.zones) : 0

  subnet_id      = aws_subnet.private[count.index].id
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

# Those of SSM and of secrets, so that a machine is told what to do where there is no way out, too.
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
