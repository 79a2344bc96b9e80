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
    condition     = length(aws_cloudwatch_metric_alarm.held_back) == 2 && aws_cloudwatch_metric_alarm.held_back["orders"].dimensions.Stream == "orders"
    error_message = "Each stream has an alarm that looks at its own metric."
  }
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
