terraform {
  required_version = ">= 1.10, < 2.0"

  required_providers {
    aws = {
      source  = "registry.terraform.io/hashicorp/aws" # by its whole name, so that OpenTofu takes the same
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region = var.region
}
