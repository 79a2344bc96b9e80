mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::some-bucket" }
  }
  mock_resource "aws_kinesis_stream" {
    defaults = { arn = "arn:aws:kinesis:us-east-1:123456789012:stream/some-stream" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/some-table" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some-role" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:some-function" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:some-queue", url = "https://sqs.us-east-1.amazonaws.com/123456789012/some-queue" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:some-group" }
  }
  mock_resource "aws_ssm_parameter" {
    defaults = { arn = "arn:aws:ssm:us-east-1:123456789012:parameter/some-parameter" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/some-key" }
  }
}

variables {
  zips     = "tests/zips" # empty ones: nothing is built, nothing is uploaded
  endpoint = "http://127.0.0.1:4566"
}

run "small_and_soon" {
  assert {
    condition     = module.lakebed["events"].environment.compactor.LAKEBED_CATALOG_BOUND == "2s" && module.lakebed["events"].environment.ingest.AWS_ENDPOINT_URL_S3 == "http://127.0.0.1:4566"
    error_message = "Waits are short, and the functions reach the emulator."
  }
}

run "through_a_proxy" {
  variables {
    functions_endpoint = "http://127.0.0.1:9999"
    streams            = { events = { settings = { catalog_bound = "1s", lanes = 2 } } }
  }

  assert {
    condition     = module.lakebed["events"].environment.ingest.AWS_ENDPOINT_URL_S3 == "http://127.0.0.1:9999" && module.lakebed["events"].environment.ingest.LAKEBED_LANES == "2" && module.lakebed["events"].environment.compactor.LAKEBED_CATALOG_BOUND == "1s"
    error_message = "The functions go where they are told, and a stream's settings win."
  }
}

run "scaled" {
  variables {
    streams = { events = { autoscaling = { min = 2, max = 8 } }, more = { shards = 3, autoscaling = { min = 2, max = 8 } }, fixed = {} }
  }

  assert {
    condition     = length(module.scaler) == 1 && module.lakebed["events"].scaled.name == "lakebed-emulator-events" && module.lakebed["fixed"].scaled == null
    error_message = "There is a scaler, of the streams that want one."
  }

  assert {
    condition     = jsonencode({ for k, s in output.streams : k => s.profile.shards }) == jsonencode({ events = null, more = 3, fixed = 1 })
    error_message = "A scaled stream begins with what is said, or with the least that it may have; another has one shard."
  }
}

run "not_scaled" {
  assert {
    condition     = length(module.scaler) == 0
    error_message = "Where no stream is scaled there is no scaler."
  }
}

run "a_profile" {
  command = plan

  variables {
    streams = { events = {}, audit = { profile = "tiny" } }
  }

  assert {
    condition     = { for k, s in output.streams : k => [s.profile.ingest.batch_size, s.profile.ingest.batch_window] } == { events = [1000, 1], audit = [10000, 300] }
    error_message = "A stream that names a profile has its pace, and another the environment's."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    endpoint          = "127.0.0.1"
    extra_environment = { LAKEBED_LANES = "2" }
  }

  expect_failures = [var.endpoint, var.extra_environment]
}
