data "aws_caller_identity" "this" {}

locals {
  statements = concat(
    [
      {
        Sid      = "ScaleStreams"
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStreamSummary", "kinesis:UpdateShardCount"]
        Resource = [for s in var.streams : s.arn]
      },
      {
        Sid      = "RememberCalls"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter", "ssm:PutParameter"]
        Resource = [for s in var.streams : s.parameter_arn]
      },
      # CloudWatch knows no narrower right: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      {
        Sid      = "ReadMetrics"
        Effect   = "Allow"
        Action   = "cloudwatch:GetMetricData"
        Resource = "*"
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
      Action   = "kms:Decrypt"
      Resource = key
    }],
  )

  schedule_statements = concat(
    [{
      Sid      = "StartScaler"
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
  name = "${local.name}-schedule"

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
  name   = "${local.name}-schedule"
  role   = aws_iam_role.schedule.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.schedule_statements })
}
