# The permissions boundary of every environment's role: the most that any of them can ever be allowed, whatever its own policy says. Nothing but
# values, as modules/branch-env/policy.tf. It lasts, so it names no environment: which one reads what is that one's policy.

locals {
  readable = {
    secrets    = ["dev-envs", "sandbox"]
    secret     = "arn:${var.partition}:secretsmanager:${var.region}:${var.account}:secret:"
    parameter  = "arn:${var.partition}:ssm:${var.region}:${var.account}:parameter"
    any_bucket = "arn:${var.partition}:s3:::${var.data_bucket}"
  }

  # What SSM's agent needs to be told what to do: AWS's managed policy for it reads every parameter there is.
  agent_actions = ["ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel", "ec2messages:*"]

  boundary_secrets    = [for each in local.readable.secrets : "${local.readable.secret}/${each}/*"]
  boundary_parameters = [for each in local.readable.secrets : "${local.readable.parameter}/${each}/*"]
  boundary_objects    = var.data_bucket == "" ? [] : [for each in local.readable.secrets : "${local.readable.any_bucket}/${each}/*"]

  boundary = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "Secrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], Resource = local.boundary_secrets },
        { Sid = "Parameters", Effect = "Allow", Action = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"], Resource = local.boundary_parameters },
        {
          Sid      = "Agent"
          Effect   = "Allow"
          Action   = local.agent_actions
          Resource = "*"
        },
        {
          Sid       = "Decrypt"
          Effect    = "Allow"
          Action    = ["kms:Decrypt"]
          Resource  = "*"
          Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.${var.region}.amazonaws.com", "ssm.${var.region}.amazonaws.com", "s3.${var.region}.amazonaws.com"] } }
        },
        { Sid = "NoOtherSecrets", Effect = "Deny", Action = "secretsmanager:*", NotResource = local.boundary_secrets },
        { Sid = "NoOtherParameters", Effect = "Deny", Action = ["ssm:*Parameter*"], NotResource = local.boundary_parameters },
        merge({ Sid = "NoOtherObjects", Effect = "Deny", Action = ["s3:*", "s3-object-lambda:*", "s3express:*"] }, length(local.boundary_objects) == 0 ? { Resource = ["*"] } : { NotResource = local.boundary_objects }),
        { Sid = "NobodyElse", Effect = "Deny", Action = ["sts:AssumeRole*", "sts:GetFederationToken", "iam:*", "organizations:*", "ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyInstance*"], Resource = "*" },
      ],
      [
        for key in ["environment", "env", "stage"] : {
          Sid       = "NoProductions${title(key)}"
          Effect    = "Deny"
          Action    = ["secretsmanager:*", "ssm:*", "kms:*", "s3:*", "sts:*"]
          Resource  = "*"
          Condition = { StringEqualsIgnoreCase = { "aws:ResourceTag/${key}" = ["prod", "production", "live"] } }
        }
      ],
      length(local.boundary_objects) == 0 ? [] : [
        { Sid = "Objects", Effect = "Allow", Action = ["s3:GetObject"], Resource = local.boundary_objects },
      ],
    )
  })
}
