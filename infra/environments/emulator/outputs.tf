output "streams" {
  description = "Each deployment: its lake, names, and what its roles may do."
  value       = module.lakebed
}

output "scaler" {
  description = "The scaler: its function, and what its role may do; null where no stream is scaled."
  value       = one([for s in module.scaler : { function = s.function, policy = s.policy }])
}

output "keeps_lakes" {
  description = "Whether destroying leaves the buckets with all events, and the key that they are encrypted with."
  value       = alltrue([for l in module.lakebed : l.kept])
}
