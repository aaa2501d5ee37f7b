# What an environment's role may do. Nothing but values: the tests read them without any provider and try them against thousands of requests.
#
# It reads its own path and, unless it trades on paper, the sandbox. Everything else is denied twice: since nothing allows it, and by statements that deny all actions
# on secrets anywhere but there, however the path is spelled, and on whatever is tagged as production's, wherever it is. The permissions
# boundary (modules/platform/boundary.tf) says it a third time, where an environment's own module cannot change it.

locals {
  arn = {
    secret    = "arn:${var.partition}:secretsmanager:${var.region}:${var.account}:secret:"
    parameter = "arn:${var.partition}:ssm:${var.region}:${var.account}:parameter"
    bucket    = "arn:${var.partition}:s3:::${var.data_bucket}"
  }

  own_paths      = concat(["dev-envs/${var.environment}"], var.on_paper ? [] : ["sandbox"])
  own_secrets    = [for path in local.own_paths : "${local.arn.secret}/${path}/*"]
  own_parameters = [for path in local.own_paths : "${local.arn.parameter}/${path}/*"]
  own_objects    = var.data_bucket == "" ? [] : [for path in local.own_paths : "${local.arn.bucket}/${path}/*"]
  own_keys       = var.sandbox_key_arn == "" ? [] : [var.sandbox_key_arn]

  reads = concat(
    [
      { Sid = "ReadSecrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], Resource = local.own_secrets },
      { Sid = "ReadParameters", Effect = "Allow", Action = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"], Resource = local.own_parameters },
    ],
    length(local.own_objects) == 0 ? [] : [
      { Sid = "ReadObjects", Effect = "Allow", Action = ["s3:GetObject"], Resource = local.own_objects },
    ],
  )

  via = { for service in ["secretsmanager", "ssm", "s3"] : service => "${service}.${var.region}.amazonaws.com" }

  # Secrets Manager decrypts a secret as whoever reads it, with whatever key it is under (AWS's own where it was given none), and says which secret it is.
  decrypts = concat(
    [
      {
        Sid      = "DecryptSecrets"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = ["arn:${var.partition}:kms:${var.region}:${var.account}:key/*"]
        Condition = {
          StringEquals = { "kms:ViaService" = [local.via.secretsmanager] }
          StringLike   = { "kms:EncryptionContext:SecretARN" = local.own_secrets }
        }
      },
    ],
    length(local.own_keys) == 0 ? [] : [
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = local.own_keys
        Condition = { StringEquals = { "kms:ViaService" = [local.via.ssm, local.via.s3] } }
      },
    ],
  )

  # What the SSM agent needs to be told what to do: by its own actions, for AWS's managed policy for it reads every parameter there is.
  agent = [
    {
      Sid      = "BeTold"
      Effect   = "Allow"
      Action   = ["ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel", "ec2messages:*"]
      Resource = "*"
    },
  ]

  denies = [
    { Sid = "NoOtherSecrets", Effect = "Deny", Action = "secretsmanager:*", NotResource = local.own_secrets },
    { Sid = "NoOtherParameters", Effect = "Deny", Action = ["ssm:*Parameter*"], NotResource = local.own_parameters },
    merge({ Sid = "NoOtherObjects", Effect = "Deny", Action = ["s3:*", "s3-object-lambda:*", "s3express:*"] }, length(local.own_objects) == 0 ? { Resource = ["*"] } : { NotResource = local.own_objects }),
    { Sid = "NoKeysByHand", Effect = "Deny", Action = "kms:*", Resource = ["*"], Condition = { StringNotEquals = { "kms:ViaService" = values(local.via) } } },
    {
      Sid      = "NoOtherSecretsKeys"
      Effect   = "Deny"
      Action   = "kms:*"
      Resource = ["*"]
      Condition = {
        StringEquals  = { "kms:ViaService" = [local.via.secretsmanager] }
        StringNotLike = { "kms:EncryptionContext:SecretARN" = local.own_secrets }
      }
    },
    merge(
      { Sid = "NoOtherKeys", Effect = "Deny", Action = "kms:*", Condition = { StringEquals = { "kms:ViaService" = [local.via.ssm, local.via.s3] } } },
      length(local.own_keys) == 0 ? { Resource = ["*"] } : { NotResource = local.own_keys },
    ),
    { Sid = "NobodyElse", Effect = "Deny", Action = ["sts:AssumeRole*", "sts:GetFederationToken", "iam:*", "organizations:*", "ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyInstance*"], Resource = "*" },
  ]

  no_production = [
    for key in ["Environment", "environment", "Env", "env", "Stage", "stage"] : {
      Sid      = "NoProduction${title(key)}${key == lower(key) ? "Lower" : ""}"
      Effect   = "Deny"
      Action   = ["secretsmanager:*", "ssm:*", "kms:*", "s3:*", "sts:*"]
      Resource = "*"
      Condition = {
        StringEqualsIgnoreCase = { "aws:ResourceTag/${key}" = ["prod", "production", "live"] }
      }
    }
  ]

  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.reads, local.decrypts, local.agent, local.denies, local.no_production) })
}
