# What readers see. Glue holds the tables; the compactor registers the partitions of `events` and appends columns, and no crawler ever runs.
locals {
  location = "s3://${var.bucket}/${var.prefix}"

  partition_keys = ["dt", "hour"]

  # Objects are read by the OpenX SerDe: it gives what does not fit a string column as JSON text, and matches keys whatever their case.
  serde = "org.openx.data.jsonserde.JsonSerDe"
  input = "org.apache.hadoop.mapred.TextInputFormat"
  # Nobody writes through it, but Hive wants one named.
  output = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

  serde_parameters = { "case.insensitive" = "TRUE", "serialization.format" = "1" }
  table_parameters = { classification = "json", typeOfData = "file", EXTERNAL = "TRUE" }

  # Tables whose partitions are computed instead of registered.
  projected = {
    (var.raw_table) = {
      description = "Fragments as ingest wrote them, which compaction has not removed yet."
      folder      = "raw/"
      range       = var.raw_range
      columns     = var.columns
    }
    (var.quarantine_table) = {
      description = "Rejected records by the hour of their arrival: reason, origin, and the bytes in base64."
      folder      = "quarantine/"
      range       = var.quarantine_range
      columns = [
        { name = "reason", type = "string" },
        { name = "detail", type = "string" },
        { name = "shard", type = "string" },
        { name = "sequence", type = "string" },
        { name = "position", type = "bigint" },
        { name = "arrival", type = "string" },
        { name = "data", type = "string" },
      ]
    }
    (var.ledger_table) = {
      description = "The account of each delivery by the hour of its arrival, once that is some hours old: received, and what became of it."
      folder      = "ledger/"
      range       = var.ledger_range
      columns     = local.ledger
    }
    "${var.ledger_table}_new" = {
      description = "The same of deliveries whose accounts are not rolled up yet; for a moment an entry is in both."
      folder      = "ledger/new/"
      range       = var.ledger_range
      columns     = local.ledger
    }
  }

  ledger = [
    { name = "v", type = "bigint" },
    { name = "shard", type = "string" },
    { name = "first", type = "string" },
    { name = "last", type = "string" },
    { name = "arrival", type = "string" },
    { name = "replay", type = "string" },
    { name = "received", type = "bigint" },
    { name = "hours", type = "array<struct<partition:string,stored:bigint,duplicates:bigint,fragments:array<struct<name:string,lines:bigint>>>>" },
    { name = "quarantined", type = "map<string,bigint>" },
    { name = "rejects", type = "array<string>" },
  ]
}

resource "aws_glue_catalog_database" "this" {
  name         = var.database
  description  = "Lakebed's tables of ${local.location}"
  location_uri = local.location
}

# The compactor owns the columns: it declares them while it merges, before data that needs them can be seen, and Terraform never looks at them again.
# Those that it makes the table with are there for queries and the view to find on an empty lake: by the mark lakebed.new the compactor knows
# that they say nothing, and puts the first events' own in their place; what those lack stays as text, as the view asks for it.
resource "aws_glue_catalog_table" "events" {
  database_name = aws_glue_catalog_database.this.name
  name          = var.table
  description   = "Every compacted event, exactly once."
  table_type    = "EXTERNAL_TABLE"
  parameters    = merge(local.table_parameters, { "lakebed.new" = "true" })

  dynamic "partition_keys" {
    for_each = local.partition_keys

    content {
      name = partition_keys.value
      type = "string"
    }
  }

  storage_descriptor {
    location      = "${local.location}events/"
    input_format  = local.input
    output_format = local.output

    ser_de_info {
      serialization_library = local.serde
      parameters            = local.serde_parameters
    }

    dynamic "columns" {
      for_each = [for c in var.columns : c.name if c.live || c.name == local.id_column]

      content {
        name = columns.value
        type = columns.value == local.id_column ? local.id_type : "string"
      }
    }
  }

  lifecycle {
    ignore_changes = [
      parameters,
      storage_descriptor[0].columns,
      storage_descriptor[0].parameters,
      storage_descriptor[0].ser_de_info[0].parameters,
    ]
  }
}

# The reasons are folders below the hours of quarantine/; Athena reads folders in folders, Trino with hive.recursive-directories. A projected
# key would hide every reason that its list does not have.
resource "aws_glue_catalog_table" "projected" {
  for_each = local.projected

  database_name = aws_glue_catalog_database.this.name
  name          = each.key
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(local.table_parameters, {
    "projection.enabled"          = "true"
    "projection.dt.type"          = "date"
    "projection.dt.format"        = "yyyy-MM-dd"
    "projection.dt.range"         = each.value.range
    "projection.dt.interval"      = "1"
    "projection.dt.interval.unit" = "DAYS"
    "projection.hour.type"        = "integer"
    "projection.hour.range"       = "0,23"
    "projection.hour.digits"      = "2"
    "storage.location.template"   = "${local.location}${each.value.folder}dt=$${dt}/hour=$${hour}/"
  })

  dynamic "partition_keys" {
    for_each = local.partition_keys

    content {
      name = partition_keys.value
      type = "string"
    }
  }

  storage_descriptor {
    location      = "${local.location}${each.value.folder}"
    input_format  = local.input
    output_format = local.output

    ser_de_info {
      serialization_library = local.serde
      parameters            = local.serde_parameters
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

# A view is a table whose text holds the view's definition, JSON in base64, in the form that Presto gave it. Its comment has to be "Presto View", and
# Trino takes a table's description for its comment: so it has no other. (GlueConverter.fromGlueTable and ViewReaderUtil.isTrinoView.)
resource "aws_glue_catalog_table" "live" {
  database_name      = aws_glue_catalog_database.this.name
  name               = var.live_table
  description        = "Presto View"
  table_type         = "VIRTUAL_VIEW"
  view_original_text = "/* Presto View: ${base64encode(jsonencode(local.view))} */"
  view_expanded_text = "/* Presto View */"
  parameters         = { presto_view = "true", comment = "Presto View" }

  storage_descriptor {
    # Readers want one named, though nothing is read through it.
    ser_de_info {
      name                  = "-"
      serialization_library = "-"
    }

    dynamic "columns" {
      for_each = concat(local.names, local.partition_keys)

      content {
        name = columns.value
        type = "string"
      }
    }
  }

  depends_on = [aws_glue_catalog_table.events, aws_glue_catalog_table.projected]
}

resource "aws_athena_workgroup" "this" {
  name          = var.workgroup
  description   = "Queries of ${local.location}, none of which may scan more than ${var.scan_limit} bytes"
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit

    result_configuration {
      output_location = "s3://${var.bucket}/athena/" # not below the lake's prefix: it is no part of it

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = local.queries

  name        = "${var.workgroup}-${each.key}"
  description = each.value.description
  workgroup   = aws_athena_workgroup.this.id
  database    = aws_glue_catalog_database.this.name
  query       = each.value.sql
}

data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  glue = "arn:${data.aws_partition.this.partition}:glue:${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}"
}
