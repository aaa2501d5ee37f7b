# What nobody in the account of environments may do, said by the organisation, where the account itself cannot change it. Nothing but values, as boundary.tf.
# An SCP allows nothing (FullAWSAccess beside it does), and binds neither the organisation's own account nor roles of AWS's services.

locals {
  secret_of_any    = "arn:*:secretsmanager:*:*:secret:"
  parameter_of_any = "arn:*:ssm:*:*:parameter"

  # Who environments and builders are; and who else is exempt: those that made this module.
  scp_tenants   = { ArnLike = { "aws:PrincipalArn" = ["arn:*:iam::*:role/trellis/environments/*", "arn:*:iam::*:role/trellis/builders/*"] } }
  scp_operators = length(var.scp_operators) == 0 ? {} : { ArnNotLike = { "aws:PrincipalArn" = var.scp_operators } }

  scp_secrets    = ["${local.secret_of_any}/sandbox/*", "${local.secret_of_any}/dev-envs/*"]
  scp_parameters = ["${local.parameter_of_any}/sandbox/*", "${local.parameter_of_any}/dev-envs/*"]
  scp_objects    = ["arn:*:s3:::*/sandbox/*", "arn:*:s3:::*/dev-envs/*"]
  # What this module's own hosts read: the secrets that it is told of, and the password that RDS keeps.
  scp_platform = concat([for each in compact([try(var.proxy.secret, ""), try(var.feeds.secret, ""), try(var.feeds.certificates, "")]) : "${local.secret_of_any}${each}-??????"], ["${local.secret_of_any}rds!*"])

  scp = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "TenantsDo", Effect = "Deny", NotAction = concat(local.agent_actions, ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "ssm:GetParameter*", "s3:GetObject", "kms:Decrypt"]), Resource = "*", Condition = local.scp_tenants },
        { Sid = "TenantsRead", Effect = "Deny", Action = ["secretsmanager:*", "ssm:GetParameter*", "s3:*"], NotResource = concat(local.scp_secrets, local.scp_parameters, local.scp_objects), Condition = local.scp_tenants },
        # Whatever production's secrets are called, and however that is spelled: it is none of those below.
        merge({ Sid = "Secrets", Effect = "Deny", Action = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"], NotResource = concat(local.scp_secrets, local.scp_platform) }, length(local.scp_operators) == 0 ? {} : { Condition = local.scp_operators }),
        merge({ Sid = "Parameters", Effect = "Deny", Action = "ssm:GetParameter*", NotResource = concat(local.scp_parameters, ["arn:*:ssm:*::parameter/aws/*"]) }, length(local.scp_operators) == 0 ? {} : { Condition = local.scp_operators }),
        merge({ Sid = "OtherAccounts", Effect = "Deny", Action = "sts:AssumeRole*", NotResource = "arn:*:iam::${var.account}:role/*" }, length(local.scp_operators) == 0 ? {} : { Condition = local.scp_operators }),
        merge({ Sid = "Wall", Effect = "Deny", Action = ["iam:*PermissionsBoundary", "iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy"], Resource = "arn:*:iam::*:role/trellis/environments/*" }, length(local.scp_operators) == 0 ? {} : { Condition = local.scp_operators }),
        merge({ Sid = "WallsText", Effect = "Deny", Action = ["iam:*PolicyVersion", "iam:DeletePolicy"], Resource = "arn:*:iam::*:policy/trellis/*" }, length(local.scp_operators) == 0 ? {} : { Condition = local.scp_operators }),
        { Sid = "Unbound", Effect = "Deny", Action = "iam:CreateRole", Resource = "arn:*:iam::*:role/trellis/environments/*", Condition = { ArnNotLike = { "iam:PermissionsBoundary" = "arn:*:iam::*:policy/trellis/trellis-environment-boundary" } } },
        { Sid = "OldMetadata", Effect = "Deny", Action = "ec2:RunInstances", Resource = "arn:*:ec2:*:*:instance/*", Condition = { StringNotEquals = { "ec2:MetadataHttpTokens" = "required" } } },
        { Sid = "FarMetadata", Effect = "Deny", Action = "ec2:RunInstances", Resource = "arn:*:ec2:*:*:instance/*", Condition = { NumericGreaterThan = { "ec2:MetadataHttpPutResponseHopLimit" = "1" } } },
        { Sid = "Stay", Effect = "Deny", Action = ["ec2:ModifyInstanceMetadataOptions", "organizations:LeaveOrganization"], Resource = "*" },
      ],
      [
        for key in ["environment", "env", "stage"] : {
          Sid       = "Production${title(key)}"
          Effect    = "Deny"
          Action    = ["secretsmanager:*", "ssm:*", "kms:*", "s3:*", "sts:*"]
          Resource  = "*"
          Condition = merge(local.scp_operators, { StringEqualsIgnoreCase = { "aws:ResourceTag/${key}" = ["prod", "production", "live"] } })
        }
      ],
    )
  })
}
