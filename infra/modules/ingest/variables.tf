variable "name" {
  type        = string
  nullable    = false
  description = "Name of the deployment; the function is <name>-ingest, and its metrics have the dimension Stream=<name>."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "A name has 1 to 40 of a-z 0-9 and -, and begins with a letter."
  }
}

variable "stream" {
  type        = object({ arn = string })
  nullable    = false
  description = "The stream to read."

  validation {
    condition     = startswith(var.stream.arn, "arn:")
    error_message = "Want the stream's ARN."
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

variable "claims" {
  type        = object({ name = string, arn = string })
  nullable    = false
  description = "The table of claims."

  validation {
    condition     = startswith(var.claims.arn, "arn:")
    error_message = "Want the table's name and ARN."
  }
}

variable "settings" {
  type = object({
    id_field          = optional(string, "event_uuid")
    time_field        = optional(string, "created_at")
    name_field        = optional(string, "event_name")
    max_future        = optional(string, "24h")
    lanes             = optional(number, 1)
    fragment_encoding = optional(string, "plain")
    claims            = optional(string, "shard")
    claim_window      = optional(string, "5m")
  })
  nullable    = false
  default     = {}
  description = "What the function can be told, by the names of its LAKEBED_ variables in lower case; `lakebed settings` says what each means."

  validation {
    condition     = alltrue([for f in [var.settings.id_field, var.settings.time_field, var.settings.name_field] : f != ""])
    error_message = "No field can be empty."
  }

  validation {
    condition     = alltrue([for d in [var.settings.max_future, var.settings.claim_window] : can(regex("^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$", d))])
    error_message = "max_future and claim_window are durations, such as 24h or 1h30m."
  }

  validation {
    condition     = contains([1, 2, 4, 8, 16, 32, 64, 128, 256], var.settings.lanes)
    error_message = "lanes is a power of two from 1 to 256."
  }

  validation {
    condition     = contains(["plain", "gzip"], var.settings.fragment_encoding)
    error_message = "fragment_encoding is plain or gzip."
  }

  validation {
    condition     = contains(["shard", "global", "none"], var.settings.claims)
    error_message = "claims is shard, global or none."
  }
}

variable "memory" {
  type        = number
  nullable    = false
  default     = 512
  description = "Memory in MB, and with it CPU: 1769 MB are one CPU. A batch is at most 6 MB, and takes about 100."

  validation {
    condition     = var.memory >= 256 && var.memory <= 10240
    error_message = "Want 256 to 10240 MB."
  }
}

variable "timeout" {
  type        = number
  nullable    = false
  default     = 60
  description = "Seconds that one invocation may take. It has to leave room for the retries within, when S3 slows down."

  validation {
    condition     = var.timeout >= 10 && var.timeout <= 900
    error_message = "Want 10 to 900 seconds."
  }
}

variable "enabled" {
  type        = bool
  nullable    = false
  default     = true
  description = "Whether the stream is read. Off, records wait, as long as the stream keeps them."
}

variable "batch_size" {
  type        = number
  nullable    = false
  default     = 10000
  description = "Records in a batch at most; 6 MB is the other limit. Large batches make few large fragments."

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000
    error_message = "Lambda takes 1 to 10000 records."
  }
}

variable "batch_window" {
  type        = number
  nullable    = false
  default     = 5
  description = "Seconds to wait for a batch to fill: what fresh data lags behind, and what makes fragments fewer."

  validation {
    condition     = var.batch_window >= 0 && var.batch_window <= 300
    error_message = "Lambda waits 0 to 300 seconds."
  }
}

variable "parallelization_factor" {
  type        = number
  nullable    = false
  default     = 1
  description = "Batches of one shard under way at once, each with other partition keys."

  validation {
    condition     = var.parallelization_factor >= 1 && var.parallelization_factor <= 10
    error_message = "Lambda runs 1 to 10."
  }
}

variable "retry_attempts" {
  type        = number
  nullable    = false
  default     = 1000
  description = "How often a batch that fails is tried again before it is given up to the bucket. What fails is no bad record, which goes to quarantine, but S3 or DynamoDB, or our own code: many tries are patience, and finite."

  validation {
    condition     = var.retry_attempts >= 1 && var.retry_attempts <= 10000
    error_message = "Want 1 to 10000: -1 would be for ever."
  }
}

variable "record_age" {
  type        = number
  nullable    = false
  default     = 64800
  description = "Seconds after which a record that was not stored is given up to the bucket. It has to be less than the stream's retention, else records are lost instead."

  validation {
    condition     = var.record_age >= 60 && var.record_age <= 604800
    error_message = "Want 60 to 604800 seconds: -1 would be for ever."
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
