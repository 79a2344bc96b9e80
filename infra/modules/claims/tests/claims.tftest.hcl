mock_provider "aws" {}

variables {
  name = "clicks-claims"
}

# The shape that shared/claims/dynamoclaims reads and writes.
run "shape" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk"
    error_message = "Items are found by pk and sk."
  }

  assert {
    condition     = { for a in aws_dynamodb_table.this.attribute : a.name => a.type } == { pk = "S", sk = "S" }
    error_message = "Both keys are strings."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "Claims go by their time: the table would grow for ever."
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "What a stream of unknown pace needs is paid on demand."
  }
}

run "protected" {
  command = plan

  variables {
    deletion_protection    = true
    point_in_time_recovery = true
    kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "Both protections are there when asked for."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "A key of one's own is used."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    name        = "a/b"
    kms_key_arn = "key"
  }

  expect_failures = [var.name, var.kms_key_arn]
}
