# The names of environments lead to the proxy, never to a machine: none of them dangles when a machine goes. And the certificate for them.

locals {
  zone_is_made        = local.has_proxy && try(var.proxy.zone_id, "") == ""
  zone_id             = !local.has_proxy ? "" : local.zone_is_made ? aws_route53_zone.environments[0].zone_id : var.proxy.zone_id
  certificate_is_made = local.has_proxy && try(var.proxy.certificate_arn, "") == ""
  certificate_arn     = !local.has_proxy ? "" : local.certificate_is_made ? aws_acm_certificate_validation.environments[0].certificate_arn : var.proxy.certificate_arn
}

resource "aws_route53_zone" "environments" {
  count = local.zone_is_made ? 1 : 0

  name = var.proxy.domain
}

resource "aws_route53_record" "environments" {
  count = local.has_proxy ? 1 : 0

  zone_id = local.zone_id
  name    = "*.${var.proxy.domain}"
  type    = "A"

  alias {
    name                   = aws_lb.proxy[0].dns_name
    zone_id                = aws_lb.proxy[0].zone_id
    evaluate_target_health = false
  }
}

# One for all: service and slug are one label, <service>--<slug>.
resource "aws_acm_certificate" "environments" {
  count = local.certificate_is_made ? 1 : 0

  domain_name       = "*.${var.proxy.domain}"
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "certificate" {
  for_each = !local.certificate_is_made ? {} : {
    for each in aws_acm_certificate.environments[0].domain_validation_options : each.domain_name => each
  }

  zone_id         = local.zone_id
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "environments" {
  count = local.certificate_is_made ? 1 : 0

  certificate_arn         = aws_acm_certificate.environments[0].arn
  validation_record_fqdns = [for each in aws_route53_record.certificate : each.fqdn]
}
