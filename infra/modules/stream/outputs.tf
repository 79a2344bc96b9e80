output "name" {
  description = "Name of the stream."
  value       = aws_kinesis_stream.this.name
}

output "arn" {
  description = "ARN of the stream."
  value       = aws_kinesis_stream.this.arn
}

output "shard_metrics" {
  description = "Names of the metrics that Kinesis tells of each shard."
  value       = coalesce(aws_kinesis_stream.this.shard_level_metrics, [])
}

output "scaled" {
  description = "What the scaler needs to know of the stream; null when it is not scaled."
  value = one([for p in aws_ssm_parameter.shards : {
    name          = aws_kinesis_stream.this.name
    arn           = aws_kinesis_stream.this.arn
    parameter_arn = p.arn
    autoscaling   = var.autoscaling
  }])
}
