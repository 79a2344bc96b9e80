output "lake" {
  description = "The lake as `lakebed --lake` takes it."
  value       = module.lake.url
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.lake.bucket
}

output "kept" {
  description = "Whether a bucket that holds something is not destroyed."
  value       = module.lake.kept
}

output "stream" {
  description = "Name of the stream into which producers put events."
  value       = module.stream.name
}

output "stream_arn" {
  description = "ARN of the stream."
  value       = module.stream.arn
}

output "claims_table" {
  description = "Name of the table of claims."
  value       = module.claims.name
}

output "database" {
  description = "Name of the Glue database."
  value       = module.catalog.database
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = module.catalog.workgroup
}

output "live_sql" {
  description = "The query of events_live."
  value       = module.catalog.live_sql
}

output "ingest" {
  description = "Ingest: function, its event source mapping, log group and role."
  value       = { function = module.ingest.function, mapping = module.ingest.mapping, log_group = module.ingest.log_group, role = module.ingest.role }
}

output "compactor" {
  description = "The compactor: function, queues, log group and role."
  value = {
    function  = module.compactor.function, queue_url = module.compactor.queue_url, dead_letters = module.compactor.dead_letters,
    log_group = module.compactor.log_group, role = module.compactor.role
  }
}

output "policies" {
  description = "What each role may do and what the bucket refuses, as JSON policies."
  value = {
    ingest = module.ingest.policy, compactor = module.compactor.policy, schedule = module.compactor.schedule_policy, bucket = module.lake.policy
  }
}

output "alarms" {
  description = "Names of the alarms."
  value       = module.observability.alarms
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = module.observability.dashboard
}

output "environment" {
  description = "Each function's variables."
  value       = { ingest = module.ingest.environment, compactor = module.compactor.environment }
}

output "scaled" {
  description = "What the scaler needs to know of the stream; null when it is not scaled."
  value       = module.stream.scaled
}

output "profile" {
  description = "What the profile, and what was said instead, came to."
  value       = merge({ name = var.profile }, local.chosen)
}
