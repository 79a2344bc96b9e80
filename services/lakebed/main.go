// Command lakebed keeps a lake of JSON events, in a directory or in S3: it ingests, compacts, queries and verifies it.
package main

import (
	"os"

	"github.com/lakebed/lakebed/services/lakebed/command"
)

func main() { os.Exit(command.Execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
