# Trellis's own role, for the hosts that workers, `trellis sweep` and the rest run on; and the role of a builder, on which an image is baked.

resource "aws_iam_policy" "trellis" {
  for_each = merge(
    { machines = local.trellis_machines, images = local.trellis_images, rights = local.trellis_rights },
    length(var.seed_snapshots) == 0 ? {} : { data = local.trellis_data },
  )

  name        = "trellis-${each.key}"
  path        = "/trellis/"
  description = "What Trellis may do: ${each.key}"
  policy      = each.value
}

resource "aws_iam_role" "trellis" {
  name = "trellis"
  path = "/trellis/"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }],
      length(var.trellis_principals) == 0 ? [] : [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = var.trellis_principals } }],
    )
  })
}

resource "aws_iam_role_policy_attachment" "trellis" {
  for_each = aws_iam_policy.trellis

  role       = aws_iam_role.trellis.name
  policy_arn = each.value.arn
}

resource "aws_iam_instance_profile" "trellis" {
  name = "trellis"
  path = "/trellis/"
  role = aws_iam_role.trellis.name
}

# A builder: it hears commands through SSM, goes out for packages, lets nobody in and reads nothing at all.
resource "aws_iam_role" "builder" {
  name                 = "trellis-builder"
  path                 = "/trellis/builders/"
  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy   = local.for_instances
}

resource "aws_iam_role_policy" "builder" {
  name   = "builder"
  role   = aws_iam_role.builder.name
  policy = local.builder_policy
}

resource "aws_iam_instance_profile" "builder" {
  name = "trellis-builder"
  path = "/trellis/builders/"
  role = aws_iam_role.builder.name
}

resource "aws_security_group" "builder" {
  name        = "trellis-builder"
  description = "A builder of images: out for packages, nobody in"
  vpc_id      = local.vpc_id
  tags        = { Name = "trellis-builder" }
}

resource "aws_vpc_security_group_egress_rule" "builder" {
  for_each = toset(["80", "443"])

  security_group_id = aws_security_group.builder.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

locals {
  builder_group_id = aws_security_group.builder.id
}

variable "trellis_principals" {
  description = "ARNs of who else may become Trellis's role: that of its pods (IRSA has another trust: attach the policies to its role yourself), or an operator's. Instances may anyway."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.trellis_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9/_+=,.@-]+$", each))])
    error_message = "Who becomes Trellis is named by the ARN of a role or user, without wildcards."
  }
}

output "trellis" {
  description = "Trellis's own role: its instance profile for hosts, and its policies for a role of yours."
  value       = { role = aws_iam_role.trellis.arn, instance_profile = aws_iam_instance_profile.trellis.name, policies = [for each in aws_iam_policy.trellis : each.arn] }
}

output "image" {
  description = "For Trellis's [image]: where its builder is, and as what."
  value       = { instance_profile = aws_iam_instance_profile.builder.name, security_group_id = aws_security_group.builder.id, subnet_id = local.subnet_id }
}
