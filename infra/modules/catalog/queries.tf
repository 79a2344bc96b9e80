# The named queries: SQL of Athena engine 3, which is Trino's. Each is for the last days and says so in a condition that one changes.
locals {
  days   = "dt >= date_format(current_timestamp AT TIME ZONE 'UTC' - INTERVAL '2' DAY, '%Y-%m-%d')"
  before = "dt >= date_format(current_timestamp AT TIME ZONE 'UTC' - INTERVAL '3' DAY, '%Y-%m-%d')" # an event can be a day ahead of its arrival

  # Each delivery once: while the compactor rolls up, an entry lies in both places for a moment.
  deliveries = join("\n", [for line in [
    "SELECT DISTINCT dt, hour, shard, \"first\", \"last\", arrival, replay, received, hours, quarantined FROM (",
    "  SELECT * FROM ${var.ledger_table} WHERE %s UNION ALL SELECT * FROM ${var.ledger_table}_new WHERE %s",
    ")",
  ] : "  ${line}"])

  # What each file of the last days is: only its lines are counted, nothing is parsed.
  files = join("\n", [
    "  SELECT dt, hour, \"$path\" AS path, \"$file_size\" AS bytes, count(*) AS events",
    "  FROM ${var.table} WHERE ${local.days}",
    "  GROUP BY dt, hour, \"$path\", \"$file_size\"",
  ])

  queries = {
    hours = {
      description = "Events of each of the last days' hours; it reads a column, since a count alone does not parse"
      sql         = <<-SQL
        SELECT dt, hour, count(${local.id_events}) AS events
        FROM ${var.table}
        WHERE ${local.days}
        GROUP BY dt, hour ORDER BY dt DESC, hour DESC
      SQL
    }
    duplicates = {
      description = "By event hour: what ingest stored and what it dropped as copies; events is what compaction has of it, after dropping further copies"
      sql         = <<-SQL
        WITH deliveries AS (
        ${format(local.deliveries, local.before, local.before)}
        ), ingested AS (
          SELECT substr(h.event_hour, 4, 10) AS dt, substr(h.event_hour, 20, 2) AS hour, sum(h.stored) AS stored, sum(h.duplicates) AS duplicates
          FROM deliveries CROSS JOIN UNNEST(hours) AS h (event_hour, stored, duplicates, fragments)
          GROUP BY 1, 2
        ), compacted AS (
          SELECT dt, hour, count(${local.id_events}) AS events FROM ${var.table} WHERE ${local.days} GROUP BY dt, hour
        )
        SELECT i.dt, i.hour, i.stored, i.duplicates, round(100e0 * i.duplicates / (i.stored + i.duplicates), 3) AS percent, coalesce(c.events, 0) AS events
        FROM ingested i LEFT JOIN compacted c ON c.dt = i.dt AND c.hour = i.hour
        WHERE i.${local.days}
        ORDER BY i.dt DESC, i.hour DESC
      SQL
    }
    deliveries = {
      description = "By hour of arrival: received = stored + duplicates + quarantined, so that missing is 0"
      sql         = <<-SQL
        WITH deliveries AS (
        ${format(local.deliveries, local.days, local.days)}
        ), counted AS (
          SELECT dt, hour, received,
            coalesce(reduce(hours, BIGINT '0', (s, h) -> s + h.stored, s -> s), 0) AS stored,
            coalesce(reduce(hours, BIGINT '0', (s, h) -> s + h.duplicates, s -> s), 0) AS duplicates,
            coalesce(reduce(map_values(quarantined), BIGINT '0', (s, n) -> s + n, s -> s), 0) AS quarantined
          FROM deliveries
        )
        SELECT dt, hour, sum(received) AS received, sum(stored) AS stored, sum(duplicates) AS duplicates, sum(quarantined) AS quarantined,
          sum(received - stored - duplicates - quarantined) AS missing
        FROM counted
        GROUP BY dt, hour ORDER BY dt DESC, hour DESC
      SQL
    }
    quarantined = {
      description = "What was rejected, by hour of arrival and reason"
      sql         = <<-SQL
        SELECT dt, hour, reason, count(*) AS records
        FROM ${var.quarantine_table}
        WHERE ${local.days}
        GROUP BY dt, hour, reason ORDER BY dt DESC, hour DESC, records DESC
      SQL
    }
    rejects = {
      description = "What was rejected in the last days, by reason, with an example"
      sql         = <<-SQL
        SELECT reason, count(*) AS records, min(arrival) AS earliest, max(arrival) AS latest, arbitrary(detail) AS example
        FROM ${var.quarantine_table}
        WHERE ${local.days}
        GROUP BY reason ORDER BY records DESC
      SQL
    }
    freshness = {
      description = "When each stage last did something with the last ${var.live_hours} hours' events, and how many seconds ago; null for nothing"
      sql         = <<-SQL
        WITH stages (stage, latest) AS (
          SELECT '1 received', max(latest) FROM (
            SELECT max(from_iso8601_timestamp(arrival)) AS latest FROM ${var.ledger_table} WHERE ${local.recent}
            UNION ALL
            SELECT max(from_iso8601_timestamp(arrival)) FROM ${var.ledger_table}_new WHERE ${local.recent}
          )
          UNION ALL
          SELECT '2 stored', max("$file_modified_time") FROM ${var.raw_table} WHERE ${local.recent}
          UNION ALL
          SELECT '3 compacted', max("$file_modified_time") FROM ${var.table} WHERE ${local.recent}
        )
        SELECT stage, latest, date_diff('second', latest, current_timestamp) AS seconds_ago FROM stages ORDER BY stage
      SQL
    }
    partitions = {
      description = "Files, bytes and events of each of the last days' hours; it costs what reading them costs: `lakebed status` tells it for nothing"
      sql         = <<-SQL
        WITH files AS (
        ${local.files}
        )
        SELECT dt, hour, count(*) AS files, sum(bytes) AS bytes, sum(events) AS events
        FROM files
        GROUP BY dt, hour ORDER BY dt DESC, hour DESC
      SQL
    }
    cost = {
      description = "What a query of each of the last days costs that reads it once, and of all (dt is null), at ${var.scan_price} dollars a TiB; asking costs as much"
      sql         = <<-SQL
        WITH files AS (
        ${local.files}
        )
        SELECT dt, count(*) AS files, coalesce(sum(bytes), 0) AS bytes, greatest(coalesce(sum(bytes), 0), 10485760) / 1099511627776e0 * ${var.scan_price} AS dollars
        FROM files
        GROUP BY GROUPING SETS ((dt), ()) ORDER BY dt DESC
      SQL
    }
    live = {
      description = "The view ${var.live_table}, to be made anew with more columns"
      sql         = "CREATE OR REPLACE VIEW ${var.live_table} AS\n${local.live}"
    }
  }
}
