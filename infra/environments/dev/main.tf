# To try things: one shard, short memories, and everything goes with destroy, the events too.
provider "aws" {
  region = var.region

  default_tags {
    tags = { Project = "lakebed", Environment = "dev" }
  }
}

locals {
  # As scripts/build-lambdas.sh names them.
  suffix = var.architectures[0] == "x86_64" ? "-amd64" : ""
  zips   = { for f in ["ingest", "compactor", "scaler"] : f => "${var.zips}/${f}${local.suffix}.zip" }
}

module "lakebed" {
  source   = "../../modules/lakebed"
  for_each = var.streams

  name              = "${var.name}-${each.key}"
  profile           = each.value.profile
  settings          = each.value.settings
  columns           = each.value.columns
  shards            = each.value.profile == null && each.value.autoscaling == null ? coalesce(each.value.shards, 1) : each.value.shards
  autoscaling       = each.value.autoscaling
  shard_metrics     = each.value.shard_metrics
  zips              = local.zips
  architectures     = var.architectures
  metrics_namespace = var.metrics_namespace
  alarm_actions     = var.alarm_actions

  force_destroy   = true
  ledger_days     = 30
  quarantine_days = 37
  log_days        = 7
  scan_limit      = 107374182400 # 100 GiB: half a dollar
  compactor       = { workers = each.value.profile == null ? 2 : null }
}

locals {
  scaled = [for l in module.lakebed : l.scaled if l.scaled != null]
}

# One for all streams that have a number of shards to be kept to their load.
module "scaler" {
  source = "../../modules/scaler"
  count  = anytrue([for s in var.streams : s.autoscaling != null]) ? 1 : 0

  name              = var.name
  streams           = local.scaled
  zip               = local.zips.scaler
  architectures     = var.architectures
  metrics_namespace = var.metrics_namespace
  alarm_actions     = var.alarm_actions
  log_days          = 7
}
