# Two deployments side by side, for the test that they share nothing.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }
}

module "lakebed" {
  source   = "../.."
  for_each = toset(["clicks", "orders"])

  name = each.key
  zips = { ingest = "main.tf", compactor = "main.tf" } # some file: nothing is built, nothing is uploaded
}

output "names" {
  description = "Every name that has to be unique, by deployment."
  value = { for k, m in module.lakebed : k => concat(
    [m.lake, m.bucket, m.stream, m.claims_table, m.database, m.workgroup, m.dashboard, m.ingest.function, m.ingest.role, m.ingest.log_group],
    [m.compactor.function, m.compactor.role, m.compactor.log_group, m.compactor.dead_letters], m.alarms,
  ) }
}
