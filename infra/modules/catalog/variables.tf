variable "database" {
  type        = string
  nullable    = false
  description = "Name of the Glue database."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.database))
    error_message = "A database's name has a-z 0-9 and _, and begins with a letter: other names have to be quoted in SQL."
  }
}

variable "table" {
  type        = string
  nullable    = false
  default     = "events"
  description = "Name of the table of parts."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.table))
    error_message = "A table's name has a-z 0-9 and _, and begins with a letter."
  }
}

variable "raw_table" {
  type        = string
  nullable    = false
  default     = "events_raw"
  description = "Name of the table of fragments."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.raw_table))
    error_message = "A table's name has a-z 0-9 and _, and begins with a letter."
  }
}

variable "live_table" {
  type        = string
  nullable    = false
  default     = "events_live"
  description = "Name of the view of both."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.live_table))
    error_message = "A view's name has a-z 0-9 and _, and begins with a letter."
  }
}

variable "quarantine_table" {
  type        = string
  nullable    = false
  default     = "quarantine"
  description = "Name of the table of rejected records."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.quarantine_table))
    error_message = "A table's name has a-z 0-9 and _, and begins with a letter."
  }
}

variable "ledger_table" {
  type        = string
  nullable    = false
  default     = "ledger"
  description = "Name of the table of accounts of deliveries; that of those not rolled up yet has _new behind it."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,123}$", var.ledger_table))
    error_message = "A table's name has a-z 0-9 and _, and begins with a letter."
  }
}

variable "bucket" {
  type        = string
  nullable    = false
  description = "Name of the lake's bucket."

  validation {
    condition     = length(var.bucket) >= 3
    error_message = "Want a bucket's name."
  }
}

variable "prefix" {
  type        = string
  nullable    = false
  default     = ""
  description = "Prefix of the lake's keys, with its final slash; empty for none."

  validation {
    condition     = var.prefix == "" || endswith(var.prefix, "/")
    error_message = "Want an empty prefix, or one with a final slash."
  }
}

variable "id_field" {
  type        = string
  nullable    = false
  default     = "event_uuid"
  description = "Dotted path of the event's id, by which events_live tells copies."

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$", var.id_field))
    error_message = "Want names of a-z 0-9 and _ with dots between."
  }
}

variable "columns" {
  type        = list(object({ name = string, type = string, live = optional(bool, true) }))
  nullable    = false
  description = "Columns of events_raw with their Hive types, that of the id among them. Those that are live are columns of events_live, as text: they have to be columns of events, too, and neither objects nor arrays there."

  validation {
    condition     = length(var.columns) > 0 && alltrue([for c in var.columns : can(regex("^[a-z_][a-z0-9_]*$", c.name)) && !contains(["dt", "hour"], c.name)])
    error_message = "Want one column or more; names have a-z 0-9 and _, and dt and hour are the partition's."
  }

  validation {
    condition     = contains(var.columns[*].name, lower(split(".", var.id_field)[0]))
    error_message = "The column that holds the id is missing."
  }

  validation {
    condition     = anytrue(var.columns[*].live)
    error_message = "A view has a column."
  }

  validation {
    condition     = length(distinct(var.columns[*].name)) == length(var.columns)
    error_message = "No column can be there twice."
  }

  validation {
    condition     = alltrue([for c in var.columns : contains(["string", "bigint", "double", "boolean"], c.type)])
    error_message = "Types are string (which also gives objects and arrays, as JSON text), bigint, double and boolean."
  }
}

variable "live_hours" {
  type        = number
  nullable    = false
  default     = 2
  description = "How many hours back events_live reads fragments: at most the compactor's setting live, which keeps them for so long."

  validation {
    condition     = var.live_hours >= 1 && floor(var.live_hours) == var.live_hours
    error_message = "Want a whole number of hours from 1."
  }
}

variable "raw_range" {
  type        = string
  nullable    = false
  default     = "NOW-3DAYS,NOW+2DAYS"
  description = "Days of event time in which events_raw looks for fragments. Two days ahead, for events whose clock is ahead."

  validation {
    condition     = can(regex("^[^,]+,[^,]+$", var.raw_range))
    error_message = "Want a range of dates, such as NOW-3DAYS,NOW+2DAYS."
  }
}

variable "quarantine_range" {
  type        = string
  nullable    = false
  default     = "NOW-400DAYS,NOW+1DAYS"
  description = "Days of arrival in which quarantine looks for rejected records. A query without a condition on dt lists each of their hours."

  validation {
    condition     = can(regex("^[^,]+,[^,]+$", var.quarantine_range))
    error_message = "Want a range of dates, such as NOW-400DAYS,NOW+1DAYS."
  }
}

variable "ledger_range" {
  type        = string
  nullable    = false
  default     = "NOW-365DAYS,NOW+1DAYS"
  description = "Days of arrival in which the ledger is looked for. A query without a condition on dt lists each of their hours."

  validation {
    condition     = can(regex("^[^,]+,[^,]+$", var.ledger_range))
    error_message = "Want a range of dates, such as NOW-365DAYS,NOW+1DAYS."
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

variable "workgroup" {
  type        = string
  nullable    = false
  description = "Name of the Athena workgroup."

  validation {
    condition     = can(regex("^[a-zA-Z0-9._-]{1,100}$", var.workgroup))
    error_message = "A workgroup's name has 1 to 100 of a-z A-Z 0-9 . _ and -."
  }
}

variable "scan_limit" {
  type        = number
  nullable    = false
  default     = 1099511627776
  description = "Bytes that one query may scan before Athena stops it. The default, 1 TiB, costs $5."

  validation {
    condition     = var.scan_limit >= 10485760
    error_message = "Athena's least limit is 10 MiB (10485760)."
  }
}

variable "scan_price" {
  type        = number
  nullable    = false
  default     = 5
  description = "Dollars that Athena takes in your region for scanning 1 TiB, for the named query on cost."

  validation {
    condition     = var.scan_price > 0
    error_message = "Want dollars, more than 0."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts query results; null for S3's own keys."

  validation {
    condition     = var.kms_key_arn == null ? true : startswith(var.kms_key_arn, "arn:")
    error_message = "Want the ARN of a key, or null."
  }
}

variable "force_destroy" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether the workgroup can be destroyed with the queries that people saved in it."
}
