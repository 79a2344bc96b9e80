# Merges fragments into parts. One function is planner and worker: the schedule has it look for work and send tasks, the queue brings it one
# task at a time. A task is a hint; a worker decides from the bucket, so that one that is lost, repeated or late does no harm.
locals {
  name = "${var.name}-compactor"

  # A plan looks for hours with fragments, so that its cost follows what changed. A full one visits every hour that has data: only that finds a
  # Location which somebody set back, or an index that is gone, where nothing new comes any more.
  schedules = {
    plan      = { description = "Has the compactor look for hours with work", expression = var.schedule, input = jsonencode({ version = 1, do = "plan" }) }
    plan-full = { description = "Has the compactor visit every hour", expression = var.full_schedule, input = jsonencode({ version = 1, do = "plan", all = true }) }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  function_name    = local.name
  description      = "Lakebed ${var.name}: merges fragments into parts and keeps the catalog true"
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

  # Parts and indexes under way lie in /tmp, and lines that have to wait.
  ephemeral_storage {
    size = var.scratch
  }

  environment {
    variables = merge(var.extra_environment, {
      AWS_SDK_UA_APP_ID         = "lakebed-compactor" # who it was, in CloudTrail
      LAKEBED_LAKE              = var.lake.url
      LAKEBED_ID_FIELD          = var.settings.id_field
      LAKEBED_TIME_FIELD        = var.settings.time_field
      LAKEBED_NAME_FIELD        = var.settings.name_field
      LAKEBED_METRICS_NAMESPACE = var.metrics_namespace
      LAKEBED_STREAM            = var.name
      LAKEBED_DATABASE          = var.catalog.database
      LAKEBED_TABLE             = var.catalog.table
      LAKEBED_QUEUE_URL         = aws_sqs_queue.tasks.url
      LAKEBED_TARGET_SIZE       = var.settings.target_size
      LAKEBED_CLOSE_AFTER       = var.settings.close_after
      LAKEBED_MAJOR_PARTS       = tostring(var.settings.major_parts)
      LAKEBED_MAJOR_SHARE       = tostring(var.settings.major_share)
      LAKEBED_GRACE             = var.settings.grace
      LAKEBED_LIVE              = var.settings.live
      LAKEBED_LONGEST_QUERY     = var.settings.longest_query
      LAKEBED_CATALOG_BOUND     = var.settings.catalog_bound
      LAKEBED_MEMORY            = var.settings.memory
    })
  }

  logging_config {
    log_format = "Text" # the function's lines are JSON, and metrics, as they are
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}

# The schedule comes again soon: a plan that failed is not tried once more on its own.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 300
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.schedules

  name                = "${var.name}-${each.key}"
  description         = each.value.description
  schedule_expression = each.value.expression
  state               = var.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.schedule.arn
    input    = each.value.input

    retry_policy {
      maximum_event_age_in_seconds = 300
      maximum_retry_attempts       = 2
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

resource "aws_sqs_queue" "tasks" {
  name                       = "${var.name}-compact"
  visibility_timeout_seconds = var.visibility_timeout
  message_retention_seconds  = 86400 # a task that is a day old says nothing any more
  kms_master_key_id          = var.kms_key_arn
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.receives
  })
}

# Tasks that failed again and again: partitions that somebody has to look at. Nothing is lost with them, the planner sends them anew.
resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-compact-dead"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.tasks.arn]
  })
}

resource "aws_lambda_event_source_mapping" "tasks" {
  event_source_arn        = aws_sqs_queue.tasks.arn
  function_name           = aws_lambda_function.this.arn
  enabled                 = var.enabled
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.workers
  }

  depends_on = [aws_iam_role_policy.this]
}
