# One stream, its lake, and all between. Nothing here is shared: several of these lie side by side in one account, by for_each over streams.
data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

locals {
  database = replace(var.name, "-", "_")
  bucket   = coalesce(var.bucket, "${var.name}-${data.aws_caller_identity.this.account_id}-${data.aws_region.this.name}")

  # What is not said is left to the functions' modules and to lakebed's own defaults.
  settings = { for k, v in local.chosen.settings : k => tostring(v) if v != null }
  mapping  = merge({ id_field = "event_uuid", time_field = "created_at", name_field = "event_name" }, local.settings)

  # Of a field within an object events_live has no column: the object is a struct in `events`.
  plain = [for f in ["id_field", "time_field", "name_field"] : lower(local.mapping[f]) if !strcontains(local.mapping[f], ".")]
  columns = coalescelist(var.columns, concat(
    [for c in distinct(concat(local.plain, ["created_datetime", "event_type", "event_subtype"])) : { name = c, type = "string", live = true }],
    [for parts in [split(".", lower(local.mapping.id_field))] : { name = parts[0], type = "string", live = false } if length(parts) > 1],
  ))

  # The view counts whole hours, and none that the compactor may already have swept.
  live_hours = max(1, try(tonumber(regex("^([0-9]+)h", lookup(local.settings, "live", "2h"))[0]), 1))
}

module "stream" {
  source = "../stream"

  name            = var.name
  shards          = local.chosen.shards
  autoscaling     = var.autoscaling
  shard_metrics   = var.shard_metrics
  retention_hours = var.retention_hours
  kms_key_arn     = var.kms_key_arn
}

module "lake" {
  source = "../lake"

  bucket             = local.bucket
  prefix             = var.prefix
  kms_key_arn        = var.kms_key_arn
  versioning         = var.versioning
  noncurrent_days    = var.noncurrent_days
  ledger_days        = var.ledger_days
  quarantine_days    = var.quarantine_days
  abort_uploads_days = 1
  force_destroy      = var.force_destroy

  # Whoever opens the lake with the command line finds the rest here. LAKEBED_MEMORY is the functions' own.
  settings = merge({ for k, v in local.settings : k => v if k != "memory" }, {
    id_field     = local.mapping.id_field
    time_field   = local.mapping.time_field
    name_field   = local.mapping.name_field
    database     = local.database
    table        = "events"
    claims       = lookup(local.settings, "claims", "shard")
    claims_table = "${var.name}-claims"
    deployment   = var.name
    failures     = "s3://${local.bucket}/aws/lambda/"
  })
}

module "claims" {
  source = "../claims"

  name                   = "${var.name}-claims"
  kms_key_arn            = var.kms_key_arn
  deletion_protection    = var.deletion_protection
  point_in_time_recovery = var.point_in_time_recovery
}

module "catalog" {
  source = "../catalog"

  database         = local.database
  bucket           = module.lake.bucket
  prefix           = var.prefix
  id_field         = local.mapping.id_field
  columns          = local.columns
  live_hours       = local.live_hours
  quarantine_range = "NOW-${var.quarantine_days}DAYS,NOW+1DAYS"
  ledger_range     = "NOW-${var.ledger_days}DAYS,NOW+1DAYS"
  view_catalog     = var.view_catalog
  workgroup        = var.name
  scan_limit       = var.scan_limit
  kms_key_arn      = var.kms_key_arn
  force_destroy    = var.force_destroy
}

module "ingest" {
  source = "../ingest"

  name              = var.name
  stream            = module.stream
  lake              = module.lake
  claims            = module.claims
  settings          = local.chosen.settings
  metrics_namespace = var.metrics_namespace
  zip               = var.zips.ingest
  architectures     = var.architectures
  log_days          = var.log_days
  kms_key_arn       = var.kms_key_arn
  extra_environment = var.extra_environment

  memory                 = local.chosen.ingest.memory
  timeout                = var.ingest.timeout
  reserved_concurrency   = local.chosen.ingest.reserved_concurrency
  enabled                = var.ingest.enabled
  batch_size             = local.chosen.ingest.batch_size
  batch_window           = local.chosen.ingest.batch_window
  parallelization_factor = local.chosen.ingest.parallelization_factor
  retry_attempts         = var.ingest.retry_attempts
  record_age             = var.ingest.record_age
}

module "compactor" {
  source = "../compactor"

  name              = var.name
  lake              = module.lake
  catalog           = module.catalog
  settings          = local.chosen.settings
  metrics_namespace = var.metrics_namespace
  zip               = var.zips.compactor
  architectures     = var.architectures
  log_days          = var.log_days
  kms_key_arn       = var.kms_key_arn
  extra_environment = var.extra_environment

  memory               = local.chosen.compactor.memory
  timeout              = var.compactor.timeout
  visibility_timeout   = var.compactor.visibility_timeout
  scratch              = local.chosen.compactor.scratch
  reserved_concurrency = local.chosen.compactor.reserved_concurrency
  enabled              = var.compactor.enabled
  schedule             = local.chosen.compactor.schedule
  full_schedule        = local.chosen.compactor.full_schedule
  workers              = local.chosen.compactor.workers
  receives             = var.compactor.receives
}

module "observability" {
  source = "../observability"

  name              = var.name
  metrics_namespace = var.metrics_namespace
  stream            = module.stream.name
  ingest            = module.ingest
  compactor         = module.compactor
  record_age        = var.ingest.record_age
  receives          = var.compactor.receives
  plan_period       = var.plan_period
  visit_period      = max(300, local.every > 0 ? local.every : var.plan_period)
  thresholds        = var.thresholds
  alarm_actions     = var.alarm_actions
}
