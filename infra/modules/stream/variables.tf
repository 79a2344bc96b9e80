variable "name" {
  type        = string
  nullable    = false
  description = "Name of the stream."

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.name))
    error_message = "A stream's name has 1 to 128 of a-z A-Z 0-9 _ . and -."
  }
}

variable "shards" {
  type        = number
  default     = null
  description = "How many shards; null for on-demand capacity, which needs no sizing and costs more when the stream is small and steady. With autoscaling: how many to begin with, its min by default."

  validation {
    condition     = var.shards == null ? true : var.shards >= 1 && floor(var.shards) == var.shards
    error_message = "Want a whole number of shards from 1, or null."
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
  description = "Between how many shards the scaler keeps the stream, and how: services/scaler/README.md. Null for a count that stays as it is. The scaler is a module of its own."

  # As the scaler checks them (services/scaler/scaler.go): it would refuse all its streams for one.
  validation {
    condition     = var.autoscaling == null ? true : var.autoscaling.min >= 1 && var.autoscaling.max >= var.autoscaling.min && var.autoscaling.max <= 10000
    error_message = "Want 1 <= min <= max <= 10000."
  }

  validation {
    condition     = var.autoscaling == null ? true : alltrue([for k in ["min", "max", "calls", "reserve"] : var.autoscaling[k] == null ? true : floor(var.autoscaling[k]) == var.autoscaling[k]])
    error_message = "min, max, calls and reserve are whole numbers."
  }

  validation {
    condition     = alltrue([for target in [try(coalesce(var.autoscaling.target, 0.6), 0.6)] : target >= 0.1 && target <= 0.9])
    error_message = "target is 0.1 to 0.9."
  }

  validation {
    condition = alltrue([for calls in [try(coalesce(var.autoscaling.calls, 10), 10)] :
      calls >= 3 && calls <= 10 && alltrue([for reserve in [try(coalesce(var.autoscaling.reserve, 3), 3)] : reserve >= 0 && reserve <= calls - 3])
    ])
    error_message = "calls is 3 to 10, 10 by default; reserve is 0 to 3 fewer than calls, 3 by default."
  }

  validation {
    condition = alltrue([
      for d in var.autoscaling == null ? [] : [[var.autoscaling.quiet, 600, 86400], [var.autoscaling.behind, 60, 315360000]] :
      d[0] == null ? true : can(regex("^([0-9]+[hms])+$", d[0])) ? alltrue([
        for seconds in [sum([for part in regexall("([0-9]+)([hms])", d[0]) : tonumber(part[0]) * { h = 3600, m = 60, s = 1 }[part[1]]])] :
        seconds >= d[1] && seconds <= d[2]
      ]) : false
    ])
    error_message = "quiet and behind are durations such as 2h, 90m or 1h30m: quiet of 10m to 24h, behind of 1m or more."
  }
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
  description = "How long the stream keeps records: the time that there is to mend ingest before anything is lost."

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "Kinesis keeps records for 24 to 8760 hours."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the stream; null for AWS's own key for Kinesis."

  validation {
    condition     = var.kms_key_arn == null ? true : startswith(var.kms_key_arn, "arn:")
    error_message = "Want the ARN of a key, or null."
  }
}
