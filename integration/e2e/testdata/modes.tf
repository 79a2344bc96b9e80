# Streams alone, made by the project's own module, which the test lays beside this file.
variable "endpoint" {
  type = string
}

variable "streams" {
  type = map(object({ shards = optional(number), autoscaling = optional(object({ min = number, max = number })) }))
}

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region     = "us-east-1"
  access_key = "test"
  secret_key = "testtest"

  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true

  endpoints {
    kinesis = var.endpoint
    ssm     = var.endpoint
    sts     = var.endpoint
  }
}

module "stream" {
  source   = "./stream"
  for_each = var.streams

  name        = each.key
  shards      = each.value.shards
  autoscaling = each.value.autoscaling
}
