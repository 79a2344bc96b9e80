variable "region" {
  type        = string
  nullable    = false
  default     = "us-east-1"
  description = "AWS region."

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Want a region such as us-east-1."
  }
}

variable "name" {
  type        = string
  nullable    = false
  default     = "lakebed-emulator"
  description = "How every name begins: those of a stream's deployment with <name>-<stream>."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,24}$", var.name))
    error_message = "A name has 1 to 25 of a-z 0-9 and -, and begins with a letter."
  }
}

variable "streams" {
  type = map(object({
    profile = optional(string) # tiny, standard or huge: what the load wants; null for what this environment has
    shards  = optional(number)

    autoscaling = optional(object({
      min     = number
      max     = number
      target  = optional(number)
      calls   = optional(number)
      reserve = optional(number)
      quiet   = optional(string)
      behind  = optional(string)
      dry_run = optional(bool)
    }))

    shard_metrics = optional(bool) # of each shard, to find an uneven partition key; CloudWatch charges them

    # LAKEBED_ variables by their names in lower case; what is left out has Lakebed's default.
    settings = optional(object({
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
    }), {})

    columns = optional(list(object({ name = string, type = string, live = optional(bool, true) })), [])
  }))
  nullable    = false
  default     = { events = {} }
  description = "A deployment each, by its name: profile, shards (one if neither they, nor a profile, nor autoscaling is named), autoscaling (null for none), settings, and the columns of events_raw and events_live."

  validation {
    condition     = length(var.streams) > 0 && alltrue([for k in keys(var.streams) : can(regex("^[a-z][a-z0-9-]{0,13}$", k))])
    error_message = "Want one stream or more; their names have 1 to 14 of a-z 0-9 and -, and begin with a letter."
  }
}

variable "zips" {
  type        = string
  nullable    = false
  default     = "../../../bin"
  description = "Folder of the functions' zips, from this folder."

  validation {
    condition     = length(fileset(var.zips, "*.zip")) >= 3
    error_message = "There are no zips in it: build them with scripts/build-lambdas.sh."
  }
}

variable "architectures" {
  type        = list(string)
  nullable    = false
  default     = ["x86_64"]
  description = "Architecture for which the zips were built: arm64 or x86_64."

  validation {
    condition     = contains(["arm64", "x86_64"], join(" ", var.architectures))
    error_message = "Want [\"arm64\"] or [\"x86_64\"]."
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

variable "endpoint" {
  type        = string
  nullable    = false
  description = "URL of the emulator, such as http://127.0.0.1:4566."

  validation {
    condition     = can(regex("^https?://[^/]+$", var.endpoint))
    error_message = "Want a URL without a path."
  }
}

variable "functions_endpoint" {
  type        = string
  default     = null
  description = "URL by which the functions reach the emulator, where they go through a proxy; null for the same."

  validation {
    condition     = var.functions_endpoint == null ? true : can(regex("^https?://[^/]+$", var.functions_endpoint))
    error_message = "Want a URL without a path, or null."
  }
}

variable "pace" {
  type        = map(string)
  nullable    = false
  default     = { catalog_bound = "2s" }
  description = "Settings of every stream that does not say otherwise, by the names of the LAKEBED_ variables in lower case."

  validation {
    condition     = alltrue([for k in keys(var.pace) : can(regex("^[a-z_]+$", k))])
    error_message = "Names are in snake_case."
  }
}

variable "mapping_enabled" {
  type        = bool
  nullable    = false
  default     = true
  description = "Whether the emulator feeds ingest; off, a driver does."
}

variable "schedule_enabled" {
  type        = bool
  nullable    = false
  default     = true
  description = "Whether the emulator runs the planner and feeds the workers."
}

variable "batch_size" {
  type        = number
  nullable    = false
  default     = 1000
  description = "Records in a batch at most."

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000
    error_message = "Want 1 to 10000."
  }
}

variable "view_catalog" {
  type        = string
  nullable    = false
  default     = "awsdatacatalog"
  description = "Name by which the query engine knows the Glue catalog."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.view_catalog))
    error_message = "A catalog's name has a-z 0-9 and _."
  }
}

variable "extra_environment" {
  type        = map(string)
  nullable    = false
  default     = {}
  description = "More variables for both functions."

  validation {
    condition     = alltrue([for k in keys(var.extra_environment) : !startswith(k, "LAKEBED_")])
    error_message = "What is Lakebed's own is set by settings."
  }
}
