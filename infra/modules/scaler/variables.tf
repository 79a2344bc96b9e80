variable "name" {
  type        = string
  nullable    = false
  description = "How the names of the function, its role and the alarm `blind` begin; the alarm `held-back` has its stream's."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}$", var.name))
    error_message = "A name has 1 to 41 of a-z 0-9 and -, and begins with a letter."
  }
}

variable "streams" {
  type = list(object({
    name          = string
    arn           = string
    parameter_arn = string
    autoscaling = object({
      min     = number
      max     = number
      target  = optional(number)
      calls   = optional(number)
      reserve = optional(number)
      quiet   = optional(string)
      behind  = optional(string)
      dry_run = optional(bool)
    })
  }))
  nullable    = false
  description = "The streams, as the outputs of the stream module name them, and how each is scaled; services/scaler/README.md says what the settings mean and what they are by default."

  validation {
    condition     = length(var.streams) > 0
    error_message = "Want one stream or more."
  }
}

variable "schedule" {
  type        = string
  nullable    = false
  default     = "rate(1 minute)"
  description = "How often the scaler looks at the streams: from rate(1 minute) to rate(5 minutes), as the alarm `blind` counts what ran in five."

  validation {
    condition     = can(regex("^rate\\((1 minute|[2-5] minutes)\\)$", var.schedule))
    error_message = "Want rate(1 minute), or rate(2 minutes) to rate(5 minutes)."
  }
}

variable "enabled" {
  type        = bool
  nullable    = false
  default     = true
  description = "Whether the schedule has the scaler look. Off, shards stay as they are, and `blind` tells nobody."
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
  description = "ARN of the KMS key of the function's variables, the schedule and the logs; null where AWS's own keys are used."

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

variable "alarm_actions" {
  type        = list(string)
  nullable    = false
  default     = []
  description = "ARNs told when an alarm is raised and when it is over, such as an SNS topic's."

  validation {
    condition     = alltrue([for a in var.alarm_actions : startswith(a, "arn:")])
    error_message = "Want ARNs."
  }
}
