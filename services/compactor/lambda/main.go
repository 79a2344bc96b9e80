// Command bootstrap is the Lambda function that plans compaction on a schedule and does it on a queue.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lakebed/lakebed/services/compactor/lambda/wiring"
	"github.com/lakebed/lakebed/shared/telemetry"
)

func main() {
	h, err := wiring.New(os.Getenv, os.Stdout)
	if err != nil {
		telemetry.Refuse(os.Stdout, "compactor", err)
		os.Exit(1)
	}
	lambda.Start(h)
}
