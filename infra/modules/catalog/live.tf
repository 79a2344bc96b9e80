# The view events_live: SQL of Athena engine 3, which is Trino's.
locals {
  names = [for c in var.columns : c.name if c.live]

  # Columns may have other types in `events` than in `events_raw`, and `events` may widen any: the view gives text.
  texts = join(", ", [for n in local.names : "CAST(\"${n}\" AS varchar) AS \"${n}\""])

  # The id's place: a column, or members of a struct (in `events`) or of JSON text (in `events_raw`).
  id_path   = split(".", var.id_field)
  id_column = lower(local.id_path[0])
  id_parts  = slice(local.id_path, 1, length(local.id_path))
  id_type   = join("", concat([for p in local.id_parts : "struct<${lower(p)}:"], ["string"], [for p in local.id_parts : ">"]))
  id_events = format("CAST(%s AS varchar)", join(".", [for p in local.id_path : "\"${lower(p)}\""]))
  id_raw = (
    length(local.id_parts) == 0
    ? local.id_events
    : format("json_extract_scalar(\"%s\", '$%s')", local.id_column, join("", [for p in local.id_parts : "[\"${p}\"]"]))
  )

  # Ids compare as their text, UUIDs whatever their case.
  uuid = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

  # The first hour whose fragments are looked at. Those of an hour are deleted only when it ended longer ago than that and the longest query.
  cut      = "current_timestamp AT TIME ZONE 'UTC' - INTERVAL '${var.live_hours}' HOUR"
  cut_dt   = "date_format(${local.cut}, '%Y-%m-%d')"
  cut_hour = "date_format(${local.cut}, '%H')"
  recent   = "dt >= ${local.cut_dt} AND (dt > ${local.cut_dt} OR hour >= ${local.cut_hour})"
  older    = "dt <= ${local.cut_dt} AND (dt < ${local.cut_dt} OR hour < ${local.cut_hour})"

  # Every recent hour of `events` is read once and so is its raw/: an event is in one of the two or in both, whatever compaction does meanwhile,
  # and the row number keeps one, of fragments that of the lowest sequence number. (An anti-join would read `events` twice, and lose what is committed between the two.)
  live = join("\n", [
    "SELECT ${local.texts}, dt, hour FROM \"${var.table}\" WHERE ${local.older}",
    "UNION ALL",
    "SELECT ${join(", ", [for n in local.names : "\"${n}\""])}, dt, hour FROM (",
    "  SELECT *, row_number() OVER (PARTITION BY dt, hour, IF(regexp_like(\"#id\", '${local.uuid}'), lower(\"#id\"), \"#id\") ORDER BY \"#order\", \"#path\") AS \"#copy\" FROM (",
    "    SELECT ${local.texts}, dt, hour, ${local.id_events} AS \"#id\", 0 AS \"#order\", \"$path\" AS \"#path\" FROM \"${var.table}\" WHERE ${local.recent}",
    "    UNION ALL",
    "    SELECT ${local.texts}, dt, hour, ${local.id_raw}, 1, \"$path\" FROM \"${var.raw_table}\" WHERE ${local.recent}",
    "  )",
    ") WHERE \"#copy\" = 1",
  ])

  # The form of Presto's ViewDefinition. The catalog is the one in which the names of tables are looked up.
  view = {
    originalSql = local.live
    catalog     = var.view_catalog
    schema      = var.database
    columns     = [for n in concat(local.names, local.partition_keys) : { name = n, type = "varchar" }]
  }
}
