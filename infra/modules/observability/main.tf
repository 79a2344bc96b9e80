# Alarms on what somebody would notice, each with what to do about it; and one page on which to see why.
locals {
  own = { Stream = var.name }

  # Where nothing is told, nothing is wrong, but for the planner, which tells something whenever it runs: see oldest_uncompacted.
  quiet = "notBreaching"

  # What no metric says by itself.
  reckoned = [aws_cloudwatch_metric_alarm.oldest_uncompacted, aws_cloudwatch_metric_alarm.quarantine_rate, aws_cloudwatch_metric_alarm.silent]

  alarms = {
    iterator-age = {
      description = "Ingest is behind: the records that it reads came more than ${var.thresholds.iterator_age} s ago. See its errors and throttles; then more shards or a higher parallelization_factor."
      namespace   = "AWS/Lambda", metric = "IteratorAge", dimensions = { FunctionName = var.ingest.function }
      statistic   = "Maximum", period = 60, periods = 5, of = 5, threshold = var.thresholds.iterator_age * 1000, missing = local.quiet
    }
    set-aside = {
      description = "A partition fails again and again and was set aside. The compactor's log names it and says why; the others go on."
      namespace   = var.metrics_namespace, metric = "SetAside", dimensions = local.own
      statistic   = "Sum", period = var.visit_period, periods = 3, of = 2, threshold = 0, missing = local.quiet
    }
    # Each visit finds it anew: over one period alone it would ring and be over again and again.
    broken-fragments = {
      description = "A fragment cannot be read, and was left where it is. The compactor's log names it."
      namespace   = var.metrics_namespace, metric = "BrokenFragments", dimensions = local.own
      statistic   = "Sum", period = var.visit_period, periods = 3, of = 1, threshold = 0, missing = local.quiet
    }
    locations-repaired = {
      description = "A look found that the catalog named another generation than the current one: for a while a query of that hour may have seen an older state. Once after a crash is nothing; again and again means that somebody else writes to the table."
      namespace   = var.metrics_namespace, metric = "LocationsRepaired", dimensions = local.own
      statistic   = "Sum", period = 300, periods = 1, of = 1, threshold = 0, missing = local.quiet
    }
    ingest-errors = {
      description = "Ingest fails. Nothing is lost: the batch is delivered again, for ${var.record_age} s at most. See its log."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = var.ingest.function }
      statistic   = "Sum", period = 300, periods = 2, of = 2, threshold = var.thresholds.errors, missing = local.quiet
    }
    compactor-errors = {
      description = "The compactor fails as a whole. See its log."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = var.compactor.function }
      statistic   = "Sum", period = var.visit_period, periods = 3, of = 2, threshold = var.thresholds.errors, missing = local.quiet
    }
    ingest-throttles = {
      description = "Lambda does not start ingest as often as it should: raise its reserved concurrency or the account's."
      namespace   = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = var.ingest.function }
      statistic   = "Sum", period = 300, periods = 3, of = 3, threshold = var.thresholds.throttles, missing = local.quiet
    }
    compactor-throttles = {
      description = "Lambda does not start the compactor as often as it should: raise its reserved concurrency above `workers`, or the account's."
      namespace   = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = var.compactor.function }
      statistic   = "Sum", period = 300, periods = 3, of = 3, threshold = var.thresholds.throttles, missing = local.quiet
    }
    dead-letters = {
      description = "Tasks failed ${var.receives} times. Their partitions are named in the dead letters, the reason in the compactor's log. When it is mended, delete them: the planner sends them anew."
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = var.compactor.dead_letters }
      statistic   = "Maximum", period = 300, periods = 1, of = 1, threshold = 0, missing = local.quiet
    }
    given-up = {
      description = "Ingest gave records up to aws/lambda/ in the lake's bucket. When the cause is mended, `lakebed replay` brings them back."
      namespace   = "AWS/Lambda", metric = "OnFailureDestinationDeliveredEventCount", dimensions = { EventSourceMappingUUID = var.ingest.mapping }
      statistic   = "Sum", period = 300, periods = 1, of = 1, threshold = 0, missing = local.quiet
    }
    dropped = {
      description = "Records are lost: Lambda gave them up and could not write them to the bucket either. While the stream keeps them, they can be read again from there."
      namespace   = "AWS/Lambda", metric = "DroppedEventCount", dimensions = { EventSourceMappingUUID = var.ingest.mapping }
      statistic   = "Sum", period = 300, periods = 1, of = 1, threshold = 0, missing = local.quiet
    }
    producers-throttled = {
      description = "The stream refuses producers' records: more shards, or on demand."
      namespace   = "AWS/Kinesis", metric = "WriteProvisionedThroughputExceeded", dimensions = { StreamName = var.stream }
      statistic   = "Sum", period = 60, periods = 5, of = 3, threshold = var.thresholds.producers_throttled, missing = local.quiet
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.of
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

# A dead planner tells nothing, and that has to ring. It is filled in, as an alarm that takes missing data for a breach first looks further back for what was
# told before: only some periods later than it should, and after an hour's outage not at all.
resource "aws_cloudwatch_metric_alarm" "oldest_uncompacted" {
  alarm_name          = "${var.name}-oldest-uncompacted"
  alarm_description   = "Compaction is behind: a fragment waits for longer than ${var.thresholds.oldest_uncompacted} s. Or the planner does not run: are its schedule and its queue's event source mapping enabled? See the compactor's log."
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.oldest_uncompacted
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions

  metric_query {
    id          = "age"
    label       = "Oldest event not compacted, s; one more than the threshold where nothing is told"
    expression  = "FILL(oldest, ${var.thresholds.oldest_uncompacted + 1})"
    return_data = true
  }

  metric_query {
    id = "oldest"

    metric {
      namespace   = var.metrics_namespace
      metric_name = "OldestUncompacted"
      dimensions  = local.own
      stat        = "Maximum"
      period      = var.plan_period
    }
  }
}

# A share, so that it means the same on a busy stream and on a quiet one.
resource "aws_cloudwatch_metric_alarm" "quarantine_rate" {
  alarm_name          = "${var.name}-quarantine-rate"
  alarm_description   = "More than ${var.thresholds.quarantine_percent} % of what is received is rejected. The named query ${var.name}-rejects says why; `lakebed replay` brings it back once that is mended."
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.quarantine_percent
  treat_missing_data  = local.quiet
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions

  metric_query {
    id          = "rate"
    label       = "Quarantined, % of received"
    expression  = "IF(received > 0, 100 * quarantined / received, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { received = "Received", quarantined = "Quarantined" }

    content {
      id = metric_query.key

      metric {
        namespace   = var.metrics_namespace
        metric_name = metric_query.value
        dimensions  = local.own
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

# A dead ingest tells nothing at all, so that none of its own metrics gives it away.
resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "${var.name}-silent"
  alarm_description   = "Records come into the stream and ingest receives none: is its event source mapping enabled?"
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = local.quiet
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions

  metric_query {
    id          = "silent"
    label       = "Records in, none received"
    expression  = "IF(FILL(incoming, 0) > 0 AND FILL(received, 0) == 0, 1, 0)"
    return_data = true
  }

  metric_query {
    id = "incoming"

    metric {
      namespace   = "AWS/Kinesis"
      metric_name = "IncomingRecords"
      dimensions  = { StreamName = var.stream }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "received"

    metric {
      namespace   = var.metrics_namespace
      metric_name = "Received"
      dimensions  = local.own
      stat        = "Sum"
      period      = 300
    }
  }
}
