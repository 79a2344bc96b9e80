# What a load wants, as a whole: the arithmetic that leads to each number is in infra/README.md, "Profiles". `standard` has the modules' own defaults.
locals {
  profiles = {
    tiny = {
      shards    = 1
      ingest    = { memory = 256, reserved_concurrency = -1, batch_size = 10000, batch_window = 300, parallelization_factor = 1 }
      compactor = { memory = 512, scratch = 512, reserved_concurrency = -1, workers = 2, schedule = "rate(15 minutes)", full_schedule = "rate(7 days)" }
      settings  = { claim_window = "15m" }
    }
    standard = {
      shards    = null
      ingest    = { memory = 512, reserved_concurrency = -1, batch_size = 10000, batch_window = 5, parallelization_factor = 1 }
      compactor = { memory = 1769, scratch = 2048, reserved_concurrency = -1, workers = 10, schedule = "rate(5 minutes)", full_schedule = "rate(1 day)" }
      settings  = {}
    }
    huge = {
      shards    = null
      ingest    = { memory = 512, reserved_concurrency = 400, batch_size = 10000, batch_window = 15, parallelization_factor = 1 }
      compactor = { memory = 1769, scratch = 2048, reserved_concurrency = 34, workers = 32, schedule = "rate(10 minutes)", full_schedule = "rate(1 day)" }
      settings  = { lanes = 8, fragment_encoding = "gzip", target_size = "256MiB", memory = "256MiB", grace = "1h" }
    }
  }
  profile = local.profiles[var.profile]

  # Seconds between two plans; 0 where a schedule by the clock does not say.
  every = try(
    tonumber(regex("^rate\\(([0-9]+) ", local.chosen.compactor.schedule)[0]) *
    { minute = 60, hour = 3600, day = 86400 }[regex("(minute|hour|day)s?\\)$", local.chosen.compactor.schedule)[0]],
    0,
  )

  # What is said wins.
  chosen = {
    shards    = var.shards == null && var.autoscaling == null ? local.profile.shards : var.shards
    ingest    = merge(local.profile.ingest, { for k, v in var.ingest : k => v if v != null })
    compactor = merge(local.profile.compactor, { for k, v in var.compactor : k => v if v != null })
    settings  = merge(local.profile.settings, { for k, v in var.settings : k => v if v != null })
  }
}
