variable "bucket" {
  type        = string
  nullable    = false
  description = "Name of the bucket, which the lake has to itself."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 of a-z 0-9 . and -, and begins and ends with a letter or a digit."
  }
}

variable "prefix" {
  type        = string
  nullable    = false
  default     = ""
  description = "Prefix of every key of the lake, with its final slash; empty for none."

  validation {
    condition     = var.prefix == "" || can(regex("^[a-zA-Z0-9_-][a-zA-Z0-9_./-]*/$", var.prefix))
    error_message = "Want an empty prefix, or one such as lakes/clicks/ with a final slash and none at its beginning."
  }
}

variable "settings" {
  type        = map(string)
  nullable    = false
  default     = {}
  description = "What lakebed.yaml says beside the format, by its keys."

  validation {
    condition     = alltrue([for k in keys(var.settings) : can(regex("^[a-z][a-z_]*$", k)) && k != "format"])
    error_message = "Keys of lakebed.yaml are in snake_case; the format is a variable of its own."
  }
}

variable "format" {
  type        = number
  nullable    = false
  default     = 1
  description = "Version of the lake's layout. A program refuses a lake of a version that it does not know."

  validation {
    condition     = var.format == 1
    error_message = "These modules are made for version 1."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the objects; null for S3's own keys."

  validation {
    condition     = var.kms_key_arn == null ? true : startswith(var.kms_key_arn, "arn:")
    error_message = "Want the ARN of a key, or null."
  }
}

variable "versioning" {
  type        = string
  nullable    = false
  default     = "Disabled"
  description = "Whether the bucket keeps versions: Enabled, Suspended (after it was enabled) or Disabled. Lakebed does not need them; they undo what people do."

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

variable "abort_uploads_days" {
  type        = number
  nullable    = false
  default     = 1
  description = "Days after which an upload that was not completed is removed."

  validation {
    condition     = var.abort_uploads_days >= 1 && var.abort_uploads_days <= 7
    error_message = "Want 1 to 7 days: no function runs for longer than a quarter of an hour."
  }
}

variable "ledger_days" {
  type        = number
  nullable    = false
  default     = 365
  description = "Days for which the rolled-up ledger is kept: how far back `lakebed verify` can prove that nothing is missing."

  validation {
    condition     = var.ledger_days >= 1
    error_message = "Want 1 day or more."
  }
}

variable "quarantine_days" {
  type        = number
  nullable    = false
  default     = 400
  description = "Days for which rejected records are kept, and can be replayed."

  validation {
    condition     = var.quarantine_days >= var.ledger_days + 7
    error_message = "Want at least a week more than ledger_days: S3 removes what has expired days late, and `lakebed verify` misses a record that the ledger still counts."
  }
}

variable "results_days" {
  type        = number
  nullable    = false
  default     = 7
  description = "Days for which Athena's results are kept."

  validation {
    condition     = var.results_days >= 1
    error_message = "Want 1 day or more."
  }
}

variable "force_destroy" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether destroying deletes the bucket with every event in it. Without, a bucket that is not empty cannot be destroyed."
}
