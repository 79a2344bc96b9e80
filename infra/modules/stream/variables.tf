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

  validation {
    condition     = var.autoscaling == null ? true : var.autoscaling.min >= 1 && var.autoscaling.max >= var.autoscaling.min && var.autoscaling.max <= 10000
    error_message = "Want 1 <= min <= max <= 10000."
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
