# Traefik before all environments: hosts that are made anew when they fail, behind a load balancer that holds the certificate. Nobody logs in; SSM reaches them.

locals {
  has_proxy       = var.proxy != null
  proxy_is_public = try(var.proxy.is_public, false)
  proxy_subnets   = local.proxy_is_public ? local.public_subnet_ids : local.private_subnet_ids
}

data "aws_ami" "proxy" {
  count = local.has_proxy ? 1 : 0

  filter {
    name   = "image-id"
    values = [var.proxy.image]
  }
}

resource "aws_launch_template" "proxy" {
  count = local.has_proxy ? 1 : 0

  name                   = "trellis-proxy"
  image_id               = var.proxy.image
  instance_type          = var.proxy.instance_type
  vpc_security_group_ids = [aws_security_group.proxy.id]
  update_default_version = true
  user_data = base64encode(templatefile("${path.module}/proxy/proxy.yaml.tftpl", {
    secret = var.proxy.secret
    region = var.region
    start  = file("${path.module}/proxy/start.sh")
    conf   = templatefile("${path.module}/proxy/traefik.yaml.tftpl", { trellis_url = var.proxy.trellis_url })
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.proxy[0].arn
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  block_device_mappings {
    device_name = data.aws_ami.proxy[0].root_device_name
    ebs {
      encrypted   = "true"
      volume_type = "gp3"
      volume_size = 20
    }
  }
  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "trellis-proxy" }
  }
}

resource "aws_autoscaling_group" "proxy" {
  count = local.has_proxy ? 1 : 0

  name                      = "trellis-proxy"
  min_size                  = var.proxy.hosts
  max_size                  = var.proxy.hosts + 1
  desired_capacity          = var.proxy.hosts
  vpc_zone_identifier       = local.private_subnet_ids
  target_group_arns         = [for each in aws_lb_target_group.proxy : each.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 180

  launch_template {
    id      = aws_launch_template.proxy[0].id
    version = aws_launch_template.proxy[0].latest_version
  }
  instance_refresh {
    strategy = "Rolling"
  }

  depends_on = [aws_iam_role_policy.proxy]
}

resource "aws_lb" "proxy" {
  count = local.has_proxy ? 1 : 0

  name                             = "trellis-proxy"
  load_balancer_type               = "network"
  internal                         = !local.proxy_is_public
  subnets                          = local.proxy_subnets
  security_groups                  = [aws_security_group.visitors[0].id]
  enable_cross_zone_load_balancing = true

  lifecycle {
    precondition {
      condition     = length(local.proxy_subnets) > 0
      error_message = "A public proxy in a network that there is needs network.public_subnet_ids."
    }
  }
}

resource "aws_lb_target_group" "proxy" {
  for_each = local.has_proxy ? { http = { port = 80, protocol = "TCP" }, https = { port = 443, protocol = "TLS" } } : {}

  name                 = "trellis-proxy-${each.key}"
  vpc_id               = local.vpc_id
  port                 = each.value.port
  protocol             = each.value.protocol
  preserve_client_ip   = "true"
  deregistration_delay = 30

  health_check {
    protocol = "HTTP"
    port     = "8082"
    path     = "/ping"
    interval = 10
  }
}

# Traefik says only where the same is to be had over TLS.
resource "aws_lb_listener" "http" {
  count = local.has_proxy ? 1 : 0

  load_balancer_arn = aws_lb.proxy[0].arn
  port              = 80
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.proxy["http"].arn
  }
}

# The certificate is here, where AWS renews it and no host that hands on what environments say has its key; to the hosts it is TLS again.
resource "aws_lb_listener" "https" {
  count = local.has_proxy ? 1 : 0

  load_balancer_arn = aws_lb.proxy[0].arn
  port              = 443
  protocol          = "TLS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = local.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.proxy["https"].arn
  }
}
