output "function" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "log_group" {
  description = "Name of its log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy" {
  description = "The role's policy, JSON."
  value       = aws_iam_role_policy.this.policy
}
