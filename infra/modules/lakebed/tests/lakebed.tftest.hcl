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
      format   = 1, id_field = "meta.id", time_field = "created_at", name_field = "event_name", lanes = "4", live = "3h", major_share = "0.25",
      database = "clicks_eu", table = "events", claims = "global", claims_table = "clicks-eu-claims", failures = "s3://clicks-eu-123456789012-eu-west-1/aws/lambda/",
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

run "a_slow_schedule" {
  command = plan

  variables {
    compactor   = { schedule = "rate(1 hour)", full_schedule = "cron(30 3 ? * SUN *)" }
    plan_period = 3600
  }
}
