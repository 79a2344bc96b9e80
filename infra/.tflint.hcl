# The rules that come with tflint; those of AWS's own plugin are not to be had everywhere.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# A module has main, variables, outputs and versions, iam where there is more than one statement, and a file more where a part stands on its own
# (live, dashboard). The rule wants all of it in main.
rule "terraform_standard_module_structure" {
  enabled = true
}
