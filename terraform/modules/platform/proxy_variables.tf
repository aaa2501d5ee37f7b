variable "proxy" {
  description = <<-EOT
    Traefik before all environments, on hosts behind a load balancer. Null: none. image: an AMI with Traefik 3 in /usr/local/bin, the SSM agent and the AWS CLI.
    domain: what environments' names are below. trellis_url: the web part as these hosts reach it. secret: the name of a secret that is there, what
    Traefik names to it (TRELLIS_TRAEFIK__TOKEN). zone_id: the public zone of domain (Route 53) that there is; none: one is made. certificate_arn: a
    certificate for *.domain that there is; none: one is made. is_public: false puts it before the network's own people only. visitors: who comes in.
    trellis_cidr: where Trellis is; none: the network. trellis_ports: the web part's and the keeper's.
  EOT
  type = object({
    image           = string
    domain          = string
    trellis_url     = string
    secret          = string
    hosts           = optional(number, 2)
    instance_type   = optional(string, "t3.small")
    is_public       = optional(bool, true)
    visitors        = optional(list(string), ["0.0.0.0/0"])
    zone_id         = optional(string, "")
    certificate_arn = optional(string, "")
    trellis_cidr    = optional(string, "")
    trellis_ports   = optional(set(number), [8700, 8780])
  })
  default = null

  validation {
    condition     = var.proxy == null ? true : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)+$", var.proxy.domain)) && can(regex("^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", var.proxy.trellis_url)) && can(regex("^[A-Za-z0-9/_+=.@-]+$", var.proxy.secret))
    error_message = "domain is a host name, trellis_url an address as http://10.20.0.5:8700, secret the name of a secret."
  }
}

output "proxy" {
  description = "domain, and who has to know it where its zone was made here: delegate to name_servers. Null where there is none."
  value = !local.has_proxy ? null : {
    domain        = var.proxy.domain
    load_balancer = aws_lb.proxy[0].dns_name
    name_servers  = try(aws_route53_zone.environments[0].name_servers, [])
  }
}
