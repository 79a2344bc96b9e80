output "function" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "queue" {
  description = "Name of the queue of tasks."
  value       = aws_sqs_queue.tasks.name
}

output "queue_url" {
  description = "URL of the queue of tasks."
  value       = aws_sqs_queue.tasks.url
}

output "dead_letters" {
  description = "Name of the queue of tasks that failed again and again."
  value       = aws_sqs_queue.dead.name
}

output "role" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "policy" {
  description = "The role's policy, JSON."
  value       = aws_iam_role_policy.this.policy
}

output "schedule_policy" {
  description = "The policy of the schedule's role, JSON."
  value       = aws_iam_role_policy.schedule.policy
}

output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "environment" {
  description = "The function's variables."
  value       = aws_lambda_function.this.environment[0].variables
}
