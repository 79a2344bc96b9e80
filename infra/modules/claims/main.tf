# What ingest remembers of the last minutes. It is there to keep fresh data clean: what a lost or emptied table lets through, compaction drops.
resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  # Without a key of one's own DynamoDB encrypts with the one that AWS owns, which costs nothing.
  dynamic "server_side_encryption" {
    for_each = compact([var.kms_key_arn])

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}
