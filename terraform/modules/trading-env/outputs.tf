output "created_at" {
  description = "When it was made first; read back when nothing else remembers it."
  value       = var.created_at
}

output "machine" {
  description = "What was made, for set-up and for the proxy."
  value = {
    id                = aws_instance.this.id
    private_ip        = aws_instance.this.private_ip
    security_group_id = aws_security_group.this.id
    role              = aws_iam_role.this.name
  }
}

output "addresses" {
  description = "Service to URL, of what the machine answers by itself: nothing before it is set up."
  value       = {}
}
