output "bucket" {
  description = "Name of the bucket, known once all that protects it is there."
  value       = aws_s3_bucket.this.id
  depends_on  = [aws_s3_bucket_policy.this, aws_s3_bucket_ownership_controls.this, aws_s3_bucket_server_side_encryption_configuration.this]
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "prefix" {
  description = "Prefix of every key, with its final slash; empty for none."
  value       = var.prefix
}

output "url" {
  description = "The lake as `lakebed --lake` takes it: s3://bucket or s3://bucket/prefix."
  value       = local.url
}

output "policy" {
  description = "The bucket's policy, JSON."
  value       = aws_s3_bucket_policy.this.policy
}

output "config" {
  description = "Text of lakebed.yaml."
  value       = aws_s3_object.config.content
}

output "kept" {
  description = "Whether a bucket that holds something is not destroyed."
  value       = !aws_s3_bucket.this.force_destroy
}
