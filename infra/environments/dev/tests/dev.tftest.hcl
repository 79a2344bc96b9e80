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
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/some-key" }
  }
}

variables {
  zips    = "tests/zips" # empty ones: nothing is built, nothing is uploaded
  streams = { clicks = {}, orders = { shards = 2, settings = { id_field = "order.id" } } }
}

run "two_streams" {
  assert {
    condition     = length(setintersection([output.streams["clicks"].bucket, output.streams["clicks"].stream, output.streams["clicks"].database], [output.streams["orders"].bucket, output.streams["orders"].stream, output.streams["orders"].database])) == 0
    error_message = "Each stream has a deployment of its own."
  }

  assert {
    condition     = output.streams["orders"].lake == "s3://lakebed-dev-orders-123456789012-us-east-1/lake"
    error_message = "Names say the environment and the stream."
  }

  assert {
    condition     = !output.keeps_lakes && !strcontains(output.streams["clicks"].policies.ingest, "kms:")
    error_message = "It is for trying: no key, and nothing is kept."
  }
}

run "a_profile" {
  command = plan

  variables {
    streams = { clicks = {}, audit = { profile = "tiny" }, views = { profile = "huge" } }
  }

  assert {
    condition     = { for k, s in output.streams : k => s.profile.compactor.workers } == { clicks = 2, audit = 2, views = 32 }
    error_message = "A stream that names a profile has its pace, and another the environment's."
  }

  assert {
    condition     = output.streams["clicks"].profile.shards == 1 && output.streams["audit"].profile.shards == 1 && output.streams["views"].profile.shards == null
    error_message = "So it is with the shards."
  }
}

run "scaled" {
  command = plan

  variables {
    streams = { clicks = { autoscaling = { min = 2, max = 8 } }, orders = { shards = 3, autoscaling = { min = 2, max = 8 } }, views = { shard_metrics = true } }
  }

  assert {
    condition     = jsonencode({ for k, s in output.streams : k => s.profile.shards }) == jsonencode({ clicks = null, orders = 3, views = 1 })
    error_message = "A scaled stream begins with what is said, or with the least that it may have; another has one shard."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    streams       = { "Clicks" = {} }
    zips          = "tests"
    architectures = ["riscv"]
    alarm_actions = ["me"]
  }

  expect_failures = [var.streams, var.zips, var.architectures, var.alarm_actions]
}
