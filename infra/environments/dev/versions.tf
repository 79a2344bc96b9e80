terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # In S3, with a lock in the bucket. Where exactly, backend.hcl says, which scripts/infra-init.sh reads; see ../../README.md.
  backend "s3" {
    key          = "lakebed/dev.tfstate"
    use_lockfile = true
    encrypt      = true
  }
}
