variable "name" {
  type        = string
  nullable    = false
  description = "Name of the deployment: the value of the dimension Stream, and how the alarms' names begin."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "A name has 1 to 40 of a-z 0-9 and -, and begins with a letter."
  }
}

variable "metrics_namespace" {
  type        = string
  nullable    = false
  default     = "Lakebed"
  description = "CloudWatch namespace of the functions' metrics."

  validation {
    condition     = can(regex("^[^:][ -~]{0,254}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "A namespace has 1 to 255 printable characters, begins with no colon and is not one of AWS's own."
  }
}

variable "stream" {
  type        = string
  nullable    = false
  description = "Name of the stream."

  validation {
    condition     = var.stream != ""
    error_message = "Want a name."
  }
}

variable "ingest" {
  type        = object({ function = string, mapping = string })
  nullable    = false
  description = "Ingest: the function's name, and the UUID of its event source mapping."

  validation {
    condition     = var.ingest.function != "" && var.ingest.mapping != ""
    error_message = "Want a name and a UUID."
  }
}

variable "compactor" {
  type        = object({ function = string, queue = string, dead_letters = string })
  nullable    = false
  description = "The compactor: the names of the function and of its two queues."

  validation {
    condition     = var.compactor.function != "" && var.compactor.queue != "" && var.compactor.dead_letters != ""
    error_message = "Want three names."
  }
}

variable "record_age" {
  type        = number
  nullable    = false
  default     = 64800
  description = "Seconds after which ingest gives a record up, for the alarm's text."

  validation {
    condition     = var.record_age >= 60
    error_message = "Want 60 seconds or more."
  }
}

variable "receives" {
  type        = number
  nullable    = false
  default     = 3
  description = "How often a task is tried, for the alarm's text."

  validation {
    condition     = var.receives >= 1
    error_message = "Want 1 or more."
  }
}

variable "plan_period" {
  type        = number
  nullable    = false
  default     = 900
  description = "Seconds within which the planner runs at least once. In three of these without a run, an alarm says so."

  validation {
    condition     = var.plan_period >= 60 && var.plan_period % 60 == 0 && var.plan_period * 3 <= 86400
    error_message = "Want a multiple of 60 seconds, up to 28800: CloudWatch looks at most a day back."
  }
}

variable "visit_period" {
  type        = number
  nullable    = false
  default     = 300
  description = "Seconds between two plans: how soon what fails in compaction fails again."

  validation {
    condition     = var.visit_period >= 60 && var.visit_period % 60 == 0 && var.visit_period * 3 <= 86400
    error_message = "Want a multiple of 60 seconds, up to 28800: CloudWatch looks at most a day back."
  }
}

variable "thresholds" {
  type = object({
    iterator_age        = optional(number, 300)
    oldest_uncompacted  = optional(number, 7200)
    quarantine_percent  = optional(number, 1)
    errors              = optional(number, 0)
    throttles           = optional(number, 0)
    producers_throttled = optional(number, 0)
  })
  nullable    = false
  default     = {}
  description = "Beyond what an alarm is raised: seconds for iterator_age and oldest_uncompacted, percent for quarantine_percent, counts in five minutes (a minute for producers_throttled, visit_period for the compactor's errors) for the rest."

  validation {
    condition     = alltrue([for v in values(var.thresholds) : v >= 0])
    error_message = "Want 0 or more."
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
