output "function" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "mapping" {
  description = "UUID of the event source mapping; what it gives up lies below aws/lambda/<uuid>/."
  value       = aws_lambda_event_source_mapping.this.uuid
}

output "role" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "policy" {
  description = "The role's policy, JSON."
  value       = aws_iam_role_policy.this.policy
}

output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "environment" {
  description = "The function's variables."
  value       = aws_lambda_function.this.environment[0].variables
}
