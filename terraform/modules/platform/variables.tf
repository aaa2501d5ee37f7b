variable "region" {
  description = "The region of AWS."
  type        = string
}

variable "account" {
  description = "The number of the account that environments live in; not the one of production."
  type        = string
}

variable "partition" {
  description = "The partition of AWS: aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "network" {
  description = "A VPC and a private subnet of it that there are. Null: they are made."
  type        = object({ vpc_id = string, subnet_id = string })
  default     = null
}

variable "cidr" {
  description = "The range of the VPC, when it is made."
  type        = string
  default     = "10.20.0.0/16"
}

variable "data_bucket" {
  description = "Where seeds lie, under sandbox/ and dev-envs/<environment>/. Empty: environments read nothing from S3."
  type        = string
  default     = ""
}

variable "state_bucket" {
  description = "The name of the bucket of Terraform's states, which is made."
  type        = string
}

variable "reaper_archive" {
  description = "The reaper as a zip that holds reaper/handler.py as handler.py."
  type        = string
}

variable "longest_life_hours" {
  description = "After so long an instance is taken down whatever its tags say; Trellis's own limit (its longest keep) and a day."
  type        = number
  default     = 360
}

variable "secret_reads_per_hour" {
  description = "More reads of secrets than this in an hour ring an alarm. Needs a trail of CloudTrail that writes to secrets_log_group."
  type        = number
  default     = 500
}

variable "secrets_log_group" {
  description = "The log group of that trail. Empty: no alarm on reads of secrets."
  type        = string
  default     = ""
}

variable "alarms_to" {
  description = "An e-mail address that alarms and the budget go to."
  type        = string
}

variable "monthly_budget" {
  description = "In dollars: at 80 % of it, and when it is forecast to be passed, alarms_to is told. It stops nothing by itself."
  type        = number
}
