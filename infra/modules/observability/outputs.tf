output "alarms" {
  description = "Names of the alarms."
  value       = sort([for a in concat(values(aws_cloudwatch_metric_alarm.this), local.reckoned) : a.alarm_name])
}

output "periods" {
  description = "Seconds of each alarm's period, by the end of its name; of those that are on one metric."
  value       = { for name, a in aws_cloudwatch_metric_alarm.this : name => a.period }
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
