variable "name" {
  type        = string
  nullable    = false
  description = "Name of the table."

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "A table's name has 3 to 255 of a-z A-Z 0-9 _ . and -."
  }
}

variable "deletion_protection" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether DynamoDB refuses to delete the table."
}

variable "point_in_time_recovery" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether the table can be set back to any second of the last 35 days. What it holds is needed for minutes under the strategy shard: worth its price only under global, for which it is the only memory of ids."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the table; null for the key that AWS owns."

  validation {
    condition     = var.kms_key_arn == null ? true : startswith(var.kms_key_arn, "arn:")
    error_message = "Want the ARN of a key, or null."
  }
}
