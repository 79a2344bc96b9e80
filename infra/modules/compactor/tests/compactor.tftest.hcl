mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/clicks" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/clicks-compactor" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:clicks-compactor" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:some-queue", url = "https://sqs.us-east-1.amazonaws.com/123456789012/some-queue" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name = "clicks"
  zip  = "main.tf" # some file: nothing is built, nothing is uploaded
  lake = { url = "s3://clicks-lake/lake", arn = "arn:aws:s3:::clicks-lake", prefix = "lake/" }

  catalog = {
    database = "clicks"
    table    = "events"
    arns     = ["arn:aws:glue:us-east-1:123456789012:catalog", "arn:aws:glue:us-east-1:123456789012:database/clicks", "arn:aws:glue:us-east-1:123456789012:table/clicks/events"]
  }
}

run "by_default" {
  assert {
    condition     = jsondecode(aws_sqs_queue.tasks.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead.arn && jsondecode(aws_sqs_queue.tasks.redrive_policy).maxReceiveCount == 3
    error_message = "A task that fails again and again goes to the dead letters."
  }

  assert {
    condition     = aws_sqs_queue.dead.message_retention_seconds == 1209600
    error_message = "Dead letters stay for as long as SQS keeps them."
  }

  assert {
    condition     = aws_sqs_queue.tasks.visibility_timeout_seconds >= aws_lambda_function.this.timeout
    error_message = "A task stays hidden while a worker can still be at it."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.tasks.batch_size == 1 && aws_lambda_event_source_mapping.tasks.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "A worker has one task, and says itself whether it failed."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.tasks.scaling_config[0].maximum_concurrency == 10
    error_message = "Workers are bounded."
  }

  assert {
    condition     = aws_sqs_queue.tasks.sqs_managed_sse_enabled && aws_sqs_queue.dead.sqs_managed_sse_enabled
    error_message = "Queues are encrypted, for nothing, where there is no key."
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.this["plan"].target[0].input) == { version = 1, do = "plan" }
    error_message = "The schedule says to plan, in the form that the handler knows."
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.this["plan-full"].target[0].input) == { version = 1, do = "plan", all = true } && aws_scheduler_schedule.this["plan-full"].schedule_expression == "rate(1 day)"
    error_message = "Once a day every hour is visited: a Location that was set back where nothing new comes is found by nothing else."
  }

  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.this : s.state == "ENABLED"]) && aws_lambda_event_source_mapping.tasks.enabled
    error_message = "It runs."
  }

  assert {
    condition     = jsondecode(aws_iam_role.schedule.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "No other account's schedule can take the role."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.schedule.policy).Statement == [{ Sid = "StartPlanner", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "arn:aws:lambda:us-east-1:123456789012:function:clicks-compactor" }]
    error_message = "The schedule may start the one function."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if contains(flatten([s.Action]), "s3:DeleteObject")])) == toset([
      "arn:aws:s3:::clicks-lake/lake/raw/*", "arn:aws:s3:::clicks-lake/lake/index/*", "arn:aws:s3:::clicks-lake/lake/ledger/new/*",
      "arn:aws:s3:::clicks-lake/lake/visit/*", "arn:aws:s3:::clicks-lake/lake/events/dt=*/hour=*/gen-*-*/part-*",
    ])
    error_message = "It deletes fragments, indexes, ledger entries that are rolled up, marks of hours, and parts of successors; no reject, no tombstone, and nothing of a first generation."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if contains(flatten([s.Action]), "s3:PutObject")])) == toset([
      "arn:aws:s3:::clicks-lake/lake/events/*", "arn:aws:s3:::clicks-lake/lake/index/*", "arn:aws:s3:::clicks-lake/lake/ledger/dt=*", "arn:aws:s3:::clicks-lake/lake/quarantine/*",
      "arn:aws:s3:::clicks-lake/lake/visit/*",
    ])
    error_message = "It writes parts, indexes, rollups, rejects and marks of hours; no fragment, no ledger entry and no tombstone."
  }

  assert {
    condition     = contains(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if contains(flatten([s.Action]), "s3:GetObject")]), "arn:aws:s3:::clicks-lake/lake/erasures/*")
    error_message = "It reads the tombstones: it could not merge otherwise."
  }

  assert {
    condition     = !anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : contains(flatten([s.Resource]), "*") || anytrue([for a in flatten([s.Action]) : endswith(a, "*")])])
    error_message = "Every resource and every action is named."
  }

  assert {
    condition     = length(regexall("glue:(Delete|CreateTable|CreateDatabase)", aws_iam_role_policy.this.policy)) == 0
    error_message = "It makes and drops no table."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 0
    error_message = "A plan that failed is not tried again: the schedule comes soon."
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if contains(flatten([s.Action]), "s3:ListBucket")] == ["arn:aws:s3:::clicks-lake"]
    error_message = "It may list: a missing object would be a forbidden one."
  }

  assert {
    condition     = toset(one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Sid == "Catalog"]).Resource) == toset(var.catalog.arns)
    error_message = "It reaches the one table."
  }

  # The names are those of shared/function and services/compactor; a Go test compares, too.
  assert {
    condition = toset([for k in keys(aws_lambda_function.this.environment[0].variables) : k if startswith(k, "LAKEBED_")]) == toset([
      "LAKEBED_LAKE", "LAKEBED_ID_FIELD", "LAKEBED_TIME_FIELD", "LAKEBED_NAME_FIELD", "LAKEBED_METRICS_NAMESPACE", "LAKEBED_STREAM",
      "LAKEBED_DATABASE", "LAKEBED_TABLE", "LAKEBED_QUEUE_URL", "LAKEBED_TARGET_SIZE", "LAKEBED_CLOSE_AFTER", "LAKEBED_MAJOR_PARTS", "LAKEBED_MAJOR_SHARE",
      "LAKEBED_GRACE", "LAKEBED_LIVE", "LAKEBED_LONGEST_QUERY", "LAKEBED_CATALOG_BOUND", "LAKEBED_MEMORY",
    ])
    error_message = "Every setting is said, and none besides."
  }
}

run "own_key" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition     = aws_sqs_queue.tasks.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead.kms_master_key_id == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "Queues and logs are encrypted with it."
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Sid == "UseKey"]) == { Sid = "UseKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.kms_key_arn }
    error_message = "It may use the one key: to read and to write, objects and tasks."
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.schedule.policy).Statement : s if s.Sid == "UseKey"]) == { Sid = "UseKey", Effect = "Allow", Action = "kms:Decrypt", Resource = var.kms_key_arn }
    error_message = "The schedule reads its input, which is encrypted with it."
  }
}

run "stopped" {
  variables {
    enabled = false
  }

  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.this : s.state == "DISABLED"]) && !aws_lambda_event_source_mapping.tasks.enabled
    error_message = "All ways to the function are shut."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    visibility_timeout = 600
    schedule           = "every minute"
    full_schedule      = "daily"
    workers            = 1
    scratch            = 100
    settings           = { grace = "four hours" }
    catalog            = { database = "clicks", table = "events", arns = [] }
  }

  expect_failures = [var.visibility_timeout, var.schedule, var.full_schedule, var.workers, var.scratch, var.settings, var.catalog]
}
