# One key for all that lies somewhere. Without it the lake cannot be read: it is never destroyed with the rest.
resource "aws_kms_key" "this" {
  description             = "Lakebed ${var.name}: stream, lake, claims, queues and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

data "aws_partition" "this" {}
data "aws_caller_identity" "this" {}

locals {
  key_policy = {
    Version = "2012-10-17"
    Statement = [
      # Who may use the key is said in IAM, as for everything else. In a key's own policy "*" is this key.
      {
        Sid       = "IAM"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root" }
      },
      # CloudWatch Logs encrypts with no role of ours.
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${data.aws_partition.this.partition}:logs:${var.region}:${data.aws_caller_identity.this.account_id}:log-group:/aws/lambda/${var.name}-*"
          }
        }
      },
    ]
  }
}
