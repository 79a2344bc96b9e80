variable "name" {
  type        = string
  nullable    = false
  description = "Name of the deployment; the function is <name>-compactor, and its metrics have the dimension Stream=<name>."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "A name has 1 to 40 of a-z 0-9 and -, and begins with a letter."
  }
}

variable "lake" {
  type        = object({ url = string, arn = string, prefix = string })
  nullable    = false
  description = "The lake: its URL (s3://bucket/prefix), the bucket's ARN, and the prefix with its final slash."

  validation {
    condition     = startswith(var.lake.url, "s3://") && startswith(var.lake.arn, "arn:") && (var.lake.prefix == "" || endswith(var.lake.prefix, "/"))
    error_message = "Want s3://bucket or s3://bucket/prefix, an ARN, and a prefix with a final slash."
  }
}

variable "catalog" {
  type        = object({ database = string, table = string, arns = list(string) })
  nullable    = false
  description = "The table of parts: its database, its name, and the ARNs of catalog, database and table."

  validation {
    condition     = length(var.catalog.arns) == 3
    error_message = "Glue wants the catalog, the database and the table named."
  }
}

variable "settings" {
  type = object({
    id_field      = optional(string, "event_uuid")
    time_field    = optional(string, "created_at")
    name_field    = optional(string, "event_name")
    target_size   = optional(string, "128MiB")
    close_after   = optional(string, "15m")
    major_parts   = optional(number, 8)
    major_share   = optional(number, 0.1)
    grace         = optional(string, "4h")
    live          = optional(string, "2h")
    longest_query = optional(string, "30m")
    catalog_bound = optional(string, "30s")
    memory        = optional(string, "24MiB")
  })
  nullable    = false
  default     = {}
  description = "What the function can be told, by the names of its LAKEBED_ variables in lower case; `lakebed settings` says what each means."

  validation {
    condition     = alltrue([for f in [var.settings.id_field, var.settings.time_field, var.settings.name_field] : f != ""])
    error_message = "No field can be empty."
  }

  validation {
    condition = alltrue([for d in [var.settings.close_after, var.settings.grace, var.settings.live, var.settings.longest_query, var.settings.catalog_bound] :
    can(regex("^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$", d))])
    error_message = "close_after, grace, live, longest_query and catalog_bound are durations, such as 4h or 1h30m."
  }

  validation {
    condition     = alltrue([for s in [var.settings.target_size, var.settings.memory] : can(regex("^[0-9]+ ?([KMG]i?B)?$", s))])
    error_message = "target_size and memory are sizes, such as 128MiB."
  }

  validation {
    condition     = var.settings.major_parts >= 1 && var.settings.major_share >= 0
    error_message = "major_parts is 1 or more, major_share 0 or more."
  }
}

variable "schedule" {
  type        = string
  nullable    = false
  default     = "rate(5 minutes)"
  description = "When the planner looks for work, as EventBridge Scheduler writes it."

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule))
    error_message = "Want rate(5 minutes) or cron(…)."
  }
}

variable "full_schedule" {
  type        = string
  nullable    = false
  default     = "rate(1 day)"
  description = "When every hour that has data is visited, whether or not anything is new. A visit costs a second and some requests: rarely, where years of hours lie in the lake."

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.full_schedule))
    error_message = "Want rate(1 day) or cron(…)."
  }
}

variable "enabled" {
  type        = bool
  nullable    = false
  default     = true
  description = "Whether the schedules start the planner and tasks reach workers. Off, fragments wait."
}

variable "workers" {
  type        = number
  nullable    = false
  default     = 10
  description = "Workers under way at once at most."

  validation {
    condition     = var.workers >= 2 && var.workers <= 1000
    error_message = "SQS event sources run 2 to 1000 at once."
  }
}

variable "receives" {
  type        = number
  nullable    = false
  default     = 3
  description = "How often a task is tried before it goes to the dead letters."

  validation {
    condition     = var.receives >= 1 && var.receives <= 1000
    error_message = "Want 1 to 1000."
  }
}

variable "memory" {
  type        = number
  nullable    = false
  default     = 1769
  description = "Memory in MB, and with it CPU: 1769 MB are one whole CPU, which one merge keeps busy."

  validation {
    condition     = var.memory >= 256 && var.memory <= 10240
    error_message = "Want 256 to 10240 MB."
  }
}

variable "timeout" {
  type        = number
  nullable    = false
  default     = 900
  description = "Seconds that one invocation may take. Work that is too long for one is committed part by part and goes on in the next."

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 900
    error_message = "Want 60 to 900 seconds: a commit that changes the table waits for catalog_bound (30 s) within one."
  }
}

variable "visibility_timeout" {
  type        = number
  nullable    = false
  default     = 960
  description = "Seconds for which a task that a worker has is hidden from others: at least the function's timeout. AWS advises six times that, for messages that come back because of throttling; a task that comes back early costs a look, and one that fails should be tried again soon."

  validation {
    condition     = var.visibility_timeout >= var.timeout && var.visibility_timeout <= 43200
    error_message = "Want at least the function's timeout, else Lambda refuses the queue, and at most 43200 seconds."
  }
}

variable "scratch" {
  type        = number
  nullable    = false
  default     = 2048
  description = "MB of /tmp: a part under way and its index, and twice as much for lines that wait to be compared or quarantined. In all up to 3.25 times target_size and twice settings.memory."

  validation {
    condition     = var.scratch >= 512 && var.scratch <= 10240
    error_message = "Want 512 to 10240 MB."
  }
}

variable "metrics_namespace" {
  type        = string
  nullable    = false
  default     = "Lakebed"
  description = "CloudWatch namespace of the function's metrics."

  validation {
    condition     = can(regex("^[^:][ -~]{0,254}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "A namespace has 1 to 255 printable characters, begins with no colon and is not one of AWS's own."
  }
}

variable "zip" {
  type        = string
  nullable    = false
  description = "Path of the zip with the function's bootstrap. Terraform builds none: scripts/build-lambdas.sh does."

  validation {
    condition     = fileexists(var.zip)
    error_message = "There is no such zip: build it with scripts/build-lambdas.sh."
  }
}

variable "architectures" {
  type        = list(string)
  nullable    = false
  default     = ["arm64"]
  description = "Architecture for which the zip was built: arm64, which is a fifth cheaper, or x86_64."

  validation {
    condition     = length(var.architectures) == 1 && alltrue([for a in var.architectures : contains(["arm64", "x86_64"], a)])
    error_message = "Want [\"arm64\"] or [\"x86_64\"]."
  }
}

variable "reserved_concurrency" {
  type        = number
  nullable    = false
  default     = -1
  description = "How many of the account's concurrent executions are kept for the function, and are its most; -1 for none."

  validation {
    condition     = var.reserved_concurrency == -1 || var.reserved_concurrency >= 1
    error_message = "Want -1, or 1 or more."
  }
}

variable "log_days" {
  type        = number
  nullable    = false
  default     = 30
  description = "Days for which log lines are kept."

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "CloudWatch Logs knows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653 days."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key of the lake, the stream, the claims, the queues and the logs; null where AWS's own keys are used."

  validation {
    condition     = var.kms_key_arn == null ? true : startswith(var.kms_key_arn, "arn:")
    error_message = "Want the ARN of a key, or null."
  }
}

variable "extra_environment" {
  type        = map(string)
  nullable    = false
  default     = {}
  description = "More variables for the function, such as AWS_USE_FIPS_ENDPOINT or GOMEMLIMIT. Of the SDK's, those of endpoints count."

  validation {
    condition     = alltrue([for k in keys(var.extra_environment) : !startswith(k, "LAKEBED_")])
    error_message = "What is Lakebed's own is set by the module's other variables."
  }
}
