output "alarms" {
  description = "Names of the alarms."
  value       = sort([for a in concat(values(aws_cloudwatch_metric_alarm.this), local.reckoned) : a.alarm_name])
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
