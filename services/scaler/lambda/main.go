// Command bootstrap is the Lambda function that scales Kinesis streams on a schedule.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lakebed/lakebed/services/scaler/lambda/wiring"
	"github.com/lakebed/lakebed/shared/telemetry"
)

func main() {
	h, err := wiring.New(os.Getenv, os.Stdout)
	if err != nil {
		telemetry.Refuse(os.Stdout, "scaler", err)
		os.Exit(1)
	}
	lambda.Start(h.Handle)
}
