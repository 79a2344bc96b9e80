variable "name" {
  type        = string
  nullable    = false
  description = "Name of the deployment, with which every name of it begins: the stream, <name>-ingest, <name>-compactor, <name>-claims …"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "A name has 1 to 40 of a-z 0-9 and -, and begins with a letter."
  }
}

variable "bucket" {
  type        = string
  default     = null
  description = "Name of the bucket; null for <name>-<account>-<region>."

  validation {
    condition     = var.bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 of a-z 0-9 . and -, and begins and ends with a letter or a digit."
  }
}

variable "prefix" {
  type        = string
  nullable    = false
  default     = "lake/"
  description = "Prefix of the lake in its bucket, with its final slash. Beside it lie what Lambda gave up (aws/lambda/) and Athena's results (athena/), which are no part of the lake."

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-][a-zA-Z0-9_./-]*/$", var.prefix)) && !contains(["aws/", "athena/"], var.prefix)
    error_message = "Want a prefix such as lake/ with a final slash; aws/ and athena/ are taken."
  }
}

variable "profile" {
  type        = string
  nullable    = false
  default     = "standard"
  description = "What load comes: tiny (10,000 events a day), standard (10 million) or huge (10 billion); infra/README.md has what each chooses, and why. What shards, ingest, compactor and settings say wins."

  validation {
    condition     = contains(["tiny", "standard", "huge"], var.profile)
    error_message = "Want tiny, standard or huge."
  }
}

variable "settings" {
  type = object({
    id_field          = optional(string)
    time_field        = optional(string)
    name_field        = optional(string)
    max_future        = optional(string)
    lanes             = optional(number)
    fragment_encoding = optional(string)
    claims            = optional(string)
    claim_window      = optional(string)
    target_size       = optional(string)
    close_after       = optional(string)
    major_parts       = optional(number)
    major_share       = optional(number)
    grace             = optional(string)
    live              = optional(string)
    longest_query     = optional(string)
    catalog_bound     = optional(string)
    memory            = optional(string)
  })
  nullable    = false
  default     = {}
  description = "What the functions and the command line can be told, by the names of the LAKEBED_ variables in lower case. What is null is the profile's, or has Lakebed's default."

  validation {
    condition     = var.settings.id_field == null || var.settings.id_field != ""
    error_message = "The id is in some field."
  }
}

variable "columns" {
  type        = list(object({ name = string, type = string, live = optional(bool, true) }))
  nullable    = false
  default     = []
  description = "Columns of events_raw and, as text, of events_live; empty for the fields of id, time and name, and what the transform adds. Each that is live is a column of events, too, text for good if the first events lack it, and must be neither an object nor an array there; one added later has to occur in an event first, else the view fails."

  validation {
    condition     = alltrue([for c in var.columns : can(regex("^[a-z_][a-z0-9_]*$", c.name))])
    error_message = "Names of columns have a-z 0-9 and _."
  }
}

variable "shards" {
  type        = number
  default     = null
  description = "How many shards; null for on-demand capacity, or the one of the profile tiny. With autoscaling: how many to begin with."

  validation {
    condition     = var.shards == null ? true : var.shards >= 1
    error_message = "Want 1 or more, or null."
  }
}

variable "autoscaling" {
  type = object({
    min     = number
    max     = number
    target  = optional(number)
    calls   = optional(number)
    reserve = optional(number)
    quiet   = optional(string)
    behind  = optional(string)
    dry_run = optional(bool)
  })
  default     = null
  description = "Between how many shards the scaler, a module beside this one, keeps the stream, and how; null for a count that stays as it is."
}

variable "shard_metrics" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether Kinesis tells bytes, records and throttles of each shard, which CloudWatch charges as custom metrics."
}

variable "retention_hours" {
  type        = number
  nullable    = false
  default     = 24
  description = "How long the stream keeps records."

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "Kinesis keeps records for 24 to 8760 hours."
  }
}

variable "zips" {
  type        = object({ ingest = string, compactor = string })
  nullable    = false
  description = "Paths of the functions' zips, as scripts/build-lambdas.sh makes them."

  validation {
    condition     = alltrue([for z in values(var.zips) : fileexists(z)])
    error_message = "There are no such zips: build them with scripts/build-lambdas.sh."
  }
}

variable "architectures" {
  type        = list(string)
  nullable    = false
  default     = ["arm64"]
  description = "Architecture for which the zips were built."

  validation {
    condition     = contains(["arm64", "x86_64"], join(" ", var.architectures))
    error_message = "Want [\"arm64\"] or [\"x86_64\"]."
  }
}

variable "ingest" {
  type = object({
    memory                 = optional(number)
    timeout                = optional(number)
    reserved_concurrency   = optional(number)
    enabled                = optional(bool)
    batch_size             = optional(number)
    batch_window           = optional(number)
    parallelization_factor = optional(number)
    retry_attempts         = optional(number)
    record_age             = optional(number)
  })
  nullable    = false
  default     = {}
  description = "Size and pace of ingest; see modules/ingest. The profile, or that module's defaults, stand for null."

  validation {
    condition     = coalesce(var.ingest.record_age, 64800) < var.retention_hours * 3600
    error_message = "record_age has to be less than what the stream retains, else records are lost before they are given up."
  }
}

variable "compactor" {
  type = object({
    memory               = optional(number)
    timeout              = optional(number)
    visibility_timeout   = optional(number)
    scratch              = optional(number)
    reserved_concurrency = optional(number)
    enabled              = optional(bool)
    schedule             = optional(string)
    full_schedule        = optional(string)
    workers              = optional(number)
    receives             = optional(number)
  })
  nullable    = false
  default     = {}
  description = "Size and pace of the compactor; see modules/compactor. The profile, or that module's defaults, stand for null."

  validation {
    condition = alltrue([for reserved in [coalesce(var.compactor.reserved_concurrency, local.profile.compactor.reserved_concurrency)] :
      reserved == -1 || reserved > coalesce(var.compactor.workers, local.profile.compactor.workers)
    ])
    error_message = "reserved_concurrency (34 in the profile huge) has to be more than workers, since the planner needs one, too."
  }
}

variable "versioning" {
  type        = string
  nullable    = false
  default     = "Disabled"
  description = "Whether the bucket keeps versions: Enabled, Suspended or Disabled."

  validation {
    condition     = contains(["Enabled", "Suspended", "Disabled"], var.versioning)
    error_message = "Want Enabled, Suspended or Disabled."
  }
}

variable "noncurrent_days" {
  type        = number
  nullable    = false
  default     = 7
  description = "Days for which versions are kept that are no longer current."

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "Want 1 day or more."
  }
}

variable "ledger_days" {
  type        = number
  nullable    = false
  default     = 365
  description = "Days for which the rolled-up ledger is kept: how far back `lakebed verify` proves that nothing is missing."

  validation {
    condition     = var.ledger_days >= 1
    error_message = "Want 1 day or more."
  }
}

variable "quarantine_days" {
  type        = number
  nullable    = false
  default     = 400
  description = "Days for which rejected records are kept; at least a week more than the ledger."

  validation {
    condition     = var.quarantine_days >= var.ledger_days + 7
    error_message = "Want at least a week more than ledger_days."
  }
}

variable "force_destroy" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether destroying deletes the bucket with every event in it."
}

variable "deletion_protection" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether DynamoDB refuses to delete the table of claims."
}

variable "point_in_time_recovery" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether the table of claims can be set back in time."
}

variable "scan_limit" {
  type        = number
  nullable    = false
  default     = 1099511627776
  description = "Bytes that one query may scan before Athena stops it."

  validation {
    condition     = var.scan_limit >= 10485760
    error_message = "Athena's least limit is 10 MiB (10485760)."
  }
}

variable "view_catalog" {
  type        = string
  nullable    = false
  default     = "awsdatacatalog"
  description = "Name by which the query engine knows the Glue catalog: awsdatacatalog in Athena."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.view_catalog))
    error_message = "A catalog's name has a-z 0-9 and _."
  }
}

variable "metrics_namespace" {
  type        = string
  nullable    = false
  default     = "Lakebed"
  description = "CloudWatch namespace of the functions' metrics."

  validation {
    condition     = !startswith(var.metrics_namespace, "AWS/") && var.metrics_namespace != ""
    error_message = "Want a namespace that is not one of AWS's own."
  }
}

variable "log_days" {
  type        = number
  nullable    = false
  default     = 30
  description = "Days for which log lines are kept; one of CloudWatch's steps."

  validation {
    condition     = var.log_days >= 1
    error_message = "Want 1 day or more."
  }
}

variable "plan_period" {
  type        = number
  nullable    = false
  default     = 900
  description = "Seconds within which the planner runs at least once; the alarm on its silence counts in these."

  validation {
    condition     = var.plan_period >= 60 && var.plan_period % 60 == 0
    error_message = "Want a multiple of 60 seconds."
  }

  validation {
    condition     = local.every <= var.plan_period
    error_message = "compactor.schedule comes less often than plan_period says: its alarm would ring all the time."
  }
}

variable "thresholds" {
  type = object({
    iterator_age        = optional(number)
    oldest_uncompacted  = optional(number)
    quarantine_percent  = optional(number)
    errors              = optional(number)
    throttles           = optional(number)
    producers_throttled = optional(number)
  })
  nullable    = false
  default     = {}
  description = "Beyond what an alarm is raised; see modules/observability, whose defaults stand for null."

  validation {
    condition     = alltrue([for v in values(var.thresholds) : v == null ? true : v >= 0])
    error_message = "Want 0 or more."
  }
}

variable "alarm_actions" {
  type        = list(string)
  nullable    = false
  default     = []
  description = "ARNs told when an alarm is raised and when it is over."

  validation {
    condition     = alltrue([for a in var.alarm_actions : startswith(a, "arn:")])
    error_message = "Want ARNs."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key for everything that lies somewhere: stream, lake, claims, queues, logs, results. Null for AWS's own keys."

  validation {
    condition     = var.kms_key_arn == null ? true : startswith(var.kms_key_arn, "arn:")
    error_message = "Want the ARN of a key, or null."
  }
}

variable "extra_environment" {
  type        = map(string)
  nullable    = false
  default     = {}
  description = "More variables for both functions, such as AWS_USE_FIPS_ENDPOINT. Of the SDK's, those of endpoints count."

  validation {
    condition     = alltrue([for k in keys(var.extra_environment) : !startswith(k, "LAKEBED_")])
    error_message = "What is Lakebed's own is set by settings."
  }
}
