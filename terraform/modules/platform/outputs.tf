output "network" {
  description = "For modules/branch-env: vpc_id, subnet_id, proxy_security_group_id. For trading-env also endpoint_cidrs, where endpoints of AWS were made."
  value = {
    vpc_id                  = local.vpc_id
    subnet_id               = local.subnet_id
    proxy_security_group_id = aws_security_group.proxy.id
    endpoint_cidrs          = local.is_made ? [aws_subnet.private[0].cidr_block] : []
  }
}

output "boundary_arn" {
  description = "For modules/branch-env."
  value       = aws_iam_policy.boundary.arn
}

output "state_bucket" {
  description = "For the engine's S3 state."
  value       = aws_s3_bucket.states.bucket
}
