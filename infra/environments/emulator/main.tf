# On an emulator of AWS, for the end-to-end tests: everything is small and soon, and nothing is kept.
provider "aws" {
  region     = var.region
  access_key = "test"
  secret_key = "testtest"

  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true

  endpoints {
    athena         = var.endpoint
    cloudwatch     = var.endpoint
    cloudwatchlogs = var.endpoint
    dynamodb       = var.endpoint
    glue           = var.endpoint
    iam            = var.endpoint
    kinesis        = var.endpoint
    kms            = var.endpoint
    lambda         = var.endpoint
    s3             = var.endpoint
    scheduler      = var.endpoint
    sqs            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
  }
}

locals {
  # The emulator sets AWS_ENDPOINT_URL itself, whatever a function's own says.
  endpoints = {
    for s in ["S3", "DYNAMODB", "GLUE", "SQS", "KINESIS", "CLOUDWATCH", "SSM"] : "AWS_ENDPOINT_URL_${s}" => coalesce(var.functions_endpoint, var.endpoint)
  }

  # As scripts/build-lambdas.sh names them.
  suffix = var.architectures[0] == "x86_64" ? "-amd64" : ""
  zips   = { for f in ["ingest", "compactor", "scaler"] : f => "${var.zips}/${f}${local.suffix}.zip" }
}

module "lakebed" {
  source   = "../../modules/lakebed"
  for_each = var.streams

  name              = "${var.name}-${each.key}"
  profile           = each.value.profile
  settings          = merge(var.pace, { for k, v in each.value.settings : k => v if v != null })
  columns           = each.value.columns
  shards            = each.value.profile == null && each.value.autoscaling == null ? coalesce(each.value.shards, 1) : each.value.shards
  autoscaling       = each.value.autoscaling
  shard_metrics     = each.value.shard_metrics
  zips              = local.zips
  architectures     = var.architectures
  metrics_namespace = var.metrics_namespace
  view_catalog      = var.view_catalog
  extra_environment = merge(local.endpoints, var.extra_environment)

  force_destroy = true
  log_days      = 1
  plan_period   = each.value.profile == null ? 300 : null

  # Where a profile is named, it is what is tried.
  ingest = {
    enabled      = var.mapping_enabled
    batch_size   = each.value.profile == null ? var.batch_size : null
    batch_window = each.value.profile == null ? 1 : null
    timeout      = 60
  }

  compactor = {
    enabled            = var.schedule_enabled
    schedule           = each.value.profile == null ? "rate(1 minute)" : null
    timeout            = 60
    visibility_timeout = 60
    workers            = each.value.profile == null ? 2 : null
    scratch            = each.value.profile == null ? 512 : null
  }
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
  enabled           = var.schedule_enabled
  extra_environment = merge(local.endpoints, var.extra_environment)
  log_days          = 1
}
