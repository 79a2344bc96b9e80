output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.this.name
}

output "table" {
  description = "Name of the table of parts."
  value       = aws_glue_catalog_table.events.name
}

output "arns" {
  description = "ARNs that Glue wants named in a policy for a call on the table or its partitions: of the catalog, the database and the table."
  value = [
    "${local.glue}:catalog",
    "${local.glue}:database/${aws_glue_catalog_database.this.name}",
    "${local.glue}:table/${aws_glue_catalog_database.this.name}/${aws_glue_catalog_table.events.name}",
  ]
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.this.name
}

output "live_sql" {
  description = "The query of events_live."
  value       = local.live
}
