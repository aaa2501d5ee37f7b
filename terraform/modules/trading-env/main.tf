# One trading environment on one host: an instance as modules/branch-env makes it, that reaches the exchanges' sandboxes, its feed and AWS, and nothing else.

locals {
  name = "env-${var.environment}"

  # Labels for people and for the reaper of last resort; nobody's rights and no deadline of Trellis's own hang on them.
  tags = {
    Name                    = "trellis-${var.slug}"
    "trellis:environment"   = var.environment
    "trellis:slug"          = var.slug
    "trellis:project"       = var.project
    "trellis:created-at"    = var.created_at
    "trellis:hard-deadline" = var.hard_deadline
  }
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "Environment ${var.environment}: in from the proxy and the VPN, out to sandboxes"
  vpc_id      = var.vpc_id
  tags        = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "proxy" {
  for_each = toset([for port in var.ports : tostring(port)])

  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = var.proxy_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_vpc_security_group_ingress_rule" "vpn" {
  for_each = { for pair in setproduct([for port in var.ports : tostring(port)], var.vpn_cidrs) : "${pair[0]} ${pair[1]}" => pair }

  security_group_id = aws_security_group.this.id
  description       = "the VPN"
  cidr_ipv4         = each.value[1]
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value[0])
  to_port           = tonumber(each.value[0])
}

# Out to what `trellis vault egress terraform` rendered: the sandboxes that Trellis offers and the feed, by the addresses they have now. No
# packages and no images come over it: the machine image holds what is run.
resource "aws_vpc_security_group_egress_rule" "sandbox" {
  for_each = merge([for way in var.egress : { for address in way.addresses : "${address} ${way.port}" => merge(way, { address = address }) }]...)

  security_group_id = aws_security_group.this.id
  description       = each.value.host
  cidr_ipv4         = "${each.value.address}/32"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

# AWS is asked through endpoints inside the network: its addresses on the internet are everybody's.
resource "aws_vpc_security_group_egress_rule" "endpoints" {
  for_each = toset(var.endpoint_cidrs)

  security_group_id = aws_security_group.this.id
  description       = "endpoints of AWS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# S3 is behind a gateway, which has no address inside the network but a list of AWS's.
resource "aws_vpc_security_group_egress_rule" "gateways" {
  for_each = toset(var.endpoint_prefix_lists)

  security_group_id = aws_security_group.this.id
  description       = "gateways of AWS"
  prefix_list_id    = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_iam_role" "this" {
  name                 = local.name
  path                 = "/trellis/environments/"
  permissions_boundary = var.boundary_arn
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  tags                 = local.tags
}

resource "aws_iam_role_policy" "this" {
  name   = "environment"
  role   = aws_iam_role.this.name
  policy = local.policy
}

resource "aws_iam_instance_profile" "this" {
  name = local.name
  path = "/trellis/environments/"
  role = aws_iam_role.this.name
  tags = local.tags
}

resource "aws_instance" "this" {
  ami                    = var.image_id
  instance_type          = var.instance_types[var.size]
  subnet_id              = var.subnet_id
  vpc_security_group_ids = [aws_security_group.this.id]
  iam_instance_profile   = aws_iam_instance_profile.this.name
  tags                   = local.tags

  # No user data: the instance learns who it is from its own path, as data. No key pair: whoever must look goes through SSM.

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = 60
    encrypted             = true
    delete_on_termination = true
  }

  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    # A newer image is for new machines: one that there is keeps its disk, and is made anew by terminate and create.
    ignore_changes = [ami]

    postcondition {
      condition     = self.public_ip == null || self.public_ip == ""
      error_message = "The subnet gives public addresses: environments belong into a private one."
    }
  }
}
