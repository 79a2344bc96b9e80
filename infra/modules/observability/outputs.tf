output "alarms" {
  description = "Names of the alarms."
  value       = sort(concat([for a in aws_cloudwatch_metric_alarm.this : a.alarm_name], [aws_cloudwatch_metric_alarm.quarantine_rate.alarm_name, aws_cloudwatch_metric_alarm.silent.alarm_name]))
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
