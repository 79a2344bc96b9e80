mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::clicks-lake" }
  }
}

variables {
  bucket   = "clicks-lake"
  prefix   = "lake/"
  settings = { id_field = "event_uuid", claims = "shard" }
}

run "by_default" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "All four ways of making a bucket public are blocked."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "No ACL gives an object away."
  }

  assert {
    condition = anytrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      s.Effect == "Deny" && s.Principal == "*" && s.Action == "s3:*" && try(s.Condition.Bool["aws:SecureTransport"], "") == "false" &&
    toset(flatten([s.Resource])) == toset(["arn:aws:s3:::clicks-lake", "arn:aws:s3:::clicks-lake/*"])])
    error_message = "Nobody reaches bucket or objects without TLS."
  }

  assert {
    condition = anytrue([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      s.Effect == "Deny" && s.Principal == "*" && s.Action == "s3:PutObject" && s.Resource == "arn:aws:s3:::clicks-lake/lake/events/*" &&
      try(s.Condition.Null, {}) == { "s3:if-match" = "true", "s3:if-none-match" = "true" } &&
    try(s.Condition.Bool, {}) == { "s3:ObjectCreationOperation" = "true" }])
    error_message = "A write below events/ without If-None-Match or If-Match is refused to everybody; parts of an upload, which bear neither, are not."
  }

  assert {
    condition     = length([for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s if s.Effect != "Deny"]) == 0
    error_message = "The bucket's policy gives nobody anything."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_lifecycle_configuration.this.rule : r if r.id == "abort-uploads"]).abort_incomplete_multipart_upload[0].days_after_initiation <= 2
    error_message = "What an upload leaves that was broken off goes soon."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_lifecycle_configuration.this.rule : r if r.id == "quarantine"]).filter[0].prefix == "lake/quarantine/"
    error_message = "Rejects expire below the lake's prefix."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_lifecycle_configuration.this.rule : r if r.id == "ledger"]).filter[0].prefix == "lake/ledger/dt="
    error_message = "Only the rolled-up ledger expires, never an entry that the compactor has not seen."
  }

  assert {
    condition = alltrue([for r in aws_s3_bucket_lifecycle_configuration.this.rule :
      contains(["quarantine", "ledger", "athena"], r.id) || try(r.expiration[0].days, 0) == 0
    ])
    error_message = "Neither events nor fragments expire by age."
  }

  assert {
    condition = { for r in aws_s3_bucket_lifecycle_configuration.this.rule : r.filter[0].prefix => r.expiration[0].days if try(r.expiration[0].days, 0) > 0 } == {
      "lake/quarantine/" = 400, "lake/ledger/dt=" = 365, "athena/" = 7
    }
    error_message = "What expires lies below these prefixes alone, and what was given up (aws/lambda/) is not there."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_lifecycle_configuration.this.rule : r if r.id == "ledger"]).expiration[0].days + 7 <= one([for r in aws_s3_bucket_lifecycle_configuration.this.rule : r if r.id == "quarantine"]).expiration[0].days
    error_message = "The ledger goes first: verify would miss rejects that it counts."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Objects are encrypted, for nothing, where there is no key."
  }

  assert {
    condition     = aws_s3_object.config.key == "lake/lakebed.yaml" && yamldecode(aws_s3_object.config.content) == { format = 1, id_field = "event_uuid", claims = "shard" }
    error_message = "lakebed.yaml says the format, as a number, and the settings."
  }

  assert {
    condition     = output.url == "s3://clicks-lake/lake" && !aws_s3_bucket.this.force_destroy
    error_message = "The URL has no final slash, and events are not destroyed unless told."
  }
}

run "own_key" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
    versioning  = "Enabled"
  }

  assert {
    condition = (one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
    one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/k")
    error_message = "A key of one's own is used."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "With it, the bucket key: else each object costs a request."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versions are kept when asked for."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    bucket             = "No_Bucket"
    prefix             = "/lake"
    format             = 2
    settings           = { format = "1" }
    versioning         = "On"
    abort_uploads_days = 30
    quarantine_days    = 365
    ledger_days        = 365
  }

  expect_failures = [var.bucket, var.prefix, var.format, var.settings, var.versioning, var.abort_uploads_days, var.quarantine_days]
}
