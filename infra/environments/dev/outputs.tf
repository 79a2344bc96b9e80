output "streams" {
  description = "Each deployment: its lake, names, and what its roles may do."
  value       = module.lakebed
}

output "keeps_lakes" {
  description = "Whether destroying leaves the buckets with all events, and the key that they are encrypted with."
  value       = alltrue([for l in module.lakebed : l.kept])
}
