mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some-role" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:some-function" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:some-group" }
  }
}

variables {
  name = "lakebed"
  zip  = "main.tf" # some file: nothing is built, nothing is uploaded
  streams = [
    {
      name        = "clicks", arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks", parameter_arn = "arn:aws:ssm:us-east-1:123456789012:parameter/lakebed/clicks/shards"
      autoscaling = { min = 1, max = 8 }
    },
    {
      name        = "orders", arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders", parameter_arn = "arn:aws:ssm:us-east-1:123456789012:parameter/lakebed/orders/shards"
      autoscaling = { min = 2, max = 4, quiet = "3h", dry_run = true }
    },
  ]
}

run "streams" {
  assert {
    condition = jsondecode(aws_lambda_function.this.environment[0].variables.LAKEBED_SCALED_STREAMS) == [
      { name = "clicks", min = 1, max = 8 }, { name = "orders", min = 2, max = 4, quiet = "3h", dry_run = true },
    ]
    error_message = "The function has all streams, and what is not said is left to its defaults."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 1
    error_message = "Two at once would not know of each other's calls."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 0 && aws_scheduler_schedule.this.schedule_expression == "rate(1 minute)"
    error_message = "It looks once a minute, and repeats nothing."
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid == "ReadMetrics" ? s.Action == "cloudwatch:GetMetricData" : !contains(flatten([s.Resource]), "*")
    ])
    error_message = "The role reaches its streams and their parameters, and no others; metrics know no narrower right."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.held_back) == 2 && aws_cloudwatch_metric_alarm.held_back["orders"].dimensions.Stream == "orders" && aws_cloudwatch_metric_alarm.held_back["orders"].metric_name == "ScalingHeldBack"
    error_message = "Each stream has an alarm that looks at its own metric."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.held_back["orders"].alarm_name == "orders-held-back"
    error_message = "`lakebed doctor` finds the alarm by the deployment's name."
  }

  assert {
    condition     = one([for q in aws_cloudwatch_metric_alarm.blind.metric_query : q.expression if q.return_data == true]) == "FILL(runs, 0) - FILL(errors, 0)" && aws_cloudwatch_metric_alarm.blind.treat_missing_data == "breaching"
    error_message = "A scaler that does not run tells nothing: that is what rings."
  }

  assert {
    condition = { for q in aws_cloudwatch_metric_alarm.blind.metric_query : q.id => [q.metric[0].namespace, q.metric[0].metric_name, q.metric[0].dimensions] if length(q.metric) > 0 } == {
      runs   = ["AWS/Lambda", "Invocations", tomap({ FunctionName = "lakebed-scaler" })]
      errors = ["AWS/Lambda", "Errors", tomap({ FunctionName = "lakebed-scaler" })]
    }
    error_message = "It is on the function's own runs and errors."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.blind.actions_enabled && aws_scheduler_schedule.this.state == "ENABLED"
    error_message = "It tells somebody."
  }
}

run "off" {
  command = plan

  variables {
    enabled  = false
    schedule = "rate(5 minutes)"
  }

  assert {
    condition     = aws_scheduler_schedule.this.state == "DISABLED" && !aws_cloudwatch_metric_alarm.blind.actions_enabled
    error_message = "Nobody is told of a scaler that is off."
  }
}

run "a_schedule_that_is_too_slow_is_refused" {
  command = plan

  variables {
    schedule = "rate(6 minutes)"
  }

  expect_failures = [var.schedule]
}

run "a_schedule_by_the_clock_is_refused" {
  command = plan

  variables {
    schedule = "cron(0/5 * * * ? *)"
  }

  expect_failures = [var.schedule]
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    name     = "No Spaces"
    zip      = "none.zip"
    schedule = "often"
    log_days = 2
    streams  = []
  }

  expect_failures = [var.name, var.zip, var.schedule, var.log_days, var.streams]
}
