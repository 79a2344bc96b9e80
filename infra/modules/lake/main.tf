# The lake: one bucket, or a prefix of it. The bucket is the truth; all else can be made anew from it.
locals {
  url = trimsuffix("s3://${var.bucket}/${var.prefix}", "/")
}

resource "aws_s3_bucket" "this" {
  bucket        = var.bucket
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Without a key of one's own S3 encrypts with its own keys, which costs nothing. With one, the bucket key keeps KMS at a few requests a
# minute; without it every object would cost one, $3 a million.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = var.versioning
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  # A function that dies in the middle of an upload leaves parts that no listing shows and that are paid for.
  rule {
    id     = "abort-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_uploads_days
    }
  }

  rule {
    id     = "quarantine"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}quarantine/"
    }

    expiration {
      days = var.quarantine_days
    }
  }

  # Only what is rolled up: what lies below ledger/new/ is the compactor's work.
  rule {
    id     = "ledger"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}ledger/dt="
    }

    expiration {
      days = var.ledger_days
    }
  }

  rule {
    id     = "athena"
    status = "Enabled"

    filter {
      prefix = "athena/"
    }

    expiration {
      days = var.results_days
    }
  }

  # Where versions are kept: what was overwritten or deleted goes later, and then the marker of its deletion, too.
  rule {
    id     = "versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode(local.policy)

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# With this `lakebed --lake s3://…` needs to be told nothing else.
resource "aws_s3_object" "config" {
  bucket       = aws_s3_bucket.this.id
  key          = "${var.prefix}lakebed.yaml"
  content      = yamlencode(merge({ format = var.format }, var.settings))
  content_type = "application/yaml"

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this]
}
