mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  database  = "clicks"
  bucket    = "clicks-lake"
  prefix    = "lake/"
  workgroup = "clicks"
  columns   = [{ name = "event_uuid", type = "string" }, { name = "event_type", type = "string" }]
}

# What shared/catalog/gluecatalog wants to find.
run "by_default" {
  assert {
    condition     = aws_glue_catalog_table.events.table_type == "EXTERNAL_TABLE" && aws_glue_catalog_table.events.storage_descriptor[0].location == "s3://clicks-lake/lake/events/"
    error_message = "It is external, and lies where the parts lie."
  }

  assert {
    condition     = [for k in aws_glue_catalog_table.events.partition_keys : "${k.name} ${k.type}"] == ["dt string", "hour string"]
    error_message = "Its partition keys are dt and hour, strings, in this order."
  }

  assert {
    condition     = [for c in aws_glue_catalog_table.events.storage_descriptor[0].columns : "${c.name} ${c.type}"] == ["event_uuid string", "event_type string"] && aws_glue_catalog_table.events.parameters["lakebed.new"] == "true"
    error_message = "Queries find the view's columns on an empty lake; the mark says that they are the compactor's to replace."
  }

  assert {
    condition     = alltrue([for t in concat([aws_glue_catalog_table.events], values(aws_glue_catalog_table.projected)) : alltrue([for k in concat(keys(t.parameters), keys(t.storage_descriptor[0].ser_de_info[0].parameters)) : !strcontains(lower(k), "malformed")])])
    error_message = "No line is passed over: ignore.malformed.json would hide damage."
  }

  assert {
    condition     = !contains(keys(aws_glue_catalog_table.events.parameters), "projection.enabled")
    error_message = "Projection ignores a partition's Location: readers would see every generation at once."
  }

  assert {
    condition     = alltrue([for t in concat([aws_glue_catalog_table.events], values(aws_glue_catalog_table.projected)) : t.storage_descriptor[0].ser_de_info[0].serialization_library == "org.openx.data.jsonserde.JsonSerDe"])
    error_message = "All are read by the OpenX SerDe: it gives text for what does not fit a string column."
  }

  assert {
    condition     = alltrue([for t in aws_glue_catalog_table.projected : t.parameters["projection.enabled"] == "true" && t.parameters["projection.hour.digits"] == "2"])
    error_message = "Fragments and rejects need no partition registered; hours have two digits."
  }

  assert {
    condition     = aws_glue_catalog_table.projected["events_raw"].parameters["storage.location.template"] == "s3://clicks-lake/lake/raw/dt=$${dt}/hour=$${hour}/"
    error_message = "Fragments are found where ingest puts them."
  }

  assert {
    condition     = aws_glue_catalog_table.projected["quarantine"].parameters["storage.location.template"] == "s3://clicks-lake/lake/quarantine/dt=$${dt}/hour=$${hour}/"
    error_message = "Rejects are found in every reason's folder of an hour."
  }

  assert {
    condition     = aws_glue_catalog_table.projected["quarantine"].storage_descriptor[0].columns[*].name == tolist(["reason", "detail", "shard", "sequence", "position", "arrival", "data"])
    error_message = "Its columns are the fields of shared/quarantine."
  }

  assert {
    condition     = [for n in ["ledger", "ledger_new"] : aws_glue_catalog_table.projected[n].parameters["storage.location.template"]] == ["s3://clicks-lake/lake/ledger/dt=$${dt}/hour=$${hour}/", "s3://clicks-lake/lake/ledger/new/dt=$${dt}/hour=$${hour}/"]
    error_message = "Accounts are found before and after they are rolled up."
  }

  assert {
    condition     = [for n in ["ledger", "ledger_new"] : aws_glue_catalog_table.projected[n].storage_descriptor[0].columns[*].name] == [for n in [1, 2] : tolist(["v", "shard", "first", "last", "arrival", "replay", "received", "hours", "quarantined", "rejects"])]
    error_message = "Their columns are the fields of shared/ledger."
  }

  assert {
    condition     = aws_glue_catalog_table.live.table_type == "VIRTUAL_VIEW" && aws_glue_catalog_table.live.parameters["presto_view"] == "true" && aws_glue_catalog_table.live.description == "Presto View"
    error_message = "Athena takes it for a view; with another description Trino does not."
  }

  assert {
    condition = (jsondecode(base64decode(regex("^/\\* Presto View: ([A-Za-z0-9+/=]+) \\*/$", aws_glue_catalog_table.live.view_original_text)[0])) ==
      { originalSql = output.live_sql, catalog = "awsdatacatalog", schema = "clicks", columns = [
        { name = "event_uuid", type = "varchar" }, { name = "event_type", type = "varchar" }, { name = "dt", type = "varchar" }, { name = "hour", type = "varchar" },
    ] })
    error_message = "Its text holds the query and the columns, in Presto's form."
  }

  assert {
    condition     = aws_glue_catalog_table.live.storage_descriptor[0].columns[*].name == tolist(["event_uuid", "event_type", "dt", "hour"])
    error_message = "The columns of the table are those of the view."
  }

  assert {
    condition     = length(regexall("FROM \"events\"", output.live_sql)) == 2 && length(regexall("FROM \"events_raw\"", output.live_sql)) == 1
    error_message = "Recent hours of events are read once: what is committed between two readings would be lost."
  }

  assert {
    condition     = strcontains(output.live_sql, "ORDER BY \"#order\", \"#path\") AS \"#copy\"") && strcontains(output.live_sql, "0 AS \"#order\", \"$path\" AS \"#path\" FROM \"events\"")
    error_message = "Of two copies the compacted one is shown, since it is the one that stays."
  }
}

run "nested_id" {
  state_key = "nested_id" # a table of its own: the columns of one that is there are not looked at

  variables {
    id_field = "meta.Id"
    columns  = [{ name = "event_type", type = "string" }, { name = "meta", type = "string", live = false }]
  }

  assert {
    condition     = !strcontains(output.live_sql, "AS \"meta\"") && aws_glue_catalog_table.live.storage_descriptor[0].columns[*].name == tolist(["event_type", "dt", "hour"])
    error_message = "What is not live is no column of the view."
  }

  assert {
    condition     = [for c in aws_glue_catalog_table.events.storage_descriptor[0].columns : "${c.name} ${c.type}"] == ["event_type string", "meta struct<id:string>"]
    error_message = "The object that holds the id can be asked for it before the first event."
  }

  assert {
    condition     = strcontains(aws_athena_named_query.this["hours"].query, "count(CAST(\"meta\".\"id\" AS varchar))")
    error_message = "Named queries read the id itself."
  }

  assert {
    condition     = aws_glue_catalog_table.projected["events_raw"].storage_descriptor[0].columns[*].name == tolist(["event_type", "meta"])
    error_message = "It is one of the fragments."
  }

  assert {
    condition     = strcontains(output.live_sql, "CAST(\"meta\".\"id\" AS varchar)") && strcontains(output.live_sql, "json_extract_scalar(\"meta\", '$[\"Id\"]')")
    error_message = "An id within an object is found in a struct by its column's name, in text by the event's own spelling."
  }
}

run "workgroup" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 1099511627776 && aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration
    error_message = "No query scans without limit, whatever its client says."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS"
    error_message = "Results are encrypted as the lake is."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].output_location == "s3://clicks-lake/athena/"
    error_message = "Results do not lie in the lake."
  }

  assert {
    condition     = output.arns == ["arn:aws:glue:eu-west-1:123456789012:catalog", "arn:aws:glue:eu-west-1:123456789012:database/clicks", "arn:aws:glue:eu-west-1:123456789012:table/clicks/events"]
    error_message = "Policies name the catalog, the database and the one table."
  }
}

run "wrong_input_is_refused" {
  command = plan

  variables {
    database   = "a-b"
    columns    = [{ name = "dt", type = "string" }]
    live_hours = 0
    scan_limit = 1
    scan_price = 0
    prefix     = "lake"
  }

  expect_failures = [var.database, var.columns, var.live_hours, var.scan_limit, var.scan_price, var.prefix]
}

run "wrong_id_is_refused" {
  command = plan

  variables {
    id_field = "x'; drop"
  }

  expect_failures = [var.id_field]
}
