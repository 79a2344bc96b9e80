# The tables of several lakes in one bucket, each in a database and a prefix of its name, made by the project's own module, which the test lays beside this file.
variable "endpoint" {
  type = string
}

variable "lakes" {
  type = map(object({ id_field = string, columns = list(object({ name = string, type = string, live = optional(bool, true) })) }))
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
    athena = var.endpoint
    glue   = var.endpoint
    sts    = var.endpoint
  }
}

module "catalog" {
  source   = "./catalog"
  for_each = var.lakes

  database  = each.key
  bucket    = "lake"
  prefix    = "${each.key}/"
  id_field  = each.value.id_field
  columns   = each.value.columns
  workgroup = each.key
}
