data "aws_region" "this" {}

# From left to right, from top to bottom: the way of an event.
locals {
  metric = { for m in local.metrics : m => [var.metrics_namespace, m, "Stream", var.name] }

  metrics = flatten(local.graphs[*].metrics)

  graphs = [
    { title = "Events received, and what became of them", stat = "Sum", metrics = ["Received", "Stored", "Duplicates", "Quarantined"] },
    { title = "How far ingest is behind, ms", stat = "Maximum", metrics = ["IteratorAge"] },
    { title = "Batches that failed", stat = "Sum", metrics = ["Failed"] },
    { title = "Fragments", stat = "Sum", metrics = ["Fragments"] },
    { title = "Bytes of fragments", stat = "Sum", metrics = ["FragmentBytes"] },
    { title = "Work seen and sent by the planner", stat = "Maximum", metrics = ["DirtyPartitions", "TasksSent"] },
    { title = "Oldest event not compacted, s", stat = "Maximum", metrics = ["OldestUncompacted"] },
    { title = "Partitions visited, parts written", stat = "Sum", metrics = ["Partitions", "Parts"] },
    { title = "Events compacted", stat = "Sum", metrics = ["EventsWritten", "DuplicatesDropped", "Conflicts"] },
    { title = "Bytes compacted", stat = "Sum", metrics = ["BytesRead", "BytesWritten", "BytesRewritten"] },
    { title = "Bytes written for each byte that is new", stat = "Average", metrics = ["WriteAmplification"] },
    { title = "What needs a look", stat = "Sum", metrics = ["SetAside", "BrokenFragments", "LocationsRepaired"] },
  ]

  own_widgets = [for g in local.graphs : {
    title = g.title, stat = g.stat, metrics = [for m in g.metrics : local.metric[m]]
  }]

  # By reason: as many lines as there are reasons, so a search and not a list.
  search_widgets = [{
    title = "Quarantined by reason", stat = "Sum"
    metrics = [[{
      expression = "SEARCH('{\"${var.metrics_namespace}\",Stream,Reason} MetricName=\"QuarantinedBy\" Stream=\"${var.name}\"', 'Sum', 300)"
      id         = "reasons", label = ""
    }]]
  }]

  aws_widgets = [
    {
      title = "Invocations and errors", stat = "Sum"
      metrics = flatten([for f in [var.ingest.function, var.compactor.function] : [
        for m in ["Invocations", "Errors", "Throttles"] : { line = ["AWS/Lambda", m, "FunctionName", f] }
      ]])[*].line
    },
    {
      title   = "Duration, ms", stat = "Maximum"
      metrics = [for f in [var.ingest.function, var.compactor.function] : ["AWS/Lambda", "Duration", "FunctionName", f]]
    },
    {
      title   = "Tasks waiting, and dead", stat = "Maximum"
      metrics = [for q in [var.compactor.queue, var.compactor.dead_letters] : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", q]]
    },
  ]

  widgets = concat(local.own_widgets, local.search_widgets, local.aws_widgets)
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for i, w in local.widgets : {
      type   = "metric"
      x      = 8 * (i % 3)
      y      = 6 * floor(i / 3)
      width  = 8
      height = 6
      properties = {
        title   = w.title
        metrics = w.metrics
        stat    = w.stat
        period  = 300
        view    = "timeSeries"
        region  = data.aws_region.this.name
      }
    }]
  })
}
