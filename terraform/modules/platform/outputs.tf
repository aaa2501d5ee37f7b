output "network" {
  description = "For modules/branch-env: vpc_id, subnet_id, proxy_security_group_id. For trading-env also where endpoints of AWS were made."
  value = {
    vpc_id                  = local.vpc_id
    subnet_id               = local.subnet_id
    proxy_security_group_id = aws_security_group.proxy.id
    endpoint_cidrs          = local.is_made ? [aws_subnet.private[0].cidr_block] : []
    endpoint_prefix_lists   = local.is_made ? [aws_vpc_endpoint.s3[0].prefix_list_id] : []
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
