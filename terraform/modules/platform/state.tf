# The states of all environments: versioned, encrypted, public to nobody.

resource "aws_s3_bucket" "states" {
  bucket = var.state_bucket
}

resource "aws_s3_bucket_versioning" "states" {
  bucket = aws_s3_bucket.states.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "states" {
  bucket = aws_s3_bucket.states.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "states" {
  bucket                  = aws_s3_bucket.states.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_iam_policy" "boundary" {
  name        = "trellis-environment-boundary"
  path        = "/trellis/"
  description = "The most that an environment's role can be allowed"
  policy      = local.boundary
}
