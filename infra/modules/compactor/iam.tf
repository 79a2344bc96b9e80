locals {
  keys = "${var.lake.arn}/${var.lake.prefix}"

  statements = concat(
    [
      {
        Sid      = "Tasks"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.tasks.arn
      },
      {
        Sid      = "ReadObjects"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for keys in ["raw/*", "events/*", "index/*", "ledger/*", "quarantine/*", "erasures/*", "visit/*"] : "${local.keys}${keys}"]
      },
      # Of the ledger only what is rolled up: what was received, ingest alone says. No tombstone: what is erased, people say.
      {
        Sid      = "WriteObjects"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = [for keys in ["events/*", "index/*", "ledger/dt=*", "quarantine/*", "visit/*"] : "${local.keys}${keys}"]
      },
      # Of events/ only what lies in a successor's directory (gen-0002-<hash>), since one may turn out to be nobody's. A first generation
      # (gen-0001), whose seal says where all others are found, cannot be deleted.
      {
        Sid      = "SweepObjects"
        Effect   = "Allow"
        Action   = "s3:DeleteObject"
        Resource = [for keys in ["raw/*", "index/*", "ledger/new/*", "visit/*", "events/dt=*/hour=*/gen-*-*/part-*"] : "${local.keys}${keys}"]
      },
      # S3 says that an object is missing only to who may list, and asks without a prefix: a condition on one would turn 404 into 403.
      {
        Sid      = "ListBucket"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = var.lake.arn
      },
      # A table that is gone is not made anew behind anybody's back: Terraform or `lakebed rebuild` does it.
      {
        Sid    = "Catalog"
        Effect = "Allow"
        Action = [
          "glue:GetTable", "glue:UpdateTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition",
          "glue:BatchCreatePartition", "glue:BatchUpdatePartition",
        ]
        Resource = var.catalog.arns
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*" # its streams
      },
    ],
    [for key in compact([var.kms_key_arn]) : {
      Sid      = "UseKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = key
    }],
  )

  schedule_statements = concat(
    [{
      Sid      = "StartPlanner"
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = aws_lambda_function.this.arn
    }],
    [for key in compact([var.kms_key_arn]) : {
      Sid      = "UseKey"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = key
    }],
  )
}

data "aws_caller_identity" "this" {}

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

resource "aws_iam_role" "schedule" {
  name = "${var.name}-schedule"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name   = "${var.name}-schedule"
  role   = aws_iam_role.schedule.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.schedule_statements })
}
