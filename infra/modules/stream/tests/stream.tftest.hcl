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

run "wrong_bounds_are_refused" {
  command = plan

  variables {
    autoscaling = { min = 3, max = 2 }
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
