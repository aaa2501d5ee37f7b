# The way out of the network that is made: one, in the first zone, as environments are. A network that there is has its own.

locals {
  has_nat       = local.is_made && var.nat != "none"
  has_gateway   = local.has_nat && var.nat == "gateway"
  has_nat_host  = local.has_nat && var.nat == "instance"
  has_public    = local.has_nat || (local.is_made && local.proxy_is_public)
  public_subnet = local.has_public ? length(var.zones) : 0
}

resource "aws_internet_gateway" "this" {
  count = local.has_public ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "trellis" }
}

# For the way out and the load balancer only: nothing else is in them, and what is started in them gets no public address by itself.
resource "aws_subnet" "public" {
  count = local.public_subnet

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = "${var.region}${var.zones[count.index]}"
  cidr_block              = cidrsubnet(var.cidr, 4, 8 + count.index)
  map_public_ip_on_launch = false
  tags                    = { Name = "trellis-public" }
}

resource "aws_route_table" "public" {
  count = local.has_public ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = { Name = "trellis-public" }
}

resource "aws_route" "public" {
  count = local.has_public ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = local.public_subnet

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  count = local.has_nat ? 1 : 0

  domain = "vpc"
  tags   = { Name = "trellis-nat" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count = local.has_gateway ? 1 : 0

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id
  tags          = { Name = "trellis" }
}

resource "aws_route" "out" {
  count = local.has_nat ? 1 : 0

  route_table_id         = aws_route_table.private[0].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = one(aws_nat_gateway.this[*].id)
  network_interface_id   = one(aws_instance.nat[*].primary_network_interface_id)
}
