# Keeps the shard counts of provisioned streams to their load: one function for all of them.
locals {
  name = "${var.name}-scaler"

  streams = [for s in var.streams : merge({ name = s.name }, { for k, v in s.autoscaling : k => v if v != null })]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  function_name    = local.name
  description      = "Lakebed: keeps the shards of ${length(var.streams)} streams to their load"
  role             = aws_iam_role.this.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = var.architectures
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = 128
  timeout          = 50 # less than the schedule's minute
  kms_key_arn      = var.kms_key_arn

  # Never two at once: each counts the calls that were made.
  reserved_concurrent_executions = 1

  environment {
    variables = merge(var.extra_environment, {
      AWS_SDK_UA_APP_ID         = "lakebed-scaler"
      LAKEBED_METRICS_NAMESPACE = var.metrics_namespace
      LAKEBED_SCALED_STREAMS    = jsonencode(local.streams)
    })
  }

  logging_config {
    log_format = "Text" # the function's lines are JSON, and metrics, as they are
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}

# A look that failed is not repeated: the next comes soon.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}

resource "aws_scheduler_schedule" "this" {
  name                = local.name
  description         = "Has the scaler look at the streams"
  schedule_expression = var.schedule
  state               = var.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.schedule.arn
    input    = "{}"

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

# Somebody is to know when a stream cannot have the shards that it needs, and when nobody looks any more. This one is named after the stream's deployment, so
# that `lakebed doctor` tells of it.
resource "aws_cloudwatch_metric_alarm" "held_back" {
  for_each = { for s in var.streams : s.name => s }

  alarm_name          = "${each.key}-held-back"
  alarm_description   = "The stream needs other shards than it may have. The scaler's log says why: at_maximum, raise its max; no_calls, Kinesis takes 10 changes in 24 hours, the next is due when the first of them is a day old; hot_shard, producers use few or uneven partition keys, which shard_metrics shows."
  namespace           = var.metrics_namespace
  metric_name         = "ScalingHeldBack"
  dimensions          = { Stream = each.key }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "blind" {
  alarm_name          = "${local.name}-blind"
  alarm_description   = "The scaler does not run, or fails: shards stay as they are. See its log."
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  threshold           = 1
  treat_missing_data  = "breaching"
  actions_enabled     = var.enabled
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions

  metric_query {
    id          = "whole"
    expression  = "FILL(runs, 0) - FILL(errors, 0)" # filled in, for what modules/observability says of oldest_uncompacted
    label       = "Runs that did not fail"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { runs = "Invocations", errors = "Errors" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = aws_lambda_function.this.function_name }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}
