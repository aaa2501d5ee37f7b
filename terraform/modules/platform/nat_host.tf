# nat = "instance": a small host of ours that hands on what goes out, for a fifth of the gateway's price and without its charge per gigabyte. Nobody logs in.

locals {
  nat_ports = toset(local.has_nat_host ? ["80", "443", "9443"] : []) # packages, everything else, Binance's streams
}

resource "aws_security_group" "nat" {
  count = local.has_nat_host ? 1 : 0

  name        = "trellis-nat"
  description = "The way out: in from the network, out over HTTP and HTTPS and to exchanges"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-nat" }
}

resource "aws_vpc_security_group_ingress_rule" "nat" {
  for_each = local.nat_ports

  security_group_id = aws_security_group.nat[0].id
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_vpc_security_group_egress_rule" "nat" {
  for_each = local.nat_ports

  security_group_id = aws_security_group.nat[0].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_instance" "nat" {
  count = local.has_nat_host ? 1 : 0

  ami                         = var.nat_image
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.public[0].id
  vpc_security_group_ids      = [aws_security_group.nat[0].id]
  source_dest_check           = false
  user_data                   = templatefile("${path.module}/nat/nat.yaml.tftpl", { cidr = var.cidr })
  user_data_replace_on_change = true
  tags                        = { Name = "trellis-nat" }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  root_block_device {
    encrypted   = true
    volume_type = "gp3"
  }

  lifecycle {
    precondition {
      condition     = startswith(var.nat_image, "ami-")
      error_message = "nat = \"instance\" needs nat_image."
    }
  }
}

resource "aws_eip_association" "nat" {
  count = local.has_nat_host ? 1 : 0

  allocation_id = aws_eip.nat[0].id
  instance_id   = aws_instance.nat[0].id
}
