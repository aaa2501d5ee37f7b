output "created_at" {
  description = "When it was made first; read back when nothing else remembers it."
  value       = terraform_data.machine.output.created_at
}

output "machine" {
  description = "What was made: the ids, and what of the machine it may use."
  value = {
    id        = terraform_data.machine.id
    network   = terraform_data.network.id
    disk      = terraform_data.disk.id
    memory_mb = terraform_data.machine.output.memory_mb
  }
}

output "addresses" {
  description = "Service to URL, of what the machine itself answers: nothing, since services run beside Trellis."
  value       = {}
}
