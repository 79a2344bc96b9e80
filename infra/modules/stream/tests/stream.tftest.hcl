mock_provider "aws" {}

variables {
  name = "clicks"
}

run "on_demand_unless_told" {
  command = plan

  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "ON_DEMAND"
    error_message = "A stream that says no shards is on demand."
  }

  assert {
    condition     = aws_kinesis_stream.this.encryption_type == "KMS" && aws_kinesis_stream.this.kms_key_id == "alias/aws/kinesis"
    error_message = "A stream is encrypted, with AWS's own key where there is none of ours."
  }

  assert {
    condition     = aws_kinesis_stream.this.retention_period >= 24
    error_message = "Records stay for a day at least."
  }
}

run "shards" {
  command = plan

  variables {
    shards      = 3
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.this.shard_count == 3
    error_message = "Shards that are told are provisioned."
  }

  assert {
    condition     = aws_kinesis_stream.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "A key of one's own is used."
  }
}

run "autoscaling" {
  command = plan

  variables {
    autoscaling = { min = 2, max = 8, quiet = "1h" }
  }

  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.this.shard_count == 2
    error_message = "A scaled stream begins with its minimum."
  }

  assert {
    condition     = aws_ssm_parameter.shards[0].name == "/lakebed/clicks/shards" && jsondecode(aws_ssm_parameter.shards[0].insecure_value) == { shards = 2, calls = [] }
    error_message = "What the scaler reads and writes, and Terraform reads, is there from the beginning."
  }
}

run "autoscaling_from_what_there_is" {
  command = plan

  variables {
    shards        = 5
    autoscaling   = { min = 2, max = 8 }
    shard_metrics = true
  }

  assert {
    condition     = aws_kinesis_stream.this.shard_count == 5 && length(aws_kinesis_stream.this.shard_level_metrics) == 3
    error_message = "Shards that are told are what the scaler begins with."
  }
}

run "no_autoscaling" {
  command = plan

  variables {
    shards = 3
  }

  assert {
    condition     = length(aws_ssm_parameter.shards) == 0 && output.scaled == null
    error_message = "A stream that is not scaled needs no parameter."
  }
}

run "every_setting" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 10000, target = 0.9, calls = 3, reserve = 0, quiet = "1h30m", behind = "90s", dry_run = true }
  }

  assert {
    condition     = output.scaled.autoscaling.quiet == "1h30m" && output.scaled.autoscaling.reserve == 0
    error_message = "The scaler is told what is said."
  }
}

run "wrong_bounds_are_refused" {
  command = plan

  variables {
    autoscaling = { min = 3, max = 2 }
  }

  expect_failures = [var.autoscaling]
}

run "half_a_shard_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1.5, max = 2 }
  }

  expect_failures = [var.autoscaling]
}

run "a_wrong_target_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, target = 1 }
  }

  expect_failures = [var.autoscaling]
}

run "too_many_calls_are_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, calls = 11 }
  }

  expect_failures = [var.autoscaling]
}

run "too_few_calls_for_the_reserve_are_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, calls = 5 }
  }

  expect_failures = [var.autoscaling]
}

run "no_duration_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, quiet = "2 hours" }
  }

  expect_failures = [var.autoscaling]
}

run "an_empty_quiet_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, quiet = "" }
  }

  expect_failures = [var.autoscaling]
}

run "too_short_a_quiet_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, quiet = "9m59s" }
  }

  expect_failures = [var.autoscaling]
}

run "too_short_a_behind_is_refused" {
  command = plan

  variables {
    autoscaling = { min = 1, max = 2, behind = "59s" }
  }

  expect_failures = [var.autoscaling]
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    name            = "no spaces"
    shards          = 0.5
    retention_hours = 1
    kms_key_arn     = "key"
  }

  expect_failures = [var.name, var.shards, var.retention_hours, var.kms_key_arn]
}
