mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/clicks-ingest" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/clicks-ingest" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:clicks-ingest" }
  }
}

variables {
  name   = "clicks"
  zip    = "main.tf" # some file: nothing is built, nothing is uploaded
  stream = { arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks" }
  lake   = { url = "s3://clicks-lake/lake", arn = "arn:aws:s3:::clicks-lake", prefix = "lake/" }
  claims = { name = "clicks-claims", arn = "arn:aws:dynamodb:us-east-1:123456789012:table/clicks-claims" }
}

run "by_default" {
  assert {
    condition     = aws_lambda_event_source_mapping.this.destination_config[0].on_failure[0].destination_arn == "arn:aws:s3:::clicks-lake"
    error_message = "What is given up lies in the bucket: only there are the records kept."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_retry_attempts > 0 && aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds > 0
    error_message = "Retries and age are finite: a bad batch would block its shard until its records are lost."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.bisect_batch_on_function_error
    error_message = "A batch that fails is cut in two, until the bad record stands alone."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "The handler answers with a list of failures, which is empty: a batch is done or fails as a whole."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.starting_position == "TRIM_HORIZON"
    error_message = "What came before the mapping is read, too."
  }

  assert {
    condition     = contains(aws_lambda_event_source_mapping.this.metrics_config[0].metrics, "EventCount")
    error_message = "The alarm on records given up needs their count."
  }

  assert {
    condition = length([for s in jsondecode(aws_iam_role_policy.this.policy).Statement :
    s if anytrue([for a in flatten([s.Action]) : strcontains(lower(a), "delete") || endswith(a, "*")])]) == 0
    error_message = "Ingest may delete nothing, and no action is a wildcard."
  }

  assert {
    condition = toset(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if contains(flatten([s.Action]), "s3:PutObject")])) == toset([
      "arn:aws:s3:::clicks-lake/lake/raw/*", "arn:aws:s3:::clicks-lake/lake/quarantine/*", "arn:aws:s3:::clicks-lake/lake/ledger/new/*", "arn:aws:s3:::clicks-lake/aws/lambda/*",
    ])
    error_message = "Ingest writes fragments, rejects and its ledger, the mapping what it gives up; neither can write a part."
  }

  assert {
    condition     = !anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : contains(flatten([s.Resource]), "*")])
    error_message = "Every resource is named."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.this.policy, "glue:") && !strcontains(aws_iam_role_policy.this.policy, "kms:")
    error_message = "It needs no catalog, and no key where there is none."
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Sid == "Claim"]).Action == ["dynamodb:Query", "dynamodb:PutItem"]
    error_message = "The strategy shard queries and puts."
  }

  assert {
    condition = toset([for k in keys(aws_lambda_function.this.environment[0].variables) : k if startswith(k, "LAKEBED_")]) == toset([
      "LAKEBED_LAKE", "LAKEBED_ID_FIELD", "LAKEBED_TIME_FIELD", "LAKEBED_NAME_FIELD", "LAKEBED_METRICS_NAMESPACE", "LAKEBED_STREAM",
      "LAKEBED_MAX_FUTURE", "LAKEBED_LANES", "LAKEBED_FRAGMENT_ENCODING", "LAKEBED_CLAIMS", "LAKEBED_CLAIMS_TABLE", "LAKEBED_CLAIM_WINDOW",
    ])
    error_message = "Every setting is said, and none besides."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "Text" && aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/clicks-ingest"
    error_message = "Lambda does not rewrite the lines, which are metrics, and has a log group whose age is bounded."
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "The binary runs on Amazon Linux, on arm64 unless told."
  }
}

run "global_claims" {
  variables {
    settings = { claims = "global" }
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Sid == "Claim"]).Action == ["dynamodb:PartiQLInsert", "dynamodb:PutItem", "dynamodb:BatchGetItem"]
    error_message = "The strategy global inserts, overwrites what has expired, and reads; it queries nothing."
  }
}

run "without_claims" {
  variables {
    settings = { claims = "none" }
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.this.policy, "dynamodb:")
    error_message = "Without claims, the table is out of reach."
  }
}

run "own_key" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Sid == "UseKey"]) == { Sid = "UseKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = "arn:aws:kms:us-east-1:123456789012:key/k" }
    error_message = "It may use the one key: to read the stream, and to write objects."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/k" && aws_lambda_function.this.kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "Logs and variables are encrypted with it."
  }
}

# The names are those of shared/function and services/ingest; a Go test compares, too.
run "wrong_input_is_refused" {
  command = plan

  variables {
    name              = "Clicks"
    settings          = { lanes = 3 }
    retry_attempts    = -1
    record_age        = -1
    batch_size        = 0
    architectures     = ["arm64", "x86_64"]
    log_days          = 2
    extra_environment = { LAKEBED_LANES = "2" }
  }

  expect_failures = [var.name, var.settings, var.retry_attempts, var.record_age, var.batch_size, var.architectures, var.log_days, var.extra_environment]
}

run "no_zip" {
  command = plan

  variables {
    zip = "there-is-none.zip"
  }

  expect_failures = [var.zip]
}
