variable "feeds" {
  description = <<-EOT
    Hosts of market data. Null: none. image: an AMI with trellis[feeds] in /opt/trellis, nats-server and the AWS CLI. secret: the name of a secret that
    is there, the password of NATS' owner. certificates: the name of another one, JSON with certificate and key (PEM) for *.zone, signed by ca (PEM, no
    secret), which the hosts read each hour. subnet_ids: private subnets with a way out, of several zones; none: the one of environments. zone: the
    private DNS zone that is made. clients_cidr: where environments and Trellis are, the network when left out. metrics_cidr: who may read the feeds' numbers.
  EOT
  type = object({
    image         = string
    secret        = string
    certificates  = string
    ca            = string
    instance_type = optional(string, "m6a.xlarge")
    disk_gb       = optional(number, 100)
    subnet_ids    = optional(list(string), [])
    zone          = optional(string, "trellis.internal")
    clients_cidr  = optional(string, "")
    metrics_cidr  = optional(string, "")
  })
  default = null

  validation {
    condition     = var.feeds == null || can(regex("-----BEGIN CERTIFICATE-----", var.feeds.ca))
    error_message = "feeds.ca is the PEM text of who signs the certificates of NATS' hosts."
  }
}

output "feeds" {
  description = "nats_url is TRELLIS_FEEDS__NATS_URL of workers and web parts; status are the addresses of each multiplexer's numbers. Null where there are none."
  value = !local.feeds_are_there ? null : {
    nats_url = local.nats_url
    status   = [for host in keys(local.feed_hosts) : "http://${host}.${var.feeds.zone}:8790"]
  }
}
