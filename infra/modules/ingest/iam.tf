locals {
  # What it writes. It deletes nothing, and never touches parts. To read its own objects is to find out, after a lost reply, whose object has
  # the key.
  objects = [for folder in ["raw", "quarantine", "ledger/new"] : "${var.lake.arn}/${var.lake.prefix}${folder}/*"]

  claims_actions = {
    shard  = ["dynamodb:Query", "dynamodb:PutItem"]
    global = ["dynamodb:PartiQLInsert", "dynamodb:PutItem", "dynamodb:BatchGetItem"]
    none   = []
  }

  statements = concat(
    [
      {
        Sid      = "ReadStream"
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
        Resource = var.stream.arn
      },
      {
        Sid      = "StoreObjects"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"]
        Resource = local.objects
      },
      # The event source mapping writes what it gives up, with the function's role.
      # https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
      {
        Sid      = "KeepGivenUp"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${var.lake.arn}/aws/lambda/*"
      },
      # For the mapping, too; and S3 tells a missing object from a forbidden one only to who may list. It asks without a prefix, so that a
      # condition on one would not hold.
      {
        Sid      = "ListBucket"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = var.lake.arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*" # its streams
      },
    ],
    [for actions in [local.claims_actions[var.settings.claims]] : {
      Sid      = "Claim"
      Effect   = "Allow"
      Action   = actions
      Resource = var.claims.arn
    } if length(actions) > 0],
    [for key in compact([var.kms_key_arn]) : {
      Sid      = "UseKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = key
    }],
  )
}

resource "aws_iam_role" "this" {
  name = local.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = local.name
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
