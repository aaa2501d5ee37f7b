# What Trellis itself may do: make, change and end what bears our mark, and nothing else. Nothing but values, as boundary.tf; in three texts, since one would be
# longer than AWS takes. To look, AWS knows no marks: it sees every instance of the account, but no secret, no user data and no object of anybody else.

locals {
  marked    = { Null = { "aws:ResourceTag/trellis:environment" = "false" } }
  to_mark   = { Null = { "aws:RequestTag/trellis:environment" = "false" } }
  ec2       = "arn:${var.partition}:ec2:${var.region}:${var.account}"
  iam       = "arn:${var.partition}:iam::${var.account}"
  env_roles = "${local.iam}:role/trellis/environments/*"
  profiles  = "${local.iam}:instance-profile/trellis/environments/*"
  builders  = "${local.iam}:role/trellis/builders/*"
  s3        = "arn:${var.partition}:s3:::"
  data      = var.data_bucket == "" ? [] : ["${local.s3}${var.data_bucket}"]
  vault     = "arn:${var.partition}:secretsmanager:${var.region}:${var.account}:secret:"
  bounded   = "${local.iam}:policy/trellis/trellis-environment-boundary"

  trellis_machines = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = [for each in ["Instances", "InstanceAttribute", "InstanceTypes", "InstanceCreditSpecifications", "Images", "Snapshots", "Volumes", "Tags", "SecurityGroups", "SecurityGroupRules", "NetworkInterfaces", "Subnets", "Vpcs"] : "ec2:Describe${each}"]
        Resource = "*"
      },
      {
        Sid       = "Run"
        Effect    = "Allow"
        Action    = "ec2:RunInstances"
        Resource  = "${local.ec2}:instance/*"
        Condition = { Null = local.to_mark.Null, StringEquals = { "ec2:MetadataHttpTokens" = "required" } }
      },
      { Sid = "RunOnDisks", Effect = "Allow", Action = "ec2:RunInstances", Resource = "${local.ec2}:volume/*", Condition = { Bool = { "ec2:Encrypted" = "true" } } },
      { Sid = "RunInGroups", Effect = "Allow", Action = "ec2:RunInstances", Resource = "${local.ec2}:security-group/*", Condition = local.marked },
      {
        Sid      = "RunWith"
        Effect   = "Allow"
        Action   = "ec2:RunInstances"
        Resource = concat([for each in local.private_subnet_ids : "${local.ec2}:subnet/${each}"], ["${local.ec2}:network-interface/*", "arn:${var.partition}:ec2:${var.region}::image/*", "${local.ec2}:security-group/${local.builder_group_id}"])
      },
      { Sid = "Mark", Effect = "Allow", Action = "ec2:CreateTags", Resource = "${local.ec2}:*/*", Condition = { Null = local.to_mark.Null, StringEquals = { "ec2:CreateAction" = ["RunInstances", "CreateSecurityGroup"] } } },
      {
        Sid       = "Ours"
        Effect    = "Allow"
        Action    = [for each in ["StartInstances", "StopInstances", "RebootInstances", "TerminateInstances", "ModifyInstanceAttribute"] : "ec2:${each}"]
        Resource  = "${local.ec2}:instance/*"
        Condition = local.marked
      },
      { Sid = "OurLabels", Effect = "Allow", Action = ["ec2:CreateTags", "ec2:DeleteTags"], Resource = [for each in ["instance", "security-group", "volume"] : "${local.ec2}:${each}/*"], Condition = local.marked },
      { Sid = "KeepTheMark", Effect = "Deny", Action = "ec2:DeleteTags", Resource = "*", Condition = { "ForAnyValue:StringEquals" = { "aws:TagKeys" = ["trellis:environment", "trellis:builder", "trellis:image"] } } },
      { Sid = "GroupsHere", Effect = "Allow", Action = "ec2:CreateSecurityGroup", Resource = "${local.ec2}:vpc/${local.vpc_id}" },
      { Sid = "NewGroups", Effect = "Allow", Action = "ec2:CreateSecurityGroup", Resource = "${local.ec2}:security-group/*", Condition = local.to_mark },
      {
        Sid       = "OurGroups"
        Effect    = "Allow"
        Action    = [for each in ["DeleteSecurityGroup", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules"] : "ec2:${each}"]
        Resource  = "${local.ec2}:security-group/*"
        Condition = local.marked
      },
      # A rule has no tags of its own; whose it is, the group says.
      { Sid = "OurRules", Effect = "Allow", Action = ["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:ModifySecurityGroupRules"], Resource = "${local.ec2}:security-group-rule/*" },
    ]
  })
}
