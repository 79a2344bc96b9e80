mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::some-bucket" }
  }
  mock_resource "aws_kinesis_stream" {
    defaults = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/some-stream" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/some-table" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some-role" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:some-function" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:some-queue", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/some-queue" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:some-group" }
  }
}

variables {
  name = "clicks-eu"
  zips = { ingest = "main.tf", compactor = "main.tf" } # some file: nothing is built, nothing is uploaded
}

run "composes" {
  variables {
    settings = { id_field = "meta.id", lanes = 4, live = "3h", claims = "global", memory = "32MiB", major_share = 0.25 }
    ingest   = { batch_window = 20 }
  }

  assert {
    condition     = output.lake == "s3://clicks-eu-123456789012-eu-west-1/lake" && output.database == "clicks_eu"
    error_message = "A bucket has a name of its own in all the world; a database's needs no quotes."
  }

  assert {
    condition = yamldecode(module.lake.config) == {
      format     = 1, id_field = "meta.id", time_field = "created_at", name_field = "event_name", lanes = "4", live = "3h", major_share = "0.25",
      deployment = "clicks-eu", database = "clicks_eu", table = "events", claims = "global", claims_table = "clicks-eu-claims", failures = "s3://clicks-eu-123456789012-eu-west-1/aws/lambda/",
    }
    error_message = "lakebed.yaml says all that the command line needs, and not the functions' memory."
  }

  assert {
    condition     = local.live_hours == 3 && strcontains(output.live_sql, "INTERVAL '3' HOUR")
    error_message = "The view looks as far back as the compactor keeps fragments."
  }

  assert {
    condition     = local.columns[*].name == ["created_at", "event_name", "created_datetime", "event_type", "event_subtype", "meta"]
    error_message = "The columns are those of the mapped fields and of the transform."
  }

  assert {
    condition     = [for c in local.columns : c.name if !c.live] == ["meta"]
    error_message = "An object that holds the id is read, and no column of the view: no struct can be given as text."
  }

  assert {
    condition     = module.ingest.environment.LAKEBED_LANES == "4" && module.ingest.environment.LAKEBED_ID_FIELD == "meta.id" && module.ingest.environment.LAKEBED_CLAIM_WINDOW == "5m"
    error_message = "Settings reach ingest, and what is not said has its default."
  }

  assert {
    condition     = module.compactor.environment.LAKEBED_LIVE == "3h" && module.compactor.environment.LAKEBED_MEMORY == "32MiB" && module.compactor.environment.LAKEBED_MAJOR_SHARE == "0.25" && module.compactor.environment.LAKEBED_GRACE == "4h"
    error_message = "Settings reach the compactor, and what is not said has its default."
  }

  assert {
    condition     = module.ingest.environment.LAKEBED_STREAM == "clicks-eu" && module.compactor.environment.LAKEBED_STREAM == "clicks-eu" && module.stream.name == "clicks-eu"
    error_message = "Metrics have the dimension that the alarms ask for."
  }
}

# What modules/ingest and modules/compactor have by themselves.
run "standard" {
  command = plan

  assert {
    condition = jsonencode(output.profile) == jsonencode({
      name      = "standard", shards = null, settings = {},
      ingest    = { memory = 512, reserved_concurrency = -1, batch_size = 10000, batch_window = 5, parallelization_factor = 1 },
      compactor = { memory = 1769, scratch = 2048, reserved_concurrency = -1, workers = 10, schedule = "rate(5 minutes)", full_schedule = "rate(1 day)" },
    })
    error_message = "Who says nothing gets the modules' own defaults."
  }
}

run "tiny" {
  command = plan

  variables {
    profile = "tiny"
  }

  assert {
    condition     = jsonencode(output.profile) == jsonencode(merge({ name = "tiny" }, local.profiles.tiny))
    error_message = "The profile's values are taken."
  }

  assert {
    condition     = module.ingest.environment.LAKEBED_CLAIM_WINDOW == "15m" && yamldecode(module.lake.config).claim_window == "15m"
    error_message = "Its settings reach the function and the command line."
  }

  assert {
    condition     = module.observability.periods["set-aside"] == 900 && module.observability.periods["compactor-errors"] == 900
    error_message = "What fails in compaction fails again with the next plan: the alarms on it count in those."
  }
}

run "huge" {
  command = plan

  variables {
    profile = "huge"
  }

  assert {
    condition     = jsonencode(output.profile) == jsonencode(merge({ name = "huge" }, local.profiles.huge))
    error_message = "The profile's values are taken."
  }

  assert {
    condition     = module.ingest.environment.LAKEBED_LANES == "8" && module.ingest.environment.LAKEBED_FRAGMENT_ENCODING == "gzip" && yamldecode(module.lake.config).lanes == "8"
    error_message = "Its settings reach ingest and the command line."
  }

  assert {
    condition     = module.compactor.environment.LAKEBED_MEMORY == "256MiB" && module.compactor.environment.LAKEBED_TARGET_SIZE == "256MiB" && module.compactor.environment.LAKEBED_GRACE == "1h"
    error_message = "Its settings reach the compactor."
  }
}

run "what_is_said_wins" {
  command = plan

  variables {
    profile   = "huge"
    shards    = 3
    ingest    = { batch_window = 60, retry_attempts = 7 }
    compactor = { workers = 5 }
    settings  = { lanes = 2 }
  }

  assert {
    condition = jsonencode(output.profile) == jsonencode({
      name      = "huge", shards = 3, ingest = merge(local.profiles.huge.ingest, { batch_window = 60, retry_attempts = 7 }),
      compactor = merge(local.profiles.huge.compactor, { workers = 5 }), settings = merge(local.profiles.huge.settings, { lanes = 2 }),
    })
    error_message = "What is said wins, and all else is the profile's."
  }

  assert {
    condition     = module.ingest.environment.LAKEBED_LANES == "2" && module.ingest.environment.LAKEBED_FRAGMENT_ENCODING == "gzip"
    error_message = "The function is told so."
  }
}

run "a_scaled_stream_begins_with_its_least" {
  command = plan

  variables {
    profile     = "tiny"
    autoscaling = { min = 2, max = 4 }
  }

  assert {
    condition     = local.chosen.shards == null
    error_message = "A profile names no shards where the scaler does."
  }
}

run "streams_share_nothing" {
  module {
    source = "./tests/streams"
  }

  assert {
    condition     = length(setintersection(output.names["clicks"], output.names["orders"])) == 0
    error_message = "Deployments that lie side by side have no name in common."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    name            = "a name"
    prefix          = "aws/"
    ingest          = { record_age = 90000 }
    compactor       = { workers = 10, reserved_concurrency = 10 }
    quarantine_days = 30
    zips            = { ingest = "none.zip", compactor = "none.zip" }
  }

  expect_failures = [var.name, var.prefix, var.ingest, var.compactor, var.quarantine_days, var.zips]
}

run "an_alarm_that_would_ring_all_the_time_is_refused" {
  command = plan

  variables {
    compactor = { schedule = "rate(1 hour)" }
  }

  expect_failures = [var.plan_period]
}

run "an_unknown_profile_is_refused" {
  command = plan

  variables {
    profile = "enormous"
  }

  expect_failures = [var.profile]
}

run "more_workers_than_a_profile_reserves_are_refused" {
  command = plan

  variables {
    profile   = "huge"
    compactor = { workers = 34 }
  }

  expect_failures = [var.compactor]
}

run "a_slow_schedule" {
  command = plan

  variables {
    compactor   = { schedule = "rate(1 hour)", full_schedule = "cron(30 3 ? * SUN *)" }
    plan_period = 3600
  }

  assert {
    condition     = module.observability.periods["set-aside"] == 3600
    error_message = "The alarms follow the schedule."
  }
}

run "a_fast_schedule" {
  command = plan

  variables {
    compactor = { schedule = "rate(1 minute)" }
  }

  assert {
    condition     = module.observability.periods["set-aside"] == 300
    error_message = "They look at five minutes at least."
  }
}

run "a_schedule_by_the_clock" {
  command = plan

  variables {
    compactor   = { schedule = "cron(0/30 * * * ? *)" }
    plan_period = 1800
  }

  assert {
    condition     = module.observability.periods["set-aside"] == 1800
    error_message = "Where the schedule does not say how often it comes, plan_period does."
  }
}

run "shard_metrics" {
  command = plan

  variables {
    shard_metrics = true
  }

  assert {
    condition     = length(module.stream.shard_metrics) == 3
    error_message = "Kinesis is asked for each shard's metrics."
  }
}

run "no_shard_metrics" {
  command = plan

  assert {
    condition     = length(module.stream.shard_metrics) == 0
    error_message = "Unless told, it is not: they cost."
  }
}
