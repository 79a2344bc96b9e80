terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Beside the environment, or where `init -backend-config=path=…` says: each run of the tests has a state of its own.
  backend "local" {}
}
