# The rest of what Trellis may do: images, roles of environments, commands, states, code and secrets; and what it may not, whatever else allows it.

locals {
  trellis_images = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "BakeFrom", Effect = "Allow", Action = "ec2:CreateImage", Resource = "${local.ec2}:instance/*", Condition = { Null = { "aws:ResourceTag/trellis:builder" = "false" } } },
      { Sid = "Bake", Effect = "Allow", Action = "ec2:CreateImage", Resource = "arn:${var.partition}:ec2:${var.region}::image/*", Condition = { Null = { "aws:RequestTag/trellis:image" = "false" } } },
      { Sid = "BakeDisks", Effect = "Allow", Action = "ec2:CreateImage", Resource = "arn:${var.partition}:ec2:${var.region}::snapshot/*" },
      { Sid = "MarkImages", Effect = "Allow", Action = "ec2:CreateTags", Resource = "arn:${var.partition}:ec2:${var.region}::*/*", Condition = { Null = { "aws:RequestTag/trellis:image" = "false" }, StringEquals = { "ec2:CreateAction" = "CreateImage" } } },
      # The disks of an image are marked once it is there. They are snapshots, that nobody else marked before.
      {
        Sid      = "MarkDisks"
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = "arn:${var.partition}:ec2:${var.region}::snapshot/*"
        Condition = {
          Null                        = { "aws:RequestTag/trellis:image" = "false", "aws:ResourceTag/Name" = "true" }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = ["trellis:image", "trellis:bake"] }
        }
      },
      { Sid = "Forget", Effect = "Allow", Action = ["ec2:DeregisterImage", "ec2:DeleteSnapshot"], Resource = "arn:${var.partition}:ec2:${var.region}::*/*", Condition = { Null = { "aws:ResourceTag/trellis:image" = "false" } } },
      { Sid = "Tell", Effect = "Allow", Action = "ssm:SendCommand", Resource = "${local.ec2}:instance/*", Condition = { Null = { "ssm:resourceTag/trellis:environment" = "false" } } },
      { Sid = "TellBy", Effect = "Allow", Action = "ssm:SendCommand", Resource = "arn:${var.partition}:ssm:${var.region}::document/AWS-RunShellScript" },
      { Sid = "Hear", Effect = "Allow", Action = ["ssm:GetCommandInvocation", "ssm:CancelCommand", "pricing:GetProducts"], Resource = "*" },
    ]
  })

  trellis_rights = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "Roles", Effect = "Allow", Action = [for each in ["GetRole", "DeleteRole", "TagRole", "UntagRole", "GetRolePolicy", "DeleteRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "ListInstanceProfilesForRole"] : "iam:${each}"], Resource = local.env_roles },
        # No role without the boundary, and no policy for one without it.
        { Sid = "BoundRoles", Effect = "Allow", Action = ["iam:CreateRole", "iam:PutRolePolicy"], Resource = local.env_roles, Condition = { StringEquals = { "iam:PermissionsBoundary" = local.bounded } } },
        { Sid = "Profiles", Effect = "Allow", Action = [for each in ["GetInstanceProfile", "CreateInstanceProfile", "DeleteInstanceProfile", "AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile"] : "iam:${each}"], Resource = local.profiles },
        { Sid = "Hand", Effect = "Allow", Action = "iam:PassRole", Resource = [local.env_roles, local.builders], Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } } },
        { Sid = "States", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = "${local.s3}${var.state_bucket}/*" },
        { Sid = "Lists", Effect = "Allow", Action = "s3:ListBucket", Resource = concat(["${local.s3}${var.state_bucket}"], local.data) },
        { Sid = "Shared", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = "${local.vault}/sandbox/*" },
        { Sid = "Vault", Effect = "Allow", Action = [for each in ["GetSecretValue", "PutSecretValue", "CreateSecret", "DeleteSecret"] : "secretsmanager:${each}"], Resource = "${local.vault}/dev-envs/*" },
        { Sid = "Names", Effect = "Allow", Action = "secretsmanager:ListSecrets", Resource = "*" },
        { Sid = "NoOtherSecrets", Effect = "Deny", Action = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"], NotResource = ["${local.vault}/sandbox/*", "${local.vault}/dev-envs/*"] },
        { Sid = "NoParameters", Effect = "Deny", Action = "ssm:*Parameter*", Resource = "*" },
        { Sid = "NobodyElse", Effect = "Deny", Action = ["sts:AssumeRole*", "sts:GetFederationToken", "iam:*PermissionsBoundary", "iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy", "organizations:*"], Resource = "*" },
      ],
      length(local.data) == 0 ? [] : [
        { Sid = "Code", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = "${local.data[0]}/dev-envs/*" },
      ],
      [
        for key in ["environment", "env", "stage"] : {
          Sid       = "NoProduction${title(key)}"
          Effect    = "Deny"
          NotAction = ["ec2:Describe*", "secretsmanager:ListSecrets"]
          Resource  = "*"
          Condition = { StringEqualsIgnoreCase = { "aws:ResourceTag/${key}" = ["prod", "production", "live"] } }
        }
      ],
    )
  })
}
