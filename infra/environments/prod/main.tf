# For events that matter: a key of its own, a week to mend ingest, versions of what people overwrite, and nothing that holds events goes with
# destroy.
provider "aws" {
  region = var.region

  default_tags {
    tags = { Project = "lakebed", Environment = "prod" }
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
  shards            = each.value.shards
  autoscaling       = each.value.autoscaling
  shard_metrics     = each.value.shard_metrics
  zips              = local.zips
  architectures     = var.architectures
  metrics_namespace = var.metrics_namespace
  alarm_actions     = var.alarm_actions

  kms_key_arn            = aws_kms_key.this.arn
  force_destroy          = false
  deletion_protection    = true
  point_in_time_recovery = true
  versioning             = "Enabled"
  noncurrent_days        = 7
  retention_hours        = 168
  log_days               = 400
  ingest                 = { memory = each.value.profile == null ? 1769 : null, retry_attempts = 10000, record_age = 518400 }
  compactor              = { workers = each.value.profile == null ? 50 : null }
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
  kms_key_arn       = aws_kms_key.this.arn
  log_days          = 400
}
