# What a builder of images may do: be told what to do by SSM. A text of its own denies the rest, beside the boundary of environments.

locals {
  builder_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "BeTold", Effect = "Allow", Action = local.agent_actions, Resource = "*" },
      { Sid = "NothingElse", Effect = "Deny", NotAction = local.agent_actions, Resource = "*" },
    ]
  })
}
