variable "scp" {
  description = "Where the organisation's policy is attached: target_id (the account's number, or ou-…), and role_arn, a role of the organisation's own account that may. Null: it is an output only."
  type        = object({ target_id = string, role_arn = string })
  default     = null
}

variable "scp_operators" {
  description = "ARNs of roles that the policy leaves alone, but for metadata and leaving: those of who applies this module."
  type        = list(string)
  default     = []
}

# The organisation's own account, as seen by that role. Without scp it is never asked.
provider "aws" {
  alias  = "organization"
  region = var.region

  dynamic "assume_role" {
    for_each = var.scp == null ? [] : [var.scp.role_arn]
    content {
      role_arn = assume_role.value
    }
  }
}

resource "aws_organizations_policy" "environments" {
  count    = var.scp == null ? 0 : 1
  provider = aws.organization

  name        = "trellis-environments"
  description = "What nobody in the account of environments may do"
  type        = "SERVICE_CONTROL_POLICY"
  content     = local.scp
}

resource "aws_organizations_policy_attachment" "environments" {
  count    = var.scp == null ? 0 : 1
  provider = aws.organization

  policy_id = aws_organizations_policy.environments[0].id
  target_id = var.scp.target_id
}

output "scp" {
  description = "The text of the organisation's policy, for whoever attaches it by other means."
  value       = local.scp
}
