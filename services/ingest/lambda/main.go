// Command bootstrap is the Lambda function that stores what a Kinesis stream delivers.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lakebed/lakebed/services/ingest/lambda/wiring"
	"github.com/lakebed/lakebed/shared/telemetry"
)

func main() {
	h, err := wiring.New(os.Getenv, os.Stdout)
	if err != nil {
		telemetry.Refuse(os.Stdout, "ingest", err)
		os.Exit(1)
	}
	lambda.Start(h)
}
