// Command lakebed keeps a lake of JSON events on one machine: it ingests, compacts, queries and verifies it.
package main

import (
	"os"

	"github.com/lakebed/lakebed/services/lakebed/command"
)

func main() { os.Exit(command.Execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
