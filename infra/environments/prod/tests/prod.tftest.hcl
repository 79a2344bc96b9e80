mock_provider "aws" {
  override_during = plan # the key cannot be destroyed, not even by a test

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
  zips = "tests/zips" # empty ones: nothing is built, nothing is uploaded
}

run "own_key" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key is rotated, and whoever deletes it has a month to think better of it."
  }

  assert {
    condition = alltrue([for role in ["ingest", "compactor", "schedule"] :
    anytrue([for s in jsondecode(output.streams["events"].policies[role]).Statement : s.Sid == "UseKey" && s.Resource == "arn:aws:kms:us-east-1:123456789012:key/some-key"])])
    error_message = "Each role may use the key, and this one alone."
  }

  assert {
    condition     = one([for s in jsondecode(aws_kms_key.this.policy).Statement : s if s.Sid == "Logs"]).Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/lakebed-prod-*"
    error_message = "CloudWatch Logs uses it for our log groups only."
  }

  assert {
    condition     = output.keeps_lakes
    error_message = "What holds events stays."
  }
}

run "a_profile" {
  command = plan

  variables {
    streams = { clicks = {}, audit = { profile = "tiny" } }
  }

  assert {
    condition = { for k, s in output.streams : k => [s.profile.ingest.memory, s.profile.compactor.workers, s.profile.ingest.retry_attempts] } == {
      clicks = [1769, 50, 10000], audit = [256, 2, 10000]
    }
    error_message = "A stream that names a profile has its pace, and another the environment's; how long ingest tries is the environment's in any case."
  }
}
