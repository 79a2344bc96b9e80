# Where producers put events: on demand, with a fixed number of shards, or with a number that the scaler keeps to the load. All three are one resource, so
# that a stream changes from any to any other in place.
locals {
  # Of a scaled stream Terraform takes the count that the scaler noted last: it never sets it back.
  shards = var.autoscaling == null ? var.shards : jsondecode(aws_ssm_parameter.shards[0].insecure_value).shards
}

resource "aws_kinesis_stream" "this" {
  name             = var.name
  shard_count      = local.shards
  retention_period = var.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = coalesce(var.kms_key_arn, "alias/aws/kinesis")

  # Shard by shard, at a price: to find an uneven partition key.
  shard_level_metrics = var.shard_metrics ? ["IncomingBytes", "IncomingRecords", "WriteProvisionedThroughputExceeded"] : null

  stream_mode_details {
    stream_mode = var.shards == null && var.autoscaling == null ? "ON_DEMAND" : "PROVISIONED"
  }
}

resource "aws_ssm_parameter" "shards" {
  count = var.autoscaling == null ? 0 : 1

  name           = "/lakebed/${var.name}/shards"
  description    = "Shards of the stream ${var.name}, and when the scaler changed them"
  type           = "String"
  insecure_value = jsonencode({ shards = coalesce(var.shards, var.autoscaling.min), calls = [] })

  lifecycle {
    ignore_changes = [insecure_value] # the scaler's from now on
  }
}
