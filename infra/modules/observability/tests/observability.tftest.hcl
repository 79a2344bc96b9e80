mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  name          = "clicks"
  stream        = "clicks-stream"
  ingest        = { function = "clicks-ingest", mapping = "4f5f0b3e-0000-0000-0000-000000000000" }
  compactor     = { function = "clicks-compactor", queue = "clicks-compact", dead_letters = "clicks-compact-dead" }
  alarm_actions = ["arn:aws:sns:us-east-1:123456789012:on-call"]
}

run "by_default" {
  assert {
    condition = toset(output.alarms) == toset([for a in [
      "iterator-age", "quarantine-rate", "silent", "oldest-uncompacted", "set-aside", "broken-fragments", "locations-repaired", "ingest-errors", "compactor-errors",
      "ingest-throttles", "compactor-throttles", "dead-letters", "given-up", "dropped", "producers-throttled",
    ] : "clicks-${a}"])
    error_message = "Each symptom has its alarm."
  }

  assert {
    condition = alltrue([for a in concat(values(aws_cloudwatch_metric_alarm.this), local.reckoned) :
    toset(a.alarm_actions) == toset(var.alarm_actions) && toset(a.ok_actions) == toset(var.alarm_actions)])
    error_message = "Each tells somebody, also when it is over."
  }

  assert {
    condition     = alltrue([for a in values(aws_cloudwatch_metric_alarm.this) : a.datapoints_to_alarm <= a.evaluation_periods && a.period * a.evaluation_periods <= 86400])
    error_message = "Each can ring: no more data points than periods, and no more than the day that CloudWatch looks back."
  }

  assert {
    condition     = alltrue([for a in values(aws_cloudwatch_metric_alarm.this) : length(a.alarm_description) > 40])
    error_message = "Each says what it means and what to do."
  }

  assert {
    condition = alltrue([for a in values(aws_cloudwatch_metric_alarm.this) : contains(["SetAside", "BrokenFragments", "LocationsRepaired"], a.metric_name)
    if a.namespace == "Lakebed"])
    error_message = "An alarm on a metric that nobody publishes never rings."
  }

  assert {
    condition     = alltrue([for a in values(aws_cloudwatch_metric_alarm.this) : a.dimensions == tomap({ Stream = "clicks" }) if a.namespace == "Lakebed"])
    error_message = "Lakebed's own metrics have the dimension Stream."
  }

  assert {
    condition     = toset(flatten([for q in aws_cloudwatch_metric_alarm.quarantine_rate.metric_query : q.metric[*].metric_name])) == toset(["Received", "Quarantined"])
    error_message = "The rate is that of what was quarantined to what was received."
  }

  assert {
    condition = toset([for a in values(aws_cloudwatch_metric_alarm.this) : a.metric_name if a.namespace != "Lakebed"]) == toset([
      "IteratorAge", "Errors", "Throttles", "ApproximateNumberOfMessagesVisible", "OnFailureDestinationDeliveredEventCount", "DroppedEventCount", "WriteProvisionedThroughputExceeded",
    ])
    error_message = "AWS's own metrics are spelt as AWS does."
  }

  assert {
    condition     = one([for q in aws_cloudwatch_metric_alarm.oldest_uncompacted.metric_query : q.expression if q.return_data == true]) == "FILL(oldest, 7201)"
    error_message = "A planner that does not run tells nothing: that is what rings, and not only once CloudWatch has forgotten what it told before."
  }

  assert {
    condition     = one(flatten([for q in aws_cloudwatch_metric_alarm.oldest_uncompacted.metric_query : q.metric[*].metric_name])) == "OldestUncompacted"
    error_message = "The planner's metric is spelt as the compactor does."
  }

  assert {
    condition     = alltrue([for a in values(aws_cloudwatch_metric_alarm.this) : a.treat_missing_data == "notBreaching"])
    error_message = "An idle stream rings nothing else."
  }

  assert {
    condition     = strcontains(one([for q in aws_cloudwatch_metric_alarm.silent.metric_query : q.expression if q.id == "silent"]), "FILL(received, 0) == 0")
    error_message = "Where ingest tells nothing while records come, that is a silence, too."
  }

  assert {
    condition     = alltrue([for m in local.metrics : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"${m}\"")]) && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "QuarantinedBy")
    error_message = "Every metric that is published can be seen."
  }
}

run "seldom_visits" {
  variables {
    visit_period = 900
  }

  assert {
    condition     = alltrue([for name in ["set-aside", "broken-fragments", "compactor-errors"] : aws_cloudwatch_metric_alarm.this[name].period == 900])
    error_message = "What fails at each visit rings, however seldom one comes."
  }
}

run "thresholds" {
  variables {
    thresholds = { iterator_age = 60, oldest_uncompacted = 600, quarantine_percent = 5 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.oldest_uncompacted.threshold == 600 && strcontains(jsonencode(aws_cloudwatch_metric_alarm.oldest_uncompacted.metric_query), "FILL(oldest, 601)")
    error_message = "What is filled in is beyond the threshold, whatever it is."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["iterator-age"].threshold == 60000
    error_message = "Lambda counts the iterator's age in milliseconds."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.quarantine_rate.threshold == 5
    error_message = "The share is in percent."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dead-letters"].threshold == 0 && aws_cloudwatch_metric_alarm.this["given-up"].threshold == 0
    error_message = "One dead letter or one object given up is enough."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    name              = "Clicks"
    metrics_namespace = "AWS/Lakebed"
    plan_period       = 61
    alarm_actions     = ["on-call"]
    thresholds        = { errors = -1 }
  }

  expect_failures = [var.name, var.metrics_namespace, var.plan_period, var.alarm_actions, var.thresholds]
}
