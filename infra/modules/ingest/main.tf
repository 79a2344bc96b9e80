# Takes batches off the stream and stores them. What comes here is the hot path: nothing is retried for ever, and nothing is given up without
# lying in the bucket.
locals {
  name = "${var.name}-ingest"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  function_name    = local.name
  description      = "Lakebed ${var.name}: stores what comes through the stream"
  role             = aws_iam_role.this.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = var.architectures
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = var.memory
  timeout          = var.timeout
  kms_key_arn      = var.kms_key_arn

  reserved_concurrent_executions = var.reserved_concurrency

  environment {
    variables = merge(var.extra_environment, {
      AWS_SDK_UA_APP_ID         = "lakebed-ingest" # who it was, in CloudTrail
      LAKEBED_LAKE              = var.lake.url
      LAKEBED_ID_FIELD          = var.settings.id_field
      LAKEBED_TIME_FIELD        = var.settings.time_field
      LAKEBED_NAME_FIELD        = var.settings.name_field
      LAKEBED_METRICS_NAMESPACE = var.metrics_namespace
      LAKEBED_STREAM            = var.name
      LAKEBED_MAX_FUTURE        = var.settings.max_future
      LAKEBED_LANES             = tostring(var.settings.lanes)
      LAKEBED_FRAGMENT_ENCODING = var.settings.fragment_encoding
      LAKEBED_CLAIMS            = var.settings.claims
      LAKEBED_CLAIMS_TABLE      = var.claims.name
      LAKEBED_CLAIM_WINDOW      = var.settings.claim_window
    })
  }

  logging_config {
    log_format = "Text" # the function's lines are JSON, and metrics, as they are
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}

# Lambda never cuts a batch finer or gives it up without these: by default one bad batch blocks its shard until the records expire.
resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn  = var.stream.arn
  function_name     = aws_lambda_function.this.arn
  enabled           = var.enabled
  starting_position = "TRIM_HORIZON"

  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batch_window
  parallelization_factor             = var.parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = var.retry_attempts
  maximum_record_age_in_seconds      = var.record_age

  # S3, not a queue: only there do the records come along, and `lakebed replay` reads them.
  destination_config {
    on_failure {
      destination_arn = var.lake.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }

  depends_on = [aws_iam_role_policy.this]
}
