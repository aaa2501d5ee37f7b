# Market data: hosts that hear the exchanges (one leads, one waits), a cluster of NATS that tells environments, and the names they are reached by.

locals {
  feeds_are_there = var.feeds != null
  nats_hosts      = local.feeds_are_there ? { for number in range(3) : "nats-${number}" => number } : {}
  feed_hosts      = local.feeds_are_there ? { for number in range(2) : "feeds-${number}" => number } : {}
  feeds_subnets   = !local.feeds_are_there ? [] : length(var.feeds.subnet_ids) > 0 ? var.feeds.subnet_ids : [local.subnet_id]
  nats_url        = !local.feeds_are_there ? "" : join(",", [for host in keys(local.nats_hosts) : "tls://${host}.${var.feeds.zone}:4222"])
}

resource "aws_route53_zone" "feeds" {
  count = local.feeds_are_there ? 1 : 0

  name = var.feeds.zone
  vpc {
    vpc_id = local.vpc_id
  }
}

resource "aws_route53_record" "feeds" {
  for_each = merge(local.nats_hosts, local.feed_hosts)

  zone_id = aws_route53_zone.feeds[0].zone_id
  name    = "${each.key}.${var.feeds.zone}"
  type    = "A"
  ttl     = 60
  records = [startswith(each.key, "nats") ? aws_instance.nats[each.key].private_ip : aws_instance.feeds[each.key].private_ip]
}

resource "aws_instance" "nats" {
  for_each = local.nats_hosts

  ami                    = var.feeds.image
  instance_type          = var.feeds.instance_type
  subnet_id              = local.feeds_subnets[each.value % length(local.feeds_subnets)]
  vpc_security_group_ids = [aws_security_group.nats[0].id]
  iam_instance_profile   = aws_iam_instance_profile.feeds["nats"].name
  user_data = templatefile("${path.module}/feeds/nats.yaml.tftpl", {
    secret       = var.feeds.secret
    certificates = var.feeds.certificates
    region       = var.region
    url          = "tls://${each.key}.${var.feeds.zone}:4222"
    ca           = var.feeds.ca
    admit        = file("${path.module}/feeds/admit.sh")
    certify      = file("${path.module}/feeds/certify.sh")
    conf = templatefile("${path.module}/feeds/nats.conf.tftpl", {
      host    = each.key
      hosts   = keys(local.nats_hosts)
      zone    = var.feeds.zone
      disk_mb = floor(var.feeds.disk_gb * 1024 * 3 / 4)
    })
  })
  tags = { Name = "trellis-${each.key}" }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = var.feeds.disk_gb
  }
}

resource "aws_instance" "feeds" {
  for_each = local.feed_hosts

  ami                    = var.feeds.image
  instance_type          = var.feeds.instance_type
  subnet_id              = local.feeds_subnets[each.value % length(local.feeds_subnets)]
  vpc_security_group_ids = [aws_security_group.feeds[0].id]
  iam_instance_profile   = aws_iam_instance_profile.feeds["feeds"].name
  user_data = templatefile("${path.module}/feeds/feeds.yaml.tftpl", {
    nats_url  = local.nats_url
    ca        = var.feeds.ca
    secret    = var.feeds.secret
    region    = var.region
    record_mb = floor(var.feeds.disk_gb * 1024 / 2)
  })
  tags = { Name = "trellis-${each.key}" }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = 20
  }
}
